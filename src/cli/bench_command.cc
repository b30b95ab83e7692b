// volante bench: speed and memory on this machine, each figure beside its peer or limit.

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "bench/bench.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "config/nearest_name.h"
#include "learn/torch_runtime.h"

namespace volante {
namespace {

using Json = nlohmann::ordered_json;

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

double LoadAverage() {
  double load = 0.0;
  return ::getloadavg(&load, 1) == 1 ? load : -1.0;
}

Json ToJson(const BenchResult& r, const std::string& cpu, double load) {
  Json json = {{"name", r.name},
               {"value", r.value},
               {"unit", r.unit},
               {"higher_is_better", r.higher_is_better},
               {"n", r.n}};
  json["peer"] = r.peer ? Json(*r.peer) : Json();
  json["limit"] = r.limit ? Json(*r.limit) : Json();
  if (r.ceiling) json["ceiling"] = *r.ceiling;
  json["cpu"] = cpu;
  json["loadavg"] = load;
  json["note"] = r.note;
  return json;
}

void PrintRow(const BenchResult& r) {
  if (r.n == 0) {
    std::printf("%-37s left out: %s\n", r.name.c_str(), r.note.c_str());
    return;
  }
  std::string verdict;
  if (r.limit) {
    const bool met = r.higher_is_better ? r.value >= *r.limit : r.value <= *r.limit;
    verdict = fmt::format("  {} {:.4g}", met ? "meets" : "MISSES", *r.limit);
  }
  if (r.peer) verdict += fmt::format("  peer {:.4g} ({:.2f} x)", *r.peer, r.value / *r.peer);
  if (r.ceiling) {
    verdict += fmt::format("  ceiling {:.4g} ({:.0f} %)", *r.ceiling, 100.0 * r.value / *r.ceiling);
  }
  std::printf("%-37s %12.4g %-16s%s\n", r.name.c_str(), r.value, r.unit.c_str(), verdict.c_str());
  if (!r.note.empty()) std::printf("%-37s %s\n", "", r.note.c_str());
  for (const std::string& line : r.operators) std::printf("%-37s %s\n", "", line.c_str());
}

bool Wants(const std::string& name, std::string_view benchmark, bool exact) {
  return exact ? benchmark == name : benchmark.starts_with(name);
}

// "did you mean A or B?": the benchmarks that have the name in them, else the one or the group
// ("world/") that is written most like it.
std::string MeantBy(const std::string& name) {
  constexpr size_t kMostNamed = 3;
  std::vector<std::string> near, all;
  for (const Benchmark& b : Benchmarks()) {
    const std::string_view whole = b.name;
    if (whole.find(name) != whole.npos && near.size() < kMostNamed) near.emplace_back(whole);
    all.emplace_back(whole);
    all.emplace_back(whole.substr(0, whole.find('/') + 1));
  }
  if (near.empty()) near = {NearestName(name, all)};
  if (near.front().empty()) return "volante bench --list";
  std::string text = "did you mean " + near.front();
  for (size_t i = 1; i < near.size(); ++i) text += " or " + near[i];
  return text + "?";
}

void RefuseUnknown(const std::vector<std::string>& names, bool exact) {
  const std::span<const Benchmark> all = Benchmarks();
  for (const std::string& name : names) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const Benchmark& benchmark) {
      return Wants(name, benchmark.name, exact);
    });
    if (!known) throw Error(ExitCode::kUsage, "no such benchmark", name, "", MeantBy(name));
  }
}

}  // namespace

int RunBench(int argc, char** argv) {
  CLI::App app("Measure speed and memory; nothing else should run on the machine.");
  std::vector<std::string> names;
  std::string json_path;
  BenchOptions options;
  options.peer_python = "/usr/bin/python3";
  options.peer_script = "tools/oracle/peer_update.py";
  options.actor = "models/actor_scenario1";
  int threads = 0;
  bool list = false, exact = false;
  app.add_option("names", names, "which; a prefix like world/ takes all below it; all by default");
  app.add_option("--json", json_path, "write the figures as JSON there; - is stdout");
  app.add_option("--runs", options.runs, "runs behind each median")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "of each run")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--threads", threads, "threads of the learner; 0 means one per core")
      ->check(CLI::Range(0, 1024));
  app.add_option("--peer-python", options.peer_python,
                 "interpreter with torch for the peer; '' leaves the peer out")
      ->capture_default_str();
  app.add_option("--actor", options.actor, "the policy of evaluate/*")->capture_default_str();
  app.add_flag("--exact", exact, "names are whole names, not prefixes");
  app.add_flag("--operators", options.operators,
               "say which operators the time of update/* goes to, summed over threads");
  app.add_flag("--list", list, "say what there is");
  if (!ParseArguments(app, argc, argv)) return 0;
  if (list) {
    for (const Benchmark& b : Benchmarks()) std::printf("%-37s %s\n", b.name, b.summary);
    return 0;
  }
  RefuseUnknown(names, exact);
  if (!json_path.empty() && json_path != "-") CheckCanBeWritten(RealFiles(), json_path);
  if (!std::filesystem::exists(options.peer_script)) {
    std::fprintf(stderr, "no %s here: the peer is left out\n", options.peer_script.c_str());
    options.peer_python.clear();
  }

  SetLearnerThreads(threads);
  const std::string cpu = CpuName();
  const double load = LoadAverage();
  if (load > 0.5) std::fprintf(stderr, "the machine is busy: load %.2f before the start\n", load);
  Json all = Json::array();
  for (const Benchmark& benchmark : Benchmarks()) {
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
          return Wants(name, benchmark.name, exact);
        });
    if (!wanted) continue;
    std::fprintf(stderr, "%s ...\n", benchmark.name);
    const BenchResult result = benchmark.run(options);
    if (json_path != "-") PrintRow(result);
    std::fflush(stdout);
    if (result.n > 0) all.push_back(ToJson(result, cpu, load));
  }
  const std::string text = all.dump(2) + "\n";
  if (json_path == "-") {
    std::fputs(text.c_str(), stdout);
  } else if (!json_path.empty()) {
    WriteFileAtomically(RealFiles(), json_path, text);
  }
  return 0;
}

}  // namespace volante
