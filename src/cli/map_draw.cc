// volante map draw: roads, marks, lanes with their directions, ways through junctions, lights and
// routes as a picture.
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "cli/map_files.h"

extern char** environ;

namespace volante {
namespace {

using NetworkPointer = std::shared_ptr<const RoadNetwork>;

constexpr double kMargin_m = 12.0;
constexpr size_t kMostRoutes = 40;  // of a list
constexpr double kMostPixels = 4000.0;

// SVG, one unit to the metre, y to the north.
class Drawing {
 public:
  explicit Drawing(const RoadNetwork& network)
      : low_(network.min_m() - Vec2{kMargin_m, kMargin_m}),
        size_(network.max_m() + Vec2{kMargin_m, kMargin_m} - low_) {
    const double pixels_per_m = std::min(3.0, kMostPixels / std::max(size_.x, size_.y));
    char head[400];
    std::snprintf(head, sizeof head,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                  "viewBox=\"%.2f %.2f %.2f %.2f\">\n<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
                  "height=\"%.2f\" fill=\"#b9cfa0\"/>\n",
                  size_.x * pixels_per_m, size_.y * pixels_per_m, low_.x, -(low_.y + size_.y),
                  size_.x, size_.y, low_.x, -(low_.y + size_.y), size_.x, size_.y);
    svg_ = head;
  }
  void Polygon(const std::vector<Vec2>& ring, const std::string& style) {
    Shape("polygon", ring, style);
  }
  void Line(const std::vector<Vec2>& points, const std::string& style) {
    Shape("polyline", points, "fill=\"none\" " + style);
  }
  void Circle(Vec2 at, double radius_m, const char* style) {
    char text[200];
    std::snprintf(text, sizeof text, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" %s/>\n", at.x,
                  -at.y, radius_m, style);
    svg_ += text;
  }
  void Text(Vec2 at, const std::string& text, double size_m) {
    char place[160];
    std::snprintf(place, sizeof place,
                  "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" font-family=\"sans-serif\" "
                  "text-anchor=\"middle\">",
                  at.x, -at.y, size_m);
    svg_ += place + Escaped(text) + "</text>\n";
  }
  // A bar of 50 m in the lower left corner.
  void Scale() {
    const Vec2 at = low_ + Vec2{4.0, 3.0};
    Line({at, at + Vec2{50.0, 0.0}}, "stroke=\"#000000\" stroke-width=\"0.8\"");
    Text(at + Vec2{25.0, 1.5}, "50 m", 4.0);
  }
  std::string Finish() { return std::move(svg_) + "</svg>\n"; }

 private:
  static std::string Escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    }
    return out;
  }
  void Shape(const char* element, const std::vector<Vec2>& points, const std::string& style) {
    svg_ += std::string("<") + element + " points=\"";
    for (const Vec2 p : points) {
      char pair[64];
      std::snprintf(pair, sizeof pair, "%.2f,%.2f ", p.x, -p.y);
      svg_ += pair;
    }
    svg_ += "\" " + style + "/>\n";
  }

  Vec2 low_, size_;
  std::string svg_;
};

std::vector<Vec2> PointsOf(const Curve& curve) {
  std::vector<Vec2> points;
  for (const CurvePoint& p : curve.points()) points.push_back(p.position_m);
  return points;
}

// Heights in steps of a bridge's clearance: what lies higher is drawn later.
int LevelOf(double height_m) {
  return static_cast<int>(std::lround(height_m / (2.0 * RoadNetwork::kLevelHeightM)));
}
int LevelOf(const std::vector<double>& heights_m) {
  return heights_m.empty() ? 0 : LevelOf(heights_m[heights_m.size() / 2]);
}
int LevelOf(const Lane& lane) {
  return LevelOf(lane.center.GroundAt(0.5 * lane.center.length_m()).height_m);
}

void DrawSurfaces(const RoadNetwork& network, int level, Drawing& drawing) {
  constexpr std::pair<Surface, const char*> kLayers[] = {{Surface::kOther, "#a8b890"},
                                                         {Surface::kSidewalk, "#c9c5bd"},
                                                         {Surface::kShoulder, "#8d8b88"},
                                                         {Surface::kRoad, "#5c5f63"}};
  for (const auto& [surface, color] : kLayers) {
    for (const SurfaceStrip& strip : network.surfaces()) {
      if (strip.surface != surface || LevelOf(strip.left_height_m) != level) continue;
      std::vector<Vec2> ring = strip.left;
      ring.insert(ring.end(), strip.right.rbegin(), strip.right.rend());
      // A thin outline closes the seams between neighbours.
      drawing.Polygon(ring, std::string("fill=\"") + color + "\" stroke=\"" + color +
                                "\" stroke-width=\"0.1\"");
    }
  }
}

