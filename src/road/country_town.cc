// Country roads over hills: every street winds, with spirals into and out of its banked bends.
#include "road/town_plan.h"
#include "road/towns.h"

namespace volante {
namespace {

enum Place { kSouth, kEast, kNorth, kWest, kHill };

}  // namespace

std::string MakeCountryTown() {
  constexpr MarkColor white = MarkColor::kWhite;
  constexpr xodr::Limit road = {70, "km/h"}, lane = {50, "km/h"};
  TownPlan plan;
  plan.name = "country";
  plan.lane_width_m = 3.5;
  plan.shoulder_width_m = 0.75;
  plan.sidewalk_width_m = 0.0;
  plan.dash = {3, 9};
  plan.north_m = 450;
  plan.south_m = -100;
  plan.east_m = 500;
  plan.west_m = -210;
  plan.junctions = {
      {{0, 0}, 5}, {{420, 60}, 14}, {{300, 420}, 22}, {{-120, 330}, 12}, {{150, 210}, 24}};
  const auto bend = [](double x, double y, double radius_m, double spiral_m,
                       double bank_rad = 0.0) {
    return PlannedBend{{x, y}, radius_m, spiral_m, bank_rad};
  };
  plan.streets = {
      // The ring, counter-clockwise.
      {kSouth,
       kEast,
       {bend(120, 0, 70, 25, 0.04), bend(200, -70, 60, 25, 0.04), bend(420, -60, 50, 25, 0.06)},
       white,
       road,
       1,
       -3},
      {kEast,
       kNorth,
       {bend(420, 160, 80, 25), bend(480, 250, 70, 25), bend(470, 420, 60, 30, 0.06)},
       white,
       road,
       1,
       6},
      {kNorth,
       kWest,
       {bend(180, 420, 70, 25), bend(90, 350, 45, 25, 0.05), bend(-20, 430, 60, 25),
        bend(-120, 430, 40, 20, 0.05)},
       white,
       road,
       1,
       -7},
      {kWest,
       kSouth,
       {bend(-120, 200, 70, 25), bend(-180, 100, 60, 25), bend(-150, 0, 45, 25, 0.05)},
       white,
       road,
       1,
       4},
      // From the hill down to each of them.
      {kSouth, kHill, {bend(0, 80, 40, 20), bend(150, 110, 40, 20)}, white, lane},
      {kEast, kHill, {bend(330, 60, 50, 20), bend(260, 210, 50, 20)}, white, lane},
      {kHill, kNorth, {bend(150, 290, 40, 20), bend(300, 330, 40, 20)}, white, lane},
      {kHill, kWest, {bend(60, 210, 60, 25), bend(-20, 330, 60, 25)}, white, lane},
  };
  return WriteTown(plan);
}

}  // namespace volante
