// Where two saved states differ: the first field, by name, with both values.
// For tests and for people who look for the tick at which two runs part.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace volante {

// Of two documents of StateWriter (base/archive.h), in the order of their fields: empty when they
// say the same bit for bit, else one line: "traffic.npcs[3].speed_mps: 8.25 against 8.5". Error
// (kBadInput) when one is no such document; `where` names the source.
std::string FirstDifference(std::span<const uint8_t> a, std::span<const uint8_t> b,
                            const std::string& where);

}  // namespace volante
