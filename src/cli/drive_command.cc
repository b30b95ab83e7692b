// volante drive: watch a policy drive, in a window where there is a display, else as an mp4.

#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "env/embedded_env.h"
#include "env/make_env.h"
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
  std::string checkpoint, policy, map, scenario, output, frame;
  std::vector<std::string> sets;
  int route = 0, episodes = 1, frame_tick = 60;
  uint64_t seed = 0;
};

void AddFlags(CLI::App& app, DriveFlags& flags) {
  auto* checkpoint =
      app.add_option("--checkpoint", flags.checkpoint, "a checkpoint folder or a run folder");
  app.add_option("--policy", flags.policy, "idm_mobil (default), pid_pursuit, straight or random")
      ->excludes(checkpoint);
  app.add_option("--map", flags.map, "drive this OpenDRIVE file instead of a built-in town");
  app.add_option("--scenario", flags.scenario, "empty, 0, 1, 2 or mixed");
  app.add_option("--route", flags.route, "first route of the test list")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--episodes", flags.episodes, "how many routes")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "seed of traffic and drivers")->capture_default_str();
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

}  // namespace

int RunDrive(int argc, char** argv) {
  CLI::App app("Watch a policy drive, with what it does and gets drawn over the picture.");
  DriveFlags flags;
  AddFlags(app, flags);
  if (!ParseArguments(app, argc, argv)) return 0;
  if (!flags.scenario.empty()) flags.sets.push_back("env.scenario=" + flags.scenario);
  if (!flags.map.empty()) flags.sets.push_back("env.map=" + flags.map);
  if (flags.checkpoint.empty() && flags.policy.empty()) flags.policy = "idm_mobil";
  if (flags.output.empty() && !DisplayAvailable()) {
    flags.output = "drive.mp4";
    std::fprintf(stderr, "no display: writing %s\n", flags.output.c_str());
  }

  SetLearnerThreads(0);
  Config config;
  LoadedPolicy loaded;
  if (flags.checkpoint.empty()) {
    config = LoadConfig(RealFiles(), {.preset = "", .file = "", .sets = flags.sets});
  } else {
    loaded = LoadPolicy(RealFiles(), flags.checkpoint, flags.sets, 1);
    config = loaded.config;
  }
  if (config.env.map.empty() && config.env.town == kTinyTown) {
    throw Error(ExitCode::kUsage, "the scripted world has nothing to look at", "env.town=tiny", "",
                "--set env.town=volante_town");
  }
  const auto town = LoadTown(config.env, true);
  EmbeddedEnv env(town, config, 1);
  const std::unique_ptr<Policy> policy =
      loaded.learner ? MakeNetworkPolicy(*loaded.learner, config, 1, loaded.label)
                     : MakeDriverPolicy(flags.policy, config, 1);

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

  for (int episode = 0; episode < flags.episodes && watching; ++episode) {
    const int route = flags.route + episode;
    const ResetRequest reset{.world = 0,
                             .seed = EpisodeSeed(flags.seed, route),
                             .scenario = config.env.scenario,
                             .route_set = RouteSet::kTest,
                             .route_index = route};
    env.Reset({&reset, 1}, view);
    policy->Begin(0, reset.seed, view);
    const std::string title = town->name + ", scenario " + NameOf(config.env.scenario) +
                              ", route " + std::to_string(route);
    double episode_return = 0.0;
    int linger = 0;  // frames that show the outcome
    Action action;
    std::optional<double> q;
    while (watching && linger < 30) {
      const DriveFacts& facts = view.facts[0];
      if (facts.status == Status::kRunning) {
        policy->Act(view, {&action, 1});
        const std::vector<float> values = policy->Q(view, {&action, 1});
        if (!values.empty()) q = values[0];
        env.Step({&action, 1}, view);
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
      input.phase = "evaluation";
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
  }
  screen.Close();
  if (!flags.output.empty()) std::printf("%s\n", flags.output.c_str());
  return 0;
}

}  // namespace volante
