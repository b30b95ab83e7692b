#include "road/xodr_text.h"

#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "base/error.h"

namespace volante::xodr {
namespace {

constexpr double kMarkWidth = 0.15;

void WriteProfile(std::string& out, const char* list, const char* element,
                  const std::vector<Profile>& records) {
  if (records.empty()) return;
  Print(out, "    <%s>\n", list);
  for (const Profile& p : records) {
    Print(out, "      <%s s=\"%.6f\" a=\"%.9f\" b=\"%.9f\" c=\"%.9f\" d=\"%.12f\"/>\n", element,
          Rounded(p.s_m, 1e-6), Rounded(p.a, 1e-9), Rounded(p.b, 1e-9), Rounded(p.c, 1e-9),
          Rounded(p.d, 1e-12));
  }
  Print(out, "    </%s>\n", list);
}

}  // namespace

double HeadingOf(Vec2 from, Vec2 to) { return std::atan2(to.y - from.y, to.x - from.x); }

Pose2 EndOf(const Piece& piece) {
  const double slope = (piece.end_curvature_1pm - piece.curvature_1pm) / piece.length_m;
  const auto heading = [&](double s) {
    return piece.start.heading_rad + s * (piece.curvature_1pm + 0.5 * slope * s);
  };
  // Five points on each of 16 parts: far below a micrometre for the roads of a town.
  constexpr int kParts = 16;
  constexpr std::array<double, 5> kAt = {-0.9061798459386640, -0.5384693101056831, 0.0,
                                         0.5384693101056831, 0.9061798459386640};
  constexpr std::array<double, 5> kWeight = {0.2369268850561891, 0.4786286704993665,
                                             0.5688888888888889, 0.4786286704993665,
                                             0.2369268850561891};
  Vec2 position = piece.start.position_m;
  const double half = 0.5 * piece.length_m / kParts;
  for (int part = 0; part < kParts; ++part) {
    const double middle = (2 * part + 1) * half;
    for (size_t k = 0; k < kAt.size(); ++k) {
      position = position + UnitFromHeading(heading(middle + kAt[k] * half)) * (kWeight[k] * half);
    }
  }
  return {position, heading(piece.length_m)};
}

double Rounded(double value, double unit) {
  const double rounded = std::round(value / unit) * unit;
  return rounded == 0.0 ? 0.0 : rounded;
}

double LengthOf(const std::vector<Piece>& pieces) {
  double length = 0.0;
  for (const Piece& p : pieces) length += Rounded(p.length_m, 1e-6);
  return length;
}

void Print(std::string& out, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int n = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  VOLANTE_CHECK(n >= 0 && n < static_cast<int>(sizeof line), "a line of the town is too long");
  out.append(line, static_cast<size_t>(n));
}

void WritePlanView(std::string& out, const std::vector<Piece>& pieces) {
  out += "    <planView>\n";
  double s = 0.0;
  for (const Piece& p : pieces) {
    Print(out, "      <geometry s=\"%.6f\" x=\"%.6f\" y=\"%.6f\" hdg=\"%.9f\" length=\"%.6f\">", s,
          Rounded(p.start.position_m.x, 1e-6), Rounded(p.start.position_m.y, 1e-6),
          Rounded(WrapAngle(p.start.heading_rad), 1e-9), p.length_m);
    if (p.curvature_1pm != p.end_curvature_1pm) {
      Print(out, "<spiral curvStart=\"%.9f\" curvEnd=\"%.9f\"/>", Rounded(p.curvature_1pm, 1e-9),
            Rounded(p.end_curvature_1pm, 1e-9));
    } else if (p.curvature_1pm == 0.0) {
      out += "<line/>";
    } else {
      Print(out, "<arc curvature=\"%.9f\"/>", p.curvature_1pm);
    }
    out += "</geometry>\n";
    s += Rounded(p.length_m, 1e-6);
  }
  out += "    </planView>\n";
}

void WriteElevation(std::string& out, const std::vector<Profile>& records) {
  WriteProfile(out, "elevationProfile", "elevation", records);
}

void WriteSuperelevation(std::string& out, const std::vector<Profile>& records) {
  WriteProfile(out, "lateralProfile", "superelevation", records);
}

void WriteSpeed(std::string& out, Limit limit) {
  Print(out, "    <type s=\"0\" type=\"town\"><speed max=\"%d\" unit=\"%s\"/></type>\n",
        limit.value, limit.unit);
}

void WriteLane(std::string& out, int id, const char* type, double width_m, const std::string& link,
               const std::string& mark) {
  Print(out, "          <lane id=\"%d\" type=\"%s\" level=\"false\">", id, type);
  if (!link.empty()) out += "<link>" + link + "</link>";
  if (width_m > 0.0) {
    Print(out, "<width sOffset=\"0\" a=\"%g\" b=\"0\" c=\"0\" d=\"0\"/>", width_m);
  }
  out += mark + "</lane>\n";
}

void WriteLanes(std::string& out, const std::string& left, const std::string& center_mark,
                const std::string& right) {
  out += "    <lanes>\n      <laneSection s=\"0\">\n";
  if (!left.empty()) out += "        <left>\n" + left + "        </left>\n";
  out += "        <center>\n";
  WriteLane(out, 0, "none", 0.0, "", center_mark);
  out += "        </center>\n        <right>\n" + right;
  out += "        </right>\n      </laneSection>\n    </lanes>\n";
}

void WriteJunctionLinks(std::string& out, int from_junction, int to_junction) {
  Print(out,
        "    <link><predecessor elementType=\"junction\" elementId=\"%d\"/>"
        "<successor elementType=\"junction\" elementId=\"%d\"/></link>\n",
        from_junction, to_junction);
}

void WriteRoadLinks(std::string& out, RoadEndId from, RoadEndId to) {
  Print(out,
        "    <link><predecessor elementType=\"road\" elementId=\"%d\" contactPoint=\"%s\"/>"
        "<successor elementType=\"road\" elementId=\"%d\" contactPoint=\"%s\"/></link>\n",
        from.road, from.at_start ? "start" : "end", to.road, to.at_start ? "start" : "end");
}

std::string Mark(const char* type, MarkColor color, Dash dash) {
  std::string mark;
  Print(mark, "<roadMark sOffset=\"0\" type=\"%s\" weight=\"standard\" color=\"%s\" width=\"%g\"",
        type, color == MarkColor::kYellow ? "yellow" : "white", kMarkWidth);
  if (std::string_view(type) != "broken") return mark + "/>";
  Print(mark,
        "><type name=\"broken\" width=\"%g\"><line length=\"%g\" space=\"%g\" tOffset=\"0\""
        " sOffset=\"0\" width=\"%g\"/></type></roadMark>",
        kMarkWidth, dash.length_m, dash.gap_m, kMarkWidth);
  return mark;
}

}  // namespace volante::xodr
