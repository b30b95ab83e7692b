// volante: the light program. Links neither torch nor OpenCV, so that it starts in milliseconds.

#include "cli/command.h"

int main(int argc, char** argv) {
  const volante::Program program{.is_light = true, .learner_version = nullptr};
  return volante::RunProgram(program, argc, argv);
}
