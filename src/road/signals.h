// Traffic lights of a road network: which connecting lanes go when, where cars stop, and where the
// lamps hang. From the file's signals and controllers, or made up for a junction that has none.
// Plain data, immutable, shared by all worlds; when they change is sim/signal_control.h's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/geometry.h"

namespace volante {

class Curve;
class RoadNetwork;

using LaneIndex = int32_t;  // into RoadNetwork::lanes()
inline constexpr LaneIndex kNoLane = -1;

enum class LightColor : uint8_t { kGreen, kAmber, kRed };

// One part of a cycle: its lanes are green, then amber, then everything is red. OpenDRIVE names no
// durations. Amber: whoever can't stop at 3 m/s^2 is past the line in v / 6 s, 2.3 s at 50 km/h.
// Green, at most, while others wait: three cars from a queue; a longer one keeps the others for
// longer than an episode can spare.
struct SignalPhase {
  double green_s = 8.0, amber_s = 3.0, all_red_s = 1.0;
  std::vector<LaneIndex> lanes;  // connecting lanes, sorted
};

// The line where cars that a light holds stop, and its lamps: beyond the junction for who waits,
// and beside the line for who comes.
struct SignalHead {
  LaneIndex approach = kNoLane;    // the lane that ends at the junction
  double stop_s_m = 0.0;           // on it
  int phase = 0;                   // whose colour it shows
  Vec2 stop_left_m, stop_right_m;  // ends of the painted line across the lane
  double stop_height_m = 0.0;
  Vec2 lamp_m;                 // beyond the junction, on the ground below it
  double lamp_height_m = 5.0;  // of its centre, absolute
  Vec2 near_lamp_m;            // beside the line, above the ground of the line
  double facing_rad = 0.0;     // towards the cars that it holds

  // Puts the line there, across the lane that `center` is the centre of.
  void PlaceLine(const Curve& center, double s_m);
};

// The lights of one junction: one phase has its turn, then the next that is asked for.
struct SignalPlan {
  static constexpr size_t kMostPhases = 32;  // lanes keep theirs as bits

  int junction = -1;                // into RoadNetwork::junctions()
  std::string name;                 // of the file's controller or signal; empty when made up
  std::vector<SignalPhase> phases;  // at least one
  std::vector<SignalHead> heads;
};

// Lights for a junction's lanes as if its file had none: approaches that face each other share a
// phase unless their ways straight on cross, every other one has its own, so that of two lanes that
// are green together and cross at least one turns (and yields by the junction's rules). Empty when
// fewer than two phases come of it. `lanes`: connecting lanes of one junction.
std::vector<SignalPhase> MakeUpPhases(const RoadNetwork& network,
                                      const std::vector<LaneIndex>& lanes);
// The line and the lamp for each lane that leads into one of the plan's lanes.
std::vector<SignalHead> MakeUpHeads(const RoadNetwork& network, const SignalPlan& plan);
// Plans for the junctions with at least three approaches that have none.
std::vector<SignalPlan> MakeUpSignals(const RoadNetwork& network);

}  // namespace volante
