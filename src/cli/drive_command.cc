// volante drive: watch a policy drive, in a window where there is a display, else as an mp4.

#include <atomic>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/stop_signals.h"
#include "config/options.h"
#include "env/embedded_env.h"
#include "env/make_env.h"
#include "env/replay_file.h"
#include "env/step_buffers.h"
#include "learn/torch_runtime.h"
#include "render/look.h"
#include "run/evaluation.h"
#include "run/load_policy.h"
#include "run/policy.h"
#include "run/progress.h"
#include "view/overlay.h"
#include "view/video.h"
#include "view/window.h"

namespace volante {
namespace {

constexpr int kWidth = 1280, kHeight = 720;

struct DriveFlags {
  std::string checkpoint, which = "final", policy, replay, map, scenario, weather,
                          suite = "standard", output, frame;
  std::vector<std::string> sets;
  int route = 0, episodes = 1, frame_tick = 60;
  uint64_t seed = 0;
};

void AddFlags(CLI::App& app, DriveFlags& flags) {
  auto* checkpoint =
      app.add_option("--checkpoint", flags.checkpoint, "a checkpoint folder or a run folder");
  app.add_option("--which", flags.which,
                 "of a run folder: its last checkpoint (final) or the one chosen by validation "
                 "(best)")
      ->check(CLI::IsMember({"final", "best"}))
      ->needs(checkpoint)
      ->capture_default_str();
  auto* policy = app.add_option("--policy", flags.policy,
                                "idm_mobil (default), pid_pursuit, straight or random")
                     ->excludes(checkpoint);
  app.add_option("--map", flags.map, "drive this OpenDRIVE file instead of a built-in town");
  auto* scenario = app.add_option("--scenario", flags.scenario, "empty, 0, 1, 2, mixed or rain");
  app.add_option("--weather", flags.weather,
                 "a named weather: ClearNight, HardRainNoon, ... (docs/weather.md)");
  auto* suite =
      app.add_option("--suite", flags.suite, kSuiteHelp)
          ->check(CLI::IsMember(std::vector<std::string>(kSuiteNames.begin(), kSuiteNames.end())))
          ->capture_default_str();
  auto* route = app.add_option("--route", flags.route, "first route of the test list")
                    ->check(CLI::Range(0, 100000))
                    ->capture_default_str();
  auto* episodes = app.add_option("--episodes", flags.episodes, "how many routes")
                       ->check(CLI::Range(1, 1000))
                       ->capture_default_str();
  auto* seed = app.add_option("--seed", flags.seed, "seed of traffic and drivers");
  seed->capture_default_str();
  // A replay file holds all of these itself.
  auto* replay = app.add_option("--replay", flags.replay,
                                "show a recorded drive: a file of volante evaluate --output-dir");
  for (auto* option : {checkpoint, policy, scenario, suite, route, episodes, seed}) {
    replay->excludes(option);
  }
  app.add_option("-o,--output", flags.output,
                 "write an mp4 there instead of opening a window; drive.mp4 without a display");
  app.add_option("--frame", flags.frame, "also write one frame as PNG");
  app.add_option("--frame-tick", flags.frame_tick, "which tick that is")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--set", flags.sets, "override a configuration key: a.b=c");
}

// Where frames go: a window, or a file.
class Screen {
 public:
  Screen(const std::string& output, const std::string& title) {
    if (output.empty()) {
      window_ = std::make_unique<Window>(title, kWidth, kHeight);
    } else {
      video_ = std::make_unique<VideoWriter>(output, kWidth, kHeight);
    }
  }
  // False when the viewer has had enough. `stop` ends a pause.
  bool Show(std::span<const uint8_t> rgb, const std::atomic<bool>& stop) {
    if (video_) {
      video_->Add(rgb);
      return true;
    }
    window_->Show(rgb);
    WindowKey key = window_->Poll(static_cast<int>(1000.0 * kTickSeconds));
    if (key == WindowKey::kPause) {
      do {
        key = window_->Poll(50);
      } while (key == WindowKey::kNone && !stop);
    }
    return key != WindowKey::kQuit;
  }
  void Close() {
    if (video_) video_->Close();
  }

