#include "config/options.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "config/field.h"
#include "config/nearest_name.h"
#include "config/presets.h"
#include "config/yaml_reader.h"

namespace volante {
namespace {

constexpr std::string_view kDefaultPreset = "td3";
constexpr std::string_view kPresetKey = "preset";

// Keys of the picture and of its path through the networks.
constexpr const char* kImageKeys[] = {
    "learner.wiring",          "learner.encoder",          "learner.batchnorm",
    "learner.encoder_weights", "learner.fusion",           "learner.feature_width",
    "learner.trunk_width",     "learner.image_gain_init",  "learner.target_encoder",
    "learner.bf16_encoder",    "learner.actor_encoder_lr", "learner.critic_encoder_lr",
    "augment.enabled",         "augment.shift_x_px",       "augment.shift_y_px",
    "augment.brightness",      "augment.contrast",         "replay.device_gb",
    "randomisation.camera_",   "randomisation.image_",     "randomisation.paint_"};

// Keys that only learning from rewards reads; those that end in a dot are whole sections.
constexpr const char* kRewardLearningKeys[] = {
    "learner.critic_lr",
    "learner.critic_encoder_lr",
    "learner.discount",
    "learner.tau",
    "learner.target_policy_noise",
    "learner.target_noise_clip",
    "learner.policy_delay",
    "learner.target_value",
    "learner.momentum_delta",
    "learner.momentum_last",
    "learner.critic_weight_decay",
    "learner.critic_grad_norm",
    "learner.pre_tanh_penalty",
    "reward.scale",
    "replay.n_step",
    "exploration.",
    "demonstrations.env_steps",
    "demonstrations.noise",
    "demonstrations.bc_",
};

[[noreturn]] void RefuseTogether(const std::string& what, const std::string& hint) {
  throw Error(ExitCode::kUsage, "the configuration can't work", "", what, hint);
}

// Walks the fields and marks those that a section can't judge by itself, because the condition
// lies in another section.
std::vector<Field> FieldsOf(Config& config) {
  std::vector<Field> fields = ListFields(config);
  const auto take_away = [&](std::span<const char* const> keys, const char* condition) {
    for (Field& field : fields) {
      for (const std::string_view key : keys) {
        const bool prefix = key.ends_with('.') || key.ends_with('_');
        if (prefix ? !field.key.starts_with(key) : field.key != key) continue;
        field.option.applies = false;
        field.option.condition = condition;
      }
    }
  };
  if (!HasImage(config.observation.mode)) {
    take_away(kImageKeys, "observation.mode is camera_vector or vision");
  }
  if (config.imitation.on()) take_away(kRewardLearningKeys, "imitation.method is none");
  return fields;
}

const Field* FindField(const std::vector<Field>& fields, std::string_view key) {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const Field& field) { return field.key == key; });
  return it == fields.end() ? nullptr : &*it;
}

[[noreturn]] void RefuseUnknown(const std::vector<Field>& fields, const Assignment& assignment) {
  std::vector<std::string> keys;
  for (const Field& field : fields) keys.push_back(field.key);
  const std::string nearest = NearestName(assignment.key, keys);
  std::string key = assignment.key.substr(0, 80);
  throw Error(ExitCode::kUsage, "there is no configuration key " + key, assignment.where, "",
              nearest.empty() ? "volante config reference lists every key"
                              : "did you mean " + nearest + "?");
}

void Apply(Config& config, const std::vector<Assignment>& assignments) {
  const std::vector<Field> fields = ListFields(config);
  for (const Assignment& assignment : assignments) {
    const Field* field = FindField(fields, assignment.key);
    if (field == nullptr) RefuseUnknown(fields, assignment);
    field->Parse(assignment.value, assignment.where);
  }
}

void RefuseInapplicable(Config& config, const std::vector<Assignment>& assignments) {
  const std::vector<Field> fields = FieldsOf(config);
  for (const Assignment& assignment : assignments) {
    const Field* field = FindField(fields, assignment.key);
    if (field->option.applies) continue;
    throw Error(ExitCode::kUsage, "configuration key " + field->key + " has no effect here",
                assignment.where, std::string("it applies when ") + field->option.condition,
                "leave it out, or change the condition");
  }
}

