// Training: worlds and learner alternate by a fixed schedule (docs/architecture.md).
// One round = one tick in every world, then the updates that are due, then what is due of
// validation and checkpoint. Everything it is can be saved and resumed bit for bit.
// One thread calls it; `stop` may be set by another.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "config/config.h"
#include "env_api/env.h"
#include "health/monitor.h"
#include "learn/td3.h"
#include "replay/replay.h"
#include "run/behaviour.h"
#include "run/demonstrations.h"
#include "run/episode_stats.h"
#include "run/live_curve.h"
#include "run/progress.h"
#include "run/teacher.h"
#include "store/checkpoint.h"
#include "store/event_file.h"
#include "store/run_folder.h"

namespace volante {

struct TrainResult {
  int64_t env_steps = 0;
  int64_t updates = 0;
  bool stopped = false;         // by `stop`, resumable
  bool time_over = false;       // by train.max_minutes, before max_timesteps: a normal end
  double minutes = 0.0;         // of wall clock that Run took, the last validation left out
  std::string checkpoint = {};  // the last one
  std::optional<EvaluationSummary> validation = {};  // the last one
  std::string health = {};                           // exit summary
};

class Trainer {
 public:
  struct Parts {
    std::unique_ptr<Env> env;             // config.train.num_worlds worlds
    std::unique_ptr<Env> validation_env;  // may be null when eval_freq is 0
    RunFolder* folder = nullptr;
    Files* files = nullptr;
    ProgressLine* progress = nullptr;
    std::string build;                               // program version, for manifests
    std::map<std::string, std::string> fingerprint;  // what bit-equality depends on
    // Called after each committed checkpoint; for the tests of exact resume. May be empty.
    std::function<void(int64_t env_step)> on_checkpoint;
    // The networks come from an older run (StartFrom, or the resume of a run that did): the policy
    // drives from the first env step.
    bool begins_trained = false;
    // Minutes since Run began, for train.max_minutes. Empty: the wall clock.
    std::function<double()> minutes = {};
  };

  Trainer(const Config& config, Parts parts);
  ~Trainer();

  // Continues from a verified resumable checkpoint of the same configuration. Call before Run.
  // Where the run has demonstrations, Run drives them again, and those that come out otherwise than
  // they did are an Error(kEnvironment) unless `allow_inexact`.
  void Restore(const CheckpointReader& checkpoint, bool allow_inexact = false);
  // The encoders of a run that continues nothing start from these (learner.encoder_weights). Call
  // before Run. Error(kBadInput) naming what does not fit.
  void LoadEncoder(std::span<const NamedTensor> tensors) {
    learner_->LoadEncoder(tensors, config_.learner.encoder_weights);
  }
  // A new run from an older one's networks; with `keep_replay` from its transitions too. Call
  // before Run in place of Restore, with parts.begins_trained. Networks that do not fit are an
  // Error(kBadInput) naming tensor and shape; a replay that does not, one naming the keys.
  void StartFrom(const CheckpointReader& parent, bool keep_replay);
  // Until max_timesteps, max_minutes or `stop`. Error(kHealthHalt) when an alarm stops the run. The
  // clock decides when to end and nothing else: the checkpoint of an env step is the same whatever
  // ended the run there.
  TrainResult Run(const std::atomic<bool>& stop);

  const Td3Learner& learner() const { return *learner_; }
  // The learner's device has the frames (replay.device_gb).
  bool batches_name_frames() const { return batch_.by_reference; }

 private:
  // Everything that is neither a tensor, a replay segment nor a world.
  struct State {
    int64_t env_steps = 0;
    int64_t episodes = 0;
    LearnerCounters learner;
    std::vector<uint64_t> episode_of_world;  // index of the running episode, for its seed
    Behaviour behaviour;
    HealthMonitor health;
    std::vector<EpisodeAccumulator> running;
    std::vector<double> part_sums;     // [N, P] of the running episodes' reward parts
    std::vector<EpisodeStats> recent;  // the last 20 finished, oldest first
    std::vector<float> probe_vectors;  // fixed observations for the frozen-policy check
    std::vector<uint8_t> probe_images;
    double best_validation = -1.0;

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("env_steps", env_steps);
      ar("episodes", episodes);
      ar("learner", learner);
      ar("episode_of_world", episode_of_world);
      behaviour.VisitFields(ar);
      ar("health", health);
      ar("running", running);
      ar("part_sums", part_sums);
      ar("recent", recent);
      ar("probe_vectors", probe_vectors);
      ar("probe_images", probe_images);
      ar("best_validation", best_validation);
    }
  };

  bool learning() const { return state_.env_steps >= config_.train.learning_starts; }
  Phase phase() const { return state_.behaviour.PhaseAt(state_.env_steps); }
  // The vector observation of a world.
  float* Numbers(int world) {
    return vectors_.data() + static_cast<size_t>(world) * static_cast<size_t>(traits_.vector_size);
  }
  void StartWorlds();
  // Fills demonstrations_ where the configuration asks for them; false when `stop` came first.
  bool Demonstrate(const std::atomic<bool>& stop);
  void SampleBatch(int64_t update);
  void Collect();
  void ChooseActions();
  void LabelStates();
  void BeginEpisode(int world);
  void FinishEpisode(int world);
  void LogRewardParts(int world);
  void Learn();
  int64_t UpdatesDue() const;
  void Watch(const UpdateMetrics& metrics);
  void TakeProbe();
  void ReportHealth();
  void ReportHalt(const Error& error);
  // Of what the environment wrote last for this world; throws what NonFiniteIn says.
  void RequireFinite(int world, bool with_reward);
  EvaluationSummary Validate();
  std::string WriteCheckpoint();
  void WriteBest(const EvaluationSummary& summary);
  void ShowProgress(bool force);

  Config config_;
  Parts parts_;
  EnvTraits traits_;
  std::unique_ptr<Td3Learner> learner_;
  Replay replay_;
  std::unique_ptr<Demonstrations> demonstrations_;  // null without
  std::unique_ptr<Teacher> teacher_;                // null where none is imitated
  std::string demonstrations_hash_;  // of its content; from the checkpoint when restored
  std::vector<std::vector<uint8_t>> restored_worlds_;  // loaded once the expert has driven
  bool allow_inexact_ = false;
  std::unique_ptr<EventWriter> events_;
  State state_;
  ActingMemory memory_;  // of the worlds; saved as a part of its own where networks remember
  bool restored_ = false;
  double minutes_ = 0.0;  // of this process, as of the last round
  std::string last_checkpoint_;
  int64_t last_checkpoint_step_ = -1;
  int64_t last_validation_step_ = -1;
  std::optional<EvaluationSummary> last_validation_;
  UpdateMetrics last_metrics_;
  LiveCurve curve_;  // since this process started

  // Buffers of one round.
  std::vector<uint8_t> frames_;  // [N, 84, 84]
  std::vector<float> vectors_, rewards_, reward_parts_;
  std::vector<DriveFacts> facts_;
  std::vector<Action> actions_;
  std::vector<uint8_t> stacks_;  // [N, 4, 84, 84]
  Batch batch_;
  StepView view_;
};

// "ended at 120,000 env steps with 7,250 updates", "ended after 8.0 minutes, at 97,312 env steps
// with ...", "stopped at ..."
std::string EndText(const TrainResult& result);

// The architecture string of a configuration's networks, as checkpoints carry it.
std::string ArchitectureOf(const Config& config);

}  // namespace volante
