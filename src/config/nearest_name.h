// "did you mean": the candidate closest to a mistyped name. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace volante {

// Levenshtein distance: least number of single-byte insertions, deletions and substitutions.
size_t EditDistance(std::string_view a, std::string_view b);

// The closest candidate, or empty when none is close: at most a third of its
// length in edits, but 2 for short names and 1 for those of 3 letters.
// For dotted candidates a name without dots is also compared with the last part. Ties: the first.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace volante
