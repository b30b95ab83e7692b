// The artificial potential field: values and pushes by hand, what an episode's shaping adds up to,
// and that it leaves the best policy of a small problem alone (Ng, Harada and Russell, 1999).
#include "env/shaping.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "env/replay_file.h"
#include "env/step_buffers.h"
#include "env/vector_town.h"

namespace volante {
namespace {

constexpr double kGamma = 0.99;
constexpr double kLength_m = 100.0;
// With the default keys on a route of 100 m: U_att = 20 * 100 - 200, U_rep = 1000 * (1 - 0.1)^2.
constexpr double kMost = 1800.0 + 810.0;

ShapingConfig On() { return {.reward_weight = 1.0, .action_gain = 1.0}; }
PotentialField Field() { return PotentialField(On(), kGamma); }

// On a straight route of 100 m, left of its centre by `offset_m`, parallel to it.
DriveFacts At(double s_m, double offset_m = 0.0) {
  DriveFacts f;
  f.route_length_m = kLength_m;
  f.route_s_m = s_m;
  f.lateral_offset_m = offset_m;
  for (int k = 0; k < kRoutePoints; ++k) {
    const double point_m = std::min(s_m + kRoutePointSpacing_m * (k + 1), kLength_m);
    f.route_points_m[static_cast<size_t>(k)] = {point_m - s_m, -offset_m};
  }
  return f;
}

DriveFacts Behind(double gap_m, double s_m = 0.0) {
  DriveFacts f = At(s_m);
  f.lead_gap_m = gap_m;
  return f;
}

// ---- the potential -------------------------------------------------------------------------

TEST(Potential, AttractionIsLinearFarOffAndQuadraticNear) {
  EXPECT_NEAR(Field().Potential(At(0.0)), -1800.0 / kMost, 1e-12);
  EXPECT_NEAR(Field().Potential(At(50.0)), -800.0 / kMost, 1e-12);
  EXPECT_NEAR(Field().Potential(At(90.0)), -50.0 / kMost, 1e-12);  // 1/2 10^2
  EXPECT_NEAR(Field().Potential(At(100.0)), 0.0, 1e-12);
}

TEST(Potential, BesideTheRouteTheWayIsLonger) {
  // 6 m beside it the point 8 m ahead is 10 m away, then 42 m are left: 20 * 52 - 200.
  EXPECT_NEAR(Field().Potential(At(50.0, 6.0)), -840.0 / kMost, 1e-12);
  EXPECT_NEAR(Field().Potential(At(50.0, -6.0)), -840.0 / kMost, 1e-12);
}

TEST(Potential, WhatIsInTheWayRepelsBelowRho0) {
  const double alone = Field().Potential(At(90.0));
  // 1/2 2000 (1/5 - 1/10)^2 = 10
  EXPECT_NEAR(Field().Potential(Behind(5.0, 90.0)), -60.0 / kMost, 1e-12);
  EXPECT_EQ(Field().Potential(Behind(10.5, 90.0)), alone);
  // Nearer than 1 m counts as 1 m.
  EXPECT_NEAR(Field().Potential(Behind(0.1, 90.0)), -(50.0 + 810.0) / kMost, 1e-12);
  EXPECT_EQ(Field().Potential(Behind(-0.5)), -1.0);
  // The line at which the car must wait is in the way too; the nearer of both counts.
  DriveFacts f = Behind(9.0, 90.0);
  f.yield_distance_m = 5.0;
  EXPECT_NEAR(Field().Potential(f), -60.0 / kMost, 1e-12);
}

TEST(Potential, KeysScaleTheirTerms) {
  ShapingConfig strong = On();
  strong.k_a = 2.0;
  EXPECT_NEAR(PotentialField(strong, kGamma).Potential(At(50.0)), -1600.0 / (3600.0 + 810.0),
              1e-12);
  ShapingConfig repels = On();
  repels.k_r = 4000.0;
  repels.rho0_m = 20.0;  // 2000 (1/5 - 1/20)^2 = 45, at most 2000 (1 - 1/20)^2 = 1805
  EXPECT_NEAR(PotentialField(repels, kGamma).Potential(Behind(5.0, 90.0)), -95.0 / 3605.0, 1e-12);
  ShapingConfig conic = On();
  conic.d_star_m = 5.0;  // 5 * 50 - 12.5 of 5 * 100 - 12.5
  EXPECT_NEAR(PotentialField(conic, kGamma).Potential(At(50.0)), -237.5 / (487.5 + 810.0), 1e-12);
}

TEST(PotentialDifference, IsZeroAfterTheEndAndThatOfTheLastStateWhenCut) {
  EXPECT_DOUBLE_EQ(PotentialDifference(0.9, -0.5, -0.2, false), -0.18 + 0.5);
  EXPECT_DOUBLE_EQ(PotentialDifference(0.9, -0.5, -0.2, true), 0.5);
  ShapingConfig shaping = On();
  shaping.reward_weight = 4.0;
  const PotentialField field(shaping, 0.9);
  DriveFacts after = At(90.0);
  for (const auto& [status, kept] :
       {std::pair{Status::kRunning, 0.9}, {Status::kTruncated, 0.9}, {Status::kTerminated, 0.0}}) {
    after.status = status;
    EXPECT_NEAR(field.Reward(-0.5, after), 4.0 * (kept * -50.0 / kMost + 0.5), 1e-12);
  }
}

// ---- an episode ----------------------------------------------------------------------------

struct Episode {
  double discounted_shaping = 0.0;
  double first_potential = 0.0, last_potential = 0.0;
  int actions = 0;
  DriveFacts last;
};

// Random driving with and without shaping side by side: the drive and all other parts are the same.
Episode DriveRandomly(const Config& shaped, uint64_t seed, bool gently) {
  Config plain = shaped;
  plain.shaping = ShapingConfig{};
  EmbeddedEnv env(DefaultTown(), shaped, 1), other(DefaultTown(), plain, 1);
  StepBuffers buffers(env.traits()), other_buffers(other.traits());
  const StepView view = buffers.view(), other_view = other_buffers.view();
  const size_t parts = env.traits().reward_parts.size();
  EXPECT_EQ(env.traits().reward_parts.back(), "shaping");
  EXPECT_EQ(parts, other.traits().reward_parts.size() + 1);
  const ResetRequest request{.seed = seed, .scenario = Scenario::kLight, .spread_start = true};
  env.Reset({&request, 1}, view);
  other.Reset({&request, 1}, other_view);
  const PotentialField field(shaped.shaping, shaped.learner.discount);
  Episode episode;
  episode.first_potential = field.Potential(view.facts[0]);
  RandomStream random(seed, "shaping test");
  double weight = 1.0;
  while (view.facts[0].status == Status::kRunning) {
    const double most = gently ? 0.02 : 1.0;
    const Action action{static_cast<float>(random.Uniform(-most, most)),
                        static_cast<float>(random.Uniform(-0.6, gently ? 0.5 : 1.0))};
    env.Step({&action, 1}, view);
    other.Step({&action, 1}, other_view);
    const double shaping = view.reward_parts[parts - 1];
    EXPECT_GE(shaping, -shaped.shaping.reward_weight);
    EXPECT_LE(shaping, shaped.shaping.reward_weight);
    EXPECT_NEAR(view.reward[0] - other_view.reward[0], shaping, 1e-5);
    for (size_t p = 0; p + 1 < parts; ++p) {
      EXPECT_EQ(view.reward_parts[p], other_view.reward_parts[p]) << p;
    }
    EXPECT_EQ(view.facts[0].position_m.x, other_view.facts[0].position_m.x);
    episode.discounted_shaping += weight * shaping;
    weight *= shaped.learner.discount;
    ++episode.actions;
    if (testing::Test::HasFailure()) break;
  }
  episode.last = view.facts[0];
  episode.last_potential = field.Potential(view.facts[0]);
  return episode;
}

// The sum over an episode is w (gamma^T Phi(s_T) - Phi(s_0)), whatever was driven.
TEST(RewardShaping, TelescopesOverAnEpisodeAndIsBounded) {
  int terminated = 0, truncated = 0;
  for (const int repeat : {1, 2}) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      Config config = VectorConfig();
      config.shaping.reward_weight = 5.0;
      config.learner.discount = 0.95;
      config.env.action_repeat = repeat;
      const bool gently = seed % 2 == 1;
      if (gently) config.env.max_episode_steps = 40;  // cut before it leaves the lane
      const Episode e = DriveRandomly(config, seed, gently);
      if (HasFailure()) return;
      const bool ended = e.last.status == Status::kTerminated;
      ++(ended ? terminated : truncated);
      const double left = ended ? 0.0 : std::pow(0.95, e.actions) * e.last_potential;
      EXPECT_NEAR(e.discounted_shaping, 5.0 * (left - e.first_potential), 1e-4)
          << "seed " << seed << ", action_repeat " << repeat;
    }
  }
  EXPECT_GT(terminated, 3);
  EXPECT_GT(truncated, 3);
}

