// env.town=random and suite new_town: where episodes take place, and that they can be taken up
// again there.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/replay_file.h"
#include "env/step_buffers.h"
#include "env/vector_town.h"

namespace volante {
namespace {

Config RandomConfig(int num_towns) {
  Config config = VectorConfig();
  config.env.town = kRandomTowns;
  config.env.first_town = 500;
  config.env.num_towns = num_towns;
  return config;
}

std::shared_ptr<Towns> SomeTowns(int num_towns) {
  return std::make_shared<Towns>(RandomConfig(num_towns).env, false);
}

uint64_t SeedOf(const Towns::Place& place) { return RandomTownSeed(place.town->name).value(); }

TEST(RandomTowns, TrainingDrawsAllOfThemAndNoOther) {
  const auto towns = SomeTowns(4);
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Towns::Place place = towns->PlaceOf({.seed = seed});
    EXPECT_EQ(place.town, towns->PlaceOf({.seed = seed}).town) << "the request alone decides";
    seeds.insert(SeedOf(place));
  }
  EXPECT_EQ(seeds, (std::set<uint64_t>{500, 501, 502, 503}));
}

TEST(RandomTowns, ListedRoutesLieInTheFirstTenTownsInTurn) {
  const auto towns = SomeTowns(12);
  for (const RouteSet set : {RouteSet::kValidation, RouteSet::kTest}) {
    for (const int i : {0, 3, 9, 10, 25}) {
      const Towns::Place place = towns->PlaceOf({.seed = 77, .route_set = set, .route_index = i});
      EXPECT_EQ(SeedOf(place), 500u + static_cast<uint64_t>(i % 10));
      EXPECT_EQ(place.route_index, i / 10);
      EXPECT_EQ(place.town->routes.validation.size(), 20u);
      EXPECT_EQ(place.town->routes.test.size(), 20u);
    }
  }
}

TEST(NewTowns, LieBeyondEveryTrainingTownWhateverTheConfigurationNames) {
  const auto random = SomeTowns(2), built_in = std::make_shared<Towns>(DefaultTown());
  for (const int i : {0, 1, 9, 13}) {
    const ResetRequest request{
        .suite = Suite::kNewTown, .route_set = RouteSet::kTest, .route_index = i};
    const Towns::Place place = random->PlaceOf(request);
    EXPECT_EQ(SeedOf(place), Towns::kFirstNewTown + static_cast<uint64_t>(i % 10));
    EXPECT_EQ(built_in->PlaceOf(request).town->name, place.town->name);
  }
  EXPECT_EQ(built_in->PlaceOf({.route_set = RouteSet::kTest}).town, DefaultTown());
}

TEST(RandomTowns, AListThatIsDrivenToItsEndBeginsAgain) {
  const auto town = std::make_shared<Town>(*DefaultTown());
  town->routes.test.resize(3);
  town->routes.validation.resize(2);
  const auto one = std::make_shared<Towns>(town);
  EXPECT_EQ(one->FirstWithRoute(RouteSet::kTest, Suite::kStandard, 5),
            (std::vector{0, 1, 2, 0, 1}));
  EXPECT_EQ(one->FirstWithRoute(RouteSet::kValidation, Suite::kStandard, 3),
            (std::vector{0, 1, 0}));
  // Two towns with 20 routes each.
  const std::vector<int> first =
      SomeTowns(2)->FirstWithRoute(RouteSet::kTest, Suite::kStandard, 42);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(first[static_cast<size_t>(i)], i);
  EXPECT_EQ(first[40], 0);
  EXPECT_EQ(first[41], 1);
}

TEST(RandomTowns, TheTownsOfTheListsAreNamed) {
  const auto one = std::make_shared<Towns>(DefaultTown());
  EXPECT_EQ(one->NamesOf(Suite::kContested), DefaultTown()->name);
  EXPECT_EQ(one->NamesOf(Suite::kNewTown), "random_1000000 to random_1000009");
  EXPECT_EQ(SomeTowns(1)->NamesOf(Suite::kStandard), "random_500");
  EXPECT_EQ(SomeTowns(3)->NamesOf(Suite::kStandard), "random_500 to random_502");
  EXPECT_EQ(SomeTowns(12)->NamesOf(Suite::kAssertive), "random_500 to random_509");
}

TEST(RandomTowns, OnlySoManyAreKept) {
  const auto towns = SomeTowns(100);
  const std::weak_ptr<const Town> first = towns->PlaceOf({.route_set = RouteSet::kTest}).town;
  const auto load = [&](size_t n) { return towns->Named(RandomTownName(9000 + n)); };
  for (size_t n = 0; n + 1 < Towns::kMostKept; ++n) load(n);
  EXPECT_FALSE(first.expired());
  load(Towns::kMostKept);
  EXPECT_TRUE(first.expired());
}

struct Drive {
  EmbeddedEnv env;
  StepBuffers buffers;
  StepView view;
  std::unique_ptr<Driver> driver;

