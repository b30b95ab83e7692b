#include "cli/command.h"

namespace volante {

// Weak here, so that a row is null in the program that was linked without its file.
[[gnu::weak]] int RunMap(int, char**);
[[gnu::weak]] int RunTrain(int, char**);
[[gnu::weak]] int RunEvaluate(int, char**);
[[gnu::weak]] int RunDrive(int, char**);
[[gnu::weak]] int RunBench(int, char**);

std::span<const Command> Commands() {
  using enum Needs;
  static const Command kCommands[] = {
      {"train", "train a car to drive", kNetwork, StopSignals::kBlocked, RunTrain},
      {"evaluate", "measure how well a checkpoint or a scripted driver drives", kNetwork,
       StopSignals::kDefault, RunEvaluate},
      {"drive", "watch a policy drive, in a window or a video file", kWindow, StopSignals::kBlocked,
       RunDrive},
      {"curve", "draw the learning curves of runs as SVG", kLight, StopSignals::kDefault, RunCurve},
      {"map", "inspect, check and make OpenDRIVE maps", kLight, StopSignals::kDefault, RunMap},
      {"config", "show the resolved configuration, its presets and its reference", kLight,
       StopSignals::kDefault, RunConfig},
      {"bench", "measure speed and memory, with the peer beside each figure", kNetwork,
       StopSignals::kDefault, RunBench},
  };
  return kCommands;
}

}  // namespace volante
