// One suite for every environment behind env_api: what the trainer and the evaluation rely on.
// A new environment adds one line to the table at the end.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "env/make_env.h"
#include "env/observation.h"
#include "env/reward.h"
#include "env/step_buffers.h"

namespace volante {
namespace {

struct EnvCase {
  const char* name;
  std::function<std::unique_ptr<Env>(int num_worlds)> make;
  Scenario scenario = Scenario::kEmpty;
};

std::ostream& operator<<(std::ostream& out, const EnvCase& c) { return out << c.name; }

// Drives forward with small random steering: long episodes, some of which end by themselves.
class RandomActions {
 public:
  explicit RandomActions(uint64_t seed) : random_(seed, "conformance") {}
  Action Next() {
    const float steer = static_cast<float>(random_.Uniform(-0.2, 0.2));
    return {steer, static_cast<float>(random_.Uniform(-0.2, 0.9))};
  }

 private:
  RandomStream random_;
};

// What a world shows, as one number.
uint64_t HashOf(const StepView& view, const EnvTraits& traits, int world) {
  const size_t w = static_cast<size_t>(world), parts = traits.reward_parts.size();
  const size_t width = static_cast<size_t>(traits.vector_size);
  uint64_t hash = HashBytes(view.vector + w * width, width * sizeof(float));
  hash = HashBytes(&view.reward[w], sizeof(float), hash);
  hash = HashBytes(view.reward_parts + w * parts, parts * sizeof(float), hash);
  const DriveFacts& f = view.facts[w];
  const double numbers[] = {f.position_m.x,
                            f.position_m.y,
                            f.speed_mps,
                            f.route_s_m,
                            f.lateral_offset_m,
                            f.jerk_long_mps3,
                            f.lead_gap_m,
                            static_cast<double>(f.status),
                            static_cast<double>(f.outcome)};
  hash = HashBytes(numbers, sizeof numbers, hash);
  if (view.frame != nullptr) hash = HashBytes(view.frame + w * kImagePixels, kImagePixels, hash);
  return hash;
}

class EnvConformance : public ::testing::TestWithParam<EnvCase> {
 protected:
  ResetRequest Request(int world, uint64_t seed) const {
    return {.world = world, .seed = seed, .scenario = GetParam().scenario, .spread_start = false};
  }
  // Steps world 0 of a single-world environment; resets with the next seed where it ended.
  std::vector<uint64_t> Playthrough(Env& env, uint64_t seed, int steps) {
    StepBuffers buffers(env.traits());
    const StepView view = buffers.view();
    RandomActions actions(seed);
    std::vector<uint64_t> hashes;
    ResetRequest request = Request(0, seed);
    env.Reset({&request, 1}, view);
    hashes.push_back(HashOf(view, env.traits(), 0));
    for (int i = 0; i < steps; ++i) {
      if (view.facts[0].status != Status::kRunning) {
        ++request.seed;
        env.Reset({&request, 1}, view);
      } else {
        const Action action = actions.Next();
        env.Step({&action, 1}, view);
      }
      hashes.push_back(HashOf(view, env.traits(), 0));
    }
    return hashes;
  }
};

TEST_P(EnvConformance, ResetStartsARunningEpisodeStandingOnItsRoute) {
  const auto env = GetParam().make(3);
  StepBuffers buffers(env->traits());
  const StepView view = buffers.view();
  ASSERT_EQ(env->traits().num_worlds, 3);
  std::vector<ResetRequest> requests;
  for (int w = 0; w < 3; ++w) requests.push_back(Request(w, 7 + static_cast<uint64_t>(w)));
  env->Reset(requests, view);
  for (int w = 0; w < 3; ++w) {
    const DriveFacts& f = view.facts[w];
    EXPECT_EQ(f.status, Status::kRunning);
    EXPECT_EQ(f.outcome, Outcome::kNone);
    EXPECT_EQ(f.tick, 0);
    EXPECT_EQ(f.speed_mps, 0.0);
    EXPECT_GT(f.route_length_m, 10.0);
    EXPECT_LT(std::abs(f.lateral_offset_m), 1.5);
    EXPECT_EQ(view.reward[w], 0.0f);
    for (int i = 0; i < env->traits().vector_size; ++i) {
      EXPECT_TRUE(std::isfinite(view.vector[w * env->traits().vector_size + i]));
      EXPECT_LE(std::abs(view.vector[w * env->traits().vector_size + i]), 2.0f);
    }
  }
}

TEST_P(EnvConformance, TheSameSeedGivesTheSameBytes) {
  const auto a = GetParam().make(1), b = GetParam().make(1);
  const std::vector<uint64_t> first = Playthrough(*a, 3, 250);
  EXPECT_EQ(first, Playthrough(*b, 3, 250));
  EXPECT_EQ(first, Playthrough(*a, 3, 250)) << "an old episode shines through";
  EXPECT_NE(first, Playthrough(*b, 4, 250));
}

TEST_P(EnvConformance, WorldsDoNotInfluenceEachOther) {
  const auto alone = GetParam().make(1), many = GetParam().make(3);
  StepBuffers one(alone->traits()), three(many->traits());
  const StepView view = one.view(), views = three.view();
  const ResetRequest request = Request(0, 11);
  alone->Reset({&request, 1}, view);
  const ResetRequest requests[] = {Request(0, 5), Request(1, 11), Request(2, 6)};
  many->Reset(requests, views);
  RandomActions actions(1), others(2);
  for (int i = 0; i < 120 && view.facts[0].status == Status::kRunning; ++i) {
    const Action action = actions.Next();
    const Action all[] = {others.Next(), action, others.Next()};
    alone->Step({&action, 1}, view);
    for (const int w : {0, 2}) {
      if (views.facts[w].status != Status::kRunning) many->Reset({&requests[w], 1}, views);
    }
    many->Step(all, views);
    ASSERT_EQ(HashOf(view, alone->traits(), 0), HashOf(views, many->traits(), 1)) << "tick " << i;
  }
}

TEST_P(EnvConformance, TheOrderOfResetsDoesNotMatter) {
  const auto together = GetParam().make(3), apart = GetParam().make(3);
  StepBuffers ones(together->traits()), others(apart->traits());
  const StepView one = ones.view(), other = others.view();
  std::vector<ResetRequest> next = {Request(0, 5), Request(1, 11), Request(2, 6)};
  RandomActions actions(1);
  for (int i = 0; i < 60; ++i) {
    std::vector<ResetRequest> ended;
    for (ResetRequest& request : next) {
      if (i > 0 && one.facts[request.world].status == Status::kRunning) continue;
      request.seed += 20;
      ended.push_back(request);
    }
    if (!ended.empty()) together->Reset(ended, one);
    for (size_t k = ended.size(); k-- > 0;) apart->Reset({&ended[k], 1}, other);
    const Action all[] = {actions.Next(), actions.Next(), actions.Next()};
    together->Step(all, one);
    apart->Step(all, other);
    for (int w = 0; w < 3; ++w) {
      ASSERT_EQ(HashOf(one, together->traits(), w), HashOf(other, apart->traits(), w))
          << "world " << w << " tick " << i;
    }
  }
}

// At every 7th state: save, go on, load into a fresh environment, go on there: the same bytes.
TEST_P(EnvConformance, SaveThenLoadContinuesBitIdentically) {
  const auto env = GetParam().make(1);
  if (!env->traits().can_snapshot) GTEST_SKIP() << "this environment has no snapshots";
  StepBuffers buffers(env->traits());
  const StepView view = buffers.view();
  ResetRequest request = Request(0, 21);
  env->Reset({&request, 1}, view);
  RandomActions actions(9);
  for (int i = 0; i < 210; ++i) {
    if (view.facts[0].status != Status::kRunning) {
      ++request.seed;
      env->Reset({&request, 1}, view);
      continue;
    }
    if (i % 7 == 0) {
      const std::vector<uint8_t> saved = env->Save(0);
      EXPECT_EQ(env->Save(0), saved) << "saving changes the state";
      const auto other = GetParam().make(1);
      other->Load(0, saved);
      EXPECT_EQ(other->Save(0), saved) << "loading loses something, tick " << i;
      StepBuffers other_buffers(other->traits());
      const StepView other_view = other_buffers.view();
      RandomActions ahead(static_cast<uint64_t>(i));
      // The original is carried on and put back afterwards.
      for (int k = 0; k < 12 && view.facts[0].status == Status::kRunning; ++k) {
        const Action action = ahead.Next();
        env->Step({&action, 1}, view);
        other->Step({&action, 1}, other_view);
        ASSERT_EQ(HashOf(view, env->traits(), 0), HashOf(other_view, other->traits(), 0))
            << "saved at tick " << i << ", " << k + 1 << " ticks later";
      }
      env->Load(0, saved);
      view.facts[0].status = Status::kRunning;
      view.facts[0].outcome = Outcome::kNone;
    }
    const Action action = actions.Next();
    env->Step({&action, 1}, view);
  }
}

TEST_P(EnvConformance, EveryEpisodeEndsWithOneOutcomeAndTheRightStatus) {
  const auto env = GetParam().make(1);
  StepBuffers buffers(env->traits());
  const StepView view = buffers.view();
  RandomActions actions(2);
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const ResetRequest request = Request(0, seed);
    env->Reset({&request, 1}, view);
    int ticks = 0;
    while (view.facts[0].status == Status::kRunning) {
      ASSERT_EQ(view.facts[0].outcome, Outcome::kNone);
      const Action action = actions.Next();
      env->Step({&action, 1}, view);
      ASSERT_EQ(view.facts[0].tick, ++ticks);
      ASSERT_LE(ticks, 1000) << "the tick limit";
      double sum = 0.0;
      for (size_t p = 0; p < env->traits().reward_parts.size(); ++p) sum += view.reward_parts[p];
      ASSERT_NEAR(view.reward[0], sum, 1e-3) << "the parts are the reward";
    }
    const Outcome outcome = view.facts[0].outcome;
    EXPECT_NE(outcome, Outcome::kNone);
    const bool by_time = outcome == Outcome::kTimeout || outcome == Outcome::kBlocked;
    EXPECT_EQ(view.facts[0].status == Status::kTruncated, by_time);
  }
}

TEST_P(EnvConformance, ANonFiniteActionIsRefusedInOneLine) {
  const auto env = GetParam().make(1);
  StepBuffers buffers(env->traits());
  const StepView view = buffers.view();
  const ResetRequest request = Request(0, 1);
  env->Reset({&request, 1}, view);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const Action action{bad, 0.0f};
    try {
      env->Step({&action, 1}, view);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kHealthHalt);
      EXPECT_EQ(error.OneLine().find('\n'), std::string::npos);
      EXPECT_NE(error.OneLine().find("action is not finite"), std::string::npos);
      EXPECT_NE(error.OneLine().find("world 0"), std::string::npos);
    }
  }
}

