// One explicit table from a configuration to an environment.
#pragma once

#include <memory>

#include "env/town.h"
#include "env_api/env.h"

namespace volante {

// The name of the scripted test world in env.town (env/tiny_env.h); every other name is a town.
inline constexpr const char* kTinyTown = "tiny";

// What env.town or env.map needs before worlds can be made of it: null for the scripted world.
std::shared_ptr<Towns> LoadTownsFor(const Config& config);

// `towns` is what LoadTownsFor gave; several environments share it.
std::unique_ptr<Env> MakeEnv(std::shared_ptr<Towns> towns, const Config& config, int num_worlds);

}  // namespace volante
