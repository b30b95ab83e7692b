// A highway round an oval: two lanes each way below its two bridges and three between them, and a
// road across, over both bridges, with ramps to and from every carriageway.
// A ramp leaves from a lane of its own, the third one, which begins where the ramp before it joins;
// from and to the second lane one changes where it begins and ends.
// Each of the four carriageways at a bridge is written in the same frame: the highway along x, its
// lanes on the right, the bridge at x = 0, the ramps' junction with the road across at y = -45.
#include <array>
#include <cmath>
#include <numbers>

#include "road/town_plan.h"
#include "road/towns.h"

namespace volante {
namespace {

using xodr::Piece;
using xodr::Print;
using xodr::RoadEndId;

constexpr double kLane_m = 3.6, kMedian_m = 1.5, kShoulder_m = 2.5, kRampShoulder_m = 1.0;
constexpr double kNear_m = 160.0, kFar_m = 220.0;  // where the ramps' lanes begin and end
constexpr double kBridge_m = 6.5;                  // height of the road across
constexpr double kTerminal_m = 45.0;  // from the highway's middle to the ramps' junctions
constexpr double kTrim_m = 11.5;      // of those junctions
constexpr double kOval_m = 220.0;     // between the middles of its two sides
constexpr double kRampAngle = 20.0 * std::numbers::pi / 180.0, kRampRadius_m = 100.0;
constexpr xodr::Limit kFast = {80, "km/h"}, kSlow = {50, "km/h"};

enum Road {
  kEastLoop = 1,
  kWestLoop,
  kSouthSide,
  kNorthSide,
  kSouthBridge = 10,
  kMiddle,
  kNorthBridge,
  kFirstRamp = 20,
  kFirstWay = 200
};
enum Place {
  kSouthWest = 100,
  kSouthEast,
  kNorthEast,
  kNorthWest,
  kSouthOut,
  kSouthIn,
  kNorthIn,
  kNorthOut,
  kEndOfPlaces
};

// One carriageway at one bridge, in the order in which its cars meet things.
struct Carriageway {
  Pose2 frame;
  RoadEndId before, below_begin, below_end, after;  // of the highway's roads, as its cars meet them
  int side;                                         // -1: drives along the roads, 1: against
  Place off, on, terminal;
};
const std::array<Carriageway, 4> kCarriageways = {{
    {{{0, 0}, 0},
     {kWestLoop, false},
     {kSouthSide, true},
     {kSouthSide, false},
     {kEastLoop, true},
     -1,
     kSouthWest,
     kSouthEast,
     kSouthOut},
    {{{0, 0}, std::numbers::pi},
     {kEastLoop, true},
     {kSouthSide, false},
     {kSouthSide, true},
     {kWestLoop, false},
     1,
     kSouthEast,
     kSouthWest,
     kSouthIn},
    {{{0, kOval_m}, std::numbers::pi},
     {kEastLoop, false},
     {kNorthSide, true},
     {kNorthSide, false},
     {kWestLoop, true},
     -1,
     kNorthEast,
     kNorthWest,
     kNorthOut},
    {{{0, kOval_m}, 0},
     {kWestLoop, true},
     {kNorthSide, false},
     {kNorthSide, true},
     {kEastLoop, false},
     1,
     kNorthWest,
     kNorthEast,
     kNorthIn},
}};

// Left edge of a carriageway's lane, counted from its median.
double EdgeOf(int lane) { return -kMedian_m - (lane - 1) * kLane_m; }

Pose2 InWorld(const Pose2& frame, Vec2 at, double heading_rad) {
  return {WorldFromLocal(frame, at), WrapAngle(frame.heading_rad + heading_rad)};
}

std::vector<xodr::Profile> Smooth(double from_m, double to_m, double length_m) {
  const double rise = to_m - from_m;
  return {{0.0, from_m, 0.0, 3.0 * rise / (length_m * length_m),
           -2.0 * rise / (length_m * length_m * length_m)}};
}

// The line through the corners from a point to another, by arcs.
std::vector<Piece> LineBy(Vec2 from, std::vector<PlannedBend> bends, Vec2 to) {
  TownPlan ends;
  ends.junctions = {{from}, {to}};
  PlannedStreet line;
  line.to = 1;
  line.bends = std::move(bends);
  return Alignment(ends, line, 0.0, 0.0);
}

class HighwayWriter {
 public:
  std::string Write() {
    out_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!-- Made by `volante map make highway`; do not edit. -->\n"
        "<OpenDRIVE>\n"
        "  <header revMajor=\"1\" revMinor=\"4\" name=\"highway\" version=\"1.00\""
        " north=\"290\" south=\"-70\" east=\"380\" west=\"-380\" vendor=\"Volante\"/>\n";
    WriteHighway();
    WriteRoadAcross();
    for (int c = 0; c < 4; ++c) WriteRamps(c);
    for (int c = 0; c < 4; ++c) WriteHighwayWays(c);
    WriteTerminalWays();
    for (int place = kSouthWest; place < kEndOfPlaces; ++place) {
      Print(out_, "  <junction id=\"%d\" name=\"Junction %d\">\n", place, place);
      out_ += connections_[static_cast<size_t>(place - kSouthWest)] + "  </junction>\n";
    }
    return std::move(out_) + "</OpenDRIVE>\n";
  }

