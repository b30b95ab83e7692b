// The ordering test of the specification (section 3): whatever a learner is paid for must be what
// we want. Discounted returns of hand-made drives, gamma 0.99, at every 10 m of remaining route.
#include "env/reward.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"
#include "env/vector_town.h"

namespace volante {
namespace {

constexpr double kGamma = 0.99;

struct Tape {  // a drive as a list of facts, scored as a learner would see it
  RewardPreset preset;
  double discounted = 0.0;
  double weight = 1.0;

  void Add(const DriveFacts& facts) {
    std::vector<float> parts(RewardPartNames(preset).size());
    discounted += weight * ComputeReward(preset, facts, parts);
    weight *= kGamma;
  }
};

DriveFacts Cruising(double speed_mps) {
  DriveFacts f;
  f.speed_mps = speed_mps;
  f.progress_m = speed_mps * kTickSeconds;
  f.speed_limit_mps = 13.9;
  f.route_length_m = 250.0;
  return f;
}

// Drives on a free straight road until the goal is reached or 1,000 ticks are over.
void DriveOn(Tape& tape, double remaining_m, double speed_mps, int ticks = 1000,
             double aside_m = 0.0) {
  double done_m = 0.0;
  int waypoints = 0;
  for (int i = 0; i < ticks && done_m < remaining_m; ++i) {
    DriveFacts f = Cruising(speed_mps);
    f.lateral_offset_m = aside_m;
    done_m += f.progress_m;
    f.waypoints_passed = static_cast<int>(done_m / 2.0) - waypoints;
    waypoints += f.waypoints_passed;
    if (done_m >= remaining_m - 3.0) {
      f.outcome = Outcome::kSuccess;
      f.status = Status::kTerminated;
      tape.Add(f);
      return;
    }
    tape.Add(f);
  }
}

double ReturnAt(RewardPreset preset, double remaining_m, double speed_mps, double aside_m = 0.0) {
  Tape tape{preset};
  DriveOn(tape, remaining_m, speed_mps, 1000, aside_m);
  return tape.discounted;
}

// Stands behind a stopped car for 30 s, then drives on; or drives into it.
double WaitReturn(RewardPreset preset, double remaining_m) {
  Tape tape{preset};
  for (int i = 0; i < 600; ++i) {
    DriveFacts f = Cruising(0.0);
    f.lead_gap_m = 2.0;
    tape.Add(f);
  }
  DriveOn(tape, remaining_m, 8.33);
  return tape.discounted;
}

double DriveIntoReturn(RewardPreset preset, double speed_mps, double gap_m) {
  Tape tape{preset};
  while (gap_m > 0.0) {
    DriveFacts f = Cruising(speed_mps);
    gap_m -= f.progress_m;
    f.lead_gap_m = std::max(gap_m, 0.0);
    if (gap_m <= 0.0) {
      f.collision = f.collision_at_fault = true;
      f.collision_speed_mps = speed_mps;
      f.outcome = Outcome::kCollision;
    }
    tape.Add(f);
  }
  return tape.discounted;
}

// As near to a standing car as braking at 4 m/s^2 allows, with 3 m to spare.
double BrakingGap(double speed_mps) { return speed_mps * speed_mps / 8.0 + 3.0; }

// From there: brakes and waits, or keeps on into it.
double BrakeReturn(RewardPreset preset, double speed_mps) {
  Tape tape{preset};
  double v = speed_mps, gap_m = BrakingGap(speed_mps);
  for (int i = 0; i < 1000; ++i) {
    v = std::max(0.0, v - 4.0 * kTickSeconds);
    gap_m -= v * kTickSeconds;
    DriveFacts f = Cruising(v);
    f.lead_gap_m = gap_m;
    f.jerk_long_mps3 = i == 0 ? -4.0 / kTickSeconds : 0.0;
    tape.Add(f);
  }
  return tape.discounted;
}

double LeaveLaneReturn(RewardPreset preset, int ticks) {
  Tape tape{preset};
  for (int i = 1; i <= ticks; ++i) {
    DriveFacts f = Cruising(8.33);
    f.lateral_offset_m = 2.6 * i / ticks;
    if (i == ticks) {
      f.off_lane = true;
      f.outcome = Outcome::kOffLane;
    }
    tape.Add(f);
  }
  return tape.discounted;
}

// Empty when the order holds, else the first comparison that fails.
std::string FirstDisorder(RewardPreset preset, int from_m = 10) {
  for (int remaining = from_m; remaining <= 250; remaining += 10) {
    const double r = remaining;
    const double speeds[] = {8.33, 6.0, 4.0, 2.0, 0.6, 0.0};
    for (size_t i = 0; i + 1 < std::size(speeds); ++i) {
      if (!(ReturnAt(preset, r, speeds[i]) > ReturnAt(preset, r, speeds[i + 1]))) {
        return "speed " + std::to_string(speeds[i]) + " against " + std::to_string(speeds[i + 1]) +
               " at " + std::to_string(remaining) + " m";
      }
    }
    if (!(ReturnAt(preset, r, 8.33) > ReturnAt(preset, r, 12.0))) {
      return "speeding pays at " + std::to_string(remaining) + " m";
    }
    // On a lane beside the route's it gets there no faster.
    if (!(ReturnAt(preset, r, 8.33) > ReturnAt(preset, r, 8.33, 3.5))) {
      return "driving beside the route pays at " + std::to_string(remaining) + " m";
    }
    for (const double v : {1.0, 3.0, 6.0}) {
      if (!(WaitReturn(preset, r) > DriveIntoReturn(preset, v, 2.0))) {
        return "bumping pays at " + std::to_string(remaining) + " m";
      }
    }
    for (const int ticks : {5, 20, 60}) {
      if (ticks * kTickSeconds * 8.33 > r) continue;  // the route ends before
      if (!(ReturnAt(preset, r, 8.33) > LeaveLaneReturn(preset, ticks))) {
        return "leaving the lane pays at " + std::to_string(remaining) + " m";
      }
    }
  }
  for (const double v : {2.0, 5.0, 8.33}) {
    if (!(BrakeReturn(preset, v) > DriveIntoReturn(preset, v, BrakingGap(v))))
      return "crashing pays";
  }
  return "";
}

TEST(RewardOrdering, DriveIsOrdered) { EXPECT_EQ(FirstDisorder(RewardPreset::kDrive), ""); }

TEST(RewardOrdering, FivePartOrderedIsOrdered) {
  EXPECT_EQ(FirstDisorder(RewardPreset::kFivePartOrdered), "");
}

// With a goal bonus of 10, arriving ends an income of 3 a tick: within the last 50 m the slower
// drive earns more. Everything else holds.
TEST(RewardOrdering, FivePartCappedFailsOnlyNearTheGoal) {
  EXPECT_EQ(FirstDisorder(RewardPreset::kFivePartCapped, 10),
            "speed 8.330000 against 6.000000 at 10 m");
  EXPECT_EQ(FirstDisorder(RewardPreset::kFivePartCapped, 50),
            "speed 8.330000 against 6.000000 at 50 m");
  EXPECT_EQ(FirstDisorder(RewardPreset::kFivePartCapped, 60), "");
}

// The original preset is kept for fidelity; the specification says that speeding and bumping pay.
TEST(RewardOrdering, FivePartIsKnownToFail) {
  EXPECT_NE(FirstDisorder(RewardPreset::kFivePart), "");
  EXPECT_GT(ReturnAt(RewardPreset::kFivePart, 100.0, 12.0),
            ReturnAt(RewardPreset::kFivePart, 100.0, 8.33));
}

TEST(RewardOrdering, RouteIsOrdered) { EXPECT_EQ(FirstDisorder(RewardPreset::kRoute), ""); }

// Without a price on anything but position in the lane, racing past others and into them pays.
TEST(RewardOrdering, RaceIsKnownToFail) {
  EXPECT_NE(FirstDisorder(RewardPreset::kRace), "");
  for (const double remaining_m : {10.0, 100.0, 250.0}) {
    EXPECT_GT(ReturnAt(RewardPreset::kRace, remaining_m, 12.0),
              ReturnAt(RewardPreset::kRace, remaining_m, 8.33));
    EXPECT_GT(DriveIntoReturn(RewardPreset::kRace, 3.0, 2.0),
              WaitReturn(RewardPreset::kRace, remaining_m));
  }
}

// ---- single parts, by hand -----------------------------------------------------------------

std::vector<float> Parts(RewardPreset preset, const DriveFacts& facts) {
  std::vector<float> parts(RewardPartNames(preset).size());
  ComputeReward(preset, facts, parts);
  return parts;
}

TEST(Reward, DrivePartsFollowTheirFormulas) {
  DriveFacts f = Cruising(5.0);
  f.max_curvature_1pm = 0.1;  // v_t = sqrt(2.5 / 0.1) = 5 m/s
  f.lateral_offset_m = -0.875;
  f.lane_half_width_m = 1.75;
  f.lead_gap_m = 3.5;  // wanted 2 + 5 = 7 m: half of it is missing
  f.action = {0.5f, 0.2f};
  f.previous_action = {0.0f, 0.4f};
  const std::vector<float> parts = Parts(RewardPreset::kDrive, f);
  EXPECT_NEAR(parts[0], 1.0, 1e-6);
  EXPECT_NEAR(parts[1], 0.0, 1e-6);
  EXPECT_NEAR(parts[2], -0.25 * 0.5, 1e-6);
  EXPECT_NEAR(parts[3], -0.05 * 0.7, 1e-6);
  EXPECT_NEAR(parts[4], -0.5 * 0.5, 1e-6);
  EXPECT_NEAR(parts[5], 0.0, 1e-6);
  f.speed_mps = 6.0;
  EXPECT_NEAR(Parts(RewardPreset::kDrive, f)[1], -4.0 * (6.0 / 5.0 - 1.1), 1e-6);
}

TEST(Reward, FivePartPartsFollowTheirFormulas) {
  DriveFacts f = Cruising(3.0);  // the lane-keeping speed factor is exactly 1
  f.lateral_offset_m = 0.875;
  f.heading_error_rad = 0.05;
  f.jerk_long_mps3 = 3.0;
  f.jerk_lat_mps3 = 4.0;  // norm 5: n = 1
  f.waypoints_passed = 1;
  const std::vector<float> parts = Parts(RewardPreset::kFivePart, f);
  EXPECT_NEAR(parts[0], 2.0 * (3.0 * std::cos(0.05) / 8.33 + 0.15), 1e-6);
  EXPECT_NEAR(parts[1], 2.0 * ((1.0 - 0.35 + 1.0 - 0.15) / 2.0 - 0.5), 1e-6);
  EXPECT_NEAR(parts[2], 0.0, 1e-6);
  EXPECT_NEAR(parts[3], 0.0, 1e-6);
  EXPECT_NEAR(parts[4], 3.0 * (0.5 * 0.15 + 1.0), 1e-6);
}

// A factor's part is what it takes from the product so far: the parts are the reward.
TEST(Reward, RoutePartsFollowTheirFormulas) {
  DriveFacts f = Cruising(6.0);
  f.progress_m = 0.5;         // of 250 m: 0.2 per cent
  f.max_curvature_1pm = 0.1;  // v_t = 5 m/s: 0.2 above it, factor 1 - 0.5 * 0.2 / 0.5 = 0.8
  f.lateral_offset_m = -0.7;  // of 1.75 m: factor 1 - 0.5 * 0.4 = 0.8
  f.lead_gap_m = 5.0;         // closing at 5 m/s: 1 s, half of the 2: factor 0.75
  f.lead_speed_mps = 1.0;
  f.jerk_long_mps3 = 3.0;
  f.jerk_lat_mps3 = 4.0;  // norm 5: factor 0.75
  f.outcome = Outcome::kOffLane;
  const std::vector<float> parts = Parts(RewardPreset::kRoute, f);
  EXPECT_NEAR(parts[0], 0.2, 1e-6);
  EXPECT_NEAR(parts[1], 0.16 - 0.2, 1e-6);
  EXPECT_NEAR(parts[2], 0.128 - 0.16, 1e-6);
  EXPECT_NEAR(parts[3], 0.096 - 0.128, 1e-6);
  EXPECT_NEAR(parts[4], 0.072 - 0.096, 1e-6);
  EXPECT_EQ(parts[5], -50.0f);
  f.outcome = Outcome::kSuccess;
  EXPECT_EQ(Parts(RewardPreset::kRoute, f)[5], 0.0f);
  // No factor is below a half.
  f.speed_mps = 30.0;
  f.lateral_offset_m = 2.4;
  f.jerk_long_mps3 = 90.0;
  f.lead_gap_m = 0.0;
  const std::vector<float> worst = Parts(RewardPreset::kRoute, f);
  EXPECT_NEAR(worst[0] + worst[1] + worst[2] + worst[3] + worst[4], 0.2 / 16.0, 1e-6);
}

TEST(Reward, RacePartsFollowTheirFormulas) {
  DriveFacts f = Cruising(4.0);
  f.max_curvature_1pm = 0.1;  // v_t = 5 m/s
  f.heading_error_rad = -0.3;
  f.lateral_offset_m = 0.35;  // of 1.75 m
  const std::vector<float> parts = Parts(RewardPreset::kRace, f);
  EXPECT_NEAR(parts[0], 0.8 * std::cos(0.3), 1e-6);
  EXPECT_NEAR(parts[1], -0.8 * 0.2, 1e-6);
}

// ---- ablations -----------------------------------------------------------------------------

// A tick in which every part of every preset has something to say.
DriveFacts Eventful() {
  DriveFacts f = Cruising(9.0);
  f.lateral_offset_m = 0.5;
  f.heading_error_rad = 0.05;
  f.jerk_long_mps3 = 2.0;
  f.lead_gap_m = 6.0;
  f.action = {0.3f, 0.5f};
  f.max_curvature_1pm = 0.05;
  f.outcome = Outcome::kCollision;
  f.collision = true;
  f.collision_speed_mps = 9.0;
  return f;
}

TEST(RewardWithout, APartDoesNotCountAndIsStillLogged) {
  for (size_t i = 0; i < EnumNames<RewardPreset>::kNames.size(); ++i) {
    const auto preset = static_cast<RewardPreset>(i);
    const std::vector<std::string> names = RewardPartNames(preset);
    std::vector<float> parts(names.size()), same(names.size());
    for (size_t p = 0; p < names.size(); ++p) {
      DriveFacts f = Eventful();
      if (names[p] == "standing") f = Cruising(0.0);
      const double whole = ComputeReward(preset, f, parts);
      ASSERT_NE(parts[p], 0.0f) << names[p];
      const double without = ComputeReward(preset, f, same, RewardParts(preset, {names[p]}));
      EXPECT_EQ(same, parts);
      EXPECT_NEAR(without, whole - static_cast<double>(parts[p]), 1e-5) << names[p];
    }
    const RewardPartSet all = RewardParts(preset, names);
    EXPECT_EQ(ComputeReward(preset, Eventful(), parts, all), 0.0);
  }
}

TEST(RewardWithout, AnUnknownPartIsRefusedWithTheNearest) {
  try {
    RewardParts(RewardPreset::kFivePart, {"safety", "confort"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_NE(error.OneLine().find("did you mean comfort?"), std::string::npos);
    EXPECT_NE(error.OneLine().find("efficiency, lane_keeping, comfort"), std::string::npos);
  }
}

// By the key: the drive, its facts and every part are the same, the reward lacks the parts named.
TEST(RewardWithout, TheKeyReachesTheEnvironment) {
  Config config = VectorConfig();
  config.reward.without = {"smoothness", "progress"};
  EmbeddedEnv env(DefaultTown(), config, 1), whole(DefaultTown(), VectorConfig(), 1);
  EXPECT_EQ(env.traits().reward_parts, whole.traits().reward_parts);
  StepBuffers buffers(env.traits()), whole_buffers(whole.traits());
  const StepView view = buffers.view(), whole_view = whole_buffers.view();
  const ResetRequest request{.seed = 3};
  env.Reset({&request, 1}, view);
  whole.Reset({&request, 1}, whole_view);
  for (int i = 0; i < 20; ++i) {
    const Action action{i % 2 == 0 ? 0.01f : -0.01f, 0.8f};
    env.Step({&action, 1}, view);
    whole.Step({&action, 1}, whole_view);
    for (size_t p = 0; p < env.traits().reward_parts.size(); ++p) {
      EXPECT_EQ(view.reward_parts[p], whole_view.reward_parts[p]);
    }
    EXPECT_NE(view.reward_parts[3], 0.0f);
    EXPECT_NEAR(view.reward[0], whole_view.reward[0] - view.reward_parts[0] - view.reward_parts[3],
                1e-5);
  }
  config.reward.without = {"comfort"};  // of five_part, not of drive
  EXPECT_THROW(EmbeddedEnv(DefaultTown(), config, 1), Error);
}

TEST(Reward, CollisionsCostTheSameAtEverySpeedWhenCapped) {
  for (const auto& [speed, original] : {std::pair{1.0, -5.0}, {3.0, -25.0}, {9.0, -100.0}}) {
    DriveFacts f = Cruising(0.0);
    f.lead_gap_m = kFar;
    f.yield_distance_m = 5.0;  // not "standing with a free road"
    f.collision = true;
    f.outcome = Outcome::kCollision;
    f.collision_speed_mps = speed;
    EXPECT_NEAR(Parts(RewardPreset::kFivePart, f)[3], original, 1e-6);
    EXPECT_NEAR(Parts(RewardPreset::kFivePartCapped, f)[3], -100.0, 1e-6);
  }
}

TEST(Reward, StandingPaysNothingAndCostsLittle) {
  for (const RewardPreset preset :
       {RewardPreset::kDrive, RewardPreset::kFivePart, RewardPreset::kFivePartCapped}) {
    std::vector<float> parts(RewardPartNames(preset).size());
    const double r = ComputeReward(preset, Cruising(0.0), parts);
    EXPECT_LT(r, 0.0);
    EXPECT_GT(r, -0.1);
  }
}

}  // namespace
}  // namespace volante
