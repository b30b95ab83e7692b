#include "learn/shard_team.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>

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

}  // namespace

OneThreadScope::OneThreadScope(bool active) : threads_(active ? at::get_num_threads() : 0) {
  if (active) SetThreads(1);
}

OneThreadScope::~OneThreadScope() {
  if (threads_ > 0) SetThreads(threads_);
}

ShardTeam::ShardTeam(int size) : team_(size, kSpins) {}

void ShardTeam::Run(int shards, const std::function<void(int)>& work) {
  VOLANTE_CHECK(shards >= 1 && shards <= size(), "a thread for each shard");
  if (shards == 1) return work(0);
  const OneThreadScope one_thread(true);
  const bool gradients = c10::GradMode::is_enabled();
  // As many items as threads: thread t does item t.
  team_.ForEach(size(), [&](int shard, int thread) {
    if (thread > 0) {
      static thread_local const bool prepared = [] {
        at::get_num_threads();  // the first call in a thread sets torch's number, undoing ours
        SetThreads("omp_set_num_threads", 1);
        return true;
      }();
      (void)prepared;
      c10::GradMode::set_enabled(gradients);
    }
    if (shard < shards) work(shard);
  });
}

}  // namespace volante
