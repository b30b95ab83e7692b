// volante map: inspects, checks, draws and makes OpenDRIVE maps. Reads maps by src/road/ alone.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/map_traffic.h"
#include "road/map_check.h"
#include "road/route.h"

namespace volante {
namespace {

using NetworkPointer = std::shared_ptr<const RoadNetwork>;

constexpr double kTownTurnRadius = 9.0;  // of the built-in towns (specification, section 1)
// Kinematic turning radius of the default ego: wheelbase 3.005 m, 35 degrees of steering lock below
// 5 m/s (docs/architecture.md; Tesla Model 3 of CARLA).
const double kEgoTurnRadius = 3.005 / std::tan(35.0 * std::numbers::pi / 180.0);

bool IsBuiltIn(const std::string& name) {
  const std::vector<std::string> names = BuiltInTownNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A file when there is one of that name or the name looks like one, else a built-in town.
NetworkPointer LoadMap(const std::string& map) {
  const bool is_path = map.find('/') != std::string::npos || map.find('.') != std::string::npos;
  if (is_path || (!IsBuiltIn(map) && RealFiles().Exists(map))) return RoadNetwork::LoadFile(map);
  if (const auto seed = RandomTownSeed(map)) return RoadNetwork::Parse(MakeRandomTown(*seed), map);
  return RoadNetwork::Parse(BuiltInTownText(map), map);
}

// The held-out turns that stand beside a built-in town.
std::vector<LaneIndex> HeldOut(const std::string& map, const RoadNetwork& network) {
  if (!IsBuiltIn(map)) return {};
  return ReadTownRoutes(network, BuiltInTownRoutesText(map), map).held_out;
}

double TightestRadius(const Lane& lane) {
  double curvature = 1e-9;
  for (const CurvePoint& p : lane.center.points()) {
    curvature = std::max(curvature, std::abs(p.curvature_1pm));
  }
  return 1.0 / curvature;
}

int Info(const std::string& map) {
  const NetworkPointer network = LoadMap(map);
  int turns[4] = {}, tight = 0, too_tight = 0;
  double lane_km = 0.0, tightest = 1e9;
  for (const Lane& lane : network->lanes()) {
    lane_km += lane.center.length_m() / 1000.0;
    ++turns[static_cast<int>(lane.turn)];
    if (lane.junction < 0) continue;
    tightest = std::min(tightest, TightestRadius(lane));
    tight += TightestRadius(lane) < kTownTurnRadius;
    too_tight += TightestRadius(lane) < kEgoTurnRadius;
  }
  const RoadTotals& roads = network->totals();
  const Vec2 size = network->max_m() - network->min_m();
  std::printf("map          %s\n", network->name().c_str());
  std::printf("size         %.0f x %.0f m\n", size.x, size.y);
  std::printf("roads        %d (%d streets, %d in junctions)\n",
              roads.streets + roads.connecting_roads, roads.streets, roads.connecting_roads);
  std::printf("length       %.2f km (%.2f km streets, %.2f km in junctions)\n",
              (roads.streets_m + roads.connecting_m) / 1000.0, roads.streets_m / 1000.0,
              roads.connecting_m / 1000.0);
  std::printf("lanes        %zu, %.2f km\n", network->lanes().size(), lane_km);
  std::printf("junctions    %zu with %d left, %d right and %d straight ways\n",
              network->junctions().size(), turns[static_cast<int>(Turn::kLeft)],
              turns[static_cast<int>(Turn::kRight)], turns[static_cast<int>(Turn::kStraight)]);
  if (tightest < 1e9) {
    std::printf(
        "tight turns  %d below %.1f m, %d below the ego's %.1f m; the tightest has %.1f m\n", tight,
        kTownTurnRadius, too_tight, kEgoTurnRadius, tightest);
  }
  std::printf("defects      %zu%s\n", network->defects().size(),
              network->defects().empty() ? "" : "; volante map check names them");
  return static_cast<int>(ExitCode::kOk);
}

int Check(const std::string& map) {
  const NetworkPointer network = LoadMap(map);
  MapCheckLimits limits;
  limits.smallest_radius_m = kEgoTurnRadius;
  const std::vector<std::string> defects = CheckMap(*network, limits);
  for (const std::string& defect : defects) std::printf("%s\n", defect.c_str());
  std::printf("%s: %zu lanes, %zu defects\n", network->name().c_str(), network->lanes().size(),
              defects.size());
  return static_cast<int>(defects.empty() ? ExitCode::kOk : ExitCode::kDefectsFound);
}

// SVG, one unit to the metre, y to the north.
class Drawing {
 public:
  Drawing(const RoadNetwork& network, double pixels_per_m) {
    const Vec2 low = network.min_m() - Vec2{10, 10}, size = network.max_m() + Vec2{10, 10} - low;
    char head[400];
    std::snprintf(head, sizeof head,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                  "viewBox=\"%.2f %.2f %.2f %.2f\">\n<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
                  "height=\"%.2f\" fill=\"#b9cfa0\"/>\n",
                  size.x * pixels_per_m, size.y * pixels_per_m, low.x, -(low.y + size.y), size.x,
                  size.y, low.x, -(low.y + size.y), size.x, size.y);
    svg_ = head;
  }
  void Polygon(const SurfaceStrip& strip, const char* color) {
    std::vector<Vec2> ring = strip.left;
    ring.insert(ring.end(), strip.right.rbegin(), strip.right.rend());
    Shape("polygon", ring, std::string("fill=\"") + color + "\"");
  }
  void Line(const std::vector<Vec2>& points, const std::string& style) {
    Shape("polyline", points, "fill=\"none\" " + style);
  }
  void Text(Vec2 at, const std::string& text) {
    char place[80];
    std::snprintf(place, sizeof place, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"6\">", at.x, -at.y);
    svg_ += place + Escaped(text) + "</text>\n";
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

  std::string svg_;
};

std::vector<Vec2> PointsOf(const Curve& curve) {
  std::vector<Vec2> points;
  for (const CurvePoint& p : curve.points()) points.push_back(p.position_m);
  return points;
}

int Draw(const std::string& map, const std::string& route_text, const std::string& out) {
  const NetworkPointer network = LoadMap(map);
  Drawing drawing(*network, 3.0);
  const std::pair<Surface, const char*> layers[] = {{Surface::kOther, "#a8b890"},
                                                    {Surface::kSidewalk, "#c9c5bd"},
                                                    {Surface::kShoulder, "#8d8b88"},
                                                    {Surface::kRoad, "#5c5f63"}};
  for (const auto& [surface, color] : layers) {
    for (const SurfaceStrip& strip : network->surfaces()) {
      if (strip.surface == surface) drawing.Polygon(strip, color);
    }
  }
  for (const MarkLine& mark : network->marks()) {
    char style[160];
    std::snprintf(style, sizeof style, "stroke=\"%s\" stroke-width=\"%.2f\"",
                  mark.color == MarkColor::kYellow ? "#e8c020" : "#ffffff", 2.0 * mark.width_m);
    std::string full = style;
    if (mark.kind == MarkKind::kBroken) {
      std::snprintf(style, sizeof style, " stroke-dasharray=\"%.2f %.2f\"", mark.dash_m,
                    mark.gap_m);
      full += style;
    }
    drawing.Line(mark.points, full);
  }
  const std::vector<LaneIndex> held_out = HeldOut(map, *network);
  for (size_t i = 0; i < network->lanes().size(); ++i) {
    const Lane& lane = network->lanes()[i];
    const bool held =
        std::binary_search(held_out.begin(), held_out.end(), static_cast<LaneIndex>(i));
    drawing.Line(PointsOf(lane.center), held ? "stroke=\"#d03030\" stroke-width=\"0.5\""
                                             : "stroke=\"#70a0d0\" stroke-width=\"0.2\"");
  }
  for (const Junction& junction : network->junctions()) {
    drawing.Text(junction.center_m, junction.id);
  }
  if (!route_text.empty()) {
    const TownRoutes list = ReadTownRoutes(*network, "test:\n  - " + route_text + "\n", "--route");
    const Route route = FindRoute(network, list.test.front());
    drawing.Line(PointsOf(route.path()), "stroke=\"#30d060\" stroke-width=\"1.2\"");
    std::fprintf(stderr, "route of %.1f m with %d turns\n", route.length_m(),
                 route.junction_turns());
  }
  WriteFileAtomically(RealFiles(), out, drawing.Finish());
  std::printf("%s\n", out.c_str());
  return static_cast<int>(ExitCode::kOk);
}

int Make(const std::string& town, const std::string& directory) {
  if (town != "volante_town") {
    BuiltInTownText(town);  // names the nearest town
    throw Error(ExitCode::kUsage, "this town can't be made", town,
                "only volante_town is made by the program", "volante map make volante_town");
  }
  const std::string text = MakeVolanteTown();
  const NetworkPointer network = RoadNetwork::Parse(text, town);
  const std::string map = JoinPath(directory, town + ".xodr");
  const std::string routes = JoinPath(directory, town + ".routes.yaml");
  RealFiles().MakeDirectories(directory);
  WriteFileAtomically(RealFiles(), map, text);
  WriteFileAtomically(RealFiles(), routes,
                      WriteTownRoutes(*network, MakeTownRoutes(network, kTownRoutesSeed)));
  std::printf("%s\n%s\n", map.c_str(), routes.c_str());
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace

int RunMap(int argc, char** argv) {
  CLI::App app("Inspect, check, draw and make OpenDRIVE maps.");
  app.require_subcommand(1);
  std::string map, out, route, directory;
  constexpr const char* kMapHelp = "an OpenDRIVE file (.xodr), or the name of a built-in town";
  CLI::App* info = app.add_subcommand("info", "roads, lanes, junctions, lengths and tight turns");
  CLI::App* check = app.add_subcommand("check", "names each defect; exit code 1 when there is one");
  CLI::App* draw = app.add_subcommand("draw", "draws the map as SVG");
  CLI::App* make = app.add_subcommand("make", "writes a built-in town and its route lists");
  for (CLI::App* command : {info, check, draw}) {
    command->add_option("map", map, kMapHelp)->required();
  }
  draw->add_option("-o,--output", out, "the SVG file to write")->required();
  draw->add_option("--route", route,
                   "also draw this route: 'ROAD/SECTION/LANE S -> ROAD/SECTION/LANE S', as in the "
                   "town's route list");
  make->add_option("town", map, "the town's name: volante_town")->required();
  make->add_option("-o,--output", directory, "the folder to write into")->required();
  MapTrafficOptions traffic;
  ConfigSources sources;
  CLI::App* drive =
      app.add_subcommand("traffic", "drives hours of traffic and counts what goes wrong");
  drive->add_option("map", map, kMapHelp)->required();
  drive->add_option("--npcs", traffic.npcs, "cars beside the ego")->check(CLI::Range(0, 1000));
  drive->add_option("--hours", traffic.hours, "simulated time")->check(CLI::Range(0.001, 1000.0));
  drive->add_option("--ego", traffic.ego, "standing, expert (idm_mobil) or slow (3 m/s)")
      ->check(CLI::IsMember({"standing", "expert", "slow"}));
  drive->add_option("--seed", traffic.seed, "of cars, their turns and the ego's way");
  AddConfigFlags(*drive, sources);
  if (!ParseArguments(app, argc, argv)) return static_cast<int>(ExitCode::kOk);

  if (*info) return Info(map);
  if (*check) return Check(map);
  if (*draw) return Draw(map, route, out);
  if (*drive) {
    traffic.config = LoadConfig(RealFiles(), sources);
    return RunMapTraffic(LoadMap(map), traffic);
  }
  return Make(map, directory);
}

}  // namespace volante
