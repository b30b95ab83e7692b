// Which cars count as near, and how they are told: hand-placed cars, by hand calculation.
#include "env/near_vehicles.h"

#include <gtest/gtest.h>

#include <numbers>
#include <vector>

namespace volante {
namespace {

constexpr double kPi = std::numbers::pi;

VehicleState Car(Vec2 position_m, double heading_rad = 0.0, double speed_mps = 0.0) {
  return {.position_m = position_m, .heading_rad = heading_rad, .speed_mps = speed_mps};
}

DriveFacts EgoAt(Vec2 position_m, double heading_rad, double speed_mps) {
  DriveFacts facts;
  facts.position_m = position_m;
  facts.heading_rad = heading_rad;
  facts.speed_mps = speed_mps;
  return facts;
}

TEST(NearVehicles, AreToldInTheCarsFrame) {
  // The ego looks north (+y) at 8 m/s. The other stands 30 m north and 40 m west of it, so 30 m
  // ahead and 40 m to the left, 50 m away; it drives east at 5 m/s: a quarter turn to the right.
  DriveFacts facts = EgoAt({100.0, 200.0}, kPi / 2.0, 8.0);
  const VehicleState others[] = {Car({60.0, 230.0}, 0.0, 5.0)};
  FillNearVehicles(others, facts);
  ASSERT_EQ(facts.num_near_vehicles, 1);
  const NearVehicle& v = facts.near_vehicles[0];
  EXPECT_NEAR(v.position_m.x, 30.0, 1e-9);
  EXPECT_NEAR(v.position_m.y, 40.0, 1e-9);
  EXPECT_NEAR(v.heading_rad, -kPi / 2.0, 1e-12);
  EXPECT_EQ(v.speed_mps, 5.0);
  EXPECT_EQ(v.length_m, 4.5);
  EXPECT_EQ(v.width_m, 1.9);
  // Relative velocity (5, -8) along (-40, 30) / 50: -4 - 4.8.
  EXPECT_NEAR(v.range_rate_mps, -8.8, 1e-9);
}

TEST(NearVehicles, AnOncomingCarNearsAndALeavingOneRecedes) {
  DriveFacts facts = EgoAt({0.0, 0.0}, 0.0, 8.0);
  const VehicleState others[] = {Car({20.0, 0.0}, kPi, 6.0), Car({-30.0, 0.0}, kPi, 6.0),
                                 Car({40.0, 0.0}, 0.0, 8.0)};
  FillNearVehicles(others, facts);
  ASSERT_EQ(facts.num_near_vehicles, 3);
  EXPECT_NEAR(facts.near_vehicles[0].range_rate_mps, -14.0, 1e-9);
  EXPECT_NEAR(facts.near_vehicles[1].range_rate_mps, 14.0, 1e-9);
  EXPECT_NEAR(facts.near_vehicles[2].range_rate_mps, 0.0, 1e-9);
}

TEST(NearVehicles, TheNearestEightComeInOrderOfDistance) {
  DriveFacts facts = EgoAt({0.0, 0.0}, 0.0, 0.0);
  std::vector<VehicleState> others;
  for (const double x : {70.0, 10.0, 60.0, 20.0, 50.0, 30.0, 40.0, 90.0, 80.0, 5.0, 99.0}) {
    others.push_back(Car({x, 0.0}));
  }
  FillNearVehicles(others, facts);
  ASSERT_EQ(facts.num_near_vehicles, kNearVehicles);
  const double expected[] = {5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0};
  for (size_t k = 0; k < 8; ++k) EXPECT_EQ(facts.near_vehicles[k].position_m.x, expected[k]) << k;
}

TEST(NearVehicles, OfEquallyNearTheFirstInTheListComesFirst) {
  DriveFacts facts = EgoAt({0.0, 0.0}, 0.0, 0.0);
  std::vector<VehicleState> others(12, Car({30.0, 40.0}));
  for (size_t i = 0; i < others.size(); ++i) others[i].speed_mps = static_cast<double>(i);
  FillNearVehicles(others, facts);
  ASSERT_EQ(facts.num_near_vehicles, kNearVehicles);
  for (size_t k = 0; k < 8; ++k) EXPECT_EQ(facts.near_vehicles[k].speed_mps, k);
}

TEST(NearVehicles, BeyondAHundredMetresIsNotNear) {
  DriveFacts facts = EgoAt({0.0, 0.0}, 0.0, 0.0);
  facts.num_near_vehicles = 3;  // of an earlier tick
  const VehicleState others[] = {Car({100.5, 0.0}), Car({0.0, 99.5}), Car({80.0, 80.0})};
  FillNearVehicles(others, facts);
  ASSERT_EQ(facts.num_near_vehicles, 1);
  EXPECT_EQ(facts.near_vehicles[0].position_m.y, 99.5);
}

}  // namespace
}  // namespace volante
