#include "run/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "run/cache_frames.h"
#include "run/evaluation.h"
#include "run/finite_row.h"
#include "run/load_policy.h"
#include "run/training_episode.h"
#include "run/update_log.h"

namespace volante {
namespace {

constexpr size_t kRecentEpisodes = 20;
constexpr int kProbeRows = 16;
constexpr int kCurveColumns = 60, kCurveRows = 8;

ReplayOptions ReplayOptionsOf(const Config& config, const EnvTraits& traits) {
  // An imitation reads single states and their labels.
  return {.num_worlds = traits.num_worlds,
          .has_image = traits.has_image,
          .vector_size = traits.vector_size,
          .frame_stride = config.observation.frame_stride,
          .frame_stack = config.observation.frame_stack,
          .n_step = config.imitation.on() ? 1 : config.replay.n_step,
          .discount = config.learner.discount,
          .capacity = config.replay.capacity,
          .max_bytes = static_cast<uint64_t>(config.replay.max_gb * 1e9),
          .priority = PriorityOptionsOf(config.replay)};
}

// True when a multiple of `every` lies in (before, after].
bool Crossed(int64_t before, int64_t after, int64_t every) {
  return every > 0 && before / every != after / every;
}

// The expert's rows, the last ones, are drawn uniformly whatever their errors.
std::span<const float> AgentRows(const Batch& batch, const std::vector<float>& td_errors) {
  const std::span<const float> all = td_errors;
  return all.empty() ? all : all.first(static_cast<size_t>(batch.size - batch.demonstrations));
}

}  // namespace

Trainer::Trainer(const Config& config, Parts parts)
    : config_(config),
      parts_(std::move(parts)),
      traits_(parts_.env->traits()),
      learner_(NewLearner(config, config.train.num_worlds)),
      replay_(ReplayOptionsOf(config, traits_)) {
  const size_t n = static_cast<size_t>(traits_.num_worlds);
  VOLANTE_CHECK(traits_.num_worlds == config.train.num_worlds, "the environment's worlds");
  if (traits_.has_image) {
    frames_.resize(n * kImagePixels);
    stacks_.resize(n * kFrameStack * kImagePixels);
  }
  vectors_.resize(n * static_cast<size_t>(traits_.vector_size));
  rewards_.resize(n);
  reward_parts_.resize(n * traits_.reward_parts.size());
  facts_.resize(n);
  actions_.resize(n);
  view_ = {traits_.has_image ? frames_.data() : nullptr, vectors_.data(), rewards_.data(),
           reward_parts_.data(), facts_.data()};
  state_.episode_of_world.assign(n, 0);
  state_.running.resize(n);
  state_.part_sums.resize(reward_parts_.size());
  state_.behaviour = Behaviour(config, parts_.begins_trained);
  if (config.imitation.on()) teacher_ = MakeTeacher(*parts_.files, config);
  memory_ = learner_->NewMemory(traits_.num_worlds);
}

Trainer::~Trainer() = default;

// ---- the loop ------------------------------------------------------------------------------

TrainResult Trainer::Run(const std::atomic<bool>& stop) {
  events_ = std::make_unique<EventWriter>(*parts_.files, parts_.folder->path(),
                                          restored_ ? state_.env_steps + 1 : 0);
  if (!parts_.minutes) {
    parts_.minutes = [start = std::chrono::steady_clock::now()] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 60.0;
    };
  }
  if (!Demonstrate(stop)) {
    TrainResult stopped;
    stopped.env_steps = state_.env_steps;
    stopped.updates = learner_->counters().updates;
    stopped.stopped = true;
    stopped.minutes = parts_.minutes();
    stopped.checkpoint = last_checkpoint_;
    stopped.health = state_.health.SummaryText();
    return stopped;
  }
  const double limit = config_.train.max_minutes;
  const auto time_over = [&] {
    minutes_ = parts_.minutes();
    return limit > 0.0 && minutes_ >= limit;
  };
  const int64_t first_step = state_.env_steps;
  if (!restored_) StartWorlds();
  const Replay* experts = demonstrations_ == nullptr ? nullptr : demonstrations_->replay.get();
  for (size_t w = 0; w < restored_worlds_.size(); ++w) {
    parts_.env->Load(static_cast<int>(w), restored_worlds_[w]);
  }
  restored_worlds_.clear();
  const uint64_t cached = CacheFrames(config_, *learner_, replay_, experts);
  batch_.by_reference = cached > 0;
  if (const double asked = CachedBytes(config_); asked > 0.0 && parts_.progress != nullptr) {
    parts_.progress->Message(fmt::format("frames on the device: {:.2f} GB of at most {:.2f}",
                                         1e-9 * static_cast<double>(cached), 1e-9 * asked));
  }
  while (state_.env_steps < config_.train.max_timesteps && !stop && !time_over()) {
    const int64_t before = state_.env_steps;
    Collect();
    Learn();
    if (Crossed(before, state_.env_steps, config_.train.eval_freq)) WriteBest(Validate());
    if (Crossed(before, state_.env_steps, config_.train.checkpoint_freq)) WriteCheckpoint();
    ShowProgress(false);
  }
  if (stop && parts_.progress != nullptr) parts_.progress->GoOnBelow();  // who set it said so

