// volante evaluate: how well checkpoints or a scripted driver drive.

#include <fmt/core.h>

#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cli/arguments.h"
#include "cli/build_commit.h"
#include "cli/command.h"
#include "cli/evaluate_flags.h"
#include "env/make_env.h"
#include "learn/torch_runtime.h"
#include "run/evaluation.h"
#include "run/evaluation_report.h"
#include "run/load_policy.h"
#include "run/mean_image.h"
#include "run/notable_episodes.h"
#include "run/progress.h"

namespace volante {
namespace {

constexpr int kWorlds = 8;

// ---- who drives ----------------------------------------------------------------------------

// One row to be: a checkpoint, or a policy without one.
struct Task {
  std::string path;  // as given; empty: --policy
  Which which = Which::kFinal;
};

std::vector<Task> TasksOf(const EvaluateFlags& flags) {
  if (flags.checkpoints.empty()) return {Task{}};
  std::vector<Task> tasks;
  for (const Which which : {Which::kFinal, Which::kBest}) {
    if (flags.which != "both" && flags.which != kWhichNames[static_cast<size_t>(which)]) continue;
    for (const std::string& path : flags.checkpoints) tasks.push_back({path, which});
  }
  return tasks;
}

// The configuration, and the networks where networks drive.
LoadedPolicy WhoDrives(const EvaluateFlags& flags, const Task& task, int acting_batch) {
  if (!task.path.empty()) {
    LoadedPolicy loaded = LoadPolicy(RealFiles(), task.path, flags.sets, acting_batch, task.which);
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

// "trained, step 20000" where there is one; "seed 2, best 20000" among several.
std::string NameOfDriver(const EvaluateFlags& flags, const Task& task, const LoadedPolicy& loaded) {
  if (task.path.empty()) return flags.policy;
  const bool several = flags.checkpoints.size() > 1 || flags.which != "final";
  if (!several) return loaded.label;
  return fmt::format("seed {}, {} {}", loaded.config.train.seed,
                     kWhichNames[static_cast<size_t>(task.which)], loaded.env_step);
}

// ---- driving -------------------------------------------------------------------------------

// The picture of the blind, kept as long as the world that it comes from is the same.
class MeanImages {
 public:
  const std::vector<uint8_t>& For(Env& env, const Config& config, uint64_t seed) {
    const std::string world = WorldYaml(config);
    if (world != world_) {
      std::fprintf(stderr, "the mean image: what idm_mobil sees on %d validation routes\n",
                   kMeanImageRoutes);
      image_ = MeanImage(env, config, config.env.scenario, seed);
      world_ = world;
    }
    return image_;
  }

 private:
  std::string world_;
  std::vector<uint8_t> image_;
};

// ", pushed 0.3 x by the field" where it is not the driver alone that drives.
std::string FieldText(const ShapingConfig& shaping) {
  if (shaping.action_gain <= 0.0) return "";
  return fmt::format(", pushed {} x by the field", shaping.action_gain);
}

// "scenario 0, weather ClearNight, suite contested": the scenario, and what else is not as usual.
std::string SettingText(const EvaluateFlags& flags, const Config& config) {
  std::string text = std::string("scenario ") + NameOf(config.env.scenario);
  if (config.weather.preset != WeatherPreset::kDefault) {
    text += std::string(", weather ") + NameOf(config.weather.preset);
  }
  if (flags.suite != "standard") text += ", suite " + flags.suite;
  if (flags.routes != "test") text += ", " + flags.routes + " routes";
  return text + FieldText(config.shaping);
}

// The drives that are kept to be shown again.
struct KeptDrives {
  NotableEpisodes notable;
  std::optional<CollisionEpisodes> collisions;
};

// Remarks on stderr, each once however many rows it holds for.
class Notes {
 public:
  void Say(const std::string& text) {
    if (said_.insert(text).second) std::fprintf(stderr, "note: %s\n", text.c_str());
  }

 private:
  std::set<std::string> said_;
};

// Says before the drives how many of them drive a route again.
void NoteRepeatedRoutes(const EvaluateFlags& flags, const std::string& town,
                        const std::vector<int>& first_with_route, Notes& notes) {
  const int different =
      static_cast<int>(std::set<int>(first_with_route.begin(), first_with_route.end()).size());
  if (different == flags.num_episodes) return;
  notes.Say(fmt::format(
      "{} has {} {} routes: {} of {} episodes drive one of them again, each with a seed of its own",
      town, different, flags.routes, flags.num_episodes - different, flags.num_episodes));
}

// Says after the drives how many of those were the same drive: nothing in them follows the seed.
void NoteRepeatedDrives(const std::vector<EpisodeStats>& episodes,
                        const std::vector<int>& first_with_route, Notes& notes) {
  std::set<std::tuple<int, int, double, double>> drives;
  for (const EpisodeStats& e : episodes) {
    drives.emplace(first_with_route[static_cast<size_t>(e.route_index)], e.ticks, e.distance_m,
                   e.reward);
  }
  if (drives.size() == episodes.size()) return;
  notes.Say(
      fmt::format("{} episodes were the same drive as an earlier one on their route, whatever "
                  "their seed: they count, but tell nothing new",
                  episodes.size() - drives.size()));
}

EvaluationRow EvaluateRow(const EvaluateFlags& flags, const Task& task, size_t index,
                          MeanImages& mean_images, KeptDrives& kept, Notes& notes) {
  const int worlds = std::min(kWorlds, flags.num_episodes);
  const LoadedPolicy loaded = WhoDrives(flags, task, worlds);
  const Config& config = loaded.config;
  const std::shared_ptr<Towns> towns = LoadTownsFor(config);
  const auto env = MakeEnv(towns, config, worlds);
  if (flags.blind && !env->traits().has_image) {
    throw Error(ExitCode::kUsage, "--blind is the control of a policy that sees", loaded.path,
                std::string("this one was trained without a picture (observation.mode is ") +
                    NameOf(config.observation.mode) + ")",
                "leave --blind out");
  }

  EvaluationRow row;
  const std::string driver = NameOfDriver(flags, task, loaded);
  const std::string blind = flags.blind ? ", blind (mean image)" : "";
  row.who = driver + blind;
  row.town = towns == nullptr ? kTinyTown : towns->NamesOf(SuiteNamed(flags.suite));
  row.setting = SettingText(flags, config);
  row.label = driver + ", " + row.setting + blind;
  row.driver = task.path.empty() ? flags.policy : "network";
  row.checkpoint = loaded.path;
  if (!task.path.empty() && HasCheckpoints(RealFiles(), task.path)) {
    row.which = kWhichNames[static_cast<size_t>(task.which)];
  }
  row.env_step = loaded.env_step;
  row.train_seed = config.train.seed;
  row.blind = flags.blind;
  row.config = ToYaml(config);

  std::unique_ptr<Policy> policy;
  if (flags.blind) {
    policy = MakeBlindPolicy(*loaded.learner, config, worlds, row.label,
                             mean_images.For(*env, config, flags.seed));
  } else if (loaded.learner) {
    policy = MakeNetworkPolicy(*loaded.learner, config, worlds, row.label);
  } else {
    policy = MakeDriverPolicy(flags.policy, config, worlds);
  }

  const RouteSet route_set = flags.routes == "test" ? RouteSet::kTest : RouteSet::kValidation;
  std::vector<int> first_with_route;
  if (towns != nullptr) {  // the scripted world starts anywhere on its one road
    first_with_route =
        towns->FirstWithRoute(route_set, SuiteNamed(flags.suite), flags.num_episodes);
    NoteRepeatedRoutes(flags, row.town, first_with_route, notes);
  }

  ProgressLine progress(stderr);
  int successes = 0;
  EvaluationRequest request{.route_set = route_set,
                            .scenario = config.env.scenario,
                            .suite = SuiteNamed(flags.suite),
                            .num_episodes = flags.num_episodes,
                            .seed = flags.seed,
                            .on_episode = [&](int finished, const EpisodeStats& episode) {
                              successes += episode.outcome == Outcome::kSuccess;
                              progress.Show(finished, flags.num_episodes, "episodes",
                                            std::to_string(successes) + " reached the goal");
                            }};
  // The scripted world has nothing to show again.
  const bool can_be_shown = !config.env.map.empty() || config.env.town != kTinyTown;
  if (!flags.output_dir.empty() && can_be_shown) {
    request.on_record = [&](const EpisodeStats& episode, EpisodeRecord record) {
      record.label = driver + (flags.blind ? ", blind" : "");  // the picture names the scenario
      record.program = VOLANTE_VERSION " " VOLANTE_COMMIT;
      record.config = WorldYaml(config);
      if (kept.collisions) kept.collisions->Add(index, episode, record);
      kept.notable.Add(episode, std::move(record));
    };
  }
  row.episodes = Evaluate(*env, *policy, request);
  progress.Finish();
  if (towns != nullptr) NoteRepeatedDrives(row.episodes, first_with_route, notes);
  row.summary = Summarize(row.episodes);
  return row;
}

// ---- several seeds -------------------------------------------------------------------------

// Says where the rows are not what a mean over seeds claims to be of.
void WarnIfNotOneRecipe(const std::vector<const EvaluationRow*>& rows) {
  std::set<uint64_t> seeds;
  std::set<std::string> recipes;
  for (const EvaluationRow* row : rows) {
    seeds.insert(row->train_seed);
    recipes.insert(ConfigHash(ParseConfig(row->config, row->checkpoint, {"train.seed=0"})));
  }
  if (seeds.size() < rows.size()) {
    std::fprintf(stderr, "note: %zu checkpoints, but %zu training seeds\n", rows.size(),
                 seeds.size());
  }
  if (recipes.size() > 1) {
    std::fprintf(stderr, "note: the checkpoints' configurations differ in more than the seed\n");
  }
}

void AddSeedRows(const EvaluateFlags& flags, EvaluationReport& report) {
  if (flags.checkpoints.size() < 2) return;
  const size_t n = flags.checkpoints.size();  // TasksOf lists all of one kind, then the other
  for (size_t first = 0; first < report.rows.size(); first += n) {
    SeedRow row;
    std::vector<std::vector<EpisodeStats>> seeds;
    std::vector<const EvaluationRow*> members;
    for (size_t r = first; r < first + n; ++r) {
      row.rows.push_back(r);
      seeds.push_back(report.rows[r].episodes);
      members.push_back(&report.rows[r]);
    }
    WarnIfNotOneRecipe(members);
    row.label = fmt::format("mean of {} seeds{}{}", n,
                            report.rows[first].which.empty() ? "" : " " + report.rows[first].which,
                            flags.blind ? " blind" : "");
    row.town = report.rows[first].town;
    row.setting = report.rows[first].setting;
    row.figures = SeedFigures(seeds, flags.seed);
    report.seed_rows.push_back(std::move(row));
  }
}

// ---- results -------------------------------------------------------------------------------

void WriteResults(const EvaluateFlags& flags, const EvaluationReport& report,
                  const NotableEpisodes& notable) {
  Files& files = RealFiles();
  const std::string json = EvaluationJson(report);
  if (!flags.output_dir.empty()) {
    files.MakeDirectories(flags.output_dir);
    WriteFileAtomically(files, JoinPath(flags.output_dir, "evaluation.json"), json);
    WriteFileAtomically(files, JoinPath(flags.output_dir, "episodes.csv"), EpisodesCsv(report));
    notable.Write(files, flags.output_dir);
  }
  if (flags.json == "-") {
    std::fputs(json.c_str(), stdout);
    return;
  }
  if (!flags.json.empty()) WriteFileAtomically(files, flags.json, json);
  std::fputs(SummaryTable(report).c_str(), stdout);
  if (flags.details) std::printf("\n%s", DetailsTable(report).c_str());
}

}  // namespace

int RunEvaluate(int argc, char** argv) {
  CLI::App app("Drive the committed routes of a town from a standing start, and count.");
  EvaluateFlags flags;
  AddFlags(app, flags);
  if (!ParseArguments(app, argc, argv)) return 0;
  CheckFlags(flags);
  if (!flags.scenario.empty()) flags.sets.push_back("env.scenario=" + flags.scenario);
  if (!flags.weather.empty()) flags.sets.push_back("weather.preset=" + flags.weather);
  if (!flags.map.empty()) flags.sets.push_back("env.map=" + flags.map);

  // Before the drives, not after them.
  if (!flags.output_dir.empty()) RealFiles().MakeDirectories(flags.output_dir);
  if (!flags.json.empty() && flags.json != "-") CheckCanBeWritten(RealFiles(), flags.json);

  SetLearnerThreads(flags.threads);
  EvaluationReport report{.program = VOLANTE_VERSION " " VOLANTE_COMMIT,
                          .settings = SettingsOf(flags),
                          .rows = {},
                          .seed_rows = {}};
  MeanImages mean_images;
  KeptDrives kept;
  Notes notes;
  if (flags.save_collisions) {
    kept.collisions.emplace(RealFiles(), JoinPath(flags.output_dir, "collisions"));
  }
  for (const Task& task : TasksOf(flags)) {
    report.rows.push_back(EvaluateRow(flags, task, report.rows.size(), mean_images, kept, notes));
  }
  AddSeedRows(flags, report);
  WriteResults(flags, report, kept.notable);
  if (kept.collisions) {
    std::fprintf(stderr, "%d collisions written to %s\n", kept.collisions->written(),
                 JoinPath(flags.output_dir, "collisions").c_str());
  }
  return 0;
}

}  // namespace volante
