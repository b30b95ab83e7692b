// volante config: what a run would use, and where each value comes from.

#include <cstdio>
#include <string>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/wrapped_text.h"
#include "config/options.h"

namespace volante {
namespace {

// A preset or an algorithm begins with a comment, whose first paragraph says what it is.
void PrintNames(const std::vector<std::string>& names, std::string (*text_of)(const std::string&)) {
  for (const std::string& name : names) {
    constexpr int kNameColumns = 13;
    const std::string what = Wrapped(FirstParagraph(text_of(name)), kNameColumns, kNameColumns);
    std::printf("%-*s%s\n", kNameColumns, name.c_str(), what.c_str());
  }
}

void PrintDiff(const Config& config) {
  const std::vector<ConfigDifference> differences = DiffFromPreset(config);
  if (differences.empty()) std::printf("nothing differs from preset %s\n", config.preset.c_str());
  for (const ConfigDifference& d : differences) {
    std::printf("%-36s %s   (%s: %s)\n", d.key.c_str(), d.value.c_str(), config.preset.c_str(),
                d.preset_value.c_str());
  }
}

}  // namespace

int RunConfig(int argc, char** argv) {
  CLI::App app("Show the resolved configuration, its presets and its reference.");
  std::string what = "show";
  ConfigSources sources;
  app.add_option("what", what,
                 "show: the resolved configuration as YAML; diff: what differs from the preset; "
                 "presets, algorithms: their names; reference: every key, as Markdown")
      ->check(CLI::IsMember({"show", "diff", "presets", "algorithms", "reference"}))
      ->capture_default_str();
  AddConfigFlags(app, sources);
  if (!ParseArguments(app, argc, argv)) return 0;

  if (what == "presets") {
    PrintNames(PresetNames(), PresetText);
  } else if (what == "algorithms") {
    PrintNames(AlgorithmNames(), AlgorithmText);
  } else if (what == "reference") {
    std::fputs(ConfigReference().c_str(), stdout);
  } else {
    const Config config = LoadConfig(RealFiles(), sources);
    if (what == "show") {
      std::fputs(ToYaml(config).c_str(), stdout);
    } else {
      PrintDiff(config);
    }
  }
  return 0;
}

}  // namespace volante
