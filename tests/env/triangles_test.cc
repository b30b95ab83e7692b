// How much the agent's camera draws where most is in sight.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/random.h"
#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/make_env.h"
#include "env/step_buffers.h"

namespace volante {
namespace {

constexpr int kMostTriangles = 1500;  // in a picture of 84x84
constexpr int kTicks = 13000;         // of the workload of `volante bench camera/84x84/town04`

// The crossings of Town04 between (300, 80) and (380, 290), which these routes lead over, have the
// most ways and cuts of any shared map.
TEST(Triangles, AreAtMostSoManyWhereverTheExpertDrivesInTown04) {
  Config config;
  config.env.map = std::string(VOLANTE_SOURCE_DIR) + "/../shared/maps/Town04.xodr";
  if (!std::filesystem::exists(config.env.map)) {
    GTEST_SKIP() << "the map " << config.env.map << " is not here";
  }
  config.env.npc_count = 20;
  config.observation.mode = ObservationMode::kCameraVector;
  EmbeddedEnv env(LoadTownsFor(config), config, 1);
  StepBuffers buffers(env.traits());
  const StepView view = buffers.view();
  const auto driver = MakeDriver("idm_mobil", config.ego);
  int most = 0, least = 1 << 30, episodes = 0;
  bool running = false;
  for (int tick = 0; tick < kTicks; ++tick) {
    if (running) {
      const Action action = driver->Act(view.facts[0]);
      env.Step({&action, 1}, view);
    } else {
      const ResetRequest reset{.world = 0,
                               .seed = RandomStream(1, "bench", episodes).NextUint64(),
                               .route_set = RouteSet::kTest,
                               .route_index = episodes};
      env.Reset({&reset, 1}, view);
      driver->Begin(reset.seed);
      ++episodes;
    }
    running = view.facts[0].status == Status::kRunning;
    most = std::max(most, env.last_triangles());
    least = std::min(least, env.last_triangles());
  }
  EXPECT_GT(episodes, 10);
  EXPECT_GT(least, 100);
  EXPECT_GT(most, 1000);
  EXPECT_LE(most, kMostTriangles);
}

}  // namespace
}  // namespace volante
