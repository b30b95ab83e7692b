// Gradient clipping, and the check that it did what it promised. A group is one optimizer's flat
// gradient, encoder and heads together: its norm is the root of the sum of squares over all of it,
// never a sum of norms of parts. Sees torch: learn/ alone.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "config/config.h"
#include "learn/flat_params.h"
#include "learn/td3.h"

namespace volante {

struct Clip {
  GradClip kind = GradClip::kNorm;
  double limit = 0.0;  // of the joint L2 norm, or of each element's size; unread where off
};

// Clips in place: norm scales by limit / (norm + 1e-6) where that is below 1 (torch's
// clip_grad_norm_), value clamps each element to [-limit, limit] (clip_grad_value_). Returns the
// norms before and after. [encoder.first, encoder.second) is the part that belongs to the encoder.
// Checks its own work: a non-finite gradient, parts that do not combine to the whole, or a bound
// exceeded by more than a thousandth afterwards is Error(kHealthHalt); nothing was applied then.
GradientNorms ClipGradients(FlatParams& params, std::pair<int64_t, int64_t> encoder, Clip clip,
                            const std::string& group);

}  // namespace volante
