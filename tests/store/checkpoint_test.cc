#include "store/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"
#include "crash/faulty_files.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

constexpr char kDir[] = "run/checkpoints";
constexpr char kReplay[] = "run/replay";

const std::vector<NamedTensor>& Tensors() {
  static const std::vector<NamedTensor> tensors = {
      {"actor/w", TensorDtype::kU8, {2, 2}, {1, 2, 3, 4}}, {"actor/b", TensorDtype::kU8, {1}, {9}}};
  return tensors;
}

CheckpointManifest SomeManifest(int64_t step) {
  CheckpointManifest manifest;
  manifest.build = "0.1.0";
  manifest.architecture = "nature_layernorm trunk 64 [256, 256]";
  manifest.counters = {{"env_step", step}, {"update", -1}};
  manifest.fingerprint = {{"isa", "x86-64-v2"}, {"threads", "2"}};
  return manifest;
}

std::string WriteOne(Files& files, int64_t step, std::vector<FileRef> segments = {}) {
  CheckpointWriter writer(files, kDir, StepName(step));
  writer.AddPart("state.cbor", std::vector<uint8_t>{1, 2, 3, static_cast<uint8_t>(step)});
  writer.AddTensors("policy", Tensors());
  CheckpointManifest manifest = SomeManifest(step);
  manifest.replay_segments = std::move(segments);
  return writer.Commit(manifest);
}

FileRef WriteSegmentFile(Files& files, const std::string& name, const std::string& content) {
  files.MakeDirectories(kReplay);
  const auto file = files.Create(JoinPath(kReplay, name));
  file->Append(content);
  file->Sync();
  return {name, content.size(), Hash128Hex(content.data(), content.size())};
}

std::vector<std::string> Names(const std::vector<CheckpointEntry>& entries) {
  std::vector<std::string> names;
  for (const CheckpointEntry& entry : entries) names.push_back(entry.name);
  return names;
}

// The Error that `action` throws; a failure when it throws none.
template <class Action>
Error ErrorOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was refused";
  return Error(ExitCode::kOk, "", "", "", "");
}

TEST(Checkpoint, ReadsBackWhatWasCommitted) {
  FaultyFiles files;
  const std::string path = WriteOne(files, 1200);
  EXPECT_EQ(path, "run/checkpoints/step_1200");
  const CheckpointReader reader(files, path);
  EXPECT_EQ(reader.Part("state.cbor"), (std::vector<uint8_t>{1, 2, 3, 1200 % 256}));
  EXPECT_EQ(reader.Tensors("policy"), Tensors());
  EXPECT_TRUE(reader.Has("policy.safetensors"));
  EXPECT_FALSE(reader.Has("critic.safetensors"));
  CheckpointManifest wanted = SomeManifest(1200);
  wanted.parts = reader.manifest().parts;
  EXPECT_EQ(reader.manifest(), wanted);
  const Error missing = ErrorOf([&] { reader.Part("critic.safetensors"); });
  EXPECT_EQ(missing.code(), ExitCode::kBadInput);
  EXPECT_EQ(missing.where(), path + "/critic.safetensors");
}

TEST(Checkpoint, ManifestIsPlainJson) {
  FaultyFiles files;
  const std::string path = WriteOne(files, 7);
  const auto root = nlohmann::json::parse(ReadText(files, path + "/manifest.json"));
  EXPECT_EQ(root["format_version"], 1);
  EXPECT_EQ(root["kind"], "resumable");
  EXPECT_EQ(root["counters"]["env_step"], 7);
  EXPECT_EQ(root["parts"][0]["name"], "state.cbor");
  EXPECT_EQ(root["parts"][0]["bytes"], 4);
  const std::vector<uint8_t> part = files.ReadAll(path + "/state.cbor", 100);
  EXPECT_EQ(root["parts"][0]["xxh3_128"], Hash128Hex(part.data(), part.size()));
}

