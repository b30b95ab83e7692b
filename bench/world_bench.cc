// world/* and camera/*: full environment steps, expert actions, all checks on, one core.

#include <fmt/core.h>

#include <cmath>

#include "base/error.h"
#include "base/hash.h"
#include "bench/bench.h"
#include "bench/driven_env.h"

namespace volante {
namespace {

BenchResult BenchSteps(const BenchOptions& options, const char* name, int num_npcs, bool with_image,
                       double limit) {
  DrivenEnv driven(num_npcs, with_image);
  double npc_speed_sum_mps = 0.0;
  int64_t npc_samples = 0, steps = 0, same_frames = 0;
  uint64_t last_hash = 0;
  const auto work = [&]() -> int64_t {
    constexpr int kBlock = 256;
    for (int i = 0; i < kBlock; ++i) {
      driven.Step();
      if (with_image) {
        // Every frame must be a new picture. A car that stands (behind a leader, at a junction)
        // among standing cars may see the same one twice.
        const uint64_t hash = HashBytes(driven.view().frame, kImagePixels);
        if (hash == last_hash && driven.view().facts[0].speed_mps > 0.01) ++same_frames;
        last_hash = hash;
      }
    }
    for (const VehicleState& npc : driven.env().world(0).npcs()) {
      npc_speed_sum_mps += npc.speed_mps;
      ++npc_samples;
    }
    steps += kBlock;
    return kBlock;
  };
  const std::vector<double> rates = MeasureRates(options, work);
  BenchResult result{.name = name, .value = Median(rates), .unit = "env-steps/s"};
  result.n = options.runs;
  result.limit = limit;
  result.note =
      fmt::format("mean NPC speed {:.1f} m/s, {} episodes",
                  npc_speed_sum_mps / static_cast<double>(npc_samples), driven.episodes());
  if (with_image)
    result.note += fmt::format(", {} of {} moving frames repeated", same_frames, steps);
  return result;
}

}  // namespace

BenchResult BenchWorld20(const BenchOptions& options) {
  return BenchSteps(options, "world/npc20", 20, false, 100000.0);
}
BenchResult BenchWorld100(const BenchOptions& options) {
  return BenchSteps(options, "world/npc100", 100, false, 50000.0);
}
BenchResult BenchCamera20(const BenchOptions& options) {
  return BenchSteps(options, "camera/84x84/npc20", 20, true, 10000.0);
}

}  // namespace volante
