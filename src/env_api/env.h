// The one environment interface: N independent worlds behind Reset and Step.
// The embedded simulator, CARLA and the scripted test world all implement it; the trainer, the
// evaluation and the drivers know nothing else. Worlds end at different times and may fail alone.
// Not thread-safe: one caller at a time. Buffers belong to the caller and are only written.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "base/lane_mark.h"
#include "base/near_lane.h"
#include "base/vehicle_kind.h"
#include "config/config.h"
#include "config/suite.h"

namespace volante {

inline constexpr double kTickSeconds = 0.05;  // one control tick: 20 Hz
inline constexpr int kImageSide = 84;
inline constexpr int kImagePixels = kImageSide * kImageSide;
inline constexpr int kFrameStack = 4;
inline constexpr int kRoutePoints = 25;                   // every 2 m ahead
inline constexpr int kVectorSize = 3 + 2 * kRoutePoints;  // 53
inline constexpr int kNearVehicles = 8;                   // that mode privileged sees
inline constexpr int kNearVehicleSize = 6;                // numbers for each
inline constexpr int kPrivilegedSize = kVectorSize + kNearVehicles * kNearVehicleSize;  // 101
inline constexpr int kNumCommands = 4;
inline constexpr int kVisionSize = 1 + kNumCommands;  // 5
inline constexpr int kExtraSize = 8;  // of observation.extra, after the mode's numbers
inline constexpr int kActionSize = 2;
inline constexpr double kRoutePointSpacing_m = 2.0;
// A distance or time that stands for "nothing there".
inline constexpr double kFar = 1e9;

// What an agent sees: how its networks and its buffers are made.
struct ObservationShape {
  ObservationMode mode = ObservationMode::kCameraVector;
  bool extra = false;

  constexpr ObservationShape() = default;
  constexpr ObservationShape(ObservationMode m) : mode(m) {}  // NOLINT: meant to convert
  ObservationShape(const ObservationConfig& config)           // NOLINT: meant to convert
      : mode(config.mode), extra(config.extra) {}
  friend constexpr bool operator==(ObservationShape, ObservationShape) = default;
};

constexpr bool HasImage(ObservationShape shape) { return HasImage(shape.mode); }

// How many numbers an agent sees: the width of StepView::vector. Odd, as the replay wants it.
constexpr int VectorSize(ObservationShape shape) {
  const int of_mode = shape.mode == ObservationMode::kPrivileged ? kPrivilegedSize
                      : shape.mode == ObservationMode::kVision   ? kVisionSize
                                                                 : kVectorSize;
  return of_mode + (shape.extra ? kExtraSize : 0);
}

// a[0] steers, +1 = full left. a[1] > 0 is throttle, < 0 is brake. Both in [-1, 1].
struct Action {
  float steer = 0.0f;
  float throttle = 0.0f;

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("steer", steer);
    ar("throttle", throttle);
  }
  friend bool operator==(const Action&, const Action&) = default;
};

enum class Status : uint8_t {
  kRunning,
  kTerminated,  // success, collision, off lane: the value after it is 0
  kTruncated,   // the tick limit: the value after it is bootstrapped
  kInvalid,     // the simulator failed: neither stored nor counted
};

enum class Outcome : uint8_t { kNone, kSuccess, kCollision, kOffLane, kTimeout, kBlocked };
inline constexpr std::array kOutcomeNames = {"none",     "success", "collision",
                                             "off_lane", "timeout", "blocked"};

// What the route asks for at the next junction.
enum class RouteCommand : uint8_t { kLeft, kRight, kStraight, kFollow };

// What the next traffic light on the route shows; kNone: there is none near.
enum class NextLight : uint8_t { kNone, kGreen, kAmber, kRed };

// Another vehicle as the ego finds it: in the car's frame, from centre to centre.
struct NearVehicle {
  Vec2 position_m;           // x forward, y left
  double heading_rad = 0.0;  // relative to the ego's, in (-pi, pi]
  double speed_mps = 0.0;
  double range_rate_mps = 0.0;  // at which the distance between the centres grows; < 0 is nearing
  double length_m = 0.0, width_m = 0.0;
};

// What is true about the drive after a tick. Reward, metrics, overlays and the scripted drivers
// read this alone, so they work in every simulator. SI units, ISO 8855.
struct DriveFacts {
  // The ego. position is the centre of its bounding box, on the ground.
  Vec2 position_m;
  double heading_rad = 0.0;
  double speed_mps = 0.0;  // >= 0
  double yaw_rate_radps = 0.0;
  double steer_angle_rad = 0.0;  // of the front wheels, actual
  double accel_long_mps2 = 0.0;
  double accel_lat_mps2 = 0.0;
  double jerk_long_mps3 = 0.0;  // change of accel_long over this tick
  double jerk_lat_mps3 = 0.0;
  Action action;  // applied in this tick
  Action previous_action;

  // The ego relative to its route.
  double route_s_m = 0.0;  // of its projection; progress never jumps
  double route_length_m = 0.0;
  double progress_m = 0.0;          // route_s gained in this tick (negative when going back)
  int waypoints_passed = 0;         // in this tick
  double lateral_offset_m = 0.0;    // from the centre of the route's lane, + = left
  double heading_error_rad = 0.0;   // heading minus lane heading
  double lane_half_width_m = 1.75;  // of the route's lane
  double speed_limit_mps = 13.9;    // of the road at route_s
  double max_curvature_1pm = 0.0;   // largest |curvature| over the next 10 m of the route
  double curve_speed_mps = kFar;    // from here, every curve within 60 m can be taken at
                                    // 2.5 m/s^2 lateral by braking at <= 2 m/s^2
  double front_overhang_m = 2.4;    // from the centre to the front bumper
  // Points 1..25 of the route, 2 m apart, in the car's frame; past the end the last repeats.
  std::array<Vec2, kRoutePoints> route_points_m{};

