// Two independent pieces of work at once: the twin critics of an update from the vector alone,
// whose matrix products are too small to share one between two threads (measured: waking OpenBLAS's
// second thread for each product eats what it gains).
// Private to learn/. One caller at a time; the worker thread sleeps between calls.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <thread>

namespace volante {

class TwinWorker {
 public:
  TwinWorker();
  ~TwinWorker();
  TwinWorker(const TwinWorker&) = delete;
  TwinWorker& operator=(const TwinWorker&) = delete;

  // Runs `here` on the calling thread and `there` on the worker's, with the caller's gradient
  // mode; returns when both are done. What either throws is thrown again, `here` first.
  void Run(const std::function<void()>& here, const std::function<void()>& there);

 private:
  void Loop();

  const std::function<void()>* work_ = nullptr;  // published by `asked_`
  bool gradients_ = true;
  std::exception_ptr failure_;
  std::atomic<unsigned> asked_{0}, done_{0};  // calls so far
  std::thread thread_;
};

// Both on two threads where there is a worker, else one after the other.
void RunBoth(TwinWorker* worker, const std::function<void()>& first,
             const std::function<void()>& second);

// Within its lifetime torch's operators and the BLAS use one thread each, where called from this
// thread; results then do not depend on the number of threads.
class OneThreadScope {
 public:
  explicit OneThreadScope(bool active);
  ~OneThreadScope();
  OneThreadScope(const OneThreadScope&) = delete;
  OneThreadScope& operator=(const OneThreadScope&) = delete;

 private:
  int threads_ = 0;  // to go back to; 0 when inactive
};

}  // namespace volante
