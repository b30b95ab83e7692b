#include "sim/collision.h"

namespace volante {
namespace {

constexpr double kStoodFor_s = 1.0;
constexpr double kFollowedFor_s = 2.0;

}  // namespace

Contact FindContact(const EgoView& ego, std::span<const VehicleState> npcs) {
  for (size_t i = 0; i < npcs.size(); ++i) {
    const VehicleState& npc = npcs[i];
    const Vec2 d = npc.position_m - ego.box.center_m;
    const double reach = 0.5 * (ego.box.length_m + ego.box.width_m + npc.length_m + npc.width_m);
    if (Dot(d, d) >= reach * reach || !Overlap(ego.box, npc.Box())) continue;
    const Vec2 relative =
        ego.direction * ego.speed_mps - UnitFromHeading(npc.heading_rad) * npc.speed_mps;
    return {static_cast<int>(i), Norm(relative)};
  }
  return {};
}

bool EgoAtFault(const EgoView& ego, const EgoRights& rights, const Npc& npc,
                const VehicleState& pose) {
  if (rights.standing_s >= kStoodFor_s) return false;
  const bool from_behind = Dot(pose.position_m - ego.box.center_m, ego.direction) < 0.0;
  return !(from_behind && npc.following_ego_s >= kFollowedFor_s);
}

int CountOverlaps(std::span<const VehicleState> vehicles) {
  int count = 0;
  for (size_t i = 0; i < vehicles.size(); ++i) {
    const OrientedBox box = vehicles[i].Box();
    for (size_t k = i + 1; k < vehicles.size(); ++k) {
      count += Overlap(box, vehicles[k].Box()) ? 1 : 0;
    }
  }
  return count;
}

}  // namespace volante
