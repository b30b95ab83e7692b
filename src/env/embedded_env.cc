#include "env/embedded_env.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/archive.h"
#include "base/error.h"
#include "env/drive_facts.h"
#include "env/observation.h"
#include "sim/variation.h"
#include "sim/weather.h"

namespace volante {
namespace {

constexpr double kGoalRadius_m = 3.0;
constexpr double kOffLane_m = 2.5;
constexpr double kWaypointSpacing_m = 2.0;
constexpr double kWaypointRadius_m = 5.0;
constexpr double kBlockedAfter_s = 10.0;

void CheckFinite(const Action& action, int world) {
  if (std::isfinite(action.steer) && std::isfinite(action.throttle)) return;
  throw Error(
      ExitCode::kHealthHalt, "action is not finite", "world " + std::to_string(world),
      "steer " + std::to_string(action.steer) + ", throttle " + std::to_string(action.throttle),
      "the policy is broken: resume from an earlier checkpoint");
}

}  // namespace

int NpcCount(Scenario scenario) {
  switch (scenario) {
    case Scenario::kEmpty:
    case Scenario::kMixed:
      return 0;
    case Scenario::kLight:
      return 20;
    case Scenario::kMedium:
    case Scenario::kRain:
      return 50;
    case Scenario::kHeavy:
      return 100;
  }
  return 0;
}

EmbeddedEnv::EmbeddedEnv(std::shared_ptr<Towns> towns, const Config& config, int num_worlds)
    : towns_(std::move(towns)),
      env_(config.env),
      npc_(config.npc),
      ego_(config.ego),
      shape_(config.observation),
      reward_(config.reward.preset),
      without_(RewardParts(config.reward.preset, config.reward.without)),
      field_(config.shaping, config.learner.discount),
      start_(config.start),
      weather_(config.weather),
      randomisation_(config.randomisation),
      episodes_(static_cast<size_t>(num_worlds)),
      team_(std::min(config.env.threads, num_worlds)) {
  traits_.num_worlds = num_worlds;
  traits_.has_image = HasImage(shape_);
  traits_.vector_size = VectorSize(shape_);
  traits_.can_snapshot = true;
  traits_.deterministic = true;
  traits_.reward_parts = RewardPartNames(reward_);
  if (field_.shapes_reward()) traits_.reward_parts.push_back("shaping");
  if (towns_->only() == nullptr) return;  // each episode says where
  for (Episode& episode : episodes_) GoTo(episode, towns_->only());
}

EmbeddedEnv::~EmbeddedEnv() = default;

FrameMoment EmbeddedEnv::moment(int index) {
  Episode& episode = episodes_[static_cast<size_t>(index)];
  const EgoState& ego = episode.world->ego();
  episode.world->traffic().WriteLightColors(episode.lights);
  return {.tick = static_cast<uint32_t>(episode.progress.tick),
          .speed_mps = static_cast<float>(ego.speed_mps),
          .yaw_rate_radps = static_cast<float>(ego.yaw_rate_radps),
          .lights = episode.lights};
}

int EmbeddedEnv::num_npcs(int index) const {
  return episodes_[static_cast<size_t>(index)].progress.num_npcs;
}

// ---- reset ---------------------------------------------------------------------------------

std::shared_ptr<const EmbeddedEnv::Place> EmbeddedEnv::MakePlace(
    const std::shared_ptr<const Town>& town) const {
  std::vector<std::unique_ptr<Camera>> cameras;
  if (traits_.has_image) {
    VOLANTE_CHECK(town->scene != nullptr, "the town was loaded without a scene");
    for (int thread = 0; thread < team_.size(); ++thread) {
      cameras.push_back(std::make_unique<Camera>(town->scene, CameraIntrinsics{}));
      cameras.back()->SetLook(DrawLook(weather_, {}, Scenario::kEmpty, 0));
    }
  }
  return std::make_shared<const Place>(
      Place{town,
            std::make_shared<const TrafficMap>(
                town->network, World::WidestVehicle(WidestTraffic(npc_, randomisation_))),
            RouteSampler(town->network, town->routes.held_out, env_.train_route_min_m,
                         env_.train_route_max_m),
            std::move(cameras)});
}

void EmbeddedEnv::GoTo(Episode& episode, const std::shared_ptr<const Town>& town) {
  if (episode.place != nullptr && episode.place->town == town) return;
  const auto there = std::find_if(episodes_.begin(), episodes_.end(), [&](const Episode& other) {
    return other.place != nullptr && other.place->town == town;
  });
  episode.place = there != episodes_.end() ? there->place : MakePlace(town);
  episode.world =
      std::make_unique<World>(episode.place->traffic, ego_, WidestTraffic(npc_, randomisation_));
  episode.camera.reset();
}

void EmbeddedEnv::GoToPlaceOf(const ResetRequest& request) {
  Episode& episode = episodes_[static_cast<size_t>(request.world)];
  const Towns::Place place = towns_->PlaceOf(request);
  GoTo(episode, place.town);
  episode.route_index = place.route_index;
}

std::shared_ptr<const Route> EmbeddedEnv::PickRoute(const Episode& episode, RouteSet set,
                                                    RandomStream& random) const {
  const Place& place = *episode.place;
  if (set == RouteSet::kTrain) return std::make_shared<const Route>(place.sampler.Draw(random));
  const TownRoutes& routes = place.town->routes;
  const std::vector<RouteEnds>& list =
      set == RouteSet::kValidation ? routes.validation : routes.test;
  if (list.empty()) {
    throw Error(ExitCode::kBadInput, "no routes to evaluate on", place.town->name,
                "the map is too small for routes of 120 to 250 m", "use a larger map");
  }
  const size_t index = static_cast<size_t>(episode.route_index) % list.size();
  return std::make_shared<const Route>(FindRoute(place.town->network, list[index]));
}

void EmbeddedEnv::StartEpisode(const ResetRequest& request) {
  Episode& episode = episodes_[static_cast<size_t>(request.world)];
  RandomStream random(request.seed, "episode");
  Scenario scenario = request.scenario;
  if (scenario == Scenario::kMixed) {
    constexpr Scenario kChoices[] = {Scenario::kEmpty, Scenario::kLight, Scenario::kMedium,
                                     Scenario::kHeavy};
    scenario = kChoices[random.Below(std::size(kChoices))];
  }
  episode.route = PickRoute(episode, request.route_set, random);
  episode.profile.Build(*episode.route);

  WorldStart start;
  start.seed = random.NextUint64();
  start.num_npcs = env_.npc_count >= 0 ? env_.npc_count : NpcCount(scenario);
  start.suite = request.suite;
  start.route = episode.route;
  if (request.spread_start) {
    const double offset = start_.max_lateral_offset_m, angle = start_.max_heading_error_rad;
    start.route_s_m = random.Uniform(0.0, start_.spread_route_fraction) * episode.route->length_m();
    start.speed_mps = std::min(random.Uniform(0.0, start_.max_speed_mps),
                               episode.profile.CurveSpeed(start.route_s_m));
    start.lateral_offset_m = random.Uniform(-offset, offset);
    start.heading_error_rad = random.Uniform(-angle, angle);
  }
  start.ego = DrawEgo(randomisation_, request.seed);
  start.ego.friction_scale *=
      GripOf(EpisodeWeather(weather_, randomisation_, scenario, request.seed));
  start.drivers = DrawDrivers(npc_, randomisation_, request.seed);
  episode.world->Start(start);
  const int suite_cars = static_cast<int>(episode.world->traffic().scripts().size());
  VOLANTE_CHECK(static_cast<int>(episode.world->npcs().size()) == start.num_npcs + suite_cars,
                "the number of NPC vehicles that run is not the configured one");

  Progress& progress = episode.progress;
  progress = Progress{};
  progress.town = episode.place->town->name;
  progress.suite = request.suite;
  progress.num_npcs = start.num_npcs;
  progress.scenario = scenario;
  progress.look_seed = request.seed;
  progress.route_lanes.assign(episode.route->lanes().begin(), episode.route->lanes().end());
  progress.route_start_s_m = episode.route->start_s_m();
  progress.route_goal_s_m = episode.route->goal_s_m();
  progress.last_s_m = episode.world->on_route().s_m;
  progress.accel_long_mps2 = episode.world->ego().accel_long_mps2;
  progress.accel_lat_mps2 = episode.world->ego().accel_lat_mps2;
  progress.status = Status::kRunning;
  PassWaypoints(episode);  // those near the start count as passed, without reward
  SetLook(episode);
}

void EmbeddedEnv::SetLook(Episode& episode) {
  const Progress& progress = episode.progress;
  episode.look = DrawLook(weather_, randomisation_, progress.scenario, progress.look_seed);
  const bool of_its_own = randomisation_.enabled || progress.scenario == Scenario::kRain;
  if (!traits_.has_image || !of_its_own) {
    episode.camera.reset();
    return;
  }
  if (episode.camera == nullptr) {
    episode.camera = std::make_unique<Camera>(episode.place->town->scene, CameraIntrinsics{});
  }
  episode.camera->SetLook(episode.look);
}

void EmbeddedEnv::Reset(std::span<const ResetRequest> requests, StepView out) {
  bool ascending = true;  // so that no world is named twice
  for (size_t i = 0; i < requests.size(); ++i) {
    VOLANTE_CHECK(requests[i].world >= 0 && requests[i].world < traits_.num_worlds,
                  "no such world");
    ascending &= i == 0 || requests[i - 1].world < requests[i].world;
  }
  if (!ascending) {
    for (const ResetRequest& request : requests) {
      GoToPlaceOf(request);
      ResetWorld(request, 0, out);
    }
    return;
  }
  for (const ResetRequest& request : requests) GoToPlaceOf(request);
  team_.ForEach(static_cast<int>(requests.size()), [&](int i, int thread) {
    ResetWorld(requests[static_cast<size_t>(i)], thread, out);
  });
}

void EmbeddedEnv::ResetWorld(const ResetRequest& request, int thread, StepView out) {
  StartEpisode(request);
  const Episode& episode = episodes_[static_cast<size_t>(request.world)];
  DriveFacts& facts = out.facts[request.world];
  facts = DriveFacts{};
  FillFacts(episode, facts);
  out.reward[request.world] = 0.0f;
  Observe(request.world, thread, out);
}

// ---- step ----------------------------------------------------------------------------------

void EmbeddedEnv::Step(std::span<const Action> actions, StepView out) {
  VOLANTE_CHECK(static_cast<int>(actions.size()) == traits_.num_worlds, "one action per world");
  team_.ForEach(traits_.num_worlds, [&](int w, int thread) {
    StepWorld(w, actions[static_cast<size_t>(w)], thread, out);
  });
}

void EmbeddedEnv::StepWorld(int w, const Action& given, int thread, StepView out) {
  const size_t num_parts = traits_.reward_parts.size();
  const size_t num_preset_parts = num_parts - field_.shapes_reward();
  Episode& episode = episodes_[static_cast<size_t>(w)];
  VOLANTE_CHECK(episode.progress.status == Status::kRunning,
                "Step on a world that has ended; Reset it first");
  CheckFinite(given, w);
  Action action{std::clamp(given.steer, -1.0f, 1.0f), std::clamp(given.throttle, -1.0f, 1.0f)};
  double potential = 0.0;  // of the field, before
  if (field_.shapes_reward() || field_.shapes_actions()) {
    DriveFacts before;
    FillFacts(episode, before);
    potential = field_.Potential(before);
    if (field_.shapes_actions()) action = field_.Apply(action, before);
  }
  std::array<float, kMaxRewardParts> parts{};
  float* out_parts = out.reward_parts + static_cast<size_t>(w) * num_parts;
  std::fill_n(out_parts, num_parts, 0.0f);
  double reward = 0.0;
  bool ran_red_light = false;
  for (int i = 0; i < env_.action_repeat; ++i) {
    StepTick(episode, action, out.facts[w]);
    ran_red_light |= out.facts[w].ran_red_light;
    reward += ComputeReward(reward_, out.facts[w], {parts.data(), num_preset_parts}, without_);
    for (size_t p = 0; p < num_preset_parts; ++p) out_parts[p] += parts[p];
    if (episode.progress.status != Status::kRunning) break;
  }
  out.facts[w].ran_red_light = ran_red_light;
  if (field_.shapes_reward()) {
    const double shaping = field_.Reward(potential, out.facts[w]);
    out_parts[num_preset_parts] = static_cast<float>(shaping);
    reward += shaping;
  }
  out.reward[w] = static_cast<float>(reward);
  Observe(w, thread, out);
}

// One tick: the world moves, then what happened is told and judged.
void EmbeddedEnv::StepTick(Episode& episode, Action action, DriveFacts& facts) {
  Progress& progress = episode.progress;
  episode.world->Step(action.steer, action.throttle);
  ++progress.tick;

  const EgoState& ego = episode.world->ego();
  const WorldEvents& events = episode.world->events();
  const double s_m = episode.world->on_route().s_m;
  facts.action = action;
  facts.previous_action = progress.previous_action;
  facts.progress_m = s_m - progress.last_s_m;
  facts.waypoints_passed = PassWaypoints(episode);
  facts.jerk_long_mps3 = (ego.accel_long_mps2 - progress.accel_long_mps2) / kTickSeconds;
  facts.jerk_lat_mps3 = (ego.accel_lat_mps2 - progress.accel_lat_mps2) / kTickSeconds;
  facts.collision = events.collision;
  facts.collision_at_fault = events.at_fault;
  facts.collision_other = events.other;
  facts.collision_kind = events.other_kind;
  facts.collision_speed_mps = events.relative_speed_mps;
  facts.contact_m = events.contact_m;
  facts.contact_in_car_m = events.contact_in_ego_m;
  facts.collision_impulse_newton_s = events.impulse_in_ego_newton_s;
  facts.ran_red_light = events.ran_red_light;
  facts.markings_crossed = events.crossed.count;
  facts.crossed_marks = events.crossed.marks;
  FillFacts(episode, facts);

  const bool held_up = facts.lead_gap_m < 10.0 || facts.yield_distance_m < 10.0;
  if (ego.speed_mps < 0.1 && held_up) progress.wait_behind_traffic_s += kTickSeconds;
  facts.wait_behind_traffic_s = progress.wait_behind_traffic_s;
  progress.last_s_m = s_m;
  progress.previous_action = action;
  progress.accel_long_mps2 = ego.accel_long_mps2;
  progress.accel_lat_mps2 = ego.accel_lat_mps2;
  Judge(episode, facts);
}

void EmbeddedEnv::FillFacts(const Episode& episode, DriveFacts& facts) const {
  DescribeDrive(*episode.world, episode.profile, facts);
  facts.tick = episode.progress.tick;
  facts.status = episode.progress.status;
  facts.outcome = episode.progress.outcome;
}

// Waypoint i lies at 2 i metres; passed when the car is within 5 m of it or beyond it on the route.
int EmbeddedEnv::PassWaypoints(Episode& episode) const {
  Progress& progress = episode.progress;
  const double s_m = episode.world->on_route().s_m;
  const int last = static_cast<int>(episode.route->length_m() / kWaypointSpacing_m);
  int passed = 0;
  while (progress.next_waypoint <= last) {
    const double at_m = progress.next_waypoint * kWaypointSpacing_m;
    const bool beyond = s_m >= at_m;
    if (!beyond && (at_m - s_m > 2.0 * kWaypointRadius_m ||
                    Distance(episode.route->path().PositionAt(at_m),
                             episode.world->ego().position_m) > kWaypointRadius_m)) {
      break;
    }
    ++progress.next_waypoint;
    ++passed;
  }
  return passed;
}

void EmbeddedEnv::Judge(Episode& episode, DriveFacts& facts) const {
  const double to_end_m = Distance(episode.route->path().PositionAt(episode.route->length_m()),
                                   episode.world->ego().position_m);
  facts.off_lane = std::abs(facts.lane_offset_m()) > kOffLane_m;
  if (facts.collision) {
    facts.outcome = Outcome::kCollision;
  } else if (facts.off_lane) {
    facts.outcome = Outcome::kOffLane;
  } else if (to_end_m <= kGoalRadius_m) {
    facts.outcome = Outcome::kSuccess;
  } else if (facts.tick >= env_.max_episode_steps) {
    facts.outcome =
        facts.wait_behind_traffic_s > kBlockedAfter_s ? Outcome::kBlocked : Outcome::kTimeout;
  }
  if (facts.outcome == Outcome::kTimeout || facts.outcome == Outcome::kBlocked) {
    facts.status = Status::kTruncated;
  } else if (facts.outcome != Outcome::kNone) {
    facts.status = Status::kTerminated;
  }
  episode.progress.status = facts.status;
  episode.progress.outcome = facts.outcome;
}

void EmbeddedEnv::Observe(int world, int thread, StepView out) {
  WriteNumbers(shape_, world, out);
  if (!traits_.has_image || out.frame == nullptr) return;
  Episode& episode = episodes_[static_cast<size_t>(world)];
  const World& w = *episode.world;
  const Place& place = *episode.place;
  Camera& camera = episode.camera ? *episode.camera : *place.cameras[static_cast<size_t>(thread)];
  camera.RenderGray(w.ego_ground_pose(), w.npcs(),
                    out.frame + static_cast<size_t>(world) * kImagePixels, moment(world));
  episode.last_triangles = camera.last_triangles();
}

// ---- snapshot ------------------------------------------------------------------------------

namespace {
struct Snapshot {
  std::vector<uint8_t> world;
  std::vector<uint8_t> progress;
  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("world", world);
    ar("progress", progress);
  }
};

// What Route's constructor demands, asked of numbers from a file.
bool RouteExists(const RoadNetwork& network, const std::vector<int32_t>& lanes, double start_s_m,
                 double goal_s_m) {
  const auto count = static_cast<int32_t>(network.lanes().size());
  if (lanes.empty()) return false;
  for (size_t k = 0; k < lanes.size(); ++k) {
    if (lanes[k] < 0 || lanes[k] >= count) return false;
    if (k == 0) continue;
    const std::vector<LaneIndex>& next = network.lane(lanes[k - 1]).successors;
    if (std::find(next.begin(), next.end(), lanes[k]) == next.end()) return false;
  }
  const double first_m = network.lane(lanes.front()).center.length_m();
  const double last_m = network.lane(lanes.back()).center.length_m();
  if (!(start_s_m >= 0.0 && start_s_m <= first_m && goal_s_m >= 0.0 && goal_s_m <= last_m)) {
    return false;
  }
  return lanes.size() > 1 || start_s_m <= goal_s_m;
}

}  // namespace

