#include "run/demonstrations.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "env/driver.h"
#include "run/noise.h"
#include "run/training_episode.h"

namespace volante {
namespace {

constexpr uint64_t kFixedBytes = 16 << 20;  // tables
constexpr uint64_t kRecordsPerWorld = 64;   // in blocks that are partly filled

// One round's arrays and who drives: what the trainer has for the agent.
class ExpertRound {
 public:
  ExpertRound(Env& env, const Config& config, Demonstrations& done)
      : env_(env), config_(config), done_(done), noise_(NoiseFor(config, env.traits())) {
    const EnvTraits& traits = env.traits();
    const auto n = static_cast<size_t>(traits.num_worlds);
    if (traits.has_image) frames_.resize(n * kImagePixels);
    vectors_.resize(n * static_cast<size_t>(traits.vector_size));
    rewards_.resize(n);
    reward_parts_.resize(n * traits.reward_parts.size());
    facts_.resize(n);
    actions_.resize(n);
    wanted_.resize(n);
    episode_of_world_.resize(n);
    view_ = {traits.has_image ? frames_.data() : nullptr, vectors_.data(), rewards_.data(),
             reward_parts_.data(), facts_.data()};
    for (size_t w = 0; w < n; ++w) drivers_.push_back(MakeRouteKeeper(config.ego));
    for (size_t w = 0; w < n; ++w) Begin(w);
  }

  // One tick in every world.
  void Step() {
    for (size_t w = 0; w < drivers_.size(); ++w) {
      wanted_[w] = drivers_[w]->Act(facts_[w]);
      actions_[w] = noise_.Perturb(static_cast<int>(w), wanted_[w], 0);
    }
    env_.Step(actions_, view_);
    for (size_t w = 0; w < drivers_.size(); ++w) {
      const DriveFacts& facts = facts_[w];
      if (facts.status != Status::kInvalid) {
        done_.labels.push_back(wanted_[w]);
        done_.replay->Add(static_cast<int>(w), actions_[w],
                          rewards_[w] * static_cast<float>(config_.reward.scale),
                          facts.status == Status::kTerminated, facts.status == Status::kTruncated,
                          Frame(w), Numbers(w));
        ++done_.env_steps;
        done_.episodes += facts.status != Status::kRunning;
        done_.successes += facts.outcome == Outcome::kSuccess;
      }
      if (facts.status != Status::kRunning) Begin(w);
    }
  }

 private:
  static Exploration NoiseFor(const Config& config, const EnvTraits& traits) {
    ExplorationConfig noise = config.exploration;
    noise.noise = NoiseKind::kOrnsteinUhlenbeck;
    noise.sigma_start = noise.sigma_end = config.demonstrations.noise;
    // Another seed: the agent's exploration has streams of the same purpose.
    return Exploration(noise, RandomStream(config.train.seed, "demonstration noise").NextUint64(),
                       traits.num_worlds);
  }

  const uint8_t* Frame(size_t w) const {
    return frames_.empty() ? nullptr : frames_.data() + w * kImagePixels;
  }

  const float* Numbers(size_t w) const {
    return vectors_.data() + w * static_cast<size_t>(env_.traits().vector_size);
  }

  void Begin(size_t w) {
    const uint64_t index = episode_of_world_[w]++ * drivers_.size() + w;
    const ResetRequest request =
        TrainingEpisode(config_, "demonstration episode", index, static_cast<int>(w));
    env_.Reset({&request, 1}, view_);
    done_.labels.push_back({});  // of the episode's first record, which no action led to
    done_.replay->Begin(static_cast<int>(w), Frame(w), Numbers(w));
    drivers_[w]->Begin(request.seed);
    noise_.Begin(static_cast<int>(w), 0);
  }

  Env& env_;
  const Config& config_;
  Demonstrations& done_;
  Exploration noise_;
  std::vector<std::unique_ptr<Driver>> drivers_;
  std::vector<uint64_t> episode_of_world_;
  std::vector<uint8_t> frames_;
  std::vector<float> vectors_, rewards_, reward_parts_;
  std::vector<DriveFacts> facts_;
  std::vector<Action> actions_, wanted_;  // with noise and without
  StepView view_;
};

}  // namespace

void Demonstrations::SampleRows(RandomStream& random, int first, int count, Batch& batch) const {
  VOLANTE_CHECK(first + count == batch.size, "demonstrations are the last rows");
  replay->SampleRows(random, first, count, batch);
  Label(static_cast<size_t>(first), batch);
}

void Demonstrations::SampleSequences(RandomStream& random, int first, int count, int burn_in,
                                     Batch& batch) const {
  VOLANTE_CHECK(first + count == batch.sequences.count, "demonstrations are the last sequences");
  const auto first_row = static_cast<size_t>(batch.size);
  replay->SampleSequences(random, first, count, burn_in, batch);
  Label(first_row, batch);
}

void Demonstrations::Label(size_t first, Batch& batch) const {
  batch.demonstrations = batch.size - static_cast<int>(first);
  batch.label.clear();
  for (size_t row = first; row < batch.ordinal.size(); ++row) {
    const Action& label = labels[batch.ordinal[row]];
    batch.label.insert(batch.label.end(), {label.steer, label.throttle});
  }
}

int DemonstrationRows(const Config& config) {
  return static_cast<int>(std::lround(config.demonstrations.share * DrawsPerBatch(config.learner)));
}

uint64_t DemonstrationBytes(const Config& config) {
  if (DemonstrationRows(config) == 0) return 0;
  const ObservationShape shape = config.observation;
  // A record per step and one more per episode, which lasts some tens of ticks.
  const auto numbers = static_cast<uint64_t>(VectorSize(shape)) * sizeof(float);
  const uint64_t record = 44 + numbers + (HasImage(shape) ? kImagePixels : 0);
  const auto steps = static_cast<uint64_t>(config.demonstrations.env_steps);
  const auto worlds = static_cast<uint64_t>(config.train.num_worlds);
  return record * (steps + steps / 4 + kRecordsPerWorld * worlds) + kFixedBytes;
}

Demonstrations CollectDemonstrations(Env& env, const Config& config,
                                     const ReplayOptions& like_the_agents,
                                     const std::atomic<bool>& stop,
                                     const DemonstrationProgress& progress) {
  ReplayOptions options = like_the_agents;
  const int64_t wanted = config.demonstrations.env_steps;
  options.capacity = wanted + env.traits().num_worlds;
  options.max_bytes = DemonstrationBytes(config);
  options.priority = {};  // what the expert does is drawn uniformly, its weight is 1
  options.source = 1;
  Demonstrations done;
  done.replay = std::make_unique<Replay>(options);
  ExpertRound round(env, config, done);
  // With n-step returns the newest starts of open episodes wait; one that can be drawn must exist.
  while (done.env_steps < wanted || done.replay->size() == 0) {
    if (stop) {
      done.replay.reset();
      break;
    }
    round.Step();
    progress(done.env_steps);
  }
  return done;
}

}  // namespace volante