 private:
  std::unique_ptr<Window> window_;
  std::unique_ptr<VideoWriter> video_;
};

// What is driven: by whom, in which world, from which reset.
struct Plan {
  Config config;
  LoadedPolicy loaded;                  // its learner must outlive the policy
  std::optional<EpisodeRecord> record;  // --replay
  std::unique_ptr<Policy> policy;
  std::vector<ResetRequest> episodes;
};

Plan PlanReplay(const DriveFlags& flags) {
  Plan plan;
  plan.record = ReadReplayFile(RealFiles(), flags.replay);
  plan.config = WithSets(ConfigOf(*plan.record, flags.replay), flags.sets);
  plan.policy = MakeReplayPolicy(*plan.record);
  plan.episodes.push_back(plan.record->request);
  return plan;
}

Plan PlanDrive(const DriveFlags& flags) {
  Plan plan;
  if (flags.checkpoint.empty()) {
    plan.config = LoadConfig(RealFiles(), {.preset = "", .file = "", .sets = flags.sets});
    plan.policy =
        MakeDriverPolicy(flags.policy.empty() ? "idm_mobil" : flags.policy, plan.config, 1);
  } else {
    if (flags.which != "final" && !HasCheckpoints(RealFiles(), flags.checkpoint)) {
      throw Error(ExitCode::kUsage, "--which needs a run folder", flags.checkpoint,
                  "it is one checkpoint, which is used as it is", "leave --which out");
    }
    plan.loaded = LoadPolicy(RealFiles(), flags.checkpoint, flags.sets, 1,
                             flags.which == "best" ? Which::kBest : Which::kFinal);
    plan.config = plan.loaded.config;
    plan.policy = MakeNetworkPolicy(*plan.loaded.learner, plan.config, 1, plan.loaded.label);
  }
  for (int route = flags.route; route < flags.route + flags.episodes; ++route) {
    plan.episodes.push_back({.world = 0,
                             .seed = EpisodeSeed(flags.seed, route),
                             .scenario = plan.config.env.scenario,
                             .suite = SuiteNamed(flags.suite),
                             .route_set = RouteSet::kTest,
                             .route_index = route});
  }
  return plan;
}

// Says whether the replay was the drive that was recorded.
ExitCode JudgeReplay(const Plan& plan, const ReplayCheck& check, ProgressLine& progress) {
  const std::string divergence = check.Divergence();
  if (divergence.empty()) {
    progress.Message("replay: the recorded outcome and poses, bit for bit");
    return ExitCode::kOk;
  }
  progress.Message("replay: this is NOT the recorded drive: " + divergence);
  progress.Message("  recorded by " + plan.record->program +
                   "; another build, map or --set drives another way");
  return ExitCode::kDefectsFound;
}

// One world, its cameras and the screen that they end on.
class Show {
 public:
  Show(const DriveFlags& flags, const Plan& plan, const std::atomic<bool>& stop)
      : flags_(flags),
        plan_(plan),
        stop_(stop),
        env_(std::make_shared<Towns>(plan.config.env, true), plan.config, 1),
        buffers_(env_.traits()),
        view_(buffers_.view()),
        street_(static_cast<size_t>(kWidth) * kHeight * 3),
        picture_(street_.size()),
        agent_view_(kImagePixels),
        screen_(flags.output, "volante drive"),
        progress_(stderr) {}

  // One episode until its end was looked at, or until the viewer or a signal has had enough.
  // kDefectsFound for a replay that was not the recorded drive.
  ExitCode Drive(const ResetRequest& reset);
  bool watching() const { return watching_; }
  bool wrote_frame() const { return wrote_frame_; }
  void Close() { screen_.Close(); }

 private:
  void LookAround();
  void ShowFrame(const std::string& title, double episode_return, std::optional<double> q);

