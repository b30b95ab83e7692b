#include "base/thread_team.h"

#include <utility>

#include "base/error.h"

namespace volante {
void ThreadTeam::Await(const std::atomic<unsigned>& value, unsigned wanted) const {
  for (int i = 0; i < spins_; ++i) {
    if (value.load(std::memory_order_acquire) == wanted) return;
    __builtin_ia32_pause();
  }
  for (unsigned seen; (seen = value.load(std::memory_order_acquire)) != wanted;) {
    value.wait(seen, std::memory_order_acquire);
  }
}

ThreadTeam::ThreadTeam(int size, int spins) : spins_(spins), failures_(static_cast<size_t>(size)) {
  VOLANTE_CHECK(size >= 1, "a team has at least the caller");
  for (int thread = 1; thread < size; ++thread) {
    threads_.emplace_back([this, thread] { Serve(thread); });
  }
}

ThreadTeam::~ThreadTeam() {
  work_ = {};
  asked_.fetch_add(1, std::memory_order_release);
  asked_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

// Stretches differ by at most one item, and thread t's lies before thread t + 1's.
void ThreadTeam::DoStretch(int thread) {
  const auto first = [&](int t) {
    return static_cast<int>(static_cast<int64_t>(count_) * t / size());
  };
  try {
    for (int item = first(thread); item < first(thread + 1); ++item) {
      work_.call(work_.self, item, thread);
    }
  } catch (...) {
    failures_[static_cast<size_t>(thread)] = std::current_exception();
  }
}

void ThreadTeam::Run(int count, Work work) {
  work_ = work;
  count_ = count;
  if (threads_.empty() || count <= 1) {
    for (int item = 0; item < count; ++item) work.call(work.self, item, 0);
    return;
  }
  const auto others = static_cast<unsigned>(threads_.size());
  const unsigned all_done = done_.load(std::memory_order_relaxed) + others;
  asked_.fetch_add(1, std::memory_order_release);
  asked_.notify_all();
  DoStretch(0);
  Await(done_, all_done);  // the work refers to the caller's variables
  std::exception_ptr first;
  for (std::exception_ptr& failure : failures_) {
    const std::exception_ptr thrown = std::exchange(failure, nullptr);
    if (!first) first = thrown;
  }
  if (first) std::rethrow_exception(first);
}

void ThreadTeam::Serve(int thread) {
  for (unsigned served = 1;; ++served) {
    Await(asked_, served);
    if (work_.call == nullptr) return;
    DoStretch(thread);
    done_.fetch_add(1, std::memory_order_release);
    done_.notify_one();
  }
}

}  // namespace volante
