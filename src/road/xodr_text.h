// OpenDRIVE text as the built-in towns need it: reference lines of lines, arcs and spirals, lanes,
// marks and speeds. Coordinates are rounded to a micrometre when they are written, so that the
// text is the same on every machine. Private to src/road/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "road/road_network.h"

namespace volante::xodr {

// A stretch of a reference line: a line, an arc, or a spiral where the curvatures differ.
struct Piece {
  Pose2 start;
  double length_m = 0.0;
  double curvature_1pm = 0.0;
  double end_curvature_1pm = 0.0;
};

double HeadingOf(Vec2 from, Vec2 to);
// Where a piece ends: closed form for lines and arcs, Gauss-Legendre quadrature for spirals.
Pose2 EndOf(const Piece& piece);

// A multiple of `unit`; never -0.
double Rounded(double value, double unit);
// The length that the written text has.
double LengthOf(const std::vector<Piece>& pieces);

struct Limit {
  int value = 50;
  const char* unit = "km/h";  // or mph
};

// a + b ds + c ds^2 + d ds^3 from s_m on, of an elevation or a superelevation.
struct Profile {
  double s_m = 0.0, a = 0.0, b = 0.0, c = 0.0, d = 0.0;
};

// Appends printf text.
void Print(std::string& out, const char* format, ...) __attribute__((format(printf, 2, 3)));

void WritePlanView(std::string& out, const std::vector<Piece>& pieces);
// <elevationProfile>; nothing where there are no records.
void WriteElevation(std::string& out, const std::vector<Profile>& records);
// <lateralProfile> with superelevations; nothing where there are none.
void WriteSuperelevation(std::string& out, const std::vector<Profile>& records);
void WriteSpeed(std::string& out, Limit limit);
// A lane of constant width (none where it is 0); `link` and `mark` are whole elements.
void WriteLane(std::string& out, int id, const char* type, double width_m, const std::string& link,
               const std::string& mark);

struct Dash {
  double length_m = 3.0, gap_m = 6.0;
};
// <lanes> of one section; the left ones from the outside in, the right ones from the inside out,
// each whole (WriteLane). No <left> where there are none.
void WriteLanes(std::string& out, const std::string& left, const std::string& center_mark,
                const std::string& right);
// <link> of a street (both ends at junctions), and of a connecting road.
void WriteJunctionLinks(std::string& out, int from_junction, int to_junction);
struct RoadEndId {
  int road = 0;
  bool at_start = false;
};
void WriteRoadLinks(std::string& out, RoadEndId from, RoadEndId to);

// A <roadMark> of 0.15 m; type solid, broken or "solid solid".
std::string Mark(const char* type, MarkColor color, Dash dash = {});

}  // namespace volante::xodr
