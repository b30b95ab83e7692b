// The world around the ego: snapshots, the way ahead, junction rights, contacts, markings.
#include "sim/world.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "sim/collision.h"
#include "sim_test_util.h"
#include "support/count_allocations.h"

namespace volante {
namespace {

using sim_test::Controls;
using sim_test::Drive;
using sim_test::EastLane;
using sim_test::StraightRoad;
using sim_test::Town;
using sim_test::TownStart;
using sim_test::WholeLane;

// A world with the ego on the straight road along +x.
struct StraightWorld {
  std::shared_ptr<const RoadNetwork> road = StraightRoad(800.0);
  World world{road, EgoConfig{}, NpcConfig{}};
  WorldStart start;

  StraightWorld() {
    start.route = WholeLane(road, EastLane(*road));
    start.route_s_m = 300.0;
  }
};

TEST(World, SaveThenLoadContinuesBitIdentically) {
  for (const int at : {0, 1, 137, 600}) {
    World world(Town(), EgoConfig{}, NpcConfig{});
    const WorldStart start = TownStart(21, 50);
    world.Start(start);
    for (int t = 0; t < at; ++t) {
      const Controls c = Drive(world);
      world.Step(c.steer, c.pedal);
    }
    const std::vector<uint8_t> saved = world.Save();
    World copy(Town(), EgoConfig{}, NpcConfig{});
    copy.Start(TownStart(4, 7));  // a past that must not shine through
    copy.Load(saved, start.route);
    ASSERT_EQ(copy.Save(), saved);
    for (int t = 0; t < 400; ++t) {
      const Controls c = Drive(world), d = Drive(copy);
      ASSERT_EQ(c.steer, d.steer);
      ASSERT_EQ(c.pedal, d.pedal);
      world.Step(c.steer, c.pedal);
      copy.Step(d.steer, d.pedal);
      if (t % 20 == 0) {
        ASSERT_EQ(world.Save(), copy.Save()) << "tick " << at + t;
      }
    }
    EXPECT_EQ(world.Save(), copy.Save());
    EXPECT_EQ(world.tick(), at + 400);
  }
}

// One car's seed apart, two worlds differ at the first number that the seed decides; one tick
// apart, in the ego.
TEST(World, SaysInWhichFieldItDiffersFromAnother) {
  World a(Town(), EgoConfig{}, NpcConfig{}), b(Town(), EgoConfig{}, NpcConfig{});
  a.Start(TownStart(21, 20));
  b.Start(TownStart(21, 20));
  for (int t = 0; t < 50; ++t) {
    EXPECT_EQ(a.DifferenceFrom(b), "");
    EXPECT_EQ(a.Hash(), b.Hash());
    a.Step(0.0, 0.5);
    EXPECT_NE(a.Hash(), b.Hash());
    b.Step(0.0, 0.5);
  }
  a.Step(0.0, 0.5);
  b.Step(0.0, 0.5 + 1e-9);
  const std::string by_pedal = a.DifferenceFrom(b);
  EXPECT_TRUE(by_pedal.starts_with("ego.")) << by_pedal;
  WorldStart other = TownStart(21, 20);
  other.seed = 22;
  b.Start(other);
  a.Start(TownStart(21, 20));
  EXPECT_EQ(a.DifferenceFrom(b).substr(0, 14), "traffic.random") << a.DifferenceFrom(b);
}

// Three worlds that are given the same controls, the second and third of which act one and two
// ticks later: each is where the first was so many ticks ago.
TEST(World, ActionsActAfterTheirDelay) {
  StraightWorld worlds[3];
  std::vector<EgoState> first;
  for (int delay = 0; delay < 3; ++delay) {
    StraightWorld& w = worlds[delay];
    w.start.ego.action_delay_ticks = delay;
    w.world.Start(w.start);
    for (int t = 0; t < 60; ++t) {
      w.world.Step(std::sin(0.1 * t), 0.5 + 0.4 * std::cos(0.2 * t));
      if (delay == 0) {
        first.push_back(w.world.ego());
      } else if (t >= delay) {
        ASSERT_EQ(w.world.ego(), first[static_cast<size_t>(t - delay)]) << delay << " " << t;
      } else {
        ASSERT_EQ(w.world.ego().speed_mps, 0.0) << "nothing has been asked of it yet";
      }
    }
  }
}

TEST(World, SaveThenLoadKeepsTheCarOfTheEpisode) {
  StraightWorld s, copy;
  s.start.ego = {.mass_scale = 1.1,
                 .friction_scale = 0.6,
                 .steer_gain = 0.95,
                 .steer_lag_s = 0.2,
                 .throttle_gain = 0.9,
                 .action_delay_ticks = 2};
  s.world.Start(s.start);
  copy.world.Start(copy.start);
  for (int t = 0; t < 31; ++t) s.world.Step(0.02, 0.7);
  copy.world.Load(s.world.Save(), copy.start.route);
  EXPECT_EQ(copy.world.ego_variation(), s.start.ego);
  for (int t = 0; t < 100; ++t) {
    s.world.Step(0.3, t < 50 ? 1.0 : -1.0);
    copy.world.Step(0.3, t < 50 ? 1.0 : -1.0);
    ASSERT_EQ(s.world.DifferenceFrom(copy.world), "") << t;
  }
  // The next episode's car is its own.
  copy.world.Start(copy.start);
  EXPECT_EQ(copy.world.ego_variation(), EgoVariation{});
  EXPECT_EQ(copy.world.ego_params().track.mass_kg, 1845.0);
}

TEST(World, AWetEpisodeBrakesLater) {
  const auto stop_m = [](double friction_scale) {
    StraightWorld s;
    s.start.speed_mps = 15.0;
    s.start.ego.friction_scale = friction_scale;
    s.world.Start(s.start);
    while (s.world.ego().speed_mps > 0.0) s.world.Step(0.0, -1.0);
    return s.world.ego().position_m.x - 300.0;
  };
  EXPECT_NEAR(stop_m(1.0), 15.0 * 15.0 / (2.0 * 8.4), 0.1);
  EXPECT_NEAR(stop_m(0.65), 15.0 * 15.0 / (2.0 * 6.354), 0.1);
}

// Standing with a right that is about to lapse: the clocks of the junction rules are saved too.
TEST(World, SaveThenLoadKeepsTheClocksOfJunctionRights) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  WorldStart start = TownStart(6, 40);
  start.route_s_m = FindCrossings(*start.route)[0].begin_m - 0.5 * 4.792 - 3.0;
  world.Start(start);
  for (int t = 0; t < 40; ++t) world.Step(0.0, -1.0);
  World copy(Town(), EgoConfig{}, NpcConfig{});
  copy.Load(world.Save(), start.route);
  for (int t = 0; t < 400; ++t) {
    world.Step(0.0, t < 200 ? -1.0 : 0.3);
    copy.Step(0.0, t < 200 ? -1.0 : 0.3);
    ASSERT_EQ(world.Save(), copy.Save()) << "tick " << t;
  }
}

TEST(World, RefusesStatesThatDoNotFitTheTown) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  world.Start(TownStart(2, 20));
  const std::vector<uint8_t> saved = world.Save();
  StraightWorld other;
  other.world.Start(other.start);
  const std::vector<uint8_t> before = other.world.Save();
  EXPECT_THROW(other.world.Load(saved, other.start.route), Error);
  std::vector<uint8_t> cut(saved.begin(), saved.end() - 40);
  EXPECT_THROW(other.world.Load(cut, other.start.route), Error);
  EXPECT_EQ(other.world.Save(), before) << "a refused load leaves the world as it was";
}

