// The benchmarks behind `volante bench`. Each measures one hot path on real work and returns a
// figure with what it is to be held against: a peer or a limit. Nothing here is a test: a slow
// machine fails nothing.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace volante {

struct BenchResult {
  std::string name;
  double value = 0.0;  // median
  std::string unit;
  bool higher_is_better = true;
  int n = 0;                         // runs behind the median; 0: not measured, the note says why
  std::optional<double> peer = {};   // another program's figure for the same work, in the same run
  std::optional<double> limit = {};  // what the project asks for
  // What the machine could do at most, in the same run: see MeasureCeiling.
  std::optional<double> ceiling = {};
  std::string note = {};                    // what was checked on the way
  std::vector<std::string> operators = {};  // lines for the reader, where they were asked for
};

struct BenchOptions {
  int runs = 5;
  double seconds = 2.0;     // of each run, at least
  std::string peer_python;  // interpreter with torch for the peer; empty: no peer
  std::string peer_script;  // tools/oracle/peer_update.py
  std::string actor;        // a policy to evaluate: models/actor_scenario1
  bool operators = false;   // say where the time of an update goes
};

struct Benchmark {
  const char* name;
  const char* summary;
  std::function<BenchResult(const BenchOptions&)> run;
};

// One explicit table; the rows of whole steps (world_bench.cc) and update/* (update_bench.cc) are
// tables of their own.
std::span<const Benchmark> Benchmarks();
std::vector<Benchmark> WorldBenchmarks();
std::vector<Benchmark> UpdateBenchmarks();

// Calls `work` (which returns how many units it did) until `seconds` have passed, `runs` times;
// the rates per second, unsorted.
std::vector<double> MeasureRates(const BenchOptions& options, const std::function<int64_t()>& work);
double Median(std::vector<double> values);

// One function per row of the table.
BenchResult BenchCameraHd(const BenchOptions& options);
BenchResult BenchMapTown04(const BenchOptions& options);
BenchResult BenchTwoSeedsSmall(const BenchOptions& options);
BenchResult BenchTwoSeedsNature(const BenchOptions& options);
BenchResult BenchReplaySample(const BenchOptions& options);
BenchResult BenchReplayPerSample(const BenchOptions& options);
BenchResult BenchReplayBytes(const BenchOptions& options);
BenchResult BenchTrainSteps(const BenchOptions& options);
BenchResult BenchEvaluate(const BenchOptions& options);
BenchResult BenchHelp(const BenchOptions& options);

}  // namespace volante