 private:
  void BeginRoad(const char* name, int id, int junction, const std::vector<Piece>& pieces) {
    Print(out_, "  <road name=\"%s %d\" length=\"%.6f\" id=\"%d\" junction=\"%d\">\n", name, id,
          xodr::LengthOf(pieces), id, junction);
  }
  void Alignments(const std::vector<Piece>& pieces, xodr::Limit limit,
                  const std::vector<xodr::Profile>& elevation) {
    xodr::WriteSpeed(out_, limit);
    xodr::WritePlanView(out_, pieces);
    xodr::WriteElevation(out_, elevation);
  }
  static std::string LaneText(int id, const char* type, double width_m, const std::string& mark,
                              const std::string& link = "") {
    std::string text;
    xodr::WriteLane(text, id, type, width_m, link, mark);
    return text;
  }

  // ---- the roads ---------------------------------------------------------------------------

  void WriteHighwayRoad(int id, int from, int to, const std::vector<Piece>& pieces, int lanes) {
    const std::string solid = xodr::Mark("solid", MarkColor::kWhite);
    const std::string broken = xodr::Mark("broken", MarkColor::kWhite, {4, 8});
    const std::string inner = xodr::Mark("solid", MarkColor::kYellow);
    BeginRoad("Highway", id, -1, pieces);
    xodr::WriteJunctionLinks(out_, from, to);
    Alignments(pieces, kFast, {});
    std::string left = LaneText(lanes + 2, "shoulder", kShoulder_m, ""), right;
    for (int lane = lanes; lane >= 1; --lane) {
      left += LaneText(lane + 1, "driving", kLane_m, lane == lanes ? solid : broken);
    }
    left += LaneText(1, "median", kMedian_m, inner);
    right = LaneText(-1, "median", kMedian_m, inner);
    for (int lane = 1; lane <= lanes; ++lane) {
      right += LaneText(-lane - 1, "driving", kLane_m, lane == lanes ? solid : broken);
    }
    right += LaneText(-lanes - 2, "shoulder", kShoulder_m, "");
    xodr::WriteLanes(out_, left, "", right);
    out_ += "  </road>\n";
  }

  void WriteHighway() {
    constexpr double kCorner_m = 345.0, kRadius_m = 80.0, kSpiral_m = 40.0;
    const auto loop = [&](double side) {  // 1: east, -1: west
      const double low = side > 0 ? 0.0 : kOval_m, high = side > 0 ? kOval_m : 0.0;
      return LineBy({side * kFar_m, low},
                    {{{side * kCorner_m, low}, kRadius_m, kSpiral_m},
                     {{side * kCorner_m, high}, kRadius_m, kSpiral_m}},
                    {side * kFar_m, high});
    };
    WriteHighwayRoad(kEastLoop, kSouthEast, kNorthEast, loop(1.0), 3);
    WriteHighwayRoad(kWestLoop, kNorthWest, kSouthWest, loop(-1.0), 3);
    WriteHighwayRoad(kSouthSide, kSouthWest, kSouthEast, LineBy({-kNear_m, 0}, {}, {kNear_m, 0}),
                     2);
    WriteHighwayRoad(kNorthSide, kNorthEast, kNorthWest,
                     LineBy({kNear_m, kOval_m}, {}, {-kNear_m, kOval_m}), 2);
  }

