// tests/data/broken_maps: each file is refused by one line that names the place, or loads and names
// its defect where it can be driven all the same. Large ones are made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "road/map_check.h"
#include "tests/road/tiny_maps.h"

namespace volante {
namespace {

using testing::Document;
using ::testing::HasSubstr;
using testing::LaneText;
using ::testing::Not;
using testing::TinyRoad;

const std::string kFolder = std::string(VOLANTE_SOURCE_DIR) + "/tests/data/broken_maps";

struct Broken {
  const char* name;
  const char* line;  // what the error, or the defect, says
};

// clang-format off
constexpr Broken kRefused[] = {
    {"not_xml", "not XML, or truncated"},
    {"empty", "not XML, or truncated"},
    {"truncated", "not XML, or truncated"},
    {"other_xml", "not OpenDRIVE"},
    {"binary", "not XML, or truncated"},
    {"nan", "road 17 at s 0 m: x of <geometry> is not"},
    {"infinite", "road 17 at s 0 m: hdg of <geometry> is not"},
    {"overflow", "road 17 at s 0 m: length of <geometry> is not finite"},
    {"word_for_number", "road 17 at s 0 m: a of <width> is not a number: 'wide'"},
    {"lane_id_word", "road 17 at s 0 m: id of <lane> is not a number: 'left'"},
    {"lane_id_fraction", "road 17 at s 0 m: id of <lane> is not a lane id"},
    {"lane_wrong_side", "road 17 at s 0 m: lane 2 stands on the wrong side"},
    {"lane_twice", "road 17 at s 0 m: lane -1 occurs twice"},
    {"road_twice", "road 17 at s 0 m: another road has the same id"},
    {"road_without_id", "id of <road> is missing"},
    {"attribute_missing", "road 17 at s 0 m: y of <geometry> is missing"},
    {"zero_length", "road 17 at s 0 m: the road has no geometry with a length"},
    {"negative_length", "road 17 at s 0 m: s or length of <geometry> is out of range"},
    {"negative_width", "road 17 at s 0 m: lane -1 has the width -3"},
    {"huge_width", "road 17 at s 5 m: lane -1 has the width 128"},
    {"no_lanes", "road 17 at s 0 m: the road has no lanes"},
    {"only_sidewalks", "no drivable lane"},
    {"no_shape", "road 17 at s 10 m: a geometry without a shape"},
    {"tight_spiral", "road 17 at s 10 m: a spiral's radius falls below 0.1 m"},
    {"wild_param_poly3", "road 17 at s 0 m: its curve is not finite"},
    {"cusp", "road 17 at s 0 m: a bend's radius is below 0.1 m"},
    {"steep_poly3", "road 17 at s 0 m: a bend's radius is below 0.1 m"},
    {"elevation_overflow", "road 17 at s 1.25 m: the elevation is out of range"},
    {"rolled_over", "road 17 at s 0 m: the superelevation is out of range"},
    {"lane_offset_overflow", "road 17 at s 1.25 m: the lane offset is out of range"},
    {"line_jumps", "road 17 at s 10 m: the reference line jumps by 20.0"},
    {"folds_over", "road 17 at s 0 m: lane -1 lies inside the centre of the curve"},
    {"far_away", "road 17 at s 0 m: the position lies beyond 10,000 km"},
    {"too_long", "road 17 at s 900000 m: the road's length is out of range"},
    {"turns_for_ever", "road 17 at s 0 m: the roads up to here turn too often"},
    {"billion_laughs", "road 17 at s 0 m: x of <geometry> is not a number: '&g;'"},
};
constexpr Broken kLoaded[] = {
    {"cyclic_links", "road 2 at s 10 m: lane -1 leads to road 1 lane -1 over a gap of 20"},
    {"links_to_itself", "road 1 at s 10 m: lane -1 leads to road 1 lane -1 over a gap of 10"},
    {"out_of_order", ""},
    {"beyond_the_end", "road 1 at s 50 m: a lane section begins beyond"},
    {"dangling_links", "road 1 at s 20 m: links to road 66, which does not exist"},
    {"narrows_below_zero", "road 1 at s 16.25 m: lane -1 has the width -0.25"},
    {"zero_length_road", "road 1 at s 0 m: the road has no geometry with a length"},
};
// clang-format on

// What mends a file: with this one change it is sound. So what is refused is the defect alone.
struct Mended {
  const char* name;
  const char* bad;
  const char* good;
};
constexpr Mended kMended[] = {
    {"nan", "x=\"nan\"", "x=\"0\""},
    {"infinite", "hdg=\"-inf\"", "hdg=\"0\""},
    {"overflow", "length=\"1e999\"", "length=\"20\""},
    {"word_for_number", "a=\"wide\"", "a=\"3\""},
    {"lane_id_word", "id=\"left\"", "id=\"-1\""},
    {"lane_id_fraction", "id=\"-1.5\"", "id=\"-1\""},
    {"lane_wrong_side", "id=\"2\"", "id=\"-1\""},
    {"lane_twice", "</lane><lane id=\"-1\"", "</lane><lane id=\"-2\""},
    {"attribute_missing", "x=\"0\" hdg", "x=\"0\" y=\"0\" hdg"},
    {"zero_length", "length=\"0\"", "length=\"20\""},
    {"negative_length", "length=\"-5\"", "length=\"20\""},
    {"negative_width", "a=\"-3\"", "a=\"3\""},
    {"huge_width", "d=\"1\"", "d=\"0\""},
    {"only_sidewalks", "sidewalk", "driving"},
    {"no_shape", "<helix/>", "<line/>"},
    {"tight_spiral", "curvEnd=\"1e6\"", "curvEnd=\"1e-2\""},
    {"cusp", "length=\"10\"><paramPoly3 pRange=\"normalized\" bU=\"20\" cU=\"-20\"",
     "length=\"20\"><paramPoly3 pRange=\"normalized\" bU=\"20\" cU=\"0\""},
    {"steep_poly3", "c=\"1e6\"", "c=\"1e-3\""},
    {"elevation_overflow", "d=\"1e308\"", "d=\"1e-4\""},
    {"rolled_over", "a=\"1.6\"", "a=\"0.06\""},
    {"lane_offset_overflow", "b=\"1e4\"", "b=\"1e-2\""},
    {"line_jumps", "x=\"30\"", "x=\"10\""},
    {"folds_over", "curvature=\"-1\"", "curvature=\"-0.1\""},
    {"far_away", "x=\"1000000000000.0\"", "x=\"1000000.0\""},
    {"narrows_below_zero", "b=\"-0.2\"", "b=\"-0.02\""},
};

std::string PathOf(const std::string& name) { return kFolder + "/" + name + ".xodr"; }

TEST(BrokenMaps, AreRefusedByOneLineThatNamesThePlace) {
  for (const Broken& broken : kRefused) {
    try {
      RoadNetwork::LoadFile(PathOf(broken.name));
      ADD_FAILURE() << broken.name << " was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput) << broken.name;
      EXPECT_THAT(error.OneLine(), HasSubstr(PathOf(broken.name)));
      EXPECT_THAT(error.OneLine(), HasSubstr(broken.line));
      EXPECT_THAT(error.OneLine(), Not(HasSubstr("\n")));
      EXPECT_LT(error.OneLine().size(), 500u) << broken.name;
    }
  }
}

TEST(BrokenMaps, LoadWithADefectWhereTheyCanBeDriven) {
  for (const Broken& broken : kLoaded) {
    const auto network = RoadNetwork::LoadFile(PathOf(broken.name));
    EXPECT_FALSE(network->lanes().empty()) << broken.name;
    const std::vector<std::string> defects = CheckMap(*network, {});
    if (*broken.line == '\0') {
      EXPECT_THAT(defects, ::testing::IsEmpty()) << broken.name;
    } else {
      EXPECT_THAT(defects, ::testing::Contains(HasSubstr(broken.line))) << broken.name;
    }
  }
}

TEST(BrokenMaps, AreSoundOnceTheirOneDefectIsMended) {
  for (const Mended& mended : kMended) {
    std::string text = ReadText(RealFiles(), PathOf(mended.name));
    const size_t at = text.find(mended.bad);
    ASSERT_NE(at, std::string::npos) << mended.name;
    text.replace(at, std::string(mended.bad).size(), mended.good);
    try {
      const auto network = RoadNetwork::Parse(text, mended.name);
      EXPECT_THAT(CheckMap(*network, {}), ::testing::IsEmpty()) << mended.name;
    } catch (const Error& error) {
      ADD_FAILURE() << error.OneLine();
    }
  }
}

TEST(BrokenMaps, AreAllLookedAt) {
  std::set<std::string> listed, present;
  for (const Broken& broken : kRefused) listed.insert(broken.name);
  for (const Broken& broken : kLoaded) listed.insert(broken.name);
  for (const auto& file : std::filesystem::directory_iterator(kFolder)) {
    present.insert(file.path().stem().string());
  }
  EXPECT_EQ(listed, present);
}

std::string ErrorOf(const std::string& text, const RoadLimits& limits = {}) {
  try {
    RoadNetwork::Parse(text, "large.xodr", limits);
  } catch (const Error& error) {
    return error.OneLine();
  }
  return "";
}

TEST(BrokenMaps, ElementsWithinElementsWithoutEnd) {
  std::string open, close;
  for (int i = 0; i < 300000; ++i) {
    open += "<a>";
    close += "</a>";
  }
  EXPECT_THAT(ErrorOf(Document(open + close)), HasSubstr("no drivable lane"));
  EXPECT_THAT(ErrorOf(Document(open)), HasSubstr("truncated"));
}

// All that could take hours is counted: what remains takes seconds at most, by the default limit.
TEST(BrokenMaps, EndlessWorkIsRefused) {
  RoadLimits limits;
  limits.max_work = 1e6;
  const auto expect_refused = [&](const std::string& roads) {
    EXPECT_THAT(ErrorOf(Document(roads), limits), HasSubstr("too large up to here to be drawn"));
  };
  TinyRoad road;
  road.length = "5000";
  road.right = "";
  for (int i = 1; i <= 200; ++i) road.right += LaneText(-i, "0.5");
  expect_refused(road.Text());  // many lanes over a long way
  std::string roads;
  for (int i = 0; i < 200; ++i) {
    TinyRoad way;
    way.id = std::to_string(i);
    way.junction = "9";
    way.hdg = std::to_string(0.01 * i);
    roads += way.Text();
  }
  expect_refused(roads);  // all lanes of a junction cross each other
  TinyRoad marked;
  marked.length = "1000";
  marked.right = "<lane id=\"-1\" type=\"driving\"><width a=\"3\"/>";
  for (int i = 0; i < 20000; ++i) {
    marked.right += "<roadMark sOffset=\"" + std::to_string(0.02 * i) + "\" type=\"solid\"/>";
  }
  marked.right += "</lane>";
  expect_refused(marked.Text());
  TinyRoad plaza;
  plaza.junction = "9";
  plaza.length = "400";
  plaza.right = LaneText(-1, "90");
  expect_refused(plaza.Text());  // a raster of a wide junction
}

TEST(BrokenMaps, ManyWildCubicsAreReadInTime) {
  TinyRoad road;
  road.shape = "<poly3 a=\"0\" b=\"0\" c=\"0\" d=\"0.01\"/>";
  road.length = "1";
  for (int i = 1; i < 20000; ++i) {
    const std::string s = std::to_string(i);
    road.shape += "</geometry><geometry s=\"" + s + "\" x=\"" + s +
                  "\" y=\"0\" hdg=\"0\" length=\"1\"><poly3 a=\"0\" b=\"0\" c=\"0\" d=\"0.01\"/>";
  }
  const auto network = RoadNetwork::Parse(Document(road.Text()), "test");
  EXPECT_NEAR(network->lane(0).center.length_m(), 20000.0, 200.0);
}

}  // namespace
}  // namespace volante