// Numbers of a saved world, each made one that no world has.
TEST(World, RefusesStatesThatNoWorldHas) {
  const auto town = RoadNetwork::Parse(BuiltInTownText("multilane"), "multilane");  // it has lights
  World world(town, EgoConfig{}, NpcConfig{});
  WorldStart start;
  start.num_npcs = 10;
  start.route = sim_test::RandomRoute(town, 3, 1500.0);
  world.Start(start);
  const std::vector<uint8_t> good = world.Save();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  using Json = nlohmann::json;
  const std::vector<std::pair<const char*, Json>> broken = {
      {"/route_s_m", nan},
      {"/ego/x_m", std::numeric_limits<double>::infinity()},
      {"/traffic/ego/held_end", 1000},
      {"/traffic/ego/crossing", 1000},
      {"/traffic/lights/0/phase", 2},
      {"/traffic/lights/0/phase", -1},
      {"/traffic/lights/0/color", 3},
      {"/traffic/lights/0/ticks", -5},
      {"/traffic/lights/0/asked", 4},
  };
  for (const auto& [path, value] : broken) {
    Json state = Json::from_cbor(good);
    const Json::json_pointer at(path);
    ASSERT_TRUE(state.contains(at)) << path;
    state[at] = value;
    EXPECT_THROW(world.Load(Json::to_cbor(state), start.route), Error) << path << " " << value;
  }
  world.Load(Json::to_cbor(Json::from_cbor(good)), start.route);
  EXPECT_EQ(world.Save(), good);
}

