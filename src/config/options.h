// Where a Config comes from and how it is shown: presets, YAML files, --set, diff, hash, reference.
// Everything walks the one field list of config/config.h. Reads files through base/files.h only,
// never changes one, keeps no state; any thread. Bad input is an Error(kUsage) that names the key,
// its place and the remedy. The YAML library stays behind this header.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "config/config.h"

namespace volante {

struct ConfigSources {
  std::string preset;             // --preset; empty: the file's `preset` key, else "td3"
  std::string file;               // --config; empty: none
  std::vector<std::string> sets;  // --set: "section.key=value"; lists as "256,256" or "[256, 256]"
  std::string algorithm = {};     // --algorithm; empty: none
};

// The resolved and checked configuration: defaults < preset < file < algorithm < sets. Refused:
// unknown and duplicate keys, wrong types, choices and ranges, keys of the file or the sets that do
// not apply in the result, and combinations that can't work.
Config LoadConfig(Files& files, const ConfigSources& sources);

// The same over another run's configuration in place of a preset: parent < file < algorithm < sets.
// Another preset than the parent's is refused.
Config LoadConfigOver(Files& files, const Config& parent, const ConfigSources& sources);

// The same from a text in memory, e.g. the config.yaml stored with a checkpoint; `where` names it
// in messages.
Config ParseConfig(std::string_view yaml, const std::string& where,
                   const std::vector<std::string>& sets = {});

// `base` with keys set as by --set, under the same checks.
Config WithSets(const Config& base, const std::vector<std::string>& sets);

// Names of the built-in presets, sorted, and their text. An unknown name is an Error.
std::vector<std::string> PresetNames();
Config LoadPreset(const std::string& name);
std::string PresetText(const std::string& name);
// The same of the algorithms: sets of keys that turn one algorithm into another.
std::vector<std::string> AlgorithmNames();
std::string AlgorithmText(const std::string& name);

// All keys in declaration order. Keys that do not apply stand as comments with their condition, so
// the text loads again: ParseConfig(ToYaml(c)) equals c in every key that applies.
std::string ToYaml(const Config& config);

struct ConfigDifference {
  std::string key;
  std::string preset_value;
  std::string value;
};
// Applicable keys whose value is not that of the preset which `config.preset` names, in
// declaration order.
std::vector<ConfigDifference> DiffFromPreset(const Config& config);

// Keys that apply in `to` and have another value in `from`, which stands as preset_value.
std::vector<ConfigDifference> Differences(const Config& from, const Config& to);

// 32 hex digits over every applicable key and value but `preset` (a name, not a behaviour).
std::string ConfigHash(const Config& config);

// docs/config_reference.md: every key with type, default, range or choices, condition and help.
std::string ConfigReference();

// Refuses configurations that are fine to drive or evaluate with but can't train: the scenario that
// is kept for evaluation, a budget that ends before learning starts, or a first batch larger than
// what was collected by then.
void ValidateForTraining(const Config& config);

}  // namespace volante
