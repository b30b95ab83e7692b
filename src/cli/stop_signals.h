// Waits for SIGINT, SIGTERM and SIGUSR1 on a thread of its own and sets a flag; a second SIGINT
// ends the process with exit code 130. The signals must be blocked before (cli/launcher.h).
#pragma once

#include <atomic>
#include <thread>

namespace volante {

class StopSignalWaiter {
 public:
  StopSignalWaiter();
  ~StopSignalWaiter();
  const std::atomic<bool>& stop() const { return stop_; }

 private:
  void Wait();

  std::atomic<bool> stop_{false};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace volante