TEST(World, StepsWithoutAllocating) {
  for (const char* name : {"volante_town", "multilane"}) {  // one lane; lights and several lanes
    const auto town = RoadNetwork::Parse(BuiltInTownText(name), name);
    World world(town, EgoConfig{}, NpcConfig{});
    WorldStart start;
    start.seed = 3;
    start.num_npcs = 100;
    start.route = sim_test::RandomRoute(town, 3, 1500.0);
    start.route_s_m = 10.0;
    world.Start(start);
    for (int t = 0; t < 100; ++t) world.Step(0.0, 0.2);
    const long before = allocations_so_far;
    for (int t = 0; t < 2000; ++t) {
      const Controls c = Drive(world);
      world.Step(c.steer, c.pedal);
    }
    EXPECT_EQ(allocations_so_far, before) << name;
  }
}

TEST(World, StartsTheEgoWhereItIsTold) {
  StraightWorld s;
  s.start.lateral_offset_m = 0.4;
  s.start.heading_error_rad = -0.1;
  s.start.speed_mps = 6.0;
  s.world.Start(s.start);
  EXPECT_NEAR(s.world.ego().position_m.x, 300.0, 1e-9);
  EXPECT_NEAR(s.world.ego().position_m.y, -1.75 + 0.4, 1e-9);
  EXPECT_NEAR(s.world.ego().heading_rad, -0.1, 1e-12);
  EXPECT_NEAR(s.world.on_route().lateral_m, 0.4, 1e-9);
  EXPECT_NEAR(s.world.on_route().s_m, 300.0, 1e-9);
  EXPECT_EQ(s.world.ego().speed_mps, 6.0);
  s.world.Step(0.0, 0.0);
  EXPECT_EQ(s.world.tick(), 1);
  EXPECT_NEAR(s.world.on_route().s_m, 300.0 + 6.0 * 0.05 * std::cos(0.1), 0.01);
}

TEST(World, ProgressNeverJumps) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  world.Start(TownStart(5, 0));  // a long random walk comes by the same places again
  double old = world.on_route().s_m;
  for (int t = 0; t < 4000; ++t) {
    const Controls c = Drive(world);
    world.Step(c.steer, c.pedal);
    const double gained = world.on_route().s_m - old;
    ASSERT_LT(std::abs(gained - world.ego().speed_mps * 0.05), 0.15) << "tick " << t;
    old = world.on_route().s_m;
  }
  EXPECT_GT(old, 1000.0);
}

// On the straight road positions are lane arc lengths: gap = x_npc - x_ego - half lengths.
TEST(World, ObstacleAheadIsTheNearestCarInTheLane) {
  int seen = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    StraightWorld s;
    s.start.seed = seed;
    s.start.num_npcs = 12;
    s.world.Start(s.start);
    for (int t = 0; t < 40; ++t) {
      double gap = 1e9, speed = 0.0;
      for (const VehicleState& npc : s.world.npcs()) {
        const double d = npc.position_m.x - s.world.ego().position_m.x;
        if (npc.position_m.y > 0.0 || d < 0.0) continue;
        const double g = d - 0.5 * npc.length_m - 0.5 * 4.792;
        if (g < 60.0 && g < gap) gap = g, speed = npc.speed_mps;
      }
      const Obstacle ahead = s.world.ObstacleAhead();
      ASSERT_NEAR(ahead.gap_m, gap, 1e-6);
      if (gap < 60.0) {
        ASSERT_NEAR(ahead.speed_mps, speed, 1e-9);
        ++seen;
      }
      s.world.Step(0.0, -1.0);
    }
  }
  EXPECT_GT(seen, 100);
}

