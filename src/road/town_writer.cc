// A plan of a town as OpenDRIVE text: streets become roads of lines, arcs and spirals, and each
// way through a junction a connecting road of one lane.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "road/town_plan.h"

namespace volante {
namespace {

using xodr::HeadingOf;
using xodr::Mark;
using xodr::Piece;
using xodr::Print;

constexpr int kFirstJunctionId = 100, kFirstConnectingId = 200;
constexpr int kFirstSignalId = 1000, kSignalsPerJunction = 10, kStopLineIds = 2000;
constexpr int kFirstControllerId = 5000, kControllersPerJunction = 10;
constexpr double kSameHeading = 1e-6;
constexpr double kStraightOn = 30.0 * std::numbers::pi / 180.0;  // RoadNetwork's own limit

// Where a street meets a junction.
struct Arm {
  int street = 0;
  bool at_start = false;     // the street begins here
  double outward_rad = 0.0;  // away from the junction
  int lanes = 1;
};

// From lane `from` of an arm to lane `to` of another, counted from the middle of the street.
struct LanePair {
  int from = 1, to = 1;
};

std::vector<std::vector<Arm>> ArmsOf(const TownPlan& plan) {
  std::vector<std::vector<Arm>> arms(plan.junctions.size());
  for (size_t i = 0; i < plan.streets.size(); ++i) {
    const PlannedStreet& s = plan.streets[i];
    const Vec2 a = plan.junctions[static_cast<size_t>(s.from)].position_m;
    const Vec2 b = plan.junctions[static_cast<size_t>(s.to)].position_m;
    const Vec2 after_a = s.bends.empty() ? b : s.bends.front().corner_m;
    const Vec2 before_b = s.bends.empty() ? a : s.bends.back().corner_m;
    arms[static_cast<size_t>(s.from)].push_back(
        {static_cast<int>(i), true, HeadingOf(a, after_a), s.lanes});
    arms[static_cast<size_t>(s.to)].push_back(
        {static_cast<int>(i), false, HeadingOf(b, before_b), s.lanes});
  }
  return arms;
}

double TurnBetween(const Arm& from, const Arm& to) {
  return WrapAngle(to.outward_rad - (from.outward_rad + std::numbers::pi));
}

// Left turns leave from the inner lane, right turns from the outer one, both may go straight on.
std::vector<LanePair> LanePairs(const Arm& from, const Arm& to, double turn) {
  if (turn >= kStraightOn) return {{1, 1}};
  if (turn <= -kStraightOn) return {{from.lanes, to.lanes}};
  std::vector<LanePair> pairs;
  for (int lane = 1; lane <= std::min(from.lanes, to.lanes); ++lane) pairs.push_back({lane, lane});
  return pairs;
}

Pose2 ShiftedRight(Pose2 pose, double distance_m) {
  if (distance_m == 0.0) return pose;
  const Vec2 u = UnitFromHeading(pose.heading_rad);
  return {pose.position_m + Vec2{u.y, -u.x} * distance_m, pose.heading_rad};
}

// The left edge of a way: straight, or an arc with a line before or after it.
std::vector<Piece> WayLine(const TownPlan& plan, Vec2 center, const Arm& from, const Arm& to,
                           LanePair lanes, double trim_m) {
  const double heading = from.outward_rad + std::numbers::pi;
  const double turn = TurnBetween(from, to);
  const Pose2 begin = ShiftedRight({center + UnitFromHeading(from.outward_rad) * trim_m, heading},
                                   (lanes.from - 1) * plan.lane_width_m);
  if (std::abs(turn) < kSameHeading) return {{begin, 2.0 * trim_m, 0.0, 0.0}};
  double before = trim_m, after = trim_m;  // to where the tangents meet
  if (lanes.from != 1 || lanes.to != 1) {
    const Pose2 end =
        ShiftedRight({center + UnitFromHeading(to.outward_rad) * trim_m, to.outward_rad},
                     (lanes.to - 1) * plan.lane_width_m);
    const Vec2 u = UnitFromHeading(heading), v = UnitFromHeading(to.outward_rad);
    const Vec2 between = end.position_m - begin.position_m;
    before = Cross(between, v) / Cross(u, v);
    after = Cross(u, between) / Cross(u, v);
  }
  const double tangent = std::min(before, after);
  const double radius = tangent / std::tan(0.5 * std::abs(turn));
  const double curvature = std::copysign(1.0 / radius, turn);
  std::vector<Piece> pieces;
  constexpr double kShortestLine = 1e-3;
  if (before - tangent > kShortestLine) {
    pieces.push_back({begin, before - tangent, 0.0, 0.0});
  }
  const Pose2 arc{begin.position_m + UnitFromHeading(heading) * (before - tangent), heading};
  pieces.push_back({arc, radius * std::abs(turn), curvature, curvature});
  if (after - tangent > kShortestLine) {
    pieces.push_back({xodr::EndOf(pieces.back()), after - tangent, 0.0, 0.0});
    pieces.back().start.heading_rad = to.outward_rad;
  }
  return pieces;
}

// Of the centre of the way's lane.
double TightestRadius(const TownPlan& plan, const std::vector<Piece>& pieces) {
  double radius = 1e9;
  for (const Piece& p : pieces) {
    if (p.curvature_1pm == 0.0) continue;
    const double center =
        1.0 / std::abs(p.curvature_1pm) + std::copysign(0.5 * plan.lane_width_m, p.curvature_1pm);
    radius = std::min(radius, center);
  }
  return radius;
}

// The turn between two arms is the arc that touches both, and the right turn's lane runs half a
// lane inside of it.
double Trim(const TownPlan& plan, const std::vector<Arm>& arms) {
  double trim = 0.0;
  bool one_lane = true;
  const double radius = plan.turn_radius_m + 0.5 * plan.lane_width_m;
  for (const Arm& from : arms) {
    one_lane = one_lane && from.lanes == 1;
    for (const Arm& to : arms) {
      const double turn = TurnBetween(from, to);
      if (from.street == to.street || std::abs(turn) < kSameHeading) continue;
      trim = std::max(trim, radius * std::tan(0.5 * std::abs(turn)));
    }
  }
  if (one_lane) return trim;
  const auto too_tight = [&](double trim_m) {
    for (const Arm& from : arms) {
      for (const Arm& to : arms) {
        if (from.street == to.street) continue;
        for (const LanePair& lanes : LanePairs(from, to, TurnBetween(from, to))) {
          const auto line = WayLine(plan, {0, 0}, from, to, lanes, trim_m);
          if (TightestRadius(plan, line) < plan.turn_radius_m) return true;
        }
      }
    }
    return false;
  };
  trim = std::ceil(trim);
  while (too_tight(trim)) trim += 0.5;
  return trim;
}

// Even from end to end, with level ends; by way of a hump's level top.
std::vector<xodr::Profile> Elevation(const TownPlan& plan, const PlannedStreet& street,
                                     double length_m) {
  const double begin = plan.junctions[static_cast<size_t>(street.from)].height_m;
  const double end = plan.junctions[static_cast<size_t>(street.to)].height_m;
  if (begin == 0.0 && end == 0.0 && street.hump_m == 0.0) return {};
  const auto smooth = [](double s, double length, double from, double to) {
    const double rise = to - from;
    return xodr::Profile{s, from, 0.0, 3.0 * rise / (length * length),
                         -2.0 * rise / (length * length * length)};
  };
  if (street.hump_m == 0.0) return {smooth(0.0, length_m, begin, end)};
  const double half = 0.5 * length_m, middle = 0.5 * (begin + end) + street.hump_m;
  return {smooth(0.0, half, begin, middle), smooth(half, half, middle, end)};
}

// Banked towards the inside of each arc, rising over its spirals.
std::vector<xodr::Profile> Superelevation(const PlannedStreet& street,
                                          const std::vector<Piece>& pieces) {
  std::vector<xodr::Profile> records;
  double s = 0.0;
  size_t bend = 0;
  for (const Piece& p : pieces) {
    const bool rises = p.curvature_1pm == 0.0 && p.end_curvature_1pm != 0.0;
    const bool falls = p.curvature_1pm != 0.0 && p.end_curvature_1pm == 0.0;
    if ((rises || falls) && street.bends[bend].bank_rad != 0.0) {
      // Positive: the left side is higher.
      const double bank =
          -std::copysign(street.bends[bend].bank_rad, p.curvature_1pm + p.end_curvature_1pm);
      if (records.empty()) records.push_back({});
      const double slope = bank / p.length_m;
      if (rises) {
        records.push_back({s, 0.0, slope, 0.0, 0.0});
        records.push_back({s + p.length_m, bank, 0.0, 0.0, 0.0});
      } else {
        records.push_back({s, bank, -slope, 0.0, 0.0});
        records.push_back({s + p.length_m, 0.0, 0.0, 0.0, 0.0});
      }
    }
    // A bend ends with its falling spiral, or is an arc alone.
    const bool arc_alone = p.curvature_1pm != 0.0 && street.bends[bend].spiral_m == 0.0;
    if (falls || arc_alone) ++bend;
    s += xodr::Rounded(p.length_m, 1e-6);
  }
  return records;
}

class TownWriter {
 public:
  explicit TownWriter(const TownPlan& plan) : plan_(plan), arms_(ArmsOf(plan)) {}

