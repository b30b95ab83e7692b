#include "bench/driven_env.h"

#include "base/random.h"
#include "env/make_env.h"

namespace volante {

DrivenEnv::DrivenEnv(int num_npcs, bool with_image, const std::string& map) {
  config_.env.map = map;
  config_.env.npc_count = num_npcs;
  config_.observation.mode = with_image ? ObservationMode::kCameraVector : ObservationMode::kVector;
  env_ = std::make_unique<EmbeddedEnv>(LoadTownsFor(config_), config_, 1);
  buffers_ = std::make_unique<StepBuffers>(env_->traits());
  view_ = buffers_->view();
  driver_ = MakeDriver("idm_mobil", config_.ego);
  Begin();
}

void DrivenEnv::Begin() {
  const ResetRequest reset{.world = 0,
                           .seed = RandomStream(1, "bench", episodes_).NextUint64(),
                           .route_set = RouteSet::kTest,
                           .route_index = episodes_};
  env_->Reset({&reset, 1}, view_);
  driver_->Begin(reset.seed);
  ++episodes_;
  just_reset_ = true;
}

void DrivenEnv::Step() {
  if (view_.facts[0].status != Status::kRunning) {
    Begin();
    return;
  }
  action_ = driver_->Act(view_.facts[0]);
  env_->Step({&action_, 1}, view_);
  just_reset_ = false;
}

}  // namespace volante
