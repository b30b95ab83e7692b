// A run that saves, prunes and collects garbage loses power, or its disk fails, at every single
// file operation. Whatever the disk then holds: the newest checkpoint that verifies is the last
// one that was reported, or the one that was under way, and it is whole.
#include <gtest/gtest.h>

#include <set>

#include "base/hash.h"
#include "crash/faulty_files.h"
#include "replay/replay.h"
#include "store/checkpoint.h"
#include "store/event_file.h"
#include "store/run_folder.h"

namespace volante {
namespace {

constexpr char kRun[] = "runs/kite";
constexpr char kConfig[] = "seed: 1\n";
constexpr int kSaves = 4;
constexpr int kTicksPerSave = 12;

ReplayOptions SmallReplay() { return {.num_worlds = 2, .has_image = false, .capacity = 20}; }

// What a training run holds, small; everything follows from the number of ticks.
class TinyRun {
 public:
  TinyRun() : replay_(SmallReplay()) {}

  void Tick() {
    std::array<float, kVectorSize> v{};
    v[0] = static_cast<float>(tick_);
    for (int world = 0; world < 2; ++world) {
      if (!replay_.IsOpen(world)) {
        replay_.Begin(world, nullptr, v.data());
      } else {
        replay_.Add(world, {}, v[0], (tick_ + world) % 7 == 0, false, nullptr, v.data());
      }
    }
    ++tick_;
  }

  // The order that a trainer keeps: replay, metrics, checkpoint, then cleaning.
  void Save(Files& files, EventWriter& events) {
    events.Scalar("train/tick", tick_, tick_);
    const RunPaths paths;
    const std::vector<FileRef> segments = replay_.Seal(files, paths.replay);
    events.Sync();
    CheckpointWriter writer(files, paths.checkpoints, StepName(tick_));
    writer.AddPart("state.cbor", State(tick_));
    const std::vector<NamedTensor> tensors = {{"w", TensorDtype::kU8, {3}, {1, 2, 3}}};
    writer.AddTensors("policy", tensors);
    CheckpointManifest manifest;
    manifest.counters["env_step"] = tick_;
    manifest.replay_segments = segments;
    writer.Commit(manifest);
    reported_ = tick_;
    PruneCheckpoints(files, paths.checkpoints, "step_", 2);
    RemoveUnusedSegments(files, paths.checkpoints, paths.replay, segments);
  }

  void Restore(Files& files, const CheckpointReader& reader) {
    replay_.Restore(files, RunPaths().replay, reader.manifest().replay_segments);
    tick_ = static_cast<int>(reader.manifest().counters.at("env_step"));
  }

  static std::vector<uint8_t> State(int tick) { return std::vector<uint8_t>(40, uint8_t(tick)); }
  static std::string HashAfter(int ticks) {
    TinyRun run;
    while (run.tick_ < ticks) run.Tick();
    return run.replay_.LogicalHash();
  }

  int tick() const { return tick_; }
  int reported() const { return reported_; }
  const Replay& replay() const { return replay_; }

  struct RunPaths {
    std::string checkpoints = std::string(kRun) + "/checkpoints";
    std::string replay = std::string(kRun) + "/replay";
  };

