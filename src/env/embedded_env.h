// The embedded simulator behind the environment interface: N worlds, in one town or each episode
// in another (env.town=random, suite new_town).
// Everything random of an episode follows from ResetRequest::seed. One caller at a time; it shares
// the worlds among env.threads threads, which changes no byte.
#pragma once

#include <memory>
#include <vector>

#include "base/thread_team.h"
#include "env/reward.h"
#include "env/route_profile.h"
#include "env/shaping.h"
#include "env/town.h"
#include "env_api/env.h"
#include "render/look.h"
#include "sim/world.h"

namespace volante {

// Number of NPC vehicles of a scenario; kMixed has none of its own.
int NpcCount(Scenario scenario);

class EmbeddedEnv : public Env {
 public:
  // Reads the sections env, weather, randomisation, npc, ego, observation, reward, shaping and
  // start of the configuration, and learner.discount for the shaping. The towns must hold scenes
  // when the observation has an image.
  EmbeddedEnv(std::shared_ptr<Towns> towns, const Config& config, int num_worlds);
  EmbeddedEnv(std::shared_ptr<const Town> town, const Config& config, int num_worlds)
      : EmbeddedEnv(std::make_shared<Towns>(std::move(town)), config, num_worlds) {}
  ~EmbeddedEnv() override;

  const EnvTraits& traits() const override { return traits_; }
  void Reset(std::span<const ResetRequest> requests, StepView out) override;
  void Step(std::span<const Action> actions, StepView out) override;
  std::vector<uint8_t> Save(int world) override;
  void Load(int world, std::span<const uint8_t> bytes) override;

  // For overlays, replay files and tests.
  const World& world(int index) const { return *episodes_[static_cast<size_t>(index)].world; }
  // Where the episode of this world takes place.
  const Town& town(int index) const { return *episodes_[static_cast<size_t>(index)].place->town; }
  // The scenario's cars in the episode of this world, asserted to run beside those of the suite.
  int num_npcs(int index) const;
  // Triangles in the newest picture of this world.
  int last_triangles(int index = 0) const {
    return episodes_[static_cast<size_t>(index)].last_triangles;
  }
  // What the agent's camera sees in the episode of this world, and what its frame of this moment is
  // made with.
  const Look& look(int index) const { return episodes_[static_cast<size_t>(index)].look; }
  FrameMoment moment(int index);

 private:
  // What an episode needs beyond the World: small, plain, saved with it.
  struct Progress {
    std::string town;
    Suite suite = Suite::kStandard;
    int num_npcs = 0;
    Scenario scenario = Scenario::kEmpty;  // never kMixed: the one that was drawn
    uint64_t look_seed = 0;
    std::vector<int32_t> route_lanes;
    double route_start_s_m = 0.0, route_goal_s_m = 0.0;
    double last_s_m = 0.0;
    double accel_long_mps2 = 0.0, accel_lat_mps2 = 0.0;
    int next_waypoint = 1;
    double wait_behind_traffic_s = 0.0;
    Action previous_action;
    int tick = 0;
    Status status = Status::kTerminated;
    Outcome outcome = Outcome::kNone;

    template <class Archive>
    void VisitFields(Archive& ar) {
      ar("town", town);
      ar("suite", suite);
      ar("num_npcs", num_npcs);
      ar("scenario", scenario);
      ar("look_seed", look_seed);
      ar("route_lanes", route_lanes);
      ar("route_start_s_m", route_start_s_m);
      ar("route_goal_s_m", route_goal_s_m);
      ar("last_s_m", last_s_m);
      ar("accel_long_mps2", accel_long_mps2);
      ar("accel_lat_mps2", accel_lat_mps2);
      ar("next_waypoint", next_waypoint);
      ar("wait_behind_traffic_s", wait_behind_traffic_s);
      ar("previous_action", previous_action);
      ar("tick", tick);
      ar("status", status);
      ar("outcome", outcome);
    }
  };
  // What the worlds that drive in one town share.
  struct Place {
    std::shared_ptr<const Town> town;
    std::shared_ptr<const TrafficMap> traffic;
    RouteSampler sampler;
    std::vector<std::unique_ptr<Camera>> cameras;  // one per thread; none without an image
  };
  struct Episode {
    std::shared_ptr<const Place> place;
    std::unique_ptr<World> world;  // in that town
    int route_index = 0;           // into the town's list, of the episode that is to start
    std::shared_ptr<const Route> route;
    RouteProfile profile;
    Progress progress;
    Look look;
    std::unique_ptr<Camera> camera;  // for looks of its own; the shared one shows the configured
    std::vector<LightColor> lights;  // of the frame that is being painted
    int last_triangles = 0;
  };

  // Moves a world to a town, unless it is there; by the caller's thread alone.
  void GoTo(Episode& episode, const std::shared_ptr<const Town>& town);
  std::shared_ptr<const Place> MakePlace(const std::shared_ptr<const Town>& town) const;
  void GoToPlaceOf(const ResetRequest& request);
  std::shared_ptr<const Route> PickRoute(const Episode& episode, RouteSet set,
                                         RandomStream& random) const;
  void StartEpisode(const ResetRequest& request);
  // Everything that follows from scenario and seed but is no state: weather, camera.
  void SetLook(Episode& episode);
  void StepTick(Episode& episode, Action action, DriveFacts& facts);
  void FillFacts(const Episode& episode, DriveFacts& facts) const;
  int PassWaypoints(Episode& episode) const;
  void Judge(Episode& episode, DriveFacts& facts) const;
  void ResetWorld(const ResetRequest& request, int thread, StepView out);
  void StepWorld(int world, const Action& given, int thread, StepView out);
  void Observe(int world, int thread, StepView out);

  std::shared_ptr<Towns> towns_;
  EnvConfig env_;
  NpcConfig npc_;
  EgoConfig ego_;
  ObservationShape shape_;
  RewardPreset reward_;
  RewardPartSet without_;  // parts that do not count
  PotentialField field_;
  StartConfig start_;
  WeatherConfig weather_;
  RandomisationConfig randomisation_;
  EnvTraits traits_;
  std::vector<Episode> episodes_;
  ThreadTeam team_;
};

}  // namespace volante
