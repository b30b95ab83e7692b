// world/* and camera/*: full environment steps, expert actions, all checks on, one core; the camera
// alone in a large picture; and how long a map takes from its file to its picture.

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/hash.h"
#include "bench/bench.h"
#include "bench/driven_env.h"

namespace volante {
namespace {

// The shared test maps beside the checkout; they are no part of the project.
std::string SharedMap(const std::string& name) { return "../shared/maps/" + name; }

BenchResult NotMeasured(const char* name, const char* unit, double limit, const std::string& why) {
  BenchResult result{.name = name, .unit = unit};
  result.limit = limit;
  result.note = why;
  return result;
}

// Frames per second that only filling the picture once would allow, in this run: the fill rate.
double FillsPerSecond(size_t bytes) {
  using Clock = std::chrono::steady_clock;
  std::vector<uint8_t> picture(bytes);
  volatile uint8_t sink = 0;
  int64_t fills = 0;
  const Clock::time_point start = Clock::now();
  double elapsed_s = 0.0;
  while (elapsed_s < 0.2) {
    for (int k = 0; k < 256; ++k) {
      std::memset(picture.data(), k, bytes);
      sink = picture[static_cast<size_t>(k) % bytes];
    }
    fills += 256;
    elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
  }
  (void)sink;
  return static_cast<double>(fills) / elapsed_s;
}

struct StepRow {
  const char* name;
  int num_npcs = 20;
  bool with_image = false;
  double limit = 0.0;
  const char* map = nullptr;  // a shared one; the default town otherwise
};

BenchResult BenchSteps(const BenchOptions& options, const StepRow& row) {
  std::string map;
  if (row.map != nullptr) {
    map = SharedMap(row.map);
    if (!std::filesystem::exists(map)) {
      return NotMeasured(row.name, "env-steps/s", row.limit, map + " is not there");
    }
  }
  DrivenEnv driven(row.num_npcs, row.with_image, map);
  double npc_speed_sum_mps = 0.0;
  int64_t npc_samples = 0, steps = 0, same_frames = 0, triangles = 0, frames = 0;
  int most_triangles = 0;
  uint64_t last_hash = 0;
  const auto work = [&]() -> int64_t {
    constexpr int kBlock = 256;
    for (int i = 0; i < kBlock; ++i) {
      driven.Step();
      if (row.with_image) {
        // Every frame must be a new picture. A car that stands (behind a leader, at a junction)
        // among standing cars may see the same one twice.
        const uint64_t hash = HashBytes(driven.view().frame, kImagePixels);
        if (hash == last_hash && driven.view().facts[0].speed_mps > 0.01) ++same_frames;
        last_hash = hash;
        const int drawn = driven.env().last_triangles();
        triangles += drawn;
        most_triangles = std::max(most_triangles, drawn);
        ++frames;
      }
    }
    for (const VehicleState& npc : driven.env().world(0).npcs()) {
      npc_speed_sum_mps += npc.speed_mps;
      ++npc_samples;
    }
    steps += kBlock;
    return kBlock;
  };
  const std::vector<double> rates = MeasureRates(options, work);
  BenchResult result{.name = row.name, .value = Median(rates), .unit = "env-steps/s"};
  result.n = options.runs;
  result.limit = row.limit;
  result.note =
      fmt::format("mean NPC speed {:.1f} m/s, {} episodes",
                  npc_speed_sum_mps / static_cast<double>(npc_samples), driven.episodes());
  if (row.with_image) {
    result.ceiling = FillsPerSecond(kImagePixels);
    result.note += fmt::format(
        ", {} of {} moving frames repeated; {:.0f} triangles a frame, {} at most; the ceiling is a "
        "picture filled once",
        same_frames, steps, static_cast<double>(triangles) / static_cast<double>(frames),
        most_triangles);
  }
  return result;
}

}  // namespace

std::vector<Benchmark> WorldBenchmarks() {
  static constexpr StepRow kRows[] = {
      {.name = "world/npc20", .num_npcs = 20, .limit = 150000.0},
      {.name = "world/npc100", .num_npcs = 100, .limit = 50000.0},
      {.name = "camera/84x84/npc20", .num_npcs = 20, .with_image = true, .limit = 20000.0},
      {.name = "camera/84x84/npc100", .num_npcs = 100, .with_image = true, .limit = 12000.0},
      {.name = "camera/84x84/town01/npc20",
       .num_npcs = 20,
       .with_image = true,
       .limit = 20000.0,
       .map = "Town01.xodr"},
      {.name = "camera/84x84/town01/npc100",
       .num_npcs = 100,
       .with_image = true,
       .limit = 12000.0,
       .map = "Town01.xodr"},
      {.name = "camera/84x84/town04",
       .num_npcs = 20,
       .with_image = true,
       .limit = 12000.0,
       .map = "Town04.xodr"},
  };
  std::vector<Benchmark> benchmarks;
  for (const StepRow& row : kRows) {
    benchmarks.push_back(
        {row.name,
         row.with_image ? "full Env::Step with cars and the agent's picture"
                        : "full Env::Step with cars, no picture, one core",
         [&row](const BenchOptions& options) { return BenchSteps(options, row); }});
  }
  return benchmarks;
}

// RGB pictures for people from the expert's drive with 20 cars, the drive's time taken off.
BenchResult BenchCameraHd(const BenchOptions& options) {
  using Clock = std::chrono::steady_clock;
  constexpr int kWidth = 1280, kHeight = 720;
  DrivenEnv driven(20, false);
  Config config;
  const auto towns = LoadTown(config.env, true);
  Camera camera(towns->scene, CameraIntrinsics::ForPeople(kWidth, kHeight));
  std::vector<uint8_t> picture(size_t{3} * kWidth * kHeight);
  std::vector<double> rates;
  for (int run = 0; run <= options.runs; ++run) {
    int frames = 0;
    double drawing_s = 0.0;
    while (drawing_s < options.seconds) {
      for (int k = 0; k < 10; ++k) driven.Step();
      const World& world = driven.env().world(0);
      const Clock::time_point start = Clock::now();
      camera.RenderRgb(world.ego_ground_pose(), world.npcs(), picture.data());
      drawing_s += std::chrono::duration<double>(Clock::now() - start).count();
      ++frames;
    }
    if (run > 0) rates.push_back(frames / drawing_s);  // the first warms up
  }
  BenchResult result{.name = "camera/1280x720", .value = Median(rates), .unit = "frames/s"};
  result.n = options.runs;
  result.limit = 500.0;
  result.ceiling = FillsPerSecond(picture.size());
  result.note = fmt::format("RGB; {} triangles in the last frame", camera.last_triangles());
  return result;
}

BenchResult BenchMapTown04(const BenchOptions& options) {
  const std::string map = SharedMap("Town04.xodr");
  if (!std::filesystem::exists(map)) {
    return NotMeasured("map/town04", "s", 1.0, map + " is not there");
  }
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds, parse;
  for (int run = 0; run <= options.runs; ++run) {
    const Clock::time_point start = Clock::now();
    const auto network = RoadNetwork::LoadFile(map);
    const Clock::time_point read = Clock::now();
    const auto scene = Scene::Make(*network);
    if (run == 0) continue;
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    parse.push_back(std::chrono::duration<double>(read - start).count());
  }
  BenchResult result{.name = "map/town04", .value = Median(seconds), .unit = "s"};
  result.higher_is_better = false;
  result.n = options.runs;
  result.limit = 1.0;
  result.note = fmt::format("of it {:.3f} s to read the file and make lanes", Median(parse));
  return result;
}

}  // namespace volante
