// The typed configuration: every key of Volante, written once.
// A field's name, help, range, choices and the condition under which it applies stand beside it in
// VisitFields; YAML, --set, `volante config`, docs/config_reference.md, diffs and hashes all walk
// that one list (config/options.h). The sections of the world stand in config/world_config.h. Plain
// data: no file access, no defaults elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/option.h"
#include "config/randomisation_config.h"
#include "config/weather_config.h"
#include "config/world_config.h"

namespace volante {

// ---- choices -------------------------------------------------------------------------------

enum class ObservationMode { kCameraVector, kVector, kPrivileged, kVision };
enum class Wiring { kSharedCritic, kSeparate, kLegacy };
enum class Encoder { kNature, kNatureLayerNorm, kSmall, kNatureMaxPool, kMobileNetV3Small };
enum class BatchNorm { kFrozen, kTrain };
enum class Fusion { kTrunk, kConcat };
enum class TargetValue { kMin, kMomentum };
enum class MomentumDelta { kBatchScalar, kPerSampleEma };
enum class MomentumLast { kRaw, kRecursive };
enum class GradClip { kNorm, kValue, kOff };
enum class NoiseKind { kOrnsteinUhlenbeck, kGaussian };
enum class Device { kCpu, kCuda, kAuto };
enum class ImitationMethod { kNone, kBc, kDagger };
enum class BetaDecay { kLinear, kExponential };
enum class ReplayPriority { kUniform, kPer, kLap };
enum class Memory { kNone, kGru, kLstm };

template <>
struct EnumNames<ObservationMode> {
  static constexpr std::array kNames = {"camera_vector", "vector", "privileged", "vision"};
};
template <>
struct EnumNames<Wiring> {
  static constexpr std::array kNames = {"shared_critic", "separate", "legacy"};
};
template <>
struct EnumNames<Encoder> {
  static constexpr std::array kNames = {"nature", "nature_layernorm", "small", "nature_maxpool",
                                        "mobilenet_v3_small"};
};
template <>
struct EnumNames<BatchNorm> {
  static constexpr std::array kNames = {"frozen", "train"};
};
template <>
struct EnumNames<Fusion> {
  static constexpr std::array kNames = {"trunk", "concat"};
};
template <>
struct EnumNames<TargetValue> {
  static constexpr std::array kNames = {"min", "momentum"};
};
template <>
struct EnumNames<MomentumDelta> {
  static constexpr std::array kNames = {"batch_scalar", "per_sample_ema"};
};
template <>
struct EnumNames<MomentumLast> {
  static constexpr std::array kNames = {"raw", "recursive"};
};
template <>
struct EnumNames<GradClip> {
  static constexpr std::array kNames = {"norm", "value", "off"};
};
template <>
struct EnumNames<NoiseKind> {
  static constexpr std::array kNames = {"ornstein_uhlenbeck", "gaussian"};
};
template <>
struct EnumNames<Device> {
  static constexpr std::array kNames = {"cpu", "cuda", "auto"};
};
template <>
struct EnumNames<ImitationMethod> {
  static constexpr std::array kNames = {"none", "bc", "dagger"};
};
template <>
struct EnumNames<BetaDecay> {
  static constexpr std::array kNames = {"linear", "exponential"};
};
template <>
struct EnumNames<ReplayPriority> {
  static constexpr std::array kNames = {"uniform", "per", "lap"};
};
template <>
struct EnumNames<Memory> {
  static constexpr std::array kNames = {"none", "gru", "lstm"};
};

// ---- sections ------------------------------------------------------------------------------

// Whether an agent of this mode sees pictures.
constexpr bool HasImage(ObservationMode mode) {
  return mode == ObservationMode::kCameraVector || mode == ObservationMode::kVision;
}

struct ObservationConfig {
  ObservationMode mode = ObservationMode::kCameraVector;
  bool extra = false;
  int frame_stride = 3;
  int frame_stack = 4;

