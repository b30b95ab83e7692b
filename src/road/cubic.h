// Cubic polynomials along a road: what OpenDRIVE calls a record (width, laneOffset, elevation ...).
// Private to src/road/.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace volante::opendrive {

// a + b ds + c ds^2 + d ds^3 from s_m on.
struct Cubic {
  double s_m = 0.0, a = 0.0, b = 0.0, c = 0.0, d = 0.0;
};

// A value with its first and second derivative along the reference line.
struct Lateral {
  double value_m = 0.0, first = 0.0, second_1pm = 0.0;

  friend Lateral operator+(Lateral p, Lateral q) {
    return {p.value_m + q.value_m, p.first + q.first, p.second_1pm + q.second_1pm};
  }
  friend Lateral operator*(Lateral p, double k) {
    return {p.value_m * k, p.first * k, p.second_1pm * k};
  }
};

// The last of the sorted records whose s is at or before the given one, else the first: half-open
// intervals, so that a value exactly at a border belongs to the record that begins there.
template <class Record>
size_t IndexAt(std::span<const Record> records, double s_m, double Record::* begin) {
  const auto after =
      std::upper_bound(records.begin(), records.end(), s_m,
                       [&](double s, const Record& record) { return s < record.*begin; });
  return after == records.begin() ? 0 : static_cast<size_t>(after - records.begin()) - 1;
}

// By the last record that begins at or before s and last_s; 0 without records. What lies before the
// first record has the value at its beginning.
inline Lateral EvaluateBefore(std::span<const Cubic> records, double s_m, double last_s_m) {
  if (records.empty()) return {};
  const Cubic& r = records[IndexAt(records, std::min(s_m, last_s_m), &Cubic::s_m)];
  const double ds = s_m - r.s_m;
  if (ds < 0.0) return {r.a, 0.0, 0.0};
  return {r.a + ds * (r.b + ds * (r.c + ds * r.d)), r.b + ds * (2.0 * r.c + ds * 3.0 * r.d),
          2.0 * r.c + 6.0 * r.d * ds};
}
inline Lateral Evaluate(std::span<const Cubic> records, double s_m) {
  return EvaluateBefore(records, s_m, s_m);
}

}  // namespace volante::opendrive