// Relations between keys. What only training needs is in ValidateForTraining.
void CheckTogether(const Config& config) {
  const EnvConfig& env = config.env;
  if (env.train_route_min_m > env.train_route_max_m) {
    RefuseTogether("env.train_route_min_m is larger than env.train_route_max_m",
                   "set both, the minimum first");
  }
  if (env.first_town + env.num_towns > 1000000) {
    RefuseTogether("env.first_town + env.num_towns is above 1000000",
                   "the random towns from there on are unseen ones, for suite new_town");
  }
  if (config.exploration.random_throttle_min > config.exploration.random_throttle_max) {
    RefuseTogether("exploration.random_throttle_min is larger than random_throttle_max",
                   "set both, the minimum first");
  }
  if (config.ego.steer_lock_high_deg > config.ego.steer_lock_low_deg) {
    RefuseTogether("ego.steer_lock_high_deg is larger than ego.steer_lock_low_deg",
                   "the lock falls with speed: give the larger angle to steer_lock_low_deg");
  }
  const RandomisationConfig& random = config.randomisation;
  const auto refuse_empty = [](double min, double max, const std::string& of) {
    if (min <= max) return;
    RefuseTogether("the smallest randomisation." + of + " is larger than the largest",
                   "set both, the smaller first");
  };
  refuse_empty(random.image_gamma_min, random.image_gamma_max, "image_gamma");
  refuse_empty(random.image_contrast_min, random.image_contrast_max, "image_contrast");
  refuse_empty(random.sun_altitude_min_deg, random.sun_altitude_max_deg, "sun_altitude");
  refuse_empty(random.dynamics_friction_min, random.dynamics_friction_max, "dynamics_friction");
  refuse_empty(random.dynamics_steer_lag_min_s, random.dynamics_steer_lag_max_s,
               "dynamics_steer_lag");
  refuse_empty(random.traffic_time_gap_min_s, random.traffic_time_gap_max_s, "traffic_time_gap");
  refuse_empty(random.traffic_speed_min, random.traffic_speed_max, "traffic_speed");
  refuse_empty(random.traffic_accel_min_mps2, random.traffic_accel_max_mps2, "traffic_accel");
  if (static_cast<size_t>(config.learner.critic_action_layer) > config.learner.head_widths.size()) {
    RefuseTogether("learner.critic_action_layer is " +
                       std::to_string(config.learner.critic_action_layer) +
                       ", the critic's heads have layers 0 to " +
                       std::to_string(config.learner.head_widths.size()),
                   "lower it, or give learner.head_widths more layers");
  }
  if (config.imitation.on() && HasImage(config.observation.mode) &&
      config.learner.wiring != Wiring::kSeparate) {
    RefuseTogether("imitation trains the actor with an encoder of its own, and in learner.wiring " +
                       std::string(NameOf(config.learner.wiring)) + " the encoder is the critic's",
                   "--set learner.wiring=separate");
  }
  if (config.imitation.on() && config.replay.priority != ReplayPriority::kUniform) {
    RefuseTogether("an imitation has no TD errors to draw transitions by",
                   "set replay.priority to uniform, or imitation.method to none");
  }
  if (config.imitation.on() && config.demonstrations.share > 0.0) {
    RefuseTogether("an imitation has no use for demonstrations beside the teacher's labels",
                   "set demonstrations.share to 0, or imitation.method to none");
  }
  if (config.learner.memory != Memory::kNone &&
      config.replay.priority != ReplayPriority::kUniform) {
    RefuseTogether("replay.priority is set beside learner.memory",
                   "sequences are drawn uniformly: leave one of them out");
  }
  if (config.replay.capacity < config.learner.batch_size) {
    RefuseTogether("replay.capacity is smaller than learner.batch_size",
                   "raise replay.capacity to " + std::to_string(config.learner.batch_size));
  }
  const LearnerConfig& learner = config.learner;
  if (learner.memory == Memory::kNone) return;
  const std::string length = std::to_string(learner.sequence_length);
  if (learner.batchnorm == BatchNorm::kTrain) {
    RefuseTogether("learner.batchnorm train would count what fills up sequences cut by an episode",
                   "set learner.batchnorm to frozen, or learner.memory to none");
  }
  if (learner.burn_in >= learner.sequence_length) {
    RefuseTogether("learner.burn_in leaves no step of a sequence of " + length + " to learn from",
                   "raise learner.sequence_length or lower learner.burn_in");
  }
  if (learner.batch_size % learner.sequence_length != 0) {
    RefuseTogether("learner.batch_size is no multiple of learner.sequence_length, " + length,
                   "a batch holds whole sequences: 256 is 16 of 16 steps");
  }
}

std::vector<Assignment> ParseSets(const std::vector<std::string>& sets) {
  std::vector<Assignment> assignments;
  for (const std::string& set : sets) {
    const size_t equals = set.find('=');
    const std::string where = "--set " + (set.size() > 80 ? set.substr(0, 77) + "..." : set);
    if (equals == std::string::npos || equals == 0) {
      throw Error(ExitCode::kUsage, "--set needs key=value", where, "",
                  "e.g. --set learner.batch_size=128");
    }
    Assignment assignment{set.substr(0, equals), {false, {set.substr(equals + 1)}}, where};
    for (const Assignment& earlier : assignments) {
      if (earlier.key != assignment.key) continue;
      throw Error(ExitCode::kUsage, "configuration key " + assignment.key + " is set twice",
                  earlier.where + " and " + where, "", "keep one of them");
    }
    if (assignment.key == kPresetKey) {
      throw Error(ExitCode::kUsage, "a preset can't be changed by --set", where,
                  "it is what the other keys start from", "use --preset " + set.substr(equals + 1));
    }
    assignments.push_back(std::move(assignment));
  }
  return assignments;
}

