// A drive that can be shown again: what the world was, what it was asked, and every action.
// The bytes: 8 of magic, u32 format version, u32 payload bytes (little-endian), the payload's
// XXH3-128 in 32 hex digits, then the payload: EpisodeRecord as CBOR (base/archive.h). Files come
// from strangers: every length is checked before it is used, and whatever passes is within the
// limits below.
// The simulator is deterministic, so driving the actions again gives the same poses bit for bit in
// the same build; the trail tells where another build or map goes another way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "env_api/env.h"

namespace volante {

struct EpisodeRecord {
  static constexpr int kFormatVersion = 2;  // version 1, without `impact`, is still read
  static constexpr size_t kMaxBytes = 4 << 20;
  static constexpr size_t kMaxActions = 200000;
  static constexpr int kTrailTicks = 20;  // a point each second

  // Where the car was: compared bit for bit.
  struct Point {
    int tick = 0;
    double x_m = 0.0, y_m = 0.0, heading_rad = 0.0, speed_mps = 0.0;

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("tick", tick);
      ar("x_m", x_m);
      ar("y_m", y_m);
      ar("heading_rad", heading_rad);
      ar("speed_mps", speed_mps);
    }
    friend bool operator==(const Point&, const Point&) = default;
  };

  // The collision that ended the drive, compared bit for bit too.
  struct Impact {
    int other = -1;  // NPC index; -1: there was none
    double x_m = 0.0, y_m = 0.0, speed_mps = 0.0, impulse_newton_s = 0.0;

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("other", other);
      ar("x_m", x_m);
      ar("y_m", y_m);
      ar("speed_mps", speed_mps);
      ar("impulse_newton_s", impulse_newton_s);
    }
    friend bool operator==(const Impact&, const Impact&) = default;
  };

  int format = kFormatVersion;  // that it was read from
  std::string label;            // who drove: "trained, step 20000, scenario 0"
  std::string program;          // version that recorded it
  std::string config;           // WorldYaml
  ResetRequest request;
  std::vector<float> actions;  // [n, 2]: steer, throttle, as given to Env::Step
  std::vector<Point> trail;    // each kTrailTicks ticks, and the last
  Outcome outcome = Outcome::kNone;
  Impact impact;

  int num_actions() const { return static_cast<int>(actions.size() / kActionSize); }
  Action action(int index) const {
    const size_t at = static_cast<size_t>(index) * kActionSize;
    return {actions[at], actions[at + 1]};
  }

  // Recording: after Reset, and after each Step of the world.
  void Begin(const ResetRequest& reset);
  void Add(const Action& action, const DriveFacts& facts);

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("label", label);
    ar("program", program);
    ar("config", config);
    ar("seed", request.seed);
    ar("scenario", request.scenario);
    ar("suite", request.suite);
    ar("route_set", request.route_set);
    ar("route_index", request.route_index);
    ar("spread_start", request.spread_start);
    ar("actions", actions);
    ar("trail", trail);
    ar("outcome", outcome);
    if (format >= 2) ar("impact", impact);
  }
};

// The sections of a configuration that a world is made of (env, npc, ego, observation, reward,
// start, and whatever else an episode is drawn from): not the networks', so that a replay outlives
// their keys.
std::string WorldYaml(const Config& config);

std::vector<uint8_t> EncodeReplay(EpisodeRecord record);
// Error(kBadInput) naming `where` for anything that EncodeReplay does not write. The configuration
// in it is not parsed here.
EpisodeRecord DecodeReplay(std::span<const uint8_t> bytes, const std::string& where);

void WriteReplayFile(Files& files, const std::string& path, const EpisodeRecord& record);
EpisodeRecord ReadReplayFile(Files& files, const std::string& path);

// The configuration that a record was made with. Error(kBadInput) where this program can't use it.
Config ConfigOf(const EpisodeRecord& record, const std::string& where);

// Follows a replay as it is driven and says where it leaves the record.
class ReplayCheck {
 public:
  explicit ReplayCheck(const EpisodeRecord& record) : record_(record) {}
  // After each Step.
  void Add(const DriveFacts& facts);
  // Every recorded action was driven.
  bool Over() const { return steps_ >= record_.num_actions(); }
  // One line, empty when every point of the trail, the outcome and the collision were the same bit
  // for bit. Call
  // when the drive is over.
  std::string Divergence() const;

 private:
  const EpisodeRecord& record_;
  int steps_ = 0;
  size_t next_ = 0;  // point of the trail
  std::string divergence_;
  Outcome outcome_ = Outcome::kNone;
  EpisodeRecord::Impact impact_;
};

}  // namespace volante
