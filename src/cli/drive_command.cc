// volante drive: watch a policy drive, in a window where there is a display, else as an mp4.

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "config/options.h"
#include "env/embedded_env.h"
#include "env/make_env.h"
#include "env/replay_file.h"
#include "env/step_buffers.h"
#include "learn/torch_runtime.h"
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
  std::string checkpoint, which = "final", policy, replay, map, scenario, output, frame;
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
  auto* scenario = app.add_option("--scenario", flags.scenario, "empty, 0, 1, 2 or mixed");
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
  for (auto* option : {checkpoint, policy, scenario, route, episodes, seed}) {
    replay->excludes(option);
  }
  app.add_option("--output", flags.output,
                 "write an mp4 there instead of opening a window; drive.mp4 without a display");
  app.add_option("--frame", flags.frame, "also write one frame as PNG");
  app.add_option("--frame-tick", flags.frame_tick, "which tick that is")->capture_default_str();
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
  // False when the viewer has had enough.
  bool Show(std::span<const uint8_t> rgb) {
    if (video_) {
      video_->Add(rgb);
      return true;
    }
    window_->Show(rgb);
    WindowKey key = window_->Poll(static_cast<int>(1000.0 * kTickSeconds));
    if (key == WindowKey::kPause) {
      do {
        key = window_->Poll(50);
      } while (key == WindowKey::kNone);
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
    plan.loaded = LoadPolicy(RealFiles(), flags.checkpoint, flags.sets, 1,
                             flags.which == "best" ? Which::kBest : Which::kFinal);
    plan.config = plan.loaded.config;
    plan.policy = MakeNetworkPolicy(*plan.loaded.learner, plan.config, 1, plan.loaded.label);
  }
  for (int route = flags.route; route < flags.route + flags.episodes; ++route) {
    plan.episodes.push_back({.world = 0,
                             .seed = EpisodeSeed(flags.seed, route),
                             .scenario = plan.config.env.scenario,
                             .route_set = RouteSet::kTest,
                             .route_index = route});
  }
  return plan;
}

// Says how the replay went, and whether it was the drive that was recorded.
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

}  // namespace

int RunDrive(int argc, char** argv) {
  CLI::App app("Watch a policy drive, with what it does and gets drawn over the picture.");
  DriveFlags flags;
  AddFlags(app, flags);
  if (!ParseArguments(app, argc, argv)) return 0;
  if (!flags.scenario.empty()) flags.sets.push_back("env.scenario=" + flags.scenario);
  if (!flags.map.empty()) flags.sets.push_back("env.map=" + flags.map);
  if (flags.output.empty() && !DisplayAvailable()) {
    flags.output = "drive.mp4";
    std::fprintf(stderr, "no display: writing %s\n", flags.output.c_str());
  }

  SetLearnerThreads(0);
  const Plan plan = flags.replay.empty() ? PlanDrive(flags) : PlanReplay(flags);
  const Config& config = plan.config;
  Policy* const policy = plan.policy.get();
  if (config.env.map.empty() && config.env.town == kTinyTown) {
    throw Error(ExitCode::kUsage, "the scripted world has nothing to look at", "env.town=tiny", "",
                "--set env.town=volante_town");
  }
  const auto town = LoadTown(config.env, true);
  EmbeddedEnv env(town, config, 1);
  StepBuffers buffers(env.traits());
  const StepView view = buffers.view();
  Camera people_camera(town->scene, CameraIntrinsics::ForPeople(kWidth, kHeight));
  Camera agent_camera(town->scene, CameraIntrinsics{});
  Overlay overlay(town->network, kWidth, kHeight);
  std::vector<uint8_t> street(static_cast<size_t>(kWidth) * kHeight * 3), picture(street.size());
  std::vector<uint8_t> agent_view(kImagePixels);
  Screen screen(flags.output, "volante drive");
  ProgressLine progress(stderr);
  bool watching = true;

  ExitCode result = ExitCode::kOk;
  for (const ResetRequest& reset : plan.episodes) {
    if (!watching) break;
    env.Reset({&reset, 1}, view);
    policy->Begin(0, reset.seed, view);
    std::optional<ReplayCheck> check;
    if (plan.record) check.emplace(*plan.record);
    const std::string title = town->name + ", scenario " + NameOf(reset.scenario) + ", route " +
                              std::to_string(reset.route_index);
    double episode_return = 0.0;
    int linger = 0;  // frames that show the outcome
    Action action;
    std::optional<double> q;
    while (watching && linger < 30) {
      const DriveFacts& facts = view.facts[0];
      if (check && check->Over()) {
        ++linger;  // the record ends here, whether the drive does or not
      } else if (facts.status == Status::kRunning) {
        policy->Act(view, {&action, 1});
        const std::vector<float> values = policy->Q(view, {&action, 1});
        if (!values.empty()) q = values[0];
        env.Step({&action, 1}, view);
        if (check) check->Add(facts);
        policy->Observe(view);
        episode_return += view.reward[0];
      } else {
        ++linger;
      }
      const World& world = env.world(0);
      const Pose2 pose{world.ego().position_m, world.ego().heading_rad};
      people_camera.RenderRgb(pose, world.npcs(), street.data());
      agent_camera.RenderGray(pose, world.npcs(), agent_view.data());
      OverlayInput input;
      input.camera_rgb = street.data();
      input.camera_width = kWidth;
      input.camera_height = kHeight;
      input.agent_gray = agent_view.data();
      input.facts = &facts;
      input.vehicles = world.npcs();
      input.route = &world.route().path();
      input.reward = view.reward[0];
      input.episode_return = episode_return;
      input.reward_names = env.traits().reward_parts;
      input.reward_parts = {view.reward_parts, env.traits().reward_parts.size()};
      input.q = q;
      input.policy = policy->name();
      input.phase = plan.record ? "replay" : "evaluation";
      input.title = title;
      overlay.Compose(input, picture);
      if (!flags.frame.empty() && facts.tick == flags.frame_tick) {
        WritePng(flags.frame, picture, kWidth, kHeight, 3);
      }
      watching = screen.Show(picture);
      progress.Show(facts.tick, config.env.max_episode_steps, "ticks", title);
    }
    progress.Message(title + ": " + kOutcomeNames[static_cast<size_t>(view.facts[0].outcome)] +
                     " after " + std::to_string(view.facts[0].tick) + " ticks");
    if (check && linger > 0) result = JudgeReplay(plan, *check, progress);
  }
  screen.Close();
  if (!flags.output.empty()) std::printf("%s\n", flags.output.c_str());
  return static_cast<int>(result);
}

}  // namespace volante
