// Where the time of an update goes, operator by operator: for `volante bench --operators` alone.
// Torch-free header.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace volante {

struct OperatorTime {
  std::string name;      // "aten::mm"
  int64_t calls = 0;     // on all threads
  double seconds = 0.0;  // in it and not in an operator that it called, summed over threads
};

// What torch's operators took while `work` ran, the longest first. Watching costs about a
// microsecond a call.
std::vector<OperatorTime> TimeOperators(const std::function<void()>& work);

}  // namespace volante