  template <class V>
  void VisitFields(V& v) {
    v("mode", mode,
      {.help =
           "what the agent sees: camera_vector (4 gray frames and 53 numbers), vector (the "
           "numbers), privileged (the numbers and the 8 nearest vehicles) or vision (the frames, "
           "the speed and the command at the next junction: it must see the road)"});
    v("extra", extra,
      {.help = "the agent also sees its last action, yaw rate and longitudinal acceleration, and "
               "the next light's state and distance"});
    v("frame_stride", frame_stride,
      {.help = "ticks between the 4 frames of a stack",
       .min = 1,
       .max = 8,
       .applies = HasImage(mode),
       .condition = "observation.mode is camera_vector or vision"});
    v("frame_stack", frame_stack,
      {.help = "different frames in a stack of 4; the oldest of them fills the others",
       .min = 1,
       .max = 4,
       .applies = HasImage(mode),
       .condition = "observation.mode is camera_vector or vision"});
  }
};

struct LearnerConfig {
  Wiring wiring = Wiring::kSharedCritic;
  Encoder encoder = Encoder::kSmall;
  BatchNorm batchnorm = BatchNorm::kFrozen;
  std::string encoder_weights = "";
  Fusion fusion = Fusion::kTrunk;
  int feature_width = 512;
  int trunk_width = 64;
  double image_gain_init = 0.1;
  std::vector<int> head_widths = {256, 256};
  bool head_layernorm = false;
  bool target_encoder = true;
  bool bf16_encoder = false;
  bool bf16_linear = false;
  double actor_lr = 3e-4;
  double critic_lr = 3e-4;
  double actor_encoder_lr = 0.0;
  double critic_encoder_lr = 0.0;
  int batch_size = 128;
  double discount = 0.99;
  double tau = 0.005;
  double target_policy_noise = 0.2;
  double target_noise_clip = 0.5;
  int policy_delay = 2;
  bool twin_critics = true;
  TargetValue target_value = TargetValue::kMin;
  MomentumDelta momentum_delta = MomentumDelta::kBatchScalar;
  MomentumLast momentum_last = MomentumLast::kRaw;
  int critic_action_layer = 0;
  double critic_weight_decay = 0.0;
  GradClip grad_clip = GradClip::kNorm;
  double actor_grad_norm = 1.0;
  double critic_grad_norm = 10.0;
  double grad_value = 1.0;
  double last_layer_init = 0.003;
  double critic_last_layer_init = 0.0;
  double pre_tanh_penalty = 1e-3;
  Memory memory = Memory::kNone;
  int memory_units = 0;
  int sequence_length = 16;
  int burn_in = 4;