  TrainResult result;
  result.minutes = parts_.minutes();
  result.time_over = state_.env_steps < config_.train.max_timesteps && !stop;
  result.stopped = state_.env_steps < config_.train.max_timesteps && !result.time_over;
  if (last_checkpoint_step_ != state_.env_steps) WriteCheckpoint();
  ShowProgress(true);
  // After the checkpoint, so that the run goes on from there as if it had not ended.
  if (!result.stopped && config_.train.eval_freq > 0 && state_.env_steps > first_step &&
      last_validation_step_ != state_.env_steps) {
    WriteBest(Validate());
  }
  events_->Sync();
  if (parts_.progress != nullptr) parts_.progress->Finish(curve_.Text(kCurveColumns, kCurveRows));

  result.env_steps = state_.env_steps;
  result.updates = learner_->counters().updates;
  result.checkpoint = last_checkpoint_;
  result.validation = last_validation_;
  result.health = state_.health.SummaryText();
  return result;
}

// One tick in every world, remembered.
void Trainer::Collect() {
  ChooseActions();
  const bool was_learning = learning();
  parts_.env->Step(actions_, view_);
  double speed_mps = 0.0;
  for (int w = 0; w < traits_.num_worlds; ++w) {
    const DriveFacts& facts = facts_[static_cast<size_t>(w)];
    ++state_.env_steps;
    if (facts.status == Status::kInvalid) {  // the simulator failed: neither stored nor counted
      --state_.env_steps;
      BeginEpisode(w);
      continue;
    }
    RequireFinite(w, /*with_reward=*/true);
    replay_.Add(
        w, state_.behaviour.Remembered(w, actions_[w]),
        rewards_[w] * static_cast<float>(config_.reward.scale), facts.status == Status::kTerminated,
        facts.status == Status::kTruncated,
        traits_.has_image ? frames_.data() + static_cast<size_t>(w) * kImagePixels : nullptr,
        Numbers(w));
    state_.running[w].Add(facts, rewards_[w]);
    const size_t parts = traits_.reward_parts.size(), row = static_cast<size_t>(w) * parts;
    for (size_t p = 0; p < parts; ++p) {
      state_.part_sums[row + p] += static_cast<double>(reward_parts_[row + p]);
    }
    speed_mps += facts.speed_mps / traits_.num_worlds;
    if (facts.status != Status::kRunning) FinishEpisode(w);
  }
  LabelStates();
  state_.health.AddTick(speed_mps, was_learning);
}

// What the teacher would do in every world now.
void Trainer::LabelStates() {
  if (teacher_ != nullptr) teacher_->Act(facts_, state_.behaviour.labels());
}

void Trainer::ChooseActions() {
  if (state_.behaviour.AsksPolicy(state_.env_steps)) {
    for (int w = 0; w < traits_.num_worlds; ++w) {
      replay_.Observe(w,
                      traits_.has_image
                          ? stacks_.data() + static_cast<size_t>(w) * kFrameStack * kImagePixels
                          : nullptr,
                      Numbers(w));
    }
    learner_->Act(traits_.has_image ? stacks_.data() : nullptr, vectors_.data(), traits_.num_worlds,
                  &actions_[0].steer, &memory_);
  }
  state_.behaviour.Choose(state_.env_steps, actions_);
}

// The updates that the schedule owes by now.
void Trainer::Learn() {
  const int64_t due = UpdatesDue();
  if (due > 0 && state_.probe_vectors.empty()) TakeProbe();
  while (learner_->counters().updates < due) {
    const int64_t update = learner_->counters().updates + 1;
    SampleBatch(update);
    UpdateMetrics metrics;
    try {
      metrics = learner_->Update(batch_, update % config_.train.log_freq == 0);
    } catch (const Error& error) {
      if (error.code() == ExitCode::kHealthHalt) ReportHalt(error);
      throw;
    }
    replay_.UpdatePriorities(batch_, 0, AgentRows(batch_, metrics.td_errors));
    Watch(metrics);
  }
}

