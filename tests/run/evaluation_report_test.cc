// How evaluations are written down, and what several seeds amount to.
#include "run/evaluation_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

namespace volante {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// `successes` of `n` episodes of 100 m in 10 s; the others end half-way.
std::vector<EpisodeStats> Episodes(int n, int successes) {
  std::vector<EpisodeStats> episodes(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) {
    EpisodeStats& e = episodes[static_cast<size_t>(i)];
    e.route_index = i;
    e.outcome = i < successes ? Outcome::kSuccess : Outcome::kTimeout;
    e.route_completion = i < successes ? 1.0 : 0.5;
    e.ticks = 200;
    e.distance_m = 100.0;
  }
  return episodes;
}

EvaluationRow Row(std::string who, std::vector<EpisodeStats> episodes) {
  EvaluationRow row;
  row.label = who + ", scenario 0";
  row.who = std::move(who);
  row.town = "country";
  row.setting = "scenario 0";
  row.driver = "network";
  row.summary = Summarize(episodes);
  row.episodes = std::move(episodes);
  return row;
}

EvaluationReport ThreeSeeds() {
  EvaluationReport report;
  report.program = "test";
  std::vector<std::vector<EpisodeStats>> seeds;
  for (const int successes : {20, 18, 10}) {
    seeds.push_back(Episodes(20, successes));
    report.rows.push_back(Row("run, final 20000", seeds.back()));
  }
  report.seed_rows.push_back(
      {"mean of 3 seeds", {0, 1, 2}, SeedFigures(seeds, 7), "country", "scenario 0"});
  return report;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// ---- several seeds -------------------------------------------------------------------------

TEST(SeedFigures, MeanAndWorstOfThreeSeedsByHand) {
  const SeedFigure success = ThreeSeeds().seed_rows[0].figures[0];
  EXPECT_NEAR(success.mean, 0.8, 1e-12);  // 1.0, 0.9, 0.5
  EXPECT_NEAR(success.worst, 0.5, 1e-12);
  EXPECT_LT(success.low, 0.65);
  EXPECT_GT(success.low, 0.45);
  EXPECT_GT(success.high, 0.93);
  EXPECT_LE(success.high, 1.0);
}

TEST(SeedFigures, TheWorstOfATimeIsTheLongest) {
  std::vector<std::vector<EpisodeStats>> seeds = {Episodes(10, 10), Episodes(10, 10)};
  for (EpisodeStats& e : seeds[1]) e.ticks = 400;
  const std::vector<SeedFigure> figures = SeedFigures(seeds, 1);
  for (size_t m = 0; m < figures.size(); ++m) {
    if (std::string(Metrics()[m].name) == "mean_completion_time_s") {
      EXPECT_NEAR(figures[m].worst, 20.0, 1e-12);
      EXPECT_NEAR(figures[m].mean, 15.0, 1e-12);
    }
    if (std::string(Metrics()[m].name) == "mean_speed_mps") {
      EXPECT_NEAR(figures[m].worst, 5.0, 1e-9);
    }
  }
}

// With one seed only episodes vary: the interval is that of a binomial share. For 50 of 100 the
// normal approximation gives 0.5 +- 1.96 x 0.05.
TEST(SeedFigures, IntervalOfOneSeedIsThatOfItsEpisodes) {
  const std::vector<std::vector<EpisodeStats>> seeds = {Episodes(100, 50)};
  const SeedFigure success = SeedFigures(seeds, 3)[0];
  EXPECT_NEAR(success.low, 0.402, 0.015);
  EXPECT_NEAR(success.high, 0.598, 0.015);
}

// With seeds that never fail and seeds that always fail only seeds vary: of two seeds, a draw is
// 0, 0.5 or 1 with 1/4, 1/2, 1/4, so the 95 % interval is everything.
TEST(SeedFigures, IntervalContainsTheDifferenceBetweenSeeds) {
  const std::vector<std::vector<EpisodeStats>> seeds = {Episodes(100, 100), Episodes(100, 0)};
  const SeedFigure success = SeedFigures(seeds, 3)[0];
  EXPECT_EQ(success.low, 0.0);
  EXPECT_EQ(success.high, 1.0);
  EXPECT_EQ(success.worst, 0.0);
}

TEST(SeedFigures, AreTheSameEveryTime) {
  const std::vector<std::vector<EpisodeStats>> seeds = {Episodes(30, 20), Episodes(30, 25)};
  EXPECT_EQ(SeedFigures(seeds, 3)[0].low, SeedFigures(seeds, 3)[0].low);
  EXPECT_EQ(SeedFigures(seeds, 3)[5].high, SeedFigures(seeds, 3)[5].high);
}

TEST(SeedFigures, OfASeedWithoutEpisodesDoNotEndTheProgram) {
  const std::vector<std::vector<EpisodeStats>> seeds = {Episodes(10, 5), {}};
  EXPECT_NEAR(SeedFigures(seeds, 3)[0].mean, 0.25, 1e-12);
}

// ---- tables --------------------------------------------------------------------------------

TEST(Report, RowsLineUpWithin110Columns) {
  EvaluationReport report = ThreeSeeds();
  report.rows.push_back(Row("trained, step 1000000, blind (mean image)", Episodes(200, 0)));
  const std::vector<std::string> lines = Lines(SummaryTable(report));
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[0], "country, scenario 0");
  for (size_t i = 1; i < lines.size(); ++i) EXPECT_EQ(lines[i].size(), 110u) << lines[i];
  EXPECT_THAT(lines[1], ::testing::StartsWith("policy "));
  EXPECT_THAT(lines[5], ::testing::StartsWith("trained, step 1000000, blind (mean image) "));
  EXPECT_THAT(lines[6], ::testing::StartsWith("mean of 3 seeds, worst 0.500 "));
  EXPECT_THAT(lines[6], HasSubstr("0.800"));
  for (const std::string& line : Lines(DetailsTable(report))) EXPECT_LE(line.size(), 110u) << line;
}

TEST(Report, AnotherTownOrSettingHasALineAndAHeaderOfItsOwn) {
  EvaluationReport report = ThreeSeeds();
  report.rows[1].setting = "scenario 0, suite contested";
  report.rows[2].town = "random_0 to random_9";
  const std::vector<std::string> lines = Lines(SummaryTable(report));
  ASSERT_EQ(lines.size(), 4u * 3u + 3u);  // place, header and row, and empty lines between
  EXPECT_EQ(lines[0], "country, scenario 0");
  EXPECT_EQ(lines[3], "");
  EXPECT_EQ(lines[4], "country, scenario 0, suite contested");
  EXPECT_EQ(lines[8], "random_0 to random_9, scenario 0");
  EXPECT_EQ(lines[12], "country, scenario 0");  // the mean of the seeds
  EXPECT_THAT(DetailsTable(report), HasSubstr("[3] run, final 20000, random_0 to random_9"));
}

TEST(Report, ALabelThatIsTooLongIsNotCut) {
  EvaluationReport report;
  const std::string who = "a_driver_whose_name_is_longer_than_the_column_of_names";
  report.rows.push_back(Row(who, Episodes(20, 20)));
  const std::vector<std::string> lines = Lines(SummaryTable(report));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[2], who);
  EXPECT_EQ(lines[3].size(), 110u);
  EXPECT_THAT(lines[3], HasSubstr("   1.000  ["));
}