TEST_P(EnvConformance, SteppingAFinishedWorldIsAProgrammersError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto env = GetParam().make(1);
  StepBuffers buffers(env->traits());
  const StepView view = buffers.view();
  const ResetRequest request = Request(0, 1);
  env->Reset({&request, 1}, view);
  const Action hard_left{1.0f, 1.0f};
  while (view.facts[0].status == Status::kRunning) env->Step({&hard_left, 1}, view);
  EXPECT_DEATH(env->Step({&hard_left, 1}, view), "Reset it first");
}

TEST_P(EnvConformance, ADamagedSnapshotIsRefused) {
  const auto env = GetParam().make(1);
  if (!env->traits().can_snapshot) GTEST_SKIP();
  StepBuffers buffers(env->traits());
  const ResetRequest request = Request(0, 1);
  env->Reset({&request, 1}, buffers.view());
  std::vector<uint8_t> saved = env->Save(0);
  saved.resize(saved.size() / 2);
  EXPECT_THROW(env->Load(0, saved), Error);
}

// Asked for or not, and whatever the mode shows: the same 101 numbers of the same facts.
TEST_P(EnvConformance, ThePrivilegedNumbersComeBesideEveryObservation) {
  const auto env = GetParam().make(2), plain = GetParam().make(2);
  StepBuffers buffers(env->traits(), /*with_privileged=*/true), without(plain->traits());
  const StepView view = buffers.view(), plain_view = without.view();
  ASSERT_NE(view.privileged, nullptr);
  ASSERT_EQ(plain_view.privileged, nullptr);
  const ResetRequest requests[] = {Request(0, 31), Request(1, 32)};
  env->Reset(requests, view);
  plain->Reset(requests, plain_view);
  const int width = env->traits().vector_size;
  RandomActions actions(4);
  for (int i = 0; i < 40; ++i) {
    for (int w = 0; w < 2; ++w) {
      const float* numbers = view.privileged + w * kPrivilegedSize;
      float expected[kPrivilegedSize];
      WritePrivileged(view.facts[w], expected);
      ASSERT_TRUE(std::equal(expected, expected + kPrivilegedSize, numbers)) << "tick " << i;
      // The mode's own numbers are the first of them, or all; vision shares the speed alone.
      const int shared = width == kVisionSize ? 1 : width;
      const bool has_extra = width == kVectorSize + kExtraSize;
      const float* own = view.vector + w * width;
      ASSERT_TRUE(std::equal(own, own + (has_extra ? kVectorSize : shared), numbers));
      ASSERT_EQ(HashOf(view, env->traits(), w), HashOf(plain_view, plain->traits(), w));
    }
    if (view.facts[0].status != Status::kRunning || view.facts[1].status != Status::kRunning) break;
    const Action both[] = {actions.Next(), actions.Next()};
    env->Step(both, view);
    plain->Step(both, plain_view);
  }
}

