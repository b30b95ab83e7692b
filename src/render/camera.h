// The software camera: one scene, four kinds of picture (gray, RGB, semantic classes, depth).
// A Scene is the town's static geometry, made once and shared by all worlds; a Camera owns the
// buffers of one renderer and is used by one thread. Same inputs, same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "road/road_network.h"
#include "sim/vehicle_state.h"

namespace volante {

// Pinhole camera. Pixel centres are at half-integers; u to the right, v down.
struct CameraIntrinsics {
  int width = 84, height = 84;
  double fx_px = 42.0, fy_px = 56.0, cx_px = 42.0, cy_px = 42.0;

  // A picture of any size that sees what a 4:3 image at 90 degrees sees, in square pixels
  // (fx = fy = width / 2) : what people look at.
  static CameraIntrinsics ForPeople(int width, int height);
};

// From the ground point below the centre of the vehicle's box; level by default.
struct CameraMount {
  double x_m = 2.0, y_m = 0.0, z_m = 1.5;
  double yaw_rad = 0.0, pitch_rad = 0.0;  // pitch > 0 looks down
  double roll_rad = 0.0;                  // > 0: its left side is higher
};

enum class SemanticClass : uint8_t {
  kSky,
  kRoad,
  kMark,
  kKerb,
  kSidewalk,
  kGround,
  kBuilding,
  kTree,
  kVehicle,
  kTrafficLight
};

class Scene {
 public:
  // Roads, marks, kerbs, stop lines and traffic lights of the network, with grass, buildings and
  // trees placed beside them, deterministically from the network's hash and never on a road or in a
  // line of sight over it.
  static std::shared_ptr<const Scene> Make(const RoadNetwork& network);
  // The same from bare surfaces, marks and lights; `seed_text` stands for the network's hash.
  static std::shared_ptr<const Scene> Make(std::span<const SurfaceStrip> strips,
                                           std::span<const MarkLine> marks,
                                           std::string_view seed_text, bool with_scenery,
                                           std::span<const SignalPlan> signals = {});
  ~Scene();
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  Scene();
  std::unique_ptr<Impl> impl_;
};

struct Look;  // render/look.h: weather, paints, mount and what the camera does to a picture

// What a frame's lamps, rain, noise and smear of motion need to know beside the pose.
struct FrameMoment {
  uint32_t tick = 0;
  float speed_mps = 0.0f, yaw_rate_radps = 0.0f;
  // Of every phase of the town's plans (Traffic::WriteLightColors); traffic lights are dark
  // without.
  std::span<const LightColor> lights = {};
};

class Camera {
 public:
  // Shows the standard look until another is set.
  Camera(std::shared_ptr<const Scene> scene, const CameraIntrinsics& intrinsics,
         const CameraMount& mount = {});
  ~Camera();
  // From the next frame on; the picture keeps its size. Allocates nothing that an earlier look of
  // the same kind did not.
  void SetLook(const Look& look);

  // Renders what a camera on a vehicle at ego_pose sees; the ego itself is not drawn.
  // gray: [height, width]; rgb: [height, width, 3]; classes: SemanticClass per pixel, which no look
  // but its mount changes.
  void RenderGray(const GroundPose& ego_pose, std::span<const VehicleState> vehicles, uint8_t* gray,
                  const FrameMoment& moment = {});
  void RenderRgb(const GroundPose& ego_pose, std::span<const VehicleState> vehicles, uint8_t* rgb,
                 const FrameMoment& moment = {});
  void RenderClasses(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                     uint8_t* classes);
  // depth_m: [height, width], metres along the optical axis to the surface that RenderClasses
  // names: flat ground exactly, hills and what stands on the ground by the planes of polygons that
  // cover at least half of a pixel; infinite in the sky, and beyond the land that is drawn (220 m)
  // on hills. No weather, no noise.
  void RenderDepth(const GroundPose& ego_pose, std::span<const VehicleState> vehicles,
                   float* depth_m);
  // Triangles submitted to the rasteriser by the last picture.
  int last_triangles() const;

  struct Impl;  // render/camera_impl.h, for tests
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace volante
