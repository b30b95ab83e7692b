#include "bench/bench.h"

#include <algorithm>

namespace volante {

std::span<const Benchmark> Benchmarks() {
  static const Benchmark kBenchmarks[] = {
      {"world/npc20", "full Env::Step with 20 cars, no picture, one core", BenchWorld20},
      {"world/npc100", "the same with 100 cars", BenchWorld100},
      {"camera/84x84/npc20", "full Env::Step with 20 cars and the agent's picture", BenchCamera20},
      {"update/nature/batch256", "one TD3 update from the camera: sampling to verified clipping",
       BenchUpdateNature},
      {"update/nature/batch256/bf16", "the same with convolutions in bf16", BenchUpdateNatureBf16},
      {"update/nature/batch100", "the same with 100 transitions", BenchUpdateNature100},
      {"update/nature/batch100/bf16", "and convolutions in bf16", BenchUpdateNature100Bf16},
      {"update/nature_layernorm/batch256", "normalised after each layer, the peer too",
       BenchUpdateLayerNorm},
      {"update/nature_layernorm/batch256/bf16", "and convolutions in bf16",
       BenchUpdateLayerNormBf16},
      {"update/state/batch256", "one update from the 53 numbers", BenchUpdateState},
      {"update/small/batch128",
       "one update of the recipe with the small encoder, nature's beside it", BenchUpdateSmall},
      {"two_seeds/small/batch128", "two processes with a thread each, one with two beside it",
       BenchTwoSeedsSmall},
      {"two_seeds/nature/batch256", "the same with nature's update", BenchTwoSeedsNature},
      {"replay/sample256", "a batch of 256 stacks from driven frames", BenchReplaySample},
      {"replay/per_sample256", "the same by priorities, errors written back, uniform beside it",
       BenchReplayPerSample},
      {"replay/bytes", "memory per transition of driven episodes", BenchReplayBytes},
      {"train/steps", "a training of the default configuration, over its updates and worlds alone",
       BenchTrainSteps},
      {"evaluate/scenario0", "20 episodes of the committed actor, a whole process", BenchEvaluate},
      {"start/help", "`volante --help` as a whole process", BenchHelp},
  };
  return kBenchmarks;
}

std::vector<double> MeasureRates(const BenchOptions& options,
                                 const std::function<int64_t()>& work) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rates;
  work();  // warm-up
  for (int run = 0; run < options.runs; ++run) {
    const Clock::time_point start = Clock::now();
    int64_t units = 0;
    double elapsed_s = 0.0;
    while (elapsed_s < options.seconds) {
      units += work();
      elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
    }
    rates.push_back(static_cast<double>(units) / elapsed_s);
  }
  return rates;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

}  // namespace volante
