// Scripted drivers: the expert that shows the task can be won, and the baselines below it.
// They read DriveFacts alone, so they drive in every simulator. One driver per world; the only
// state is the lane that `idm_mobil` chose, the random stream of `random` and the integrals of
// `pid_pursuit`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "env_api/env.h"

namespace volante {

class Driver {
 public:
  virtual ~Driver() = default;
  virtual void Begin(uint64_t episode_seed) = 0;
  virtual Action Act(const DriveFacts& facts) = 0;
};

// idm_mobil: IDM speed, MOBIL lane choice, waits at junctions, pure pursuit steering (the expert).
// pid_pursuit: PID on the speed error (kp 0.50, ki 0.30, kd 0.13), pure pursuit, blind to others.
// straight: constant 6 m/s, never steers. random: uniform actions, throttle biased forward.
// Error(kUsage) with the nearest name for any other.
std::unique_ptr<Driver> MakeDriver(std::string_view name, const EgoConfig& ego);
// idm_mobil without its choice of lanes, for students: no observation shows the lanes beside the
// route, and it keeps nothing between ticks, so that one may answer for many worlds.
std::unique_ptr<Driver> MakeRouteKeeper(const EgoConfig& ego);
std::vector<std::string> DriverNames();

// How far along the route pure pursuit looks, and the steering in [-1, 1] that follows it, aside_m
// to the left of its lane's centre there; shared by the drivers.
double PursuitDistance_m(double speed_mps);
double PurePursuitSteer(const DriveFacts& facts, const EgoConfig& ego, double aside_m = 0.0);

}  // namespace volante
