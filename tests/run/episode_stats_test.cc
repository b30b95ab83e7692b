// Driving metrics from hand-made episodes.
#include "run/episode_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "run/evaluation_report.h"

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

TEST(Report, CsvHasOneLinePerEpisodeAndAHeader) {
  const std::string csv = EpisodesCsv({SteadyDrive().Finish()});
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 2);
  EXPECT_NE(csv.find("\n2,1,none,5.00,50.000,100.00,0.4000,40.00,8.000"), std::string::npos) << csv;
}

}  // namespace
}  // namespace volante