Config ConfigFor(ObservationMode mode) {
  Config config;
  config.observation.mode = mode;
  config.env.npc_count = 5;
  return config;
}

std::unique_ptr<Env> Embedded(ObservationMode mode, int num_worlds) {
  static const auto towns = std::make_shared<Towns>(EnvConfig{}, true);  // shared by all tests
  return MakeEnv(towns, ConfigFor(mode), num_worlds);
}

// Another town in each episode.
std::unique_ptr<Env> InRandomTowns(ObservationMode mode, int num_worlds) {
  Config config = ConfigFor(mode);
  config.env.town = kRandomTowns;
  config.env.num_towns = 3;
  static const auto towns = std::make_shared<Towns>(config.env, true);
  return MakeEnv(towns, config, num_worlds);
}

// With everything on that changes rewards and actions.
std::unique_ptr<Env> Shaped(int num_worlds) {
  static const auto towns = std::make_shared<Towns>(EnvConfig{}, false);
  Config config = ConfigFor(ObservationMode::kVector);
  config.shaping = {.reward_weight = 3.0, .action_gain = 0.2};
  return MakeEnv(towns, config, num_worlds);
}

// The numbers, and what observation.extra adds.
std::unique_ptr<Env> WithExtra(int num_worlds) {
  static const auto towns = std::make_shared<Towns>(EnvConfig{}, false);
  Config config = ConfigFor(ObservationMode::kVector);
  config.observation.extra = true;
  return MakeEnv(towns, config, num_worlds);
}

