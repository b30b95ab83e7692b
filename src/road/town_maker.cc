// The default town, written as OpenDRIVE text: a plan of streets (points, bends, junctions) becomes
// reference lines of lines and arcs. Coordinates are rounded to a micrometre when they are written,
// so that the text is the same on every machine.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <numbers>

#include "base/error.h"
#include "road/route.h"

namespace volante {
namespace {

constexpr double kLaneWidth = 3.75;
constexpr double kShoulderWidth = 0.5;
constexpr double kSidewalkWidth = 2.75;
// Of the lane centre in the tightest turn: above the 9 m that every car of the town can take.
constexpr double kTurnRadius = 9.25;
constexpr double kMarkWidth = 0.15;
constexpr double kDash = 3.0, kGap = 6.0;

struct Bend {
  Vec2 corner_m;
  double radius_m;
};

enum class Limit { k50Kmh, k30Mph };

// A two-way street between two junctions, by way of rounded corners.
struct Street {
  int from, to;  // into kJunctions
  std::vector<Bend> bends;
  MarkColor center;
  Limit limit;
};

// An outer ring with four different corners, a long main street, and inner streets that bend.
enum Place { kA, kB, kC, kD, kE, kG, kH, kI1, kI2, kI3, kI4, kI5, kPlaces };
constexpr std::array<Vec2, kPlaces> kJunctions = {{{0, 130},  // A: main street meets the west ring
                                                   {470, 130},  // B: ... and the east ring
                                                   {160, 0},    // C: south ring
                                                   {300, 350},  // D: north ring
                                                   {0, 240},    // E: west ring
                                                   {145, 350},  // G: north ring
                                                   {365, 0},    // H: south ring
                                                   {200, 130},  // I1-I2, I4: main street
                                                   {300, 130},
                                                   {300, 262},  // I3
                                                   {365, 130},
                                                   {145, 240}}};  // I5

std::vector<Street> Plan() {
  const MarkColor yellow = MarkColor::kYellow, white = MarkColor::kWhite;
  const Limit fast = Limit::k50Kmh, slow = Limit::k30Mph;
  return {
      // The ring, counter-clockwise from the south-west corner.
      {kA, kC, {{{0, 0}, 35}}, yellow, fast},
      {kC, kH, {}, yellow, fast},
      {kH, kB, {{{412, 0}, 45}, {{470, 58}, 45}}, yellow, fast},
      {kB, kD, {{{470, 350}, 110}}, yellow, fast},
      {kD, kG, {}, yellow, fast},
      {kG, kE, {{{0, 350}, 60}}, yellow, fast},
      {kE, kA, {}, yellow, fast},
      // The main street from west to east.
      {kA, kI1, {}, yellow, fast},
      {kI1, kI2, {}, yellow, fast},
      {kI2, kI4, {}, yellow, fast},
      {kI4, kB, {}, yellow, fast},
      // Inner streets.
      {kI1, kC, {{{200, 88}, 40}, {{160, 48}, 40}}, white, slow},
      {kI2, kI3, {}, white, fast},
      {kI3, kD, {}, white, fast},
      {kI4, kH, {}, white, slow},
      {kE, kI5, {}, white, slow},
      {kI5, kI3, {{{196, 240}, 70}, {{248, 262}, 70}}, white, slow},
      {kI5, kG, {}, white, slow},
  };
}

struct Piece {
  Pose2 start;
  double length_m;
  double curvature_1pm;
};

double HeadingOf(Vec2 from, Vec2 to) { return std::atan2(to.y - from.y, to.x - from.x); }

// Appends printf text; "-0.000000" is written without its sign.
void Print(std::string& out, const char* format, ...) __attribute__((format(printf, 2, 3)));
void Print(std::string& out, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int n = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  VOLANTE_CHECK(n >= 0 && n < static_cast<int>(sizeof line), "a line of the town is too long");
  out.append(line, static_cast<size_t>(n));
}
double Rounded(double value, double unit) {
  const double rounded = std::round(value / unit) * unit;
  return rounded == 0.0 ? 0.0 : rounded;
}

// The street's reference line, without the first and last `trim` metres.
std::vector<Piece> Alignment(const Street& street, double trim_begin_m, double trim_end_m) {
  std::vector<Bend> corners = {{kJunctions[street.from], 0.0}};
  corners.insert(corners.end(), street.bends.begin(), street.bends.end());
  corners.push_back({kJunctions[street.to], 0.0});
  std::vector<Piece> pieces;
  double used = trim_begin_m;  // of the current leg, by its first corner
  for (size_t i = 0; i + 1 < corners.size(); ++i) {
    const Vec2 from = corners[i].corner_m, to = corners[i + 1].corner_m;
    const double heading = HeadingOf(from, to);
    double tangent = trim_end_m, turn = 0.0;
    if (i + 2 < corners.size()) {
      turn = WrapAngle(HeadingOf(to, corners[i + 2].corner_m) - heading);
      tangent = corners[i + 1].radius_m * std::tan(0.5 * std::abs(turn));
    }
    const double straight = Distance(from, to) - used - tangent;
    VOLANTE_CHECK(straight > 0.0, "a street's bends overlap");
    const Vec2 u = UnitFromHeading(heading);
    pieces.push_back({{from + u * used, heading}, straight, 0.0});
    if (turn != 0.0) {
      const double radius = corners[i + 1].radius_m;
      pieces.push_back({{from + u * (used + straight), heading},
                        radius * std::abs(turn),
                        std::copysign(1.0 / radius, turn)});
    }
    used = tangent;
  }
  return pieces;
}

// Where a street meets a junction.
struct Arm {
  int street;
  bool at_start;       // the street begins here
  double outward_rad;  // away from the junction
};

class TownWriter {
 public:
  std::string Write() {
    const std::vector<Street> streets = Plan();
    std::array<std::vector<Arm>, kPlaces> arms;
    for (size_t i = 0; i < streets.size(); ++i) {
      const Street& s = streets[i];
      const Vec2 a = kJunctions[s.from], b = kJunctions[s.to];
      const Vec2 after_a = s.bends.empty() ? b : s.bends.front().corner_m;
      const Vec2 before_b = s.bends.empty() ? a : s.bends.back().corner_m;
      arms[s.from].push_back({static_cast<int>(i), true, HeadingOf(a, after_a)});
      arms[s.to].push_back({static_cast<int>(i), false, HeadingOf(b, before_b)});
    }
    std::array<double, kPlaces> trim_m{};
    for (int j = 0; j < kPlaces; ++j) trim_m[j] = Trim(arms[j]);

    out_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!-- Made by `volante map make volante_town`; do not edit. -->\n"
        "<OpenDRIVE>\n"
        "  <header revMajor=\"1\" revMinor=\"4\" name=\"volante_town\" version=\"1.00\""
        " north=\"360\" south=\"-10\" east=\"480\" west=\"-10\" vendor=\"Volante\"/>\n";
    for (size_t i = 0; i < streets.size(); ++i) {
      const Street& s = streets[i];
      WriteStreet(static_cast<int>(i), s, Alignment(s, trim_m[s.from], trim_m[s.to]));
    }
    for (int j = 0; j < kPlaces; ++j) WriteJunction(j, arms[j], trim_m[j]);
    out_ += connections_;
    out_ += "</OpenDRIVE>\n";
    return std::move(out_);
  }

