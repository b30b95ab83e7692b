// Random towns: any seed gives a town that can be driven, and the same one everywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "road/circle.h"
#include "road/route.h"

namespace volante {
namespace {

std::shared_ptr<const RoadNetwork> RandomTown(uint64_t seed) {
  return RoadNetwork::Parse(MakeRandomTown(seed), RandomTownName(seed));
}

double TightestRadius(const RoadNetwork& network) {
  double tightest = 1e9;
  for (const Lane& lane : network.lanes()) tightest = std::min(tightest, TightestRadius(lane));
  return tightest;
}

size_t CountReached(const RoadNetwork& network, LaneIndex from) {
  std::vector<bool> seen(network.lanes().size(), false);
  std::vector<LaneIndex> queue = {from};
  seen[static_cast<size_t>(from)] = true;
  for (size_t k = 0; k < queue.size(); ++k) {
    for (const LaneIndex next : network.lane(queue[k]).successors) {
      if (seen[static_cast<size_t>(next)]) continue;
      seen[static_cast<size_t>(next)] = true;
      queue.push_back(next);
    }
  }
  return queue.size();
}

TEST(RandomTown, EverySeedGivesATownThatCanBeDriven) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(RandomTownName(seed));
    const auto town = RandomTown(seed);
    EXPECT_THAT(town->defects(), ::testing::IsEmpty());
    const double road_m = town->totals().streets_m + town->totals().connecting_m;
    EXPECT_GE(road_m, 2000.0);
    EXPECT_LE(road_m, 5500.0);
    EXPECT_GE(TightestRadius(*town), 9.0);
    EXPECT_GE(town->junctions().size(), 5u);
    for (LaneIndex i = 0; i < static_cast<LaneIndex>(town->lanes().size()); ++i) {
      ASSERT_EQ(CountReached(*town, i), town->lanes().size());
      const CurvePoint end = town->lane(i).center.points().back();
      EXPECT_GE(end.half_width_m, 1.65 - 1e-9);
      EXPECT_LE(end.half_width_m, 2.0 + 1e-9);
      for (const LaneIndex next : town->lane(i).successors) {
        const CurvePoint begin = town->lane(next).center.points().front();
        EXPECT_LT(Distance(end.position_m, begin.position_m), 0.01);
        EXPECT_LT(std::abs(WrapAngle(end.heading_rad - begin.heading_rad)), 1e-4);
      }
    }
  }
}

TEST(RandomTown, SeedsGiveDifferentTowns) {
  std::set<std::string> hashes;
  std::set<size_t> junctions;
  bool crossroads = false, curves = false;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const auto town = RandomTown(seed);
    hashes.insert(town->text_hash());
    junctions.insert(town->junctions().size());
    for (const Junction& j : town->junctions()) crossroads |= j.lanes.size() == 12;
    for (const Lane& lane : town->lanes()) {
      if (lane.junction >= 0) continue;
      for (const CurvePoint& p : lane.center.points()) curves |= std::abs(p.curvature_1pm) > 0.01;
    }
  }
  EXPECT_EQ(hashes.size(), 30u);
  EXPECT_GE(junctions.size(), 5u);
  EXPECT_TRUE(crossroads);
  EXPECT_TRUE(curves);
}

TEST(RandomTown, NamesAreReadBack) {
  EXPECT_EQ(RandomTownSeed(RandomTownName(1234567)), 1234567u);
  for (const char* name : {"random", "random_", "random_x", "random_1x", "random_-1",
                           "random_99999999999999999999", "volante_town"}) {
    EXPECT_FALSE(RandomTownSeed(name)) << name;
  }
}

TEST(RandomTown, RouteListsCanBeMadeForEverySeed) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(RandomTownName(seed));
    const auto town = RandomTown(seed);
    const TownRoutes routes = MakeTownRoutes(town, seed);
    EXPECT_EQ(routes.validation.size(), 40u);
    EXPECT_EQ(routes.test.size(), 200u);
    EXPECT_FALSE(routes.held_out.empty());
  }
}

}  // namespace
}  // namespace volante