std::vector<uint8_t> EmbeddedEnv::Save(int world) {
  Episode& episode = episodes_[static_cast<size_t>(world)];
  VOLANTE_CHECK(episode.world != nullptr, "Reset comes before Save");
  Snapshot snapshot{episode.world->Save(), SaveState(episode.progress)};
  return SaveState(snapshot);
}

void EmbeddedEnv::Load(int world, std::span<const uint8_t> bytes) {
  Episode& episode = episodes_[static_cast<size_t>(world)];
  const std::string where = "state of world " + std::to_string(world);
  Snapshot snapshot;
  LoadState(bytes, snapshot, where);
  Progress progress;
  LoadState(snapshot.progress, progress, where);
  if (static_cast<size_t>(progress.scenario) >= EnumNames<Scenario>::kNames.size() ||
      static_cast<size_t>(progress.suite) >= kSuiteNames.size()) {
    throw Error(ExitCode::kBadInput, "saved state does not fit", where,
                "its scenario or suite is unknown", "resume with the program that saved it");
  }
  const std::shared_ptr<const Town> town = towns_->Named(progress.town);
  if (!RouteExists(*town->network, progress.route_lanes, progress.route_start_s_m,
                   progress.route_goal_s_m)) {
    throw Error(ExitCode::kBadInput, "saved state does not fit", where,
                "its route does not exist in " + town->name,
                "resume with the town that it was saved with");
  }
  const auto route = std::make_shared<const Route>(
      town->network,
      std::vector<LaneIndex>(progress.route_lanes.begin(), progress.route_lanes.end()),
      progress.route_start_s_m, progress.route_goal_s_m);
  GoTo(episode, town);
  episode.world->Load(snapshot.world, route, progress.suite);
  episode.route = route;
  episode.profile.Build(*route);
  episode.progress = std::move(progress);
  SetLook(episode);
}

}  // namespace volante
