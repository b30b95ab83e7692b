// How an evaluation is written down: one table for people, JSON and CSV for programs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "run/episode_stats.h"

namespace volante {

// One row per labelled summary, columns aligned, for a terminal.
std::string SummaryTable(const std::vector<std::pair<std::string, EvaluationSummary>>& rows);

// {"label", "summary": {...}, "episodes": [...]}, numbers with their units in the names.
std::string EvaluationJson(const std::string& label, const EvaluationSummary& summary,
                           const std::vector<EpisodeStats>& episodes);

// One line per episode with a header line.
std::string EpisodesCsv(const std::vector<EpisodeStats>& episodes);

}  // namespace volante
