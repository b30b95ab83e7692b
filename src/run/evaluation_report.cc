#include "run/evaluation_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace volante {

using Json = nlohmann::ordered_json;

std::string SummaryTable(const std::vector<std::pair<std::string, EvaluationSummary>>& rows) {
  size_t width = 36;  // so that rows of several evaluations stand below each other
  for (const auto& [label, summary] : rows) width = std::max(width, label.size());
  std::string text = fmt::format(
      "{:<{}}  success  95 % interval   n    completion  collision  off lane  timeout  blocked"
      "  m/s   at-fault/km\n",
      "policy", width);
  for (const auto& [label, s] : rows) {
    text += fmt::format(
        "{:<{}}  {:>7.3f}  [{:.2f}, {:.2f}]  {:>4}  {:>10.3f}  {:>9.3f}  {:>8.3f}  {:>7.3f}  "
        "{:>7.3f}  {:>4.1f}  {:>11.2f}\n",
        label, width, s.success_rate, s.success_low, s.success_high, s.episodes, s.route_completion,
        s.collision_rate, s.off_lane_rate, s.timeout_rate, s.blocked_rate, s.mean_speed_mps,
        s.at_fault_collisions_per_km);
  }
  return text;
}

std::string EvaluationJson(const std::string& label, const EvaluationSummary& s,
                           const std::vector<EpisodeStats>& episodes) {
  Json root;
  root["policy"] = label;
  root["summary"] = {{"episodes", s.episodes},
                     {"success_rate", s.success_rate},
                     {"success_low_95", s.success_low},
                     {"success_high_95", s.success_high},
                     {"collision_rate", s.collision_rate},
                     {"off_lane_rate", s.off_lane_rate},
                     {"timeout_rate", s.timeout_rate},
                     {"blocked_rate", s.blocked_rate},
                     {"route_completion", s.route_completion},
                     {"mean_reward", s.mean_reward},
                     {"mean_speed_mps", s.mean_speed_mps},
                     {"mean_abs_lateral_m", s.mean_abs_lateral_m},
                     {"mean_completion_time_s", s.mean_completion_time_s},
                     {"collisions_per_km", s.collisions_per_km},
                     {"at_fault_collisions_per_km", s.at_fault_collisions_per_km},
                     {"markings_per_km", s.markings_per_km},
                     {"distance_km", s.distance_km}};
  root["episodes"] = Json::array();
  for (const EpisodeStats& e : episodes) {
    Json row = {{"route_index", e.route_index},
                {"seed", e.seed},
                {"outcome", kOutcomeNames[static_cast<size_t>(e.outcome)]},
                {"time_s", e.time_s()},
                {"reward", e.reward},
                {"route_length_m", e.route_length_m},
                {"route_completion", e.route_completion},
                {"distance_m", e.distance_m},
                {"mean_speed_mps", e.mean_speed_mps},
                {"mean_abs_lateral_m", e.mean_abs_lateral_m},
                {"rms_jerk_long_mps3", e.rms_jerk_long_mps3},
                {"markings_crossed", e.markings_crossed},
                {"collision_at_fault", e.collision_at_fault},
                {"wait_behind_traffic_s", e.wait_behind_traffic_s}};
    if (e.min_ttc_s < kFar) row["min_ttc_s"] = e.min_ttc_s;
    root["episodes"].push_back(std::move(row));
  }
  return root.dump(2) + "\n";
}

std::string EpisodesCsv(const std::vector<EpisodeStats>& episodes) {
  std::string text =
      "route_index,seed,outcome,time_s,reward,route_length_m,route_completion,distance_m,"
      "mean_speed_mps,mean_abs_lateral_m,markings_crossed,collision_at_fault\n";
  for (const EpisodeStats& e : episodes) {
    text += fmt::format("{},{},{},{:.2f},{:.3f},{:.2f},{:.4f},{:.2f},{:.3f},{:.3f},{},{}\n",
                        e.route_index, e.seed, kOutcomeNames[static_cast<size_t>(e.outcome)],
                        e.time_s(), e.reward, e.route_length_m, e.route_completion, e.distance_m,
                        e.mean_speed_mps, e.mean_abs_lateral_m, e.markings_crossed,
                        e.collision_at_fault ? 1 : 0);
  }
  return text;
}

}  // namespace volante