TEST(Report, WhatWasNotThereIsNoneAndNotZero) {
  EvaluationReport report;
  report.rows.push_back(Row("nobody ahead", Episodes(5, 0)));
  const auto json = nlohmann::json::parse(EvaluationJson(report));
  const auto& summary = json["evaluations"][0]["summary"];
  EXPECT_TRUE(summary["min_ttc_s"].is_null());
  EXPECT_TRUE(summary["mean_completion_time_s"].is_null());
  EXPECT_TRUE(json["evaluations"][0]["episodes"][0]["min_ttc_s"].is_null());
  EXPECT_THAT(DetailsTable(report), HasSubstr("none"));
  for (const char* name :
       {"collision_with_pedestrian", "red_light", "stop_sign", "yield_to_emergency_vehicle"}) {
    EXPECT_TRUE(json["not_applicable"].contains(name)) << name;
    EXPECT_FALSE(summary.contains(name)) << name;
    EXPECT_THAT(DetailsTable(report), HasSubstr(name));
  }
}

TEST(Report, RedLightsCountWhereARouteMeetsALight) {
  EvaluationReport report;
  report.rows.push_back(Row("lights on the way", Episodes(2, 2)));
  report.rows[0].episodes[1].met_light = true;
  report.rows[0].episodes[1].red_lights_run = 3;
  const auto json = nlohmann::json::parse(EvaluationJson(report));
  EXPECT_FALSE(json["not_applicable"].contains("red_light"));
  EXPECT_TRUE(json["not_applicable"].contains("stop_sign"));
  const auto& episodes = json["evaluations"][0]["episodes"];
  EXPECT_TRUE(episodes[0]["red_lights_run"].is_null());
  EXPECT_EQ(episodes[1]["red_lights_run"], 3);
}