// IDM's equilibrium behind a standing leader is the standstill gap of 2 m.
TEST(World, NpcsStopTwoMetresBehindAStandingEgo) {
  StraightWorld s;
  s.start.seed = 9;
  s.start.num_npcs = 8;
  s.world.Start(s.start);
  for (int t = 0; t < 2400; ++t) s.world.Step(0.0, -1.0);
  double nearest = 1e9;
  size_t who = 0;
  for (size_t i = 0; i < 8; ++i) {
    const VehicleState& npc = s.world.npcs()[i];
    if (npc.position_m.y > 0.0 || npc.position_m.x > s.world.ego().position_m.x) continue;
    const double gap =
        s.world.ego().position_m.x - npc.position_m.x - 0.5 * npc.length_m - 0.5 * 4.792;
    if (gap < nearest) nearest = gap, who = i;
  }
  EXPECT_NEAR(nearest, 2.0, 0.15);
  EXPECT_EQ(s.world.traffic().npcs()[who].cause, StandCause::kEgo);
  EXPECT_EQ(s.world.npcs()[who].speed_mps, 0.0);
  EXPECT_TRUE(s.world.npcs()[who].braking);
}

// The ego stands askew across its lane, its tail out: cars behind it stop without touching it, and
// when it reaches into the other lane those of the other direction do too.
TEST(World, NpcsStopForAnEgoThatStandsAskew) {
  for (const double offset : {-0.8, 0.0, 0.8, 1.75}) {
    for (const double turn : {-1.2, -0.5, 0.5, 1.2}) {
      StraightWorld s;
      s.start.seed = 12;
      s.start.num_npcs = 16;
      s.start.lateral_offset_m = offset;
      s.start.heading_error_rad = turn;
      s.world.Start(s.start);
      for (int t = 0; t < 1500; ++t) {
        s.world.Step(0.0, -1.0);
        ASSERT_FALSE(s.world.events().collision) << "offset " << offset << " turn " << turn;
        ASSERT_EQ(CountOverlaps(s.world.npcs()), 0);
      }
    }
  }
}

TEST(World, RunningIntoALeaderIsTheEgosFault) {
  int collisions = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    StraightWorld s;
    s.start.seed = seed;
    s.start.num_npcs = 20;
    s.world.Start(s.start);
    for (int t = 0; t < 600; ++t) {
      s.world.Step(0.0, s.world.ego().speed_mps < 15.0 ? 1.0 : 0.0);
      if (!s.world.events().collision) continue;
      ++collisions;
      EXPECT_TRUE(s.world.events().at_fault);
      const auto other = static_cast<size_t>(s.world.events().other);
      EXPECT_TRUE(Overlap(s.world.ego_vehicle().Box(), s.world.npcs()[other].Box()));
      // On its bumper, in both outlines; it is pushed back by the mass it shares with the other.
      const WorldEvents& events = s.world.events();
      EXPECT_EQ(events.other_kind, s.world.npcs()[other].kind);
      EXPECT_NEAR(events.contact_in_ego_m.x, 0.5 * 4.792, 0.5);
      EXPECT_NEAR(events.contact_in_ego_m.y, 0.0, 0.1);
      EXPECT_NEAR(events.contact_m.x, s.world.ego().position_m.x + events.contact_in_ego_m.x, 0.01);
      const double shared_kg = 1845.0 * 1500.0 / (1845.0 + 1500.0);
      EXPECT_NEAR(events.impulse_in_ego_newton_s.x, -1.1 * shared_kg * events.relative_speed_mps,
                  1.0);
      EXPECT_NEAR(events.impulse_in_ego_newton_s.y, 0.0, 1.0);
      EXPECT_NEAR(s.world.events().relative_speed_mps,
                  s.world.ego().speed_mps - s.world.npcs()[other].speed_mps, 1e-9);
      break;
    }
  }
  EXPECT_GT(collisions, 3);
}