TEST(Checkpoint, EveryFlippedBitAndEveryTruncationIsRefusedByName) {
  FaultyFiles files;
  const std::string path = WriteOne(files, 1, {WriteSegmentFile(files, "segment_1.bin", "abc")});
  for (const std::string& name : files.List(path)) {
    const std::string file = JoinPath(path, name);
    const std::vector<uint8_t> whole = files.Content(file);
    const auto expect_refused = [&](const std::string& how) {
      const Error error = ErrorOf([&] { CheckpointReader(files, path); });
      ASSERT_EQ(error.code(), ExitCode::kBadInput) << name << how;
      ASSERT_EQ(error.where().rfind(file, 0), 0u) << error.where() << how;
      ASSERT_FALSE(error.reason().empty());
      ASSERT_NE(error.hint().find("older checkpoint"), std::string::npos) << error.what();
    };
    for (size_t i = 0; i < whole.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        files.Content(file)[i] = static_cast<uint8_t>(whole[i] ^ (1 << bit));
        ASSERT_NO_FATAL_FAILURE(expect_refused(", byte " + std::to_string(i)));
      }
      files.Content(file).assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(i));
      ASSERT_NO_FATAL_FAILURE(expect_refused(", length " + std::to_string(i)));
      files.Content(file) = whole;
    }
    files.Content(file).push_back(0);
    ASSERT_NO_FATAL_FAILURE(expect_refused(", one byte more"));
    files.Content(file) = whole;
    if (name != "manifest.json") {
      files.Remove(file);
      ASSERT_NO_FATAL_FAILURE(expect_refused(", removed"));
      const auto again = files.Create(file);
      again->Append(whole);
    }
  }
  CheckpointReader(files, path);  // and whole again it is taken
}

TEST(Checkpoint, AFolderWithoutManifestIsNoCheckpoint) {
  FaultyFiles files;
  files.MakeDirectories("x");
  const Error error = ErrorOf([&] { CheckpointReader(files, "x"); });
  EXPECT_EQ(error.code(), ExitCode::kBadInput);
  EXPECT_EQ(error.where(), "x");
}

TEST(Checkpoint, IsNeverOverwritten) {
  FaultyFiles files;
  WriteOne(files, 5);
  EXPECT_THROW(WriteOne(files, 5), Error);
  CheckpointReader(files, "run/checkpoints/step_5");
}

TEST(Checkpoint, AnAbandonedOneLeavesNothing) {
  FaultyFiles files;
  {
    CheckpointWriter writer(files, kDir, StepName(1));
    writer.AddPart("a", std::vector<uint8_t>{1});
  }
  EXPECT_TRUE(files.List(kDir).empty());
}

TEST(Checkpoint, FullDiskRemovesTheNewAndKeepsTheOld) {
  FaultyFiles files;
  WriteOne(files, 1);
  const int before = files.operations();
  WriteOne(files, 2);
  const int per_checkpoint = files.operations() - before;
  for (int k = 1; k < per_checkpoint; ++k) {  // the last one is the sync after the rename
    files.FailAt(files.operations() + k, "No space left on device", false);
    const Error error = ErrorOf([&] { WriteOne(files, 3); });
    EXPECT_EQ(error.code(), ExitCode::kEnvironment);
    EXPECT_EQ(error.reason(), "No space left on device");
    EXPECT_EQ(files.List(kDir), (std::vector<std::string>{"step_1", "step_2"})) << k;
  }
  files.ClearFaults();
  CheckpointReader(files, "run/checkpoints/step_2");
}

TEST(Checkpoint, OnARealDiskThatRefusesMoreBytesTheOldOneStays) {
  const TemporaryDirectory directory;
  const std::string checkpoints = directory / "checkpoints";
  const auto write = [&](int64_t step, size_t bytes) {
    CheckpointWriter writer(RealFiles(), checkpoints, StepName(step));
    writer.AddPart("state.cbor", std::vector<uint8_t>(bytes, 7));
    return writer.Commit(SomeManifest(step));
  };
  const std::string first = write(1, 1000);
  const pid_t child = ::fork();  // the limit is the process's
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);  // write() then fails with EFBIG
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write(2, 100'000);
    } catch (const Error& error) {
      ::_exit(error.code() == ExitCode::kEnvironment ? 4 : 1);
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 4);
  EXPECT_EQ(RealFiles().List(checkpoints), std::vector<std::string>{"step_1"});
  EXPECT_EQ(CheckpointReader(RealFiles(), first).Part("state.cbor").size(), 1000u);
}

