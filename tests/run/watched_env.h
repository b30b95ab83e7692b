// Passes everything on to another environment, and lets a test look at what is asked of it and
// spoil what comes out.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "env_api/env.h"

namespace volante {

class WatchedEnv : public Env {
 public:
  struct Hooks {
    std::function<void(std::span<const ResetRequest>)> on_reset{};  // before it
    std::function<void(int step, StepView&)> on_step{};             // after it; steps count from 1
  };
  WatchedEnv(std::unique_ptr<Env> inner, Hooks hooks)
      : inner_(std::move(inner)), hooks_(std::move(hooks)) {}
  const EnvTraits& traits() const override { return inner_->traits(); }
  void Reset(std::span<const ResetRequest> requests, StepView out) override {
    if (hooks_.on_reset) hooks_.on_reset(requests);
    inner_->Reset(requests, out);
  }
  void Step(std::span<const Action> actions, StepView out) override {
    inner_->Step(actions, out);
    if (hooks_.on_step) hooks_.on_step(++steps_, out);
  }
  std::vector<uint8_t> Save(int world) override { return inner_->Save(world); }
  void Load(int world, std::span<const uint8_t> bytes) override { inner_->Load(world, bytes); }

 private:
  std::unique_ptr<Env> inner_;
  Hooks hooks_;
  int steps_ = 0;
};

// Keeps every reset that is asked for.
inline WatchedEnv::Hooks KeepResets(std::vector<ResetRequest>& asked) {
  return {.on_reset = [&asked](std::span<const ResetRequest> requests) {
    asked.insert(asked.end(), requests.begin(), requests.end());
  }};
}

}  // namespace volante
