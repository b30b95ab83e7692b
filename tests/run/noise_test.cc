#include "run/noise.h"

#include <gtest/gtest.h>

#include <cmath>

namespace volante {
namespace {

ExplorationConfig Constant(NoiseKind kind) {
  ExplorationConfig config;
  config.noise = kind;
  config.sigma_start = config.sigma_end = 0.2;
  return config;
}

struct Moments {
  double mean = 0.0, deviation = 0.0, correlation = 0.0;  // of one tick with the next
};

Moments MomentsOf(NoiseKind kind) {
  Exploration exploration(Constant(kind), 1, 1);
  exploration.Begin(0, 0);
  constexpr int kSamples = 200000;
  double sum = 0.0, squares = 0.0, products = 0.0, last = 0.0;
  for (int i = 0; i < kSamples; ++i) {
    const double x = exploration.Perturb(0, {0.0f, 0.0f}, 0).steer;
    sum += x;
    squares += x * x;
    products += x * last;
    last = x;
  }
  const double mean = sum / kSamples, variance = squares / kSamples - mean * mean;
  return {mean, std::sqrt(variance), products / kSamples / variance};
}

TEST(Exploration, GaussianNoiseHasItsDeviationAndNoMemory) {
  const Moments m = MomentsOf(NoiseKind::kGaussian);
  EXPECT_NEAR(m.mean, 0.0, 0.003);
  EXPECT_NEAR(m.deviation, 0.2, 0.003);
  EXPECT_NEAR(m.correlation, 0.0, 0.01);
}

// An AR(1) process with factor 1 - theta keeps that correlation from tick to tick, and its
// stationary deviation is sigma.
TEST(Exploration, CorrelatedNoiseKeepsItsStationaryDeviation) {
  const Moments m = MomentsOf(NoiseKind::kOrnsteinUhlenbeck);
  EXPECT_NEAR(m.mean, 0.0, 0.01);
  EXPECT_NEAR(m.deviation, 0.2, 0.005);
  EXPECT_NEAR(m.correlation, 0.85, 0.01);
}

TEST(Exploration, FallsLinearlyAndThenStays) {
  ExplorationConfig config;
  config.sigma_start = 0.3;
  config.sigma_end = 0.1;
  config.decay_steps = 1000;
  const Exploration exploration(config, 1, 1);
  EXPECT_DOUBLE_EQ(exploration.Sigma(0), 0.3);
  EXPECT_DOUBLE_EQ(exploration.Sigma(500), 0.2);
  EXPECT_DOUBLE_EQ(exploration.Sigma(1000), 0.1);
  EXPECT_DOUBLE_EQ(exploration.Sigma(5000), 0.1);
}

TEST(Exploration, RandomPhaseCoversSteeringAndBiasesTheThrottleForward) {
  Exploration exploration(ExplorationConfig{}, 1, 1);
  double low_steer = 1, high_steer = -1, low = 1, high = -1;
  for (int i = 0; i < 10000; ++i) {
    const Action a = exploration.RandomAction(0);
    low_steer = std::min<double>(low_steer, a.steer);
    high_steer = std::max<double>(high_steer, a.steer);
    low = std::min<double>(low, a.throttle);
    high = std::max<double>(high, a.throttle);
  }
  EXPECT_NEAR(low_steer, -1.0, 0.01);
  EXPECT_NEAR(high_steer, 1.0, 0.01);
  EXPECT_NEAR(low, -0.3, 0.01);
  EXPECT_NEAR(high, 1.0, 0.01);
}

TEST(Exploration, ActionsStayInTheirRange) {
  Exploration exploration(Constant(NoiseKind::kGaussian), 1, 1);
  for (int i = 0; i < 1000; ++i) {
    const Action a = exploration.Perturb(0, {0.99f, -0.99f}, 0);
    EXPECT_LE(a.steer, 1.0f);
    EXPECT_GE(a.throttle, -1.0f);
  }
}

}  // namespace
}  // namespace volante
