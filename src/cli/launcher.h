// Sets the process up for the network and starts volante-learn in it.
// OpenMP and OpenBLAS read their environment once, when they are loaded, so everything here
// happens before: in the light program, which loads neither. Used by cli/program.cc alone, on the
// only thread there is.
#pragma once

#include "cli/command.h"

namespace volante {

// Cores on which this thread may run.
int AvailableCores();

// Whether volante-learn stands beside this program.
bool LearnerExists();

// Replaces this process by `volante-learn argv[1..]`, set up: OPENBLAS_CORETYPE,
// OPENBLAS_NUM_THREADS, OMP_NUM_THREADS, OMP_WAIT_POLICY (what the user set stays, but for
// train.threads), stop signals blocked when asked. Error(kEnvironment) when it is missing.
[[noreturn]] void LaunchLearner(StopSignals stop_signals, int argc, char** argv);

// In volante-learn, first of all: lets every thread run on every core that the user gave to
// volante, which OMP_PROC_BIND narrows to one while libraries load. Error(kUsage) when
// volante-learn was started by hand, since nothing is set up then.
void FinishLaunch();

// SIGINT, SIGTERM, SIGUSR1 in this thread and those that it will start.
void BlockStopSignals();
void UnblockStopSignals();

}  // namespace volante
