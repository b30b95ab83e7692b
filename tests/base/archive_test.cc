#include "base/archive.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace volante {
namespace {

using Json = nlohmann::ordered_json;

enum class Colour : uint8_t { kRed, kBlue };

struct Wheel {
  double speed = 0.0;
  bool turning = false;
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("speed", speed);
    ar("turning", turning);
  }
  friend bool operator==(const Wheel&, const Wheel&) = default;
};

struct Car {
  int32_t id = 0;
  uint64_t key = 0;
  Colour colour = Colour::kRed;
  std::string name;
  std::vector<Wheel> wheels;
  std::array<double, 2> position{};
  std::vector<float> weights;
  std::vector<uint8_t> frame;
  std::optional<int> leader;
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("id", id);
    ar("key", key);
    ar("colour", colour);
    ar("name", name);
    ar("wheels", wheels);
    ar("position", position);
    ar("weights", weights);
    ar("frame", frame);
    ar("leader", leader);
  }
  friend bool operator==(const Car&, const Car&) = default;
};

Car SomeCar() {
  return {.id = -5,
          .key = ~uint64_t{0},
          .colour = Colour::kBlue,
          .name = "kite é",
          .wheels = {{0.1, true}, {-1e300, false}},
          .position = {1.0 / 3.0, 5e-324},
          .weights = {0.1f, -2.0f},
          .frame = {0, 255, 7},
          .leader = 3};
}

// The reason for which `bytes` are refused as a Car; empty when they are taken.
std::string Refusal(const std::vector<uint8_t>& bytes) {
  Car car;
  try {
    LoadState(bytes, car, "car.cbor");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_EQ(error.where().rfind("car.cbor", 0), 0u);
    return error.where() + ": " + error.reason();
  }
  return "";
}

std::string RefusalOfChanged(const std::function<void(Json&)>& change) {
  Car car = SomeCar();
  Json root = Json::from_cbor(SaveState(car));
  change(root);
  return Refusal(Json::to_cbor(root));
}

TEST(Archive, RoundTripIsExact) {
  Car car = SomeCar(), copy;
  LoadState(SaveState(car), copy, "car");
  EXPECT_EQ(copy, car);
  car.leader.reset();
  car.wheels.clear();
  LoadState(SaveState(car), copy, "car");
  EXPECT_EQ(copy, car);
}

TEST(Archive, DoublesKeepEveryBit) {
  std::vector<double> values = {0.0,
                                -0.0,
                                1.0 / 3.0,
                                5e-324,
                                -1.7976931348623157e308,
                                static_cast<double>(0.1f),
                                std::numeric_limits<double>::infinity()};
  std::vector<double> copy;
  LoadState(SaveState(values), copy, "values");
  ASSERT_EQ(copy.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(copy[i]), std::bit_cast<uint64_t>(values[i]));
  }
}

TEST(Archive, AnotherCborReaderSeesTheNamedFields) {
  Car car = SomeCar();
  const auto root = nlohmann::json::from_cbor(SaveState(car));
  EXPECT_EQ(root.size(), 9u);
  EXPECT_EQ(root["id"], -5);
  EXPECT_EQ(root["key"], ~uint64_t{0});
  EXPECT_EQ(root["colour"], 1);
  EXPECT_EQ(root["name"], "kite é");
  EXPECT_EQ(root["wheels"][0]["speed"], 0.1);
  EXPECT_EQ(root["wheels"][1]["turning"], false);
  EXPECT_EQ(root["position"][1], 5e-324);
  EXPECT_EQ(root["weights"].get_binary().size(), 8u);
  EXPECT_EQ(root["frame"].get_binary()[1], 255);
  EXPECT_EQ(root["leader"][0], 3);
}

TEST(Archive, MissingUnknownAndWronglyTypedFieldsAreNamed) {
  EXPECT_EQ(RefusalOfChanged([](Json&) {}), "");
  const auto expect_named = [](const std::string& field, const std::function<void(Json&)>& change) {
    const std::string refusal = RefusalOfChanged(change);
    EXPECT_NE(refusal.find("field " + field), std::string::npos) << refusal;
  };
  for (const char* name :
       {"id", "key", "colour", "name", "wheels", "position", "weights", "frame", "leader"}) {
    expect_named(name, [&](Json& root) { root.erase(name); });
    expect_named(name, [&](Json& root) { root[name] = Json::object(); });
  }
  EXPECT_NE(RefusalOfChanged([](Json& root) { root["extra"] = 1; }).find("10 fields, 9 are known"),
            std::string::npos);
  expect_named("wheels.1.speed", [](Json& root) { root["wheels"][1].erase("speed"); });
  expect_named("wheels.0", [](Json& root) { root["wheels"][0]["extra"] = 1; });
  expect_named("wheels.0.speed", [](Json& root) { root["wheels"][0]["speed"] = 1; });
  expect_named("wheels.0.turning", [](Json& root) { root["wheels"][0]["turning"] = 1; });
  expect_named("id", [](Json& root) { root["id"] = int64_t{1} << 31; });
  expect_named("id", [](Json& root) { root["id"] = 1.0; });
  expect_named("key", [](Json& root) { root["key"] = -1; });
  expect_named("colour", [](Json& root) { root["colour"] = 256; });
  expect_named("position", [](Json& root) { root["position"].push_back(1.0); });
  expect_named("weights", [](Json& root) { root["weights"] = Json::binary({1, 2, 3}); });
  expect_named("leader", [](Json& root) { root["leader"] = {1, 2}; });
}

