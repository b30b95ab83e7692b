#include "env/tiny_env.h"

#include <algorithm>
#include <cmath>

#include "base/archive.h"
#include "base/error.h"
#include "env/observation.h"

namespace volante {

TinyEnv::TinyEnv(int num_worlds, ObservationShape shape)
    : shape_(shape), cars_(static_cast<size_t>(num_worlds)) {
  traits_.num_worlds = num_worlds;
  traits_.has_image = HasImage(shape);
  traits_.vector_size = VectorSize(shape);
  traits_.can_snapshot = true;
  traits_.deterministic = true;
  traits_.reward_parts = {"progress", "lateral", "end"};
}

void TinyEnv::Reset(std::span<const ResetRequest> requests, StepView out) {
  for (const ResetRequest& request : requests) {
    RandomStream random(request.seed, "tiny");
    Car& car = cars_[static_cast<size_t>(request.world)];
    car = Car{};
    car.y_m = random.Uniform(-1.0, 1.0);
    car.heading_rad = random.Uniform(-0.1, 0.1);
    car.status = Status::kRunning;
    out.facts[request.world] = DriveFacts{};
    FillFacts(car, out.facts[request.world]);
    out.reward[request.world] = 0.0f;
    Observe(request.world, out);
  }
}

void TinyEnv::Step(std::span<const Action> actions, StepView out) {
  VOLANTE_CHECK(static_cast<int>(actions.size()) == traits_.num_worlds, "one action per world");
  for (int w = 0; w < traits_.num_worlds; ++w) {
    Car& car = cars_[static_cast<size_t>(w)];
    VOLANTE_CHECK(car.status == Status::kRunning, "Step on a world that has ended; Reset it first");
    const Action action = actions[w];
    if (!std::isfinite(action.steer) || !std::isfinite(action.throttle)) {
      throw Error(ExitCode::kHealthHalt, "action is not finite", "world " + std::to_string(w), "",
                  "the policy is broken: resume from an earlier checkpoint");
    }
    const double before_m = car.x_m;
    const double pedal = std::clamp(static_cast<double>(action.throttle), -1.0, 1.0);
    const double steer = std::clamp(static_cast<double>(action.steer), -1.0, 1.0);
    car.speed_mps = std::clamp(car.speed_mps + 4.0 * pedal * kTickSeconds, 0.0, 10.0);
    car.heading_rad += car.speed_mps * 0.1 * steer * kTickSeconds;
    car.x_m += car.speed_mps * std::cos(car.heading_rad) * kTickSeconds;
    car.y_m += car.speed_mps * std::sin(car.heading_rad) * kTickSeconds;
    ++car.tick;
    if (std::abs(car.y_m) > 2.5) {
      car.outcome = Outcome::kOffLane;
      car.status = Status::kTerminated;
    } else if (car.x_m >= kRoad_m - 3.0) {
      car.outcome = Outcome::kSuccess;
      car.status = Status::kTerminated;
    } else if (car.tick >= kMaxTicks) {
      car.outcome = Outcome::kTimeout;
      car.status = Status::kTruncated;
    }

    DriveFacts& facts = out.facts[w];
    facts.action = action;
    facts.previous_action = car.previous_action;
    facts.progress_m = car.x_m - before_m;
    facts.off_lane = car.outcome == Outcome::kOffLane;
    car.previous_action = action;
    FillFacts(car, facts);
    const float parts[] = {static_cast<float>(2.0 * facts.progress_m),
                           static_cast<float>(-0.2 * std::abs(car.y_m)),
                           car.outcome == Outcome::kOffLane   ? -20.0f
                           : car.outcome == Outcome::kSuccess ? 10.0f
                                                              : 0.0f};
    out.reward[w] = parts[0] + parts[1] + parts[2];
    std::copy(std::begin(parts), std::end(parts), out.reward_parts + 3 * w);
    Observe(w, out);
  }
}

void TinyEnv::FillFacts(const Car& car, DriveFacts& facts) {
  facts.position_m = {car.x_m, car.y_m};
  facts.heading_rad = facts.heading_error_rad = car.heading_rad;
  facts.speed_mps = car.speed_mps;
  facts.lateral_offset_m = car.y_m;
  facts.route_s_m = std::clamp(car.x_m, 0.0, kRoad_m);
  facts.route_length_m = kRoad_m;
  facts.speed_limit_mps = 10.0;
  for (int k = 0; k < kRoutePoints; ++k) {
    const double s_m = std::min(car.x_m + kRoutePointSpacing_m * (k + 1), kRoad_m);
    facts.route_points_m[k] = LocalFromWorld({facts.position_m, car.heading_rad}, {s_m, 0.0});
  }
  facts.tick = car.tick;
  facts.status = car.status;
  facts.outcome = car.outcome;
}

// Sky above the horizon, road below; the lane's centre line as a bright column that leans with the
// heading and moves with the offset.
void TinyEnv::Draw(const Car& car, uint8_t* frame) {
  for (int v = 0; v < kImageSide; ++v) {
    for (int u = 0; u < kImageSide; ++u) {
      uint8_t value = 200;
      if (v >= 42) {
        const double depth_m = 1.5 * 56.0 / (v - 41.5);
        const double left_m = (42.0 - (u + 0.5)) / 42.0 * depth_m;
        const double lateral_m =
            left_m * std::cos(car.heading_rad) + depth_m * std::sin(car.heading_rad) + car.y_m;
        value = std::abs(lateral_m) < 0.2 ? 250 : std::abs(lateral_m) < 3.0 ? 90 : 60;
      }
      frame[v * kImageSide + u] = value;
    }
  }
}

void TinyEnv::Observe(int world, StepView out) {
  WriteNumbers(shape_, world, out);
  if (traits_.has_image && out.frame != nullptr) {
    Draw(cars_[static_cast<size_t>(world)], out.frame + static_cast<size_t>(world) * kImagePixels);
  }
}

std::vector<uint8_t> TinyEnv::Save(int world) {
  return SaveState(cars_[static_cast<size_t>(world)]);
}

void TinyEnv::Load(int world, std::span<const uint8_t> bytes) {
  LoadState(bytes, cars_[static_cast<size_t>(world)], "state of world " + std::to_string(world));
}

}  // namespace volante
