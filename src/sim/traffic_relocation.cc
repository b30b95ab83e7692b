// Cars that can't drive on find a place elsewhere, never from or to where the ego sees it: at the
// dead ends of open maps, and in the queue of an ego that stands for long. So the number of
// cars that drive stays what the episode asked for.
#include <algorithm>
#include <cmath>

#include "sim/traffic.h"

namespace volante {
namespace {

constexpr double kFromLaneEnd_m = 3.5;  // a car's centre, at the beginning of its new lane
constexpr double kClear_m = 60.0;       // from the ego to a new place, in every direction
constexpr double kSeen_m = 250.0;       // further away a car is smaller than a pixel
constexpr double kBesideView_m = 10.0;  // wider than the camera's 90 degrees by this much
constexpr double kBehindView_m =
    5.0;  // half a vehicle: with its centre further back it is out of view
constexpr int64_t kLookEvery = 10;      // ticks between two looks for a place
constexpr double kOthersCome_m = 40.0;  // whoever is on the way to the place can stop
constexpr double kBlockedFor_s = 40.0;  // behind an ego that stands
constexpr double kEgoStandsFor_s = 30.0;

// Conservative: no building hides anything.
bool EgoSees(const EgoView& ego, Vec2 point) {
  const Vec2 d = point - ego.box.center_m;
  const double ahead = Dot(d, ego.direction), aside = std::abs(Cross(ego.direction, d));
  return ahead > -kBehindView_m && aside < std::max(0.0, ahead) + kBesideView_m &&
         Dot(d, d) < kSeen_m * kSeen_m;
}

}  // namespace

void Traffic::WaitAtDeadEnd(int32_t i, const EgoView& ego) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  npc.s_m = map_->lane(npc.plan[0]).length_m - 1e-6;
  npc.speed_mps = 0.0;
  npc.cause = StandCause::kDeadEnd;
  if (tick_ % kLookEvery == 0) Relocate(i, ego);
}

void Traffic::RelocateBlocked(const EgoView& ego) {
  if (ego_.standing_s < kEgoStandsFor_s || ego_.waits_at_red || tick_ % kLookEvery != 0) return;
  for (size_t i = 0; i < npcs_.size(); ++i) {
    if (npcs_[i].behind_ego && npcs_[i].standing_s > kBlockedFor_s) {
      Relocate(static_cast<int32_t>(i), ego);
    }
  }
}

// Nobody stands there, and whoever is on the way there can stop.
bool Traffic::PlaceIsFree(const Npc& moved, int32_t i, const EgoView& ego) const {
  const Outline place = OutlineOf(moved, 3.0);
  const Vec2 from_ego = place.box.center_m - ego.box.center_m;
  if (Dot(from_ego, from_ego) < kClear_m * kClear_m || EgoSees(ego, place.box.center_m)) {
    return false;
  }
  for (size_t k = 0; k < npcs_.size(); ++k) {
    const Npc& other = npcs_[k];
    if (static_cast<int32_t>(k) == i) continue;
    const std::span<const LaneIndex> plan(other.plan.data() + 1, other.plan_count - 1);
    const bool comes = std::find(plan.begin(), plan.end(), moved.plan[0]) != plan.end();
    const Outline there = OutlineOf(other, 0.0);
    const Vec2 d = there.box.center_m - place.box.center_m;
    if (place.Touches(there) || (comes && Dot(d, d) < kOthersCome_m * kOthersCome_m)) return false;
  }
  return true;
}

// To the first free place from a random one on; stays where it is when there is none, or while the
// ego looks at it.
void Traffic::Relocate(int32_t i, const EgoView& ego) {
  Npc& npc = npcs_[static_cast<size_t>(i)];
  const std::span<const LaneIndex> lanes = map_->spawn_lanes();
  if (lanes.empty() || EgoSees(ego, OutlineOf(npc, 0.0).box.center_m)) return;
  const size_t first = random_.Below(lanes.size());
  for (size_t k = 0; k < lanes.size(); ++k) {
    const LaneIndex index = lanes[(first + k) % lanes.size()];
    const TrafficLane& lane = map_->lane(index);
    if (lane.length_m < 2.0 * kFromLaneEnd_m + npc.length_m) continue;
    if (npc.kind == VehicleKind::kTruck && !lane.fits_trucks) continue;
    Npc moved = npc;
    moved.change.from = kNoLane;
    moved.came_from = kNoLane;
    moved.plan = {};
    moved.plan[0] = index;
    moved.plan_count = 1;
    moved.s_m = std::max(kFromLaneEnd_m, npc.half_length_m() + 1.0);
    if (!PlaceIsFree(moved, i, ego)) continue;
    ForgetChange(i);
    Remove(i);
    moved.granted_end = 1;
    moved.wish = kNoLane;
    moved.waits_at_light = false;
    moved.held.Clear();
    moved.first = {};
    moved.arrival_tick = -1;
    moved.yields_to_ego = false;
    moved.speed_mps = 0.0;
    moved.standing_s = 0.0;
    moved.behind_ego = false;
    moved.following_ego_s = 0.0;
    moved.cause = StandCause::kNone;
    moved.ahead = moved.behind = -1;
    npc = moved;
    if (lane.has_neighbours()) DrawWish(npc);
    ExtendPlan(npc);
    FindLine(npc);
    Insert(i);
    ++counters_.relocations;
    return;
  }
}

}  // namespace volante
