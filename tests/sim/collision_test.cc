// With whom, where, how hard and by whose fault: hand-placed vehicles, by hand calculation.
#include "sim/collision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace volante {
namespace {

constexpr double kPi = std::numbers::pi;

// A car of 1,500 kg, 4.5 m x 1.9 m, with the inertia of a filled box.
ContactBody Car(Vec2 center_m, double heading_rad, double speed_mps, double mass_kg = 1500.0) {
  return {.box = {center_m, heading_rad, 4.5, 1.9},
          .velocity_mps = UnitFromHeading(heading_rad) * speed_mps,
          .mass_kg = mass_kg,
          .yaw_inertia_kgm2 = mass_kg * (4.5 * 4.5 + 1.9 * 1.9) / 12.0};
}

// 10 m/s into a car at 4 m/s, bumper 0.3 m deep: (1 + 0.1) 6 m/s of the shared mass, 750 kg of two
// equal cars, along the road.
TEST(Contact, RunningIntoTheCarAheadPushesBackAlongTheRoad) {
  const ContactForce force = ForceOf(Car({0, 0}, 0.0, 10.0), Car({4.2, 0}, 0.0, 4.0));
  EXPECT_NEAR(force.point_m.x, 2.1, 1e-9);
  EXPECT_NEAR(force.point_m.y, 0.0, 1e-9);
  EXPECT_NEAR(force.impulse_newton_s.x, -1.1 * 6.0 * 750.0, 1e-6);
  EXPECT_NEAR(force.impulse_newton_s.y, 0.0, 1e-6);
}

TEST(Contact, AHeavierOtherPushesMore) {
  const ContactForce force = ForceOf(Car({0, 0}, 0.0, 10.0), Car({4.4, 0}, kPi, 5.0, 9000.0));
  EXPECT_NEAR(force.impulse_newton_s.x, -1.1 * 15.0 / (1.0 / 1500.0 + 1.0 / 9000.0), 1e-6);
}

// Both are pushed alike, in opposite directions.
TEST(Contact, ActionIsReaction) {
  const ContactBody a = Car({0, 0}, 0.3, 9.0), b = Car({2.9, 0.6}, 2.6, 7.0, 2500.0);
  ASSERT_TRUE(Overlap(a.box, b.box));
  const ContactForce on_a = ForceOf(a, b), on_b = ForceOf(b, a);
  EXPECT_NEAR(on_a.impulse_newton_s.x, -on_b.impulse_newton_s.x, 1e-6);
  EXPECT_NEAR(on_a.impulse_newton_s.y, -on_b.impulse_newton_s.y, 1e-6);
  EXPECT_NEAR(on_a.point_m.x, on_b.point_m.x, 1e-9);
  EXPECT_NEAR(on_a.point_m.y, on_b.point_m.y, 1e-9);
  EXPECT_GT(Norm(on_a.impulse_newton_s), 1000.0);
}

// The other crosses from the right; the ego's bumper is 0.3 m in its side. The side was reached
// 0.03 s ago, long after their shadows met across the road.
TEST(Contact, HittingACrossingCarsSidePushesBackAlongTheEgo) {
  const ContactForce force = ForceOf(Car({0, 0}, 0.0, 10.0), Car({2.9, 0.0}, kPi / 2.0, 8.0));
  EXPECT_NEAR(force.point_m.x, 2.1, 1e-9);
  EXPECT_NEAR(force.impulse_newton_s.x, -1.1 * 10.0 * 750.0, 1e-6);
  EXPECT_NEAR(force.impulse_newton_s.y, 0.0, 1e-6);
}

// Only 0.2 m of the bumpers meet, 0.5 m deep: the least overlap is sideways, but they came from
// behind. Both turn, which softens the blow: the arm is 0.85 m on either side.
TEST(Contact, AGlancingRearEndIsStillFromBehind) {
  const ContactForce force = ForceOf(Car({0, 0}, 0.0, 10.0), Car({4.0, 1.7}, 0.0, 4.0));
  EXPECT_NEAR(force.point_m.x, 2.0, 1e-9);
  EXPECT_NEAR(force.point_m.y, 0.85, 1e-9);
  const double inertia = 1500.0 * (4.5 * 4.5 + 1.9 * 1.9) / 12.0;
  const double mobility = 2.0 / 1500.0 + 2.0 * 0.85 * 0.85 / inertia;
  EXPECT_NEAR(force.impulse_newton_s.x, -1.1 * 6.0 / mobility, 1e-6);
  EXPECT_NEAR(force.impulse_newton_s.y, 0.0, 1e-6);
}

TEST(Contact, CarsThatDriveApartPushNobody) {
  const ContactForce force = ForceOf(Car({0, 0}, 0.0, 4.0), Car({4.2, 0}, 0.0, 10.0));
  EXPECT_EQ(Norm(force.impulse_newton_s), 0.0);
  EXPECT_NEAR(force.point_m.x, 2.1, 1e-9);
}

// A square inside the other box, turned by 45 degrees: its own centre is the point.
TEST(Contact, ThePointIsTheCentreOfWhatTheyShare) {
  ContactBody small = Car({1.0, 0.3}, kPi / 4.0, 0.0);
  small.box.length_m = small.box.width_m = 0.5;
  const ContactForce force = ForceOf(Car({0, 0}, 0.0, 5.0), small);
  EXPECT_NEAR(force.point_m.x, 1.0, 1e-9);
  EXPECT_NEAR(force.point_m.y, 0.3, 1e-9);
}

TEST(Contact, AVehicleWeighsByItsKind) {
  VehicleState npc;
  npc.heading_rad = kPi / 2.0;
  npc.speed_mps = 3.0;
  double last = 1e9;
  for (const VehicleKind kind :
       {VehicleKind::kTruck, VehicleKind::kVan, VehicleKind::kCar, VehicleKind::kTwoWheeler}) {
    npc.kind = kind;
    EXPECT_LT(BodyOf(npc).mass_kg, last);
    last = BodyOf(npc).mass_kg;
  }
  EXPECT_NEAR(BodyOf(npc).velocity_mps.y, 3.0, 1e-12);
  EXPECT_NEAR(BodyOf(npc).yaw_inertia_kgm2, 250.0 * (4.5 * 4.5 + 1.9 * 1.9) / 12.0, 1e-9);
}

// The same outlines, one car on a bridge 5 m above the other: no contact. On a kerb: contact.
TEST(Contact, WhoDrivesOnABridgeIsNotTouched) {
  EgoView ego;
  ego.box = {{0, 0}, 0.0, 4.8, 2.2};
  ego.direction = {1, 0};
  VehicleState npc;
  npc.position_m = {3.0, 0.0};
  npc.ground_m = 5.0;
  EXPECT_EQ(FindContact(ego, {&npc, 1}, 0.0, 1.5).other, -1);
  EXPECT_EQ(FindContact(ego, {&npc, 1}, 5.1, 1.5).other, 0);
  EXPECT_EQ(FindContact(ego, {&npc, 1}, 10.0, 1.5).other, -1);
  const VehicleState both[] = {npc, VehicleState{.position_m = {3.0, 0.0}}};
  EXPECT_EQ(FindContact(ego, both, 0.0, 1.5).other, 1);
  EXPECT_EQ(CountOverlaps(both), 0);
}

TEST(Collision, IsNoFaultOfAStandingEgoOrOneThatIsHitByItsFollowerOrCutOff) {
  EgoView ego;
  ego.box = {{0, 0}, 0.0, 4.8, 2.2};
  ego.direction = {1, 0};
  ego.speed_mps = 5.0;
  EgoRights rights;
  Npc npc;
  VehicleState pose;
  pose.position_m = {-4.5, 0.0};
  EXPECT_TRUE(EgoAtFault(ego, rights, npc, pose, false)) << "cut in just now";
  npc.following_ego_s = 3.0;
  EXPECT_FALSE(EgoAtFault(ego, rights, npc, pose, false)) << "hit from behind by its follower";
  pose.position_m = {4.5, 0.0};
  EXPECT_TRUE(EgoAtFault(ego, rights, npc, pose, false)) << "drove into the car ahead";
  EXPECT_FALSE(EgoAtFault(ego, rights, npc, pose, true)) << "which had cut it off";
  rights.standing_s = 2.0;
  EXPECT_FALSE(EgoAtFault(ego, rights, npc, pose, false)) << "stood";
}

}  // namespace
}  // namespace volante
