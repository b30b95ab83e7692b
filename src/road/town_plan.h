// A town as a plan: junctions, streets between them by way of rounded corners, and how wide they
// are. town_writer.cc makes OpenDRIVE text of it; each built-in town is one plan. Private to
// src/road/.
#pragma once

#include <string>
#include <vector>

#include "road/xodr_text.h"

namespace volante {

// The streets of a plan bend here: an arc, between two spirals where spiral_m is not 0.
struct PlannedBend {
  Vec2 corner_m;  // where the tangents meet
  double radius_m = 50.0;
  double spiral_m = 0.0;  // length of each
  double bank_rad = 0.0;  // superelevation of the arc, up on its outside; rises over the spirals
};

// A two-way street between two junctions.
struct PlannedStreet {
  int from = 0, to = 0;  // into TownPlan::junctions
  std::vector<PlannedBend> bends;
  MarkColor center = MarkColor::kYellow;
  xodr::Limit limit;
  int lanes = 1;        // each way
  double hump_m = 0.0;  // the middle lies so much above the even way between its ends
};

struct PlannedJunction {
  Vec2 position_m;
  double height_m = 0.0;
  bool lights = false;  // one phase for each pair of arms that face each other
};

struct TownPlan {
  std::string name;
  double lane_width_m = 3.75;
  double shoulder_width_m = 0.5;
  double sidewalk_width_m = 2.75;  // 0: none
  // Of a lane's centre in the tightest turn: above the 9 m that every car of the town can take.
  double turn_radius_m = 9.25;
  xodr::Dash dash;
  xodr::Limit way_limit;  // inside junctions
  double north_m = 0.0, south_m = 0.0, east_m = 0.0, west_m = 0.0;
  std::vector<PlannedJunction> junctions;
  std::vector<PlannedStreet> streets;
};

// How far the streets of each junction stay away from its centre.
std::vector<double> TrimsOf(const TownPlan& plan);
// A street's reference line, without the first and last `trim` metres. Empty when bends overlap.
std::vector<xodr::Piece> Alignment(const TownPlan& plan, const PlannedStreet& street,
                                   double trim_begin_m, double trim_end_m);

// The same plan gives the same text on every machine. Bends must not overlap.
std::string WriteTown(const TownPlan& plan);

}  // namespace volante
