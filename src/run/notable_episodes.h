// The drives worth looking at: the worst few and the best success of an evaluation, with what is
// needed to show them again. Keeps those alone, whatever the number of episodes.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "env/replay_file.h"
#include "run/episode_stats.h"

namespace volante {

class NotableEpisodes {
 public:
  static constexpr size_t kWorst = 5;

  void Add(const EpisodeStats& stats, EpisodeRecord record);
  // Writes worst_1.replay (the very worst) to worst_5.replay, and best_1.replay where a drive
  // reached its goal, into an existing folder; removes what an earlier evaluation left there under
  // these names.
  void Write(Files& files, const std::string& directory) const;

  struct Entry {
    EpisodeStats stats;
    EpisodeRecord record;
  };
  const std::vector<Entry>& worst() const { return worst_; }  // the very worst first
  const std::vector<Entry>& best() const { return best_; }    // of the successes; one, or none

 private:
  std::vector<Entry> worst_, best_;
};

// Every collision of an evaluation as a file of its own, written as it happens:
// DIRECTORY/row_1_route_17.replay, rows counted from 1.
class CollisionEpisodes {
 public:
  // Makes the folder and removes what an earlier evaluation left there under such names.
  CollisionEpisodes(Files& files, std::string directory);
  // Writes the drive if it ended with a collision; `row` counts from 0.
  void Add(size_t row, const EpisodeStats& stats, const EpisodeRecord& record);
  int written() const { return written_; }

 private:
  Files& files_;
  std::string directory_;
  int written_ = 0;
};

// Whether a drive is worse than another: failures first, then the one that got less far, then the
// one that came nearer to a collision; then by route and seed, so that the order is always one.
bool IsWorse(const EpisodeStats& a, const EpisodeStats& b);

}  // namespace volante
