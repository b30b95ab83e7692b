#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "crash/faulty_files.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

TEST(Files, WriteFileAtomicallyReplacesAndLeavesNoTemporary) {
  const TemporaryDirectory directory;
  WriteFileAtomically(RealFiles(), directory / "f", "old");
  WriteFileAtomically(RealFiles(), directory / "f", "new");
  EXPECT_EQ(ReadText(RealFiles(), directory / "f"), "new");
  EXPECT_EQ(RealFiles().List(directory.path()), std::vector<std::string>{"f"});
}

TEST(Files, AFailedAtomicWriteKeepsTheOldFileAndNoTemporary) {
  for (int k = 1; k <= 4; ++k) {  // create, append, sync, rename
    FaultyFiles files;
    WriteFileAtomically(files, "f", "old");
    files.FailAt(files.operations() + k, "No space left on device", false);
    EXPECT_THROW(WriteFileAtomically(files, "f", "new"), Error);
    EXPECT_EQ(ReadText(files, "f"), "old");
    EXPECT_EQ(files.List("."), std::vector<std::string>{"f"}) << k;
  }
}

TEST(Files, MissingFilesAreBadInputAndNameThePath) {
  const TemporaryDirectory directory;
  const std::string path = directory / "none";
  try {
    RealFiles().ReadAll(path, 10);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_EQ(error.where(), path);
    EXPECT_EQ(error.reason(), "No such file or directory");
  }
}

TEST(Files, ReadsAreBounded) {
  const TemporaryDirectory directory;
  WriteFileAtomically(RealFiles(), directory / "f", "0123456789");
  EXPECT_THROW(RealFiles().ReadAll(directory / "f", 9), Error);
  EXPECT_EQ(RealFiles().ReadAll(directory / "f", 10).size(), 10u);
  std::vector<uint8_t> piece(4);
  RealFiles().ReadAt(directory / "f", 6, piece);
  EXPECT_EQ(piece, (std::vector<uint8_t>{'6', '7', '8', '9'}));
  EXPECT_THROW(RealFiles().ReadAt(directory / "f", 7, piece), Error);
}

TEST(Files, CreateRefusesAnExistingFileAndAppendContinuesIt) {
  const TemporaryDirectory directory;
  {
    RealFiles().Create(directory / "f")->Append("ab");
  }
  EXPECT_THROW(RealFiles().Create(directory / "f"), Error);
  {
    RealFiles().OpenAppend(directory / "f")->Append("cd");
  }
  EXPECT_EQ(ReadText(RealFiles(), directory / "f"), "abcd");
}

TEST(Files, MakeDirectoriesDurablySurvivesAPowerLoss) {
  FaultyFiles files;
  MakeDirectoriesDurably(files, "a/b/c");
  const auto disk = files.Reboot(FaultyFiles::Loss::kEverything, 0);
  EXPECT_TRUE(disk->IsDirectory("a/b/c"));
}

TEST(Files, PathsJoinAndSplit) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(DirectoryOf("a/b/c"), "a/b");
  EXPECT_EQ(DirectoryOf("/c"), "/");
  EXPECT_EQ(DirectoryOf("c"), ".");
}

// XXH3 of the xxHash library: printf '' | xxh128sum and printf 'volante' | xxh128sum, xxh3sum.
TEST(Hash, StreamEqualsWholeAndTheEmptyHashIsThePublishedOne) {
  EXPECT_EQ(Hash128Hex("", 0), "99aa06d3014798d86001c324468d497f");
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>('a' + i % 26);
  for (const size_t piece : {1u, 7u, 240u, 1024u, 4999u}) {
    Hasher128 hasher;
    for (size_t at = 0; at < text.size(); at += piece) {
      hasher.Update(text.data() + at, std::min(piece, text.size() - at));
    }
    EXPECT_EQ(hasher.Hex(), Hash128Hex(text.data(), text.size()));
  }
  EXPECT_NE(HashBytes("a", 1, 0), HashBytes("a", 1, 1));
}

}  // namespace
}  // namespace volante
