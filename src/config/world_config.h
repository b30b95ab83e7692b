// The keys of what is driven in and what it pays: town, traffic, car, reward, shaping and starts.
// Part of the typed configuration, with its rules: see config/config.h, which everyone includes.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "config/option.h"

namespace volante {

// ---- choices -------------------------------------------------------------------------------

enum class RewardPreset { kDrive, kFivePart, kFivePartCapped, kFivePartOrdered, kRoute, kRace };
enum class Scenario { kEmpty, kLight, kMedium, kHeavy, kMixed, kRain };

enum class TrafficLights { kFile, kAll, kNone };

template <>
struct EnumNames<TrafficLights> {
  static constexpr std::array kNames = {"file", "all", "none"};
};
template <>
struct EnumNames<RewardPreset> {
  static constexpr std::array kNames = {
      "drive", "five_part", "five_part_capped", "five_part_ordered", "route", "race"};
};
template <>
struct EnumNames<Scenario> {
  static constexpr std::array kNames = {"empty", "0", "1", "2", "mixed", "rain"};
};
// ---- sections ------------------------------------------------------------------------------

inline constexpr const char* kRandomTowns = "random";  // of env.town

struct EnvConfig {
  std::string town = "volante_town";
  std::string map;
  int first_town = 0;
  int num_towns = 50;
  Scenario scenario = Scenario::kEmpty;
  TrafficLights traffic_lights = TrafficLights::kFile;
  int npc_count = -1;
  double contested_share = 0.0;
  int threads = 1;
  int action_repeat = 1;
  int max_episode_steps = 1000;
  double train_route_min_m = 120.0;
  double train_route_max_m = 250.0;

  template <class V>
  void VisitFields(V& v) {
    v("town", town,
      {.help = "built-in town; random: another random town in each training episode; random_N: the "
               "random town of seed N",
       .applies = map.empty(),
       .condition = "env.map is empty"});
    v("map", map, {.help = "path of an OpenDRIVE file to drive instead of a built-in town"});
    const bool random = map.empty() && town == kRandomTowns;
    v("first_town", first_town,
      {.help = "seed of the first random town; those from 1000000 on are for suite new_town",
       .min = 0,
       .max = 999999,
       .applies = random,
       .condition = "env.town is random"});
    v("num_towns", num_towns,
      {.help = "random towns to train in; validation and test routes lie in the first 10. They are "
               "made when they are first driven in, and 64 are kept",
       .min = 1,
       .max = 100000,
       .applies = random,
       .condition = "env.town is random"});
    v("scenario", scenario,
      {.help =
           "NPC vehicles: empty 0, 0 20, 1 50, 2 100, mixed one of these per episode; rain, for "
           "evaluation only, 50 in weather WetCloudyNoon"});
    v("traffic_lights", traffic_lights,
      {.help = "file: where the map's file has them; all: made up too at junctions with at least 3 "
               "approaches, in random towns as well; none"});
    v("npc_count", npc_count,
      {.help = "NPC vehicles instead of the scenario's number; -1 means the scenario's",
       .min = -1,
       .max = 1000});
    v("contested_share", contested_share,
      {.help = "share of training episodes with the cars of suite contested besides the scenario's",
       .min = 0,
       .max = 1});
    v("threads", threads,
      {.help = "threads that share the worlds; their number changes speed and no result",
       .min = 1,
       .max = 256});
    v("action_repeat", action_repeat, {.help = "control ticks per action", .min = 1, .max = 2});
    v("max_episode_steps", max_episode_steps,
      {.help = "ticks of 0.05 s after which an episode is truncated", .min = 10, .max = 100000});
    v("train_route_min_m", train_route_min_m,
      {.help = "shortest training route, metres", .min = 10, .max = 10000});
    v("train_route_max_m", train_route_max_m,
      {.help = "longest training route, metres", .min = 10, .max = 10000});
  }
};

struct NpcConfig {
  bool yields_to_ego = true;
  bool lane_changes = true;
  double politeness = 0.2;
  double lane_change_threshold_mps2 = 0.2;
  double van_share = 0.0;
  double truck_share = 0.0;
  double two_wheeler_share = 0.0;

