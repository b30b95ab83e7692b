// A binary tree of sums over a fixed number of places: finds the place where a running sum of their
// values passes a given one in log2 steps (Schaul et al. 2016, "Prioritized Experience Replay",
// appendix B.2.1). A node is always its left child plus its right one, never adjusted by a
// difference, so the tree follows from the values alone, to the bit, whatever their history.
// Knows nothing about transitions. Used by Priorities alone.
#pragma once

#include <cstddef>
#include <vector>

namespace volante {

class SumTree {
 public:
  // `num_places` is a power of two; all values are 0.
  explicit SumTree(size_t num_places);

  size_t num_places() const { return nodes_.size() / 2; }
  double total() const { return nodes_[1]; }
  double At(size_t place) const { return nodes_[num_places() + place]; }
  // `value` is finite and not negative.
  void Set(size_t place, double value);
  // All values at once; as many as there are places.
  void Fill(const std::vector<double>& values);
  // The first place with At(0) + ... + At(place) > mass, for mass in [0, total()); a place whose
  // value is 0 is never returned, rounding or not. total() must be positive.
  size_t Find(double mass) const;

  size_t bytes() const { return nodes_.size() * sizeof(double); }
  // Bytes that a tree of so many places will take.
  static constexpr size_t BytesFor(size_t num_places) { return 2 * num_places * sizeof(double); }

  friend bool operator==(const SumTree&, const SumTree&) = default;

 private:
  std::vector<double> nodes_;  // nodes_[1] is the root, 2 i and 2 i + 1 the children of i
};

}  // namespace volante