void CheckVersion(const std::vector<Assignment>& file) {
  const std::string known = std::to_string(Config::kVersion);
  for (const Assignment& assignment : file) {
    if (assignment.key != "config_version" || assignment.value.is_list ||
        assignment.value.items[0] == known) {
      continue;
    }
    throw Error(
        ExitCode::kUsage, "configuration version " + assignment.value.items[0] + " is not known",
        assignment.where, "this program knows version " + known,
        "use the program that wrote the file, or write its keys anew with config_version: " +
            known);
  }
}

// The preset's name that a file gives, or empty.
std::string PresetOf(const std::vector<Assignment>& file) {
  for (const Assignment& assignment : file) {
    if (assignment.key == kPresetKey && !assignment.value.is_list) return assignment.value.items[0];
  }
  return {};
}

std::vector<std::string> NamesOf(std::span<const EmbeddedFile> files) {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : files) {
    names.emplace_back(file.name.substr(0, file.name.rfind(".yaml")));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// `what` is "preset" or "algorithm", for the message.
const EmbeddedFile& FindNamed(std::span<const EmbeddedFile> files, const std::string& what,
                              const std::string& name) {
  for (const EmbeddedFile& file : files) {
    if (file.name == name + ".yaml") return file;
  }
  const std::vector<std::string> names = NamesOf(files);
  const std::string nearest = NearestName(name, names);
  std::string list;
  for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
  throw Error(ExitCode::kUsage, "there is no " + what + " " + name.substr(0, 80), "",
              "the " + what + "s are " + list,
              nearest.empty() ? "volante config " + what + "s says what each is"
                              : "did you mean " + nearest + "?");
}

const EmbeddedFile& FindPreset(const std::string& name) {
  return FindNamed(EmbeddedPresets(), "preset", name);
}

// defaults < preset < file < algorithm < sets, checked. Keys of an algorithm that do not apply here
// are no mistake of the user's.
Config Resolve(Config config, const std::vector<Assignment>& file,
               const std::vector<Assignment>& algorithm, const std::vector<Assignment>& sets) {
  CheckVersion(file);
  Apply(config, file);
  Apply(config, algorithm);
  Apply(config, sets);
  RefuseInapplicable(config, file);
  RefuseInapplicable(config, sets);
  CheckTogether(config);
  return config;
}

Config FromText(const std::string& preset_flag, const std::vector<Assignment>& file,
                const std::vector<Assignment>& algorithm, const std::vector<Assignment>& sets) {
  const std::string named = PresetOf(file);
  if (!preset_flag.empty() && !named.empty() && named != preset_flag) {
    throw Error(ExitCode::kUsage, "two presets are named",
                "--preset " + preset_flag + " and the file's preset: " + named,
                "the file is written on top of its own", "drop --preset, or the file's line");
  }
  const std::string name =
      !preset_flag.empty() ? preset_flag : (!named.empty() ? named : std::string(kDefaultPreset));
  return Resolve(LoadPreset(name), file, algorithm, sets);
}

std::vector<Assignment> FileOf(Files& files, const ConfigSources& sources) {
  if (sources.file.empty()) return {};
  return ReadYaml(ReadText(files, sources.file, kMaxConfigBytes), sources.file);
}

std::vector<Assignment> AlgorithmOf(const ConfigSources& sources) {
  if (sources.algorithm.empty()) return {};
  return ReadYaml(AlgorithmText(sources.algorithm), "algorithm " + sources.algorithm);
}

}  // namespace

Config LoadConfig(Files& files, const ConfigSources& sources) {
  return FromText(sources.preset, FileOf(files, sources), AlgorithmOf(sources),
                  ParseSets(sources.sets));
}

Config LoadConfigOver(Files& files, const Config& parent, const ConfigSources& sources) {
  const std::vector<Assignment> file = FileOf(files, sources);
  const std::string named = sources.preset.empty() ? PresetOf(file) : sources.preset;
  if (!named.empty() && named != parent.preset) {
    throw Error(ExitCode::kUsage, "a run from an older one starts from its configuration",
                "preset " + named.substr(0, 80), "the parent's preset is " + parent.preset,
                "leave the preset out, and give what shall differ by --set, --config or "
                "--algorithm");
  }
  // As it will be stored: a key that the new run does not read goes back to its preset's value.
  return ParseConfig(ToYaml(Resolve(parent, file, AlgorithmOf(sources), ParseSets(sources.sets))),
                     "the new run");
}

