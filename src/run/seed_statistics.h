// Several trainings of one recipe as one figure: mean over seeds, a 95 % interval over seeds and
// episodes, and the worst seed. Pure functions of the episodes.
#pragma once

#include <span>
#include <vector>

#include "run/episode_stats.h"

namespace volante {

// One metric over seeds. NaN where no seed has it.
struct SeedFigure {
  double mean = EvaluationSummary::kNone;
  double low = EvaluationSummary::kNone, high = EvaluationSummary::kNone;  // 95 %
  double worst = EvaluationSummary::kNone;  // of the seeds; NaN for a metric without better
};

inline constexpr int kBootstrapDraws = 2000;

// One figure per Metrics() entry, in its order. `seeds`: the episodes of each training. The mean is
// that of the seeds' own figures. The interval is a two-level bootstrap (Efron and Tibshirani 1993,
// percentile interval): each draw takes as many seeds with replacement, and of each as many
// episodes with replacement; 2.5 and 97.5 % of 2000 draws of the mean. The random stream is
// ("bootstrap", `seed`).
std::vector<SeedFigure> SeedFigures(std::span<const std::vector<EpisodeStats>> seeds,
                                    uint64_t seed);

}  // namespace volante