// ---- a tabular case ------------------------------------------------------------------------

// A random Markov decision problem: states 0..9, of which 0 and 1 are terminal; 3 actions with
// two possible successors each.
struct SmallProblem {
  static constexpr int kStates = 10, kTerminal = 2, kActions = 3;
  static constexpr double kDiscount = 0.9;
  struct Way {
    int next[2];
    double probability;  // of the first
    double reward[2];
  };
  Way ways[kStates][kActions];
  double potential[kStates];

  explicit SmallProblem(uint64_t seed) {
    RandomStream random(seed, "small problem");
    for (auto& state : ways) {
      for (Way& way : state) {
        for (int i : {0, 1}) {
          way.next[i] = static_cast<int>(random.Below(kStates));
          way.reward[i] = random.Uniform(-1.0, 1.0);
        }
        way.probability = random.Uniform();
      }
    }
    for (double& phi : potential) phi = -random.Uniform(0.0, 5.0);
  }

  using Values = std::array<std::array<double, kActions>, kStates>;
  // Q* by value iteration, with `extra(s, s')` added to every reward.
  template <class Extra>
  Values Solve(const Extra& extra) const {
    Values q{};
    for (int sweep = 0; sweep < 600; ++sweep) {
      const Values old = q;
      for (int s = kTerminal; s < kStates; ++s) {
        for (int a = 0; a < kActions; ++a) {
          const Way& way = ways[s][a];
          double value = 0.0;
          for (int i : {0, 1}) {
            const int next = way.next[i];
            const double p = i == 0 ? way.probability : 1.0 - way.probability;
            const double after =
                next < kTerminal ? 0.0 : *std::max_element(old[next].begin(), old[next].end());
            value += p * (way.reward[i] + extra(s, next) + kDiscount * after);
          }
          q[s][a] = value;
        }
      }
    }
    return q;
  }
};

