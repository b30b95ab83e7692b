#include "store/event_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "base/error.h"
#include "crash/faulty_files.h"
#include "support/shell.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

constexpr char kDir[] = "run";

std::vector<std::string> EventFiles(Files& files, const std::string& directory) {
  std::vector<std::string> paths;
  for (const std::string& name : files.List(directory)) paths.push_back(JoinPath(directory, name));
  return paths;
}

std::vector<std::pair<int64_t, float>> Points(const EventData& data, const std::string& tag) {
  std::vector<std::pair<int64_t, float>> points;
  if (!data.scalars.contains(tag)) return points;
  for (const ScalarPoint& p : data.scalars.at(tag)) points.emplace_back(p.step, p.value);
  return points;
}

TEST(Crc32c, HasTheValuesOfRfc3720AppendixB4) {
  EXPECT_EQ(Crc32c(std::vector<uint8_t>(32, 0x00)), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::vector<uint8_t>(32, 0xff)), 0x62a8ab43u);
  std::vector<uint8_t> counting(32);
  std::iota(counting.begin(), counting.end(), uint8_t{0});
  EXPECT_EQ(Crc32c(counting), 0x46dd794eu);
  std::reverse(counting.begin(), counting.end());
  EXPECT_EQ(Crc32c(counting), 0x113fdb5cu);
  // An iSCSI SCSI Read (10) command PDU.
  const std::vector<uint8_t> pdu = {0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00,
                                    0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  EXPECT_EQ(Crc32c(pdu), 0xd9963a56u);
}

TEST(EventFile, PythonProtobufReadsWhatWeWrite) {
  if (!PythonHas("google.protobuf")) GTEST_SKIP() << "python3-protobuf is not installed";
  const TemporaryDirectory directory;
  std::string path;
  {
    EventWriter writer(RealFiles(), directory.path(), 17);
    path = writer.path();
    writer.Scalar("train/critic_loss", 20, 0.25);
    const std::vector<ScalarValue> two = {{"eval/success_rate", 0.5}, {"train/q", -3e10}};
    writer.Scalars(1000000007, two);
    writer.Text("config", 3, "a: 1\nb: é\n");
    writer.Sync();
  }
  std::istringstream output(
      RunAndRead("/usr/bin/python3 " VOLANTE_SOURCE_DIR "/tools/oracle/read_events.py " + path));
  std::vector<nlohmann::json> events;
  for (std::string line; std::getline(output, line);) events.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0]["file_version"], "brain.Event:2");
  EXPECT_EQ(events[1]["session_status"], 1);  // START
  EXPECT_EQ(events[1]["step"], 17);
  EXPECT_EQ(events[2]["step"], 20);
  EXPECT_EQ(events[2]["values"].dump(), R"([{"tag":"train/critic_loss","value":0.25}])");
  EXPECT_EQ(events[3]["step"], 1000000007);
  EXPECT_EQ(events[3]["values"][0]["tag"], "eval/success_rate");
  EXPECT_EQ(events[3]["values"][0]["value"], 0.5);
  EXPECT_FLOAT_EQ(events[3]["values"][1]["value"].get<float>(), -3e10f);
  EXPECT_EQ(events[4]["values"][0]["text"][0], "a: 1\nb: é\n");
  EXPECT_EQ(events[4]["values"][0]["plugin"], "text");
  EXPECT_EQ(events[4]["values"][0]["dtype"], 7);
  EXPECT_EQ(events[4]["values"][0]["shape"].dump(), "[1]");
  const double now = static_cast<double>(std::time(nullptr));
  EXPECT_NEAR(events[2]["wall_time"].get<double>(), now, 60.0);
}

TEST(EventFile, ReadsBackWhatItWrote) {
  FaultyFiles files;
  {
    EventWriter writer(files, kDir, 0);
    for (int step = 0; step < 2000; ++step) writer.Scalar("a", step, 0.5 * step);
    writer.Scalar("nan", 5, std::nan(""));
    writer.Text("note", 7, "hello");
  }  // the destructor flushes
  const EventData data = ReadScalars(files, kDir);
  ASSERT_EQ(Points(data, "a").size(), 2000u);
  EXPECT_EQ(Points(data, "a")[1999], (std::pair<int64_t, float>{1999, 999.5f}));
  EXPECT_TRUE(std::isnan(data.scalars.at("nan")[0].value));
  EXPECT_EQ(data.texts.at("note")[0].text, "hello");
  EXPECT_TRUE(data.torn.empty());
  EXPECT_TRUE(data.damaged.empty());
}

TEST(EventFile, ResumeDropsOlderRecordsAtOrAfterItsStart) {
  FaultyFiles files;
  {
    EventWriter first(files, kDir, 0);
    for (const int step : {1, 2, 3, 4, 5}) first.Scalar("a", step, 10 + step);
    first.Scalar("only_late", 5, 1);
  }
  {
    EventWriter second(files, kDir, 4);  // a checkpoint held everything up to step 3
    second.Scalar("a", 4, 24);
    second.Scalar("a", 6, 26);
  }
  {
    EventWriter third(files, kDir, 6);  // starts within the same second as the others
    third.Scalar("a", 6, 36);
  }
  const EventData data = ReadScalars(files, kDir);
  const std::vector<std::pair<int64_t, float>> wanted = {
      {1, 11}, {2, 12}, {3, 13}, {4, 24}, {6, 36}};
  EXPECT_EQ(Points(data, "a"), wanted);
  EXPECT_TRUE(Points(data, "only_late").empty());
  EXPECT_EQ(EventFiles(files, kDir).size(), 3u);
}

