// volante train: a new run, or an old one resumed.

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/build_commit.h"
#include "cli/command.h"
#include "cli/stop_signals.h"
#include "learn/torch_runtime.h"
#include "run/load_policy.h"
#include "run/parent_run.h"
#include "run/run_setup.h"
#include "run/teacher.h"
#include "run/trainer.h"
#include "store/run_folder.h"

namespace volante {
namespace {

struct TrainFlags {
  ConfigSources sources;
  std::string run_dir, resume, from, from_replay = "drop";
  int64_t at = -1;
  bool slow_blas = false, allow_inexact = false, quiet = false;
};

// A flag that is a configuration key under the name that people know.
void AddKeyFlag(CLI::App& app, TrainFlags& flags, const char* names, const char* key,
                const char* help) {
  app.add_option_function<std::string>(
      names,
      [&flags, key](const std::string& value) {
        flags.sources.sets.push_back(std::string(key) + "=" + value);
      },
      std::string(help) + " (" + key + ")");
}

void AddFlags(CLI::App& app, TrainFlags& flags) {
  AddConfigFlags(app, flags.sources);
  AddKeyFlag(app, flags, "--scenario", "env.scenario", "empty, 0, 1, 2 or mixed");
  AddKeyFlag(app, flags, "--map", "env.map", "an OpenDRIVE file instead of a built-in town");
  AddKeyFlag(app, flags, "--max-timesteps", "train.max_timesteps", "env steps of the run");
  AddKeyFlag(app, flags, "--max-minutes", "train.max_minutes",
             "end after this time, 0 for no limit");
  AddKeyFlag(app, flags, "--seed", "train.seed", "seed of every random stream");
  AddKeyFlag(app, flags, "--eval-freq", "train.eval_freq", "env steps between validations");
  AddKeyFlag(app, flags, "--checkpoint-freq,--save-freq", "train.checkpoint_freq",
             "env steps between checkpoints");
  AddKeyFlag(app, flags, "--num-eval-episodes", "eval.num_episodes", "episodes of a validation");
  AddKeyFlag(app, flags, "--max-steps", "env.max_episode_steps", "ticks until truncation");
  AddKeyFlag(app, flags, "--device", "train.device", "cpu, cuda or auto");
  app.add_option("--run-dir,--log-dir", flags.run_dir,
                 "folder of the run; runs/<date>_<preset>_<seed> unless given");
  auto* resume = app.add_option("--resume,--checkpoint", flags.resume, "continue this run");
  auto* from = app.add_option("--from", flags.from,
                              "a new run that begins with the networks and the configuration of "
                              "this run or checkpoint")
                   ->excludes(resume);
  app.add_option("--from-replay", flags.from_replay,
                 "with --from: keep or drop the parent's transitions")
      ->check(CLI::IsMember({"keep", "drop"}))
      ->needs(from)
      ->capture_default_str();
  app.add_option("--at", flags.at, "with --resume: from the checkpoint of this env step")
      ->needs(resume);
  app.add_flag("--slow-blas", flags.slow_blas, "train even with the reference BLAS");
  app.add_flag("--allow-inexact", flags.allow_inexact,
               "with --resume: continue although build, CPU level or threads differ")
      ->needs(resume);
  app.add_flag("--quiet", flags.quiet, "no progress line");
}

std::string DefaultRunFolder(const Config& config, const std::string& algorithm) {
  return fmt::format("runs/{:%Y-%m-%d_%H%M%S}_{}{}{}_{}", fmt::localtime(std::time(nullptr)),
                     config.preset, algorithm.empty() ? "" : "-", algorithm, config.train.seed);
}

RunFacts FactsOf(const Config& config, const std::map<std::string, std::string>& fingerprint,
                 const std::string& command) {
  RunFacts facts(fingerprint.begin(), fingerprint.end());
  char host[256] = "unknown";
  ::gethostname(host, sizeof host - 1);
  facts["host"] = host;
  facts["seed"] = std::to_string(config.train.seed);
  facts["preset"] = config.preset;
  facts["config_hash"] = ConfigHash(config);
  facts["command"] = command;
  return facts;
}

// The stored configuration; of its keys only the budget may change, to train longer.
Config ConfigOfRun(const RunFolder& folder, const TrainFlags& flags) {
  if (!flags.sources.preset.empty() || !flags.sources.file.empty() ||
      !flags.sources.algorithm.empty()) {
    throw Error(ExitCode::kUsage, "--resume continues with the stored configuration", "",
                "--preset, --config and --algorithm would change it", "leave them out");
  }
  for (const std::string& set : flags.sources.sets) {
    if (!set.starts_with("train.max_timesteps=") && !set.starts_with("train.max_minutes=")) {
      throw Error(ExitCode::kUsage, "a resumed run keeps its configuration", set,
                  "only --max-timesteps and --max-minutes may be given, to train longer",
                  "start a new run");
    }
  }
  return ParseConfig(ReadText(RealFiles(), folder.config()), folder.config(), flags.sources.sets);
}

// The command as it can be typed again, as far as the shell's quotes can be known.
std::string CommandText(int argc, char** argv) {
  std::string text = "volante";
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain = !word.empty() && word.find_first_of(" \t\n\"'$&;()<>|*?`\\#") == word.npos;
    text += plain ? " " + word : " '" + word + "'";
  }
  return text;
}

// How far the run got, beside what it was begun with; minutes add up over resumes.
void WriteTotals(RunFolder& folder, const TrainResult& result) {
  RunFacts facts = folder.ReadFacts();
  const auto before = facts.find("minutes");
  const double minutes =
      result.minutes + (before == facts.end() ? 0.0 : std::atof(before->second.c_str()));
  facts["outcome"] = EndText(result);
  facts["env_steps"] = std::to_string(result.env_steps);
  facts["updates"] = std::to_string(result.updates);
  facts["minutes"] = fmt::format("{:.2f}", minutes);
  folder.WriteFacts(facts);
}

void PrintDifferences(const std::vector<ConfigDifference>& differences, const std::string& from) {
  if (differences.empty()) return;
  std::fprintf(stderr, "differs from %s:\n", from.c_str());
  for (const ConfigDifference& d : differences) {
    std::fprintf(stderr, "  %-32s %s   (%s)\n", d.key.c_str(), d.value.c_str(),
                 d.preset_value.c_str());
  }
}

void PrintHead(const Config& config, const RunFolder& folder, bool resumed) {
  std::fprintf(stderr, "%s %s\n", resumed ? "resuming" : "training in", folder.path().c_str());
  if (config.train.device == Device::kAuto) {
    std::fprintf(stderr, "device auto: %s\n", NameOf(ResolveDevice(config.train.device)));
  }
  PrintDifferences(DiffFromPreset(config), "preset " + config.preset);
}

// The newest checkpoint that verifies, or the one that was asked for; empty when there is none yet.
std::string CheckpointToResume(const RunFolder& folder, int64_t at) {
  Files& files = RealFiles();
  if (at >= 0) return JoinPath(folder.checkpoints(), StepName(at));
  const NewestCheckpoint newest = FindNewestValid(files, folder.checkpoints(), folder.replay());
  for (const std::string& reason : newest.refused) std::fprintf(stderr, "%s\n", reason.c_str());
  if (newest.entry) return newest.entry->path;
  if (!newest.refused.empty()) {
    throw Error(ExitCode::kBadInput, "no checkpoint of this run can be used", folder.path(),
                "every one is damaged", "start a new run");
  }
  return "";
}

void PrintResult(const TrainResult& result, const RunFolder& folder) {
  std::printf("%s\n", EndText(result).c_str());
  std::printf("checkpoint  %s\n",
              result.checkpoint.empty() ? "none yet" : result.checkpoint.c_str());
  std::printf("%s\n", result.health.c_str());
  std::printf("next        volante %s %s\n",
              result.stopped ? "train --resume" : "evaluate --checkpoint", folder.path().c_str());
}

}  // namespace

