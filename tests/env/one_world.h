// An environment of one world with its buffers, as tests drive it tick by tick.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "env/embedded_env.h"
#include "env/step_buffers.h"

namespace volante {

struct OneWorld {
  Config config;
  EmbeddedEnv env;
  StepBuffers buffers;
  StepView view;

  // `where`: a town, or the towns of a configuration.
  template <class Where>
  OneWorld(std::shared_ptr<Where> where, const Config& c)
      : config(c), env(std::move(where), c, 1), buffers(env.traits()), view(buffers.view()) {}
  void Reset(ResetRequest request) { env.Reset({&request, 1}, view); }
  void Step(Action action) { env.Step({&action, 1}, view); }
  const DriveFacts& facts() const { return view.facts[0]; }
  bool running() const { return facts().status == Status::kRunning; }
  std::vector<uint8_t> Frame() const { return {view.frame, view.frame + kImagePixels}; }
};

}  // namespace volante
