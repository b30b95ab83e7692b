// The driving score of the CARLA leaderboard, by version 2.0 and by 2.1, from an episode's counts.
// Pure functions. Score of a route = completion in percent x infraction penalty; a set's score is
// the mean over its routes. Sources: leaderboard 2.0 (branch master, product of factors) and 2.1
// (branch leaderboard-2.1: 1 / (1 + sum of weights)); the share outside the route's lanes
// multiplies in both.
#pragma once

#include <span>

#include "run/episode_stats.h"

namespace volante {

// Percent, [0, 100].
double DrivingScore20(const EpisodeStats& episode);
double DrivingScore21(const EpisodeStats& episode);

// Infractions of the leaderboard that these episodes can't produce: left out of the penalty, and to
// be reported as "not applicable", never as 0.
struct NotApplicable {
  const char* infraction;
  const char* reason;
};
// `met_light`: whether any episode met a traffic light.
std::span<const NotApplicable> InfractionsNotApplicable(bool met_light);

}  // namespace volante
