// Driving metrics from hand-made episodes.
#include "run/episode_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "run/driving_score.h"

namespace volante {
namespace {

DriveFacts At(int tick, double speed_mps, double s_m) {
  DriveFacts f;
  f.tick = tick;
  f.speed_mps = speed_mps;
  f.route_s_m = s_m;
  f.route_length_m = 100.0;
  return f;
}

// 100 ticks at 8 m/s: 40 m in 5 s.
EpisodeAccumulator SteadyDrive() {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  for (int t = 1; t <= 100; ++t) drive.Add(At(t, 8.0, 0.4 * t), 0.5);
  return drive;
}

TEST(EpisodeStats, ConstantSpeedHasNoJerkAndTheSpeedItHas) {
  const EpisodeStats stats = SteadyDrive().Finish();
  EXPECT_EQ(stats.ticks, 100);
  EXPECT_DOUBLE_EQ(stats.time_s(), 5.0);
  EXPECT_NEAR(stats.distance_m, 40.0, 1e-9);
  EXPECT_NEAR(stats.mean_speed_mps, 8.0, 1e-9);
  EXPECT_NEAR(stats.route_completion, 0.4, 1e-9);
  EXPECT_EQ(stats.rms_jerk_long_mps3, 0.0);
  EXPECT_EQ(stats.min_ttc_s, kFar);
  EXPECT_NEAR(stats.reward, 50.0, 1e-9);
}

TEST(EpisodeStats, CompletionCountsFromWhereTheEpisodeStarted) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 50.0));
  drive.Add(At(1, 8.0, 75.0), 0.0);
  EXPECT_NEAR(drive.Finish().route_completion, 0.5, 1e-9);
}

TEST(EpisodeStats, TimeToCollisionIsGapOverClosingSpeed) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  DriveFacts f = At(1, 8.0, 0.4);
  f.lead_gap_m = 12.0;
  f.lead_speed_mps = 5.0;  // closing at 3 m/s: 4 s
  drive.Add(f, 0.0);
  EXPECT_NEAR(drive.Finish().min_ttc_s, 4.0, 1e-12);
  f.tick = 2;
  f.lead_gap_m = 1.0;
  f.lead_speed_mps = 9.0;  // it drives away: no collision, however near
  drive.Add(f, 0.0);
  EXPECT_NEAR(drive.Finish().min_ttc_s, 4.0, 1e-12);
}

TEST(EpisodeStats, RmsJerkFollowsItsFormula) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  int tick = 0;
  for (const double jerk : {3.0, -4.0}) {
    DriveFacts f = At(++tick, 8.0, 0.0);
    f.jerk_long_mps3 = jerk;
    drive.Add(f, 0.0);
  }
  EXPECT_NEAR(drive.Finish().rms_jerk_long_mps3, std::sqrt((9.0 + 16.0) / 2.0), 1e-9);
}

TEST(Summary, RatesAndIntervalOfHandMadeEpisodes) {
  std::vector<EpisodeStats> episodes(10);
  for (size_t i = 0; i < episodes.size(); ++i) {
    episodes[i].outcome = i < 8 ? Outcome::kSuccess : Outcome::kCollision;
    episodes[i].ticks = 400;  // 20 s
    episodes[i].distance_m = 150.0;
    episodes[i].route_completion = i < 8 ? 1.0 : 0.5;
    episodes[i].collision = i >= 8;
    episodes[i].collision_at_fault = i == 9;
    episodes[i].markings_crossed = 3;
  }
  const EvaluationSummary s = Summarize(episodes);
  EXPECT_EQ(s.episodes, 10);
  EXPECT_NEAR(s.success_rate, 0.8, 1e-12);
  EXPECT_NEAR(s.collision_rate, 0.2, 1e-12);
  EXPECT_NEAR(s.route_completion, 0.9, 1e-12);
  EXPECT_NEAR(s.mean_speed_mps, 7.5, 1e-12);
  EXPECT_NEAR(s.distance_km, 1.5, 1e-12);
  EXPECT_NEAR(s.collisions_per_km, 2.0 / 1.5, 1e-12);
  EXPECT_NEAR(s.at_fault_collisions_per_km, 1.0 / 1.5, 1e-12);
  EXPECT_NEAR(s.markings_per_km, 20.0, 1e-12);
  EXPECT_NEAR(s.mean_completion_time_s, 20.0, 1e-12);
  // Wilson's interval for 8 of 10, by hand: 0.4902 to 0.9433.
  EXPECT_NEAR(s.success_low, 0.4902, 1e-4);
  EXPECT_NEAR(s.success_high, 0.9433, 1e-4);
}

TEST(Summary, OfNothingIsEmpty) {
  EXPECT_EQ(Summarize({}).episodes, 0);
  EXPECT_EQ(Summarize({}).success_rate, 0.0);
}