std::vector<int> BestActions(const SmallProblem::Values& q) {
  std::vector<int> best;
  for (size_t s = SmallProblem::kTerminal; s < SmallProblem::kStates; ++s) {
    best.push_back(static_cast<int>(std::max_element(q[s].begin(), q[s].end()) - q[s].begin()));
  }
  return best;
}

TEST(RewardShaping, LeavesTheBestPolicyOfASmallProblemAlone) {
  int changed_by_bonus = 0, changed_by_open_end = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const SmallProblem problem(seed);
    const auto plain = problem.Solve([](int, int) { return 0.0; });
    const auto difference = [&](int s, int next, bool with_end) {
      return PotentialDifference(SmallProblem::kDiscount, problem.potential[s],
                                 problem.potential[next],
                                 with_end && next < SmallProblem::kTerminal);
    };
    const auto shaped = problem.Solve([&](int s, int next) { return difference(s, next, true); });
    EXPECT_EQ(BestActions(shaped), BestActions(plain)) << "seed " << seed;
    for (size_t s = SmallProblem::kTerminal; s < SmallProblem::kStates; ++s) {
      for (size_t a = 0; a < SmallProblem::kActions; ++a) {
        EXPECT_NEAR(shaped[s][a], plain[s][a] - problem.potential[s], 1e-9);  // their theorem
      }
    }
    // Of the same size, but no difference of potentials: the new state's potential as a bonus.
    changed_by_bonus +=
        BestActions(problem.Solve([&](int, int next) { return problem.potential[next]; })) !=
        BestActions(plain);
    // And with a potential that is not 0 where episodes end.
    changed_by_open_end +=
        BestActions(problem.Solve([&](int s, int next) { return difference(s, next, false); })) !=
        BestActions(plain);
  }
  EXPECT_GT(changed_by_bonus, 10);
  EXPECT_GT(changed_by_open_end, 3);
}

// ---- the push ------------------------------------------------------------------------------

void ExpectPush(const DriveFacts& facts, double steer, double throttle) {
  const Action push = Field().Push(facts);
  EXPECT_NEAR(push.steer, steer, 1e-6);
  EXPECT_NEAR(push.throttle, throttle, 1e-6);
}

TEST(Push, PullsForwardAndTowardsTheRoute) {
  ExpectPush(At(0.0), 0.0, 1.0);
  ExpectPush(At(0.0, 6.0), -0.6, 0.8);  // left of the route: to the right, along (8, -6) / 10
  ExpectPush(At(0.0, -6.0), 0.6, 0.8);
  ExpectPush(At(90.0), 0.0, 0.5);  // 10 m of the 20 within which it weakens
  DriveFacts turned = At(0.0);     // points 30 degrees to the left of the route: to the right
  for (Vec2& p : turned.route_points_m) p = {p.x * std::cos(0.5236), -p.x * std::sin(0.5236)};
  ExpectPush(turned, -std::sin(0.5236), std::cos(0.5236));
}

