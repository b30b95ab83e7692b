// The charts, read back by an XML parser that is not ours.
#include "plot/svg_chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <pugixml.hpp>
#include <sstream>

namespace volante {
namespace {

Chart LearningCurve() {
  Chart chart;
  chart.title = "Return & success <validation>";
  chart.x_label = "env steps";
  chart.y_label = "speed";
  chart.y_unit = "m/s";
  chart.series = {{"seed \"0\"", {0, 100, 200, 300}, {0, 5, 8, 10}, {}, {}, false},
                  {"mean", {0, 100, 200, 300}, {1, 4, 7, 9}, {0, 3, 6, 8}, {2, 5, 8, 10}, true}};
  chart.rules = {{"expert", 8.33}};
  return chart;
}

pugi::xml_document Parse(const std::string& text) {
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_string(text.c_str());
  EXPECT_TRUE(result) << result.description() << " at " << result.offset;
  return document;
}

std::vector<std::pair<double, double>> Points(const pugi::xml_node& node) {
  std::vector<std::pair<double, double>> points;
  std::istringstream in(node.attribute("points").value());
  double x, y;
  char comma;
  while (in >> x >> comma >> y) points.push_back({x, y});
  return points;
}

bool HasText(const pugi::xml_node& svg, const std::string& text) {
  for (const pugi::xml_node& node : svg.children("text")) {
    if (node.child_value() == text) return true;
  }
  return false;
}

TEST(SvgChart, IsWellFormedAndKeepsItsTexts) {
  const auto document = Parse(SvgChart(LearningCurve()));
  const pugi::xml_node svg = document.child("svg");
  EXPECT_TRUE(HasText(svg, "Return & success <validation>"));
  EXPECT_TRUE(HasText(svg, "seed \"0\""));
  EXPECT_TRUE(HasText(svg, "speed (m/s)"));
  EXPECT_TRUE(HasText(svg, "env steps"));
  EXPECT_TRUE(HasText(svg, "expert"));
}

// By what DejaVu Sans, a wide font, needs for a letter in the mean: 0.6 of its height, bold 0.68.
TEST(SvgChart, LongTextsStayInThePicture) {
  for (const size_t letters : {30u, 90u, 400u}) {
    Chart chart = LearningCurve();
    const std::string text(letters, 'n');
    chart.title = chart.subtitle = chart.x_label = chart.y_label = chart.series[0].name = text;
    const auto document = Parse(SvgChart(chart));
    int long_texts = 0;
    for (const pugi::xml_node& node : document.child("svg").children("text")) {
      const std::string shown = node.child_value();
      if (!shown.starts_with("nnn")) continue;
      ++long_texts;
      const double size = node.attribute("font-size").as_double(12.0);
      EXPECT_GE(size, 8.0);
      const double letter_share = node.attribute("font-weight") ? 0.68 : 0.6;
      EXPECT_LE(letter_share * size * static_cast<double>(shown.size()),
                node.attribute("transform") ? chart.height_px : chart.width_px - 50)
          << letters;
      EXPECT_TRUE(letters > 30 || shown.starts_with(text)) << shown;
    }
    EXPECT_EQ(long_texts, 5);
  }
}

TEST(SvgChart, PointsAreLinearInTheValuesAndGrowUpwards) {
  const auto document = Parse(SvgChart(LearningCurve()));
  const auto points = Points(document.child("svg").child("polyline"));
  ASSERT_EQ(points.size(), 4u);
  EXPECT_NEAR(points[2].first - points[1].first, points[1].first - points[0].first, 0.11);
  // y = 0, 5, 8, 10: the step from 0 to 5 is 2.5 times that from 8 to 10, upwards on the page.
  const double five = points[0].second - points[1].second;
  const double two = points[2].second - points[3].second;
  EXPECT_GT(two, 10.0);
  EXPECT_NEAR(five / two, 2.5, 0.02);
}

TEST(SvgChart, EverythingLiesInsideThePicture) {
  Chart chart = LearningCurve();
  chart.series[0].y = {-1e6, 3, 2e6, 0};
  const auto document = Parse(SvgChart(chart));
  for (const char* kind : {"polyline", "polygon"}) {
    for (const pugi::xml_node& node : document.child("svg").children(kind)) {
      for (const auto& [x, y] : Points(node)) {
        EXPECT_GE(x, 0);
        EXPECT_LE(x, chart.width_px);
        EXPECT_GE(y, 0);
        EXPECT_LE(y, chart.height_px);
      }
    }
  }
}

TEST(SvgChart, ValuesThatAreNotFiniteInterruptTheLine) {
  Chart chart;
  chart.series = {{"a", {0, 1, 2, 3, 4, 5, 6}, {1, 2, NAN, 3, INFINITY, 4, 5}, {}, {}, false}};
  const std::string text = SvgChart(chart);
  const auto document = Parse(text);
  int lines = 0, dots = 0;
  for ([[maybe_unused]] const auto& node : document.child("svg").children("polyline")) ++lines;
  for ([[maybe_unused]] const auto& node : document.child("svg").children("circle")) ++dots;
  EXPECT_EQ(lines, 2);
  EXPECT_EQ(dots, 1);
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_EQ(text.find("inf"), std::string::npos);
}

TEST(SvgChart, WithoutDataSaysSo) {
  for (const auto& y : {std::vector<double>{}, std::vector<double>{NAN}}) {
    Chart chart;
    chart.series = {{"a", std::vector<double>(y.size(), 1.0), y, {}, {}, false}};
    EXPECT_TRUE(HasText(Parse(SvgChart(chart)).child("svg"), "no data"));
  }
}

TEST(SvgChart, SameChartGivesSameBytes) {
  EXPECT_EQ(SvgChart(LearningCurve()), SvgChart(LearningCurve()));
}

}  // namespace
}  // namespace volante
