// Where NPCs begin: random free places, and speeds from which everybody can still stop.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "sim/traffic.h"

namespace volante {
namespace {

constexpr double kSlot_m = 9.0;  // one car per slot: at least 2 m between bumpers
constexpr double kSlotJitter_m = 1.0;
constexpr double kLaneEnd_m = 3.5;          // a car's centre stays this far from a lane's ends
constexpr double kClearOfEgo_m = 20.0;      // between outlines
constexpr double kStartBraking_mps2 = 1.5;  // from its first speed everybody can stop by this
constexpr double kScriptStartBraking_mps2 = 4.0;  // the cars of a suite, by this

struct Place {
  LaneIndex lane = kNoLane;
  double s_m = 0.0;
};

std::vector<Place> AllPlaces(const TrafficMap& map) {
  std::vector<Place> places;
  for (const LaneIndex index : map.spawn_lanes()) {
    const double usable = map.lane(index).length_m - 2.0 * (kLaneEnd_m + kSlotJitter_m);
    if (usable < 0.0) continue;
    const int count = static_cast<int>(usable / kSlot_m) + 1;
    for (int k = 0; k < count; ++k) {
      places.push_back({index, kLaneEnd_m + kSlotJitter_m + k * kSlot_m});
    }
  }
  return places;
}

double Radius(double length_m, double width_m) {
  return 0.5 * std::sqrt(length_m * length_m + width_m * width_m);
}

// The kind that a share of all cars has; bodies by CARLA's vehicles (reference: 5.915 x 1.988 m for
// a Sprinter, 8.468 m for the fire engine, at the width that roads are made for).
void DrawKind(const NpcRanges& ranges, const TrafficMap& map, RandomStream& random, Npc& npc) {
  const double u = random.Uniform();
  double until = ranges.truck_share;
  if (u < until && map.has_truck_lanes()) {
    if (map.lane(npc.plan[0]).fits_trucks) {
      npc.kind = VehicleKind::kTruck;
      npc.length_m = kTruckLength_m;
      npc.width_m = kTruckWidth_m;
      npc.height_m = 3.6;
      npc.speed_factor *= 0.9;
      npc.time_gap_s += 0.3;
    }
  } else if (u < (until += ranges.van_share)) {
    npc.kind = VehicleKind::kVan;
    npc.length_m = 5.915;
    npc.width_m = 1.988;
    npc.height_m = 2.6;
  } else if (u < (until += ranges.two_wheeler_share)) {
    npc.kind = VehicleKind::kTwoWheeler;
    npc.length_m = 2.2;
    npc.width_m = 0.87;
    npc.height_m = 1.6;
  }
}

}  // namespace

Traffic::Outline Traffic::OutlineOf(const Npc& npc, double margin_m) const {
  const CurvePoint at = PlaceOf(npc);
  return {{at.position_m, at.heading_rad, npc.length_m + margin_m, npc.width_m + margin_m},
          map_->lane(npc.plan[0]).center->GroundAt(npc.s_m).height_m};
}

void Traffic::Start(uint64_t seed, int num_npcs, const EgoView& ego,
                    std::span<const ScriptedCar> scripted, const std::optional<NpcRanges>& ranges) {
  VOLANTE_CHECK(map_ != nullptr && num_npcs >= 0, "traffic needs a map");
  ranges_ = ranges.value_or(NpcRanges::Of(config_));
  random_ = RandomStream(seed, "traffic");
  npcs_.clear();
  scripts_.clear();
  ego_ = {};
  counters_ = {};
  grants_ = 0;
  tick_ = 0;
  std::fill(first_.begin(), first_.end(), -1);
  std::fill(last_.begin(), last_.end(), -1);
  std::fill(lane_changers_.begin(), lane_changers_.end(), 0);
  changing_.clear();
  changing_.reserve(scripted.size() + static_cast<size_t>(num_npcs));
  near_center_m_ = {1e300, 1e300};
  FindEgoLanes(ego);
  npcs_.reserve(scripted.size() + static_cast<size_t>(num_npcs));
  std::vector<Outline> taken;
  DrawLights(seed);
  PlaceScripted(scripted, taken);
  Place(seed, ego, scripted.size() + static_cast<size_t>(num_npcs), taken);
  ChooseSpeeds();
  Observe(ego);
}

void Traffic::PlaceScripted(std::span<const ScriptedCar> scripted, std::vector<Outline>& taken) {
  for (const ScriptedCar& car : scripted) {
    npcs_.push_back(car.npc);
    scripts_.push_back(car.script);
    Npc& npc = npcs_.back();
    npc.politeness = config_.politeness;
    taken.push_back(OutlineOf(npc, 0.5));
    ExtendPlan(npc);
    FindLine(npc);
    Insert(static_cast<int32_t>(npcs_.size()) - 1);
  }
}

// Until there are `count` cars.
void Traffic::Place(uint64_t seed, const EgoView& ego, size_t count, std::vector<Outline>& taken) {
  std::vector<struct Place> places = AllPlaces(*map_);
  for (size_t i = places.size(); i > 1; --i) std::swap(places[i - 1], places[random_.Below(i)]);
  // A stream of its own: the same seed puts the same cars in the same places whatever the shares.
  RandomStream kinds(seed, "kinds of vehicles");
  RandomStream drivers(seed, "drivers");
  const bool mixed =
      ranges_.van_share > 0.0 || ranges_.truck_share > 0.0 || ranges_.two_wheeler_share > 0.0;
  const double ego_radius = Radius(ego.box.length_m, ego.box.width_m);
  for (const auto& place : places) {
    if (npcs_.size() == count) break;
    Npc npc;
    npc.length_m = random_.Uniform(3.7, 4.9);
    npc.width_m = random_.Uniform(1.7, 2.0);
    npc.height_m = random_.Uniform(1.4, 1.7);
    npc.speed_factor = random_.Uniform(ranges_.speed_factor_min, ranges_.speed_factor_max);
    npc.time_gap_s = random_.Uniform(ranges_.time_gap_min_s, ranges_.time_gap_max_s);
    npc.max_accel_mps2 = drivers.Uniform(ranges_.accel_min_mps2, ranges_.accel_max_mps2);
    npc.politeness = drivers.Uniform(ranges_.politeness_min, ranges_.politeness_max);
    npc.color = static_cast<uint8_t>(random_.Below(8));
    npc.plan[0] = place.lane;
    npc.plan_count = 1;
    npc.s_m = place.s_m + random_.Uniform(-kSlotJitter_m, kSlotJitter_m);
    if (mixed) DrawKind(ranges_, *map_, kinds, npc);
    const Outline outline = OutlineOf(npc, 0.5);
    const double clear = kClearOfEgo_m + ego_radius + Radius(npc.length_m, npc.width_m);
    const Vec2 d = outline.box.center_m - ego.box.center_m;
    if (Dot(d, d) < clear * clear) continue;
    // Lanes of a stranger's map may lie on each other.
    if (std::any_of(taken.begin(), taken.end(),
                    [&](const Outline& other) { return outline.Touches(other); })) {
      continue;
    }
    taken.push_back(outline);
    if (map_->lane(npc.plan[0]).has_neighbours()) DrawWish(npc);
    ExtendPlan(npc);
    FindLine(npc);
    npcs_.push_back(npc);
    Insert(static_cast<int32_t>(npcs_.size()) - 1);
  }
  if (npcs_.size() < count) {
    throw Error(ExitCode::kBadInput, "the town is too small for its traffic",
                map_->network().name(),
                "only " + std::to_string(npcs_.size()) + " of " + std::to_string(count) +
                    " cars find a place",
                "choose a scenario with fewer cars or a larger map");
  }
}

// From the front bumper to the junction, the leader or the ego, whichever comes first.
double Traffic::FreeWay(const Npc& npc) const {
  double free = npc.line_odometer_m - npc.front_m();
  double begin = -npc.s_m;
  for (uint32_t k = 0; k < npc.plan_count && begin < 60.0; ++k) {
    const int32_t j = k == 0 ? npc.ahead : last_[static_cast<size_t>(npc.plan[k])];
    if (j >= 0) {
      const Npc& lead = npcs_[static_cast<size_t>(j)];
      free = std::min(free, begin + lead.s_m - lead.half_length_m() - npc.half_length_m());
      break;
    }
    if (const EgoOnLane* on = EgoOn(npc.plan[k]); on != nullptr && begin + on->mid_s_m > 0.0) {
      free = std::min(free, begin + on->rear_s_m - npc.half_length_m());
    }
    begin += map_->lane(npc.plan[k]).length_m;
  }
  return free;
}

// At most what lets a car stop behind its leader, as if that stood, and before the next junction.
void Traffic::ChooseSpeeds() {
  for (size_t i = 0; i < npcs_.size(); ++i) {
    Npc& npc = npcs_[i];
    const double way = std::max(0.0, FreeWay(npc) - 2.5);
    if (i < scripts_.size()) {
      npc.speed_mps = std::min(npc.speed_mps, std::sqrt(2.0 * kScriptStartBraking_mps2 * way));
      continue;
    }
    const TrafficLane& lane = map_->lane(npc.plan[0]);
    const double allowed =
        std::min(npc.speed_factor * lane.cruise_mps, std::sqrt(map_->AllowedSpeed2(lane, npc.s_m)));
    const double stoppable = std::sqrt(2.0 * kStartBraking_mps2 * way);
    npc.speed_mps = random_.Uniform(0.5, 1.0) * std::min(allowed, stoppable);
  }
}

}  // namespace volante