TEST(EventFile, TornTailIsToldApartFromDamage) {
  FaultyFiles files;
  {
    EventWriter writer(files, kDir, 0);
    for (int step = 1; step <= 5; ++step) writer.Scalar("a", step, step);
  }
  const std::string path = EventFiles(files, kDir)[0];
  const std::vector<uint8_t> whole = files.ReadAll(path, 1 << 20);
  const auto read = [&](std::span<const uint8_t> bytes) {
    EventData data;
    ReadEvents(bytes, "f", data);
    return data;
  };
  ASSERT_EQ(Points(read(whole), "a").size(), 5u);

  // Records have ends; a cut anywhere else is a torn tail and never damage.
  size_t clean_cuts = 0;
  for (size_t n = 0; n < whole.size(); ++n) {
    const EventData data = read(std::span(whole).first(n));
    EXPECT_TRUE(data.damaged.empty()) << n;
    clean_cuts += data.torn.empty();
    for (const auto& [step, value] : Points(data, "a")) EXPECT_EQ(value, float(step));
  }
  EXPECT_EQ(clean_cuts, 7u);  // nothing, the two first records, and 4 of the 5 scalars

  // Zeros behind the data: blocks that were allocated and never written.
  std::vector<uint8_t> zeros = whole;
  zeros.resize(whole.size() + 300);
  EXPECT_EQ(Points(read(zeros), "a").size(), 5u);
  EXPECT_EQ(read(zeros).torn.size(), 1u);
  EXPECT_TRUE(read(zeros).damaged.empty());

  // A flipped bit is damage, is named, and gives no wrong value.
  for (size_t i = 0; i < whole.size(); ++i) {
    std::vector<uint8_t> bytes = whole;
    bytes[i] ^= 0x10;
    const EventData data = read(bytes);
    EXPECT_EQ(data.damaged.size(), 1u) << i;
    EXPECT_EQ(data.damaged[0].rfind("f, offset ", 0), 0u);
    EXPECT_LT(Points(data, "a").size() + data.texts.size(), 6u);
    for (const auto& [step, value] : Points(data, "a")) EXPECT_EQ(value, float(step));
  }

  // A damaged record costs itself alone.
  std::vector<uint8_t> bytes = whole;
  bytes[whole.size() / 2] ^= 1;
  EXPECT_EQ(Points(read(bytes), "a").size(), 4u);
}

TEST(EventFile, ReadsTensorScalarsOfOtherPrograms) {
  // An Event as TensorFlow 2 writes scalars, by hand: step 3, summary { value { tag "x",
  // tensor { dtype DT_FLOAT, tensor_content 1.5f } } }.
  const std::vector<uint8_t> tensor = {0x08, 0x01, 0x22, 0x04, 0x00, 0x00, 0xc0, 0x3f};
  std::vector<uint8_t> value = {0x0a, 0x01, 'x', 0x42, uint8_t(tensor.size())};
  value.insert(value.end(), tensor.begin(), tensor.end());
  std::vector<uint8_t> event = {
      0x10, 0x03, 0x2a, uint8_t(value.size() + 2), 0x0a, uint8_t(value.size())};
  event.insert(event.end(), value.begin(), value.end());
  std::vector<uint8_t> bytes(8, 0);
  bytes[0] = static_cast<uint8_t>(event.size());
  const auto append_crc = [&](uint32_t crc) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(crc >> (8 * i)));
  };
  append_crc(MaskedCrc32c(bytes));
  bytes.insert(bytes.end(), event.begin(), event.end());
  append_crc(MaskedCrc32c(event));
  EventData data;
  ReadEvents(bytes, "f", data);
  EXPECT_EQ(Points(data, "x"), (std::vector<std::pair<int64_t, float>>{{3, 1.5f}}));
}

TEST(EventFile, SyncMakesRecordsDurable) {
  FaultyFiles files;
  EventWriter writer(files, kDir, 0);
  writer.Scalar("a", 1, 1);
  writer.Sync();
  writer.Scalar("a", 2, 2);
  writer.Flush();
  EXPECT_EQ(Points(ReadScalars(files, kDir), "a").size(), 2u);
  const auto disk = files.Reboot(FaultyFiles::Loss::kEverything, 0);
  EXPECT_EQ(Points(ReadScalars(*disk, kDir), "a").size(), 1u);
}

TEST(EventFile, AfterAFailedWriteNothingIsAppendedBehindTheTear) {
  FaultyFiles files;
  EventWriter writer(files, kDir, 0);
  writer.Scalar("a", 1, 1);
  files.FailAt(files.operations() + 1, "No space left on device", false);
  EXPECT_THROW(writer.Flush(), Error);
  EXPECT_THROW(writer.Scalar("a", 2, 2), Error);
  EXPECT_TRUE(ReadScalars(files, kDir).damaged.empty());
}

}  // namespace
}  // namespace volante
