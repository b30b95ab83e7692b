// What `volante evaluate` is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"

namespace volante {

struct EvaluateFlags {
  std::vector<std::string> checkpoints;
  std::string which = "final", policy, map, preset, scenario, weather, suite = "standard",
              routes = "test", output_dir, json;
  std::vector<std::string> sets;
  int num_episodes = 20;
  uint64_t seed = 0;
  int threads = 0;
  bool blind = false, details = false, save_collisions = false;
};

void AddFlags(CLI::App& app, EvaluateFlags& flags);

// Refuses the one thing wrong with what was asked, if any, before anything is loaded.
void CheckFlags(const EvaluateFlags& flags);

// The flags as the report states them: name, value.
std::vector<std::pair<std::string, std::string>> SettingsOf(const EvaluateFlags& flags);

}  // namespace volante
