#include "store/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/count_allocations.h"
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

// ---- tensors that do not fit, refused before any memory is taken for them
// --------------------------

struct MisplacedCase {
  const char* name;
  std::string header;
  size_t data_bytes;
  const char* reason;
};

void PrintTo(const MisplacedCase& c, std::ostream* out) { *out << c.name; }

std::string U8(const std::string& name, uint64_t shape, uint64_t begin, uint64_t end) {
  return "\"" + name + R"(":{"dtype":"U8","shape":[)" + std::to_string(shape) +
         "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

constexpr uint64_t kMega = 1'000'000, kTera = 1'000'000'000'000;

std::vector<MisplacedCase> MisplacedCases() {
  const auto header = [](const std::string& a, const std::string& b) {
    return "{" + a + (b.empty() ? "" : ",") + b + "}";
  };
  return {
      {"the_same_bytes_twice", header(U8("a", kMega, 0, kMega), U8("b", kMega, 0, kMega)), kMega,
       "tensor b overlaps another"},
      {"the_last_byte_shared", header(U8("a", kMega, 0, kMega), U8("b", 8, kMega - 1, kMega + 7)),
       kMega + 7, "tensor b overlaps another"},
      {"one_inside_another", header(U8("a", kMega, 0, kMega), U8("b", 4, 100, 104)), kMega,
       "tensor b overlaps another"},
      {"overlap_after_a_large_good_one",
       header(U8("a", 8 * kMega, 0, 8 * kMega),
              U8("b", kMega, 8 * kMega, 9 * kMega) + "," + U8("c", 5, 8 * kMega, 8 * kMega + 5)),
       9 * kMega, "overlaps another"},
      {"one_byte_beyond_the_file", header(U8("a", kMega + 1, 0, kMega + 1), ""), kMega,
       "tensor a reaches beyond the file"},
      {"the_second_beyond_the_file",
       header(U8("a", kMega, 0, kMega), U8("b", kTera, kMega, kMega + kTera)), kMega + 10,
       "tensor b reaches beyond the file"},
      {"it_begins_beyond_the_file", header(U8("a", 4, kTera, kTera + 4), ""), 4,
       "tensor a leaves a hole before it"},
      {"a_terabyte_from_a_small_file", header(U8("a", kTera, 0, kTera), ""), 10,
       "tensor a reaches beyond the file"},
      {"offsets_at_the_end_of_64_bits",
       header(U8("a", 5, 18446744073709551610ull, 18446744073709551615ull), ""), 5,
       "tensor a leaves a hole before it"},
      {"an_extent_larger_than_its_offsets", header(U8("a", kTera, 0, 4), ""), 4,
       "do not fit its shape and dtype"},
      {"extents_whose_product_wraps_to_the_offsets",
       R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0,
       "do not fit its shape and dtype"},
  };
}

class Misplaced : public testing::TestWithParam<MisplacedCase> {};
INSTANTIATE_TEST_SUITE_P(Safetensors, Misplaced, testing::ValuesIn(MisplacedCases()),
                         [](const auto& c) { return c.param.name; });

TEST_P(Misplaced, IsNamedAndRefusedBeforeMemoryIsTaken) {
  const std::vector<uint8_t> bytes = FileOf(GetParam().header, GetParam().data_bytes);
  largest_allocation = 0;
  try {
    DecodeSafetensors(bytes, "bad file");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_LT(largest_allocation, 4096u);
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_THAT(error.reason(), testing::HasSubstr(GetParam().reason));
  }
  // The measure works: tensors of a good file of this size are seen.
  const std::vector<uint8_t> good = FileOf("{" + U8("a", kMega, 0, kMega) + "}", kMega);
  DecodeSafetensors(good, "good file");
  EXPECT_GE(largest_allocation, kMega);
}

TEST(Safetensors, AFileOverTheLimitIsNotRead) {
  const TemporaryDirectory directory;
  const std::string path = directory / "x.safetensors";
  WriteSafetensors(RealFiles(), path, SomeTensors());
  const uint64_t size = RealFiles().Size(path);
  EXPECT_EQ(ReadSafetensors(RealFiles(), path, size).tensors.size(), SomeTensors().size());
  try {
    ReadSafetensors(RealFiles(), path, size - 1);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

TEST(Safetensors, AnErrorStaysShortWhateverTheHeaderHolds) {
  for (const std::string& header :
       {"{\"" + std::string(100'000, 'x'), "{\"" + std::string(100'000, 'x') + "\":1}"}) {
    try {
      DecodeSafetensors(FileOf(header, 0), "bad file");
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_LT(error.OneLine().size(), 600u);
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