 private:
  static constexpr int kFirstJunctionId = 100, kFirstConnectingId = 200;

  // How far the streets stay away from the junction's centre: the turn between two arms is the arc
  // that touches both there, and the right turn's lane runs half a lane inside of it.
  static double Trim(const std::vector<Arm>& arms) {
    double trim = 0.0;
    for (const Arm& from : arms) {
      for (const Arm& to : arms) {
        const double turn = WrapAngle(to.outward_rad - (from.outward_rad + std::numbers::pi));
        if (from.street == to.street || std::abs(turn) < 1e-6) continue;
        trim = std::max(trim, (kTurnRadius + 0.5 * kLaneWidth) * std::tan(0.5 * std::abs(turn)));
      }
    }
    return trim;
  }

  void WritePlanView(const std::vector<Piece>& pieces) {
    out_ += "    <planView>\n";
    double s = 0.0;
    for (const Piece& p : pieces) {
      Print(out_, "      <geometry s=\"%.6f\" x=\"%.6f\" y=\"%.6f\" hdg=\"%.9f\" length=\"%.6f\">",
            s, Rounded(p.start.position_m.x, 1e-6), Rounded(p.start.position_m.y, 1e-6),
            Rounded(WrapAngle(p.start.heading_rad), 1e-9), p.length_m);
      if (p.curvature_1pm == 0.0) {
        out_ += "<line/>";
      } else {
        Print(out_, "<arc curvature=\"%.9f\"/>", p.curvature_1pm);
      }
      out_ += "</geometry>\n";
      s += Rounded(p.length_m, 1e-6);
    }
    out_ += "    </planView>\n";
  }
  static double LengthOf(const std::vector<Piece>& pieces) {
    double length = 0.0;
    for (const Piece& p : pieces) length += Rounded(p.length_m, 1e-6);
    return length;
  }

