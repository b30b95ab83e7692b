// Threads that share a list of independent jobs: each takes one stretch of it, always the same for
// the same counts, so that a result never depends on who was faster. They sleep between calls. One
// caller at a time.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace volante {

class ThreadTeam {
 public:
  // Looks at a number before a thread sleeps: some tens of microseconds, as long as a few world
  // steps.
  static constexpr int kShortWait = 2000;

  // The calling thread and size - 1 others; size >= 1. `spins`: how often a thread that waits looks
  // before it sleeps. Longer finds it awake, and takes the core from whoever works in between.
  explicit ThreadTeam(int size, int spins = kShortWait);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // Calls job(item, thread) for every item in [0, count), in ascending order within a thread, and
  // returns when all are done; thread is in [0, size()). Of what they throw, that of the lowest
  // item is thrown again; later items of its thread are not called. Does not allocate.
  template <class Job>
  void ForEach(int count, Job&& job) {
    using Bare = std::remove_reference_t<Job>;
    Run(count, {[](void* self, int item, int thread) { (*static_cast<Bare*>(self))(item, thread); },
                const_cast<void*>(static_cast<const void*>(std::addressof(job)))});
  }

 private:
  struct Work {
    void (*call)(void* self, int item, int thread) = nullptr;  // null: the end
    void* self = nullptr;
  };
  void Run(int count, Work work);
  void Serve(int thread);
  void DoStretch(int thread);

  // Until `value` is `wanted`.
  void Await(const std::atomic<unsigned>& value, unsigned wanted) const;

  int spins_;
  Work work_;  // published by asked_
  int count_ = 0;
  std::vector<std::exception_ptr> failures_;  // [size]
  std::atomic<unsigned> asked_{0}, done_{0};  // calls so far; answers of the other threads
  std::vector<std::thread> threads_;
};

}  // namespace volante
