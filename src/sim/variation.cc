#include "sim/variation.h"

#include <algorithm>

#include "base/random.h"

namespace volante {

EgoVariation DrawEgo(const RandomisationConfig& config, uint64_t seed) {
  EgoVariation ego;
  if (!config.enabled) return ego;
  RandomStream random(seed, "dynamics of the episode");
  const auto about_one = [&](double deviation) {
    return random.Uniform(1.0 - deviation, 1.0 + deviation);
  };
  ego.mass_scale = about_one(config.dynamics_mass);
  ego.friction_scale = random.Uniform(config.dynamics_friction_min, config.dynamics_friction_max) /
                       SingleTrackParams{}.friction;
  ego.steer_gain = about_one(config.dynamics_steer_gain);
  ego.steer_lag_s =
      random.Uniform(config.dynamics_steer_lag_min_s, config.dynamics_steer_lag_max_s);
  ego.throttle_gain = about_one(config.dynamics_throttle_gain);
  ego.action_delay_ticks =
      static_cast<int>(random.Below(static_cast<uint64_t>(config.dynamics_action_delay_ticks) + 1));
  return ego;
}

NpcRanges DrawDrivers(const NpcConfig& npc, const RandomisationConfig& config, uint64_t seed) {
  NpcRanges ranges = NpcRanges::Of(npc);
  if (!config.enabled) return ranges;
  RandomStream random(seed, "drivers of the episode");
  ranges.time_gap_min_s = config.traffic_time_gap_min_s;
  ranges.time_gap_max_s = config.traffic_time_gap_max_s;
  ranges.speed_factor_min = config.traffic_speed_min;
  ranges.speed_factor_max = config.traffic_speed_max;
  ranges.accel_min_mps2 = config.traffic_accel_min_mps2;
  ranges.accel_max_mps2 = config.traffic_accel_max_mps2;
  ranges.politeness_min = 0.0;
  ranges.politeness_max = config.traffic_politeness_max;
  ranges.van_share = random.Uniform(0.0, config.traffic_van_share_max);
  ranges.truck_share = random.Uniform(0.0, config.traffic_truck_share_max);
  ranges.two_wheeler_share = random.Uniform(0.0, config.traffic_two_wheeler_share_max);
  return ranges;
}

NpcConfig WidestTraffic(const NpcConfig& npc, const RandomisationConfig& config) {
  NpcConfig widest = npc;
  if (config.enabled) {
    widest.truck_share = std::max(widest.truck_share, config.traffic_truck_share_max);
  }
  return widest;
}

}  // namespace volante