int RunTrain(int argc, char** argv) {
  CLI::App app("Train a car to drive. Everything that a run needs to go on is in its folder.");
  TrainFlags flags;
  AddFlags(app, flags);
  if (!ParseArguments(app, argc, argv)) return 0;

  Files& files = RealFiles();
  const bool resume = !flags.resume.empty();
  const std::string build = VOLANTE_COMMIT;
  Config config;
  std::unique_ptr<RunFolder> folder;
  std::optional<ParentRun> parent;
  if (resume) {
    folder = std::make_unique<RunFolder>(RunFolder::Resume(files, flags.resume));
    config = ConfigOfRun(*folder, flags);
    parent = ReadParent(folder->ReadFacts());
  } else if (!flags.from.empty()) {
    parent = FindParent(files, flags.from, flags.from_replay == "keep");
    const Config older = ConfigOfParent(CheckpointReader(files, parent->path));
    config = LoadConfigOver(files, older, flags.sources);
    if (config.learner.encoder_weights != older.learner.encoder_weights) {
      throw Error(ExitCode::kUsage, "learner.encoder_weights has no effect beside --from",
                  config.learner.encoder_weights, "the networks are the parent's, encoder included",
                  "leave one of them out");
    }
    PrintDifferences(Differences(older, config), parent->path);
  } else {
    config = LoadConfig(files, flags.sources);
  }
  if (!resume) MakeTeacherAbsolute(files, config);
  SetLearnerThreads(config.train.threads);
  CheckMachine(config, flags.slow_blas);
  const auto fingerprint = Fingerprint(config, build);
  // A bad map, and encoder weights that do not fit, are refused before a folder is made.
  Environments environments = MakeEnvironments(config);
  const std::string to_resume = resume ? CheckpointToResume(*folder, flags.at) : "";
  std::vector<NamedTensor> encoder;
  if (to_resume.empty() && !parent) encoder = ReadEncoderWeights(files, config.learner);
  if (!resume) {
    if (parent) RequireFits(files, *parent, config);
    if (config.imitation.on()) MakeTeacher(files, config);  // refused, like the two before, in time
    const std::string path =
        flags.run_dir.empty() ? DefaultRunFolder(config, flags.sources.algorithm) : flags.run_dir;
    RunFacts facts = FactsOf(config, fingerprint, CommandText(argc, argv));
    if (parent) AddParent(facts, *parent);
    folder = std::make_unique<RunFolder>(RunFolder::Create(files, path, ToYaml(config), facts));
  }

  PrintHead(config, *folder, resume);
  const auto log = files.OpenAppend(folder->log());
  ProgressLine progress(flags.quiet ? nullptr : stderr, log.get());
  Trainer trainer(config, {.env = std::move(environments.train),
                           .validation_env = std::move(environments.validation),
                           .folder = folder.get(),
                           .files = &files,
                           .progress = &progress,
                           .build = build,
                           .fingerprint = fingerprint,
                           .on_checkpoint = {},
                           .begins_trained = parent.has_value()});
  progress.Message(trainer.learner().Audit());
  if (!to_resume.empty()) {
    const CheckpointReader checkpoint(files, to_resume);
    CheckFingerprint(checkpoint.manifest().fingerprint, fingerprint, flags.allow_inexact);
    trainer.Restore(checkpoint, flags.allow_inexact);
    progress.Message("continuing from " + to_resume);
  } else {
    if (resume) progress.Message("no checkpoint yet: starting from the beginning");
    if (parent) {
      RequireUnchanged(files, *parent);
      trainer.StartFrom(CheckpointReader(files, parent->path), parent->keep_replay);
      progress.Message(fmt::format("networks of {} (manifest {}), replay {}", parent->path,
                                   parent->hash, parent->keep_replay ? "kept" : "dropped"));
    }
  }
  if (!encoder.empty()) {
    trainer.LoadEncoder(encoder);
    progress.Message("encoder weights from " + config.learner.encoder_weights);
  }
  const StopSignalWaiter signals(
      "stopping: finishing the update and writing a checkpoint (Ctrl-C again stops at once)");
  const TrainResult result = trainer.Run(signals.stop());
  WriteTotals(*folder, result);
  PrintResult(result, *folder);
  return static_cast<int>(result.stopped ? ExitCode::kStoppedResumable : ExitCode::kOk);
}

}  // namespace volante