void DrawMarks(const RoadNetwork& network, int level, Drawing& drawing) {
  for (const MarkLine& mark : network.marks()) {
    if (LevelOf(mark.height_m) != level) continue;
    char style[200];
    const int length =
        std::snprintf(style, sizeof style, "stroke=\"%s\" stroke-width=\"%.2f\"",
                      mark.color == MarkColor::kYellow ? "#e8c020" : "#ffffff", 2.0 * mark.width_m);
    if (mark.kind == MarkKind::kBroken) {
      std::snprintf(style + length, sizeof style - static_cast<size_t>(length),
                    " stroke-dasharray=\"%.2f %.2f\"", mark.dash_m, mark.gap_m);
    }
    drawing.Line(mark.points, style);
  }
}

// An arrow head in the lane's direction, its tip at s.
void DrawArrow(const Lane& lane, double s_m, Drawing& drawing) {
  const CurvePoint at = lane.center.At(s_m);
  const Pose2 pose{at.position_m, at.heading_rad};
  drawing.Polygon({WorldFromLocal(pose, {0.0, 0.0}), WorldFromLocal(pose, {-2.4, 0.8}),
                   WorldFromLocal(pose, {-1.8, 0.0}), WorldFromLocal(pose, {-2.4, -0.8})},
                  "fill=\"#9cd0ff\"");
}

// Streets in light blue; ways in blue, left turns violet, right turns cyan, held-out ones red.
void DrawLanes(const RoadNetwork& network, const std::vector<LaneIndex>& held_out, int level,
               Drawing& drawing) {
  constexpr double kArrowEvery_m = 30.0;
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    const Lane& lane = network.lanes()[i];
    if (LevelOf(lane) != level) continue;
    const char* color = "#9cd0ff";
    if (lane.junction >= 0) {
      color = lane.turn == Turn::kLeft    ? "#c090ff"
              : lane.turn == Turn::kRight ? "#60e0d0"
                                          : "#70a0e0";
    }
    double width = 0.25;
    if (std::binary_search(held_out.begin(), held_out.end(), static_cast<LaneIndex>(i))) {
      color = "#ff5040", width = 0.5;
    }
    char style[80];
    std::snprintf(style, sizeof style, "stroke=\"%s\" stroke-width=\"%.2f\"", color, width);
    drawing.Line(PointsOf(lane.center), style);
    if (lane.junction >= 0) continue;
    const double length = lane.center.length_m();
    const auto arrows = std::max(1.0, std::floor(length / kArrowEvery_m));
    for (double k = 0.5; k < arrows; k += 1.0) DrawArrow(lane, k * length / arrows, drawing);
  }
}

void DrawLevels(const RoadNetwork& network, const std::vector<LaneIndex>& held_out,
                Drawing& drawing) {
  std::vector<int> levels;
  for (const SurfaceStrip& strip : network.surfaces()) {
    levels.push_back(LevelOf(strip.left_height_m));
  }
  for (const MarkLine& mark : network.marks()) levels.push_back(LevelOf(mark.height_m));
  for (const Lane& lane : network.lanes()) levels.push_back(LevelOf(lane));
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  for (const int level : levels) {
    DrawSurfaces(network, level, drawing);
    DrawMarks(network, level, drawing);
    DrawLanes(network, held_out, level, drawing);
  }
}

// Stop lines across the lanes, and the lamps in the colours of their phases.
void DrawSignals(const RoadNetwork& network, Drawing& drawing) {
  constexpr std::array kPhaseStyles = {"fill=\"#20c040\"", "fill=\"#e02020\"", "fill=\"#f0a000\"",
                                       "fill=\"#3060f0\""};
  for (const SignalPlan& plan : network.signal_plans()) {
    for (const SignalHead& head : plan.heads) {
      drawing.Line({head.stop_left_m, head.stop_right_m},
                   "stroke=\"#ffffff\" stroke-width=\"0.5\"");
      drawing.Circle(head.lamp_m, 1.1, "fill=\"#202020\"");
      drawing.Circle(head.lamp_m, 0.7,
                     kPhaseStyles[static_cast<size_t>(head.phase) % kPhaseStyles.size()]);
    }
  }
}

void DrawRoute(const Route& route, const char* color, double width_m, Drawing& drawing) {
  char style[120];
  std::snprintf(style, sizeof style, "stroke=\"%s\" stroke-width=\"%.2f\" stroke-opacity=\"0.75\"",
                color, width_m);
  drawing.Line(PointsOf(route.path()), style);
  const Vec2 goal = route.path().PositionAt(route.length_m());
  char fill[60];
  std::snprintf(fill, sizeof fill, "fill=\"%s\"", color);
  drawing.Circle(route.path().PositionAt(0.0), 1.2, fill);
  std::snprintf(fill, sizeof fill, "fill=\"#ffffff\" stroke=\"%s\" stroke-width=\"0.6\"", color);
  drawing.Circle(goal, 1.4, fill);
}

