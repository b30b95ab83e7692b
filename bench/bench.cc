#include "bench/bench.h"

#include <algorithm>

namespace volante {

std::span<const Benchmark> Benchmarks() {
  static const std::vector<Benchmark> all = [] {
    std::vector<Benchmark> rows = WorldBenchmarks();
    const std::vector<Benchmark> updates = UpdateBenchmarks();
    const std::vector<Benchmark> others = {
        {"camera/1280x720", "RGB pictures for people, of the expert's drive", BenchCameraHd},
        {"map/town04", "CARLA's Town04 from its file to its picture", BenchMapTown04},
    };
    const std::vector<Benchmark> rest = {
        {"two_seeds/small/batch128", "two processes with a thread each, one with two beside it",
         BenchTwoSeedsSmall},
        {"two_seeds/nature/batch256", "the same with nature's update", BenchTwoSeedsNature},
        {"replay/sample256", "a batch of 256 stacks from driven frames", BenchReplaySample},
        {"replay/per_sample256", "the same by priorities, errors written back, uniform beside it",
         BenchReplayPerSample},
        {"replay/bytes", "memory per transition of driven episodes", BenchReplayBytes},
        {"train/steps",
         "a training of the default configuration, over its updates and worlds alone",
         BenchTrainSteps},
        {"evaluate/scenario0", "20 episodes of the committed actor, a whole process",
         BenchEvaluate},
        {"start/help", "`volante --help` as a whole process", BenchHelp},
    };
    for (const std::vector<Benchmark>* table : {&others, &updates, &rest}) {
      rows.insert(rows.end(), table->begin(), table->end());
    }
    return rows;
  }();
  return all;
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
