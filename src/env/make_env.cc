#include "env/make_env.h"

#include "env/embedded_env.h"
#include "env/tiny_env.h"

namespace volante {
namespace {

bool WantsTiny(const Config& config) {
  return config.env.map.empty() && config.env.town == kTinyTown;
}

}  // namespace

std::shared_ptr<Towns> LoadTownsFor(const Config& config) {
  if (WantsTiny(config)) return nullptr;
  return std::make_shared<Towns>(config.env, HasImage(config.observation.mode));
}

std::unique_ptr<Env> MakeEnv(std::shared_ptr<Towns> towns, const Config& config, int num_worlds) {
  if (WantsTiny(config)) return std::make_unique<TinyEnv>(num_worlds, config.observation);
  return std::make_unique<EmbeddedEnv>(std::move(towns), config, num_worlds);
}

}  // namespace volante
