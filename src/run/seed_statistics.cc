#include "run/seed_statistics.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace volante {
namespace {

// The mean of those that are there; NaN when none is.
double MeanOf(std::span<const EvaluationSummary> summaries, const Metric& metric) {
  double sum = 0.0;
  int n = 0;
  for (const EvaluationSummary& s : summaries) {
    const double value = s.*metric.value;
    if (std::isnan(value)) continue;
    sum += value;
    ++n;
  }
  return n > 0 ? sum / n : EvaluationSummary::kNone;
}

double WorstOf(std::span<const EvaluationSummary> summaries, const Metric& metric) {
  double worst = EvaluationSummary::kNone;
  if (metric.better == Better::kNeither) return worst;
  for (const EvaluationSummary& s : summaries) {
    const double value = s.*metric.value;
    if (std::isnan(value)) continue;
    const bool is_worse = metric.better == Better::kHigher ? value < worst : value > worst;
    if (std::isnan(worst) || is_worse) worst = value;
  }
  return worst;
}

// Linear between order statistics (type 7 of Hyndman and Fan 1996); `values` sorted, not empty.
double Quantile(std::span<const double> values, double p) {
  const double at = p * static_cast<double>(values.size() - 1);
  const size_t i = static_cast<size_t>(at);
  const size_t next = std::min(i + 1, values.size() - 1);
  return values[i] + (at - static_cast<double>(i)) * (values[next] - values[i]);
}

}  // namespace

std::vector<SeedFigure> SeedFigures(std::span<const std::vector<EpisodeStats>> seeds,
                                    uint64_t seed) {
  const std::span<const Metric> metrics = Metrics();
  std::vector<EvaluationSummary> summaries;
  for (const std::vector<EpisodeStats>& episodes : seeds) summaries.push_back(Summarize(episodes));

  std::vector<SeedFigure> figures(metrics.size());
  for (size_t m = 0; m < metrics.size(); ++m) {
    figures[m].mean = MeanOf(summaries, metrics[m]);
    figures[m].worst = WorstOf(summaries, metrics[m]);
  }
  if (seeds.empty()) return figures;

  RandomStream random(seed, "bootstrap");
  std::vector<std::vector<double>> draws(metrics.size());
  std::vector<EvaluationSummary> drawn(seeds.size());
  std::vector<int> indices;
  for (int draw = 0; draw < kBootstrapDraws; ++draw) {
    for (EvaluationSummary& summary : drawn) {
      const std::vector<EpisodeStats>& episodes = seeds[random.Below(seeds.size())];
      indices.resize(episodes.size());  // none are drawn where none was kept
      for (int& index : indices) index = static_cast<int>(random.Below(episodes.size()));
      summary = Summarize(episodes, indices);
    }
    for (size_t m = 0; m < metrics.size(); ++m) {
      const double mean = MeanOf(drawn, metrics[m]);
      if (!std::isnan(mean)) draws[m].push_back(mean);
    }
  }
  for (size_t m = 0; m < metrics.size(); ++m) {
    if (draws[m].empty()) continue;
    std::sort(draws[m].begin(), draws[m].end());
    figures[m].low = Quantile(draws[m], 0.025);
    figures[m].high = Quantile(draws[m], 0.975);
  }
  return figures;
}

}  // namespace volante
