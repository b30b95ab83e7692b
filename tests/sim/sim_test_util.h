// Shared by the tests of sim/: the built-in town, hand-made roads, long random routes, and a plain
// driver that follows its route, keeps its distance and waits where it must.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "road/route.h"
#include "sim/traffic_map.h"
#include "sim/world.h"

namespace volante::sim_test {

inline std::shared_ptr<const RoadNetwork> Town() {
  static const std::shared_ptr<const RoadNetwork> town =
      RoadNetwork::Parse(BuiltInTownText("volante_town"), "volante_town");
  return town;
}

// One straight road along x from 0 to `length_m` with open ends: `east` lanes of 3.5 m along +x
// (ids -1 and down, from the middle outwards), `west` against it. Where `ends_m` > 0 the outermost
// lane along +x ends there.
inline std::shared_ptr<const RoadNetwork> StraightRoad(double length_m, int east = 1, int west = 1,
                                                       double ends_m = 0.0) {
  const auto lane = [](int id, bool last) {
    return "<lane id=\"" + std::to_string(id) + "\" type=\"driving\" level=\"false\">" +
           (last ? "" : "<link><successor id=\"" + std::to_string(id) + "\"/></link>") +
           "<width sOffset=\"0\" a=\"3.5\" b=\"0\" c=\"0\" d=\"0\"/><roadMark sOffset=\"0\" "
           "type=\"solid\" color=\"white\" width=\"0.15\"/></lane>";
  };
  const auto section = [&](double s_m, int right, bool last) {
    std::string text = "<laneSection s=\"" + std::to_string(s_m) + "\"><left>";
    for (int id = west; id >= 1; --id) text += lane(id, last);
    text +=
        "</left><center><lane id=\"0\" type=\"none\" level=\"false\"><roadMark sOffset=\"0\" "
        "type=\"broken\" color=\"yellow\" width=\"0.15\"/></lane></center><right>";
    for (int id = 1; id <= right; ++id) text += lane(-id, last || (ends_m > 0.0 && id == east));
    return text + "</right></laneSection>";
  };
  const std::string length = std::to_string(length_m);
  std::string text =
      "<?xml version=\"1.0\"?><OpenDRIVE><header revMajor=\"1\" revMinor=\"4\"/>"
      "<road name=\"r\" length=\"" +
      length +
      "\" id=\"1\" junction=\"-1\"><planView>"
      "<geometry s=\"0\" x=\"0\" y=\"0\" hdg=\"0\" length=\"" +
      length + "\"><line/></geometry></planView><lanes>" + section(0.0, east, ends_m <= 0.0);
  if (ends_m > 0.0) text += section(ends_m, east - 1, true);
  return RoadNetwork::Parse(text + "</lanes></road></OpenDRIVE>", "straight");
}

// The lane of the straight road that runs along +x (right of the reference line, y = -1.75).
inline LaneIndex EastLane(const RoadNetwork& network) {
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    if (network.lanes()[i].opendrive_lane == -1) return static_cast<LaneIndex>(i);
  }
  return kNoLane;
}

inline std::shared_ptr<const Route> WholeLane(const std::shared_ptr<const RoadNetwork>& network,
                                              LaneIndex lane) {
  return std::make_shared<const Route>(network, std::vector<LaneIndex>{lane}, 0.0,
                                       network->lane(lane).center.length_m());
}

// A random walk over the lanes, at least length_m long.
inline std::shared_ptr<const Route> RandomRoute(const std::shared_ptr<const RoadNetwork>& network,
                                                uint64_t seed, double length_m) {
  RandomStream random(seed, "random route");
  const TrafficMap map(network);
  std::vector<LaneIndex> lanes;
  LaneIndex at = map.spawn_lanes()[random.Below(map.spawn_lanes().size())];
  double sum = 0.0;
  for (;;) {
    lanes.push_back(at);
    sum += map.lane(at).length_m;
    if (sum > length_m && !map.lane(at).in_junction) break;
    const auto next = map.next(map.lane(at));
    at = next[random.Below(next.size())];
  }
  return std::make_shared<const Route>(network, lanes, 0.0, map.lane(lanes.back()).length_m);
}

// The built-in town on such a walk.
inline WorldStart TownStart(uint64_t seed, int num_npcs) {
  WorldStart start;
  start.seed = seed;
  start.num_npcs = num_npcs;
  start.route = RandomRoute(Town(), seed, 1500.0);
  start.route_s_m = 10.0;
  return start;
}

struct Controls {
  double steer = 0.0, pedal = 0.0;
};

// Pure pursuit on the route's path.
inline double SteerAlongRoute(const World& world) {
  const EgoState& ego = world.ego();
  const double look = 3.0 + 0.5 * ego.speed_mps;
  const Vec2 p = LocalFromWorld({ego.position_m, ego.heading_rad},
                                world.route().path().PositionAt(world.on_route().s_m + look));
  const double curvature = 2.0 * p.y / std::max(1.0, Dot(p, p));
  const double angle = std::atan(curvature * world.ego_params().track.wheelbase_m());
  return std::clamp(angle / world.ego_params().SteerLockAt(ego.speed_mps), -1.0, 1.0);
}

inline double PedalFor(const World& world, double accel_mps2) {
  double low = -1.0, high = 1.0;
  for (int i = 0; i < 12; ++i) {
    const double mid = 0.5 * (low + high);
    const bool more =
        PedalAcceleration(world.ego().speed_mps, mid, world.ego_params()) < accel_mps2;
    (more ? low : high) = mid;
  }
  return low;
}

inline Controls Drive(const World& world, double cruise_mps = 8.33) {
  const EgoState& ego = world.ego();
  double allowed = cruise_mps;
  for (double d = 0.0; d < 30.0; d += 1.0) {
    const double bend = std::abs(world.route().path().At(world.on_route().s_m + d).curvature_1pm);
    allowed = std::min(allowed, std::sqrt(2.0 / std::max(bend, 1e-6) + 3.0 * d));
  }
  IdmParams idm;
  idm.desired_speed_mps = allowed;
  const Obstacle ahead = world.ObstacleAhead();
  double accel = IdmAcceleration(ego.speed_mps, std::max(0.0, ahead.speed_mps), ahead.gap_m, idm);
  if (ahead.yield_distance_m < 1e8) {
    accel = std::min(accel, IdmAcceleration(ego.speed_mps, 0.0, ahead.yield_distance_m + 1.0, idm));
  }
  if (world.on_route().s_m > world.route().length_m() - 20.0) accel = -5.0;
  if (accel < -0.3 && ego.speed_mps < 0.3) return {SteerAlongRoute(world), -1.0};
  return {SteerAlongRoute(world), PedalFor(world, accel)};
}

}  // namespace volante::sim_test
