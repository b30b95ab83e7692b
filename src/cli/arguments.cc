#include "cli/arguments.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/wrapped_text.h"
#include "config/nearest_name.h"

namespace volante {
namespace {

// The flags of a command and of its subcommands.
void CollectFlags(const CLI::App& app, std::vector<std::string>& flags) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
  }
  for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
    CollectFlags(*subcommand, flags);
  }
}

// Refuses the first flag that does not exist. CLI11 would take the flag's value for a positional
// argument and complain about that.
void RefuseUnknownFlag(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> flags;
  CollectFlags(app, flags);
  for (int i = 1; i < argc && std::string(argv[i]) != "--"; ++i) {
    const std::string argument = argv[i];
    const bool is_short = argument.size() > 1 && argument[0] == '-' &&
                          std::isalpha(static_cast<unsigned char>(argument[1]));  // no number
    if (!is_short && !argument.starts_with("--")) continue;
    const std::string flag = argument.substr(0, is_short ? 2 : argument.find('='));
    if (std::find(flags.begin(), flags.end(), flag) != flags.end()) continue;
    const std::string nearest = is_short ? "" : NearestName(flag, flags);
    throw Error(ExitCode::kUsage, "there is no flag " + flag.substr(0, 80), app.get_name(), "",
                nearest.empty() ? app.get_name() + " --help lists the flags"
                                : "did you mean " + nearest + "?");
  }
}

}  // namespace

bool ParseArguments(CLI::App& app, int argc, char** argv) {
  if (app.get_name().empty()) app.name(std::string("volante ") + argv[0]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(WrappedHelp(app.help()).c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& error) {
    RefuseUnknownFlag(app, argc, argv);
    std::string name = app.get_name();
    for (const CLI::App* subcommand : app.get_subcommands()) name += " " + subcommand->get_name();
    throw Error(ExitCode::kUsage, "wrong arguments", name, error.what(), name + " --help");
  }
  return true;
}

void AddConfigFlags(CLI::App& app, ConfigSources& sources) {
  app.add_option("--preset", sources.preset,
                 "built-in configuration to start from: " + CLI::detail::join(PresetNames(), ", "));
  app.add_option("--config", sources.file, "YAML file with keys over the preset's")
      ->type_name("FILE");
  app.add_option("--algorithm", sources.algorithm,
                 "keys of an algorithm over those: " + CLI::detail::join(AlgorithmNames(), ", "));
  app.add_option("--set", sources.sets,
                 "one key over all: --set learner.batch_size=128; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
}

}  // namespace volante