  template <class V>
  void VisitFields(V& v) {
    constexpr const char* kRemembers = "learner.memory is gru or lstm";
    const bool remembers = memory != Memory::kNone;
    v("wiring", wiring,
      {.help =
           "who owns the image encoder: the critic alone (shared_critic), actor and critic each "
           "one (separate), or legacy, a mistake kept for study: the actor's loss reads the "
           "critic's head on the actor's features, and targets have no encoder"});
    v("encoder", encoder,
      {.help =
           "image encoder; small costs a fifth of nature, for CPUs, nature_maxpool ten times as "
           "much"});
    v("batchnorm", batchnorm,
      {.help = "BatchNorm of the encoder: running statistics as loaded, gain and bias trained "
               "(frozen), or by the batch's statistics, the running ones following (train)",
       .applies = encoder == Encoder::kMobileNetV3Small,
       .condition = "learner.encoder is mobilenet_v3_small"});
    v("encoder_weights", encoder_weights,
      {.help = "safetensors file with the weights that every encoder of a new run starts from; "
               "tools/mobilenet_weights.py makes one from torchvision's. Empty: random"});
    v("fusion", fusion,
      {.help = "how image features and vector meet: trunk (each to trunk_width, LayerNorm, tanh) "
               "or concat"});
    v("feature_width", feature_width,
      {.help = "features out of the image encoder", .min = 8, .max = 4096});
    v("trunk_width", trunk_width,
      {.help = "width of each trunk",
       .min = 4,
       .max = 1024,
       .applies = fusion == Fusion::kTrunk,
       .condition = "learner.fusion is trunk"});
    v("image_gain_init", image_gain_init,
      {.help = "gain at first of the image trunk's LayerNorm: below 1 the picture is faded in as "
               "the critic finds use for it",
       .min = 0,
       .max = 10,
       .applies = fusion == Fusion::kTrunk,
       .condition = "learner.fusion is trunk"});
    v("head_widths", head_widths,
      {.help = "hidden layers of actor and critic heads", .min = 4, .max = 4096});
    v("head_layernorm", head_layernorm,
      {.help =
           "LayerNorm after each hidden linear layer of actor and critic heads, before its ReLU"});
    v("target_encoder", target_encoder,
      {.help = "the Bellman target uses a slow copy of the encoder",
       .applies = wiring == Wiring::kSharedCritic,
       .condition = "learner.wiring is shared_critic"});
    v("bf16_encoder", bf16_encoder, {.help = "run convolutions in bfloat16"});
    v("bf16_linear", bf16_linear,
      {.help = "products of linear layers in bfloat16, their sums in float32"});
    v("actor_lr", actor_lr, {.help = "Adam step size of the actor", .min = 1e-7, .max = 1});
    v("critic_lr", critic_lr, {.help = "Adam step size of the critic", .min = 1e-7, .max = 1});
    v("actor_encoder_lr", actor_encoder_lr,
      {.help = "Adam step size of the actor's own encoder; 0 means actor_lr",
       .min = 0,
       .max = 1,
       .applies = wiring != Wiring::kSharedCritic,
       .condition = "learner.wiring is separate or legacy"});
    v("critic_encoder_lr", critic_encoder_lr,
      {.help = "Adam step size of the critic's encoder; 0 means critic_lr", .min = 0, .max = 1});
    v("batch_size", batch_size, {.help = "transitions per update", .min = 2, .max = 65536});
    v("discount", discount, {.help = "gamma, per action", .min = 0, .max = 1});
    v("tau", tau,
      {.help = "share of the online network that flows into its target per policy update",
       .min = 0,
       .max = 1});
    v("target_policy_noise", target_policy_noise,
      {.help = "standard deviation of the smoothing noise on target actions", .min = 0, .max = 2});
    v("target_noise_clip", target_noise_clip, {.help = "bound of that noise", .min = 0, .max = 2});
    v("policy_delay", policy_delay,
      {.help = "critic updates per actor update", .min = 1, .max = 100});
    v("twin_critics", twin_critics,
      {.help = "two critics of which the target takes a careful value; false: one (DDPG)"});
    v("target_value", target_value,
      {.help = "the twins' value in the target: min (TD3's clipped double Q) or momentum (MPG: the "
               "larger one less half of this and the last difference)",
       .applies = twin_critics,
       .condition = "learner.twin_critics is true"});
    v("momentum_delta", momentum_delta,
      {.help = "MPG's present difference: its mean over the batch (batch_scalar), or that of each "
               "row beside a running mean (per_sample_ema)",
       .applies = twin_critics && target_value == TargetValue::kMomentum,
       .condition = "learner.target_value is momentum"});
    v("momentum_last", momentum_last,
      {.help = "MPG's last difference: the previous update's own (raw) or its adjusted one "
               "(recursive)",
       .applies = twin_critics && target_value == TargetValue::kMomentum,
       .condition = "learner.target_value is momentum"});
    v("critic_action_layer", critic_action_layer,
      {.help = "layer of the critic's heads at which the action enters; 0 is beside the state",
       .min = 0,
       .max = 8});
    v("critic_weight_decay", critic_weight_decay,
      {.help = "L2 weight decay of the critic: times its parameters, added to its gradient",
       .min = 0,
       .max = 1});
    v("grad_clip", grad_clip,
      {.help = "how gradients are clipped: by the joint L2 norm of each optimizer, each element by "
               "its value, or off"});
    v("actor_grad_norm", actor_grad_norm,
      {.help = "joint L2 norm to which the actor's gradient is clipped",
       .min = 1e-6,
       .max = 1e9,
       .applies = grad_clip == GradClip::kNorm,
       .condition = "learner.grad_clip is norm"});
    v("critic_grad_norm", critic_grad_norm,
      {.help = "joint L2 norm to which the critic's gradient is clipped",
       .min = 1e-6,
       .max = 1e9,
       .applies = grad_clip == GradClip::kNorm,
       .condition = "learner.grad_clip is norm"});
    v("grad_value", grad_value,
      {.help = "bound of each element of a gradient",
       .min = 1e-9,
       .max = 1e9,
       .applies = grad_clip == GradClip::kValue,
       .condition = "learner.grad_clip is value"});
    v("last_layer_init", last_layer_init,
      {.help = "the actor's last layer starts at U(-this, this); 0 means PyTorch's default",
       .min = 0,
       .max = 1});
    v("critic_last_layer_init", critic_last_layer_init,
      {.help = "the critic's last layers start at U(-this, this); 0 means PyTorch's default",
       .min = 0,
       .max = 1});
    v("pre_tanh_penalty", pre_tanh_penalty,
      {.help = "weight of the mean squared pre-tanh output in the actor's loss",
       .min = 0,
       .max = 10});
    v("memory", memory,
      {.help = "recurrent cell between fusion and heads of actor and critic, each its own; trained "
               "on sequences, of which a batch holds batch_size / sequence_length"});
    v("memory_units", memory_units,
      {.help = "units of each cell; 0 means 48 (gru) or 256 (lstm)",
       .min = 0,
       .max = 4096,
       .applies = remembers,
       .condition = kRemembers});
    v("sequence_length", sequence_length,
      {.help = "steps of a training sequence, burn-in included",
       .min = 2,
       .max = 256,
       .applies = remembers,
       .condition = kRemembers});
    v("burn_in", burn_in,
      {.help = "first steps of a sequence that only fill the memory and carry no loss; none where "
               "an episode begins",
       .min = 0,
       .max = 255,
       .applies = remembers,
       .condition = kRemembers});
  }
};

// What is drawn from the replay for one update: transitions, or sequences where there is a memory.
inline int DrawsPerBatch(const LearnerConfig& config) {
  return config.memory == Memory::kNone ? config.batch_size
                                        : config.batch_size / config.sequence_length;
}

// Augmentation of the learner's images (specification, section 4); acting and evaluation see none.
struct AugmentConfig {
  bool enabled = false;
  int shift_x_px = 1;
  int shift_y_px = 3;
  double brightness = 0.2;
  double contrast = 0.2;