void DrawRoutes(const NetworkPointer& network, const TownRoutes& lists, const std::string& which,
                Drawing& drawing) {
  constexpr std::array kColors = {"#30d060", "#ff9020", "#ff50c0", "#50b0ff",
                                  "#f0f040", "#a070ff", "#ff6060", "#60ffe0"};
  std::vector<Route> routes;
  size_t listed = 0;
  if (which == "train") {
    const RouteSampler sampler(network, lists.held_out, 120.0, 250.0);
    RandomStream random(0, "drawn routes");
    while (routes.size() < kMostRoutes) routes.push_back(sampler.Draw(random));
  } else {
    const std::vector<RouteEnds>& ends = which == "test" ? lists.test : lists.validation;
    // Spread over the list, which goes round the town's turns.
    listed = ends.size();
    const size_t count = std::min(ends.size(), kMostRoutes);
    for (size_t k = 0; k < count; ++k) {
      routes.push_back(FindRoute(network, ends[k * ends.size() / count]));
    }
  }
  for (size_t k = 0; k < routes.size(); ++k) {
    DrawRoute(routes[k], kColors[k % kColors.size()], 0.6, drawing);
  }
  if (listed > routes.size()) {
    std::fprintf(stderr, "%zu of %zu routes\n", routes.size(), listed);
  } else {
    std::fprintf(stderr, "%zu routes\n", routes.size());
  }
}

// The lists of a built-in town; those that an evaluation would drive on any other map.
TownRoutes ListsOf(const std::string& map, const NetworkPointer& network) {
  if (IsBuiltInTown(map)) return ReadTownRoutes(*network, BuiltInTownRoutesText(map), map);
  const std::string& hash = network->text_hash();
  return MakeTownRoutes(network, RandomTownSeed(map).value_or(HashBytes(hash.data(), hash.size())));
}

// "START -> GOAL" as the lists of routes have them.
Route RouteNamed(const NetworkPointer& network, const std::string& ends) {
  try {
    return FindRoute(network,
                     ReadTownRoutes(*network, "test:\n  - " + ends + "\n", "").test.front());
  } catch (const Error& error) {
    throw Error(ExitCode::kUsage, "there is no such route", "--route '" + ends + "'",
                error.reason(),
                "give ROAD/SECTION/LANE S -> ROAD/SECTION/LANE S, as in towns/*.routes.yaml");
  }
}

void WritePng(const std::string& svg, const std::string& output) {
  constexpr const char* kConverter = "rsvg-convert";
  const std::string drawing = output + ".svg";
  WriteFileAtomically(RealFiles(), drawing, svg);
  const char* const arguments[] = {kConverter, drawing.c_str(), "--output", output.c_str(),
                                   nullptr};
  pid_t process = 0;
  const int failed = posix_spawnp(&process, kConverter, nullptr, nullptr,
                                  const_cast<char* const*>(arguments), environ);
  int status = 0;
  const bool done = failed == 0 && waitpid(process, &status, 0) == process;
  RealFiles().Remove(drawing);
  if (done && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  throw Error(ExitCode::kEnvironment, "the drawing can't be turned into a PNG", output,
              done ? "rsvg-convert failed" : "the program rsvg-convert is not here",
              "apt-get install librsvg2-bin, or give the output's name the end .svg");
}

}  // namespace

int DrawMap(const DrawFlags& flags) {
  if (!flags.output.ends_with(".png") && !flags.output.ends_with(".svg")) {
    throw Error(ExitCode::kUsage, "a drawing is an SVG or a PNG", flags.output,
                "its name ends otherwise", "give it the end .svg or .png");
  }
  CheckCanBeWritten(RealFiles(), flags.output);
  const NetworkPointer network = LoadMap(flags.map);
  Drawing drawing(*network);
  TownRoutes lists;
  if (IsBuiltInTown(flags.map) || !flags.routes.empty()) lists = ListsOf(flags.map, network);
  DrawLevels(*network, lists.held_out, drawing);
  DrawSignals(*network, drawing);
  if (!flags.routes.empty()) DrawRoutes(network, lists, flags.routes, drawing);
  if (!flags.route.empty()) {
    const Route route = RouteNamed(network, flags.route);
    DrawRoute(route, "#30d060", 1.2, drawing);
    std::fprintf(stderr, "route of %.1f m, turns: %d\n", route.length_m(), route.junction_turns());
  }
  for (const Junction& junction : network->junctions()) {
    drawing.Text(junction.center_m, junction.id, 5.0);
  }
  drawing.Scale();
  const std::string svg = drawing.Finish();
  if (flags.output.ends_with(".png")) {
    WritePng(svg, flags.output);
  } else {
    WriteFileAtomically(RealFiles(), flags.output, svg);
  }
  std::printf("%s\n", flags.output.c_str());
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace volante