 private:
  Replay replay_;
  int tick_ = 0;
  int reported_ = -1;  // the last checkpoint whose Commit returned
};

using RunPaths = TinyRun::RunPaths;

// A whole life: a new run folder, four saves. Throws what the file system throws.
void Live(Files& files, TinyRun& run) {
  const RunFolder folder = RunFolder::Create(files, kRun, kConfig, {{"build", "test"}});
  EventWriter events(files, kRun, 0);
  for (int save = 0; save < kSaves; ++save) {
    for (int i = 0; i < kTicksPerSave; ++i) run.Tick();
    run.Save(files, events);
  }
}

// Why the state after a crash is not acceptable; empty when it is.
std::string Judge(Files& files, int reported, int in_flight) {
  const RunPaths paths;
  const NewestCheckpoint newest = FindNewestValid(files, paths.checkpoints, paths.replay);
  if (!newest.entry) return reported < 0 ? "" : "no checkpoint verifies";
  // None that has the name of a checkpoint is half there.
  for (const CheckpointEntry& entry : ListCheckpoints(files, paths.checkpoints)) {
    if (entry.env_step > newest.entry->env_step) return newest.refused.front();
    try {
      const CheckpointReader reader(files, entry.path);
      for (const FileRef& segment : reader.manifest().replay_segments) {
        VerifyFile(files, JoinPath(paths.replay, segment.name), segment);
      }
    } catch (const Error& error) {
      return error.what();
    }
  }
  const int step = static_cast<int>(newest.entry->env_step);
  if (step != reported && step != in_flight) return "step " + std::to_string(step) + " is newest";
  try {
    const CheckpointReader reader(files, newest.entry->path);
    if (reader.Part("state.cbor") != TinyRun::State(step)) return "a part has other content";
    TinyRun resumed;
    resumed.Restore(files, reader);
    if (resumed.replay().LogicalHash() != TinyRun::HashAfter(step)) return "another replay";
    const EventData metrics = ReadScalars(files, kRun);
    std::set<int64_t> steps;
    if (metrics.scalars.contains("train/tick")) {
      for (const ScalarPoint& point : metrics.scalars.at("train/tick")) steps.insert(point.step);
    }
    for (int s = kTicksPerSave; s <= reported; s += kTicksPerSave) {
      if (!steps.contains(s)) return "metrics of step " + std::to_string(s) + " are lost";
    }
    if (ReadText(files, JoinPath(kRun, "config.yaml")) != kConfig) return "another configuration";
    // And the run goes on: another save works on what was found.
    const RunFolder folder = RunFolder::Resume(files, kRun);
    if (folder.ReadFacts().at("build") != "test") return "other facts of the run";
    EventWriter events(files, kRun, step + 1);
    for (int i = 0; i < kTicksPerSave; ++i) resumed.Tick();
    SetAsideNewer(files, paths.checkpoints, step);
    resumed.Save(files, events);
    const NewestCheckpoint next = FindNewestValid(files, paths.checkpoints, paths.replay);
    if (!next.entry || next.entry->env_step != resumed.tick()) return "the next save is not valid";
    for (const std::string& name : files.List(paths.checkpoints)) {
      if (name.find(".tmp-") != std::string::npos) return "rubbish stays: " + name;
    }
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Crashes at operation k and looks at several possible disks.
std::string CrashAndJudge(int k, int variants,
                          const std::function<bool(const std::string&)>& ignore) {
  FaultyFiles files;
  files.IgnoreSyncs(ignore);
  files.CrashAt(k);
  TinyRun run;
  try {
    Live(files, run);
  } catch (const PowerLoss&) {
  }
  using Loss = FaultyFiles::Loss;
  for (int variant = 0; variant < variants; ++variant) {
    const Loss loss = variant == 0   ? Loss::kEverything
                      : variant == 1 ? Loss::kNothing
                                     : Loss::kRandom;
    const auto disk = files.Reboot(loss, static_cast<uint64_t>(k * 1000 + variant));
    const std::string fault = Judge(*disk, run.reported(), run.tick());
    if (!fault.empty()) {
      return "crash at operation " + std::to_string(k) + ", disk " + std::to_string(variant) +
             ": " + fault;
    }
  }
  return "";
}

int OperationsOfALife() {
  FaultyFiles files;
  TinyRun run;
  Live(files, run);
  return files.operations();
}

TEST(Crash, PowerLossAtEveryOperationLeavesOldOrNew) {
  const int operations = OperationsOfALife();
  ASSERT_GT(operations, 100);
  for (int k = 1; k <= operations + 1; ++k) {
    ASSERT_EQ(CrashAndJudge(k, 34, nullptr), "");
  }
}

// A sync that could be left out would make this test fail: each is needed by some crash.
TEST(Crash, EverySyncIsNeeded) {
  const int operations = OperationsOfALife();
  const auto contains = [](std::string part) {
    return [part](const std::string& path) { return path.find(part) != std::string::npos; };
  };
  const auto equals = [](std::string whole) {
    return [whole](const std::string& path) { return path == whole; };
  };
  const RunPaths paths;
  const auto in_temporary = [](const std::string& path) {
    return path.find("/step_") != std::string::npos && path.find(".tmp-") != std::string::npos;
  };
  const auto is_folder = [=](const std::string& path) {
    return in_temporary(path) && path.find("/", path.find(".tmp-")) == std::string::npos;
  };
  const std::map<std::string, std::function<bool(const std::string&)>> syncs = {
      {"part", contains("/state.cbor")},
      {"tensors", contains("/policy.safetensors")},
      {"checkpoint manifest",
       [=](const std::string& path) {
         return in_temporary(path) && path.find("/manifest.json") != std::string::npos;
       }},
      {"temporary folder", is_folder},
      {"checkpoints folder", equals(paths.checkpoints)},
      {"segment", contains("/segment_")},
      {"replay folder", equals(paths.replay)},
      {"event file", contains("tfevents")},
      {"run folder", equals(kRun)},
      {"parent of the run folder", equals("runs")},
      {"configuration", contains("/config.yaml")},
      {"facts of the run", contains("kite/manifest.json")},
  };
  for (const auto& [name, ignore] : syncs) {
    bool noticed = false;
    for (int k = 1; k <= operations + 1 && !noticed; ++k) {
      noticed = !CrashAndJudge(k, 10, ignore).empty();
    }
    EXPECT_TRUE(noticed) << "leaving out the sync of the " << name << " goes unnoticed";
  }
}

TEST(Crash, FailingDiskLeavesTheLastCheckpointWhole) {
  const int operations = OperationsOfALife();
  for (const char* reason : {"No space left on device", "Input/output error"}) {
    for (const bool forever : {false, true}) {
      for (int k = 1; k <= operations; ++k) {
        FaultyFiles files;
        files.FailAt(k, reason, forever);
        TinyRun run;
        try {
          Live(files, run);
        } catch (const Error& error) {
          ASSERT_EQ(error.code(), ExitCode::kEnvironment) << error.what();
          ASSERT_EQ(error.reason(), reason);
        }
        files.ClearFaults();
        if (!forever) {
          // Nothing half-written stays behind when removing it works.
          const RunPaths paths;
          if (files.Exists(paths.checkpoints) && run.reported() < 0) {
            for (const std::string& name : files.List(paths.checkpoints)) {
              ASSERT_EQ(name.find(".tmp-"), std::string::npos) << name << " at " << k;
            }
          }
        }
        ASSERT_EQ(Judge(files, run.reported(), run.tick()), "") << reason << " at " << k;
      }
    }
  }
}

// Power fails, and fails again while the next process recovers and saves.
TEST(Crash, PowerLossDuringRecoveryLeavesOldOrNew) {
  const int operations = OperationsOfALife();
  for (int k = 20; k <= operations; k += 7) {
    FaultyFiles files;
    files.CrashAt(k);
    TinyRun run;
    try {
      Live(files, run);
    } catch (const PowerLoss&) {
    }
    if (run.reported() < 0) continue;
    for (int again = 1; again <= 60; again += 3) {
      const auto seed = static_cast<uint64_t>(k * 100 + again);
      const auto disk = files.Reboot(FaultyFiles::Loss::kRandom, seed);
      disk->CrashAt(again);
      int reported = run.reported(), in_flight = run.tick();
      try {
        const RunPaths paths;
        const RunFolder folder = RunFolder::Resume(*disk, kRun);
        const auto entry = FindNewestValid(*disk, paths.checkpoints, paths.replay).entry;
        ASSERT_TRUE(entry);
        SetAsideNewer(*disk, paths.checkpoints, entry->env_step);
        TinyRun resumed;
        resumed.Restore(*disk, CheckpointReader(*disk, entry->path));
        reported = resumed.tick();  // read back, and so at least as durable as what was reported
        in_flight = std::max(in_flight, resumed.tick() + kTicksPerSave);
        EventWriter events(*disk, kRun, resumed.tick() + 1);
        for (int i = 0; i < kTicksPerSave; ++i) resumed.Tick();
        resumed.Save(*disk, events);
        reported = resumed.tick();
      } catch (const PowerLoss&) {
      }
      const auto last = disk->Reboot(FaultyFiles::Loss::kRandom, seed + 1);
      const std::string fault = Judge(*last, reported, in_flight);
      ASSERT_EQ(fault, "") << "crash at " << k << ", then at " << again;
    }
  }
}

TEST(Crash, SavingGoesOnAfterTheDiskWasFull) {
  const int operations = OperationsOfALife();
  for (int k = 30; k <= operations; k += 3) {
    FaultyFiles files;
    TinyRun run;
    const RunFolder folder = RunFolder::Create(files, kRun, kConfig, {{"build", "test"}});
    files.FailAt(k, "No space left on device", false);
    int failures = 0;
    for (int save = 0; save < kSaves; ++save) {
      for (int i = 0; i < kTicksPerSave; ++i) run.Tick();
      try {
        EventWriter events(files, kRun, run.tick());
        run.Save(files, events);
      } catch (const Error&) {
        ++failures;
      }
    }
    ASSERT_LE(failures, 1);
    const RunPaths paths;
    const NewestCheckpoint newest = FindNewestValid(files, paths.checkpoints, paths.replay);
    ASSERT_TRUE(newest.entry);
    ASSERT_GE(newest.entry->env_step, (kSaves - 1) * kTicksPerSave);
    TinyRun resumed;
    resumed.Restore(files, CheckpointReader(files, newest.entry->path));
    ASSERT_EQ(resumed.replay().LogicalHash(), TinyRun::HashAfter(resumed.tick()));
  }
}

TEST(Crash, WriteFileAtomicallyLeavesOldOrNew) {
  for (int k = 1; k <= 10; ++k) {
    FaultyFiles files;
    files.MakeDirectories("d");
    files.SyncDirectory(".");
    WriteFileAtomically(files, "d/f", "old");
    files.CrashAt(files.operations() + k);
    bool returned = false;
    try {
      WriteFileAtomically(files, "d/f", "new content");
      returned = true;
    } catch (const PowerLoss&) {
    }
    for (uint64_t seed = 0; seed < 40; ++seed) {
      const auto disk = files.Reboot(
          seed == 0 ? FaultyFiles::Loss::kEverything : FaultyFiles::Loss::kRandom, seed);
      const std::string text = ReadText(*disk, "d/f");
      ASSERT_TRUE(text == "new content" || (text == "old" && !returned)) << k << ": " << text;
    }
  }
}

}  // namespace
}  // namespace volante
