// What the camera, the collision test and the overlays see of any vehicle.
#pragma once

#include <cstdint>

#include "base/geometry.h"
#include "base/vehicle_kind.h"

namespace volante {

struct VehicleState {
  Vec2 position_m;  // centre of the bounding box
  double heading_rad = 0.0;
  double ground_m = 0.0;   // height of the ground below that centre; 0 on flat ground
  double pitch_rad = 0.0;  // + = nose up
  double roll_rad = 0.0;   // + = left side up
  double speed_mps = 0.0;
  double length_m = 4.5, width_m = 1.9, height_m = 1.5;
  uint8_t color = 0;  // index into the renderer's palette of body colours (0..7)
  VehicleKind kind = VehicleKind::kCar;
  bool braking = false;

  OrientedBox Box() const { return {position_m, heading_rad, length_m, width_m}; }
};

}  // namespace volante