// The agent's rows (or sequences) first, then the expert's, each from a stream of its own.
void Trainer::SampleBatch(int64_t update) {
  const LearnerConfig& learner = config_.learner;
  const int drawn = DrawsPerBatch(learner);
  const int experts = demonstrations_ == nullptr ? 0 : DemonstrationRows(config_);
  RandomStream random(config_.train.seed, "replay", static_cast<uint64_t>(update));
  RandomStream of_experts(config_.train.seed, "demonstrations", static_cast<uint64_t>(update));
  if (learner.memory != Memory::kNone) {
    batch_.ResizeSequences(drawn, learner.sequence_length, ReplayOptionsOf(config_, traits_).n_step,
                           traits_.has_image, traits_.vector_size);
    replay_.SampleSequences(random, 0, drawn - experts, learner.burn_in, batch_);
    if (experts > 0) {
      demonstrations_->SampleSequences(of_experts, drawn - experts, experts, learner.burn_in,
                                       batch_);
    }
    return;
  }
  batch_.Resize(drawn, traits_.has_image, traits_.vector_size);
  replay_.SampleRows(random, 0, drawn - experts, batch_, PerBeta(config_.replay, update));
  if (experts > 0) demonstrations_->SampleRows(of_experts, drawn - experts, experts, batch_);
}

int64_t Trainer::UpdatesDue() const {
  const int64_t steps = state_.env_steps - config_.train.learning_starts;
  if (steps <= 0 || replay_.size() == 0) return 0;
  return static_cast<int64_t>(
      std::floor(static_cast<double>(steps) * config_.train.updates_per_env_step));
}

bool Trainer::Demonstrate(const std::atomic<bool>& stop) {
  if (DemonstrationRows(config_) == 0) return true;
  ProgressLine* progress = parts_.progress;
  const int64_t wanted = config_.demonstrations.env_steps;
  if (progress != nullptr) {
    progress->Message(fmt::format(
        "demonstrations: expert {} are used, {} of the {} in each batch; idm_mobil drives {} env "
        "steps first (not counted in the budget)",
        config_.learner.memory == Memory::kNone ? "transitions" : "sequences",
        DemonstrationRows(config_), DrawsPerBatch(config_.learner), wanted));
  }
  Demonstrations done = CollectDemonstrations(
      *parts_.env, config_, ReplayOptionsOf(config_, traits_), stop, [&](int64_t env_steps) {
        if (progress == nullptr || !progress->Due()) return;
        progress->Show(env_steps, wanted, "demonstration steps",
                       kPhaseNames[static_cast<size_t>(Phase::kDemonstrating)]);
      });
  if (progress != nullptr) progress->Finish();
  if (done.replay == nullptr) return false;
  const std::string hash = done.replay->LogicalHash();
  if (restored_ && hash != demonstrations_hash_ && !allow_inexact_) {
    throw Error(ExitCode::kEnvironment, "the run would not continue bit for bit", last_checkpoint_,
                "the demonstrations, driven again from their seed, have hash " + hash + ", not " +
                    demonstrations_hash_,
                "resume with the build that made the run, or pass --allow-inexact");
  }
  demonstrations_hash_ = hash;
  if (progress != nullptr) {
    progress->Message(fmt::format("demonstrations: {} env steps, {} of {} episodes succeeded",
                                  done.env_steps, done.successes, done.episodes));
  }
  demonstrations_ = std::make_unique<Demonstrations>(std::move(done));
  if (restored_) return true;
  const ScalarValue values[] = {
      {"train/demonstration_steps", static_cast<double>(demonstrations_->env_steps)},
      {"train/demonstration_episodes", static_cast<double>(demonstrations_->episodes)},
      {"train/demonstration_successes", static_cast<double>(demonstrations_->successes)},
      {"progress/phase", static_cast<double>(Phase::kDemonstrating)},
  };
  events_->Scalars(0, values);
  return true;
}

// ---- episodes ------------------------------------------------------------------------------

void Trainer::StartWorlds() {
  for (int w = 0; w < traits_.num_worlds; ++w) BeginEpisode(w);
  LabelStates();
  events_->Text("run/optimizer_audit", 0, learner_->Audit());
  if (teacher_ != nullptr) events_->Text("run/teacher", 0, teacher_->description());
}

