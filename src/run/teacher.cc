#include "run/teacher.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "base/error.h"
#include "env/driver.h"
#include "env/observation.h"
#include "run/load_policy.h"

namespace volante {
namespace {

constexpr const char* kExpert = "idm_mobil";

class ExpertTeacher : public Teacher {
 public:
  explicit ExpertTeacher(const EgoConfig& ego) : driver_(MakeRouteKeeper(ego)) {}
  std::string identity() const override { return kExpert; }
  std::string description() const override { return "the expert idm_mobil, on its route's lane"; }
  void Act(std::span<const DriveFacts> facts, std::span<Action> actions) override {
    for (size_t w = 0; w < facts.size(); ++w) actions[w] = driver_->Act(facts[w]);
  }

 private:
  std::unique_ptr<Driver> driver_;  // one for all worlds: it keeps nothing between ticks
};

class NetworkTeacher : public Teacher {
 public:
  explicit NetworkTeacher(LoadedPolicy policy) : policy_(std::move(policy)) {}
  std::string identity() const override { return policy_.hash; }
  std::string description() const override {
    return policy_.path + " (" + policy_.label + ", manifest " + policy_.hash + ")";
  }
  void Act(std::span<const DriveFacts> facts, std::span<Action> actions) override {
    const ObservationShape shape = policy_.config.observation;
    const auto width = static_cast<size_t>(VectorSize(shape));
    vectors_.resize(facts.size() * width);
    for (size_t w = 0; w < facts.size(); ++w) {
      WriteSeen(shape, facts[w], &vectors_[w * width]);
    }
    policy_.learner->Act(nullptr, vectors_.data(), static_cast<int>(facts.size()),
                         &actions[0].steer);
  }

 private:
  LoadedPolicy policy_;
  std::vector<float> vectors_;
};

}  // namespace

std::unique_ptr<Teacher> MakeTeacher(Files& files, const Config& config) {
  const std::string& name = config.imitation.teacher;
  if (name == kExpert) return std::make_unique<ExpertTeacher>(config.ego);
  if (!files.IsDirectory(name)) {
    throw Error(ExitCode::kUsage, "there is no such teacher", "imitation.teacher " + name,
                "it is neither idm_mobil nor the folder of a run or checkpoint",
                "name one of them");
  }
  LoadedPolicy policy = LoadPolicy(files, name, {}, config.train.num_worlds);
  if (policy.config.learner.memory != Memory::kNone) {
    throw Error(ExitCode::kUsage, "a teacher keeps nothing between ticks", policy.path,
                std::string("its learner.memory is ") + NameOf(policy.config.learner.memory),
                "take a policy that was trained with learner.memory none");
  }
  if (HasImage(policy.config.observation.mode)) {
    throw Error(ExitCode::kUsage, "a teacher sees numbers alone", policy.path,
                std::string("its observation.mode is ") + NameOf(policy.config.observation.mode),
                "take a policy that was trained with observation.mode privileged or vector");
  }
  return std::make_unique<NetworkTeacher>(std::move(policy));
}

void MakeTeacherAbsolute(Files& files, Config& config) {
  std::string& name = config.imitation.teacher;
  if (!config.imitation.on() || name == kExpert || !files.IsDirectory(name)) return;
  name = std::filesystem::absolute(name).lexically_normal().string();
}

}  // namespace volante