  template <class V>
  void VisitFields(V& v) {
    constexpr const char* kCondition = "augment.enabled is true";
    v("enabled", enabled,
      {.help = "shift and relight the images that the learner is trained on, each stack as one"});
    v("shift_x_px", shift_x_px,
      {.help = "largest shift sideways, pixels; 1 is 1.4 degrees of heading",
       .min = 0,
       .max = 16,
       .applies = enabled,
       .condition = kCondition});
    v("shift_y_px", shift_y_px,
      {.help = "largest shift in height, pixels",
       .min = 0,
       .max = 16,
       .applies = enabled,
       .condition = kCondition});
    v("brightness", brightness,
      {.help = "gray values are multiplied by 1 + U(-this, this)",
       .min = 0,
       .max = 1,
       .applies = enabled,
       .condition = kCondition});
    v("contrast", contrast,
      {.help = "and their distance from the stack's mean by 1 + U(-this, this)",
       .min = 0,
       .max = 1,
       .applies = enabled,
       .condition = kCondition});
  }
};

struct ExplorationConfig {
  NoiseKind noise = NoiseKind::kOrnsteinUhlenbeck;
  double sigma_start = 0.2;
  double sigma_end = 0.1;
  double ou_theta = 0.15;
  int decay_steps = 100000;
  double random_throttle_min = -0.3;
  double random_throttle_max = 1.0;