  RouteCommand command = RouteCommand::kFollow;  // env/route_ahead.h
  NextLight light = NextLight::kNone;            // within 100 m
  double light_distance_m = kFar;                // front bumper to its stop line

  // The route's lane and those beside it in its direction, which may be driven on as well; gaps are
  // known where there are any.
  NearLanes lanes{};

  // Others.
  double lead_gap_m = kFar;            // bumper to bumper, to what stands or drives in the path:
                                       // that of the route, on the lane that the ego is on
  double lead_speed_mps = 0.0;         // along the path; meaningless when lead_gap is kFar
  double yield_distance_m = kFar;      // front bumper to the line where the ego must wait for
                                       // others at a junction; kFar when the way is free
  double wait_behind_traffic_s = 0.0;  // standing with a lead or a yield, this episode
  // The nearest vehicles within 100 m, nearest first (env/near_vehicles.h); the first
  // num_near_vehicles are there.
  std::array<NearVehicle, kNearVehicles> near_vehicles{};
  int num_near_vehicles = 0;

  // Events of this tick.
  bool collision = false;
  bool collision_at_fault = false;
  int collision_other = -1;  // NPC index, -1 none
  VehicleKind collision_kind = VehicleKind::kCar;
  double collision_speed_mps = 0.0;  // relative, at contact
  Vec2 contact_m;                    // where, world
  Vec2 contact_in_car_m;             // x forward, y left of the ego's centre
  Vec2 collision_impulse_newton_s;   // that the ego receives, in its frame
  bool off_lane = false;       // more than 2.5 m from the centre of every lane that it may drive on
  bool ran_red_light = false;  // its front passed the line; in any tick of a repeated action
  int markings_crossed = 0;    // by CARLA's rule (sim/lane_marks.h): the first so many of these
  std::array<CrossedMark, 4> crossed_marks{};
  bool wrong_way = false;  // |heading error| > 120 degrees

  int tick = 0;  // since reset
  Status status = Status::kRunning;
  Outcome outcome = Outcome::kNone;  // set when status is not running

  // The lane that the ego is on, its route's or one beside it: how far left of its centre the ego
  // is, and half its width. Rewards ask for the route's lane.
  double lane_offset_m() const {
    return lateral_offset_m - lanes[LaneInUse(lanes, lateral_offset_m)].offset_m;
  }
  double half_width_in_use_m() const {
    const size_t lane = LaneInUse(lanes, lateral_offset_m);
    return lane == kRouteLane ? lane_half_width_m : lanes[lane].half_width_m;
  }
};

enum class RouteSet : uint8_t { kTrain, kValidation, kTest };

struct ResetRequest {
  int world = 0;
  uint64_t seed = 0;                     // everything random of the episode follows from it
  Scenario scenario = Scenario::kEmpty;  // kMixed draws one from the seed
  Suite suite = Suite::kStandard;        // training draws it by env.contested_share
  RouteSet route_set = RouteSet::kTrain;
  int route_index = 0;        // into the committed list; training draws from the seed
  bool spread_start = false;  // training only: start.spread_share of the episodes
};

struct EnvTraits {
  int num_worlds = 1;
  bool has_image = false;
  int vector_size = kVectorSize;  // VectorSize of the observation
  bool can_snapshot = false;
  bool deterministic = false;
  std::vector<std::string> reward_parts;  // names, in the order of StepView::reward_parts
};

// Caller-owned arrays, one row per world. Reset writes observation and facts of the worlds it
// resets; Step writes every row. `frame` may be null when the environment has no image.
struct StepView {
  uint8_t* frame = nullptr;       // [N, 84, 84] newest gray frame
  float* vector = nullptr;        // [N, vector_size]
  float* reward = nullptr;        // [N] unscaled
  float* reward_parts = nullptr;  // [N, P]
  DriveFacts* facts = nullptr;    // [N]; status and outcome live here
  // What mode privileged sees, [N, 101], beside the observation of any other mode: for a teacher
  // that labels what a camera student sees. Null where nobody asks.
  float* privileged = nullptr;
};

class Env {
 public:
  virtual ~Env() = default;
  virtual const EnvTraits& traits() const = 0;
  // Starts episodes in the named worlds.
  virtual void Reset(std::span<const ResetRequest> requests, StepView out) = 0;
  // One tick (action_repeat ticks) in every world; actions has num_worlds entries. A non-finite
  // action is an Error; stepping a world that is not running is a programmer error. Never resets:
  // the true last observation of an episode always comes out.
  virtual void Step(std::span<const Action> actions, StepView out) = 0;
  // The whole state of one world, and back, mid-episode too; continues bit for bit. Only where
  // traits().can_snapshot.
  virtual std::vector<uint8_t> Save(int world) = 0;
  virtual void Load(int world, std::span<const uint8_t> bytes) = 0;
};

// Which frame of the episode is entry `k` (0 = oldest .. 3 = newest) of the stack at `tick`: the
// first frame fills the stack at reset; of less than 4 different `frames` the oldest fills it. The
// one rule for acting and for replay.
constexpr int StackedFrame(int tick, int k, int stride, int frames = kFrameStack) {
  const int wanted = kFrameStack - 1 - k;  // frames back
  const int index = tick - (wanted < frames ? wanted : frames - 1) * stride;
  return index < 0 ? 0 : index;
}

}  // namespace volante
