// How evaluations are written down: tables for people, JSON and CSV for programs.
// Knows no files and no policies: what is reported is given. NaN is "none" or null.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "run/episode_stats.h"
#include "run/seed_statistics.h"

namespace volante {

// One policy on one list of routes.
struct EvaluationRow {
  std::string label;       // "trained, step 20000, scenario 0, blind (mean image)"
  std::string who;         // of it: "trained, step 20000, blind (mean image)"
  std::string town;        // driven in: "volante_town", "random_0 to random_9", a map's path
  std::string setting;     // what was driven there: "scenario 0, suite contested"
  std::string driver;      // "idm_mobil", "untrained", "network"
  std::string checkpoint;  // path, empty when there is none
  std::string which;       // "final", "best", or empty
  int64_t env_step = -1;   // of the checkpoint
  uint64_t train_seed = 0;
  bool blind = false;
  std::string config;  // resolved, as YAML
  std::vector<EpisodeStats> episodes;
  EvaluationSummary summary;
};

// The rows with these numbers, trained by one recipe, as one.
struct SeedRow {
  std::string label;  // "mean of 3 seeds final"
  std::vector<size_t> rows;
  std::vector<SeedFigure> figures;  // in the order of Metrics()
  std::string town, setting;        // what they all drove in, as a row has it
};

struct EvaluationReport {
  std::string program;                                        // version
  std::vector<std::pair<std::string, std::string>> settings;  // what was asked: flag, value
  std::vector<EvaluationRow> rows;
  std::vector<SeedRow> seed_rows;
};

// The main figures, 110 columns wide, so that rows of several evaluations stand below each other: a
// line with town and setting wherever these change, a header, one line per row and per seed row. A
// seed row's label names its worst seed's success rate; a label that is too long for its column has
// a line of its own.
std::string SummaryTable(const EvaluationReport& report);

// Every metric of every row, and what is not applicable.
std::string DetailsTable(const EvaluationReport& report);

// {"format_version", "volante", "settings", "evaluations": [{..., "summary", "episodes"}],
// "seed_summaries", "not_applicable"}; numbers with their units in the names.
std::string EvaluationJson(const EvaluationReport& report);

// A line per episode of every row, with a header line.
std::string EpisodesCsv(const EvaluationReport& report);

}  // namespace volante
