// Learning curves against sums done by hand.
#include "plot/learning_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace volante {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RollingMean, TakesThePointAndThoseBeforeIt) {
  const CurvePoints mean = RollingMean({{10, 20, 30, 40}, {1, 0, 0, 1}}, 2);
  EXPECT_THAT(mean.x, ElementsAre(10, 20, 30, 40));
  EXPECT_THAT(mean.y, ElementsAre(1, 0.5, 0, 0.5));
  EXPECT_THAT(RollingMean({{1, 2}, {4, 8}}, 9).y, ElementsAre(4, 6));
}

TEST(MeanCurve, IsTakenWhereAllCurvesAre) {
  // At 2: 2 and 10; at 3: 3 and 10 (halfway from 10 to 10); at 4: 4 and 10.
  const std::vector<CurvePoints> curves = {{{0, 4}, {0, 4}}, {{2, 6}, {10, 10}}};
  const CurvePoints mean = MeanCurve(curves, 3);
  EXPECT_THAT(mean.x, ElementsAre(2, 3, 4));
  EXPECT_THAT(mean.y, ElementsAre(6, 6.5, 7));
}

TEST(MeanCurve, OfCurvesThatNeverMeetIsEmpty) {
  const std::vector<CurvePoints> apart = {{{0, 1}, {0, 0}}, {{2, 3}, {0, 0}}};
  EXPECT_TRUE(MeanCurve(apart, 3).x.empty());
  const std::vector<CurvePoints> one_empty = {{{0, 1}, {0, 0}}, {}};
  EXPECT_TRUE(MeanCurve(one_empty, 3).x.empty());
}

std::vector<std::string> Names(const Chart& chart) {
  std::vector<std::string> names;
  for (const ChartSeries& series : chart.series) {
    if (!series.name.empty()) names.push_back(series.name);
  }
  return names;
}

TEST(LearningCurveChart, SeveralRunsAreThinLinesWithTheirMean) {
  RunCurves run;
  run.name = "kite";
  run.completion = {{100, 200}, {0.2, 0.4}};
  run.success = {{100, 200}, {0, 1}};
  const Chart one = LearningCurveChart(std::vector<RunCurves>{run}, 1, 0.05);
  EXPECT_THAT(one.title, HasSubstr("kite"));
  EXPECT_THAT(Names(one), ElementsAre("training: route completion", "training: success"));
  EXPECT_EQ(one.series.size(), 2u);
  EXPECT_THAT(one.x_unit, HasSubstr("0.05 s"));

  const Chart two = LearningCurveChart(std::vector<RunCurves>{run, run}, 1, 0.05);
  EXPECT_EQ(two.series.size(), 6u);  // two runs and their mean, twice
  EXPECT_EQ(Names(two), Names(one)) << "the mean alone is named";
}

TEST(TagChart, CurvesOfOneKindLookAlikeAndOthersDoNot) {
  const CurvePoints points = {{0, 1}, {0, 1}};
  const auto look = [&](std::vector<std::pair<std::string, std::string>> curves) {
    std::vector<TagCurve> of_tags;
    for (const auto& [run, tag] : curves) of_tags.push_back({run, tag, points});
    std::vector<std::pair<int, bool>> looks;
    for (const ChartSeries& series : TagChart(of_tags, false).series) {
      looks.push_back({series.color, series.dashed});
    }
    return looks;
  };
  using Looks = std::vector<std::pair<int, bool>>;
  EXPECT_EQ(look({{"a_0", "x"}, {"a_0", "y"}, {"a_1", "x"}, {"b_0", "y"}}),
            (Looks{{0, false}, {0, true}, {0, false}, {1, true}}));
  EXPECT_EQ(look({{"a_0", "x"}, {"a_0", "y"}, {"a_0", "z"}, {"a_1", "y"}}),
            (Looks{{0, false}, {1, false}, {2, false}, {1, false}}));
}

TEST(LearningCurveChart, LongRunsAreThinnedAndKeepTheirMean) {
  RunCurves run;
  for (int i = 0; i < 100000; ++i) {
    run.completion.x.push_back(i);
    run.completion.y.push_back(i % 2);
  }
  const Chart chart = LearningCurveChart(std::vector<RunCurves>{run}, 1, 0.05);
  ASSERT_LE(chart.series[0].x.size(), 1000u);
  for (const double y : chart.series[0].y) EXPECT_DOUBLE_EQ(y, 0.5);
}

TEST(LearningCurveChart, ValidationsArePoints) {
  RunCurves run;
  run.validation_success = {{1000, 2000}, {0.5, 1.0}};
  const Chart chart = LearningCurveChart(std::vector<RunCurves>{run}, 20, 0.05);
  ASSERT_EQ(chart.series.size(), 1u);
  EXPECT_TRUE(chart.series[0].markers);
  const std::string svg = SvgChart(chart);
  EXPECT_THAT(svg, HasSubstr("<circle"));
  EXPECT_THAT(svg, HasSubstr("validation: success"));
}

}  // namespace
}  // namespace volante