  std::string Write() {
    const std::vector<double> trim_m = TrimsOf(plan_);
    Print(out_,
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<!-- Made by `volante map make %s`; do not edit. -->\n"
          "<OpenDRIVE>\n"
          "  <header revMajor=\"1\" revMinor=\"4\" name=\"%s\" version=\"1.00\""
          " north=\"%g\" south=\"%g\" east=\"%g\" west=\"%g\" vendor=\"Volante\"/>\n",
          plan_.name.c_str(), plan_.name.c_str(), plan_.north_m, plan_.south_m, plan_.east_m,
          plan_.west_m);
    for (size_t i = 0; i < plan_.streets.size(); ++i) {
      const PlannedStreet& s = plan_.streets[i];
      const std::vector<Piece> pieces = Alignment(plan_, s, trim_m[static_cast<size_t>(s.from)],
                                                  trim_m[static_cast<size_t>(s.to)]);
      VOLANTE_CHECK(!pieces.empty(), "a street's bends overlap");
      WriteStreet(static_cast<int>(i), s, pieces);
    }
    for (size_t j = 0; j < plan_.junctions.size(); ++j) WriteJunction(j, trim_m[j]);
    out_ += controllers_;
    out_ += connections_;
    out_ += "</OpenDRIVE>\n";
    return std::move(out_);
  }

