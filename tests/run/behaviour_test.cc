// Who drives and what is remembered: the schedule of beta, the mixture by tick, the labels.
#include "run/behaviour.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/archive.h"

namespace volante {
namespace {

constexpr int kWorlds = 4;

Config Imitating(ImitationMethod method, double noise = 0.0) {
  Config config;
  config.train.num_worlds = kWorlds;
  config.train.learning_starts = 1000;
  config.imitation.method = method;
  config.imitation.noise = noise;
  config.imitation.beta_decay_steps = 4000;
  return config;
}

// Labels steer to the left, the policy to the right.
std::vector<Action> ChosenAt(Behaviour& behaviour, int64_t env_step) {
  for (Action& label : behaviour.labels()) label = {0.5f, 0.25f};
  std::vector<Action> actions(kWorlds, Action{-0.5f, 0.75f});
  behaviour.Choose(env_step, actions);
  return actions;
}

double TeachersShare(Behaviour& behaviour, int64_t first, int64_t last) {
  int64_t teachers = 0, all = 0;
  for (int64_t step = first; step < last; step += kWorlds) {
    for (const Action& action : ChosenAt(behaviour, step)) {
      EXPECT_TRUE(action == (Action{0.5f, 0.25f}) || action == (Action{-0.5f, 0.75f}));
      teachers += action.steer > 0.0f;
      ++all;
    }
  }
  return static_cast<double>(teachers) / static_cast<double>(all);
}

// beta_1 = 1 (Ross et al. 2011), then 1 - t/T, or 2^(-t/T), t counted from the start of learning.
TEST(Behaviour, BetaFallsFromTheStartOfLearning) {
  Config config = Imitating(ImitationMethod::kDagger);
  const Behaviour linear(config, false);
  config.imitation.beta_decay = BetaDecay::kExponential;
  const Behaviour exponential(config, false);
  for (const int64_t step : {int64_t{0}, int64_t{999}, int64_t{1000}}) {
    EXPECT_EQ(linear.Beta(step), 1.0);
    EXPECT_EQ(exponential.Beta(step), 1.0);
  }
  EXPECT_DOUBLE_EQ(linear.Beta(2000), 0.75);
  EXPECT_DOUBLE_EQ(linear.Beta(5000), 0.0);
  EXPECT_DOUBLE_EQ(linear.Beta(90000), 0.0);
  EXPECT_DOUBLE_EQ(exponential.Beta(5000), 0.5);
  EXPECT_DOUBLE_EQ(exponential.Beta(13000), 0.125);
  EXPECT_EQ(Behaviour(Imitating(ImitationMethod::kBc), false).Beta(90000), 1.0);
}

TEST(Behaviour, TheTeacherDrivesTheShareOfTicksThatBetaSays) {
  Behaviour dagger(Imitating(ImitationMethod::kDagger), false);
  EXPECT_EQ(TeachersShare(dagger, 0, 1000), 1.0);
  EXPECT_FALSE(dagger.AsksPolicy(1000));
  EXPECT_TRUE(dagger.AsksPolicy(1004));
  // 1,000 draws at a mean of 0.5: the standard deviation is 0.016.
  EXPECT_NEAR(TeachersShare(dagger, 2500, 3500), 0.5, 0.06);
  EXPECT_EQ(TeachersShare(dagger, 5000, 6000), 0.0);
  Behaviour bc(Imitating(ImitationMethod::kBc), false);
  EXPECT_EQ(TeachersShare(bc, 5000, 6000), 1.0);
  EXPECT_FALSE(bc.AsksPolicy(90000));
}

// Noise is on what is driven, never on what is remembered.
TEST(Behaviour, TheReplayRemembersTheCleanLabelWhoeverDrives) {
  for (const auto method : {ImitationMethod::kBc, ImitationMethod::kDagger}) {
    Behaviour behaviour(Imitating(method, 0.1), false);
    for (int w = 0; w < kWorlds; ++w) behaviour.Begin(w, 0);
    for (const int64_t step : {int64_t{0}, int64_t{3000}, int64_t{9000}}) {
      const std::vector<Action> driven = ChosenAt(behaviour, step);
      for (int w = 0; w < kWorlds; ++w) {
        EXPECT_EQ(behaviour.Remembered(w, driven[static_cast<size_t>(w)]), (Action{0.5f, 0.25f}));
        EXPECT_NE(driven[static_cast<size_t>(w)].steer, 0.5f);
        EXPECT_NE(driven[static_cast<size_t>(w)].steer, -0.5f);
      }
    }
  }
}

TEST(Behaviour, TheNoiseHasTheConfiguredDeviation) {
  Behaviour behaviour(Imitating(ImitationMethod::kBc, 0.1), false);
  double squares = 0.0;
  int n = 0;
  for (int64_t step = 0; step < 40000; step += kWorlds) {
    for (const Action& action : ChosenAt(behaviour, step)) {
      squares += std::pow(action.steer - 0.5, 2);
      ++n;
    }
  }
  EXPECT_NEAR(std::sqrt(squares / n), 0.1, 0.01);
}

struct ExplorationAlone {
  Exploration& exploration;
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("exploration", exploration);
  }
};

TEST(Behaviour, WithoutATeacherTheAgentExploresAndItsActionsAreRemembered) {
  Config config = Imitating(ImitationMethod::kNone);
  Behaviour behaviour(config, false);
  EXPECT_EQ(behaviour.Beta(0), 0.0);
  EXPECT_TRUE(behaviour.labels().empty());
  EXPECT_FALSE(behaviour.AsksPolicy(999));
  EXPECT_TRUE(behaviour.AsksPolicy(1000));
  EXPECT_EQ(behaviour.Remembered(0, {0.1f, 0.2f}), (Action{0.1f, 0.2f}));
  EXPECT_EQ(behaviour.PhaseAt(999), Phase::kExploring);
  EXPECT_EQ(behaviour.PhaseAt(1000), Phase::kLearning);
  // The state is what it was before there were teachers: the exploration alone.
  Exploration exploration(config.exploration, config.train.seed, kWorlds);
  ExplorationAlone old{exploration};
  EXPECT_EQ(SaveState(behaviour), SaveState(old));
}

TEST(Behaviour, AfterAnOlderRunThePolicyDrivesFromTheBeginning) {
  Config config = Imitating(ImitationMethod::kNone);
  config.exploration.sigma_start = config.exploration.sigma_end = 0.0;
  Behaviour fresh(config, false), trained(config, true);
  EXPECT_TRUE(trained.AsksPolicy(0));
  EXPECT_EQ(ChosenAt(trained, 0)[0], (Action{-0.5f, 0.75f}));
  EXPECT_NE(ChosenAt(fresh, 0)[0], (Action{-0.5f, 0.75f}));
}

TEST(Behaviour, PhasesOfAnImitationHaveNames) {
  const auto name = [](ImitationMethod method, int64_t step) {
    return std::string(
        kPhaseNames[static_cast<size_t>(Behaviour(Imitating(method), false).PhaseAt(step))]);
  };
  EXPECT_EQ(name(ImitationMethod::kBc, 0), "teacher drives");
  EXPECT_EQ(name(ImitationMethod::kBc, 1000), "cloning");
  EXPECT_EQ(name(ImitationMethod::kDagger, 1000), "dagger");
}

// Saved in the middle of an episode it goes on with the same labels and noise.
TEST(Behaviour, ContinuesFromItsState) {
  Behaviour whole(Imitating(ImitationMethod::kDagger, 0.1), false);
  ChosenAt(whole, 3000);
  whole.labels()[0] = {0.125f, 0.25f};
  const std::vector<uint8_t> bytes = SaveState(whole);
  Behaviour restored(Imitating(ImitationMethod::kDagger, 0.1), false);
  LoadState(bytes, restored, "test");
  EXPECT_EQ(restored.labels()[0], (Action{0.125f, 0.25f}));
  for (int64_t step = 3004; step < 3040; step += kWorlds) {
    EXPECT_EQ(ChosenAt(whole, step), ChosenAt(restored, step));
  }
}

}  // namespace
}  // namespace volante
