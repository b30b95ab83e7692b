// The same rows of a replay as pixels and as references.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "replay/replay.h"

namespace volante {

struct SampledBoth {
  Batch held, named;
};

inline SampledBoth SampleBoth(const Replay& replay, int size, uint64_t index) {
  SampledBoth both;
  both.named.by_reference = true;
  for (Batch* batch : {&both.held, &both.named}) {
    RandomStream random(4, "rows", index);
    replay.Sample(random, size, *batch);
  }
  return both;
}

}  // namespace volante