TEST(Archive, EveryTruncationAndEveryFlippedBitIsRefusedOrSeen) {
  Car car = SomeCar();
  const std::vector<uint8_t> whole = SaveState(car);
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_NE(Refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}), "");
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::vector<uint8_t> bytes = whole;
      bytes[i] ^= static_cast<uint8_t>(1 << bit);
      Car copy;
      try {
        LoadState(bytes, copy, "car.cbor");
        EXPECT_FALSE(copy == car) << "byte " << i << " bit " << bit << " changed nothing";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::kBadInput);
      }
    }
  }
  std::vector<uint8_t> longer = whole;
  longer.push_back(0);
  EXPECT_NE(Refusal(longer), "");
}

TEST(Archive, HostileDocumentsAreRefusedBeforeTheyAreBuilt) {
  const auto nested = [](uint8_t byte, size_t depth) {
    std::vector<uint8_t> bytes(depth, byte);
    bytes.push_back(0);
    return bytes;
  };
  EXPECT_NE(Refusal(nested(0x81, 10'000'000)).find("nested deeper"), std::string::npos);
  std::vector<uint8_t> maps;  // {"a": {"a": ...
  for (int i = 0; i < 1'000'000; ++i) maps.insert(maps.end(), {0xa1, 0x61, 'a'});
  EXPECT_NE(Refusal(maps).find("nested deeper"), std::string::npos);
  EXPECT_NE(Refusal(nested(0xc1, 1'000'000)).find("unknown type"), std::string::npos);  // tags

  // Lengths of 2^64 - 1 and 2^32 - 1: byte string, text, list, map.
  for (const uint8_t major : {0x40, 0x60, 0x80, 0xa0}) {
    EXPECT_NE(Refusal({uint8_t(major | 27), 255, 255, 255, 255, 255, 255, 255, 255, 0, 0})
                  .find("longer than the document"),
              std::string::npos);
    EXPECT_NE(
        Refusal({uint8_t(major | 26), 255, 255, 255, 255, 0, 0}).find("longer than the document"),
        std::string::npos);
    EXPECT_NE(Refusal({uint8_t(major | 31), 0xff}), "");  // indefinite length
    for (const uint8_t info : {28, 29, 30}) EXPECT_NE(Refusal({uint8_t(major | info), 0}), "");
  }
  // A list of 8 million small integers would take 128 MB of nodes.
  std::vector<uint8_t> list = {0x9a, 0x00, 0x80, 0x00, 0x00};
  list.resize(list.size() + 0x800000, 0);
  EXPECT_NE(Refusal(list).find("too many items"), std::string::npos);
  // A map of 10,000 keys would be searched in linear time.
  std::vector<uint8_t> map = {0xb9, 0x27, 0x10};
  for (int i = 0; i < 10000; ++i) map.insert(map.end(), {0x61, 'a', 0});
  EXPECT_NE(Refusal(map).find("too many fields"), std::string::npos);
  EXPECT_NE(Refusal({0xa1, 0x01, 0x01}).find("key is not text"), std::string::npos);
  EXPECT_NE(Refusal({0xf6}), "");  // null
  EXPECT_NE(Refusal({}), "");
}

TEST(Archive, AFieldThatStandsThereTwiceIsRefused) {
  // {"speed": 1.0, "turning": true, "turning": false} with the map's length set to 3.
  Wheel wheel{1.0, true};
  std::vector<uint8_t> bytes = SaveState(wheel);
  ASSERT_EQ(bytes[0], 0xa2);
  bytes[0] = 0xa3;
  const std::string key = "turning";
  bytes.push_back(static_cast<uint8_t>(0x60 | key.size()));
  bytes.insert(bytes.end(), key.begin(), key.end());
  bytes.push_back(0xf4);
  EXPECT_THROW(LoadState(bytes, wheel, "wheel"), Error);
}

}  // namespace
}  // namespace volante
