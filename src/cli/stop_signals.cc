#include "cli/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/error.h"

namespace volante {

StopSignalWaiter::StopSignalWaiter(const char* message)
    : message_(message), thread_([this] { Wait(); }) {}

StopSignalWaiter::~StopSignalWaiter() {
  done_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR1);  // wakes the waiter
  thread_.join();
}

void StopSignalWaiter::Wait() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&set, signal);
  while (true) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || done_) return;
    if (stop_ && signal == SIGINT) _exit(static_cast<int>(ExitCode::kInterrupted));
    stop_ = true;
    if (message_ != nullptr) std::fprintf(stderr, "\n%s\n", message_);
  }
}

}  // namespace volante
