// How buildings, trees and vehicles look. Called by Camera for each visible object, far to near.
#pragma once

#include "render/canvas.h"
#include "render/scene_impl.h"
#include "sim/vehicle_state.h"

namespace volante {

// `at` is the object's centre in the level frame.
void PaintBuilding(const Building& building, PixelPoint at, Painter& painter);
void PaintTree(const Tree& tree, PixelPoint at, Painter& painter);
void PaintVehicle(const VehicleState& vehicle, PixelPoint at, Painter& painter);
// Dark where `lights` (FrameMoment's) does not know it.
void PaintSignal(const SignalPost& post, std::span<const LightColor> lights, PixelPoint at,
                 Painter& painter);

// Adds the shadow on the ground to the path; the caller paints all shadows at once.
void AddTreeShadow(const Tree& tree, PixelPoint at, Painter& painter);
void AddVehicleShadow(const VehicleState& vehicle, PixelPoint at, Painter& painter);
// The same for the light of its headlights on the road, at night.
void AddLightPool(const VehicleState& vehicle, PixelPoint at, Painter& painter);

}  // namespace volante
