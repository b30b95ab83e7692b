#include "config/nearest_name.h"

#include <algorithm>
#include <numeric>

namespace volante {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  // Longer than any name of ours: nothing is close, and the distance would cost for nothing.
  if (name.size() > 100) return {};
  std::string best;
  size_t best_distance = 0;
  const auto offer = [&](std::string_view form, const std::string& candidate) {
    const size_t distance = EditDistance(name, form);
    const size_t most = form.size() <= 3 ? 1 : std::max<size_t>(2, form.size() / 3);
    if (distance > most) return;
    if (!best.empty() && distance >= best_distance) return;
    best = candidate;
    best_distance = distance;
  };
  for (const std::string& candidate : candidates) {
    offer(candidate, candidate);
    const size_t dot = candidate.rfind('.');
    if (dot != std::string::npos && name.find('.') == std::string_view::npos) {
      offer(std::string_view(candidate).substr(dot + 1), candidate);
    }
  }
  return best;
}

}  // namespace volante
