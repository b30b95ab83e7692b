// Weights for an image encoder from a file of their own (learner.encoder_weights): pretrained ones,
// for instance. Names have no role: "conv1/weight", "features/0/0/weight", running statistics
// included. The final layer ("fc" and its "norm4") may be missing: it is trained for the task.
// Torch-free, so that run/ may include it; Td3Learner::LoadEncoder copies what was checked here.
#pragma once

#include <span>
#include <string>

#include "config/config.h"
#include "store/named_tensor.h"

namespace volante {

// Error(kBadInput) that names the tensor, its shape and `where`, unless the tensors are float32,
// fit learner.encoder, are complete but for the final layer, and nothing else is among them.
void CheckEncoderWeights(const LearnerConfig& config, std::span<const NamedTensor> tensors,
                         const std::string& where);

}  // namespace volante