  // A two-way road from south to north.
  void WriteRoadAcross() {
    const auto write = [&](int id, int from, int to, double begin_y, double end_y, double dip_m) {
      const auto pieces = LineBy({0, begin_y + kTrim_m}, {}, {0, end_y - kTrim_m});
      BeginRoad("Across", id, -1, pieces);
      xodr::WriteJunctionLinks(out_, from, to);
      const double length = xodr::LengthOf(pieces), half = 0.5 * length;
      std::vector<xodr::Profile> elevation = {{0.0, kBridge_m}};
      if (dip_m != 0.0) {
        elevation = Smooth(kBridge_m, kBridge_m - dip_m, half);
        elevation.push_back(Smooth(kBridge_m - dip_m, kBridge_m, half).front());
        elevation.back().s_m = half;
      }
      Alignments(pieces, kSlow, elevation);
      const std::string solid = xodr::Mark("solid", MarkColor::kWhite);
      xodr::WriteLanes(
          out_,
          LaneText(2, "shoulder", kRampShoulder_m, "") + LaneText(1, "driving", kLane_m, solid),
          xodr::Mark("broken", MarkColor::kWhite),
          LaneText(-1, "driving", kLane_m, solid) + LaneText(-2, "shoulder", kRampShoulder_m, ""));
      out_ += "  </road>\n";
    };
    write(kSouthBridge, kSouthOut, kSouthIn, -kTerminal_m, kTerminal_m, 0.0);
    write(kMiddle, kSouthIn, kNorthIn, kTerminal_m, kOval_m - kTerminal_m, 2.5);
    write(kNorthBridge, kNorthIn, kNorthOut, kOval_m - kTerminal_m, kOval_m + kTerminal_m, 0.0);
  }

  static int OffRamp(int carriageway) { return kFirstRamp + 2 * carriageway; }
  static int OnRamp(int carriageway) { return kFirstRamp + 2 * carriageway + 1; }

  // Where a ramp's own road begins, in the carriageway's frame: at the end of the arc that leaves
  // the third lane. A ramp that joins is the mirror image of one that leaves.
  static Vec2 RampBegin() {
    return {-kFar_m + kRampRadius_m * std::sin(kRampAngle),
            EdgeOf(3) - kRampRadius_m * (1.0 - std::cos(kRampAngle))};
  }

  void WriteRamps(int carriageway) {
    const Carriageway& c = kCarriageways[static_cast<size_t>(carriageway)];
    const Vec2 begin = RampBegin();
    const double corner_x = begin.x + (begin.y + kTerminal_m) / std::tan(kRampAngle);
    const auto at = [&](double x, double y) { return WorldFromLocal(c.frame, {x, y}); };
    constexpr double kBend_m = 80.0;
    for (const bool off : {true, false}) {
      const std::vector<Piece> pieces =
          off ? LineBy(at(begin.x, begin.y), {{at(corner_x, -kTerminal_m), kBend_m}},
                       at(-kTrim_m, -kTerminal_m))
              : LineBy(at(kTrim_m, -kTerminal_m), {{at(-corner_x, -kTerminal_m), kBend_m}},
                       at(-begin.x, begin.y));
      BeginRoad("Ramp", off ? OffRamp(carriageway) : OnRamp(carriageway), -1, pieces);
      xodr::WriteJunctionLinks(out_, off ? c.off : c.terminal, off ? c.terminal : c.on);
      const double length = xodr::LengthOf(pieces);
      Alignments(pieces, kSlow,
                 off ? Smooth(0.0, kBridge_m, length) : Smooth(kBridge_m, 0.0, length));
      const std::string solid = xodr::Mark("solid", MarkColor::kWhite);
      xodr::WriteLanes(
          out_, LaneText(1, "shoulder", kRampShoulder_m, ""), solid,
          LaneText(-1, "driving", kLane_m, solid) + LaneText(-2, "shoulder", kRampShoulder_m, ""));
      out_ += "  </road>\n";
    }
  }

  // ---- ways through junctions --------------------------------------------------------------

