// Threads that share an update by rows: each takes a shard of the batch through all networks and
// back, with operators and BLAS on that thread alone, and meets the others where the optimizer
// steps. Sharing each operator instead, as torch and OpenBLAS do, wakes threads for work of some
// microseconds (docs/performance.md has both). Private to learn/. One caller at a time; the threads
// sleep between calls.
#pragma once

#include <functional>

#include "base/thread_team.h"

namespace volante {

class ShardTeam {
 public:
  // The calling thread and size - 1 others; size >= 1.
  explicit ShardTeam(int size);

  int size() const { return team_.size(); }
  // Calls work(0) on the calling thread and work(1), ..., work(shards - 1) on the others, each with
  // the caller's gradient mode; shards <= size(). Returns when all are done. Of what they throw the
  // lowest shard's is thrown again. With more than one shard torch's operators and the BLAS use one
  // thread each within it; otherwise it is a plain call.
  void Run(int shards, const std::function<void(int)>& work);

 private:
  ThreadTeam team_;
};

// Within its lifetime torch's operators and the BLAS use one thread each where the calling thread
// calls them, if it is active.
class OneThreadScope {
 public:
  explicit OneThreadScope(bool active);
  ~OneThreadScope();
  OneThreadScope(const OneThreadScope&) = delete;
  OneThreadScope& operator=(const OneThreadScope&) = delete;

 private:
  int threads_;  // to go back to; 0 when inactive
};

}  // namespace volante