TEST(Manifest, RefusesWhatItDoesNotKnow) {
  const std::string good = EncodeManifest(SomeManifest(3));
  EXPECT_EQ(DecodeManifest(good, "m"), SomeManifest(3));
  // Changed text with the hash put right, as a stranger would.
  const auto decode = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const size_t digits = std::string("{\n  \"xxh3_128\": \"").size();
    text.replace(digits, 32, 32, '0');
    text.replace(digits, 32, Hash128Hex(text.data(), text.size()));
    const Error error = ErrorOf([&] { DecodeManifest(text, "m"); });
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_EQ(error.where(), "m");
  };
  const std::string hash(32, 'a');
  decode("\"format_version\": 1", "\"format_version\": 2");
  decode("\"format_version\": 1", "\"format_version\": \"1\"");
  decode("\"format_version\": 1,\n", "");
  decode("\"kind\": \"resumable\"", "\"kind\": \"other\"");
  decode("\"kind\"", "\"king\"");
  decode("\"build\": \"0.1.0\"", "\"build\": 1");
  decode("\"build\"", "\"kind\"");
  decode("\"update\": -1", "\"update\": 1.5");
  decode("\"update\": -1", "\"update\": 18446744073709551615");
  decode("\"threads\": \"2\"", "\"threads\": 2");
  decode("\"parts\": []", "\"parts\": {}");
  decode("\"parts\": []", "\"parts\": [1]");
  decode("\"parts\": []", R"("parts": [{"name":"../x","bytes":1,"xxh3_128":")" + hash + "\"}]");
  decode("\"parts\": []", R"("parts": [{"name":"/etc/x","bytes":1,"xxh3_128":")" + hash + "\"}]");
  decode("\"parts\": []", R"("parts": [{"name":"","bytes":1,"xxh3_128":")" + hash + "\"}]");
  decode("\"parts\": []", R"("parts": [{"name":"a","bytes":-1,"xxh3_128":")" + hash + "\"}]");
  decode("\"parts\": []", R"("parts": [{"name":"a","bytes":1,"xxh3_128":"aa"}]))");
  decode("\"parts\": []", R"("parts": [{"name":"a","bytes":1}])");
  decode("\"parts\": []", "\"parts\": " + std::string(50000, '['));
  const std::string entry = R"({"name":"a","bytes":1,"xxh3_128":")" + hash + "\"}";
  decode("\"parts\": []", "\"parts\": [" + entry + "," + entry + "]");
  decode("\"replay_segments\"", "\"extra\": 1, \"replay_segments\"");
}

TEST(Manifest, OfANewerVersionSaysSo) {
  std::string text = EncodeManifest(SomeManifest(3));
  text.replace(text.find("\"format_version\": 1"), 19, "\"format_version\": 9");
  const size_t digits = std::string("{\n  \"xxh3_128\": \"").size();
  text.replace(digits, 32, 32, '0');
  text.replace(digits, 32, Hash128Hex(text.data(), text.size()));
  const Error error = ErrorOf([&] { DecodeManifest(text, "m"); });
  EXPECT_NE(error.reason().find("format version 9"), std::string::npos);
  EXPECT_NE(error.hint().find("version that wrote it"), std::string::npos);
}

