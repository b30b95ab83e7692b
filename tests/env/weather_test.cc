// Weather in the environment: it changes the picture and the road's grip and nothing else.
#include <gtest/gtest.h>

#include <set>

#include "config/options.h"
#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/one_world.h"

namespace volante {
namespace {

std::shared_ptr<const Town> TownWithScene() {
  static const auto town = LoadTown(EnvConfig(), true);
  return town;
}

struct Drive : OneWorld {
  explicit Drive(const std::vector<std::string>& sets)
      : OneWorld(TownWithScene(), WithSets(Config(), sets)) {}
  double Friction() const { return env.world(0).ego_variation().friction_scale; }
};

void ExpectSameTraffic(const Drive& a, const Drive& b) {
  const auto x = a.env.world(0).npcs(), y = b.env.world(0).npcs();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i].position_m.x, y[i].position_m.x);
    EXPECT_EQ(x[i].position_m.y, y[i].position_m.y);
    EXPECT_EQ(x[i].heading_rad, y[i].heading_rad);
    EXPECT_EQ(x[i].speed_mps, y[i].speed_mps);
  }
}

TEST(Weather, ChangesThePictureAndTheGripAndNothingElse) {
  Drive dry({}), wet({"weather.preset=HardRainNight"});
  const ResetRequest request{.seed = 5, .scenario = Scenario::kLight, .route_set = RouteSet::kTest};
  dry.Reset(request);
  wet.Reset(request);
  EXPECT_EQ(dry.Friction(), 1.0);
  // Soaked, 30 % less; under water as well, another 10 % of it: 1 - 0.3 - 0.1.
  EXPECT_DOUBLE_EQ(wet.Friction(), 0.6);
  // A car that pulls away gently and straight ahead has grip enough on either road.
  for (int tick = 0; tick < 60; ++tick) {
    EXPECT_NE(dry.Frame(), wet.Frame()) << tick;
    dry.Step({0.0f, 0.1f});
    wet.Step({0.0f, 0.1f});
    ExpectSameTraffic(dry, wet);
    EXPECT_EQ(dry.view.facts[0].position_m.x, wet.view.facts[0].position_m.x) << tick;
    EXPECT_EQ(dry.view.facts[0].speed_mps, wet.view.facts[0].speed_mps) << tick;
    EXPECT_EQ(dry.view.reward[0], wet.view.reward[0]) << tick;
    EXPECT_TRUE(std::equal(dry.view.vector, dry.view.vector + kVectorSize, wet.view.vector));
  }
}

TEST(Weather, DrySunriseHasTheGripOfNoonAndAnotherPicture) {
  Drive noon({}), low({"weather.sun_altitude_angle=8", "weather.sun_azimuth_angle=200"});
  noon.Reset({.seed = 2});
  low.Reset({.seed = 2});
  EXPECT_EQ(low.Friction(), 1.0);
  EXPECT_NE(noon.Frame(), low.Frame());
}

TEST(Weather, WetRoadStopsTheCarLater) {
  // Full brake from the same speed on the same lane: 8 m/s^2 need more grip than 0.6 * 1.05 g.
  double way_m[2] = {};
  for (const bool wet : {false, true}) {
    Drive drive({wet ? "weather.preset=HardRainNoon" : "weather.preset=ClearNoon"});
    drive.Reset({.seed = 1, .route_set = RouteSet::kTest, .route_index = 4});
    const auto expert = MakeDriver("idm_mobil", drive.config.ego);
    for (int tick = 0; tick < 60; ++tick) drive.Step(expert->Act(drive.view.facts[0]));
    const double from_m = drive.view.facts[0].route_s_m;
    ASSERT_GT(drive.view.facts[0].speed_mps, 5.0);
    for (int tick = 0; tick < 60 && drive.view.facts[0].speed_mps > 0.1; ++tick) {
      drive.Step({0.0f, -1.0f});
    }
    way_m[wet] = drive.view.facts[0].route_s_m - from_m;
  }
  EXPECT_GT(way_m[1], 1.1 * way_m[0]);
}

TEST(ScenarioRain, IsWetAndCloudyWithFiftyCars) {
  Drive drive({});
  drive.Reset({.seed = 3, .scenario = Scenario::kRain});
  EXPECT_EQ(drive.env.num_npcs(0), 50);
  EXPECT_EQ(drive.env.world(0).npcs().size(), 50u);
  EXPECT_EQ(drive.env.look(0).weather, WeatherOf(WeatherPreset::kWetCloudyNoon));
  // 50 % under water, which wets 80 %: 1 - 0.3 * 0.8 - 0.1 * 0.5.
  EXPECT_DOUBLE_EQ(drive.Friction(), 0.71);
  const std::vector<uint8_t> rainy = drive.Frame();
  drive.Reset({.seed = 3, .scenario = Scenario::kMedium});
  EXPECT_EQ(drive.env.look(0).weather, Weather());
  EXPECT_EQ(drive.Friction(), 1.0);
  EXPECT_NE(drive.Frame(), rainy);
  // The standard look again, as if it had never rained.
  Drive fresh({});
  fresh.Reset({.seed = 3, .scenario = Scenario::kMedium});
  EXPECT_EQ(drive.Frame(), fresh.Frame());
}

TEST(Randomisation, GivesEachEpisodeItsOwnLookFromItsSeed) {
  Drive drive({"randomisation.enabled=true"}), again({"randomisation.enabled=true"});
  std::set<std::vector<uint8_t>> frames;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    drive.Reset({.seed = seed, .route_set = RouteSet::kTest});
    again.Reset({.seed = seed, .route_set = RouteSet::kTest});
    EXPECT_EQ(drive.Frame(), again.Frame());
    frames.insert(drive.Frame());
    // The weather's share of the grip of a road that is drawn from 0.5 to 1.1.
    const double dry = drive.Friction() / GripOf(drive.env.look(0).weather) * 1.0489;
    EXPECT_GE(dry, 0.5);
    EXPECT_LE(dry, 1.1);
  }
  EXPECT_EQ(frames.size(), 12u);
}

TEST(Randomisation, SavedInTheMiddleGoesOnWithTheSamePictures) {
  const std::vector<std::string> sets = {"randomisation.enabled=true",
                                         "randomisation.rain_share=1"};
  Drive a(sets), b(sets);
  a.Reset({.seed = 8, .scenario = Scenario::kLight, .route_set = RouteSet::kTest});
  for (int tick = 0; tick < 20; ++tick) a.Step({0.0f, 0.2f});
  b.Reset({.seed = 9, .scenario = Scenario::kRain, .route_set = RouteSet::kTest});
  b.env.Load(0, a.env.Save(0));
  for (int tick = 0; tick < 20; ++tick) {
    a.Step({0.02f, 0.2f});
    b.Step({0.02f, 0.2f});
    ASSERT_EQ(a.Frame(), b.Frame()) << tick;
  }
}

}  // namespace
}  // namespace volante
