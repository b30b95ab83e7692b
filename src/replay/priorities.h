// Which transitions of the replay are drawn more often than others, by the size of their last TD
// error: PER (Schaul, Quan, Antonoglou, Silver, "Prioritized Experience Replay", ICLR 2016,
// proportional variant) and LAP (Fujimoto, Meger, Precup, "An Equivalence between Loss Functions
// and Non-Uniform Sampling in Experience Replay", NeurIPS 2020, algorithm 1). A transition is known
// by its number: how many became complete before it. Holds no transition. Used by Replay alone; the
// formulas are for tests too.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "config/config.h"
#include "replay/sum_tree.h"

namespace volante {

inline constexpr double kPerAlpha = 0.6;  // Schaul et al., table 3, proportional variant
inline constexpr double kLapAlpha = 0.4;  // Fujimoto et al., table of hyper-parameters

struct PriorityOptions {
  ReplayPriority kind = ReplayPriority::kUniform;
  double alpha = kPerAlpha;
  double epsilon = 1e-6;  // PER: added to |delta|, so that no transition is lost
};

// replay.priority_alpha 0 means what the method's authors publish.
PriorityOptions PriorityOptionsOf(const ReplayConfig& config);

// PER's exponent beta in update `update` (1 for the first): linear from per_beta_start to 1.
double PerBeta(const ReplayConfig& config, int64_t update);

// p^alpha, of which a transition's share of the sum is its probability: PER p = |delta| + epsilon,
// LAP p = max(|delta|, 1). Rounded to float32, as it is kept.
float PriorityOf(const PriorityOptions& options, double td_error);

// As it is saved.
struct SavedPriorities {
  uint64_t first = 0;         // number of the oldest transition
  double largest = 1.0;       // largest priority that ever was
  std::vector<float> values;  // oldest transition first

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("first", first);
    ar("largest", largest);
    ar("values", values);
  }
};

class Priorities {
 public:
  // Room for `most` transitions at a time.
  Priorities(const PriorityOptions& options, uint64_t most);

  // ---- what comes and goes ----
  // The next transition: the largest priority seen so far, so that it is soon learnt from once.
  void Append();
  // The oldest one goes.
  void DropFirst();

  // ---- drawing ----
  // `count` numbers, drawn with replacement with P(i) = p_i / sum p. Stratified as in PER's
  // appendix B.2.1: row k's uniform number lies in the k-th of `count` equal ranges of the sum,
  // which gives every transition the same expected count as independent draws with less variance.
  std::vector<uint64_t> Draw(RandomStream& random, size_t count) const;
  // PER's w_i = (N P(i))^-beta / max_j w_j, j over `numbers`, the rows of one batch (as the
  // authors of LAP have it in their TD3 with PER); N and the sum cancel. LAP needs none: all 1.
  std::vector<float> Weights(std::span<const uint64_t> numbers, double beta) const;
  // The error of one transition; one that is gone is passed over.
  void Update(uint64_t number, double td_error);

  // ---- looking ----
  uint64_t first() const { return first_; }
  uint64_t end() const { return end_; }
  double At(uint64_t number) const { return tree_.At(Place(number)); }
  double largest() const { return largest_; }
  // Kish's effective sample size (sum p)^2 / sum p^2 as a share of the transitions: 1 where all are
  // equally likely, 1/N where one is drawn alone. Looks at all of them.
  double EffectiveShare() const;
  uint64_t bytes() const { return tree_.bytes(); }
  static uint64_t BytesFor(uint64_t most);

  // ---- keeping ----
  SavedPriorities Save() const;
  // Replaces them all, for as many transitions as there are now. False, and nothing changed, when
  // `saved` does not fit.
  bool Restore(const SavedPriorities& saved);

 private:
  size_t Place(uint64_t number) const { return number & (tree_.num_places() - 1); }

  PriorityOptions options_;
  SumTree tree_;
  uint64_t first_ = 0, end_ = 0;  // numbers of the transitions that are there
  double largest_ = 1.0;          // p_1 of both papers
};

}  // namespace volante
