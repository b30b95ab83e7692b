// Two states are told apart by the name of the field in which they differ.
#include "base/state_difference.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <optional>

#include "base/archive.h"
#include "base/error.h"

namespace volante {
namespace {

struct Car {
  double speed_mps = 8.0;
  int lane = 3;
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("speed_mps", speed_mps);
    ar("lane", lane);
  }
};
struct State {
  std::vector<Car> cars = {{}, {}, {}};
  std::string name = "here";
  std::vector<uint8_t> picture = {1, 2, 3};
  bool open = false;
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("cars", cars);
    ar("name", name);
    ar("picture", picture);
    ar("open", open);
  }
};

std::string Between(State a, State b) {
  return FirstDifference(SaveState(a), SaveState(b), "test");
}

TEST(StateDifference, EqualStatesDifferNowhere) {
  State nan;
  nan.cars[0].speed_mps = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Between({}, {}), "");
  EXPECT_EQ(Between(nan, nan), "") << "a NaN is itself, bit for bit";
}

TEST(StateDifference, TheFirstFieldIsNamedWithBothValues) {
  State other;
  other.cars[1].speed_mps = 8.5;
  other.cars[2].lane = 4;
  EXPECT_EQ(Between({}, other), "cars[1].speed_mps: 8 against 8.5");
  other.cars[1].speed_mps = 8.0;
  EXPECT_EQ(Between({}, other), "cars[2].lane: 3 against 4");
  other.cars.pop_back();
  EXPECT_EQ(Between({}, other), "cars: a list of 3 against a list of 2");
}

TEST(StateDifference, EveryKindOfFieldIsCompared) {
  State name, picture, open, zero, negative;
  name.name = "there";
  picture.picture[2] = 9;
  open.open = true;
  zero.cars[0].speed_mps = 0.0;
  negative.cars[0].speed_mps = -0.0;
  EXPECT_EQ(Between({}, name), "name: \"here\" against \"there\"");
  EXPECT_EQ(Between({}, picture), "picture byte 2: 3 against 9");
  EXPECT_EQ(Between({}, open), "open: false against true");
  EXPECT_EQ(Between(zero, negative), "cars[0].speed_mps: 0 against -0") << "bit for bit";
}

TEST(StateDifference, FieldsThatOneStateLacksAreNamed) {
  Car car;
  State state;
  EXPECT_EQ(FirstDifference(SaveState(car), SaveState(state), "test"),
            "speed_mps: 8 against no such field");
}

TEST(StateDifference, RefusesWhatIsNoState) {
  State state;
  const std::vector<uint8_t> bytes = SaveState(state), cut(bytes.begin(), bytes.end() - 3);
  EXPECT_THROW(FirstDifference(bytes, cut, "test"), Error);
}

}  // namespace
}  // namespace volante
