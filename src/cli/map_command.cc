// volante map: inspects and checks OpenDRIVE maps; map_*.cc have the rest. Reads maps by src/road/
// alone.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/map_files.h"
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

// Prints each defect, or the first so many and how many more there are.
int Check(const std::string& map, bool all) {
  constexpr size_t kMostPrinted = 100;
  const NetworkPointer network = LoadMap(map);
  MapCheckLimits limits;
  limits.smallest_radius_m = kEgoTurnRadius;
  const std::vector<std::string> defects = CheckMap(*network, limits);
  const size_t printed = all ? defects.size() : std::min(defects.size(), kMostPrinted);
  for (size_t i = 0; i < printed; ++i) std::printf("%s\n", defects[i].c_str());
  if (printed < defects.size()) {
    std::printf("... and %zu more; --all prints them\n", defects.size() - printed);
  }
  std::printf("%s: %zu lanes, %zu defects\n", network->name().c_str(), network->lanes().size(),
              defects.size());
  return static_cast<int>(defects.empty() ? ExitCode::kOk : ExitCode::kDefectsFound);
}

}  // namespace

std::shared_ptr<const RoadNetwork> LoadMap(const std::string& map) {
  const bool is_path = map.find('/') != std::string::npos || map.find('.') != std::string::npos;
  if (is_path || (!IsBuiltInTown(map) && RealFiles().Exists(map)))
    return RoadNetwork::LoadFile(map);
  if (const auto seed = RandomTownSeed(map)) return RoadNetwork::Parse(MakeRandomTown(*seed), map);
  return RoadNetwork::Parse(BuiltInTownText(map), map);
}

int RunMap(int argc, char** argv) {
  CLI::App app("Inspect, check, draw and make OpenDRIVE maps.");
  app.require_subcommand(1);
  std::string map, directory;
  DrawFlags drawing;
  constexpr const char* kMapHelp =
      "an OpenDRIVE file (.xodr), the name of a built-in town, or random_N";
  CLI::App* info = app.add_subcommand("info", "roads, lanes, junctions, lengths and tight turns");
  CLI::App* check = app.add_subcommand("check", "names each defect; exit code 1 when there is one");
  CLI::App* draw = app.add_subcommand("draw", "draws the map as SVG or PNG");
  CLI::App* make = app.add_subcommand("make", "writes a town and its route lists");
  for (CLI::App* command : {info, check, draw}) {
    command->add_option("map", map, kMapHelp)->required();
  }
  bool all_defects = false;
  check->add_flag("--all", all_defects, "print every defect, not only the first 100");
  draw->add_option("-o,--output", drawing.output, "the .svg or .png file to write")->required();
  draw->add_option("--routes", drawing.routes, "also draw up to 40 routes of this list")
      ->check(CLI::IsMember({"validation", "test", "train"}));
  draw->add_option("--route", drawing.route,
                   "also draw this route: 'ROAD/SECTION/LANE S -> ROAD/SECTION/LANE S', as in the "
                   "town's route list");
  make->add_option("town", map, "the town's name: a built-in one, or random_N")->required();
  make->add_option("-o,--output", directory, "the folder to write into")->required();
  MapTrafficOptions traffic;
  ConfigSources sources;
  CLI::App* drive =
      app.add_subcommand("traffic", "drives hours of traffic and counts what goes wrong");
  drive->add_option("map", map, kMapHelp)->required();
  drive->add_option("--npcs", traffic.npcs, "cars beside the ego")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  drive->add_option("--hours", traffic.hours, "simulated time")
      ->check(CLI::Range(0.001, 1000.0))
      ->capture_default_str();
  drive->add_option("--ego", traffic.ego, "standing, expert (idm_mobil) or slow (3 m/s)")
      ->check(CLI::IsMember({"standing", "expert", "slow"}))
      ->capture_default_str();
  drive->add_option("--seed", traffic.seed, "of cars, their turns and the ego's way")
      ->capture_default_str();
  AddConfigFlags(*drive, sources);
  if (!ParseArguments(app, argc, argv)) return static_cast<int>(ExitCode::kOk);

  if (*info) return Info(map);
  if (*check) return Check(map, all_defects);
  if (*draw) {
    drawing.map = map;
    return DrawMap(drawing);
  }
  if (*drive) {
    traffic.config = LoadConfig(RealFiles(), sources);
    return RunMapTraffic(LoadMap(map), traffic);
  }
  return MakeTown(map, directory);
}

}  // namespace volante
