#include "store/safetensors.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/shell.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

template <class T>
std::vector<uint8_t> BytesOf(const std::vector<T>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<NamedTensor> SomeTensors() {
  return {{"critic/w", TensorDtype::kF32, {2, 3}, BytesOf<float>({1, 2, 3, -4, 0.5f, 6})},
          {"actor/b", TensorDtype::kF64, {2}, BytesOf<double>({0.1, -1e300})},
          {"steps", TensorDtype::kI64, {}, BytesOf<int64_t>({-7})},
          {"frame", TensorDtype::kU8, {3, 1}, {0, 128, 255}},
          {"half", TensorDtype::kBf16, {1}, {0x80, 0x3f}},
          {"empty", TensorDtype::kF32, {0, 5}, {}}};
}

// A file with this header text and so many bytes of data.
std::vector<uint8_t> FileOf(const std::string& header, size_t data_bytes) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<uint8_t>(header.size() >> (8 * i)));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data_bytes, 7);
  return bytes;
}

TEST(Safetensors, RoundTripKeepsEverything) {
  const std::vector<NamedTensor> tensors = SomeTensors();
  const SafetensorsFile file =
      DecodeSafetensors(EncodeSafetensors(tensors, {{"format", "volante"}}), "memory");
  EXPECT_EQ(file.tensors, tensors);
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"format", "volante"}}));
}

TEST(Safetensors, ReadsTheExampleOfTheFormat) {
  // Written by hand after the format's description: one F32 tensor [2] = {1, -2}, header padded.
  std::vector<uint8_t> bytes =
      FileOf(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   )", 0);
  for (const uint8_t byte : {0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0}) bytes.push_back(byte);
  const SafetensorsFile file = DecodeSafetensors(bytes, "memory");
  ASSERT_EQ(file.tensors.size(), 1u);
  float values[2];
  std::memcpy(values, file.tensors[0].bytes.data(), 8);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], -2.0f);
}

TEST(Safetensors, PythonReadsWhatWeWrite) {
  if (!PythonHas("numpy")) GTEST_SKIP() << "python3-numpy is not installed";
  const TemporaryDirectory directory;
  const std::string path = directory / "x.safetensors";
  WriteSafetensors(RealFiles(), path, SomeTensors(), {{"k", "v"}});
  const std::string output =
      RunAndRead("/usr/bin/python3 " VOLANTE_SOURCE_DIR "/tests/store/read_safetensors.py " + path);
  const auto root = nlohmann::json::parse(output);
  EXPECT_EQ(root["metadata"]["k"], "v");
  EXPECT_TRUE(root["aligned"]);
  EXPECT_TRUE(root["end"]);
  EXPECT_EQ(root["critic/w"]["values"].dump(), "[[1.0,2.0,3.0],[-4.0,0.5,6.0]]");
  EXPECT_EQ(root["actor/b"]["values"][1].get<double>(), -1e300);
  EXPECT_EQ(root["steps"]["values"].get<int>(), -7);
  EXPECT_EQ(root["frame"]["values"].dump(), "[[0],[128],[255]]");
  EXPECT_EQ(root["half"]["values"].dump(), "[16256]");
  EXPECT_EQ(root["empty"]["shape"].dump(), "[0,5]");
}

TEST(Safetensors, RefusesBadFiles) {
  const auto one = [](const std::string& entry) { return "{\"t\":" + entry + "}"; };
  const std::string good = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  const auto huge_length = [](uint64_t length) {
    std::vector<uint8_t> bytes = FileOf("{}", 0);
    for (int i = 0; i < 8; ++i) bytes[static_cast<size_t>(i)] = uint8_t(length >> (8 * i));
    return bytes;
  };
  const std::vector<std::pair<std::string, std::vector<uint8_t>>> cases = {
      {"empty", {}},
      {"seven bytes", std::vector<uint8_t>(7)},
      {"length beyond the file", huge_length(3)},
      {"length of 100 MB and one", huge_length(100'000'001)},
      {"length of 2^64 - 1", huge_length(~uint64_t{0})},
      {"no JSON", FileOf("hello", 0)},
      {"a list", FileOf("[]", 0)},
      {"space first", FileOf(" {}", 0)},
      {"cut JSON", FileOf(R"({"t":)", 0)},
      {"JSON and more", FileOf("{}{}", 0)},
      {"deep nesting", FileOf("{\"t\":" + std::string(100000, '['), 0)},
      {"not UTF-8", FileOf("{\"\xff\":1}", 0)},
      {"entry is a number", FileOf(one("1"), 0)},
      {"no dtype", FileOf(one(R"({"shape":[4],"data_offsets":[0,4]})"), 4)},
      {"more fields", FileOf(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1})"), 4)},
      {"unknown dtype", FileOf(one(R"({"dtype":"X9","shape":[4],"data_offsets":[0,4]})"), 4)},
      {"dtype is no text", FileOf(one(R"({"dtype":8,"shape":[4],"data_offsets":[0,4]})"), 4)},
      {"negative extent", FileOf(one(R"({"dtype":"U8","shape":[-4],"data_offsets":[0,4]})"), 4)},
      {"real extent", FileOf(one(R"({"dtype":"U8","shape":[4.0],"data_offsets":[0,4]})"), 4)},
      {"extents overflow",
       FileOf(one(R"({"dtype":"U8","shape":[4294967296,4294967296,4],"data_offsets":[0,0]})"), 0)},
      {"extent of 2^63",
       FileOf(one(R"({"dtype":"U8","shape":[9223372036854775808,0],"data_offsets":[0,0]})"), 0)},
      {"offsets reversed", FileOf(one(R"({"dtype":"U8","shape":[4],"data_offsets":[4,0]})"), 4)},
      {"three offsets", FileOf(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4,4]})"), 4)},
      {"offset is text", FileOf(one(R"({"dtype":"U8","shape":[4],"data_offsets":["0",4]})"), 4)},
      {"size does not fit", FileOf(one(R"({"dtype":"F32","shape":[4],"data_offsets":[0,4]})"), 4)},
      {"beyond the file", FileOf(one(good), 3)},
      {"bytes left over", FileOf(one(good), 5)},
      {"hole before", FileOf(one(R"({"dtype":"U8","shape":[4],"data_offsets":[1,5]})"), 5)},
      {"overlap", FileOf("{\"a\":" + good + ",\"b\":" + good + "}", 4)},
      {"hole between",
       FileOf("{\"a\":" + good + R"(,"b":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}})", 6)},
      {"the same name twice", FileOf("{\"a\":" + good + ",\"a\":" + good + "}", 4)},
      {"metadata is no object", FileOf(R"({"__metadata__":1})", 0)},
      {"metadata holds a number", FileOf(R"({"__metadata__":{"a":1}})", 0)},
  };
  ASSERT_EQ(DecodeSafetensors(FileOf(one(good), 4), "good").tensors.size(), 1u);
  for (const auto& [name, bytes] : cases) {
    try {
      DecodeSafetensors(bytes, "bad file");
      ADD_FAILURE() << name << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput) << name;
      EXPECT_NE(error.where().find("bad file, offset "), std::string::npos) << name;
      EXPECT_FALSE(error.reason().empty()) << name;
    }
  }
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const std::vector<uint8_t> whole = EncodeSafetensors(SomeTensors());
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_THROW(DecodeSafetensors(std::span(whole).first(n), "cut"), Error) << n;
  }
}

}  // namespace
}  // namespace volante