void Trainer::BeginEpisode(int world) {
  const size_t w = static_cast<size_t>(world);
  const uint64_t index = state_.episode_of_world[w]++ * static_cast<uint64_t>(traits_.num_worlds) +
                         static_cast<uint64_t>(world);
  const ResetRequest request = TrainingEpisode(config_, "training episode", index, world);
  parts_.env->Reset({&request, 1}, view_);
  RequireFinite(world, /*with_reward=*/false);
  replay_.Begin(world, traits_.has_image ? frames_.data() + w * kImagePixels : nullptr,
                Numbers(world));
  state_.running[w].Begin(request.seed, -1, facts_[w]);
  const size_t parts = traits_.reward_parts.size();
  std::fill_n(state_.part_sums.begin() + static_cast<std::ptrdiff_t>(w * parts), parts, 0.0);
  state_.behaviour.Begin(world, state_.env_steps);
  memory_.Reset(world);
}

void Trainer::FinishEpisode(int world) {
  const EpisodeStats stats = state_.running[static_cast<size_t>(world)].Finish();
  ++state_.episodes;
  state_.recent.push_back(stats);
  if (state_.recent.size() > kRecentEpisodes) state_.recent.erase(state_.recent.begin());
  const EvaluationSummary recent = Summarize(state_.recent);
  curve_.Add(state_.env_steps, recent.route_completion, recent.success_rate);
  const ScalarValue values[] = {
      {"train/episode_reward", stats.reward},
      {"train/episode_length", static_cast<double>(stats.ticks)},
      {"train/episode_success", stats.outcome == Outcome::kSuccess ? 1.0 : 0.0},
      {"train/episode_collision", stats.outcome == Outcome::kCollision ? 1.0 : 0.0},
      {"train/episode_off_lane", stats.outcome == Outcome::kOffLane ? 1.0 : 0.0},
      {"train/route_completion", stats.route_completion},
      {"progress/speed_kmh", 3.6 * stats.mean_speed_mps},
      {"progress/phase", static_cast<double>(phase())},
  };
  events_->Scalars(state_.env_steps, values);
  LogRewardParts(world);
  BeginEpisode(world);
}

// Each part's sum over the episode, unscaled, as reward/NAME.
void Trainer::LogRewardParts(int world) {
  const size_t parts = traits_.reward_parts.size(), row = static_cast<size_t>(world) * parts;
  std::vector<std::string> tags;
  for (const std::string& name : traits_.reward_parts) tags.push_back("reward/" + name);
  std::vector<ScalarValue> values;
  for (size_t p = 0; p < parts; ++p) values.push_back({tags[p], state_.part_sums[row + p]});
  events_->Scalars(state_.env_steps, values);
}

// ---- watching ------------------------------------------------------------------------------

void Trainer::TakeProbe() {
  RandomStream random(config_.train.seed, "probe");
  Batch probe;
  replay_.Sample(random, kProbeRows, probe);
  state_.probe_vectors = probe.vector;
  state_.probe_images = probe.image;
}

void Trainer::Watch(const UpdateMetrics& m) {
  last_metrics_ = m;
  if (HealthMonitor::WantsProbe(m.update)) {
    std::vector<float> actions(static_cast<size_t>(kProbeRows) * kActionSize);
    learner_->Act(traits_.has_image ? state_.probe_images.data() : nullptr,
                  state_.probe_vectors.data(), kProbeRows, actions.data());
    state_.health.AddProbe(actions);
  }
  HealthSample sample{.update = m.update, .env_step = state_.env_steps};
  if (m.critic_updated) {
    sample.q_batch_mean = m.q_batch_mean;
    sample.q_batch_std = m.q_std;
    if (m.actor_updated) sample.q_actor_mean = m.q_actor_mean;
  }
  if (m.actor_updated) sample.action_saturation = m.action_saturation;
  state_.health.AddUpdate(sample);
  ReportHealth();
  if (m.update % config_.train.log_freq != 0) return;
  LogUpdate(*events_, m,
            {.env_step = state_.env_steps,
             .exploration_sigma = state_.behaviour.Sigma(state_.env_steps),
             .beta = state_.behaviour.Beta(state_.env_steps),
             .replay_transitions = replay_.size(),
             .priorities = replay_.priorities(),
             .minutes = minutes_});
}

void Trainer::RequireFinite(int world, bool with_reward) {
  const size_t w = static_cast<size_t>(world), width = vectors_.size() / facts_.size();
  if (const std::optional<Error> error =
          NonFiniteIn(std::span<const float>(vectors_).subspan(w * width, width),
                      with_reward ? &rewards_[w] : nullptr, world, facts_[w].tick)) {
    ReportHalt(*error);
    throw Error(*error);
  }
}

