// The workload of the simulator's benchmarks: a town, driven by the expert along test routes,
// resets included.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/driver.h"
#include "env/embedded_env.h"
#include "env/step_buffers.h"

namespace volante {

class DrivenEnv {
 public:
  // The default town, or the OpenDRIVE file `map`.
  DrivenEnv(int num_npcs, bool with_image, const std::string& map = "");

  // One control tick, with a reset where the episode ended.
  void Step();
  const StepView& view() const { return view_; }
  const EmbeddedEnv& env() const { return *env_; }
  bool just_reset() const { return just_reset_; }
  Action action() const { return action_; }
  int episodes() const { return episodes_; }

 private:
  void Begin();

  Config config_;
  std::unique_ptr<EmbeddedEnv> env_;
  std::unique_ptr<StepBuffers> buffers_;
  StepView view_;
  std::unique_ptr<Driver> driver_;
  Action action_;
  int episodes_ = 0;
  bool just_reset_ = true;
};

}  // namespace volante
