#include "env/driver.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "env/lane_choice.h"
#include "sim/ego.h"
#include "sim/idm.h"

namespace volante {
namespace {

constexpr double kCruise_mps = 8.33;

// The pedal whose acceleration at this speed is nearest to the wanted one. The map is strictly
// increasing (sim/ego.h), so bisection finds it.
double PedalFor(double accel_mps2, double speed_mps, const EgoParams& params) {
  double low = -1.0, high = 1.0;
  for (int i = 0; i < 20; ++i) {
    const double middle = 0.5 * (low + high);
    (PedalAcceleration(speed_mps, middle, params) < accel_mps2 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

class ExpertDriver : public Driver {
 public:
  ExpertDriver(const EgoConfig& ego, bool chooses_lanes)
      : ego_(ego), params_(MakeEgoParams(ego)), chooses_lanes_(chooses_lanes) {}
  void Begin(uint64_t) override { choice_.Begin(); }

  Action Act(const DriveFacts& f) override {
    const double wanted = std::min({kCruise_mps, f.speed_limit_mps, f.curve_speed_mps});
    const IdmParams idm{.desired_speed_mps = std::max(wanted, 0.5),
                        .time_gap_s = 1.2,
                        .standstill_gap_m = 2.5,
                        .max_accel_mps2 = 2.5,
                        .comfortable_decel_mps2 = 2.5};
    const double v = f.speed_mps;
    // Above the wanted speed the quartic term brakes like an emergency: settle gently instead.
    double accel = v <= idm.desired_speed_mps
                       ? idm.max_accel_mps2 * IdmFreeRoad(v, idm.desired_speed_mps)
                       : std::max(-2.0 * (v - idm.desired_speed_mps), -3.0);
    if (chooses_lanes_) choice_.Decide(f, idm);
    double others = choice_.LargestShare(f, idm);
    if (f.lead_gap_m < kFar) {
      others = std::max(others, IdmInteraction(v, f.lead_speed_mps, f.lead_gap_m, idm));
    }
    if (f.yield_distance_m < kFar) {  // a standing car whose rear is 2 m beyond the line
      others = std::max(others, IdmInteraction(v, 0.0, f.yield_distance_m + 2.0, idm));
    }
    accel = std::clamp(accel - idm.max_accel_mps2 * others, -8.0, 3.0);
    // The brake that holds a standing car: no creeping behind a leader.
    const double pedal = v < 0.05 && accel <= 0.0 ? -0.3 : PedalFor(accel, v, params_);
    const double aside_m = choice_.OffsetAhead_m(f, PursuitDistance_m(v));
    return {static_cast<float>(PurePursuitSteer(f, ego_, aside_m)), static_cast<float>(pedal)};
  }

 private:
  EgoConfig ego_;
  EgoParams params_;
  bool chooses_lanes_ = true;
  LaneChoice choice_;
};

class PidDriver : public Driver {
 public:
  explicit PidDriver(const EgoConfig& ego) : ego_(ego) {}
  void Begin(uint64_t) override { integral_ = last_error_ = 0.0; }

  Action Act(const DriveFacts& f) override {
    const double wanted = std::min({kCruise_mps, f.speed_limit_mps, f.curve_speed_mps});
    const double error = wanted - f.speed_mps;
    integral_ = std::clamp(integral_ + error * kTickSeconds, -3.0, 3.0);
    const double slope = f.tick > 0 ? (error - last_error_) / kTickSeconds : 0.0;
    last_error_ = error;
    const double pedal = std::clamp(0.50 * error + 0.30 * integral_ + 0.13 * slope, -1.0, 1.0);
    return {static_cast<float>(PurePursuitSteer(f, ego_)), static_cast<float>(pedal)};
  }

 private:
  EgoConfig ego_;
  double integral_ = 0.0, last_error_ = 0.0;
};

class StraightDriver : public Driver {
 public:
  explicit StraightDriver(const EgoConfig& ego) : params_(MakeEgoParams(ego)) {}
  void Begin(uint64_t) override {}
  Action Act(const DriveFacts& f) override {
    return {0.0f, static_cast<float>(PedalFor(6.0 - f.speed_mps, f.speed_mps, params_))};
  }

 private:
  EgoParams params_;
};

class RandomDriver : public Driver {
 public:
  void Begin(uint64_t episode_seed) override { random_ = RandomStream(episode_seed, "driver"); }
  Action Act(const DriveFacts&) override {
    const float steer = static_cast<float>(random_.Uniform(-1.0, 1.0));
    return {steer, static_cast<float>(random_.Uniform(-0.3, 1.0))};
  }

 private:
  RandomStream random_;
};

}  // namespace

double PursuitDistance_m(double speed_mps) { return std::clamp(2.5 + 0.35 * speed_mps, 3.0, 7.0); }

// Coulter, "Implementation of the Pure Pursuit Path Tracking Algorithm" (CMU 1992): the arc from
// the rear axle through a point of the path.
double PurePursuitSteer(const DriveFacts& f, const EgoConfig& ego, double aside_m) {
  const EgoParams params = MakeEgoParams(ego);
  const double wheelbase_m = params.track.wheelbase_m();
  const double at = PursuitDistance_m(f.speed_mps) /
                    kRoutePointSpacing_m;  // between points floor(at) and floor(at) + 1
  const int below = static_cast<int>(at);
  const double share = at - below;
  const Vec2 a = f.route_points_m[static_cast<size_t>(std::max(below - 1, 0))];
  const Vec2 b = f.route_points_m[static_cast<size_t>(below)];
  Vec2 target = a * (1.0 - share) + b * share;
  if (const Vec2 along = b - a; aside_m != 0.0 && Dot(along, along) > 0.0) {
    target = target + Vec2{-along.y, along.x} * (aside_m / std::sqrt(Dot(along, along)));
  }
  const Vec2 from_axle{target.x + params.track.cg_to_rear_axle_m, target.y};
  const double curvature = 2.0 * from_axle.y / std::max(Dot(from_axle, from_axle), 1.0);
  const double angle = std::atan(wheelbase_m * curvature);
  return std::clamp(angle / params.SteerLockAt(f.speed_mps), -1.0, 1.0);
}

std::unique_ptr<Driver> MakeRouteKeeper(const EgoConfig& ego) {
  return std::make_unique<ExpertDriver>(ego, false);
}

std::vector<std::string> DriverNames() {
  return {"idm_mobil", "pid_pursuit", "straight", "random"};
}

std::unique_ptr<Driver> MakeDriver(std::string_view name, const EgoConfig& ego) {
  if (name == "idm_mobil") return std::make_unique<ExpertDriver>(ego, true);
  if (name == "pid_pursuit") return std::make_unique<PidDriver>(ego);
  if (name == "straight") return std::make_unique<StraightDriver>(ego);
  if (name == "random") return std::make_unique<RandomDriver>();
  std::string names;
  for (const std::string& known : DriverNames()) names += (names.empty() ? "" : ", ") + known;
  throw Error(ExitCode::kUsage, "unknown driver", std::string(name), "known are " + names,
              "choose one of them");
}

}  // namespace volante