  void WriteLane(int id, const char* type, double width_m, const std::string& link,
                 const std::string& mark) {
    Print(out_, "          <lane id=\"%d\" type=\"%s\" level=\"false\">", id, type);
    if (!link.empty()) out_ += "<link>" + link + "</link>";
    if (width_m > 0.0)
      Print(out_, "<width sOffset=\"0\" a=\"%g\" b=\"0\" c=\"0\" d=\"0\"/>", width_m);
    out_ += mark + "</lane>\n";
  }
  static std::string Mark(const char* type, const char* color) {
    std::string mark;
    Print(mark, "<roadMark sOffset=\"0\" type=\"%s\" weight=\"standard\" color=\"%s\" width=\"%g\"",
          type, color, kMarkWidth);
    if (std::string_view(type) != "broken") return mark + "/>";
    Print(mark,
          "><type name=\"broken\" width=\"%g\"><line length=\"%g\" space=\"%g\" tOffset=\"0\""
          " sOffset=\"0\" width=\"%g\"/></type></roadMark>",
          kMarkWidth, kDash, kGap, kMarkWidth);
    return mark;
  }
  void WriteSpeed(Limit limit) {
    const bool kmh = limit == Limit::k50Kmh;
    Print(out_, "    <type s=\"0\" type=\"town\"><speed max=\"%s\" unit=\"%s\"/></type>\n",
          kmh ? "50" : "30", kmh ? "km/h" : "mph");
  }

  void WriteStreet(int id, const Street& street, const std::vector<Piece>& pieces) {
    Print(out_, "  <road name=\"Street %d\" length=\"%.6f\" id=\"%d\" junction=\"-1\">\n", id,
          LengthOf(pieces), id);
    Print(out_,
          "    <link><predecessor elementType=\"junction\" elementId=\"%d\"/>"
          "<successor elementType=\"junction\" elementId=\"%d\"/></link>\n",
          kFirstJunctionId + street.from, kFirstJunctionId + street.to);
    WriteSpeed(street.limit);
    WritePlanView(pieces);
    out_ += "    <lanes>\n      <laneSection s=\"0\">\n        <left>\n";
    WriteLane(3, "sidewalk", kSidewalkWidth, "", "");
    WriteLane(2, "shoulder", kShoulderWidth, "", "");
    WriteLane(1, "driving", kLaneWidth, "", Mark("solid", "white"));
    out_ += "        </left>\n        <center>\n";
    WriteLane(0, "none", 0.0, "",
              Mark("broken", street.center == MarkColor::kYellow ? "yellow" : "white"));
    out_ += "        </center>\n        <right>\n";
    WriteLane(-1, "driving", kLaneWidth, "", Mark("solid", "white"));
    WriteLane(-2, "shoulder", kShoulderWidth, "", "");
    WriteLane(-3, "sidewalk", kSidewalkWidth, "", "");
    out_ += "        </right>\n      </laneSection>\n    </lanes>\n  </road>\n";
  }

