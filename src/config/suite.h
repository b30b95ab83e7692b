// The kinds of episodes beside the ordinary one (docs/suites.md). A suite is asked for by the reset
// of an episode: evaluation's --suite, and training for env.contested_share of its episodes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace volante {

enum class Suite : uint8_t {
  kStandard,   // the scenario alone
  kContested,  // a lead car in the way and crossing traffic at the first junction
};
inline constexpr std::array kSuiteNames = {"standard", "contested"};

inline const char* NameOf(Suite suite) { return kSuiteNames[static_cast<size_t>(suite)]; }

// Error(kUsage) for any other name.
inline Suite SuiteNamed(std::string_view name) {
  for (size_t i = 0; i < kSuiteNames.size(); ++i) {
    if (name == kSuiteNames[i]) return static_cast<Suite>(i);
  }
  throw Error(ExitCode::kUsage, "unknown suite", std::string(name),
              "known are standard and contested", "choose one of them");
}

}  // namespace volante
