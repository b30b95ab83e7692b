// Domain randomisation of car and drivers: within its ranges, all over them, from the seed alone.
#include "sim/variation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/collision.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::Town;
using sim_test::TownStart;

RandomisationConfig On() {
  RandomisationConfig config;
  config.enabled = true;
  return config;
}

TEST(Variation, IsTheNominalCarAndTheConfiguredDriversUnlessEnabled) {
  NpcConfig npc;
  npc.van_share = 0.25;
  npc.politeness = 0.4;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    EXPECT_EQ(DrawEgo({}, seed), EgoVariation{});
    const NpcRanges ranges = DrawDrivers(npc, {}, seed);
    EXPECT_EQ(ranges.van_share, 0.25);
    EXPECT_EQ(ranges.politeness_max, 0.4);
    EXPECT_EQ(ranges.time_gap_max_s, 1.4);
  }
  EXPECT_EQ(WidestTraffic(npc, {}).truck_share, 0.0);
  EXPECT_GT(WidestTraffic(npc, On()).truck_share, 0.0);
}

// The list of reference/weather_and_randomisation.md: mass +-15 %, friction 0.5 to 1.1, steering
// gain +-10 %, lag 0.05 to 0.25 s, throttle gain +-15 %, 0 to 2 ticks late. Of 400 draws the
// extremes lie within 2 % of the ends.
TEST(Variation, TheCarIsDrawnFromTheWholeOfItsRanges) {
  struct Range {
    double low, high, least = 1e9, most = -1e9;
    void Add(double value) { least = std::min(least, value), most = std::max(most, value); }
    void Check(const char* name) const {
      const double slack = 0.02 * (high - low);
      EXPECT_GE(least, low) << name;
      EXPECT_LE(most, high) << name;
      EXPECT_LT(least, low + slack) << name;
      EXPECT_GT(most, high - slack) << name;
    }
  };
  Range mass{0.85, 1.15}, friction{0.5, 1.1}, gain{0.9, 1.1}, lag{0.05, 0.25}, throttle{0.85, 1.15};
  std::set<int> delays;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const EgoVariation v = DrawEgo(On(), seed);
    EXPECT_TRUE(v.Valid());
    EXPECT_EQ(v, DrawEgo(On(), seed)) << "from the seed alone";
    mass.Add(v.mass_scale);
    friction.Add(v.friction_scale * 1.0489);
    gain.Add(v.steer_gain);
    lag.Add(v.steer_lag_s);
    throttle.Add(v.throttle_gain);
    delays.insert(v.action_delay_ticks);
  }
  mass.Check("mass");
  friction.Check("friction");
  gain.Check("steering gain");
  lag.Check("steering lag");
  throttle.Check("throttle gain");
  EXPECT_EQ(delays, (std::set{0, 1, 2}));
}

// T 0.8 to 2.0 s, v0 x 0.7 to 1.2, a 0.8 to 2 m/s^2, politeness 0 to 0.5, and vehicles of all
// kinds.
TEST(Variation, DriversAreDrawnFromTheirRanges) {
  World world(Town(), EgoConfig{}, WidestTraffic(NpcConfig{}, On()));
  double least_gap = 9, most_gap = 0, least_accel = 9, most_accel = 0, most_polite = 0;
  double least_speed = 9, most_speed = 0;
  std::set<VehicleKind> kinds;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    WorldStart start = TownStart(seed, 60);
    start.drivers = DrawDrivers(NpcConfig{}, On(), seed);
    world.Start(start);
    for (const Npc& npc : world.traffic().npcs()) {
      kinds.insert(npc.kind);
      if (npc.kind == VehicleKind::kTruck) continue;  // slower, with more distance
      least_gap = std::min(least_gap, npc.time_gap_s);
      most_gap = std::max(most_gap, npc.time_gap_s);
      least_speed = std::min(least_speed, npc.speed_factor);
      most_speed = std::max(most_speed, npc.speed_factor);
      least_accel = std::min(least_accel, npc.max_accel_mps2);
      most_accel = std::max(most_accel, npc.max_accel_mps2);
      most_polite = std::max(most_polite, npc.politeness);
      EXPECT_GE(npc.politeness, 0.0);
    }
  }
  EXPECT_NEAR(least_gap, 0.8, 0.02);
  EXPECT_NEAR(most_gap, 2.0, 0.02);
  EXPECT_NEAR(least_speed, 0.7, 0.01);
  EXPECT_NEAR(most_speed, 1.2, 0.01);
  EXPECT_NEAR(least_accel, 0.8, 0.02);
  EXPECT_NEAR(most_accel, 2.0, 0.02);
  EXPECT_NEAR(most_polite, 0.5, 0.02);
  EXPECT_TRUE(kinds.contains(VehicleKind::kVan));
  EXPECT_TRUE(kinds.contains(VehicleKind::kTwoWheeler));
}

// An NPC alone on its road accelerates from standing by its own a.
TEST(Variation, AnNpcDrivesByItsOwnAcceleration) {
  for (const double accel : {0.8, 2.0}) {
    const auto road = sim_test::StraightRoad(800.0);
    World world(road, EgoConfig{}, NpcConfig{});
    WorldStart start;
    start.route = sim_test::WholeLane(road, sim_test::EastLane(*road));
    start.seed = 3;
    start.num_npcs = 1;
    NpcRanges drivers;
    drivers.accel_min_mps2 = drivers.accel_max_mps2 = accel;
    start.drivers = drivers;
    world.Start(start);
    double most = 0.0;
    for (int t = 0; t < 1200; ++t) {
      world.Step(0.0, -1.0);
      most = std::max(most, world.traffic().npcs()[0].accel_mps2);
    }
    EXPECT_LE(most, accel + 1e-9);
    EXPECT_EQ(world.traffic().npcs()[0].max_accel_mps2, accel);
  }
}

// Faster, closer and slower drivers than without randomisation still do no harm to each other or to
// an ego that keeps the rules.
TEST(Variation, RandomisedTrafficCollidesWithNobody) {
  World world(Town(), EgoConfig{}, WidestTraffic(NpcConfig{}, On()));
  for (uint64_t seed = 20; seed < 26; ++seed) {
    WorldStart start = TownStart(seed, 60);
    start.drivers = DrawDrivers(NpcConfig{}, On(), seed);
    world.Start(start);
    for (int t = 0; t < 1000; ++t) {
      const sim_test::Controls c = sim_test::Drive(world);
      world.Step(c.steer, c.pedal);
      ASSERT_FALSE(world.events().collision && !world.events().at_fault)
          << "seed " << seed << " tick " << t;
      if (t % 10 == 0) {
        ASSERT_EQ(CountOverlaps(world.npcs()), 0) << "seed " << seed << " tick " << t;
      }
      if (world.events().collision) break;
    }
  }
}

}  // namespace
}  // namespace volante
