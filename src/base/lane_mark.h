// What is painted on a lane's edge, by the words of OpenDRIVE and of CARLA's lane invasion sensor.
// Plain values that road, simulator and environments share.
#pragma once

#include <cstdint>

namespace volante {

enum class LaneMarkType : uint8_t {
  kNone,
  kOther,
  kBroken,
  kSolid,
  kSolidSolid,
  kSolidBroken,  // of two lines, the one nearer to the road's centre first
  kBrokenSolid,
  kBrokenBroken,
  kBottsDots,
  kGrass,
  kCurb,
};

// Whether one of its lines is unbroken.
constexpr bool HasSolidLine(LaneMarkType type) {
  return type == LaneMarkType::kSolid || type == LaneMarkType::kSolidSolid ||
         type == LaneMarkType::kSolidBroken || type == LaneMarkType::kBrokenSolid;
}

enum class LaneMarkColor : uint8_t { kWhite, kYellow, kOther };

// Which lane change over the mark the file permits, in the driving direction of the lane that it
// belongs to. Says nothing of the type: a file may permit what a solid line would forbid.
enum class PermittedChange : uint8_t { kNone, kRight, kLeft, kBoth };

struct LaneMark {
  LaneMarkType type = LaneMarkType::kNone;
  LaneMarkColor color = LaneMarkColor::kWhite;
  PermittedChange change = PermittedChange::kBoth;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("type", type);
    ar("color", color);
    ar("change", change);
  }
  friend bool operator==(const LaneMark&, const LaneMark&) = default;
};

// A mark that the car crossed: on the left or right edge of the lane that it left, or entered from
// beside the road.
struct CrossedMark {
  LaneMark mark;
  bool left = false;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("mark", mark);
    ar("left", left);
  }
  friend bool operator==(const CrossedMark&, const CrossedMark&) = default;
};

}  // namespace volante
