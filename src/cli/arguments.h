// Arguments of one command, with CLI11: what every command file shares.
#pragma once

#include <CLI/CLI.hpp>

#include "config/options.h"

namespace volante {

// Parses argv[1..]. False when --help was asked for and has been printed: return 0 then. A wrong
// command line is an Error(kUsage) that names the nearest flag.
bool ParseArguments(CLI::App& app, int argc, char** argv);

// --preset, --config and --set (repeatable), into `sources`.
void AddConfigFlags(CLI::App& app, ConfigSources& sources);

}  // namespace volante