Config ParseConfig(std::string_view yaml, const std::string& where,
                   const std::vector<std::string>& sets) {
  return FromText("", ReadYaml(yaml, where), {}, ParseSets(sets));
}

Config WithSets(const Config& base, const std::vector<std::string>& sets) {
  return Resolve(base, {}, {}, ParseSets(sets));
}

std::vector<std::string> PresetNames() { return NamesOf(EmbeddedPresets()); }

Config LoadPreset(const std::string& name) {
  const EmbeddedFile& file = FindPreset(name);
  Config config;
  config.preset = name;
  return Resolve(config, ReadYaml(file.text, "preset " + name), {}, {});
}

std::string PresetText(const std::string& name) { return std::string(FindPreset(name).text); }

std::vector<std::string> AlgorithmNames() { return NamesOf(EmbeddedAlgorithms()); }

std::string AlgorithmText(const std::string& name) {
  return std::string(FindNamed(EmbeddedAlgorithms(), "algorithm", name).text);
}

std::string ToYaml(const Config& config) {
  Config copy = config;
  std::string text;
  std::string section;
  const std::vector<Field> fields = FieldsOf(copy);
  // A section without a value would be refused by the reader: its name becomes a comment too.
  const auto section_applies = [&](const std::string& name) {
    return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
      return field.option.applies && field.key.starts_with(name + ".");
    });
  };
  for (const Field& field : fields) {
    const size_t dot = field.key.find('.');
    const bool in_section = dot != std::string::npos;
    const std::string field_section = in_section ? field.key.substr(0, dot) : "";
    if (field_section != section) {
      section = field_section;
      text += (section_applies(section) ? "" : "# ") + section + ":\n";
    }
    const std::string line =
        (in_section ? field.key.substr(dot + 1) : field.key) + ": " + field.Text();
    if (in_section) text += "  ";
    text += field.option.applies
                ? line + "\n"
                : "# " + line + "   (applies when " + field.option.condition + ")\n";
  }
  return text;
}

std::vector<ConfigDifference> DiffFromPreset(const Config& config) {
  return Differences(LoadPreset(config.preset), config);
}

std::vector<ConfigDifference> Differences(const Config& from, const Config& to) {
  Config copy = to, other = from;
  const std::vector<Field> ours = FieldsOf(copy);
  const std::vector<Field> theirs = ListFields(other);
  std::vector<ConfigDifference> differences;
  for (size_t i = 0; i < ours.size(); ++i) {
    if (!ours[i].option.applies || ours[i].Text() == theirs[i].Text()) continue;
    differences.push_back({ours[i].key, theirs[i].Text(), ours[i].Text()});
  }
  return differences;
}

std::string ConfigHash(const Config& config) {
  Config copy = config;
  std::string text;
  for (const Field& field : FieldsOf(copy)) {
    if (field.option.applies && field.key != kPresetKey)
      text += field.key + "=" + field.Text() + "\n";
  }
  return Hash128Hex(text.data(), text.size());
}

void ValidateForTraining(const Config& config) {
  const TrainConfig& train = config.train;
  if (config.env.scenario == Scenario::kRain) {
    RefuseTogether(
        "scenario rain is for evaluation only: it asks whether a policy drives in "
        "weather that it was not trained in",
        "train in weather of your own by --set weather.preset=WetCloudyNoon, or by "
        "--set randomisation.enabled=true");
  }
  if (train.max_timesteps <= train.learning_starts) {
    RefuseTogether("the budget of " + std::to_string(train.max_timesteps) +
                       " env steps ends before learning starts at " +
                       std::to_string(train.learning_starts),
                   "raise train.max_timesteps or lower train.learning_starts");
  }
  const double updates = (train.max_timesteps - train.learning_starts) * train.updates_per_env_step;
  if (updates < 1.0) {
    RefuseTogether("the budget of " + std::to_string(train.max_timesteps) +
                       " env steps leaves no time for one update",
                   "raise train.max_timesteps or train.updates_per_env_step");
  }
  if (train.learning_starts < config.learner.batch_size) {
    RefuseTogether("learning starts after " + std::to_string(train.learning_starts) +
                       " env steps, before there is a batch of " +
                       std::to_string(config.learner.batch_size),
                   "raise train.learning_starts or lower learner.batch_size");
  }
  const bool sequences = config.learner.memory != Memory::kNone;
  const int drawn = DrawsPerBatch(config.learner);
  if (config.demonstrations.share > 0.0 && config.demonstrations.share * drawn < 0.5) {
    RefuseTogether("demonstrations.share is less than one " +
                       std::string(sequences ? "sequence" : "row") + " of a batch of " +
                       std::to_string(drawn),
                   "raise demonstrations.share, or set it to 0");
  }
}

}  // namespace volante
