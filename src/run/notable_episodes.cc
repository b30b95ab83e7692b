#include "run/notable_episodes.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace volante {

bool IsWorse(const EpisodeStats& a, const EpisodeStats& b) {
  const auto key = [](const EpisodeStats& e) {
    return std::tuple(e.outcome == Outcome::kSuccess, e.route_completion, e.min_ttc_s,
                      e.route_index, e.seed);
  };
  return key(a) < key(b);
}

void NotableEpisodes::Add(const EpisodeStats& stats, EpisodeRecord record) {
  const bool is_best = best_.empty() || IsWorse(best_.front().stats, stats);
  if (is_best && stats.outcome == Outcome::kSuccess) best_.assign(1, {stats, record});
  const auto at =
      std::upper_bound(worst_.begin(), worst_.end(), stats,
                       [](const EpisodeStats& s, const Entry& e) { return IsWorse(s, e.stats); });
  if (at == worst_.end() && worst_.size() == kWorst) return;
  worst_.insert(at, {stats, std::move(record)});
  if (worst_.size() > kWorst) worst_.pop_back();
}

void NotableEpisodes::Write(Files& files, const std::string& directory) const {
  const auto write = [&](const std::vector<Entry>& entries, const char* name, size_t most) {
    for (size_t i = 0; i < most; ++i) {
      const std::string path = JoinPath(directory, fmt::format("{}_{}.replay", name, i + 1));
      if (i < entries.size()) {
        WriteReplayFile(files, path, entries[i].record);
      } else if (files.Exists(path)) {
        files.Remove(path);
      }
    }
  };
  write(worst_, "worst", kWorst);
  write(best_, "best", 1);
}

CollisionEpisodes::CollisionEpisodes(Files& files, std::string directory)
    : files_(files), directory_(std::move(directory)) {
  files_.MakeDirectories(directory_);
  for (const std::string& name : files_.List(directory_)) {
    if (name.starts_with("row_") && name.ends_with(".replay")) {
      files_.Remove(JoinPath(directory_, name));
    }
  }
}

void CollisionEpisodes::Add(size_t row, const EpisodeStats& stats, const EpisodeRecord& record) {
  if (!stats.collision) return;
  WriteReplayFile(
      files_,
      JoinPath(directory_, fmt::format("row_{}_route_{}.replay", row + 1, stats.route_index)),
      record);
  ++written_;
}

}  // namespace volante