// ---- Junction rights.

// Starts the ego `before_m` (front bumper) before its first crossing, alone.
WorldStart BeforeCrossing(uint64_t seed, double before_m) {
  WorldStart start = TownStart(seed, 0);
  start.route_s_m = FindCrossings(*start.route)[0].begin_m - 0.5 * 4.792 - before_m;
  return start;
}

TEST(Junction, ALoneEgoHasTheRightAtOnceAndLosesItAfterThreeSeconds) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  world.Start(BeforeCrossing(6, 3.0));
  EXPECT_GT(world.traffic().ego_rights().held.count, 0u);
  EXPECT_TRUE(world.traffic().ego_rights().licensed);
  for (int t = 0; t < 55; ++t) world.Step(0.0, -1.0);
  EXPECT_FALSE(world.traffic().ego_rights().lapsed);
  for (int t = 0; t < 10; ++t) world.Step(0.0, -1.0);
  EXPECT_TRUE(world.traffic().ego_rights().lapsed);
  EXPECT_EQ(world.traffic().ego_rights().held.count, 0u);
  EXPECT_GT(world.ObstacleAhead().yield_distance_m, 1e8) << "nobody is there";
  for (int t = 0; t < 15; ++t) world.Step(0.0, 0.5);
  EXPECT_FALSE(world.traffic().ego_rights().lapsed) << "it drives on";
  EXPECT_GT(world.traffic().ego_rights().held.count, 0u);
}

TEST(Junction, TheEgoLetsGoOfTheJunctionWhenItsRearHasLeftIt) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  const WorldStart start = BeforeCrossing(6, 20.0);
  world.Start(start);
  const RouteCrossing crossing = FindCrossings(*start.route)[0];
  bool held_inside = true;
  for (int t = 0; t < 400; ++t) {
    const Controls c = Drive(world);
    world.Step(c.steer, c.pedal);
    const double rear = world.on_route().s_m - 0.5 * 4.792;
    const double front = world.on_route().s_m + 0.5 * 4.792;
    const bool holds = world.traffic().ego_rights().held.count > 0;
    if (front > crossing.begin_m && rear < crossing.end_m) held_inside &= holds;
    if (rear > crossing.end_m + 3.0 && rear < crossing.end_m + 6.0) {
      EXPECT_FALSE(holds);
      EXPECT_TRUE(held_inside);
      return;
    }
  }
  FAIL() << "the ego did not get through";
}

// Of two cars that hold lanes which cross and both have the shared zone before them or are in it,
// the one that was granted its lanes later is before the zone and can stop there, or, where the
// lanes join, is behind the other. The ego never shares a zone.
TEST(Junction, WhoWasGrantedTheWayLaterKeepsClearOfTheEarlier) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  world.Start(TownStart(8, 100));
  const TrafficMap& map = world.traffic().map();
  long pairs = 0, both = 0, joined = 0;
  for (int t = 0; t < 3000; ++t) {
    const Controls c = Drive(world);
    world.Step(c.steer, c.pedal);
    const auto npcs = world.traffic().npcs();
    for (size_t i = 0; i < npcs.size(); ++i) {
      for (size_t k = i + 1; k < npcs.size(); ++k) {
        for (const auto& mine : npcs[i].held.lanes()) {
          for (const auto& theirs : npcs[k].held.lanes()) {
            for (const TrafficConflict& zone : map.crossings(map.lane(mine.lane))) {
              if (zone.other != theirs.lane) continue;
              ++pairs;
              const double my_rear_m = npcs[i].rear_m() - mine.begin_m;
              const double their_rear_m = npcs[k].rear_m() - theirs.begin_m;
              if (my_rear_m >= zone.end_s_m || their_rear_m >= zone.other_end_s_m) continue;
              ++both;
              ASSERT_NE(mine.order, theirs.order);
              const bool mine_later = mine.order > theirs.order;
              const Npc& later = npcs[mine_later ? i : k];
              const double front_m = later.front_m() - (mine_later ? mine.begin_m : theirs.begin_m);
              const double way_m = (mine_later ? zone.begin_s_m : zone.other_begin_s_m) - front_m;
              const double others_rear_m = mine_later ? their_rear_m : my_rear_m;
              ASSERT_TRUE(later.first.any) << "tick " << t;
              if (later.first.joins == static_cast<int32_t>(mine_later ? k : i)) {
                ++joined;
                const double my_end_m = map.lane(mine.lane).length_m;
                const double their_end_m = map.lane(theirs.lane).length_m;
                const double later_end_m = mine_later ? my_end_m : their_end_m;
                const double others_end_m = mine_later ? their_end_m : my_end_m;
                ASSERT_GT((later_end_m - front_m) - (others_end_m - others_rear_m), 0.0)
                    << "tick " << t;
                continue;
              }
              ASSERT_GT(way_m, 0.0) << "tick " << t;
              ASSERT_LT(later.speed_mps * later.speed_mps / (2.0 * way_m), 4.0) << "tick " << t;
            }
          }
        }
      }
    }
  }
  EXPECT_GT(pairs, 20);
  EXPECT_GT(both, 20);
  EXPECT_GT(joined, 20);
}

