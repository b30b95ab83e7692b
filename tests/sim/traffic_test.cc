// The traffic as a whole: it flows, nobody touches anybody, it is the same for the same seed, and
// an ego that misbehaves is never hit by an NPC's fault.
#include "sim/traffic.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "sim/collision.h"
#include "sim/traffic_census.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::Controls;
using sim_test::Drive;
using sim_test::RandomRoute;
using sim_test::SteerAlongRoute;
using sim_test::StraightRoad;
using sim_test::Town;

TEST(TrafficMap, EveryLaneOfTheBuiltInTownLeadsOnForEver) {
  const TrafficMap map(Town());
  for (size_t i = 0; i < map.size(); ++i) {
    EXPECT_TRUE(map.lane(static_cast<LaneIndex>(i)).endless) << "lane " << i;
  }
}

// The tightest bends of the town have a radius of at least 9 m: sqrt(2.2 * 9) = 4.4 m/s; and from
// any metre to the next the allowed speed can be met by braking at 1.5 m/s^2.
TEST(TrafficMap, AllowedSpeedsAreFeasible) {
  const TrafficMap map(Town());
  double slowest2 = 1e9;
  for (size_t i = 0; i < map.size(); ++i) {
    const TrafficLane& lane = map.lane(static_cast<LaneIndex>(i));
    for (double s = 0.5; s + 1.0 < lane.length_m; s += 1.0) {
      const double now2 = map.AllowedSpeed2(lane, s), next2 = map.AllowedSpeed2(lane, s + 1.0);
      ASSERT_LE(now2, next2 + 2.0 * 1.5 + 1e-3);
      const double bend = std::abs(lane.center->At(s).curvature_1pm);
      ASSERT_LE(now2 * bend, 2.2 + 1e-3);
      slowest2 = std::min(slowest2, now2);
    }
  }
  EXPECT_GT(std::sqrt(slowest2), 4.0);
}

struct Drivers {
  int num_npcs = 0;
  bool ego_drives = false;
};

class TwentyMinutes : public testing::TestWithParam<Drivers> {};

TEST_P(TwentyMinutes, EverybodyDrivesAndNobodyTouchesAnybody) {
  const Drivers drivers = GetParam();
  const bool crowded = drivers.num_npcs > 50;  // 100 cars on 4 km
  World world(Town(), EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.seed = 11;
  start.num_npcs = drivers.num_npcs;
  start.route = RandomRoute(Town(), 3, 12000.0);
  start.route_s_m = 20.0;
  world.Start(start);
  TrafficCensus census;
  for (int t = 0; t < 20 * 60 * 20; ++t) {
    const Controls c = drivers.ego_drives ? Drive(world) : Controls{0.0, -1.0};
    world.Step(c.steer, c.pedal);
    census.Observe(world);
    ASSERT_FALSE(world.events().collision) << "tick " << t;
  }
  const TrafficFigures& f = census.figures();
  EXPECT_EQ(f.npc_contacts, 0u);
  EXPECT_LT(f.longest_stand_s, 90.0) << "cause " << static_cast<int>(f.longest_cause);
  ASSERT_EQ(world.traffic().npcs().size(), static_cast<size_t>(drivers.num_npcs));
  for (const Npc& npc : world.traffic().npcs()) EXPECT_GE(npc.odometer_m, 1000.0);
  EXPECT_GE(f.SpeedShare(), 0.4);
  EXPECT_LE(f.SpeedShare(), 1.0);
  EXPECT_EQ(f.counters.forced_grants, 0u);
  EXPECT_EQ(f.counters.npc_fault_collisions, 0u);
  EXPECT_EQ(f.jumps, f.counters.relocations);
  EXPECT_EQ(f.jumps_in_view, 0u);
  if (drivers.ego_drives) {
    EXPECT_EQ(f.jumps, 0u);
    EXPECT_GT(world.on_route().s_m, crowded ? 3000.0 : 6000.0);
  }
}

std::string DriversName(const testing::TestParamInfo<Drivers>& drivers) {
  return std::to_string(drivers.param.num_npcs) +
         (drivers.param.ego_drives ? "AndADrivingEgo" : "AndAStandingEgo");
}
INSTANTIATE_TEST_SUITE_P(Town, TwentyMinutes,
                         testing::Values(Drivers{20, false}, Drivers{20, true}, Drivers{50, false},
                                         Drivers{50, true}, Drivers{100, false},
                                         Drivers{100, true}),
                         DriversName);

TEST(Traffic, StartsWithTheExactCountApartAndAwayFromTheEgo) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  for (uint64_t seed = 0; seed < 40; ++seed) {
    for (const int count : {0, 1, 20, 50, 100}) {
      WorldStart start;
      start.seed = seed;
      start.num_npcs = count;
      start.route = RandomRoute(Town(), seed, 300.0);
      start.route_s_m = 30.0;
      world.Start(start);
      ASSERT_EQ(world.npcs().size(), static_cast<size_t>(count));
      ASSERT_EQ(world.traffic().npcs().size(), static_cast<size_t>(count));
      ASSERT_EQ(CountOverlaps(world.npcs()), 0);
      for (const VehicleState& npc : world.npcs()) {
        ASSERT_GE(Distance(npc.position_m, world.ego().position_m), 20.0 + 2.0);
        ASSERT_EQ(Town()->lane(Town()->FindLane(npc.position_m, npc.heading_rad)->lane).junction,
                  -1);
      }
    }
  }
}

