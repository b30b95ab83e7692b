#include "render/ground_bands.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"

namespace volante {

namespace {

constexpr double kSame_m = 0.01;  // between corners of bands that continue each other
constexpr double kCell_m = 1.0;   // of the index of bands' ends

double LengthOf(const GroundBand& band) {
  double length_m = 0.0;
  for (size_t i = 1; i < band.left.size(); ++i) {
    length_m += std::max(Distance(band.left[i - 1].at_m, band.left[i].at_m),
                         Distance(band.right[i - 1].at_m, band.right[i].at_m));
  }
  return length_m;
}

bool Same(const GroundPoint& a, const GroundPoint& b) {
  return Distance(a.at_m, b.at_m) < kSame_m && std::abs(a.height_m - b.height_m) < kSame_m;
}

void Reverse(GroundBand& band) {
  std::reverse(band.left.begin(), band.left.end());
  std::reverse(band.right.begin(), band.right.end());
}

// What the bands that are the same have in common, to a millimetre: however a band runs and
// whichever of its lines is called left. Dashes begin where their band does.
uint64_t KeyOf(const GroundBand& band) {
  const auto hash = [](const std::vector<int64_t>& values) {
    return HashBytes(values.data(), values.size() * sizeof(values[0]));
  };
  const auto millimetres = [](double m) { return std::llround(1e3 * m); };
  std::vector<int64_t> key;
  for (const GroundLine* line : {&band.left, &band.right}) {
    std::vector<int64_t> there, back;
    for (size_t i = 0; i < line->size(); ++i) {
      for (const bool forward : {true, false}) {
        const GroundPoint& p = (*line)[forward ? i : line->size() - 1 - i];
        for (const double v : {p.at_m.x, p.at_m.y, p.height_m}) {
          (forward ? there : back).push_back(millimetres(v));
        }
      }
    }
    key.push_back(
        static_cast<int64_t>(hash(band.dashes != nullptr ? there : std::min(there, back))));
  }
  if (key[0] > key[1]) std::swap(key[0], key[1]);
  key.push_back(static_cast<int64_t>(band.layer));
  if (band.dashes != nullptr) {
    key.push_back(millimetres(band.dashes->dash_m));
    key.push_back(millimetres(band.dashes->gap_m));
  }
  return hash(key);
}

void DropRepeated(std::vector<GroundBand>& bands) {
  std::unordered_set<uint64_t> seen;
  std::erase_if(bands, [&](const GroundBand& band) { return !seen.insert(KeyOf(band)).second; });
}

// Where bands begin and end, by cells of the plan.
class Ends {
 public:
  explicit Ends(const std::vector<GroundBand>& bands) {
    for (size_t i = 0; i < bands.size(); ++i) Add(bands[i], i);
  }
  void Add(const GroundBand& band, size_t index) {
    for (const size_t at : {size_t{0}, band.left.size() - 1}) {
      cells_.emplace(CellOf(MiddleOf(band, at), 0, 0), index);
    }
  }
  template <class Visit>
  void ForEachNear(Vec2 p, Visit visit) const {
    for (int x = -1; x <= 1; ++x) {
      for (int y = -1; y <= 1; ++y) {
        const auto [first, end] = cells_.equal_range(CellOf(p, x, y));
        for (auto it = first; it != end; ++it) visit(it->second);
      }
    }
  }
  static Vec2 MiddleOf(const GroundBand& band, size_t at) {
    return (band.left[at].at_m + band.right[at].at_m) * 0.5;
  }

 private:
  static uint64_t CellOf(Vec2 p, int x, int y) {
    const auto column = static_cast<int64_t>(std::floor(p.x / kCell_m)) + x;
    const auto row = static_cast<int64_t>(std::floor(p.y / kCell_m)) + y;
    return static_cast<uint64_t>(column) << 32 ^ (static_cast<uint64_t>(row) & 0xffffffffu);
  }
  std::unordered_multimap<uint64_t, size_t> cells_;
};

// Whether b goes on where a ends, and onwards: bands of lanes that cross may end in one place.
bool Continues(const GroundLine& a, const GroundLine& b) {
  return Same(a.back(), b.front()) &&
         Dot(a.back().at_m - a[a.size() - 2].at_m, b[1].at_m - b.front().at_m) >= 0.0;
}

// Adds `other` to the end of `band`, if it goes on there with one of its ends.
bool Continue(GroundBand& band, GroundBand& other) {
  for (int turn = 0; turn < 2; ++turn) {
    for (int swap = 0; swap < 2; ++swap) {
      if (Continues(band.left, other.left) && Continues(band.right, other.right)) {
        band.left.insert(band.left.end(), other.left.begin() + 1, other.left.end());
        band.right.insert(band.right.end(), other.right.begin() + 1, other.right.end());
        return true;
      }
      std::swap(other.left, other.right);
    }
    Reverse(other);
  }
  return false;
}

bool Join(GroundBand& host, GroundBand& crumb) {
  if (Continue(host, crumb)) return true;
  Reverse(host);
  const bool joined = Continue(host, crumb);
  Reverse(host);
  return joined;
}

// The first band that goes on where the crumb ends, made longer by it; none: their number.
size_t JoinCrumb(std::vector<GroundBand>& bands, const std::vector<char>& gone, size_t crumb,
                 const Ends& ends) {
  std::vector<size_t> near;
  for (const size_t at : {size_t{0}, bands[crumb].left.size() - 1}) {
    ends.ForEachNear(Ends::MiddleOf(bands[crumb], at), [&](size_t k) {
      if (k != crumb && !gone[k] && bands[k].layer == bands[crumb].layer &&
          bands[k].dashes == nullptr) {
        near.push_back(k);
      }
    });
  }
  std::sort(near.begin(), near.end());
  for (const size_t host : near) {
    if (Join(bands[host], bands[crumb])) return host;
  }
  return bands.size();
}

void JoinCrumbs(std::vector<GroundBand>& bands) {
  std::vector<char> short_ones(bands.size(), 0), gone(bands.size(), 0);
  for (size_t i = 0; i < bands.size(); ++i) {
    const double length_m = LengthOf(bands[i]);
    short_ones[i] = length_m < kShortBand_m;
    // A dash that is longer than the line paints all of it.
    const MarkLine* dashes = bands[i].dashes;
    if (short_ones[i] && dashes != nullptr && dashes->dash_m >= length_m) {
      bands[i].dashes = nullptr;
    }
  }
  Ends ends(bands);
  for (size_t i = 0; i < bands.size(); ++i) {
    if (!short_ones[i] || bands[i].dashes != nullptr) continue;
    const size_t host = JoinCrumb(bands, gone, i, ends);
    if (host == bands.size()) continue;
    gone[i] = 1;
    ends.Add(bands[host], host);
  }
  size_t kept = 0;
  for (size_t i = 0; i < bands.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) bands[kept] = std::move(bands[i]);
    ++kept;
  }
  bands.resize(kept);
}

}  // namespace

void TidyBands(std::vector<GroundBand>& bands) {
  DropRepeated(bands);
  JoinCrumbs(bands);
}

}  // namespace volante
