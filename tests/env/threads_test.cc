// The number of threads that share the worlds changes no byte: observations, camera frames,
// rewards, facts and saved worlds of 1, 2, 4 and 8 threads.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"

namespace volante {
namespace {

constexpr int kWorlds = 9;  // so that no number of threads but 1 divides it

// Everything that 80 steps with resets in between show, and the worlds at their end.
std::vector<uint64_t> Drive(int threads, Scenario scenario) {
  static const auto town = LoadTown(EnvConfig{}, true);
  Config config;
  config.env.threads = threads;
  config.shaping.reward_weight = 1.0;
  EmbeddedEnv env(town, config, kWorlds);
  StepBuffers buffers(env.traits(), /*with_privileged=*/true);
  const StepView view = buffers.view();
  std::vector<ResetRequest> requests;
  for (int w = 0; w < kWorlds; ++w) {
    requests.push_back({.world = w,
                        .seed = static_cast<uint64_t>(40 + w),
                        .scenario = scenario,
                        .suite = w % 3 == 0 ? Suite::kContested : Suite::kStandard,
                        .spread_start = w % 2 == 0});
  }
  env.Reset(requests, view);
  RandomStream random(3, "threads");
  std::vector<uint64_t> seen;
  const auto numbers = static_cast<size_t>(kWorlds * env.traits().vector_size);
  const size_t parts = kWorlds * env.traits().reward_parts.size();
  for (int t = 0; t < 80; ++t) {
    std::vector<ResetRequest> ended;
    for (int w = 0; w < kWorlds; ++w) {
      if (view.facts[w].status == Status::kRunning) continue;
      requests[static_cast<size_t>(w)].seed += 100;
      ended.push_back(requests[static_cast<size_t>(w)]);
    }
    if (!ended.empty()) env.Reset(ended, view);
    std::vector<Action> actions(kWorlds);
    for (Action& a : actions) {
      a = {static_cast<float>(random.Uniform(-0.3, 0.3)),
           static_cast<float>(random.Uniform(-0.2, 1.0))};
    }
    env.Step(actions, view);
    uint64_t hash = HashBytes(view.frame, size_t{kWorlds} * kImagePixels);
    hash = HashBytes(view.vector, numbers * sizeof(float), hash);
    hash = HashBytes(view.privileged, size_t{kWorlds} * kPrivilegedSize * sizeof(float), hash);
    hash = HashBytes(view.reward, kWorlds * sizeof(float), hash);
    hash = HashBytes(view.reward_parts, parts * sizeof(float), hash);
    for (int w = 0; w < kWorlds; ++w) {
      const DriveFacts& f = view.facts[w];
      const double facts[] = {f.position_m.x,
                              f.position_m.y,
                              f.jerk_lat_mps3,
                              f.lead_gap_m,
                              static_cast<double>(f.tick),
                              static_cast<double>(f.outcome)};
      hash = HashBytes(facts, sizeof facts, hash);
    }
    seen.push_back(hash);
  }
  for (int w = 0; w < kWorlds; ++w) {
    const std::vector<uint8_t> saved = env.Save(w);
    seen.push_back(HashBytes(saved.data(), saved.size()));
    seen.push_back(env.world(w).Hash());
  }
  return seen;
}

TEST(Threads, AnyNumberOfThemGivesTheSameBytes) {
  for (const Scenario scenario : {Scenario::kEmpty, Scenario::kMedium}) {
    const std::vector<uint64_t> one = Drive(1, scenario);
    for (const int threads : {2, 4, 8}) {
      EXPECT_EQ(Drive(threads, scenario), one) << threads << " threads";
    }
  }
}

// An action that is not finite is reported as with one thread: that of the first such world.
TEST(Threads, AnErrorComesFromTheFirstWorldThatHasOne) {
  static const auto town = LoadTown(EnvConfig{}, false);
  Config config;
  config.observation.mode = ObservationMode::kVector;
  config.env.threads = 4;
  EmbeddedEnv env(town, config, 8);
  StepBuffers buffers(env.traits());
  std::vector<ResetRequest> requests(8);
  for (int w = 0; w < 8; ++w) requests[static_cast<size_t>(w)] = {.world = w, .seed = 1};
  env.Reset(requests, buffers.view());
  std::vector<Action> actions(8);
  actions[3].steer = actions[6].steer = std::numeric_limits<float>::infinity();
  try {
    env.Step(actions, buffers.view());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "world 3");
  }
}

}  // namespace
}  // namespace volante
