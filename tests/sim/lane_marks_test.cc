// Lane marks crossed, as CARLA's lane invasion sensor tells them: hand-built roads.
#include "sim/lane_marks.h"

#include <gtest/gtest.h>

#include "sim/world.h"
#include "sim_test_util.h"

namespace volante {
namespace {

using sim_test::Controls;
using sim_test::Drive;
using sim_test::StraightRoad;
using sim_test::Town;
using sim_test::TownStart;

std::array<Vec2, 4> Shifted(std::array<Vec2, 4> corners, Vec2 by) {
  for (Vec2& c : corners) c = c + by;
  return corners;
}

int Crossed(const RoadNetwork& network, const std::array<Vec2, 4>& from,
            const std::array<Vec2, 4>& to) {
  return FindCrossedMarks(network, from, to).count;
}

TEST(LaneMarks, CountsTheMarkingsThatCornersCross) {
  const auto road = StraightRoad(200.0);
  const std::array<Vec2, 4> car = OrientedBox{{100.0, -1.75}, 0.0, 4.8, 2.2}.Corners();
  EXPECT_EQ(Crossed(*road, car, Shifted(car, {0.4, 0.1})), 0);
  // Both left corners cross the centre line: one marking.
  EXPECT_EQ(Crossed(*road, car, Shifted(car, {0.4, 0.8})), 1);
  // Both right corners leave the road over the outer line.
  EXPECT_EQ(Crossed(*road, car, Shifted(car, {0.4, -0.8})), 1);
  // Back again: the centre line, seen from the other lane.
  EXPECT_EQ(Crossed(*road, Shifted(car, {0.0, 0.8}), car), 1);
  // A car wider than its lane that slides left crosses the centre line and enters from outside.
  const std::array<Vec2, 4> wide = OrientedBox{{100.0, -1.75}, 0.0, 4.8, 3.4}.Corners();
  EXPECT_EQ(Crossed(*road, Shifted(wide, {0.0, -0.2}), Shifted(wide, {0.0, 0.2})), 2);
  // Off the road before and after.
  EXPECT_EQ(Crossed(*road, Shifted(car, {0, 50}), Shifted(car, {0, 51})), 0);
}

TEST(LaneMarks, IgnoresJunctions) {
  const Junction& junction = Town()->junctions()[0];
  const Lane& lane = Town()->lane(junction.lanes[0]);
  const CurvePoint mid = lane.center.At(0.5 * lane.center.length_m());
  const std::array<Vec2, 4> car = OrientedBox{mid.position_m, mid.heading_rad, 1.0, 1.0}.Corners();
  const Vec2 aside = UnitFromHeading(mid.heading_rad + 1.5708) * 2.5;
  EXPECT_EQ(Crossed(*Town(), car, Shifted(car, aside)), 0);
}

// A straight road of 300 m along x: lanes 1 and 2 towards -x, -1 and -2 towards +x, each 3.5 m
// wide, with marks of every kind.
std::shared_ptr<const RoadNetwork> MarkedRoad() {
  const auto lane = [](int id, const std::string& marks) {
    return "<lane id=\"" + std::to_string(id) +
           "\" type=\"driving\" level=\"false\"><width sOffset=\"0\" a=\"3.5\" b=\"0\" c=\"0\" "
           "d=\"0\"/>" +
           marks + "</lane>";
  };
  const std::string inner =
      "<roadMark sOffset=\"0\" type=\"broken\" color=\"white\"/>"
      "<roadMark sOffset=\"100\" type=\"solid broken\" color=\"standard\" laneChange=\"increase\"/>"
      "<roadMark sOffset=\"200\" type=\"solid\" color=\"white\" laneChange=\"none\"/>";
  return RoadNetwork::Parse(
      "<?xml version=\"1.0\"?><OpenDRIVE><header revMajor=\"1\" revMinor=\"4\"/>"
      "<road name=\"r\" length=\"300\" id=\"1\" junction=\"-1\"><planView>"
      "<geometry s=\"0\" x=\"0\" y=\"0\" hdg=\"0\" length=\"300\"><line/></geometry></planView>"
      "<lanes><laneSection s=\"0\"><left>" +
          lane(2, "<roadMark sOffset=\"50\" type=\"curb\" color=\"blue\"/>") + lane(1, inner) +
          "</left><center><lane id=\"0\" type=\"none\" level=\"false\"><roadMark sOffset=\"0\" "
          "type=\"solid solid\" color=\"yellow\" laneChange=\"none\"/></lane></center><right>" +
          lane(-1, inner) + lane(-2, "<roadMark sOffset=\"0\" type=\"grass\"/>") +
          "</right></laneSection></lanes></road></OpenDRIVE>",
      "marked");
}

// A small car's way from one y to another at x.
std::vector<CrossedMark> CrossedBetween(double x, double from_y, double to_y) {
  static const auto road = MarkedRoad();
  const std::array<Vec2, 4> car = OrientedBox{{x, 0.0}, 0.0, 0.4, 0.4}.Corners();
  const CrossedMarks crossed =
      FindCrossedMarks(*road, Shifted(car, {0, from_y}), Shifted(car, {0, to_y}));
  return {crossed.list().begin(), crossed.list().end()};
}

using Marks = std::vector<CrossedMark>;

TEST(LaneMarks, AreToldByTheFilesTypeAndColour) {
  // From lane -2 to the left into -1: the outer mark of lane -1, which lies left of -2.
  const LaneMark broken{LaneMarkType::kBroken, LaneMarkColor::kWhite, PermittedChange::kBoth};
  EXPECT_EQ(CrossedBetween(50, -5.25, -1.75), (Marks{{broken, true}}));
  EXPECT_EQ(CrossedBetween(50, -1.75, -5.25), (Marks{{broken, false}}));
  const LaneMark solid{LaneMarkType::kSolid, LaneMarkColor::kWhite, PermittedChange::kNone};
  EXPECT_EQ(CrossedBetween(250, -5.25, -1.75), (Marks{{solid, true}}));
  // The centre line, to the other side and from there.
  const LaneMark middle{LaneMarkType::kSolidSolid, LaneMarkColor::kYellow, PermittedChange::kNone};
  EXPECT_EQ(CrossedBetween(50, -1.75, 1.75), (Marks{{middle, true}}));
  EXPECT_EQ(CrossedBetween(250, 1.75, -1.75), (Marks{{middle, true}}));
  // Off the road and back, over grass on one side; over a kerb that begins at 50 m on the other.
  const LaneMark grass{LaneMarkType::kGrass, LaneMarkColor::kWhite, PermittedChange::kBoth};
  EXPECT_EQ(CrossedBetween(150, -5.25, -9.0), (Marks{{grass, false}}));
  EXPECT_EQ(CrossedBetween(150, -9.0, -5.25), (Marks{{grass, false}}));
  const LaneMark kerb{LaneMarkType::kCurb, LaneMarkColor::kOther, PermittedChange::kBoth};
  EXPECT_EQ(CrossedBetween(60, 5.25, 9.0), (Marks{{kerb, false}}));
  EXPECT_EQ(CrossedBetween(40, 5.25, 9.0), (Marks{{LaneMark{}, false}})) << "nothing is painted";
}

// "increase" permits changes towards higher ids: to the left for who drives along the road, to the
// right for who drives against it.
TEST(LaneMarks, TellWhichLaneChangeTheyPermit) {
  const LaneMark along{LaneMarkType::kSolidBroken, LaneMarkColor::kWhite, PermittedChange::kLeft};
  const LaneMark against{LaneMarkType::kSolidBroken, LaneMarkColor::kWhite,
                         PermittedChange::kRight};
  EXPECT_EQ(CrossedBetween(150, -5.25, -1.75), (Marks{{along, true}}));
  EXPECT_EQ(CrossedBetween(150, -1.75, -5.25), (Marks{{along, false}}));
  EXPECT_EQ(CrossedBetween(150, 1.75, 5.25), (Marks{{against, false}}));
  EXPECT_EQ(CrossedBetween(150, 5.25, 1.75), (Marks{{against, true}}));
}

// One event lists every mark once: a car 3.4 m wide that slides left over both edges of its lane.
TEST(LaneMarks, OneEventListsThemAll) {
  const auto road = MarkedRoad();
  const std::array<Vec2, 4> car = OrientedBox{{150.0, -1.75}, 0.0, 4.8, 3.4}.Corners();
  const CrossedMarks crossed =
      FindCrossedMarks(*road, Shifted(car, {0.0, -0.2}), Shifted(car, {0.0, 0.2}));
  ASSERT_EQ(crossed.count, 2);
  EXPECT_EQ(crossed.marks[0].mark.type, LaneMarkType::kSolidSolid);
  EXPECT_TRUE(crossed.marks[0].left);
  EXPECT_EQ(crossed.marks[1].mark.type, LaneMarkType::kSolidBroken);
}

// The built-in town: a broken centre line and solid edges, wherever one looks.
TEST(LaneMarks, TheTownsLanesHaveTheirMarks) {
  int painted = 0;
  for (size_t i = 0; i < Town()->lanes().size(); ++i) {
    const auto lane = static_cast<LaneIndex>(i);
    if (Town()->lane(lane).junction >= 0) continue;
    const double length_m = Town()->lane(lane).center.length_m();
    for (double s = 0.0; s < length_m; s += 10.0) {
      EXPECT_EQ(Town()->edges(lane).At(true, s).type, LaneMarkType::kBroken) << lane << " " << s;
      EXPECT_EQ(Town()->edges(lane).At(false, s).type, LaneMarkType::kSolid) << lane << " " << s;
      ++painted;
    }
  }
  EXPECT_GT(painted, 500);
}

// The cheap test in the world never hides a crossing.
TEST(LaneMarks, TheWorldCountsWhatTheCornersSay) {
  World world(Town(), EgoConfig{}, NpcConfig{});
  long total = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    world.Start(TownStart(seed, 0));
    RandomStream random(seed, "markings");
    double noise = 0.0;
    for (int t = 0; t < 800; ++t) {
      Controls c = Drive(world);
      if (t % 20 == 0) noise = random.Uniform(-0.4, 0.4);
      const auto old_corners = world.ego_vehicle().Box().Corners();
      world.Step(c.steer + noise, c.pedal);
      const auto corners = world.ego_vehicle().Box().Corners();
      const int wanted = Crossed(*Town(), old_corners, corners);
      ASSERT_EQ(world.events().crossed.count, wanted) << "seed " << seed << " tick " << t;
      total += wanted;
    }
  }
  EXPECT_GT(total, 5);
}

}  // namespace
}  // namespace volante