TEST(Report, EpisodesTellWhatTheyHitWhereAndHowHard) {
  EvaluationReport report;
  report.rows.push_back(Row("one crash", Episodes(2, 1)));
  EpisodeStats& crash = report.rows[0].episodes[1];
  crash.collision = true;
  crash.collision_kind = VehicleKind::kTwoWheeler;
  crash.contact_in_car_m = {2.4, -0.25};
  crash.collision_impulse_newton_s = 1234.0;
  const auto json = nlohmann::json::parse(EvaluationJson(report));
  const auto& episodes = json["evaluations"][0]["episodes"];
  EXPECT_TRUE(episodes[0]["collision_with"].is_null());
  EXPECT_TRUE(episodes[0]["contact_ahead_m"].is_null());
  EXPECT_EQ(episodes[1]["collision_with"], "two_wheeler");
  EXPECT_EQ(episodes[1]["contact_ahead_m"], 2.4);
  EXPECT_EQ(episodes[1]["contact_left_m"], -0.25);
  EXPECT_EQ(episodes[1]["collision_impulse_newton_s"], 1234.0);
  EXPECT_THAT(EpisodesCsv(report), HasSubstr("two_wheeler"));
}

TEST(Report, JsonHoldsEveryRowAndTheSeeds) {
  const auto json = nlohmann::json::parse(EvaluationJson(ThreeSeeds()));
  ASSERT_EQ(json["evaluations"].size(), 3u);
  EXPECT_EQ(json["evaluations"][2]["summary"]["success_rate"], 0.5);
  EXPECT_EQ(json["evaluations"][2]["summary"]["episodes"], 20);
  EXPECT_EQ(json["seed_summaries"][0]["seeds"], 3);
  EXPECT_EQ(json["seed_summaries"][0]["episodes"], 60);
  EXPECT_EQ(json["evaluations"][2]["label"], "run, final 20000, scenario 0");
  EXPECT_EQ(json["evaluations"][2]["town"], "country");
  EXPECT_EQ(json["seed_summaries"][0]["label"], "mean of 3 seeds, scenario 0");
  EXPECT_EQ(json["seed_summaries"][0]["town"], "country");
  EXPECT_EQ(json["seed_summaries"][0]["metrics"]["success_rate"]["worst_seed"], 0.5);
}

TEST(Report, CsvHasOneLinePerEpisodeAndAHeader) {
  EvaluationReport report;
  report.rows.push_back(Row("a \"quoted\", label", Episodes(2, 1)));
  const std::vector<std::string> lines = Lines(EpisodesCsv(report));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], ::testing::StartsWith("policy,town,route_index,seed,outcome,time_s,"));
  EXPECT_THAT(lines[1], ::testing::StartsWith(
                            "\"a \"\"quoted\"\", label, scenario 0\",\"country\",0,0,success,10,"));
  EXPECT_THAT(lines[2], HasSubstr(",1,0,timeout,10,"));
  EXPECT_EQ(std::count(lines[1].begin(), lines[1].end(), ','),
            std::count(lines[0].begin(), lines[0].end(), ',') + 2);  // the label's own
}

}  // namespace
}  // namespace volante