TEST(Push, WhatIsAheadPushesBack) {
  ExpectPush(Behind(4.0), 0.0, 1.0 - 2000.0 * 0.15 / 16.0 / 20.0);  // 0.0625: nearly in balance
  ExpectPush(Behind(3.0), 0.0, -1.0);                               // 1 - 2.59, clipped
  ExpectPush(Behind(0.2), 0.0, -1.0);
  ExpectPush(Behind(12.0), 0.0, 1.0);
  DriveFacts line = At(0.0);
  line.yield_distance_m = 4.0;
  ExpectPush(line, 0.0, 0.0625);
}

// Cars beside the path are no obstacle of the field.
TEST(Push, ACarOnItsOwnLaneDoesNotPush) {
  DriveFacts f = At(0.0);
  f.num_near_vehicles = 1;
  f.near_vehicles[0] = {.position_m = {3.0, 3.5}, .speed_mps = 8.0, .length_m = 4.5};
  ExpectPush(f, 0.0, 1.0);
}

// F = -grad U, by finite differences of the potential; forward moves the car and closes the gap.
TEST(Push, IsTheNegativeGradientOfThePotential) {
  const PotentialField field = Field();
  constexpr double h = 1e-5, kUnit = 20.0 / kMost;  // k_a d* over U_max
  for (const double s : {30.0, 85.0, 90.0}) {
    for (const double gap : {4.2, 6.0, 20.0}) {
      const double slope =
          (field.Potential(Behind(gap - h, s + h)) - field.Potential(Behind(gap + h, s - h))) /
          (2.0 * h);
      EXPECT_NEAR(field.Push(Behind(gap, s)).throttle, slope / kUnit, 1e-4) << s << " " << gap;
    }
    for (const double offset : {-2.0, 0.0, 1.5}) {
      const double slope =
          (field.Potential(At(s, offset + h)) - field.Potential(At(s, offset - h))) / (2.0 * h);
      EXPECT_NEAR(field.Push(At(s, offset)).steer, slope / kUnit, 1e-4) << s << " " << offset;
    }
  }
}

TEST(ActionShaping, AddsThePushAndClips) {
  ShapingConfig shaping = On();
  shaping.action_gain = 0.5;
  const PotentialField field(shaping, kGamma);
  const Action applied = field.Apply({0.1f, -0.2f}, At(0.0, 6.0));
  EXPECT_NEAR(applied.steer, 0.1 - 0.3, 1e-6);
  EXPECT_NEAR(applied.throttle, -0.2 + 0.4, 1e-6);
  EXPECT_EQ(field.Apply({-0.9f, 0.9f}, At(0.0, 6.0)), (Action{-1.0f, 1.0f}));
}

// What drives the car is the pushed action; what the caller gave stays its own.
TEST(ActionShaping, IsAppliedByTheEnvironment) {
  Config config = VectorConfig();
  config.shaping.action_gain = 0.3;
  EmbeddedEnv env(DefaultTown(), config, 1), plain(DefaultTown(), VectorConfig(), 1);
  EXPECT_EQ(env.traits().reward_parts, plain.traits().reward_parts);
  StepBuffers buffers(env.traits()), plain_buffers(plain.traits());
  const StepView view = buffers.view(), plain_view = plain_buffers.view();
  const ResetRequest request{.seed = 3};
  env.Reset({&request, 1}, view);
  plain.Reset({&request, 1}, plain_view);
  const PotentialField field(config.shaping, config.learner.discount);
  for (int i = 0; i < 30; ++i) {
    const Action given{0.02f, 0.1f};
    const Action expected = field.Apply(given, view.facts[0]);
    EXPECT_GT(expected.throttle, 0.35f);
    env.Step({&given, 1}, view);
    EXPECT_EQ(view.facts[0].action, expected);
    EXPECT_EQ(given, (Action{0.02f, 0.1f}));
    // The same as if the caller had pushed it.
    plain.Step({&expected, 1}, plain_view);
    EXPECT_EQ(view.facts[0].position_m.x, plain_view.facts[0].position_m.x);
    EXPECT_EQ(view.reward[0], plain_view.reward[0]);
  }
}

// A recorded drive is driven again in the same field.
TEST(ActionShaping, IsPartOfTheWorldThatARecordKeeps) {
  Config config = VectorConfig();
  config.shaping.action_gain = 0.3;
  EpisodeRecord record;
  record.config = WorldYaml(config);
  EXPECT_EQ(ConfigOf(record, "test").shaping.action_gain, 0.3);
}

}  // namespace
}  // namespace volante