 private:
  // Shoulder and sidewalk, beyond `lanes` lanes on the right (side -1) or the left (side 1).
  std::string Edge(int side, int lanes) const {
    std::string text;
    if (side > 0 && plan_.sidewalk_width_m > 0.0) {
      xodr::WriteLane(text, lanes + 2, "sidewalk", plan_.sidewalk_width_m, "", "");
    }
    xodr::WriteLane(text, side * (lanes + 1), "shoulder", plan_.shoulder_width_m, "", "");
    if (side < 0 && plan_.sidewalk_width_m > 0.0) {
      xodr::WriteLane(text, -lanes - 2, "sidewalk", plan_.sidewalk_width_m, "", "");
    }
    return text;
  }

  std::string DrivingLane(int id, int lanes) const {
    std::string text;
    const bool outermost = std::abs(id) == lanes;
    xodr::WriteLane(text, id, "driving", plan_.lane_width_m, "",
                    Mark(outermost ? "solid" : "broken", MarkColor::kWhite, plan_.dash));
    return text;
  }

  void WriteStreet(int id, const PlannedStreet& street, const std::vector<Piece>& pieces) {
    Print(out_, "  <road name=\"Street %d\" length=\"%.6f\" id=\"%d\" junction=\"-1\">\n", id,
          xodr::LengthOf(pieces), id);
    xodr::WriteJunctionLinks(out_, kFirstJunctionId + street.from, kFirstJunctionId + street.to);
    xodr::WriteSpeed(out_, street.limit);
    xodr::WritePlanView(out_, pieces);
    xodr::WriteElevation(out_, Elevation(plan_, street, xodr::LengthOf(pieces)));
    xodr::WriteSuperelevation(out_, Superelevation(street, pieces));
    std::string left = Edge(1, street.lanes), right;
    for (int lane = street.lanes; lane >= 1; --lane) left += DrivingLane(lane, street.lanes);
    for (int lane = 1; lane <= street.lanes; ++lane) right += DrivingLane(-lane, street.lanes);
    right += Edge(-1, street.lanes);
    xodr::WriteLanes(out_, left,
                     Mark(street.lanes == 1 ? "broken" : "solid solid", street.center, plan_.dash),
                     right);
    WriteSignals(id, street, xodr::LengthOf(pieces));
    out_ += "  </road>\n";
  }

