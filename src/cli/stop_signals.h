// Waits for SIGINT, SIGTERM and SIGUSR1 on a thread of its own and sets a flag; a second SIGINT
// ends the process with exit code 130. The signals must be blocked before (cli/launcher.h).
#pragma once

#include <atomic>
#include <thread>

namespace volante {

class StopSignalWaiter {
 public:
  // `message` is a line on stderr when the first signal comes; null says nothing.
  explicit StopSignalWaiter(const char* message);
  ~StopSignalWaiter();
  const std::atomic<bool>& stop() const { return stop_; }

 private:
  void Wait();

  const char* message_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace volante
