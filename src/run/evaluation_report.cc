#include "run/evaluation_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "run/driving_score.h"

namespace volante {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormatVersion = 2;
constexpr size_t kLabelWidth = 42;

std::string Number(double value, int width, int decimals) {
  return std::isnan(value) ? fmt::format("{:>{}}", "none", width)
                           : fmt::format("{:>{}.{}f}", value, width, decimals);
}

Json OrNull(double value) { return std::isnan(value) ? Json() : Json(value); }

std::string TableLine(const std::string& label, const EvaluationSummary& s, int episodes) {
  const bool fits = label.size() <= kLabelWidth;
  return fmt::format("{}{:<{}}  {}  [{:.2f}, {:.2f}]  {} {} {} {} {}  {:>5}\n",
                     fits ? "" : label + "\n", fits ? label : "", kLabelWidth,
                     Number(s.success_rate, 7, 3), s.success_low, s.success_high,
                     Number(s.route_completion, 6, 3), Number(s.mean_speed_mps, 5, 2),
                     Number(s.collisions_per_km, 7, 2), Number(s.at_fault_collisions_per_km, 8, 2),
                     Number(s.driving_score_lb21, 6, 1), episodes);
}

// "volante_town, scenario 0": of a row or a seed row.
template <class Row>
std::string PlaceText(const Row& row) {
  return row.town + ", " + row.setting;
}

// The means of a seed row in the shape of a summary, its interval that of the bootstrap.
EvaluationSummary MeansOf(const SeedRow& row) {
  EvaluationSummary s;
  const std::span<const Metric> metrics = Metrics();
  for (size_t m = 0; m < metrics.size(); ++m) s.*metrics[m].value = row.figures[m].mean;
  s.success_low = row.figures[0].low;  // Metrics() begins with the success rate
  s.success_high = row.figures[0].high;
  return s;
}

int EpisodesOf(const EvaluationReport& report, const SeedRow& row) {
  int n = 0;
  for (const size_t r : row.rows) n += static_cast<int>(report.rows[r].episodes.size());
  return n;
}

std::span<const NotApplicable> NotApplicableTo(const EvaluationReport& report) {
  const auto met_light = [](const EvaluationRow& row) {
    return std::any_of(row.episodes.begin(), row.episodes.end(),
                       [](const EpisodeStats& e) { return e.met_light; });
  };
  return InfractionsNotApplicable(std::any_of(report.rows.begin(), report.rows.end(), met_light));
}

Json SummaryJson(const EvaluationSummary& s) {
  Json json = {{"episodes", s.episodes},
               {"success_low_95", s.success_low},
               {"success_high_95", s.success_high}};
  for (const Metric& metric : Metrics()) json[metric.name] = OrNull(s.*metric.value);
  return json;
}

Json EpisodeJson(const EpisodeStats& e) {
  // Null where there was no collision.
  const auto of_collision = [&](Json value) { return e.collision ? value : Json(); };
  return {
      {"route_index", e.route_index},
      {"seed", e.seed},
      {"outcome", kOutcomeNames[static_cast<size_t>(e.outcome)]},
      {"time_s", e.time_s()},
      {"reward", e.reward},
      {"route_length_m", e.route_length_m},
      {"route_completion", e.route_completion},
      {"distance_m", e.distance_m},
      {"mean_speed_mps", e.mean_speed_mps},
      {"driving_score_lb20_percent", DrivingScore20(e)},
      {"driving_score_lb21_percent", DrivingScore21(e)},
      {"collision", e.collision},
      {"collision_at_fault", e.collision_at_fault},
      {"collision_with", of_collision(kVehicleKindNames[static_cast<size_t>(e.collision_kind)])},
      {"collision_speed_mps", of_collision(e.collision_speed_mps)},
      {"collision_impulse_newton_s", of_collision(e.collision_impulse_newton_s)},
      {"contact_ahead_m", of_collision(e.contact_in_car_m.x)},
      {"contact_left_m", of_collision(e.contact_in_car_m.y)},
      {"contact_x_m", of_collision(e.contact_m.x)},
      {"contact_y_m", of_collision(e.contact_m.y)},
      {"off_lane_events", e.off_lane_events},
      {"red_lights_run", e.met_light ? Json(e.red_lights_run) : Json()},
      {"markings_crossed", e.markings_crossed},
      {"solid_markings_crossed", e.solid_markings_crossed},
      {"outside_lane_m", e.outside_lane_m},
      {"min_ttc_s", e.min_ttc_s < kFar ? Json(e.min_ttc_s) : Json()},
      {"p5_ttc_s", OrNull(e.ttc.Percentile(0.05))},
      {"ttc_below_2s_share", e.ticks_ttc_below_2s / std::max(1.0, double(e.ticks))},
      {"mean_abs_lateral_m", e.mean_abs_lateral_m},
      {"mean_abs_heading_rad", e.mean_abs_heading_rad},
      {"rms_jerk_long_mps3", e.rms_jerk_long_mps3},
      {"max_jerk_long_mps3", e.max_jerk_long_mps3},
      {"min_jerk_long_mps3", e.min_jerk_long_mps3},
      {"rms_accel_lat_mps2", e.rms_accel_lat_mps2},
      {"wait_behind_traffic_s", e.wait_behind_traffic_s}};
}

// A text as a CSV field: quoted, its quotes doubled (RFC 4180).
std::string CsvText(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// A value of an episode as a CSV field: text quoted, what is not there empty.
std::string CsvField(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  return value.dump();
}

}  // namespace

std::string SummaryTable(const EvaluationReport& report) {
  std::string text, place;
  const auto go_to = [&](const auto& row) {
    const std::string there = PlaceText(row);
    if (!text.empty() && there == place) return;
    if (!text.empty()) text += '\n';
    place = there;
    text += place + fmt::format("\n{:<{}}  {:>7}  {:<13} {:>6} {:>5} {:>7} {:>8} {:>6}  {:>5}\n",
                                "policy", kLabelWidth, "success", "95 % interval", "compl.", "m/s",
                                "coll/km", "fault/km", "DS 2.1", "n");
  };
  for (const EvaluationRow& row : report.rows) {
    go_to(row);
    text += TableLine(row.who, row.summary, row.summary.episodes);
  }
  for (const SeedRow& row : report.seed_rows) {
    go_to(row);
    text += TableLine(fmt::format("{}, worst {:.3f}", row.label, row.figures[0].worst),
                      MeansOf(row), EpisodesOf(report, row));
  }
  return text;
}

std::string DetailsTable(const EvaluationReport& report) {
  struct Column {
    std::string head;
    std::vector<double> values;
  };
  std::string text;
  std::vector<Column> columns;
  for (size_t r = 0; r < report.rows.size(); ++r) {
    const EvaluationRow& row = report.rows[r];
    text += fmt::format("[{}] {}, {}\n", r + 1, row.who, PlaceText(row));
    Column column{fmt::format("[{}]", r + 1), {}};
    for (const Metric& metric : Metrics()) {
      column.values.push_back(report.rows[r].summary.*metric.value);
    }
    columns.push_back(std::move(column));
  }
  for (const SeedRow& row : report.seed_rows) {
    text += row.label + ": mean, 95 % interval over seeds and episodes, worst seed\n";
    Column mean{"mean", {}}, low{"low", {}}, high{"high", {}}, worst{"worst", {}};
    for (const SeedFigure& figure : row.figures) {
      mean.values.push_back(figure.mean);
      low.values.push_back(figure.low);
      high.values.push_back(figure.high);
      worst.values.push_back(figure.worst);
    }
    for (Column* column : {&mean, &low, &high, &worst}) columns.push_back(std::move(*column));
  }
  constexpr size_t kColumns = 7;
  for (size_t first = 0; first < columns.size(); first += kColumns) {
    const size_t end = std::min(first + kColumns, columns.size());
    text += fmt::format("\n{:<34}", "");
    for (size_t c = first; c < end; ++c) text += fmt::format("{:>10}", columns[c].head);
    text += '\n';
    for (size_t m = 0; m < Metrics().size(); ++m) {
      text += fmt::format("{:<34}", Metrics()[m].name);
      for (size_t c = first; c < end; ++c) text += Number(columns[c].values[m], 10, 3);
      text += '\n';
    }
  }
  text += "\np5_ttc_s is over the ticks that close on a car with a TTC below 20 s.\n";
  text += "Not applicable in the driving scores:\n";
  for (const NotApplicable& item : NotApplicableTo(report)) {
    text += fmt::format("  {}: {}\n", item.infraction, item.reason);
  }
  return text;
}

std::string EvaluationJson(const EvaluationReport& report) {
  Json root;
  root["format_version"] = kFormatVersion;
  root["volante"] = report.program;
  root["settings"] = Json::object();
  for (const auto& [flag, value] : report.settings) root["settings"][flag] = value;
  root["evaluations"] = Json::array();
  for (const EvaluationRow& row : report.rows) {
    Json json = {
        {"label", row.label}, {"town", row.town}, {"driver", row.driver}, {"blind", row.blind}};
    if (!row.checkpoint.empty()) {
      json["checkpoint"] = row.checkpoint;
      if (!row.which.empty()) json["which"] = row.which;
      if (row.env_step >= 0) json["env_step"] = row.env_step;
      json["train_seed"] = row.train_seed;
    }
    json["config"] = row.config;
    json["summary"] = SummaryJson(row.summary);
    json["episodes"] = Json::array();
    for (const EpisodeStats& e : row.episodes) json["episodes"].push_back(EpisodeJson(e));
    root["evaluations"].push_back(std::move(json));
  }
  root["seed_summaries"] = Json::array();
  for (const SeedRow& row : report.seed_rows) {
    Json json = {{"label", row.label + ", " + row.setting},
                 {"town", row.town},
                 {"seeds", row.rows.size()},
                 {"episodes", EpisodesOf(report, row)},
                 {"evaluations", row.rows},
                 {"interval", "95 %, bootstrap over seeds and episodes"},
                 {"bootstrap_draws", kBootstrapDraws}};
    for (size_t m = 0; m < row.figures.size(); ++m) {
      const SeedFigure& figure = row.figures[m];
      json["metrics"][Metrics()[m].name] = {{"mean", OrNull(figure.mean)},
                                            {"low_95", OrNull(figure.low)},
                                            {"high_95", OrNull(figure.high)},
                                            {"worst_seed", OrNull(figure.worst)}};
    }
    root["seed_summaries"].push_back(std::move(json));
  }
  for (const NotApplicable& item : NotApplicableTo(report)) {
    root["not_applicable"][item.infraction] = item.reason;
  }
  root["notes"]["p5_ttc_s"] = "over the ticks that close on a car with a TTC below 20 s";
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string EpisodesCsv(const EvaluationReport& report) {
  std::string text;
  for (const EvaluationRow& row : report.rows) {
    for (const EpisodeStats& e : row.episodes) {
      const Json fields = EpisodeJson(e);
      if (text.empty()) {
        text = "policy,town";
        for (const auto& [name, value] : fields.items()) text += "," + name;
        text += '\n';
      }
      text += CsvText(row.label) + "," + CsvText(row.town);
      for (const auto& [name, value] : fields.items()) text += "," + CsvField(value);
      text += '\n';
    }
  }
  return text;
}

}  // namespace volante
