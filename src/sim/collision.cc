#include "sim/collision.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace volante {
namespace {

constexpr double kStoodFor_s = 1.0;
constexpr double kFollowedFor_s = 2.0;
constexpr double kRestitution = 0.1;

// Two rectangles share at most eight corners.
struct Polygon {
  std::array<Vec2, 8> points;
  size_t count = 0;
  void Add(Vec2 p) {
    if (count < points.size()) points[count++] = p;
  }
};

// The part of `polygon` on the inner side of a line: where Dot(p, outward) <= most.
Polygon ClippedBy(const Polygon& polygon, Vec2 outward, double most) {
  Polygon out;
  for (size_t i = 0; i < polygon.count; ++i) {
    const Vec2 a = polygon.points[i], b = polygon.points[(i + 1) % polygon.count];
    const double over_a = Dot(a, outward) - most, over_b = Dot(b, outward) - most;
    if (over_a <= 0.0) out.Add(a);
    if ((over_a < 0.0) != (over_b < 0.0) && over_a != 0.0 && over_b != 0.0) {
      out.Add(a + (b - a) * (over_a / (over_a - over_b)));
    }
  }
  return out;
}

// Centre of the area that two boxes share; of its corners where it has none.
Vec2 CenterOfOverlap(const OrientedBox& a, const OrientedBox& b) {
  Polygon shared;
  for (const Vec2 corner : a.Corners()) shared.Add(corner);
  const Vec2 u = UnitFromHeading(b.heading_rad), left{-u.y, u.x};
  shared = ClippedBy(shared, u, Dot(b.center_m, u) + 0.5 * b.length_m);
  shared = ClippedBy(shared, u * -1.0, -Dot(b.center_m, u) + 0.5 * b.length_m);
  shared = ClippedBy(shared, left, Dot(b.center_m, left) + 0.5 * b.width_m);
  shared = ClippedBy(shared, left * -1.0, -Dot(b.center_m, left) + 0.5 * b.width_m);
  if (shared.count == 0) return (a.center_m + b.center_m) * 0.5;
  Vec2 weighted, sum;
  double area2 = 0.0;
  for (size_t i = 0; i < shared.count; ++i) {
    const Vec2 p = shared.points[i] - a.center_m;
    const Vec2 q = shared.points[(i + 1) % shared.count] - a.center_m;
    const double cross = Cross(p, q);
    area2 += cross;
    weighted = weighted + (p + q) * cross;
    sum = sum + p;
  }
  if (std::abs(area2) < 1e-12) return a.center_m + sum * (1.0 / static_cast<double>(shared.count));
  return a.center_m + weighted * (1.0 / (3.0 * area2));
}

// Half the width of a box's shadow on an axis.
double HalfShadow(const OrientedBox& box, Vec2 axis) {
  const Vec2 u = UnitFromHeading(box.heading_rad);
  return 0.5 * (box.length_m * std::abs(Dot(u, axis)) + box.width_m * std::abs(Cross(u, axis)));
}

// Unit vector from the second body to the first: across the side that was reached last, looking
// back along their relative velocity; where they do not approach, of the least overlap.
Vec2 ContactNormal(const ContactBody& first, const ContactBody& second) {
  const Vec2 apart = first.box.center_m - second.box.center_m;
  const Vec2 velocity = first.velocity_mps - second.velocity_mps;
  Vec2 latest{1.0, 0.0}, shallow{1.0, 0.0};
  double least_time = 1e300, least_overlap = 1e300;
  for (const OrientedBox* box : {&first.box, &second.box}) {
    const Vec2 u = UnitFromHeading(box->heading_rad);
    for (Vec2 axis : {u, Vec2{-u.y, u.x}}) {
      if (Dot(apart, axis) < 0.0) axis = axis * -1.0;
      const double overlap =
          HalfShadow(first.box, axis) + HalfShadow(second.box, axis) - Dot(apart, axis);
      const double closing_mps = -Dot(velocity, axis);
      if (overlap < least_overlap) least_overlap = overlap, shallow = axis;
      if (closing_mps > 1e-6 && overlap / closing_mps < least_time) {
        least_time = overlap / closing_mps;
        latest = axis;
      }
    }
  }
  return least_time < 1e300 ? latest : shallow;
}

double MassOf(VehicleKind kind) {
  switch (kind) {
    case VehicleKind::kCar:
      return 1500.0;
    case VehicleKind::kVan:
      return 2500.0;
    case VehicleKind::kTruck:
      return 9000.0;
    case VehicleKind::kTwoWheeler:
      return 250.0;
  }
  return 1500.0;
}

bool OnOneLevel(double a_ground_m, double a_height_m, double b_ground_m, double b_height_m) {
  return a_ground_m < b_ground_m + b_height_m && b_ground_m < a_ground_m + a_height_m;
}

}  // namespace