// The alarm of a number that is not finite, on disk before the error that ends the run.
void Trainer::ReportHalt(const Error& error) {
  state_.health.AddUpdate({.update = learner_->counters().updates + 1,
                           .env_step = state_.env_steps,
                           .finite = false,
                           .non_finite_where = error.where() + " " + error.reason()});
  ReportHealth();
  events_->Sync();
}

void Trainer::ReportHealth() {
  for (const HealthEvent& event : state_.health.TakeEvents()) {
    const std::string tag = "health/" + event.check;
    events_->Text(tag, event.env_step, event.text);
    const ScalarValue value[] = {{tag, event.active ? 1.0 : 0.0}};
    events_->Scalars(event.env_step, value);
    if (parts_.progress != nullptr) parts_.progress->Message(event.text);
  }
}

void Trainer::ShowProgress(bool force) {
  if (parts_.progress == nullptr || !(force || parts_.progress->Due())) return;
  const EvaluationSummary recent = Summarize(state_.recent);
  char text[240];
  int n = std::snprintf(text, sizeof text,
                        "%s  last %d episodes: success %.2f, completion %.2f, %.1f m/s",
                        kPhaseNames[static_cast<size_t>(phase())], recent.episodes,
                        recent.success_rate, recent.route_completion, recent.mean_speed_mps);
  if (learner_->counters().updates > 0 && n > 0 && n < static_cast<int>(sizeof text)) {
    const bool critic = last_metrics_.critic_updated;
    std::snprintf(text + n, sizeof text - static_cast<size_t>(n),
                  critic ? "  updates %lld, Q %.1f" : "  updates %lld, loss %.4f",
                  static_cast<long long>(learner_->counters().updates),
                  critic ? last_metrics_.q_mean : last_metrics_.actor_loss);
  }
  std::string line = text;
  if (const std::string alarms = state_.health.ProgressText(); !alarms.empty()) {
    line = "ALARM " + alarms + "  " + line;  // first: a narrow terminal cuts the end
  }
  if (const int columns = parts_.progress->PictureColumns(kCurveRows + 2); columns > 0) {
    parts_.progress->SetPicture(
        curve_.Text(std::min(kCurveColumns, columns - kTerminalChartMargin), kCurveRows));
  }
  parts_.progress->Show(
      state_.env_steps, config_.train.max_timesteps, "env steps", line, force,
      {.elapsed_s = 60.0 * parts_.minutes(), .limit_s = 60.0 * config_.train.max_minutes});
}

// ---- validation ----------------------------------------------------------------------------

EvaluationSummary Trainer::Validate() {
  VOLANTE_CHECK(parts_.validation_env != nullptr, "eval_freq needs a validation environment");
  const auto policy = MakeNetworkPolicy(*learner_, config_,
                                        parts_.validation_env->traits().num_worlds, "validation");
  const std::vector<EpisodeStats> episodes = Evaluate(*parts_.validation_env, *policy,
                                                      {.route_set = RouteSet::kValidation,
                                                       .scenario = config_.env.scenario,
                                                       .num_episodes = config_.eval.num_episodes,
                                                       .seed = config_.train.seed,
                                                       .on_episode = {}});
  const EvaluationSummary s = Summarize(episodes);
  const ScalarValue values[] = {
      {"eval/success_rate", s.success_rate},   {"eval/collision_rate", s.collision_rate},
      {"eval/off_lane_rate", s.off_lane_rate}, {"eval/timeout_rate", s.timeout_rate},
      {"eval/blocked_rate", s.blocked_rate},   {"eval/route_completion", s.route_completion},
      {"eval/mean_reward", s.mean_reward},     {"eval/speed_kmh", 3.6 * s.mean_speed_mps},
  };
  events_->Scalars(state_.env_steps, values);
  last_validation_ = s;
  last_validation_step_ = state_.env_steps;
  if (parts_.progress != nullptr) {
    char text[200];
    std::snprintf(text, sizeof text,
                  "validation at %lld env steps: success %.2f (n %d), completion %.2f, %.1f m/s, "
                  "off lane %.2f, collision %.2f",
                  static_cast<long long>(state_.env_steps), s.success_rate, s.episodes,
                  s.route_completion, s.mean_speed_mps, s.off_lane_rate, s.collision_rate);
    parts_.progress->Message(text);
  }
  return s;
}

// ---- the end -------------------------------------------------------------------------------

std::string EndText(const TrainResult& result) {
  const std::string where = fmt::format("at {} env steps with {} updates",
                                        Grouped(result.env_steps), Grouped(result.updates));
  if (result.stopped) return "stopped " + where;
  if (result.time_over) return fmt::format("ended after {:.1f} minutes, {}", result.minutes, where);
  return "ended " + where;
}

}  // namespace volante