// An ego that waits where it must is never in a contact at junctions; one that ignores the line is
// saved most times by NPCs that give way, and less often when they are told not to.
TEST(Junction, NpcsYieldToAnEgoThatTakesItsWay) {
  const auto collisions = [](bool yields, bool obeys) {
    NpcConfig npc;
    npc.yields_to_ego = yields;
    World world(Town(), EgoConfig{}, npc);
    int count = 0;
    for (uint64_t episode = 0; episode < (obeys ? 40u : 120u); ++episode) {
      world.Start(TownStart(500 + episode, 60));
      for (int t = 0; t < 600; ++t) {
        Controls c = Drive(world);
        if (!obeys && world.ObstacleAhead().yield_distance_m < 1e8 &&
            world.ObstacleAhead().gap_m > 12.0) {
          c.pedal = world.ego().speed_mps < 7.0 ? 0.6 : 0.0;
        }
        world.Step(c.steer, c.pedal);
        if (world.events().collision) {
          EXPECT_TRUE(world.events().at_fault);
          ++count;
          break;
        }
      }
    }
    return count;
  };
  EXPECT_EQ(collisions(true, true), 0);
  EXPECT_EQ(collisions(false, true), 0);
  const int with = collisions(true, false), without = collisions(false, false);
  EXPECT_LT(2 * with, without);
}

// An NPC that has decided to give way stops before the shared zone by at most 4 m/s^2 and a little,
// and drives on once the ego is through.
TEST(Junction, AnNpcThatGivesWayStopsBeforeTheSharedZone) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  int decisions = 0, went_on = 0;
  for (uint64_t episode = 0; episode < 120; ++episode) {
    world.Start(TownStart(500 + episode, 60));
    std::vector<char> yielded(60, 0);
    for (int t = 0; t < 600; ++t) {
      Controls c = Drive(world);
      if (world.ObstacleAhead().yield_distance_m < 1e8 && world.ObstacleAhead().gap_m > 12.0) {
        c.pedal = world.ego().speed_mps < 7.0 ? 0.6 : 0.0;
      }
      world.Step(c.steer, c.pedal);
      if (world.events().collision) break;
      for (size_t i = 0; i < 60; ++i) {
        const Npc& npc = world.traffic().npcs()[i];
        if (npc.yields_to_ego) {
          ASSERT_LT(npc.front_m(), npc.yield_odometer_m) << "episode " << episode << " tick " << t;
          // Decided in the last tick at the earliest; others may ask for more.
          if (yielded[i] == 1 && npc.cause == StandCause::kYieldToEgo) {
            ASSERT_GT(npc.accel_mps2, -4.2);
          }
          decisions += yielded[i] == 0;
          yielded[i] = 1;
        } else if (yielded[i] == 1 && npc.speed_mps > 3.0) {
          ++went_on;
          yielded[i] = 2;
        }
      }
    }
  }
  EXPECT_GT(decisions, 5);
  EXPECT_GT(went_on, 5);
}

}  // namespace
}  // namespace volante