  // One connecting road for each way through the junction, and the junction's own record.
  void WriteJunction(int place, const std::vector<Arm>& arms, double trim_m) {
    Print(connections_, "  <junction id=\"%d\" name=\"Junction %d\">\n", kFirstJunctionId + place,
          place);
    int number = 0;
    for (const Arm& from : arms) {
      const double heading = from.outward_rad + std::numbers::pi;
      // The rightmost way out runs along the kerb.
      double rightmost = 1e9;
      for (const Arm& to : arms) {
        if (to.street != from.street) {
          rightmost = std::min(rightmost, WrapAngle(to.outward_rad - heading));
        }
      }
      for (const Arm& to : arms) {
        if (to.street == from.street) continue;
        const double turn = WrapAngle(to.outward_rad - heading);
        const int id = kFirstConnectingId + num_connecting_++;
        WriteConnecting(id, place, from, to, turn, trim_m, turn == rightmost);
        Print(connections_,
              "    <connection id=\"%d\" incomingRoad=\"%d\" connectingRoad=\"%d\""
              " contactPoint=\"start\"><laneLink from=\"%d\" to=\"-1\"/></connection>\n",
              number++, from.street, id, from.at_start ? 1 : -1);
      }
    }
    connections_ += "  </junction>\n";
  }

  void WriteConnecting(int id, int place, const Arm& from, const Arm& to, double turn,
                       double trim_m, bool along_kerb) {
    const double heading = from.outward_rad + std::numbers::pi;
    const Vec2 begin = kJunctions[place] + UnitFromHeading(from.outward_rad) * trim_m;
    const bool straight = std::abs(turn) < 1e-6;
    const double radius = straight ? 0.0 : trim_m / std::tan(0.5 * std::abs(turn));
    const std::vector<Piece> pieces = {{{begin, heading},
                                        straight ? 2.0 * trim_m : radius * std::abs(turn),
                                        straight ? 0.0 : std::copysign(1.0 / radius, turn)}};
    Print(out_, "  <road name=\"Way %d\" length=\"%.6f\" id=\"%d\" junction=\"%d\">\n", id,
          LengthOf(pieces), id, kFirstJunctionId + place);
    Print(out_,
          "    <link><predecessor elementType=\"road\" elementId=\"%d\" contactPoint=\"%s\"/>"
          "<successor elementType=\"road\" elementId=\"%d\" contactPoint=\"%s\"/></link>\n",
          from.street, from.at_start ? "start" : "end", to.street, to.at_start ? "start" : "end");
    WriteSpeed(Limit::k50Kmh);
    WritePlanView(pieces);
    out_ += "    <lanes>\n      <laneSection s=\"0\">\n        <center>\n";
    WriteLane(0, "none", 0.0, "", "");
    out_ += "        </center>\n        <right>\n";
    std::string link;
    Print(link, "<predecessor id=\"%d\"/><successor id=\"%d\"/>", from.at_start ? 1 : -1,
          to.at_start ? -1 : 1);
    WriteLane(-1, "driving", kLaneWidth, link, "");
    if (along_kerb) {
      WriteLane(-2, "shoulder", kShoulderWidth, "", "");
      WriteLane(-3, "sidewalk", kSidewalkWidth, "", "");
    }
    out_ += "        </right>\n      </laneSection>\n    </lanes>\n  </road>\n";
  }

  std::string out_, connections_;
  int num_connecting_ = 0;
};

}  // namespace

std::string MakeVolanteTown() { return TownWriter().Write(); }

}  // namespace volante
