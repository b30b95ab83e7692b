// Plane geometry in ISO 8855: x forward, y left, yaw counter-clockwise; SI units and radians.
// Small value types without invariants; everything is inline because it stands in hot loops.
#pragma once

#include <array>
#include <cmath>
#include <numbers>

namespace volante {

struct Vec2 {
  double x = 0.0;
  double y = 0.0;

  friend Vec2 operator+(Vec2 a, Vec2 b) { return {a.x + b.x, a.y + b.y}; }
  friend Vec2 operator-(Vec2 a, Vec2 b) { return {a.x - b.x, a.y - b.y}; }
  friend Vec2 operator*(Vec2 a, double k) { return {a.x * k, a.y * k}; }
  friend bool operator==(const Vec2&, const Vec2&) = default;
};

inline double Dot(Vec2 a, Vec2 b) { return a.x * b.x + a.y * b.y; }
// z component of the cross product; positive when b lies to the left of a.
inline double Cross(Vec2 a, Vec2 b) { return a.x * b.y - a.y * b.x; }
inline double Norm(Vec2 a) { return std::sqrt(Dot(a, a)); }
inline double Distance(Vec2 a, Vec2 b) { return Norm(b - a); }
inline Vec2 UnitFromHeading(double heading_rad) {
  return {std::cos(heading_rad), std::sin(heading_rad)};
}

// The same angle in [-pi, pi].
inline double WrapAngle(double angle_rad) {
  constexpr double kTwoPi = 2.0 * std::numbers::pi;
  return angle_rad - kTwoPi * std::round(angle_rad / kTwoPi);
}

struct Pose2 {
  Vec2 position_m;
  double heading_rad = 0.0;
};

// Where a vehicle stands on ground that may climb and bank.
struct GroundPose {
  Pose2 pose;
  double ground_m = 0.0;   // height of the ground below its centre
  double pitch_rad = 0.0;  // + = nose up
  double roll_rad = 0.0;   // + = left side up

  GroundPose() = default;
  GroundPose(const Pose2& on_flat_ground) : pose(on_flat_ground) {}  // NOLINT: meant to convert
};

// A point given in the frame of `frame_in_world`, expressed in the world.
inline Vec2 WorldFromLocal(const Pose2& frame_in_world, Vec2 local) {
  const Vec2 u = UnitFromHeading(frame_in_world.heading_rad);
  return {frame_in_world.position_m.x + u.x * local.x - u.y * local.y,
          frame_in_world.position_m.y + u.y * local.x + u.x * local.y};
}

// A point given in the world, expressed in the frame of `frame_in_world`.
inline Vec2 LocalFromWorld(const Pose2& frame_in_world, Vec2 world) {
  const Vec2 u = UnitFromHeading(frame_in_world.heading_rad);
  const Vec2 d = world - frame_in_world.position_m;
  return {u.x * d.x + u.y * d.y, -u.y * d.x + u.x * d.y};
}

// A rectangle on the ground: a vehicle's outline.
struct OrientedBox {
  Vec2 center_m;
  double heading_rad = 0.0;
  double length_m = 0.0;
  double width_m = 0.0;

  // Front left, front right, rear right, rear left.
  std::array<Vec2, 4> Corners() const {
    const Vec2 u = UnitFromHeading(heading_rad);
    const Vec2 f = u * (0.5 * length_m);
    const Vec2 l = Vec2{-u.y, u.x} * (0.5 * width_m);
    return {center_m + f + l, center_m + f - l, center_m - f - l, center_m - f + l};
  }
};

// Separating axis test; boxes that only touch do not overlap.
inline bool Overlap(const OrientedBox& a, const OrientedBox& b) {
  const Vec2 d = b.center_m - a.center_m;
  const double reach = 0.5 * (a.length_m + a.width_m + b.length_m + b.width_m);
  if (Dot(d, d) >= reach * reach) return false;
  const Vec2 ua = UnitFromHeading(a.heading_rad), ub = UnitFromHeading(b.heading_rad);
  const double c = std::abs(Dot(ua, ub)), s = std::abs(Cross(ua, ub));
  const auto apart = [&](Vec2 axis, double half_self, double half_other) {
    return std::abs(Dot(d, axis)) >= half_self + half_other;
  };
  const double al = 0.5 * a.length_m, aw = 0.5 * a.width_m;
  const double bl = 0.5 * b.length_m, bw = 0.5 * b.width_m;
  return !(apart(ua, al, bl * c + bw * s) || apart({-ua.y, ua.x}, aw, bl * s + bw * c) ||
           apart(ub, bl, al * c + aw * s) || apart({-ub.y, ub.x}, bw, al * s + aw * c));
}

}  // namespace volante
