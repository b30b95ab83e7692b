#include "run/policy.h"

#include <algorithm>

#include "base/error.h"

namespace volante {
namespace {

class NetworkPolicy : public Policy {
 public:
  NetworkPolicy(Td3Learner& learner, const Config& config, int num_worlds, std::string label)
      : learner_(learner),
        label_(std::move(label)),
        num_worlds_(num_worlds),
        has_image_(HasImage(config.observation.mode)),
        has_critic_(!config.imitation.on()),
        memory_(learner.NewMemory(num_worlds)) {
    if (has_image_) {
      history_ =
          FrameHistory(num_worlds, config.observation.frame_stride, config.observation.frame_stack);
      images_.resize(static_cast<size_t>(num_worlds) * kFrameStack * kImagePixels);
    }
  }

  std::string name() const override { return label_; }
  void Begin(int world, uint64_t, const StepView& view) override {
    if (has_image_) history_.Begin(world, view.frame + static_cast<size_t>(world) * kImagePixels);
    memory_.Reset(world);
  }
  void Observe(const StepView& view) override {
    for (int w = 0; has_image_ && w < num_worlds_; ++w) {
      history_.Push(w, view.frame + static_cast<size_t>(w) * kImagePixels);
    }
  }
  // What is seen instead of the camera's frames from now on.
  void Blind(std::span<const uint8_t> picture) {
    VOLANTE_CHECK(has_image_ && picture.size() == kImagePixels, "a picture of 84 x 84");
    blind_ = true;
    for (size_t at = 0; at < images_.size(); at += kImagePixels) {
      std::copy(picture.begin(), picture.end(), images_.begin() + static_cast<ptrdiff_t>(at));
    }
  }
  void Act(const StepView& view, std::span<Action> actions) override {
    for (int w = 0; has_image_ && !blind_ && w < num_worlds_; ++w) {
      history_.WriteStack(w, images_.data() + static_cast<size_t>(w) * kFrameStack * kImagePixels);
    }
    learner_.Act(has_image_ ? images_.data() : nullptr, view.vector, num_worlds_, &actions[0].steer,
                 &memory_);
  }
  std::vector<float> Q(const StepView& view, std::span<const Action> actions) override {
    if (!has_critic_) return {};
    std::vector<float> q(static_cast<size_t>(num_worlds_));
    learner_.EvaluateQ(has_image_ ? images_.data() : nullptr, view.vector, &actions[0].steer,
                       num_worlds_, q.data(), &memory_);
    return q;
  }

 private:
  Td3Learner& learner_;
  std::string label_;
  int num_worlds_;
  bool has_image_;
  bool has_critic_;  // an imitation's was never trained
  bool blind_ = false;
  ActingMemory memory_;
  FrameHistory history_;
  std::vector<uint8_t> images_;  // [N, 4, 84, 84]
};
static_assert(sizeof(Action) == kActionSize * sizeof(float), "actions are read as [N, 2] floats");

class DriverPolicy : public Policy {
 public:
  DriverPolicy(std::string_view driver, const Config& config, int num_worlds) : label_(driver) {
    for (int w = 0; w < num_worlds; ++w) drivers_.push_back(MakeDriver(driver, config.ego));
  }
  std::string name() const override { return label_; }
  void Begin(int world, uint64_t episode_seed, const StepView&) override {
    drivers_[static_cast<size_t>(world)]->Begin(episode_seed);
  }
  void Observe(const StepView&) override {}
  void Act(const StepView& view, std::span<Action> actions) override {
    for (size_t w = 0; w < drivers_.size(); ++w) actions[w] = drivers_[w]->Act(view.facts[w]);
  }

 private:
  std::string label_;
  std::vector<std::unique_ptr<Driver>> drivers_;
};

class ReplayPolicy : public Policy {
 public:
  explicit ReplayPolicy(const EpisodeRecord& record) : record_(record) {}
  std::string name() const override { return record_.label; }
  void Begin(int world, uint64_t, const StepView&) override {
    VOLANTE_CHECK(world == 0, "a record is of one world");
    next_ = 0;
  }
  void Observe(const StepView&) override {}
  void Act(const StepView&, std::span<Action> actions) override {
    VOLANTE_CHECK(actions.size() == 1, "a record is of one world");
    actions[0] = next_ < record_.num_actions() ? record_.action(next_++) : Action{0.0f, -1.0f};
  }

 private:
  EpisodeRecord record_;
  int next_ = 0;
};

}  // namespace

std::unique_ptr<Policy> MakeReplayPolicy(const EpisodeRecord& record) {
  return std::make_unique<ReplayPolicy>(record);
}

std::unique_ptr<Policy> MakeNetworkPolicy(Td3Learner& learner, const Config& config, int num_worlds,
                                          std::string label) {
  return std::make_unique<NetworkPolicy>(learner, config, num_worlds, std::move(label));
}

std::unique_ptr<Policy> MakeBlindPolicy(Td3Learner& learner, const Config& config, int num_worlds,
                                        std::string label, std::span<const uint8_t> picture) {
  auto policy = std::make_unique<NetworkPolicy>(learner, config, num_worlds, std::move(label));
  policy->Blind(picture);
  return policy;
}

std::unique_ptr<Policy> MakeDriverPolicy(std::string_view driver, const Config& config,
                                         int num_worlds) {
  return std::make_unique<DriverPolicy>(driver, config, num_worlds);
}

}  // namespace volante
