#include "replay/priorities.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace volante {

PriorityOptions PriorityOptionsOf(const ReplayConfig& config) {
  PriorityOptions options{
      .kind = config.priority, .alpha = config.priority_alpha, .epsilon = config.per_epsilon};
  if (options.alpha == 0.0) {
    options.alpha = options.kind == ReplayPriority::kLap ? kLapAlpha : kPerAlpha;
  }
  return options;
}

double PerBeta(const ReplayConfig& config, int64_t update) {
  const double done = static_cast<double>(update - 1) / config.per_beta_updates;
  return done >= 1.0 ? 1.0 : config.per_beta_start + (1.0 - config.per_beta_start) * done;
}

float PriorityOf(const PriorityOptions& options, double td_error) {
  VOLANTE_CHECK(std::isfinite(td_error), "a TD error is finite");
  const double size = std::abs(td_error);
  const double p =
      options.kind == ReplayPriority::kLap ? std::max(size, 1.0) : size + options.epsilon;
  // Neither lost nor infinite as a float32, whatever the exponent.
  return static_cast<float>(std::clamp(std::pow(p, options.alpha), 1e-30, 1e30));
}

Priorities::Priorities(const PriorityOptions& options, uint64_t most)
    : options_(options), tree_(std::bit_ceil(most)) {}

uint64_t Priorities::BytesFor(uint64_t most) { return SumTree::BytesFor(std::bit_ceil(most)); }

void Priorities::Append() {
  VOLANTE_CHECK(end_ - first_ < tree_.num_places(), "no room for another priority");
  tree_.Set(Place(end_++), largest_);
}

void Priorities::DropFirst() {
  VOLANTE_CHECK(first_ < end_, "no priority to drop");
  tree_.Set(Place(first_++), 0.0);
}

std::vector<uint64_t> Priorities::Draw(RandomStream& random, size_t count) const {
  std::vector<uint64_t> numbers(count);
  const double range = tree_.total() / static_cast<double>(count);
  for (size_t k = 0; k < count; ++k) {
    const size_t place = tree_.Find((static_cast<double>(k) + random.Uniform()) * range);
    // Of the numbers at this place the one that is there: first_ or the next after it.
    numbers[k] = first_ + Place(place - first_);
  }
  return numbers;
}

std::vector<float> Priorities::Weights(std::span<const uint64_t> numbers, double beta) const {
  std::vector<float> weights(numbers.size(), 1.0f);
  if (options_.kind != ReplayPriority::kPer) return weights;
  double smallest = std::numeric_limits<double>::infinity();
  for (const uint64_t number : numbers) smallest = std::min(smallest, At(number));
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<float>(std::pow(At(numbers[i]) / smallest, -beta));
  }
  return weights;
}

void Priorities::Update(uint64_t number, double td_error) {
  if (number < first_) return;
  VOLANTE_CHECK(number < end_, "no such transition yet");
  const float priority = PriorityOf(options_, td_error);
  tree_.Set(Place(number), priority);
  largest_ = std::max(largest_, static_cast<double>(priority));
}

double Priorities::EffectiveShare() const {
  double sum = 0.0, squares = 0.0;
  for (uint64_t number = first_; number < end_; ++number) {
    const double p = At(number);
    sum += p;
    squares += p * p;
  }
  return squares > 0.0 ? sum * sum / (squares * static_cast<double>(end_ - first_)) : 1.0;
}

SavedPriorities Priorities::Save() const {
  SavedPriorities saved{.first = first_, .largest = largest_, .values = {}};
  saved.values.reserve(end_ - first_);
  for (uint64_t number = first_; number < end_; ++number) {
    saved.values.push_back(static_cast<float>(At(number)));
  }
  return saved;
}

bool Priorities::Restore(const SavedPriorities& saved) {
  const uint64_t count = end_ - first_;
  const auto allowed = [&](double p) { return p > 0.0 && p <= saved.largest; };
  if (saved.values.size() != count || saved.first > (uint64_t{1} << 62) ||
      !std::isfinite(saved.largest) ||
      !std::all_of(saved.values.begin(), saved.values.end(), allowed)) {
    return false;
  }
  first_ = saved.first;
  end_ = first_ + count;
  largest_ = saved.largest;
  std::vector<double> values(tree_.num_places(), 0.0);
  for (uint64_t i = 0; i < count; ++i) values[Place(first_ + i)] = saved.values[i];
  tree_.Fill(values);
  return true;
}

}  // namespace volante