ContactBody BodyOf(const VehicleState& npc) {
  const double mass = MassOf(npc.kind);
  return {
      .box = npc.Box(),
      .velocity_mps = UnitFromHeading(npc.heading_rad) * npc.speed_mps,
      .mass_kg = mass,
      .yaw_inertia_kgm2 = mass * (npc.length_m * npc.length_m + npc.width_m * npc.width_m) / 12.0};
}

ContactForce ForceOf(const ContactBody& first, const ContactBody& second) {
  ContactForce force;
  force.point_m = CenterOfOverlap(first.box, second.box);
  const Vec2 normal = ContactNormal(first, second);
  double closing_mps = 0.0, mobility = 0.0;  // 1 / kg
  for (const ContactBody* body : {&first, &second}) {
    const Vec2 arm = force.point_m - body->box.center_m;
    const Vec2 velocity = body->velocity_mps + Vec2{-arm.y, arm.x} * body->yaw_rate_radps;
    const double turn = Cross(arm, normal);
    closing_mps -= (body == &first ? 1.0 : -1.0) * Dot(velocity, normal);
    mobility += 1.0 / body->mass_kg + turn * turn / body->yaw_inertia_kgm2;
  }
  if (closing_mps > 0.0) {
    force.impulse_newton_s = normal * ((1.0 + kRestitution) * closing_mps / mobility);
  }
  return force;
}

Contact FindContact(const EgoView& ego, std::span<const VehicleState> npcs, double ego_ground_m,
                    double ego_height_m) {
  for (size_t i = 0; i < npcs.size(); ++i) {
    const VehicleState& npc = npcs[i];
    const Vec2 d = npc.position_m - ego.box.center_m;
    const double reach = 0.5 * (ego.box.length_m + ego.box.width_m + npc.length_m + npc.width_m);
    if (Dot(d, d) >= reach * reach || !Overlap(ego.box, npc.Box())) continue;
    if (!OnOneLevel(ego_ground_m, ego_height_m, npc.ground_m, npc.height_m)) continue;
    const Vec2 relative =
        ego.direction * ego.speed_mps - UnitFromHeading(npc.heading_rad) * npc.speed_mps;
    return {static_cast<int>(i), Norm(relative)};
  }
  return {};
}

bool EgoAtFault(const EgoView& ego, const EgoRights& rights, const Npc& npc,
                const VehicleState& pose, bool cut_off) {
  if (rights.standing_s >= kStoodFor_s || cut_off) return false;
  const bool from_behind = Dot(pose.position_m - ego.box.center_m, ego.direction) < 0.0;
  return !(from_behind && npc.following_ego_s >= kFollowedFor_s);
}

int CountOverlaps(std::span<const VehicleState> vehicles) {
  int count = 0;
  for (size_t i = 0; i < vehicles.size(); ++i) {
    const VehicleState& a = vehicles[i];
    const OrientedBox box = a.Box();
    for (size_t k = i + 1; k < vehicles.size(); ++k) {
      const VehicleState& b = vehicles[k];
      count += Overlap(box, b.Box()) && OnOneLevel(a.ground_m, a.height_m, b.ground_m, b.height_m);
    }
  }
  return count;
}

}  // namespace volante
