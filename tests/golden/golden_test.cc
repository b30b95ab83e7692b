// Drives on the built-in town whose bytes are committed: tests/golden/drives.txt. A change of one
// of them is a change of what every trained model and every committed figure was made with, so it
// needs a reason in the commit that makes it.
//
// Each drive has three hashes (XXH3), so that a difference says what changed:
//   poses   ego and NPCs after every tick, and the rewards: how the world moves
//   state   World::Hash() at the end: the saved bytes, so their format too
//   frames  what the agent's camera sees, every fifth tick
// sin, cos and exp of the C library differ between its versions and CPU levels
// (docs/determinism.md); the file holds one block for each that was measured, named by a hash of
// such values.
//
// The car is driven by the few lines below and by nothing of the program's, so that a better expert
// changes no golden value.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"

namespace volante {
namespace {

constexpr const char* kFile = VOLANTE_SOURCE_DIR "/tests/golden/drives.txt";
constexpr const char* kRegenerate =
    "if the change is meant: VOLANTE_GOLDEN=write build/golden_test, and give the reason in the "
    "commit message";
constexpr int kTicks = 300;

struct Case {
  const char* name;
  Scenario scenario;
  Suite suite;
  uint64_t seed;
};
constexpr Case kCases[] = {
    {"empty_1", Scenario::kEmpty, Suite::kStandard, 1},
    {"light_2", Scenario::kLight, Suite::kStandard, 2},
    {"medium_3", Scenario::kMedium, Suite::kStandard, 3},
    {"heavy_4", Scenario::kHeavy, Suite::kStandard, 4},
    {"heavy_5", Scenario::kHeavy, Suite::kStandard, 5},
    {"contested_6", Scenario::kEmpty, Suite::kContested, 6},
    {"contested_7", Scenario::kLight, Suite::kContested, 7},
};

// Which C library this is, as far as the drives can tell.
std::string MathLibrary() {
  std::vector<double> values;
  for (int i = 1; i < 4000; ++i) {
    const double x = 0.00271828 * i;
    for (const double v : {std::sin(x), std::cos(x), std::tan(x), std::atan(x), std::exp(-x),
                           std::log(x), std::pow(x, 4.0), std::atan2(x, 3.0)}) {
      values.push_back(v);
    }
  }
  char text[20];
  std::snprintf(
      text, sizeof text, "%016llx",
      static_cast<unsigned long long>(HashBytes(values.data(), values.size() * sizeof(double))));
  return text;
}

// Pure pursuit 8 m ahead, at most 7 m/s, with a gap of 4 m and a second to what is in the way.
Action Steer(const DriveFacts& f) {
  const Vec2 p = f.route_points_m[3];
  const double angle = std::atan(3.005 * 2.0 * p.y / std::max(1.0, Dot(p, p)));
  double wanted = std::min(7.0, f.curve_speed_mps);
  wanted = std::min(wanted, std::max(0.0, f.lead_gap_m - 4.0));
  wanted = std::min(wanted, std::max(0.0, f.yield_distance_m - 1.0));
  return {static_cast<float>(std::clamp(angle / 0.5, -1.0, 1.0)),
          static_cast<float>(std::clamp(0.4 * (wanted - f.speed_mps), -1.0, 1.0))};
}

class Hasher {
 public:
  void Add(double value) { values_.push_back(value); }
  uint64_t value() const { return HashBytes(values_.data(), values_.size() * sizeof(double)); }

