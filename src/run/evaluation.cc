#include "run/evaluation.h"

#include "base/random.h"
#include "env/step_buffers.h"

namespace volante {

uint64_t EpisodeSeed(uint64_t seed, int episode) {
  return RandomStream(seed, "evaluation", static_cast<uint64_t>(episode)).NextUint64();
}

std::vector<EpisodeStats> Evaluate(Env& env, Policy& policy, const EvaluationRequest& request) {
  const int num_worlds = env.traits().num_worlds;
  StepBuffers buffers(env.traits());
  const StepView view = buffers.view();
  std::vector<EpisodeStats> results(static_cast<size_t>(request.num_episodes));
  std::vector<bool> done(results.size(), false), tried(results.size(), false);
  std::vector<EpisodeAccumulator> running(static_cast<size_t>(num_worlds));
  std::vector<int> episode_of(static_cast<size_t>(num_worlds));
  std::vector<Action> actions(static_cast<size_t>(num_worlds));
  std::vector<EpisodeRecord> records(static_cast<size_t>(num_worlds));
  int next = 0, finished = 0;

  const auto begin = [&](int w, int episode) {
    // Worlds beyond the list drive the first episode again, uncounted: every world must step.
    episode_of[static_cast<size_t>(w)] = episode < request.num_episodes ? episode : -1;
    const int route = episode < request.num_episodes ? episode : 0;
    const ResetRequest reset{.world = w,
                             .seed = EpisodeSeed(request.seed, route),
                             .scenario = request.scenario,
                             .suite = request.suite,
                             .route_set = request.route_set,
                             .route_index = route};
    env.Reset({&reset, 1}, view);
    running[static_cast<size_t>(w)].Begin(reset.seed, route, view.facts[w]);
    policy.Begin(w, reset.seed, view);
    records[static_cast<size_t>(w)].Begin(reset);
  };
  for (int w = 0; w < num_worlds; ++w) begin(w, next++);

  while (finished < request.num_episodes) {
    policy.Act(view, actions);
    env.Step(actions, view);
    policy.Observe(view);
    for (int w = 0; w < num_worlds; ++w) {
      if (request.on_record) records[static_cast<size_t>(w)].Add(actions[w], view.facts[w]);
      const int episode = episode_of[static_cast<size_t>(w)];
      const DriveFacts& facts = view.facts[w];
      running[static_cast<size_t>(w)].Add(facts, view.reward[w]);
      if (facts.status == Status::kRunning) continue;
      if (facts.status == Status::kInvalid && episode >= 0 &&
          !tried[static_cast<size_t>(episode)]) {
        tried[static_cast<size_t>(episode)] = true;
        begin(w, episode);
        continue;
      }
      if (episode >= 0) {
        ++finished;
        if (facts.status != Status::kInvalid) {
          results[static_cast<size_t>(episode)] = running[static_cast<size_t>(w)].Finish();
          done[static_cast<size_t>(episode)] = true;
          if (request.on_episode)
            request.on_episode(finished, results[static_cast<size_t>(episode)]);
          if (request.on_record) {
            request.on_record(results[static_cast<size_t>(episode)],
                              std::move(records[static_cast<size_t>(w)]));
          }
        }
      }
      begin(w, next++);
    }
  }
  std::vector<EpisodeStats> kept;
  for (size_t i = 0; i < results.size(); ++i) {
    if (done[i]) kept.push_back(results[i]);
  }
  return kept;
}

}  // namespace volante
