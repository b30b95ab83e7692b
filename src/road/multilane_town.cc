// A town of arterials with two lanes each way that cross at lights, inside a ring of one lane each
// way. Where an arterial ends on the ring, its inner lane turns left and its outer lane right.
#include "road/town_plan.h"
#include "road/towns.h"

namespace volante {
namespace {

// Crossings, ends of the arterials on the ring (counter-clockwise from the south), side streets.
enum Place {
  kSW,
  kSE,
  kNW,
  kNE,
  kS1,
  kS2,
  kE1,
  kE2,
  kN2,
  kN1,
  kW2,
  kW1,
  kA1,
  kA2,
  kB1,
  kB2,
  kPlaces
};

}  // namespace

std::string MakeMultilaneTown() {
  constexpr MarkColor yellow = MarkColor::kYellow, white = MarkColor::kWhite;
  constexpr xodr::Limit fast = {60, "km/h"}, town = {50, "km/h"}, slow = {30, "km/h"};
  TownPlan plan;
  plan.name = "multilane";
  plan.lane_width_m = 3.5;
  plan.dash = {3, 6};
  plan.north_m = 410;
  plan.south_m = -20;
  plan.east_m = 480;
  plan.west_m = -20;
  plan.junctions.resize(kPlaces);
  const auto place = [&](Place at, double x, double y) { plan.junctions[at].position_m = {x, y}; };
  place(kSW, 150, 130), place(kSE, 310, 130), place(kNW, 150, 260), place(kNE, 310, 260);
  for (const Place at : {kSW, kSE, kNW, kNE}) plan.junctions[at].lights = true;
  place(kS1, 150, 0), place(kS2, 310, 0), place(kN1, 150, 390), place(kN2, 310, 390);
  place(kE1, 460, 130), place(kE2, 460, 260), place(kW1, 0, 130), place(kW2, 0, 260);
  place(kA1, 230, 0), place(kA2, 230, 130), place(kB1, 230, 260), place(kB2, 230, 390);
  plan.streets = {
      // Arterials, west to east and south to north.
      {kW1, kSW, {}, yellow, fast, 2},
      {kSW, kA2, {}, yellow, fast, 2},
      {kA2, kSE, {}, yellow, fast, 2},
      {kSE, kE1, {}, yellow, fast, 2},
      {kW2, kNW, {}, yellow, fast, 2},
      {kNW, kB1, {}, yellow, fast, 2},
      {kB1, kNE, {}, yellow, fast, 2},
      {kNE, kE2, {}, yellow, fast, 2},
      {kS1, kSW, {}, yellow, town, 2},
      {kSW, kNW, {}, yellow, town, 2},
      {kNW, kN1, {}, yellow, town, 2},
      {kS2, kSE, {}, yellow, town, 2},
      {kSE, kNE, {}, yellow, town, 2},
      {kNE, kN2, {}, yellow, town, 2},
      // The ring, counter-clockwise from the south-west corner.
      {kW1, kS1, {{{0, 0}, 40}}, white, town},
      {kS1, kA1, {}, white, town},
      {kA1, kS2, {}, white, town},
      {kS2, kE1, {{{460, 0}, 65}}, white, town},
      {kE1, kE2, {}, white, town},
      {kE2, kN2, {{{460, 390}, 30}}, white, town},
      {kN2, kB2, {}, white, town},
      {kB2, kN1, {}, white, town},
      {kN1, kW2, {{{0, 390}, 90}}, white, town},
      {kW2, kW1, {}, white, town},
      // Side streets between an arterial and the ring.
      {kA1, kA2, {}, white, slow},
      {kB1, kB2, {}, white, slow},
  };
  return WriteTown(plan);
}

}  // namespace volante
