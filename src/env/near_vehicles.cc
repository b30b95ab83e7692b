#include "env/near_vehicles.h"

#include <cmath>

namespace volante {
namespace {

NearVehicle InFrameOf(const DriveFacts& ego, const VehicleState& other) {
  const Vec2 apart = other.position_m - ego.position_m;
  const Vec2 velocity = UnitFromHeading(other.heading_rad) * other.speed_mps -
                        UnitFromHeading(ego.heading_rad) * ego.speed_mps;
  const double distance_m = std::sqrt(Dot(apart, apart));
  return {.position_m = LocalFromWorld({ego.position_m, ego.heading_rad}, other.position_m),
          .heading_rad = WrapAngle(other.heading_rad - ego.heading_rad),
          .speed_mps = other.speed_mps,
          .range_rate_mps = distance_m > 0.0 ? Dot(velocity, apart) / distance_m : 0.0,
          .length_m = other.length_m,
          .width_m = other.width_m};
}

}  // namespace

void FillNearVehicles(std::span<const VehicleState> others, DriveFacts& facts) {
  // The nearest so far, nearest first; a later vehicle stands behind one that is as near.
  double distance2[kNearVehicles];
  size_t index[kNearVehicles];
  int count = 0;
  for (size_t i = 0; i < others.size(); ++i) {
    const Vec2 apart = others[i].position_m - facts.position_m;
    const double d2 = Dot(apart, apart);
    if (d2 > kNearVehicleRange_m * kNearVehicleRange_m) continue;
    if (count == kNearVehicles && d2 >= distance2[count - 1]) continue;
    int place = count < kNearVehicles ? count++ : count - 1;
    for (; place > 0 && d2 < distance2[place - 1]; --place) {
      distance2[place] = distance2[place - 1];
      index[place] = index[place - 1];
    }
    distance2[place] = d2;
    index[place] = i;
  }
  facts.num_near_vehicles = count;
  for (int k = 0; k < count; ++k) {
    facts.near_vehicles[static_cast<size_t>(k)] = InFrameOf(facts, others[index[k]]);
  }
}

}  // namespace volante
