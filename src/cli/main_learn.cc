// volante-learn: the program with the network and the window; started by volante alone.

#include <cstdio>

#include "base/error.h"
#include "cli/command.h"
#include "cli/launcher.h"
#include "cli/version.h"

int main(int argc, char** argv) {
  try {
    volante::FinishLaunch();
  } catch (const volante::Error& error) {
    std::fprintf(stderr, "%s\n", error.OneLine().c_str());
    return static_cast<int>(error.code());
  }
  const volante::Program program{.is_light = false, .learner_version = volante::LearnerVersionText};
  return volante::RunProgram(program, argc, argv);
}