  template <class V>
  void VisitFields(V& v) {
    v("noise", noise,
      {.help = "exploration noise: correlated (ornstein_uhlenbeck) or independent (gaussian)"});
    v("sigma_start", sigma_start,
      {.help = "stationary standard deviation of the noise at first", .min = 0, .max = 2});
    v("sigma_end", sigma_end, {.help = "and at the end of the decay", .min = 0, .max = 2});
    v("ou_theta", ou_theta,
      {.help = "mean reversion per tick",
       .min = 0.001,
       .max = 1,
       .applies = noise == NoiseKind::kOrnsteinUhlenbeck,
       .condition = "exploration.noise is ornstein_uhlenbeck"});
    v("decay_steps", decay_steps,
      {.help = "env steps over which the noise falls linearly", .min = 1, .max = 2000000000});
    v("random_throttle_min", random_throttle_min,
      {.help = "random phase: throttle is U(this, random_throttle_max)", .min = -1, .max = 1});
    v("random_throttle_max", random_throttle_max,
      {.help = "random phase: upper end of the throttle", .min = -1, .max = 1});
  }
};

// Transitions of the scripted expert beside the agent's own.
struct DemonstrationsConfig {
  double share = 0.0;
  int env_steps = 20000;
  double noise = 0.1;
  double bc_weight = 0.0;
  int bc_decay_updates = 10000;

  template <class V>
  void VisitFields(V& v) {
    constexpr const char* kCondition = "demonstrations.share is above 0";
    v("share", share,
      {.help = "share of each batch drawn from the expert's transitions; 0 means none are made",
       .min = 0,
       .max = 1});
    v("env_steps", env_steps,
      {.help = "env steps that the expert idm_mobil drives before the agent begins; not counted "
               "in train.max_timesteps",
       .min = 1,
       .max = 1000000000,
       .applies = share > 0.0,
       .condition = kCondition});
    v("noise", noise,
      {.help = "stationary standard deviation of the correlated noise on the expert's actions",
       .min = 0,
       .max = 2,
       .applies = share > 0.0,
       .condition = kCondition});
    v("bc_weight", bc_weight,
      {.help = "weight in the actor's loss of its mean squared distance from the expert's actions "
               "on the batch's demonstrations",
       .min = 0,
       .max = 1000,
       .applies = share > 0.0,
       .condition = kCondition});
    v("bc_decay_updates", bc_decay_updates,
      {.help = "updates over which that weight falls linearly to 0",
       .min = 1,
       .max = 2000000000,
       .applies = share > 0.0 && bc_weight > 0.0,
       .condition = "demonstrations.share and bc_weight are above 0"});
  }
};

// Learning from a teacher's actions instead of from rewards: behaviour cloning, and DAgger (Ross,
// Gordon, Bagnell, "A Reduction of Imitation Learning and Structured Prediction to No-Regret Online
// Learning", AISTATS 2011). No critic is trained.
struct ImitationConfig {
  ImitationMethod method = ImitationMethod::kNone;
  std::string teacher = "idm_mobil";
  double noise = 0.1;
  BetaDecay beta_decay = BetaDecay::kLinear;
  int beta_decay_steps = 20000;

  bool on() const { return method != ImitationMethod::kNone; }