  // A lamp beside the kerb, and the line where cars stop, at each end that has lights.
  void WriteSignals(int id, const PlannedStreet& street, double length_m) {
    constexpr double kStopLine = 1.0;  // before the junction
    const bool at_begin = plan_.junctions[static_cast<size_t>(street.from)].lights;
    const bool at_end = plan_.junctions[static_cast<size_t>(street.to)].lights;
    if (!at_begin && !at_end) return;
    out_ += "    <signals>\n";
    const double beside = street.lanes * plan_.lane_width_m + plan_.shoulder_width_m + 0.5;
    for (const bool start : {true, false}) {
      if (start ? !at_begin : !at_end) continue;
      const int signal = SignalId(start ? street.from : street.to, id, start);
      const double s = start ? kStopLine : length_m - kStopLine;
      const int inner = start ? 1 : -1, outer = start ? street.lanes : -street.lanes;
      const auto write = [&](int signal_id, const char* name, const char* dynamic, double t,
                             double z_offset, const char* type) {
        Print(out_,
              "      <signal s=\"%.6f\" t=\"%.3f\" id=\"%d\" name=\"%s\" dynamic=\"%s\""
              " orientation=\"%s\" zOffset=\"%g\" country=\"OpenDRIVE\" type=\"%s\""
              " subtype=\"-1\" value=\"-1\" height=\"0.9\" width=\"0.3\">"
              "<validity fromLane=\"%d\" toLane=\"%d\"/></signal>\n",
              s, start ? t : -t, signal_id, name, dynamic, start ? "-" : "+", z_offset, type,
              std::min(inner, outer), std::max(inner, outer));
      };
      write(signal, "Light", "yes", beside, 4.5, "1000001");
      write(signal + kStopLineIds, "StopLine", "no", 0.5 * street.lanes * plan_.lane_width_m, 0.0,
            "294");
    }
    out_ += "    </signals>\n";
  }

  int SignalId(int junction, int street, bool at_start) const {
    const std::vector<Arm>& arms = arms_[static_cast<size_t>(junction)];
    const auto arm = std::find_if(arms.begin(), arms.end(), [&](const Arm& a) {
      return a.street == street && a.at_start == at_start;
    });
    return kFirstSignalId + junction * kSignalsPerJunction + static_cast<int>(arm - arms.begin());
  }

  // A controller for each pair of arms that face each other, or for an arm alone.
  void WriteControllers(size_t place) {
    const std::vector<Arm>& arms = arms_[place];
    std::vector<bool> done(arms.size(), false);
    int phase = 0;
    for (size_t i = 0; i < arms.size(); ++i) {
      if (done[i]) continue;
      const int id = kFirstControllerId + static_cast<int>(place) * kControllersPerJunction + phase;
      Print(controllers_,
            "  <controller id=\"%d\" name=\"Junction %d, phase %d\" sequence=\"%d\">\n", id,
            static_cast<int>(place), phase, phase);
      for (size_t j = i; j < arms.size(); ++j) {
        if (j != i && std::abs(TurnBetween(arms[i], arms[j])) >= kStraightOn) continue;
        done[j] = true;
        Print(controllers_, "    <control signalId=\"%d\" type=\"0\"/>\n",
              SignalId(static_cast<int>(place), arms[j].street, arms[j].at_start));
      }
      controllers_ += "  </controller>\n";
      Print(connections_, "    <controller id=\"%d\" type=\"0\" sequence=\"%d\"/>\n", id, phase);
      ++phase;
    }
  }

  // One connecting road for each way through the junction, and the junction's own record.
  void WriteJunction(size_t place, double trim_m) {
    const std::vector<Arm>& arms = arms_[place];
    Print(connections_, "  <junction id=\"%d\" name=\"Junction %d\">\n",
          kFirstJunctionId + static_cast<int>(place), static_cast<int>(place));
    int number = 0;
    for (const Arm& from : arms) {
      // The rightmost way out runs along the kerb.
      double rightmost = 1e9;
      for (const Arm& to : arms) {
        if (to.street != from.street) rightmost = std::min(rightmost, TurnBetween(from, to));
      }
      for (const Arm& to : arms) {
        if (to.street == from.street) continue;
        const double turn = TurnBetween(from, to);
        for (const LanePair& lanes : LanePairs(from, to, turn)) {
          const int id = kFirstConnectingId + num_connecting_++;
          const bool along_kerb =
              turn == rightmost && lanes.from == from.lanes && lanes.to == to.lanes;
          WriteConnecting(id, place, from, to, lanes, trim_m, along_kerb);
          Print(connections_,
                "    <connection id=\"%d\" incomingRoad=\"%d\" connectingRoad=\"%d\""
                " contactPoint=\"start\"><laneLink from=\"%d\" to=\"-1\"/></connection>\n",
                number++, from.street, id, from.at_start ? lanes.from : -lanes.from);
        }
      }
    }
    if (plan_.junctions[place].lights) WriteControllers(place);
    connections_ += "  </junction>\n";
  }

