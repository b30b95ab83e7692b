// The default town: an outer ring with four different corners, a long main street, and inner
// streets that bend.
#include "road/town_plan.h"
#include "road/towns.h"

namespace volante {
namespace {

enum Place { kA, kB, kC, kD, kE, kG, kH, kI1, kI2, kI3, kI4, kI5 };

}  // namespace

std::string MakeVolanteTown() {
  constexpr MarkColor yellow = MarkColor::kYellow, white = MarkColor::kWhite;
  constexpr xodr::Limit fast = {50, "km/h"}, slow = {30, "mph"};
  TownPlan plan;
  plan.name = "volante_town";
  plan.north_m = 360;
  plan.south_m = -10;
  plan.east_m = 480;
  plan.west_m = -10;
  plan.junctions = {{{0, 130}},                   // A: main street meets the west ring
                    {{470, 130}},                 // B: ... and the east ring
                    {{160, 0}},                   // C: south ring
                    {{300, 350}},                 // D: north ring
                    {{0, 240}},                   // E: west ring
                    {{145, 350}},                 // G: north ring
                    {{365, 0}},                   // H: south ring
                    {{200, 130}},                 // I1-I2, I4: main street
                    {{300, 130}}, {{300, 262}},   // I3
                    {{365, 130}}, {{145, 240}}};  // I5
  plan.streets = {
      // The ring, counter-clockwise from the south-west corner.
      {kA, kC, {{{0, 0}, 35}}, yellow, fast},
      {kC, kH, {}, yellow, fast},
      {kH, kB, {{{412, 0}, 45}, {{470, 58}, 45}}, yellow, fast},
      {kB, kD, {{{470, 350}, 110}}, yellow, fast},
      {kD, kG, {}, yellow, fast},
      {kG, kE, {{{0, 350}, 60}}, yellow, fast},
      {kE, kA, {}, yellow, fast},
      // The main street from west to east.
      {kA, kI1, {}, yellow, fast},
      {kI1, kI2, {}, yellow, fast},
      {kI2, kI4, {}, yellow, fast},
      {kI4, kB, {}, yellow, fast},
      // Inner streets.
      {kI1, kC, {{{200, 88}, 40}, {{160, 48}, 40}}, white, slow},
      {kI2, kI3, {}, white, fast},
      {kI3, kD, {}, white, fast},
      {kI4, kH, {}, white, slow},
      {kE, kI5, {}, white, slow},
      {kI5, kI3, {{{196, 240}, 70}, {{248, 262}, 70}}, white, slow},
      {kI5, kG, {}, white, slow},
  };
  return WriteTown(plan);
}

}  // namespace volante