TEST(Traffic, RefusesMoreCarsThanFit) {
  const auto road = StraightRoad(300.0);
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.route = sim_test::WholeLane(road, sim_test::EastLane(*road));
  start.num_npcs = 500;
  start.route_s_m = 50.0;
  try {
    world.Start(start);
    FAIL() << "500 cars on 300 m";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

// On a road with open ends a car that arrives is moved, out of the ego's sight, and counted.
TEST(Traffic, MovesCarsFromDeadEndsOfOpenMaps) {
  const auto road = StraightRoad(600.0);
  World world(road, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.seed = 5;
  start.num_npcs = 6;
  start.route = sim_test::WholeLane(road, sim_test::EastLane(*road));
  start.route_s_m = 300.0;
  world.Start(start);
  std::vector<double> last_x(6, 0.0);
  for (size_t i = 0; i < 6; ++i) last_x[i] = world.npcs()[i].position_m.x;
  for (int t = 0; t < 6000; ++t) {
    const uint64_t before = world.traffic().counters().relocations;
    world.Step(0.0, -1.0);
    ASSERT_EQ(world.npcs().size(), 6u);
    ASSERT_EQ(CountOverlaps(world.npcs()), 0);
    for (size_t i = 0; i < 6; ++i) {
      const double x = world.npcs()[i].position_m.x;
      if (std::abs(x - last_x[i]) > 1.0) {
        ASSERT_GT(world.traffic().counters().relocations, before);
        ASSERT_GT(Distance(world.npcs()[i].position_m, world.ego().position_m), 60.0);
      }
      last_x[i] = x;
    }
  }
  EXPECT_GT(world.traffic().counters().relocations, 5u);
}

std::string Fingerprint(World& world) {
  const std::vector<uint8_t> bytes = world.Save();
  return Hash128Hex(bytes.data(), bytes.size());
}

WorldStart MediumStart(uint64_t seed) {
  WorldStart start;
  start.seed = seed;
  start.num_npcs = 50;
  start.route = RandomRoute(Town(), seed, 2000.0);
  start.route_s_m = 10.0;
  return start;
}

// Cars that are moved from a bridge to the motorway below stand on the motorway.
TEST(Traffic, MovedCarsStandOnTheGroundOfTheirLane) {
  const auto highway = RoadNetwork::Parse(BuiltInTownText("highway"), "highway");
  World world(highway, EgoConfig{}, NpcConfig{});
  uint64_t moved = 0;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    WorldStart start;
    start.seed = seed;
    start.num_npcs = 100;
    start.route = RandomRoute(highway, seed, 200.0);
    start.route_s_m = 20.0;
    world.Start(start);
    for (int t = 0; t < 12000; ++t) {
      world.Step(0.0, -1.0);
      if (t % 50 != 0) continue;
      ASSERT_EQ(CountOverlaps(world.npcs()), 0) << "seed " << seed << " tick " << t;
      for (size_t i = 0; i < world.npcs().size(); ++i) {
        const Npc& npc = world.traffic().npcs()[i];
        const Curve& center = highway->lane(npc.plan[0]).center;
        ASSERT_NEAR(world.npcs()[i].ground_m, center.GroundAt(npc.s_m).height_m, 0.5)
            << "seed " << seed << " car " << i << " tick " << t;
      }
    }
    moved += world.traffic().counters().relocations;
  }
  EXPECT_GT(moved, 10u);
}

TEST(Traffic, IsTheSameForTheSameSeedWhateverElseRuns) {
  const auto run = [](uint64_t seed, bool busy) {
    World world(Town(), EgoConfig{}, NpcConfig{}), other(Town(), EgoConfig{}, NpcConfig{});
    if (busy) {
      // A world with a past, beside another one that steps too.
      other.Start(MediumStart(99));
      world.Start(MediumStart(98));
      for (int t = 0; t < 50; ++t) world.Step(0.1, 1.0);
    }
    world.Start(MediumStart(seed));
    std::string all;
    for (int t = 0; t < 1500; ++t) {
      if (busy) other.Step(0.0, 0.3);
      const Controls c = Drive(world);
      world.Step(c.steer, c.pedal);
      if (t % 100 == 0) all += Fingerprint(world);
    }
    return all;
  };
  EXPECT_EQ(run(7, false), run(7, true));
  EXPECT_NE(run(7, false), run(8, false));
}

enum class Manner { kBlind, kRandomPedal, kBrakeChecks, kWild };

class BadEgo : public testing::TestWithParam<Manner> {};

// Whatever the ego does, no NPC runs into it by its own fault and no NPC touches another.
TEST_P(BadEgo, IsNeverHitByAnNpcsFault) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  int collisions = 0;
  for (uint64_t episode = 0; episode < 80; ++episode) {
    RandomStream random(episode, "bad ego");
    WorldStart start = MediumStart(1000 + episode);
    start.route_s_m = random.Uniform(5.0, 100.0);
    start.speed_mps = random.Uniform(0.0, 8.0);
    world.Start(start);
    double pedal = 0.0, steer = 0.0;
    int hold = 0;
    for (int t = 0; t < 1000; ++t) {
      if (hold-- <= 0) {
        hold = 10 + static_cast<int>(random.Below(60));
        pedal = random.Uniform(-1.0, 1.0);
        steer = random.Uniform(-1.0, 1.0);
      }
      const double speed = world.ego().speed_mps;
      Controls c{SteerAlongRoute(world), pedal};
      if (GetParam() == Manner::kBlind) c.pedal = speed < 8.3 ? 0.8 : 0.0;
      if (GetParam() == Manner::kBrakeChecks) c.pedal = hold % 40 < 20 ? -1.0 : speed < 8.3;
      if (GetParam() == Manner::kWild) c.steer = 0.5 * c.steer + 0.5 * steer;
      world.Step(c.steer, c.pedal);
      ASSERT_EQ(CountOverlaps(world.npcs()), 0) << "episode " << episode << " tick " << t;
      if (world.events().collision) {
        ++collisions;
        ASSERT_TRUE(world.events().at_fault) << "episode " << episode << " tick " << t;
        break;
      }
    }
  }
  if (GetParam() == Manner::kBlind) {
    EXPECT_GT(collisions, 5);
  }
}

INSTANTIATE_TEST_SUITE_P(Manners, BadEgo,
                         testing::Values(Manner::kBlind, Manner::kRandomPedal, Manner::kBrakeChecks,
                                         Manner::kWild));

}  // namespace
}  // namespace volante
