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
  kAssertive,  // nobody yields to an ego that takes a junction, as with npc.yields_to_ego=false
  kNewTown,    // a random town that no training sees, whatever town the configuration names
};
inline constexpr std::array kSuiteNames = {"standard", "contested", "assertive", "new_town"};

inline const char* NameOf(Suite suite) { return kSuiteNames[static_cast<size_t>(suite)]; }

// What --suite says of them.
inline constexpr const char* kSuiteHelp =
    "contested: a lead car in the way and crossing traffic; assertive: nobody yields to the car; "
    "new_town: random towns that no training sees (docs/suites.md)";

// Error(kUsage) for any other name.
inline Suite SuiteNamed(std::string_view name) {
  for (size_t i = 0; i < kSuiteNames.size(); ++i) {
    if (name == kSuiteNames[i]) return static_cast<Suite>(i);
  }
  throw Error(ExitCode::kUsage, "unknown suite", std::string(name),
              "known are standard, contested, assertive and new_town", "choose one of them");
}

}  // namespace volante