// 100 ticks that close at 1 m/s, with gaps of 0.45 m, 0.55 m, ... 10.35 m: the fifth of a hundred
// times is 0.85 s, the sixth 0.95 s.
TEST(EpisodeStats, FifthPercentileOfTtcOfAHundredTicksByHand) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  for (int t = 1; t <= 100; ++t) {
    DriveFacts f = At(t, 6.0, 0.3 * t);
    f.lead_speed_mps = 5.0;
    f.lead_gap_m = 0.35 + 0.1 * ((37 * t) % 101);  // the order does not matter
    drive.Add(f, 0.0);
  }
  const EpisodeStats stats = drive.Finish();
  EXPECT_EQ(stats.ttc.total(), 100u);
  EXPECT_NEAR(stats.ttc.Percentile(0.05), 0.9, 0.051);
  EXPECT_NEAR(stats.min_ttc_s, 0.45, 1e-9);
  EXPECT_EQ(stats.ticks_ttc_below_2s, 16);  // 0.45 to 1.95
  const EvaluationSummary s = Summarize(std::vector{stats});
  EXPECT_NEAR(s.ttc_below_2s_share, 0.16, 1e-12);
  EXPECT_NEAR(s.p5_ttc_s, 0.9, 0.051);
}

TEST(EpisodeStats, TtcBeyond20SecondsIsNotInThePercentile) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  DriveFacts f = At(1, 8.0, 0.4);
  f.lead_gap_m = 60.0;
  f.lead_speed_mps = 6.0;  // 30 s
  drive.Add(f, 0.0);
  EXPECT_EQ(drive.Finish().ttc.total(), 0u);
  EXPECT_NEAR(drive.Finish().min_ttc_s, 30.0, 1e-9);
  EXPECT_TRUE(std::isnan(Summarize(std::vector{drive.Finish()}).p5_ttc_s));
}

TEST(EpisodeStats, JerkKeepsItsSign) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  int tick = 0;
  for (const double jerk : {3.0, -4.0, 1.0}) {
    DriveFacts f = At(++tick, 8.0, 0.0);
    f.jerk_long_mps3 = jerk;
    f.accel_lat_mps2 = 2.0;
    drive.Add(f, 0.0);
  }
  EXPECT_EQ(drive.Finish().max_jerk_long_mps3, 3.0);
  EXPECT_EQ(drive.Finish().min_jerk_long_mps3, -4.0);
  EXPECT_NEAR(drive.Finish().rms_accel_lat_mps2, 2.0, 1e-12);
}

TEST(EpisodeStats, RepeatedActionsCountEveryTick) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  for (int t = 2; t <= 100; t += 2) drive.Add(At(t, 8.0, 0.4 * t), 0.0);
  EXPECT_NEAR(drive.Finish().distance_m, 40.0, 1e-9);
  EXPECT_NEAR(drive.Finish().mean_speed_mps, 8.0, 1e-9);
  EXPECT_DOUBLE_EQ(drive.Finish().time_s(), 5.0);
}

// ---- attribution and driving scores --------------------------------------------------------

// 50 of 100 m, then a collision at this speed.
EpisodeStats Crash(double speed_mps, bool at_fault) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  for (int t = 1; t <= 124; ++t) drive.Add(At(t, 8.0, 0.4 * t), 0.0);
  DriveFacts f = At(125, speed_mps, 50.0);
  f.collision = true;
  f.collision_at_fault = at_fault;
  f.outcome = Outcome::kCollision;
  f.status = Status::kTerminated;
  drive.Add(f, 0.0);
  return drive.Finish();
}

TEST(EpisodeStats, TellWithWhatAndHowHardTheFirstCollisionWas) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  DriveFacts f = At(1, 8.0, 0.4);
  f.collision = true;
  f.collision_kind = VehicleKind::kTruck;
  f.collision_speed_mps = 6.5;
  f.contact_in_car_m = {2.3, -0.4};
  f.contact_m = {100.0, 50.0};
  f.collision_impulse_newton_s = {-3000.0, 4000.0};
  drive.Add(f, 0.0);
  f = At(2, 4.0, 0.5);
  f.collision = true;  // and a second car
  f.collision_speed_mps = 1.0;
  drive.Add(f, 0.0);
  const EpisodeStats e = drive.Finish();
  EXPECT_EQ(e.collision_kind, VehicleKind::kTruck);
  EXPECT_EQ(e.collision_speed_mps, 6.5);
  EXPECT_EQ(e.contact_in_car_m, (Vec2{2.3, -0.4}));
  EXPECT_EQ(e.contact_m, (Vec2{100.0, 50.0}));
  EXPECT_NEAR(e.collision_impulse_newton_s, 5000.0, 1e-9);
}

