#include "run/mean_image.h"

#include <set>

#include "base/error.h"
#include "run/evaluation.h"
#include "run/policy.h"

namespace volante {
namespace {

// Drives as another policy does and sums what its camera sees, each episode once: Evaluate drives
// the first one again in worlds that have nothing left to do. Whole numbers, so the order in which
// episodes end does not matter.
class Spectator : public Policy {
 public:
  Spectator(std::unique_ptr<Policy> driver, int num_worlds)
      : driver_(std::move(driver)), worlds_(static_cast<size_t>(num_worlds)) {}

  std::string name() const override { return driver_->name(); }
  void Begin(int world, uint64_t seed, const StepView& view) override {
    driver_->Begin(world, seed, view);
    World& w = worlds_[static_cast<size_t>(world)];
    w.seed = seed;
    w.sum.assign(kImagePixels, 0);
    w.frames = 0;
    Add(w, view.frame + static_cast<size_t>(world) * kImagePixels);
  }
  void Observe(const StepView& view) override {
    driver_->Observe(view);
    for (size_t i = 0; i < worlds_.size(); ++i) {
      World& w = worlds_[i];
      Add(w, view.frame + i * kImagePixels);
      const Status status = view.facts[i].status;
      if (status == Status::kRunning || status == Status::kInvalid) continue;
      if (!counted_.insert(w.seed).second) continue;
      for (size_t k = 0; k < total_.size(); ++k) total_[k] += w.sum[k];
      frames_ += w.frames;
    }
  }
  void Act(const StepView& view, std::span<Action> actions) override {
    driver_->Act(view, actions);
  }

  std::vector<uint8_t> Mean() const {
    VOLANTE_CHECK(frames_ > 0, "the expert saw something");
    std::vector<uint8_t> mean(kImagePixels);
    for (size_t k = 0; k < mean.size(); ++k) {
      mean[k] = static_cast<uint8_t>((total_[k] + frames_ / 2) / frames_);
    }
    return mean;
  }

 private:
  struct World {
    uint64_t seed = 0, frames = 0;
    std::vector<uint32_t> sum;  // of the running episode
  };
  static void Add(World& w, const uint8_t* frame) {
    for (size_t k = 0; k < w.sum.size(); ++k) w.sum[k] += frame[k];
    ++w.frames;
  }

  std::unique_ptr<Policy> driver_;
  std::vector<World> worlds_;
  std::set<uint64_t> counted_;
  std::vector<uint64_t> total_ = std::vector<uint64_t>(kImagePixels, 0);
  uint64_t frames_ = 0;
};

}  // namespace

std::vector<uint8_t> MeanImage(Env& env, const Config& config, Scenario scenario, uint64_t seed) {
  VOLANTE_CHECK(env.traits().has_image, "a mean image needs a camera");
  const int num_worlds = env.traits().num_worlds;
  Spectator spectator(MakeDriverPolicy("idm_mobil", config, num_worlds), num_worlds);
  Evaluate(env, spectator,
           {.route_set = RouteSet::kValidation,
            .scenario = scenario,
            .num_episodes = kMeanImageRoutes,
            .seed = seed,
            .on_episode = {}});
  return spectator.Mean();
}

}  // namespace volante
