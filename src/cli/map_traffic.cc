#include "cli/map_traffic.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "env/drive_facts.h"
#include "env/driver.h"
#include "env/town.h"
#include "sim/traffic_census.h"

namespace volante {
namespace {

constexpr double kLongestStand_s = 90.0;
constexpr double kLeastSpeedShare = 0.4;
constexpr double kSlow_mps = 3.0;
constexpr double kFastest_mps = 8.5;  // no driver here is faster: the route lasts for the time
constexpr double kStart_m = 20.0;     // on the route

// A random walk over the lanes that is long enough for the time: route after route.
std::shared_ptr<const Route> EndlessRoute(const std::shared_ptr<const RoadNetwork>& network,
                                          uint64_t seed, double length_m) {
  const TrafficMap map(network);
  if (map.spawn_lanes().empty()) {
    throw Error(ExitCode::kBadInput, "no traffic can drive", network->name(),
                "every lane lies in a junction", "give a map with roads between its junctions");
  }
  RandomStream random(seed, "map traffic route");
  const auto lanes = map.spawn_lanes();
  LaneIndex at = lanes[random.Below(lanes.size())];
  while (map.lane(at).length_m < kStart_m + 10.0) at = lanes[random.Below(lanes.size())];
  std::vector<LaneIndex> walk;
  for (double sum = 0.0;;) {
    walk.push_back(at);
    sum += map.lane(at).length_m;
    const auto next = map.next(map.lane(at));
    if (next.empty() || (sum > length_m && !map.lane(at).in_junction)) break;
    at = next[random.Below(next.size())];
  }
  return std::make_shared<const Route>(network, walk, 0.0, map.lane(walk.back()).length_m);
}

const char* CauseName(StandCause cause) {
  constexpr const char* kNames[] = {
      "nothing",           "another car", "the ego",  "the right of way", "a full exit",
      "an ego on its way", "a dead end",  "a script", "a red light",      "the end of its lane"};
  static_assert(std::size(kNames) == static_cast<size_t>(StandCause::kLaneEnd) + 1);
  return kNames[static_cast<size_t>(cause)];
}

}  // namespace

int RunMapTraffic(const std::shared_ptr<const RoadNetwork>& file,
                  const MapTrafficOptions& options) {
  const auto network = WithLights(file, options.config.env.traffic_lights);
  const auto ticks = static_cast<int64_t>(options.hours * 3600.0 / kSimTickSeconds);
  const double way_m = options.ego == "standing"
                           ? 100.0
                           : static_cast<double>(ticks) * kSimTickSeconds * kFastest_mps + 500.0;
  const auto route = EndlessRoute(network, options.seed, way_m);
  RouteProfile profile;
  profile.Build(*route);
  World world(network, options.config.ego, options.config.npc);
  WorldStart start;
  start.seed = options.seed;
  start.num_npcs = options.npcs;
  start.route = route;
  start.route_s_m = kStart_m;
  world.Start(start);

  const auto driver = MakeDriver("idm_mobil", options.config.ego);
  driver->Begin(options.seed);
  TrafficCensus census;
  Hasher128 hasher;
  DriveFacts facts;
  for (int64_t t = 0; t < ticks; ++t) {
    DescribeDrive(world, profile, facts);
    facts.tick = world.tick();
    double steer = 0.0, pedal = -1.0;
    if (options.ego == "expert") {
      const Action action = driver->Act(facts);
      steer = action.steer, pedal = action.throttle;
    } else if (options.ego == "slow") {
      steer = PurePursuitSteer(facts, options.config.ego);
      pedal = std::clamp(0.3 * (kSlow_mps - facts.speed_mps) + 0.1, -1.0, 0.6);
    }
    world.Step(steer, pedal);
    census.Observe(world);
    for (const VehicleState& npc : world.npcs()) {
      const double pose[] = {npc.position_m.x, npc.position_m.y, npc.heading_rad, npc.speed_mps};
      hasher.Update(pose, sizeof pose);
    }
  }
  const TrafficFigures& f = census.figures();
  const bool good =
      f.npc_contacts == 0 && f.npc_fault_contacts == 0 && f.longest_stand_s <= kLongestStand_s &&
      f.counters.forced_grants == 0 && f.jumps_in_view == 0 && f.counters.red_lights_run == 0 &&
      f.SpeedShare() >= kLeastSpeedShare && (options.ego != "expert" || f.ego_fault_contacts == 0);
  std::printf("map                   %s, %.2f h, %d cars, ego %s, seed %llu\n",
              network->name().c_str(), options.hours, options.npcs, options.ego.c_str(),
              static_cast<unsigned long long>(options.seed));
  std::printf(
      "contacts              %llu between NPCs, %llu with the ego by an NPC's fault, %llu by "
      "the ego's\n",
      static_cast<unsigned long long>(f.npc_contacts),
      static_cast<unsigned long long>(f.npc_fault_contacts),
      static_cast<unsigned long long>(f.ego_fault_contacts));
  std::printf("longest stand         %.1f s without a red light, by %s (car %d, tick %lld)\n",
              f.longest_stand_s, CauseName(f.longest_cause), f.longest_npc,
              static_cast<long long>(f.longest_tick));
  std::printf("forced grants         %llu\n",
              static_cast<unsigned long long>(f.counters.forced_grants));
  std::printf("cars moved            %llu, %llu of them in the ego's view\n",
              static_cast<unsigned long long>(f.jumps),
              static_cast<unsigned long long>(f.jumps_in_view));
  std::printf("lane changes          %llu\n",
              static_cast<unsigned long long>(f.counters.lane_changes));
  std::printf("red lights run        %llu by NPCs\n",
              static_cast<unsigned long long>(f.counters.red_lights_run));
  std::printf(
      "NPC speed             %.2f m/s, %.1f %% of the desired, %.1f %% of a straight road's\n",
      f.speed_sum_mps / static_cast<double>(std::max<int64_t>(1, f.ticks * options.npcs)),
      100.0 * f.SpeedShare(), 100.0 * f.speed_sum_mps / std::max(f.cruise_sum_mps, 1e-9));
  std::printf("ego                   %.1f km\n", world.on_route().s_m / 1000.0);
  std::printf("poses                 %s\n", hasher.Hex().c_str());
  std::printf("%s\n", good ? "good" : "not good");
  return static_cast<int>(good ? ExitCode::kOk : ExitCode::kDefectsFound);
}

}  // namespace volante
