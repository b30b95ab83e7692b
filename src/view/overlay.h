// The picture that people watch: the street from the car, with what the agent does and gets drawn
// over it - speed, steering, throttle and brake, reward and its parts, Q, policy and phase, what
// the network sees, and the map around the car. Reads DriveFacts alone, so it works in every
// simulator. No files, no window (view/video.h, view/window.h). One Overlay per thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "env_api/env.h"
#include "road/road_network.h"
#include "sim/vehicle_state.h"

namespace volante {

// What one frame shows. Pointers and spans are only read during Compose.
struct OverlayInput {
  // The street: RGB [camera_height, camera_width, 3]; fitted into the frame when sizes differ.
  const uint8_t* camera_rgb = nullptr;
  int camera_width = 0, camera_height = 0;
  const uint8_t* agent_gray = nullptr;  // [84, 84] newest frame of the network; may be null

  const DriveFacts* facts = nullptr;
  std::span<const VehicleState> vehicles;  // NPCs, for the map
  const Curve* route = nullptr;            // the whole route; null: only the next 50 m from facts
  double ego_length_m = 4.792, ego_width_m = 2.163;

  double reward = 0.0;                        // of this tick, unscaled
  double episode_return = 0.0;                // sum so far
  std::span<const std::string> reward_names;  // EnvTraits::reward_parts
  std::span<const float> reward_parts;        // same length
  std::optional<double> q;                    // Q1(s, a), where a network drives

  std::string policy;  // "expert idm_mobil", "trained, step 20,000"
  std::string phase;   // "exploring", "evaluation"; "" for none
  std::string title;   // "volante_town, scenario 1, episode 3"; "" for none
};

struct OverlayRect {
  int x = 0, y = 0, width = 0, height = 0;
};

// Where things are, in pixels of the frame: for tests and for cutting pictures.
struct OverlayLayout {
  OverlayRect header, progress, map, agent, cluster, steering_bar, throttle_bar, brake_bar, reward,
      banner;
};

class Overlay {
 public:
  // Frames of width x height pixels, drawn for 1280 x 720 and scaled by the height. `network` may
  // be null: then the map shows cars and route alone.
  Overlay(std::shared_ptr<const RoadNetwork> network, int width = 1280, int height = 720);
  ~Overlay();

  int width() const { return width_; }
  int height() const { return height_; }
  const OverlayLayout& layout() const { return layout_; }

  // rgb: [height, width, 3], every pixel is written.
  void Compose(const OverlayInput& input, std::span<uint8_t> rgb);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  OverlayLayout layout_;
  int width_, height_;
};

}  // namespace volante