  struct LaneLink {
    int from = 0, own = 0, to = 0;
  };
  // What lies beside a way's lanes: left of them a median or a shoulder, right of them a shoulder
  // from one width to another.
  struct Beside {
    double median_m = 0.0, left_shoulder_m = 0.0, begin_m = 0.0, end_m = 0.0;
  };

  // A connecting road of the lanes that `lanes` describes, with its record in the junction.
  void WriteWay(int place, RoadEndId from, RoadEndId to, const std::vector<LaneLink>& links,
                const std::vector<Piece>& pieces, xodr::Limit limit, double height_m,
                const Beside& beside) {
    const int id = kFirstWay + num_ways_++;
    BeginRoad("Way", id, place, pieces);
    xodr::WriteRoadLinks(out_, from, to);
    std::vector<xodr::Profile> elevation;
    if (height_m != 0.0) elevation.push_back({0.0, height_m});
    Alignments(pieces, limit, elevation);
    std::string lanes, lane_links;
    if (beside.median_m > 0.0) lanes += LaneText(-1, "median", beside.median_m, "");
    for (const LaneLink& link : links) {
      std::string ends;
      Print(ends, "<predecessor id=\"%d\"/><successor id=\"%d\"/>", link.from, link.to);
      lanes += LaneText(link.own, "driving", kLane_m, "", ends);
      Print(lane_links, "<laneLink from=\"%d\" to=\"%d\"/>", link.from, link.own);
    }
    if (beside.begin_m > 0.0) {
      Print(lanes,
            "          <lane id=\"%d\" type=\"shoulder\" level=\"false\"><width sOffset=\"0\""
            " a=\"%g\" b=\"%.9f\" c=\"0\" d=\"0\"/></lane>\n",
            links.back().own - 1, beside.begin_m,
            xodr::Rounded((beside.end_m - beside.begin_m) / xodr::LengthOf(pieces), 1e-9));
    }
    const std::string left =
        beside.left_shoulder_m > 0.0 ? LaneText(1, "shoulder", beside.left_shoulder_m, "") : "";
    xodr::WriteLanes(out_, left, "", lanes);
    out_ += "  </road>\n";
    const auto k = static_cast<size_t>(place - kSouthWest);
    Print(connections_[k],
          "    <connection id=\"%d\" incomingRoad=\"%d\" connectingRoad=\"%d\""
          " contactPoint=\"start\">%s</connection>\n",
          num_connections_[k]++, from.road, id, lane_links.c_str());
  }

  // Two lanes straight on, the third lane to or from the ramp, and from or to the second lane.
  void WriteHighwayWays(int carriageway) {
    const Carriageway& c = kCarriageways[static_cast<size_t>(carriageway)];
    const int side = c.side;
    const auto straight = [&](double x) {
      return std::vector<Piece>{{InWorld(c.frame, {x, 0}, 0.0), kFar_m - kNear_m, 0.0, 0.0}};
    };
    // By 3.6 m to one side: two arcs.
    const auto shift = [&](double x, int from_lane, int to_lane) {
      const double length = kFar_m - kNear_m, offset = EdgeOf(to_lane) - EdgeOf(from_lane);
      const double angle = 2.0 * std::atan(std::abs(offset) / length);
      const double curvature = std::copysign(2.0 * std::sin(angle) / length, offset);
      const Piece first{InWorld(c.frame, {x, EdgeOf(from_lane)}, 0.0), angle / std::abs(curvature),
                        curvature, curvature};
      return std::vector<Piece>{first,
                                {xodr::EndOf(first), first.length_m, -curvature, -curvature}};
    };
    const double turn = -1.0 / kRampRadius_m, arc_m = kRampRadius_m * kRampAngle;
    const std::vector<LaneLink> through = {{2 * side, -2, 2 * side}, {3 * side, -3, 3 * side}};
    const RoadEndId off_ramp{OffRamp(carriageway), true}, on_ramp{OnRamp(carriageway), false};

    const Beside highway{kMedian_m, 0.0, kShoulder_m, kShoulder_m};
    WriteWay(c.off, c.before, c.below_begin, through, straight(-kFar_m), kFast, 0.0, highway);
    WriteWay(c.off, c.before, c.below_begin, {{4 * side, -1, 3 * side}}, shift(-kFar_m, 3, 2),
             kFast, 0.0, {});
    WriteWay(c.off, c.before, off_ramp, {{4 * side, -1, -1}},
             {{InWorld(c.frame, {-kFar_m, EdgeOf(3)}, 0.0), arc_m, turn, turn}}, kSlow, 0.0,
             {0.0, kRampShoulder_m, kShoulder_m, kRampShoulder_m});

    WriteWay(c.on, c.below_end, c.after, through, straight(kNear_m), kFast, 0.0, highway);
    WriteWay(c.on, c.below_end, c.after, {{3 * side, -1, 4 * side}}, shift(kNear_m, 2, 3), kFast,
             0.0, {});
    const Vec2 begin = RampBegin();
    WriteWay(c.on, on_ramp, c.after, {{-1, -1, 4 * side}},
             {{InWorld(c.frame, {-begin.x, begin.y}, kRampAngle), arc_m, turn, turn}}, kSlow, 0.0,
             {0.0, kRampShoulder_m, kRampShoulder_m, kShoulder_m});
  }

