#include "cli/evaluate_flags.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/files.h"
#include "config/suite.h"
#include "run/load_policy.h"
#include "run/mean_image.h"

namespace volante {

void AddFlags(CLI::App& app, EvaluateFlags& flags) {
  auto* checkpoint = app.add_option("--checkpoint", flags.checkpoints,
                                    "a checkpoint folder or a run folder; several for the seeds of "
                                    "one recipe: a row each, then their mean and the worst");
  app.add_option("--which", flags.which,
                 "of a run folder: its last checkpoint (final), the one chosen by validation "
                 "(best), or both")
      ->check(CLI::IsMember({"final", "best", "both"}))
      ->needs(checkpoint)
      ->capture_default_str();
  auto* policy =
      app.add_option("--policy", flags.policy,
                     "idm_mobil, pid_pursuit, straight, random; or untrained: fresh networks")
          ->excludes(checkpoint);
  app.add_flag("--blind", flags.blind,
               "the control: the network sees the mean image of what the expert sees on 20 "
               "validation routes, always the same");
  app.add_option("--preset", flags.preset, "configuration of --policy; td3 unless given")
      ->needs(policy);
  app.add_option("--map", flags.map, "drive this OpenDRIVE file instead of a built-in town");
  app.add_option("--scenario", flags.scenario,
                 "empty, 0, 1, 2, mixed or rain; the checkpoint's own unless given");
  app.add_option("--weather", flags.weather,
                 "a named weather: ClearNight, HardRainNoon, ... (docs/weather.md)");
  app.add_option("--suite", flags.suite, kSuiteHelp)
      ->check(CLI::IsMember(std::vector<std::string>(kSuiteNames.begin(), kSuiteNames.end())))
      ->capture_default_str();
  app.add_option("--routes", flags.routes, "which committed list is driven")
      ->check(CLI::IsMember({"test", "validation"}))
      ->capture_default_str();
  app.add_option(
         "--num-episodes", flags.num_episodes,
         "episodes; episode i drives route i, beyond the list's end from its beginning again")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "seed of traffic and drivers")->capture_default_str();
  app.add_flag("--details", flags.details, "print every metric, not only the main ones");
  auto* output_dir = app.add_option(
      "-o,--output-dir", flags.output_dir,
      "write evaluation.json, episodes.csv, and for volante drive --replay worst_1.replay to "
      "worst_5.replay and, where a drive reached its goal, best_1.replay there");
  app.add_flag("--save-collisions", flags.save_collisions,
               "also write every drive that ends in a collision, to OUTPUT_DIR/collisions")
      ->needs(output_dir);
  app.add_option("--json", flags.json, "write the JSON there; - is stdout");
  app.add_option("--set", flags.sets, "override a key of the stored configuration: a.b=c");
  app.add_option("--threads", flags.threads, "threads of the network; 0 means one per core")
      ->check(CLI::Range(0, 1024));
}

void CheckFlags(const EvaluateFlags& flags) {
  if (flags.checkpoints.empty() == flags.policy.empty()) {
    throw Error(ExitCode::kUsage, "one of --checkpoint and --policy is needed", "", "",
                "volante evaluate --policy idm_mobil");
  }
  if (flags.blind && flags.checkpoints.empty()) {
    throw Error(ExitCode::kUsage, "--blind is the control of a trained network", flags.policy,
                "scripted drivers and untrained networks see nothing that it could take away",
                "give --checkpoint");
  }
  for (const std::string& path : flags.checkpoints) {
    if (flags.which != "final" && !HasCheckpoints(RealFiles(), path)) {
      throw Error(ExitCode::kUsage, "--which needs run folders", path,
                  "it is one checkpoint, which is used as it is", "leave --which out");
    }
  }
}

std::vector<std::pair<std::string, std::string>> SettingsOf(const EvaluateFlags& flags) {
  std::vector<std::pair<std::string, std::string>> settings = {
      {"routes", flags.routes},
      {"num_episodes", std::to_string(flags.num_episodes)},
      {"seed", std::to_string(flags.seed)},
      {"scenario", flags.scenario.empty() ? "the configuration's" : flags.scenario},
      {"weather", flags.weather.empty() ? "the configuration's" : flags.weather},
      {"suite", flags.suite},
      {"blind", flags.blind ? "true" : "false"}};
  if (flags.blind) {
    settings.push_back({"blind_image", fmt::format("mean of the frames that idm_mobil sees on the "
                                                   "first {} validation routes of the scenario",
                                                   kMeanImageRoutes)});
  }
  if (!flags.checkpoints.empty()) settings.push_back({"which", flags.which});
  if (!flags.policy.empty()) settings.push_back({"policy", flags.policy});
  std::string sets;
  for (const std::string& set : flags.sets) sets += (sets.empty() ? "" : " ") + set;
  settings.push_back({"set", sets});
  return settings;
}

}  // namespace volante
