#include "replay/sum_tree.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"

namespace volante {

SumTree::SumTree(size_t num_places) : nodes_(2 * num_places, 0.0) {
  VOLANTE_CHECK(std::has_single_bit(num_places), "the places of a sum tree are a power of two");
}

void SumTree::Set(size_t place, double value) {
  VOLANTE_CHECK(std::isfinite(value) && value >= 0.0, "a sum tree holds finite values >= 0");
  size_t node = num_places() + place;
  nodes_[node] = value;
  for (node /= 2; node >= 1; node /= 2) nodes_[node] = nodes_[2 * node] + nodes_[2 * node + 1];
}

void SumTree::Fill(const std::vector<double>& values) {
  VOLANTE_CHECK(values.size() == num_places(), "a value for each place");
  std::copy(values.begin(), values.end(),
            nodes_.begin() + static_cast<std::ptrdiff_t>(num_places()));
  for (size_t node = num_places() - 1; node >= 1; --node) {
    nodes_[node] = nodes_[2 * node] + nodes_[2 * node + 1];
  }
}

size_t SumTree::Find(double mass) const {
  VOLANTE_CHECK(total() > 0.0, "nothing to find in a sum tree of zeros");
  size_t node = 1;
  while (node < num_places()) {
    const double left = nodes_[2 * node], right = nodes_[2 * node + 1];
    // What is left of `mass` may round up to the sum of this node; an empty side is no way out.
    if (left > 0.0 && (mass < left || right == 0.0)) {
      node = 2 * node;
    } else {
      mass -= left;
      node = 2 * node + 1;
    }
  }
  return node - num_places();
}

}  // namespace volante