  template <class V>
  void VisitFields(V& v) {
    constexpr const char* kCondition = "imitation.method is bc or dagger";
    constexpr const char* kDaggerCondition = "imitation.method is dagger";
    const bool dagger = method == ImitationMethod::kDagger;
    v("method", method,
      {.help = "train the actor towards a teacher's actions instead of by rewards: bc (the teacher "
               "drives), dagger (teacher and student drive in a mixture; the teacher's action is "
               "the label of every state) or none"});
    v("teacher", teacher,
      {.help = "who is imitated: idm_mobil (the expert), or the path of a run or checkpoint whose "
               "policy sees numbers alone",
       .applies = on(),
       .condition = kCondition});
    v("noise", noise,
      {.help = "stationary standard deviation of the correlated noise on the actions that are "
               "driven; the labels stay clean",
       .min = 0,
       .max = 2,
       .applies = on(),
       .condition = kCondition});
    v("beta_decay", beta_decay,
      {.help = "how beta, the probability by tick and world that the teacher drives, falls from 1 "
               "after learning_starts: linear (to 0) or exponential (halves)",
       .applies = dagger,
       .condition = kDaggerCondition});
    v("beta_decay_steps", beta_decay_steps,
      {.help = "env steps within which it reaches 0, or halves",
       .min = 1,
       .max = 2000000000,
       .applies = dagger,
       .condition = kDaggerCondition});
  }
};

struct ReplayConfig {
  double max_gb = 2.0;
  double device_gb = -1.0;
  int capacity = 1000000;
  int n_step = 3;
  ReplayPriority priority = ReplayPriority::kUniform;
  double priority_alpha = 0.0;
  double per_beta_start = 0.4;
  int per_beta_updates = 10000;
  double per_epsilon = 1e-6;

  template <class V>
  void VisitFields(V& v) {
    v("max_gb", max_gb,
      {.help = "most memory the replay may take, 10^9 bytes; refused at start beyond half of RAM",
       .min = 0.001,
       .max = 10000});
    v("device_gb", device_gb,
      {.help = "frames that the learner's device keeps too, 10^9 bytes, so that batches are put "
               "together there; 0 means none, -1 none on a CPU and on a GPU as much as max_gb; a "
               "device with less room keeps half of it, or half of that",
       .min = -1,
       .max = 10000});
    v("capacity", capacity,
      {.help = "most transitions kept; the oldest go first", .min = 100, .max = 1000000000});
    v("n_step", n_step,
      {.help = "rewards summed before the critic's value is used", .min = 1, .max = 32});
    v("priority", priority,
      {.help = "how transitions are drawn: uniform, or by their TD error delta: per (Schaul et al. "
               "2016: p = |delta| + per_epsilon, squared errors weighted by (N P)^-beta) or lap "
               "(Fujimoto et al. 2020: p = max(|delta|, 1), Huber loss without weights); "
               "demonstrations "
               "are drawn uniformly with weight 1"});
    v("priority_alpha", priority_alpha,
      {.help = "exponent of the priorities; 0 means the published value: 0.6 for per, 0.4 for lap",
       .min = 0,
       .max = 2,
       .applies = priority != ReplayPriority::kUniform,
       .condition = "replay.priority is per or lap"});
    constexpr const char* kPerCondition = "replay.priority is per";
    v("per_beta_start", per_beta_start,
      {.help = "exponent beta of the importance weights in the first update",
       .min = 0,
       .max = 1,
       .applies = priority == ReplayPriority::kPer,
       .condition = kPerCondition});
    v("per_beta_updates", per_beta_updates,
      {.help = "updates over which beta rises linearly to 1",
       .min = 1,
       .max = 2000000000,
       .applies = priority == ReplayPriority::kPer,
       .condition = kPerCondition});
    v("per_epsilon", per_epsilon,
      {.help = "added to |delta|, so that transitions without error are still drawn",
       .min = 1e-9,
       .max = 1,
       .applies = priority == ReplayPriority::kPer,
       .condition = kPerCondition});
  }
};

struct TrainConfig {
  int max_timesteps = 200000;
  double max_minutes = 0.0;
  int learning_starts = 4000;
  int num_worlds = 16;
  double updates_per_env_step = 0.0625;
  uint64_t seed = 0;
  int threads = 0;
  int eval_freq = 0;
  int checkpoint_freq = 40000;
  int keep_checkpoints = 5;
  int log_freq = 100;
  Device device = Device::kCpu;