// Another car, other drivers, weather and camera in every episode, from its seed.
std::unique_ptr<Env> Randomised(int num_worlds) {
  static const auto towns = std::make_shared<Towns>(EnvConfig{}, true);
  Config config = ConfigFor(ObservationMode::kCameraVector);
  config.randomisation.enabled = true;
  config.randomisation.rain_share = 0.5;
  return MakeEnv(towns, config, num_worlds);
}

std::unique_ptr<Env> Tiny(ObservationMode mode, int num_worlds) {
  Config config = ConfigFor(mode);
  config.env.town = kTinyTown;
  return MakeEnv(nullptr, config, num_worlds);
}

INSTANTIATE_TEST_SUITE_P(
    All, EnvConformance,
    ::testing::Values(
        EnvCase{"tiny_vector", [](int n) { return Tiny(ObservationMode::kVector, n); }},
        EnvCase{"tiny_camera", [](int n) { return Tiny(ObservationMode::kCameraVector, n); }},
        EnvCase{"tiny_privileged", [](int n) { return Tiny(ObservationMode::kPrivileged, n); }},
        EnvCase{"embedded_privileged",
                [](int n) { return Embedded(ObservationMode::kPrivileged, n); }},
        EnvCase{"random_towns_vector",
                [](int n) { return InRandomTowns(ObservationMode::kVector, n); }},
        EnvCase{"random_towns_camera",
                [](int n) { return InRandomTowns(ObservationMode::kCameraVector, n); },
                Scenario::kLight},
        EnvCase{"embedded_shaped", Shaped, Scenario::kLight},
        EnvCase{"tiny_vision", [](int n) { return Tiny(ObservationMode::kVision, n); }},
        EnvCase{"embedded_vision", [](int n) { return Embedded(ObservationMode::kVision, n); }},
        EnvCase{"embedded_extra", WithExtra, Scenario::kLight},
        EnvCase{"embedded_randomised", Randomised, Scenario::kLight},
        EnvCase{"embedded_vector", [](int n) { return Embedded(ObservationMode::kVector, n); }},
        EnvCase{"embedded_camera",
                [](int n) { return Embedded(ObservationMode::kCameraVector, n); }}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

}  // namespace
}  // namespace volante