  Drive(const std::shared_ptr<Towns>& towns, const Config& config)
      : env(towns, config, 2),
        buffers(env.traits()),
        view(buffers.view()),
        driver(MakeDriver("idm_mobil", config.ego)) {}
  void Reset(uint64_t seed_0, uint64_t seed_1) {
    const ResetRequest requests[] = {{.world = 0, .seed = seed_0, .scenario = Scenario::kLight},
                                     {.world = 1, .seed = seed_1, .scenario = Scenario::kLight}};
    env.Reset(requests, view);
  }
  void Step() {
    const Action actions[] = {driver->Act(view.facts[0]), driver->Act(view.facts[1])};
    env.Step(actions, view);
  }
};

TEST(RandomTowns, AnEpisodeIsTakenUpAgainInItsTown) {
  const Config config = RandomConfig(4);
  Drive drive(SomeTowns(4), config), other(SomeTowns(4), config);
  drive.Reset(1, 2);
  ASSERT_NE(drive.env.town(0).name, drive.env.town(1).name);
  other.Reset(3, 1);
  for (int tick = 0; tick < 60; ++tick) drive.Step();
  // Crosswise: each world of the other environment is in another town than the state.
  other.env.Load(0, drive.env.Save(1));
  other.env.Load(1, drive.env.Save(0));
  EXPECT_EQ(other.env.town(0).name, drive.env.town(1).name);
  other.view.facts[0] = drive.view.facts[1];
  other.view.facts[1] = drive.view.facts[0];
  for (int tick = 0; tick < 40; ++tick) drive.Step(), other.Step();
  EXPECT_EQ(other.env.Save(0), drive.env.Save(1));
  EXPECT_EQ(other.env.Save(1), drive.env.Save(0));
}

// A replay file names its town by its configuration and its reset.
TEST(RandomTowns, ARecordedDriveIsDrivenAgainInItsTown) {
  for (const Suite suite : {Suite::kStandard, Suite::kNewTown, Suite::kAssertive}) {
    const Config config = RandomConfig(3);
    EmbeddedEnv env(SomeTowns(3), config, 1);
    StepBuffers buffers(env.traits());
    const ResetRequest request{.seed = 8,
                               .scenario = Scenario::kLight,
                               .suite = suite,
                               .route_set = RouteSet::kTest,
                               .route_index = 4};
    env.Reset({&request, 1}, buffers.view());
    const auto driver = MakeDriver("idm_mobil", config.ego);
    EpisodeRecord record;
    record.Begin(request);
    record.config = WorldYaml(config);
    for (int tick = 0; tick < 120; ++tick) {
      const Action action = driver->Act(buffers.view().facts[0]);
      env.Step({&action, 1}, buffers.view());
      record.Add(action, buffers.view().facts[0]);
    }
    const EpisodeRecord read = DecodeReplay(EncodeReplay(record), "test");
    const Config again = ConfigOf(read, "test");
    EmbeddedEnv replayed(std::make_shared<Towns>(again.env, false), again, 1);
    StepBuffers replay_buffers(replayed.traits());
    replayed.Reset({&read.request, 1}, replay_buffers.view());
    EXPECT_EQ(replayed.town(0).name, env.town(0).name);
    for (int i = 0; i < read.num_actions(); ++i) {
      const Action action = read.action(i);
      replayed.Step({&action, 1}, replay_buffers.view());
    }
    EXPECT_EQ(replayed.world(0).Hash(), env.world(0).Hash());
  }
}

TEST(RandomTowns, AStateOfABuiltInTownIsRefused) {
  EmbeddedEnv built_in(DefaultTown(), VectorConfig(), 1);
  StepBuffers buffers(built_in.traits());
  const ResetRequest request{.seed = 1};
  built_in.Reset({&request, 1}, buffers.view());
  EmbeddedEnv random(SomeTowns(2), RandomConfig(2), 1);
  EXPECT_THROW(random.Load(0, built_in.Save(0)), Error);
}

// What an assertive NPC does is a test of sim/ (npc.yields_to_ego=false): here, that the suite is
// that, and that the next episode is an ordinary one again.
TEST(Assertive, IsTheConfigurationWithoutYieldingForOneEpisode) {
  Config assertive_config = VectorConfig();
  assertive_config.npc.yields_to_ego = false;
  EmbeddedEnv by_suite(DefaultTown(), VectorConfig(), 1),
      by_key(DefaultTown(), assertive_config, 1);
  StepBuffers suite_buffers(by_suite.traits()), key_buffers(by_key.traits());
  // Straight through junctions without a look, 100 cars on the road: somebody yields or does not.
  // Each drive is taken up in the other environment's world at half time.
  EmbeddedEnv later(DefaultTown(), VectorConfig(), 1);
  using End = std::tuple<int, Outcome, uint64_t>;
  const auto play = [&](EmbeddedEnv& env, StepBuffers& buffers, Suite suite) {
    const StepView view = buffers.view();
    const auto blind = MakeDriver("pid_pursuit", EgoConfig{});
    std::vector<End> ends;
    for (int route = 0; route < 12; ++route) {
      const ResetRequest request{.seed = 40 + static_cast<uint64_t>(route),
                                 .scenario = Scenario::kHeavy,
                                 .suite = suite,
                                 .route_set = RouteSet::kTest,
                                 .route_index = route};
      env.Reset({&request, 1}, view);
      blind->Begin(0);
      EmbeddedEnv* driven = &env;
      while (view.facts[0].status == Status::kRunning) {
        if (view.facts[0].tick == 100 && suite == Suite::kAssertive) {
          later.Load(0, env.Save(0));
          driven = &later;
        }
        const Action action = blind->Act(view.facts[0]);
        driven->Step({&action, 1}, view);
      }
      const DriveFacts& f = view.facts[0];
      ends.emplace_back(f.tick, f.outcome, driven->world(0).Hash());
    }
    return ends;
  };
  const auto yielding = play(by_suite, suite_buffers, Suite::kStandard);
  const auto assertive = play(by_suite, suite_buffers, Suite::kAssertive);
  EXPECT_EQ(assertive, play(by_key, key_buffers, Suite::kStandard));
  EXPECT_NE(assertive, yielding);
  EXPECT_EQ(yielding, play(by_suite, suite_buffers, Suite::kStandard));
}

}  // namespace
}  // namespace volante