  const DriveFlags& flags_;
  const Plan& plan_;
  const std::atomic<bool>& stop_;
  EmbeddedEnv env_;
  StepBuffers buffers_;
  StepView view_;
  // Of the town of this episode.
  std::string town_;
  std::optional<Camera> people_camera_, agent_camera_;
  std::optional<Overlay> overlay_;
  std::vector<uint8_t> street_, picture_, agent_view_;
  Screen screen_;
  ProgressLine progress_;
  bool watching_ = true, wrote_frame_ = false;
};

ExitCode Show::Drive(const ResetRequest& reset) {
  constexpr int kLinger = 30;  // frames that show the outcome
  Policy& policy = *plan_.policy;
  const DriveFacts& facts = view_.facts[0];
  env_.Reset({&reset, 1}, view_);
  const size_t listed = env_.town(0).routes.test.size();
  const bool one_town = plan_.config.env.town != kRandomTowns && reset.suite != Suite::kNewTown;
  if (one_town && !plan_.record && static_cast<size_t>(reset.route_index) >= listed) {
    throw Error(ExitCode::kUsage, "there is no such route",
                "--route " + std::to_string(reset.route_index),
                "the town lists " + std::to_string(listed) + " test routes",
                "give 0 to " + std::to_string(listed - 1));
  }
  LookAround();
  people_camera_->SetLook(LookForPeople(env_.look(0), kWidth, kHeight));
  agent_camera_->SetLook(env_.look(0));
  policy.Begin(0, reset.seed, view_);
  std::optional<ReplayCheck> check;
  if (plan_.record) check.emplace(*plan_.record);
  const std::string& town = env_.town(0).name;  // of a map: its path
  const std::string title = town.substr(town.find_last_of('/') + 1) + ", scenario " +
                            NameOf(reset.scenario) + ", route " + std::to_string(reset.route_index);
  double episode_return = 0.0;
  int lingered = 0;
  Action action;
  std::optional<double> q;
  while (watching_ && lingered < kLinger) {
    // A record ends where it ends, whether this drive does or not.
    if (facts.status != Status::kRunning || (check && check->Over())) {
      ++lingered;
    } else {
      policy.Act(view_, {&action, 1});
      const std::vector<float> values = policy.Q(view_, {&action, 1});
      if (!values.empty()) q = values[0];
      env_.Step({&action, 1}, view_);
      if (check) check->Add(facts);
      policy.Observe(view_);
      episode_return += view_.reward[0];
    }
    ShowFrame(title, episode_return, q);
  }
  progress_.Message(title + ": " + kOutcomeNames[static_cast<size_t>(facts.outcome)] + " after " +
                    std::to_string(facts.tick) + " ticks");
  return check && lingered > 0 ? JudgeReplay(plan_, *check, progress_) : ExitCode::kOk;
}

// Cameras and map of the town that the episode drives in.
void Show::LookAround() {
  const Town& town = env_.town(0);
  if (town_ == town.name) return;
  town_ = town.name;
  people_camera_.emplace(town.scene, CameraIntrinsics::ForPeople(kWidth, kHeight));
  agent_camera_.emplace(town.scene, CameraIntrinsics{});
  overlay_.emplace(town.network, kWidth, kHeight);
}

void Show::ShowFrame(const std::string& title, double episode_return, std::optional<double> q) {
  const World& world = env_.world(0);
  const DriveFacts& facts = view_.facts[0];
  const GroundPose pose = world.ego_ground_pose();
  people_camera_->RenderRgb(pose, world.npcs(), street_.data(), env_.moment(0));
  agent_camera_->RenderGray(pose, world.npcs(), agent_view_.data(), env_.moment(0));
  OverlayInput input;
  input.camera_rgb = street_.data();
  input.camera_width = kWidth;
  input.camera_height = kHeight;
  input.agent_gray = agent_view_.data();
  input.facts = &facts;
  input.vehicles = world.npcs();
  input.route = &world.route().path();
  input.reward = view_.reward[0];
  input.episode_return = episode_return;
  input.reward_names = env_.traits().reward_parts;
  input.reward_parts = {view_.reward_parts, env_.traits().reward_parts.size()};
  input.q = q;
  input.policy = plan_.policy->name();
  input.phase = plan_.record ? "replay" : "evaluation";
  input.title = title;
  overlay_->Compose(input, picture_);
  if (!flags_.frame.empty() && facts.tick == flags_.frame_tick) {
    WritePng(flags_.frame, picture_, kWidth, kHeight, 3);
    wrote_frame_ = true;
  }
  watching_ = screen_.Show(picture_, stop_) && !stop_;
  progress_.Show(facts.tick, plan_.config.env.max_episode_steps, "ticks", title);
}

}  // namespace

int RunDrive(int argc, char** argv) {
  CLI::App app("Watch a policy drive, with what it does and gets drawn over the picture.");
  DriveFlags flags;
  AddFlags(app, flags);
  if (!ParseArguments(app, argc, argv)) return 0;
  if (!flags.scenario.empty()) flags.sets.push_back("env.scenario=" + flags.scenario);
  if (!flags.weather.empty()) flags.sets.push_back("weather.preset=" + flags.weather);
  if (!flags.map.empty()) flags.sets.push_back("env.map=" + flags.map);
  if (flags.output.empty() && !DisplayAvailable()) {
    flags.output = "drive.mp4";
    std::fprintf(stderr, "no display: writing %s\n", flags.output.c_str());
  }

  // Before the drive, not after it.
  if (!flags.output.empty()) CheckCanBeWritten(RealFiles(), flags.output);
  if (!flags.output.empty() && !flags.output.ends_with(".mp4")) {
    throw Error(ExitCode::kUsage, "a video is an MP4", flags.output, "its name ends otherwise",
                "give it the end .mp4");
  }
  if (!flags.frame.empty()) CheckCanBeWritten(RealFiles(), flags.frame);
  if (!flags.frame.empty() && !flags.frame.ends_with(".png")) {
    throw Error(ExitCode::kUsage, "a frame is a PNG", flags.frame, "its name ends otherwise",
                "give it the end .png");
  }

  const StopSignalWaiter signals(nullptr);
  SetLearnerThreads(0);
  const Plan plan = flags.replay.empty() ? PlanDrive(flags) : PlanReplay(flags);
  const EnvConfig& world = plan.config.env;
  if (world.map.empty() && world.town == kTinyTown) {
    throw Error(ExitCode::kUsage, "the scripted world has nothing to look at", "env.town=tiny", "",
                "--set env.town=volante_town");
  }
  Show show(flags, plan, signals.stop());
  ExitCode result = ExitCode::kOk;
  for (size_t i = 0; i < plan.episodes.size() && show.watching(); ++i) {
    result = show.Drive(plan.episodes[i]);
  }
  show.Close();
  if (!flags.output.empty()) std::printf("%s\n", flags.output.c_str());
  if (signals.stop()) {
    std::fprintf(stderr, "interrupted%s%s\n",
                 flags.output.empty() ? "" : ": the drive so far is in ", flags.output.c_str());
    return static_cast<int>(ExitCode::kInterrupted);
  }
  if (!flags.frame.empty() && !show.wrote_frame()) {
    throw Error(ExitCode::kUsage, "no frame was written", flags.frame,
                "the drive ended before tick " + std::to_string(flags.frame_tick),
                "give a smaller --frame-tick");
  }
  return static_cast<int>(result);
}

}  // namespace volante