 private:
  std::vector<double> values_;
};

struct Hashes {
  uint64_t poses = 0, state = 0, frames = 0;
  int ticks = 0;  // an episode may end before kTicks
};

Hashes Drive(const Case& c) {
  static const auto town = LoadTown(EnvConfig{}, true);
  EmbeddedEnv env(town, Config{}, 1);
  StepBuffers buffers(env.traits());
  const StepView view = buffers.view();
  const ResetRequest request{.seed = c.seed,
                             .scenario = c.scenario,
                             .suite = c.suite,
                             .route_set = RouteSet::kTest,
                             .route_index = static_cast<int>(c.seed)};
  env.Reset({&request, 1}, view);
  Hasher poses;
  Hashes hashes;
  while (view.facts[0].status == Status::kRunning && hashes.ticks < kTicks) {
    const Action action = Steer(view.facts[0]);
    env.Step({&action, 1}, view);
    ++hashes.ticks;
    const EgoState& ego = env.world(0).ego();
    for (const double v : {ego.position_m.x, ego.position_m.y, ego.heading_rad, ego.speed_mps,
                           static_cast<double>(view.reward[0])}) {
      poses.Add(v);
    }
    for (const VehicleState& npc : env.world(0).npcs()) {
      for (const double v : {npc.position_m.x, npc.position_m.y, npc.heading_rad, npc.speed_mps}) {
        poses.Add(v);
      }
    }
    if (hashes.ticks % 5 == 0) hashes.frames = HashBytes(view.frame, kImagePixels, hashes.frames);
  }
  hashes.poses = poses.value();
  hashes.state = env.world(0).Hash();
  return hashes;
}

std::string Line(const Case& c, const Hashes& h) {
  char text[160];
  std::snprintf(text, sizeof text, "%-12s ticks %3d poses %016llx state %016llx frames %016llx",
                c.name, h.ticks, static_cast<unsigned long long>(h.poses),
                static_cast<unsigned long long>(h.state),
                static_cast<unsigned long long>(h.frames));
  return text;
}

// math library -> its lines.
std::map<std::string, std::vector<std::string>> ReadFile() {
  std::map<std::string, std::vector<std::string>> blocks;
  std::ifstream in(kFile);
  std::string line, block;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("libm ")) {
      block = line.substr(5);
    } else {
      blocks[block].push_back(line);
    }
  }
  return blocks;
}

void WriteFile(const std::map<std::string, std::vector<std::string>>& blocks) {
  std::ofstream out(kFile);
  out << "# Golden hashes of drives on the built-in town (tests/golden/golden_test.cc). A value\n"
         "# needs a reason to change: name it in the commit.\n";
  for (const auto& [library, lines] : blocks) {
    out << "libm " << library << "\n";
    for (const std::string& line : lines) out << line << "\n";
  }
}

TEST(Golden, DrivesAreTheCommittedOnes) {
  std::vector<std::string> lines;
  for (const Case& c : kCases) lines.push_back(Line(c, Drive(c)));
  auto blocks = ReadFile();
  const std::string library = MathLibrary();
  const char* mode = std::getenv("VOLANTE_GOLDEN");
  if (mode != nullptr && std::string(mode) == "write") {
    blocks[library] = lines;
    WriteFile(blocks);
    return;
  }
  ASSERT_FALSE(blocks.empty()) << kFile << " is not there";
  if (!blocks.contains(library)) {
    GTEST_SKIP() << "no golden drives for this C library and CPU (" << library
                 << "); VOLANTE_GOLDEN=write build/golden_test adds them";
  }
  const std::vector<std::string>& golden = blocks[library];
  ASSERT_EQ(golden.size(), lines.size()) << kRegenerate;
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i], golden[i]) << kRegenerate;
}

// Without this the test above could pass on values that nothing depends on.
TEST(Golden, EveryHashDependsOnTheDrive) {
  const Hashes a = Drive({"", Scenario::kLight, Suite::kStandard, 11});
  const Hashes b = Drive({"", Scenario::kLight, Suite::kStandard, 12});
  const Hashes again = Drive({"", Scenario::kLight, Suite::kStandard, 11});
  EXPECT_NE(a.poses, b.poses);
  EXPECT_NE(a.state, b.state);
  EXPECT_NE(a.frames, b.frames);
  EXPECT_EQ(a.poses, again.poses);
  EXPECT_EQ(a.state, again.state);
  EXPECT_EQ(a.frames, again.frames);
}

}  // namespace
}  // namespace volante