  template <class V>
  void VisitFields(V& v) {
    v("max_timesteps", max_timesteps,
      {.help = "env steps of the whole run, over all worlds", .min = 1, .max = 2000000000});
    v("max_minutes", max_minutes,
      {.help = "minutes of wall clock after which a training ends before max_timesteps, counted "
               "from the start or the resume; 0 means no limit",
       .min = 0,
       .max = 1000000});
    v("learning_starts", learning_starts,
      {.help =
           "env steps before learning: of random actions, of the teacher where one is imitated, "
           "of the loaded policy after train --from",
       .min = 0,
       .max = 2000000000});
    v("num_worlds", num_worlds, {.help = "worlds that step together", .min = 1, .max = 1024});
    v("updates_per_env_step", updates_per_env_step,
      {.help = "learner updates per env step after learning_starts", .min = 0.001, .max = 100});
    v("seed", seed, {.help = "seed of every named random stream"});
    v("threads", threads,
      {.help = "threads of the learner; 0 means one per core", .min = 0, .max = 1024});
    v("eval_freq", eval_freq,
      {.help = "env steps between validations; 0 means never", .min = 0, .max = 2000000000});
    v("checkpoint_freq", checkpoint_freq,
      {.help = "env steps between checkpoints; 0 means only at the end",
       .min = 0,
       .max = 2000000000});
    v("keep_checkpoints", keep_checkpoints,
      {.help = "the last so many stay, and the best by validation", .min = 1, .max = 100000});
    v("log_freq", log_freq,
      {.help = "updates between two records of learning metrics", .min = 1, .max = 1000000});
    v("device", device,
      {.help = "where tensors live; auto is cuda where one can be used, else cpu"});
  }
};

struct EvalConfig {
  int num_episodes = 20;

  template <class V>
  void VisitFields(V& v) {
    v("num_episodes", num_episodes,
      {.help = "episodes of each validation during training", .min = 1, .max = 10000});
  }
};

struct Config {
  // Version of the keys; a file of another version is refused with the way to convert it.
  static constexpr int kVersion = 1;

  int config_version = kVersion;
  std::string preset = "td3";
  TrainConfig train;
  EnvConfig env;
  WeatherConfig weather;
  RandomisationConfig randomisation;
  NpcConfig npc;
  EgoConfig ego;
  ObservationConfig observation;
  RewardConfig reward;
  ShapingConfig shaping;
  StartConfig start;
  LearnerConfig learner;
  AugmentConfig augment;
  ExplorationConfig exploration;
  DemonstrationsConfig demonstrations;
  ImitationConfig imitation;
  ReplayConfig replay;
  EvalConfig eval;

  template <class V>
  void VisitFields(V& v) {
    v("config_version", config_version,
      {.help = "version of these keys", .min = kVersion, .max = kVersion});
    v("preset", preset, {.help = "the preset this configuration started from"});
    v.Section("train", train);
    v.Section("env", env);
    v.Section("weather", weather);
    v.Section("randomisation", randomisation);
    v.Section("npc", npc);
    v.Section("ego", ego);
    v.Section("observation", observation);
    v.Section("reward", reward);
    v.Section("shaping", shaping);
    v.Section("start", start);
    v.Section("learner", learner);
    v.Section("augment", augment);
    v.Section("exploration", exploration);
    v.Section("demonstrations", demonstrations);
    v.Section("imitation", imitation);
    v.Section("replay", replay);
    v.Section("eval", eval);
  }
};

}  // namespace volante
