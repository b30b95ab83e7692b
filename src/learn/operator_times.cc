#include "learn/operator_times.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>

namespace volante {
namespace {

using Clock = std::chrono::steady_clock;

// One call in progress. Calls of a thread nest, so each knows the one around it.
struct Call : at::ObserverContext {
  Clock::time_point start;
  Call* around = nullptr;
  double inner_s = 0.0;  // in operators that it called
};

// Torch calls plain functions, so what they gather cannot be a parameter; used from one call of
// TimeOperators at a time.
struct Gathered {
  std::mutex mutex;
  std::map<std::string, OperatorTime> times;
};
Gathered* gathered = nullptr;
thread_local Call* innermost = nullptr;

std::unique_ptr<at::ObserverContext> Begin(const at::RecordFunction&) {
  auto call = std::make_unique<Call>();
  call->around = innermost;
  innermost = call.get();
  call->start = Clock::now();
  return call;
}

void End(const at::RecordFunction& function, at::ObserverContext* context) {
  auto* call = static_cast<Call*>(context);
  const double seconds = std::chrono::duration<double>(Clock::now() - call->start).count();
  innermost = call->around;
  if (innermost != nullptr) innermost->inner_s += seconds;
  const std::lock_guard lock(gathered->mutex);
  OperatorTime& time = gathered->times[function.name()];
  ++time.calls;
  time.seconds += seconds - call->inner_s;
}

}  // namespace

std::vector<OperatorTime> TimeOperators(const std::function<void()>& work) {
  Gathered found;
  gathered = &found;
  const at::CallbackHandle handle = at::addGlobalCallback(at::RecordFunctionCallback(Begin, End));
  work();
  at::removeCallback(handle);
  gathered = nullptr;
  std::vector<OperatorTime> times;
  for (auto& [name, time] : found.times) {
    time.name = name;
    times.push_back(std::move(time));
  }
  std::stable_sort(times.begin(), times.end(), [](const OperatorTime& a, const OperatorTime& b) {
    return a.seconds > b.seconds;
  });
  return times;
}

}  // namespace volante