TEST(Checkpoints, AreListedByNumberAndPruned) {
  FaultyFiles files;
  EXPECT_TRUE(ListCheckpoints(files, kDir).empty());
  for (const int64_t step : {100, 9, 1000, 20}) WriteOne(files, step);
  files.MakeDirectories("run/checkpoints/step_5.tmp-77");
  files.MakeDirectories("run/checkpoints/step_x");
  files.MakeDirectories("run/checkpoints/best_7");
  EXPECT_EQ(Names(ListCheckpoints(files, kDir)),
            (std::vector<std::string>{"step_9", "step_20", "step_100", "step_1000"}));
  PruneCheckpoints(files, kDir, "step_", 2);
  EXPECT_EQ(Names(ListCheckpoints(files, kDir)),
            (std::vector<std::string>{"step_100", "step_1000"}));
  EXPECT_EQ(Names(ListCheckpoints(files, kDir, "best_")), (std::vector<std::string>{"best_7"}));
  PruneCheckpoints(files, kDir, "step_", 2);
  EXPECT_EQ(ListCheckpoints(files, kDir).size(), 2u);
}

TEST(Checkpoints, NewestValidPassesOverDamagedOnesAndSaysWhy) {
  FaultyFiles files;
  const FileRef segment = WriteSegmentFile(files, "segment_1.bin", "frames");
  for (const int64_t step : {1, 2, 3, 4}) WriteOne(files, step, {segment});
  EXPECT_EQ(FindNewestValid(files, kDir, kReplay).entry->env_step, 4);
  files.Content("run/checkpoints/step_4/policy.safetensors")[9] ^= 1;
  files.Remove("run/checkpoints/step_3/state.cbor");
  const NewestCheckpoint newest = FindNewestValid(files, kDir, kReplay);
  EXPECT_EQ(newest.entry->name, "step_2");
  ASSERT_EQ(newest.refused.size(), 2u);
  EXPECT_NE(newest.refused[0].find("step_4/policy.safetensors"), std::string::npos);
  EXPECT_NE(newest.refused[1].find("step_3/state.cbor"), std::string::npos);
  files.Content("run/replay/segment_1.bin")[0] ^= 1;
  EXPECT_FALSE(FindNewestValid(files, kDir, kReplay).entry);
  EXPECT_EQ(FindNewestValid(files, kDir, "").entry->name, "step_2");  // a policy needs no replay
}

TEST(Checkpoints, UnusedSegmentsAndStaleFoldersGo) {
  FaultyFiles files;
  std::vector<FileRef> refs;
  for (const char* name : {"segment_1.bin", "segment_2.bin", "segment_3.bin", "segment_4.bin"}) {
    refs.push_back(WriteSegmentFile(files, name, name));
  }
  WriteSegmentFile(files, "notes.txt", "of the user");
  WriteOne(files, 1, {refs[0], refs[1]});
  WriteOne(files, 2, {refs[1]});
  const std::vector<FileRef> sealed_for_the_next = {refs[3]};
  RemoveUnusedSegments(files, kDir, kReplay, sealed_for_the_next);
  EXPECT_EQ(files.List(kReplay), (std::vector<std::string>{"notes.txt", "segment_1.bin",
                                                           "segment_2.bin", "segment_4.bin"}));
  PruneCheckpoints(files, kDir, "step_", 1);
  RemoveUnusedSegments(files, kDir, kReplay, {});
  EXPECT_EQ(files.List(kReplay), (std::vector<std::string>{"notes.txt", "segment_2.bin"}));

  files.MakeDirectories("run/checkpoints/step_9.tmp-123");
  files.MakeDirectories("run/checkpoints/my.tmp-notes");
  RemoveStaleTemporaries(files, kDir);
  EXPECT_EQ(files.List(kDir), (std::vector<std::string>{"my.tmp-notes", "step_2"}));
}

TEST(Checkpoints, NewerOnesAreSetAsideOnResume) {
  FaultyFiles files;
  for (const int64_t step : {1, 2, 3}) WriteOne(files, step);
  SetAsideNewer(files, kDir, 1);
  EXPECT_EQ(Names(ListCheckpoints(files, kDir)), (std::vector<std::string>{"step_1"}));
  WriteOne(files, 2);
  SetAsideNewer(files, kDir, 1);
  EXPECT_EQ(files.List(kDir), (std::vector<std::string>{"step_1", "step_2.aside", "step_3.aside"}));
}

}  // namespace
}  // namespace volante
