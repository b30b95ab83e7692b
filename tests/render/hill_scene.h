// Hand-made streets that are not flat, for the camera's tests.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "render/camera.h"

namespace volante {

// A street along a line of the plane, two lanes of 4 m with sidewalks of 2 m, at the heights of a
// function of the way along it.
struct HillStreet {
  Vec2 from_m;
  double heading_rad = 0.0, length_m = 300.0;
  std::function<double(double)> height_m;
};

inline std::shared_ptr<const Scene> HillScene(const std::vector<HillStreet>& streets,
                                              bool with_scenery = false) {
  std::vector<SurfaceStrip> strips;
  for (const HillStreet& street : streets) {
    const Vec2 along = UnitFromHeading(street.heading_rad), across{-along.y, along.x};
    const auto add = [&](Surface surface, double left_m, double right_m) {
      SurfaceStrip strip;
      strip.surface = surface;
      for (double s = 0.0; s <= street.length_m; s += 4.0) {
        const Vec2 at = street.from_m + along * s;
        strip.left.push_back(at + across * left_m);
        strip.right.push_back(at + across * right_m);
        strip.left_height_m.push_back(street.height_m(s));
        strip.right_height_m.push_back(street.height_m(s));
      }
      strips.push_back(strip);
    };
    add(Surface::kSidewalk, 6.0, 4.0);
    add(Surface::kRoad, 4.0, 0.0);
    add(Surface::kRoad, 0.0, -4.0);
    add(Surface::kSidewalk, -4.0, -6.0);
  }
  return Scene::Make(strips, {}, "hill street", with_scenery);
}

}  // namespace volante