  template <class V>
  void VisitFields(V& v) {
    constexpr const char* kChanges = "npc.lane_changes is true";
    v("yields_to_ego", yields_to_ego,
      {.help = "NPCs that can stop gently yield to an ego that is entering a junction"});
    v("lane_changes", lane_changes,
      {.help = "NPCs change lanes, for a faster one and for the lane that they want to leave the "
               "road by (MOBIL); no effect where roads have one lane"});
    v("politeness", politeness,
      {.help = "weight of the others' gains and losses in a change of lanes",
       .min = 0,
       .max = 1,
       .applies = lane_changes,
       .condition = kChanges});
    v("lane_change_threshold_mps2", lane_change_threshold_mps2,
      {.help = "gain in acceleration that is worth a change of lanes, m/s^2",
       .min = 0,
       .max = 10,
       .applies = lane_changes,
       .condition = kChanges});
    v("van_share", van_share,
      {.help = "share of NPCs that are vans; what the three shares leave are cars",
       .min = 0,
       .max = 1});
    v("truck_share", truck_share,
      {.help = "share of NPCs that are trucks; they drive where bends have at least 25 m radius "
               "only, and on maps without such ways vans take their place",
       .min = 0,
       .max = 1});
    v("two_wheeler_share", two_wheeler_share,
      {.help = "share of NPCs that are two-wheelers", .min = 0, .max = 1});
  }
};

struct EgoConfig {
  double steer_lock_low_deg = 35.0;
  double steer_lock_high_deg = 21.0;

  template <class V>
  void VisitFields(V& v) {
    v("steer_lock_low_deg", steer_lock_low_deg,
      {.help = "largest road-wheel angle below 5 m/s, degrees", .min = 5, .max = 70});
    v("steer_lock_high_deg", steer_lock_high_deg,
      {.help = "largest road-wheel angle above 8 m/s, degrees", .min = 5, .max = 70});
  }
};

struct RewardConfig {
  RewardPreset preset = RewardPreset::kDrive;
  std::vector<std::string> without;
  double scale = 0.3;

  template <class V>
  void VisitFields(V& v) {
    v("preset", preset, {.help = "reward formula"});
    v("without", without,
      {.help = "parts of the preset that do not count, for ablations; they are still logged; the "
               "scripted town tiny has a reward of its own"});
    v("scale", scale,
      {.help = "factor on the reward that the learner sees", .min = 1e-4, .max = 100});
  }
};

// The artificial potential field (env/shaping.h) in the reward and in the actions; 0 is off.
struct ShapingConfig {
  double reward_weight = 0.0;
  double action_gain = 0.0;
  double k_a = 1.0;
  double k_r = 2000.0;
  double rho0_m = 10.0;
  double d_star_m = 20.0;

  template <class V>
  void VisitFields(V& v) {
    constexpr const char* kCondition = "shaping.reward_weight or action_gain is above 0";
    const bool on = reward_weight > 0.0 || action_gain > 0.0;
    v("reward_weight", reward_weight,
      {.help =
           "weight of learner.discount Phi(s') - Phi(s) in the reward, Phi the field's potential "
           "in [-1, 0]; 0 means none",
       .min = 0,
       .max = 1000});
    v("action_gain", action_gain,
      {.help = "the field's push, in [-1, 1]^2, is added to every action this many times; 0 means "
               "none",
       .min = 0,
       .max = 2});
    v("k_a", k_a,
      {.help = "strength of the attraction by the route's end",
       .min = 1e-6,
       .max = 1e6,
       .applies = on,
       .condition = kCondition});
    v("k_r", k_r,
      {.help = "strength of the repulsion by what is in the way; 2000 balances the default "
               "attraction 4 m behind it",
       .min = 0,
       .max = 1e9,
       .applies = on,
       .condition = kCondition});
    v("rho0_m", rho0_m,
      {.help = "distance beyond which nothing repels, metres",
       .min = 1.001,
       .max = 60,
       .applies = on,
       .condition = kCondition});
    v("d_star_m", d_star_m,
      {.help = "distance from the route's end beyond which the attraction does not grow, metres",
       .min = 0.1,
       .max = 10000,
       .applies = on,
       .condition = kCondition});
  }
};

struct StartConfig {
  double spread_share = 0.7;
  double spread_route_fraction = 0.9;
  double max_speed_mps = 8.33;
  double max_lateral_offset_m = 0.5;
  double max_heading_error_rad = 0.1;

  template <class V>
  void VisitFields(V& v) {
    v("spread_share", spread_share,
      {.help = "share of training episodes that start somewhere on the route at speed; the others "
               "stand at its start",
       .min = 0,
       .max = 1});
    v("spread_route_fraction", spread_route_fraction,
      {.help = "spread starts lie on this first part of the route", .min = 0, .max = 0.95});
    v("max_speed_mps", max_speed_mps,
      {.help = "spread starts are at U(0, this) m/s", .min = 0, .max = 30});
    v("max_lateral_offset_m", max_lateral_offset_m,
      {.help = "spread starts are off the lane centre by U(-this, this) m", .min = 0, .max = 1.5});
    v("max_heading_error_rad", max_heading_error_rad,
      {.help = "spread starts are off the lane's heading by U(-this, this) rad",
       .min = 0,
       .max = 0.5});
  }
};

}  // namespace volante
