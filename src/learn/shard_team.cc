#include "learn/shard_team.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>

#include <utility>

#include "base/error.h"

namespace volante {
namespace {

// at::set_num_threads also rebuilds thread pools of other libraries, which is too slow for every
// update; OpenMP's own call only sets a number of the calling thread, OpenBLAS's one of all.
void SetThreads(const char* function, int threads) {
  if (auto* set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, function))) set(threads);
}

void SetThreads(int threads) {
  SetThreads("omp_set_num_threads", threads);
  SetThreads("openblas_set_num_threads", threads);
}

// Rounds of looking at a number before the thread sleeps: more than a millisecond, which is more
// than lies between two updates from the numbers alone. Waking a thread costs a tenth of that.
constexpr int kSpins = 100000;

// Until `value` is `wanted`.
void Await(const std::atomic<unsigned>& value, unsigned wanted) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) == wanted) return;
    __builtin_ia32_pause();
  }
  for (unsigned seen; (seen = value.load(std::memory_order_acquire)) != wanted;) {
    value.wait(seen, std::memory_order_acquire);
  }
}

}  // namespace

OneThreadScope::OneThreadScope(bool active) : threads_(active ? at::get_num_threads() : 0) {
  if (active) SetThreads(1);
}

OneThreadScope::~OneThreadScope() {
  if (threads_ > 0) SetThreads(threads_);
}

ShardTeam::ShardTeam(int size) {
  VOLANTE_CHECK(size >= 1, "a team has at least the caller");
  failures_.resize(static_cast<size_t>(size));
  for (int shard = 1; shard < size; ++shard) {
    threads_.emplace_back([this, shard] { Serve(shard); });
  }
}

ShardTeam::~ShardTeam() {
  work_ = nullptr;
  asked_.fetch_add(1, std::memory_order_release);
  asked_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ShardTeam::Call(int shard) {
  try {
    (*work_)(shard);
  } catch (...) {
    failures_[static_cast<size_t>(shard)] = std::current_exception();
  }
}

void ShardTeam::Run(int shards, const std::function<void(int)>& work) {
  VOLANTE_CHECK(shards >= 1 && shards <= size(), "a thread for each shard");
  if (shards == 1) return work(0);
  const OneThreadScope one_thread(true);
  const auto others = static_cast<unsigned>(threads_.size());
  const unsigned all_done = done_.load(std::memory_order_relaxed) + others;
  work_ = &work;
  shards_ = shards;
  gradients_ = c10::GradMode::is_enabled();
  asked_.fetch_add(1, std::memory_order_release);
  asked_.notify_all();
  Call(0);
  Await(done_, all_done);  // `work` refers to the caller's variables
  std::exception_ptr first;
  for (std::exception_ptr& failure : failures_) {
    const std::exception_ptr thrown = std::exchange(failure, nullptr);
    if (!first) first = thrown;
  }
  if (first) std::rethrow_exception(first);
}

void ShardTeam::Serve(int shard) {
  at::get_num_threads();  // the first call in a thread sets torch's number, which would undo ours
  SetThreads("omp_set_num_threads", 1);
  for (unsigned served = 1;; ++served) {
    Await(asked_, served);
    if (work_ == nullptr) return;
    if (shard < shards_) {
      c10::GradMode::set_enabled(gradients_);
      Call(shard);
    }
    done_.fetch_add(1, std::memory_order_release);
    done_.notify_one();
  }
}

}  // namespace volante
