// The default town and a configuration without camera, as the environment's tests drive them.
#pragma once

#include <memory>

#include "config/config.h"
#include "env/embedded_env.h"

namespace volante {

inline std::shared_ptr<const Town> DefaultTown() {
  static const auto town = LoadTown(EnvConfig{}, false);
  return town;
}

inline Config VectorConfig() {
  Config config;
  config.observation.mode = ObservationMode::kVector;
  return config;
}

}  // namespace volante