  // A road's end at a junction of the ramps: in or out, heading as its cars do.
  struct Arm {
    RoadEndId end;
    int lane = -1;
    double heading_rad = 0.0;
  };

  void WriteTerminal(int place, Vec2 center, const std::vector<Arm>& in,
                     const std::vector<Arm>& out) {
    for (const Arm& from : in) {
      double rightmost = 1e9;
      for (const Arm& to : out) {
        if (to.end.road != from.end.road) {
          rightmost = std::min(rightmost, WrapAngle(to.heading_rad - from.heading_rad));
        }
      }
      for (const Arm& to : out) {
        if (to.end.road == from.end.road) continue;
        const double turn = WrapAngle(to.heading_rad - from.heading_rad);
        const Pose2 begin{center - UnitFromHeading(from.heading_rad) * kTrim_m, from.heading_rad};
        const bool straight = std::abs(turn) < 1e-6;
        const double radius = straight ? 0.0 : kTrim_m / std::tan(0.5 * std::abs(turn));
        const double curvature = straight ? 0.0 : std::copysign(1.0 / radius, turn);
        const double length = straight ? 2.0 * kTrim_m : radius * std::abs(turn);
        WriteWay(place, from.end, to.end, {{from.lane, -1, to.lane}},
                 {{begin, length, curvature, curvature}}, kSlow, kBridge_m,
                 turn == rightmost ? Beside{0.0, 0.0, kRampShoulder_m, kRampShoulder_m} : Beside{});
      }
    }
  }

  void WriteTerminalWays() {
    constexpr double north = 0.5 * std::numbers::pi, south = -north;
    const auto ramps = [&](int carriageway, std::vector<Arm>& in, std::vector<Arm>& out) {
      const double heading = kCarriageways[static_cast<size_t>(carriageway)].frame.heading_rad;
      in.push_back({{OffRamp(carriageway), false}, -1, heading});
      out.push_back({{OnRamp(carriageway), true}, -1, heading});
    };
    const auto across = [&](int road, bool at_start, std::vector<Arm>& in, std::vector<Arm>& out) {
      in.push_back({{road, at_start}, at_start ? 1 : -1, at_start ? south : north});
      out.push_back({{road, at_start}, at_start ? -1 : 1, at_start ? north : south});
    };
    const auto terminal = [&](int place, double y, int carriageway, int south_road,
                              int north_road) {
      std::vector<Arm> in, out;
      ramps(carriageway, in, out);
      if (south_road != 0) across(south_road, false, in, out);
      if (north_road != 0) across(north_road, true, in, out);
      WriteTerminal(place, {0, y}, in, out);
    };
    terminal(kSouthOut, -kTerminal_m, 0, 0, kSouthBridge);
    terminal(kSouthIn, kTerminal_m, 1, kSouthBridge, kMiddle);
    terminal(kNorthIn, kOval_m - kTerminal_m, 3, kMiddle, kNorthBridge);
    terminal(kNorthOut, kOval_m + kTerminal_m, 2, kNorthBridge, 0);
  }

  std::string out_;
  std::array<std::string, kEndOfPlaces - kSouthWest> connections_;
  std::array<int, kEndOfPlaces - kSouthWest> num_connections_{};
  int num_ways_ = 0;
};

}  // namespace

std::string MakeHighwayTown() { return HighwayWriter().Write(); }

}  // namespace volante
