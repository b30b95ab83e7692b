// Traffic lights on the multi-lane town: nobody runs a red light, everybody gets on, an ego that
// minds them does too, and one that does not is told.
#include <gtest/gtest.h>

#include "sim/collision.h"
#include "sim/traffic_census.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::Controls;
using sim_test::Drive;
using sim_test::RandomRoute;

std::shared_ptr<const RoadNetwork> LitTown() {
  static const std::shared_ptr<const RoadNetwork> town =
      RoadNetwork::Parse(BuiltInTownText("multilane"), "multilane");
  return town;
}

WorldStart StartOf(uint64_t seed, int npcs) {
  WorldStart start;
  start.seed = seed;
  start.num_npcs = npcs;
  start.route = RandomRoute(LitTown(), seed, 8000.0);
  start.route_s_m = 20.0;
  return start;
}

TEST(TrafficLights, NobodyRunsARedLightInTwentyMinutesAndTrafficFlows) {
  World world(LitTown(), EgoConfig{}, NpcConfig{});
  world.Start(StartOf(4, 60));
  TrafficCensus census;
  int waiting = 0, ego_ran = 0, ego_waited = 0;
  for (int t = 0; t < 20 * 60 * 20; ++t) {
    const Controls c = Drive(world);
    world.Step(c.steer, c.pedal);
    census.Observe(world);
    ego_ran += world.events().ran_red_light;
    if (world.traffic().ego_rights().waits_at_red) {
      ++ego_waited;
      ASSERT_TRUE(world.LightBefore().stop && world.ego().speed_mps < 0.2) << t;
    }
    for (const Npc& npc : world.traffic().npcs()) waiting += npc.waits_at_light;
  }
  const TrafficFigures& f = census.figures();
  EXPECT_GT(waiting, 10000) << "they do wait";
  EXPECT_GT(ego_waited, 100) << "no queue of its own making";
  EXPECT_EQ(f.counters.red_lights_run, 0u);
  EXPECT_EQ(ego_ran, 0) << "the test's driver stops where it must wait";
  EXPECT_EQ(f.npc_contacts, 0u);
  EXPECT_EQ(f.npc_fault_contacts, 0u);
  EXPECT_LT(f.longest_stand_s, 90.0);
  EXPECT_EQ(f.counters.forced_grants, 0u);
  EXPECT_GT(f.SpeedShare(), 0.4);
}

TEST(TrafficLights, AnEgoThatDoesNotLookRunsThem) {
  World world(LitTown(), EgoConfig{}, NpcConfig{});
  int ran = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    world.Start(StartOf(seed, 0));
    for (int t = 0; t < 2400; ++t) {
      world.Step(sim_test::SteerAlongRoute(world), world.ego().speed_mps < 11.0 ? 0.6 : 0.0);
      if (world.events().ran_red_light) {
        ++ran;
        EXPECT_FALSE(world.LightBefore().exists && world.LightBefore().distance_m > 0.0 &&
                     world.LightBefore().distance_m < 1.0);
      }
    }
  }
  EXPECT_GT(ran, 3);
}

TEST(TrafficLights, FollowFromSeedAndCarsAndAreSaved) {
  World a(LitTown(), EgoConfig{}, NpcConfig{}), b(LitTown(), EgoConfig{}, NpcConfig{});
  a.Start(StartOf(1, 30));
  b.Start(StartOf(2, 30));
  int differ = 0;
  for (int t = 0; t < 1200; ++t) {
    a.Step(0.0, -1.0);
    b.Step(0.0, -1.0);
    differ += a.traffic().PhaseColor(0, 0) != b.traffic().PhaseColor(0, 0);
  }
  EXPECT_GT(differ, 0) << "another seed, other lights";
  World c(LitTown(), EgoConfig{}, NpcConfig{});
  c.Load(a.Save(), StartOf(1, 0).route);
  for (int t = 0; t < 600; ++t) {
    a.Step(0.0, -1.0);
    c.Step(0.0, -1.0);
    ASSERT_EQ(a.traffic().PhaseColor(0, 0), c.traffic().PhaseColor(0, 0));
  }
}

}  // namespace
}  // namespace volante
