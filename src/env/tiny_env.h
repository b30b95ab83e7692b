// A scripted world small enough to learn in seconds: a kinematic car on a straight road of 60 m,
// optionally with a drawn 84x84 picture. Same interface, same observation layout, same outcomes as
// the embedded simulator; used by the tests of the learner, the trainer and exact resume.
#pragma once

#include <vector>

#include "base/random.h"
#include "env_api/env.h"

namespace volante {

class TinyEnv : public Env {
 public:
  static constexpr double kRoad_m = 60.0;
  static constexpr int kMaxTicks = 200;

  // The reward is its own: the sections reward and shaping have no effect here.
  TinyEnv(int num_worlds, ObservationShape shape);

  const EnvTraits& traits() const override { return traits_; }
  // seed decides the start's offset and heading; scenario, route and spread are ignored.
  void Reset(std::span<const ResetRequest> requests, StepView out) override;
  void Step(std::span<const Action> actions, StepView out) override;
  std::vector<uint8_t> Save(int world) override;
  void Load(int world, std::span<const uint8_t> bytes) override;

 private:
  struct Car {
    double x_m = 0.0, y_m = 0.0, heading_rad = 0.0, speed_mps = 0.0;
    Action previous_action;
    int tick = 0;
    Status status = Status::kTerminated;
    Outcome outcome = Outcome::kNone;

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("x_m", x_m);
      ar("y_m", y_m);
      ar("heading_rad", heading_rad);
      ar("speed_mps", speed_mps);
      ar("previous_action", previous_action);
      ar("tick", tick);
      ar("status", status);
      ar("outcome", outcome);
    }
  };
  static void FillFacts(const Car& car, DriveFacts& facts);
  static void Draw(const Car& car, uint8_t* frame);
  void Observe(int world, StepView out);

  ObservationShape shape_;
  EnvTraits traits_;
  std::vector<Car> cars_;
};

}  // namespace volante