  void WriteConnecting(int id, size_t place, const Arm& from, const Arm& to, LanePair lanes,
                       double trim_m, bool along_kerb) {
    const PlannedJunction& junction = plan_.junctions[place];
    const std::vector<Piece> pieces = WayLine(plan_, junction.position_m, from, to, lanes, trim_m);
    Print(out_, "  <road name=\"Way %d\" length=\"%.6f\" id=\"%d\" junction=\"%d\">\n", id,
          xodr::LengthOf(pieces), id, kFirstJunctionId + static_cast<int>(place));
    xodr::WriteRoadLinks(out_, {from.street, from.at_start}, {to.street, to.at_start});
    xodr::WriteSpeed(out_, plan_.way_limit);
    xodr::WritePlanView(out_, pieces);
    if (junction.height_m != 0.0) xodr::WriteElevation(out_, {{0.0, junction.height_m}});
    std::string link, lane;
    Print(link, "<predecessor id=\"%d\"/><successor id=\"%d\"/>",
          from.at_start ? lanes.from : -lanes.from, to.at_start ? -lanes.to : lanes.to);
    xodr::WriteLane(lane, -1, "driving", plan_.lane_width_m, link, "");
    if (along_kerb) lane += Edge(-1, 1);
    xodr::WriteLanes(out_, "", "", lane);
    out_ += "  </road>\n";
  }

  const TownPlan& plan_;
  const std::vector<std::vector<Arm>> arms_;
  std::string out_, connections_, controllers_;
  int num_connecting_ = 0;
};

}  // namespace

std::vector<double> TrimsOf(const TownPlan& plan) {
  std::vector<double> trims;
  for (const std::vector<Arm>& arms : ArmsOf(plan)) trims.push_back(Trim(plan, arms));
  return trims;
}

std::vector<Piece> Alignment(const TownPlan& plan, const PlannedStreet& street, double trim_begin_m,
                             double trim_end_m) {
  std::vector<PlannedBend> corners = {
      {plan.junctions[static_cast<size_t>(street.from)].position_m, 0.0}};
  corners.insert(corners.end(), street.bends.begin(), street.bends.end());
  corners.push_back({plan.junctions[static_cast<size_t>(street.to)].position_m, 0.0});
  std::vector<Piece> pieces;
  double used = trim_begin_m;  // of the current leg, by its first corner
  for (size_t i = 0; i + 1 < corners.size(); ++i) {
    const Vec2 from = corners[i].corner_m, to = corners[i + 1].corner_m;
    const PlannedBend& bend = corners[i + 1];
    const double heading = HeadingOf(from, to);
    double tangent = trim_end_m, turn = 0.0;
    Piece spiral;  // in its own frame
    if (i + 2 < corners.size()) {
      turn = WrapAngle(HeadingOf(to, corners[i + 2].corner_m) - heading);
      tangent = bend.radius_m * std::tan(0.5 * std::abs(turn));
      if (bend.spiral_m > 0.0) {
        // The arc moves inwards by `shift`, and its tangents lengthen.
        spiral = {{}, bend.spiral_m, 0.0, 1.0 / bend.radius_m};
        const Pose2 end = xodr::EndOf(spiral);
        if (2.0 * end.heading_rad >= std::abs(turn)) return {};
        const double shift = end.position_m.y - bend.radius_m * (1.0 - std::cos(end.heading_rad));
        tangent += shift * std::tan(0.5 * std::abs(turn)) + end.position_m.x -
                   bend.radius_m * std::sin(end.heading_rad);
      }
    }
    const double straight = Distance(from, to) - used - tangent;
    if (!(straight > 0.0)) return {};
    const Vec2 u = UnitFromHeading(heading);
    pieces.push_back({{from + u * used, heading}, straight, 0.0, 0.0});
    if (turn != 0.0) {
      const double curvature = std::copysign(1.0 / bend.radius_m, turn);
      Pose2 at{from + u * (used + straight), heading};
      double arc_turn = std::abs(turn);
      if (bend.spiral_m > 0.0) {
        pieces.push_back({at, bend.spiral_m, 0.0, curvature});
        at = xodr::EndOf(pieces.back());
        arc_turn -= bend.spiral_m / bend.radius_m;
      }
      pieces.push_back({at, bend.radius_m * arc_turn, curvature, curvature});
      if (bend.spiral_m > 0.0) {
        pieces.push_back({xodr::EndOf(pieces.back()), bend.spiral_m, curvature, 0.0});
      }
    }
    used = tangent;
  }
  return pieces;
}

std::string WriteTown(const TownPlan& plan) { return TownWriter(plan).Write(); }

}  // namespace volante
