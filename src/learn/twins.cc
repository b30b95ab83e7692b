#include "learn/twins.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>

#include <utility>

namespace volante {
namespace {

// at::set_num_threads also rebuilds thread pools of other libraries, which is too slow for every
// update; OpenMP's own call only sets a number of the calling thread.
void SetThreads(const char* function, int threads) {
  if (auto* set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, function))) set(threads);
}

// Rounds of looking at a flag before the thread sleeps: some tenths of a millisecond, about what
// lies between two calls of one update.
constexpr int kSpins = 20000;

// Until `value` is no longer `old`.
void Await(const std::atomic<unsigned>& value, unsigned old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    __builtin_ia32_pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

TwinWorker::TwinWorker() : thread_([this] { Loop(); }) {}

TwinWorker::~TwinWorker() {
  work_ = nullptr;
  asked_.fetch_add(1, std::memory_order_release);
  asked_.notify_one();
  thread_.join();
}

void TwinWorker::Run(const std::function<void()>& here, const std::function<void()>& there) {
  const unsigned before = done_.load(std::memory_order_relaxed);
  work_ = &there;
  gradients_ = c10::GradMode::is_enabled();
  asked_.fetch_add(1, std::memory_order_release);
  asked_.notify_one();
  std::exception_ptr failure;
  try {
    here();
  } catch (...) {
    failure = std::current_exception();
  }
  Await(done_, before);  // `there` refers to the caller's variables
  if (failure) std::rethrow_exception(failure);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void TwinWorker::Loop() {
  SetThreads("omp_set_num_threads", 1);
  for (unsigned served = 0;; ++served) {
    Await(asked_, served);
    if (work_ == nullptr) return;
    c10::GradMode::set_enabled(gradients_);
    try {
      (*work_)();
    } catch (...) {
      failure_ = std::current_exception();
    }
    done_.fetch_add(1, std::memory_order_release);
    done_.notify_one();
  }
}

void RunBoth(TwinWorker* worker, const std::function<void()>& first,
             const std::function<void()>& second) {
  if (worker != nullptr) return worker->Run(first, second);
  first();
  second();
}

OneThreadScope::OneThreadScope(bool active) {
  if (!active) return;
  threads_ = at::get_num_threads();
  SetThreads("omp_set_num_threads", 1);
  SetThreads("openblas_set_num_threads", 1);
}

OneThreadScope::~OneThreadScope() {
  if (threads_ == 0) return;
  SetThreads("omp_set_num_threads", threads_);
  SetThreads("openblas_set_num_threads", threads_);
}

}  // namespace volante