TEST(EpisodeStats, SolidMarkingsAreCountedApart) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  DriveFacts f = At(1, 8.0, 0.4);
  f.markings_crossed = 2;
  f.crossed_marks[0].mark.type = LaneMarkType::kBroken;
  f.crossed_marks[1].mark.type = LaneMarkType::kSolidSolid;
  f.crossed_marks[2].mark.type = LaneMarkType::kSolid;  // of an earlier tick: not there
  drive.Add(f, 0.0);
  EXPECT_EQ(drive.Finish().markings_crossed, 2);
  EXPECT_EQ(drive.Finish().solid_markings_crossed, 1);
}

TEST(EpisodeStats, CollisionsAreAttributed) {
  EXPECT_TRUE(Crash(8.0, true).collision_at_fault);
  EXPECT_FALSE(Crash(8.0, false).collision_at_fault);
  EXPECT_TRUE(Crash(8.0, false).collision);
  EXPECT_TRUE(Crash(8.0, false).collision_while_moving);
  EXPECT_FALSE(Crash(0.05, false).collision_while_moving) << "CARLA: slower than 0.1 m/s";
  const std::vector<EpisodeStats> two = {Crash(8.0, true), Crash(8.0, false)};
  const EvaluationSummary s = Summarize(two);
  EXPECT_NEAR(s.collisions_per_episode, 1.0, 1e-12);
  EXPECT_NEAR(s.at_fault_collisions_per_episode, 0.5, 1e-12);
  EXPECT_NEAR(s.collisions_per_km, 20.0, 1e-9);  // 2 in 100 m
  EXPECT_NEAR(s.at_fault_collisions_per_km, 10.0, 1e-9);
}

// Leaderboard 2.0: 50 % x 0.60 = 30. Leaderboard 2.1: 50 % / (1 + 0.7) = 29.41.
TEST(DrivingScore, OfACollisionHalfWayByHand) {
  EXPECT_NEAR(DrivingScore20(Crash(8.0, true)), 30.0, 1e-9);
  EXPECT_NEAR(DrivingScore21(Crash(8.0, true)), 29.411765, 1e-5);
  EXPECT_NEAR(DrivingScore20(Crash(0.0, false)), 50.0, 1e-9);
  EXPECT_NEAR(DrivingScore21(Crash(0.0, false)), 50.0, 1e-9);
}

// Two red lights on the way to the goal: 100 x 0.7 x 0.7 = 49, and 100 / (1 + 2 x 0.4) = 55.56.
TEST(DrivingScore, OfTwoRedLightsByHand) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  for (int t = 1; t <= 200; ++t) {
    DriveFacts f = At(t, 8.0, 0.4 * t);
    f.light = NextLight::kRed;
    f.ran_red_light = t == 50 || t == 120;
    f.outcome = t == 200 ? Outcome::kSuccess : Outcome::kNone;
    drive.Add(f, 0.0);
  }
  const EpisodeStats stats = drive.Finish();
  EXPECT_EQ(stats.red_lights_run, 2);
  EXPECT_NEAR(DrivingScore20(stats), 49.0, 1e-9);
  EXPECT_NEAR(DrivingScore21(stats), 55.555556, 1e-5);
  EXPECT_NEAR(Summarize(std::vector{stats}).red_lights_per_km, 25.0, 1e-9);  // 2 in 80 m
  EXPECT_TRUE(std::isnan(Summarize(std::vector{Crash(8.0, true)}).red_lights_per_km))
      << "never met a light";
}

// 60 m in the lane, 20 m more than 1.75 + 0.5 m beside its centre, then off the lane at 80 m:
// a quarter of the driven route outside, so 80 % x 0.75 = 60 by both versions.
TEST(DrivingScore, MetresOutsideTheLaneCountByTheirShare) {
  EpisodeAccumulator drive;
  drive.Begin(1, 2, At(0, 0.0, 0.0));
  for (int t = 1; t <= 200; ++t) {
    DriveFacts f = At(t, 8.0, 0.4 * t);
    f.lateral_offset_m = t > 150 ? -2.3 : 2.2;
    f.off_lane = t == 200;
    f.outcome = t == 200 ? Outcome::kOffLane : Outcome::kNone;
    drive.Add(f, 0.0);
  }
  const EpisodeStats stats = drive.Finish();
  EXPECT_NEAR(stats.outside_lane_m, 20.0, 1e-9);
  EXPECT_EQ(stats.off_lane_events, 1);
  EXPECT_NEAR(DrivingScore20(stats), 60.0, 1e-9);
  EXPECT_NEAR(DrivingScore21(stats), 60.0, 1e-9);
  EXPECT_NEAR(Summarize(std::vector{stats}).off_lane_per_km, 12.5, 1e-9);  // 1 in 80 m
}

}  // namespace
}  // namespace volante
