// volante evaluate: how well a checkpoint or a scripted driver drives.

#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "env/make_env.h"
#include "learn/torch_runtime.h"
#include "run/evaluation.h"
#include "run/evaluation_report.h"
#include "run/load_policy.h"
#include "run/progress.h"

namespace volante {
namespace {

struct EvaluateFlags {
  std::string checkpoint, policy, map, preset, scenario, routes = "test", output_dir, json;
  std::vector<std::string> sets;
  int num_episodes = 20;
  uint64_t seed = 0;
  int threads = 0;
};

void AddFlags(CLI::App& app, EvaluateFlags& flags) {
  auto* checkpoint =
      app.add_option("--checkpoint", flags.checkpoint, "a checkpoint folder or a run folder");
  app.add_option("--policy", flags.policy,
                 "idm_mobil, pid_pursuit, straight, random; or untrained: fresh networks")
      ->excludes(checkpoint);
  app.add_option("--preset", flags.preset, "configuration of --policy; td3 unless given")
      ->excludes(checkpoint);
  app.add_option("--map", flags.map, "drive this OpenDRIVE file instead of a built-in town");
  app.add_option("--scenario", flags.scenario,
                 "empty, 0, 1, 2 or mixed; the checkpoint's own unless given");
  app.add_option("--routes", flags.routes, "which committed list is driven")
      ->check(CLI::IsMember({"test", "validation"}))
      ->capture_default_str();
  app.add_option("--num-episodes", flags.num_episodes, "episodes; episode i drives route i")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "seed of traffic and drivers")->capture_default_str();
  app.add_option("--output-dir", flags.output_dir, "write evaluation.json and episodes.csv there");
  app.add_option("--json", flags.json, "write the JSON there; - is stdout");
  app.add_option("--set", flags.sets, "override a key of the stored configuration: a.b=c");
  app.add_option("--threads", flags.threads, "threads of the network; 0 means one per core");
}

void WriteResults(const EvaluateFlags& flags, const std::string& json, const std::string& csv) {
  Files& files = RealFiles();
  if (!flags.output_dir.empty()) {
    files.MakeDirectories(flags.output_dir);
    WriteFileAtomically(files, JoinPath(flags.output_dir, "evaluation.json"), json);
    WriteFileAtomically(files, JoinPath(flags.output_dir, "episodes.csv"), csv);
  }
  if (flags.json == "-") {
    std::fputs(json.c_str(), stdout);
  } else if (!flags.json.empty()) {
    WriteFileAtomically(files, flags.json, json);
  }
}

// The configuration, and the networks where networks drive.
LoadedPolicy WhoDrives(const EvaluateFlags& flags, int acting_batch) {
  if (!flags.checkpoint.empty()) {
    LoadedPolicy loaded = LoadPolicy(RealFiles(), flags.checkpoint, flags.sets, acting_batch);
    std::fprintf(stderr, "evaluating %s\n", loaded.path.c_str());
    for (const std::string& set : loaded.overrides) {
      std::fprintf(stderr, "  differs from the checkpoint: %s\n", set.c_str());
    }
    return loaded;
  }
  const bool untrained = flags.policy == "untrained";
  std::vector<std::string> sets = flags.sets;
  // Scripted drivers read facts, not observations: no picture is needed.
  if (!untrained) sets.insert(sets.begin(), "observation.mode=vector");
  LoadedPolicy loaded;
  loaded.config = LoadConfig(RealFiles(), {.preset = flags.preset, .file = "", .sets = sets});
  if (untrained) {
    loaded.learner = NewLearner(loaded.config, acting_batch);
    loaded.label = "untrained";
  }
  return loaded;
}

}  // namespace

int RunEvaluate(int argc, char** argv) {
  CLI::App app("Drive the committed routes of a town from a standing start, and count.");
  EvaluateFlags flags;
  AddFlags(app, flags);
  if (!ParseArguments(app, argc, argv)) return 0;
  if (flags.checkpoint.empty() == flags.policy.empty()) {
    throw Error(ExitCode::kUsage, "one of --checkpoint and --policy is needed", "", "",
                "volante evaluate --policy idm_mobil");
  }
  if (!flags.scenario.empty()) flags.sets.push_back("env.scenario=" + flags.scenario);
  if (!flags.map.empty()) flags.sets.push_back("env.map=" + flags.map);

  SetLearnerThreads(flags.threads);
  constexpr int kWorlds = 8;
  const int worlds = std::min(kWorlds, flags.num_episodes);
  const LoadedPolicy loaded = WhoDrives(flags, worlds);
  const Config& config = loaded.config;
  const auto env = MakeEnv(LoadTownFor(config), config, worlds);
  const std::unique_ptr<Policy> policy =
      loaded.learner ? MakeNetworkPolicy(*loaded.learner, config, worlds, loaded.label)
                     : MakeDriverPolicy(flags.policy, config, worlds);

  ProgressLine progress(stderr);
  int successes = 0;
  const std::vector<EpisodeStats> episodes =
      Evaluate(*env, *policy,
               {.route_set = flags.routes == "test" ? RouteSet::kTest : RouteSet::kValidation,
                .scenario = config.env.scenario,
                .num_episodes = flags.num_episodes,
                .seed = flags.seed,
                .on_episode = [&](int finished, const EpisodeStats& episode) {
                  successes += episode.outcome == Outcome::kSuccess;
                  progress.Show(finished, flags.num_episodes, "episodes",
                                std::to_string(successes) + " reached the goal");
                }});
  progress.Finish();
  const EvaluationSummary summary = Summarize(episodes);
  const std::string label = policy->name() + ", scenario " + NameOf(config.env.scenario);
  if (flags.json != "-") std::fputs(SummaryTable({{label, summary}}).c_str(), stdout);
  WriteResults(flags, EvaluationJson(label, summary, episodes), EpisodesCsv(episodes));
  return 0;
}

}  // namespace volante
