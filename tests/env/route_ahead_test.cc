// Commands along a route of the built-in town, by the network's own words.
#include "env/route_ahead.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "env/town.h"
#include "env/vector_town.h"

namespace volante {
namespace {

// Half a metre after half a metre: inside a junction its turn, from 25 m before it too, follow
// elsewhere.
TEST(RouteAhead, TheCommandComesTwentyFiveMetresBeforeTheJunction) {
  const RouteSampler sampler(DefaultTown()->network, {}, 120.0, 250.0);
  RandomStream random(1, "commands");
  int seen[kNumCommands] = {};
  for (int n = 0; n < 20; ++n) {
    const Route route = sampler.Draw(random);
    for (double s = 0.0; s < route.length_m(); s += 0.5) {
      RouteCommand wanted = RouteCommand::kFollow;
      for (size_t k = route.lanes().size(); k-- > 0;) {
        const Lane& lane = route.network().lane(route.lanes()[k]);
        const double begin = route.lane_begin_s_m(k);
        const double end = k + 1 < route.lanes().size() ? route.lane_begin_s_m(k + 1) : 1e9;
        if (lane.junction < 0 || s < begin - 25.0 || s >= end) continue;
        wanted = lane.turn == Turn::kLeft    ? RouteCommand::kLeft
                 : lane.turn == Turn::kRight ? RouteCommand::kRight
                                             : RouteCommand::kStraight;
      }
      ASSERT_EQ(CommandAt(route, s), wanted) << "route " << n << " at " << s;
      ++seen[static_cast<int>(wanted)];
    }
  }
  for (const int n : seen) EXPECT_GT(n, 20);
}

}  // namespace
}  // namespace volante
