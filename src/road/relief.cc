#include "road/relief.h"

#include <cmath>

namespace volante::opendrive {
namespace {

// Height and slope of one shape record at t.
Ground ShapeAt(const ShapeRecord& record, double t_m) {
  if (record.parts.empty()) return {};
  const std::span<const ShapeCubic> parts(record.parts);
  const ShapeCubic& part = parts[IndexAt(parts, t_m, &ShapeCubic::t_m)];
  const double dt = t_m - part.t_m;
  if (dt < 0.0) return {part.a, 0.0, 0.0};
  return {part.a + dt * (part.b + dt * (part.c + dt * part.d)), 0.0,
          part.b + dt * (2.0 * part.c + dt * 3.0 * part.d)};
}

// Between two records the height changes linearly along s.
Ground BlendedShape(std::span<const ShapeRecord> shapes, double s_m, double t_m) {
  const size_t i = IndexAt(shapes, s_m, &ShapeRecord::s_m);
  Ground here = ShapeAt(shapes[i], t_m);
  if (i + 1 == shapes.size() || s_m < shapes[i].s_m) return here;
  const Ground next = ShapeAt(shapes[i + 1], t_m);
  const double length = shapes[i + 1].s_m - shapes[i].s_m;
  if (!(length > 0.0)) return here;
  const double u = (s_m - shapes[i].s_m) / length;
  return {here.height_m + (next.height_m - here.height_m) * u,
          (next.height_m - here.height_m) / length, here.across + (next.across - here.across) * u};
}

}  // namespace

Ground Relief::At(double s_m, double t_m) const {
  if (flat()) return {};
  const Lateral elevation = Evaluate(elevations, s_m);
  Ground ground{elevation.value_m, elevation.first, 0.0};
  if (!superelevations.empty()) {
    // z = t tan(roll): the rolled plane over the horizontal distance t.
    const Lateral roll = RollAt(s_m);
    const double tangent = std::tan(roll.value_m);
    ground.height_m += t_m * tangent;
    ground.along += t_m * (1.0 + tangent * tangent) * roll.first;
    ground.across += tangent;
  }
  const std::vector<Cubic>& crossfalls = t_m > 0.0 ? left_crossfalls : right_crossfalls;
  if (!crossfalls.empty()) {
    const Lateral fall = Evaluate(crossfalls, s_m);
    const double tangent = std::tan(fall.value_m);
    ground.height_m -= std::abs(t_m) * tangent;
    ground.along -= std::abs(t_m) * (1.0 + tangent * tangent) * fall.first;
    ground.across -= t_m > 0.0 ? tangent : -tangent;
  }
  if (!shapes.empty()) {
    const Ground shape = BlendedShape(shapes, s_m, t_m);
    ground.height_m += shape.height_m;
    ground.along += shape.along;
    ground.across += shape.across;
  }
  return ground;
}

Lateral SeenFromAbove(Lateral t, Lateral roll) {
  if (roll.value_m == 0.0 && roll.first == 0.0 && roll.second_1pm == 0.0) return t;
  const double c = std::cos(roll.value_m), s = std::sin(roll.value_m);
  return {t.value_m * c, t.first * c - t.value_m * s * roll.first,
          t.second_1pm * c - 2.0 * t.first * s * roll.first -
              t.value_m * (c * roll.first * roll.first + s * roll.second_1pm)};
}

}  // namespace volante::opendrive
