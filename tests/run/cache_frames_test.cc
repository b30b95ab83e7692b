// A training whose learner keeps the frames is the training without, bit for bit.
#include "run/cache_frames.h"

#include <gtest/gtest.h>

#include "run/tiny_run.h"

namespace volante {
namespace {

std::vector<NamedTensor> TensorsOf(std::vector<std::string> sets, const std::string& device_gb) {
  sets.insert(sets.end(), {"observation.mode=camera_vector", "learner.encoder=small",
                           "learner.batch_size=8", "train.max_timesteps=700",
                           "train.learning_starts=400", "train.updates_per_env_step=0.1",
                           "replay.max_gb=0.1", "replay.device_gb=" + device_gb});
  TinyRun run(TinyConfig(std::move(sets)));
  EXPECT_GT(run.trainer->Run(run.stop).updates, 20);
  EXPECT_EQ(run.trainer->batches_name_frames(), device_gb != "0");
  return run.trainer->learner().SaveTensors(TensorScope::kEverything);
}

TEST(CachedFrames, ChangeNoByteOfATraining) {
  for (const std::vector<std::string>& sets :
       {std::vector<std::string>{},
        {"demonstrations.share=0.25", "demonstrations.env_steps=300"},
        {"learner.memory=gru", "learner.sequence_length=4", "learner.burn_in=1"},
        {"augment.enabled=true"}}) {
    const std::vector<NamedTensor> without = TensorsOf(sets, "0");
    EXPECT_TRUE(TensorsOf(sets, "0.05") == without) << (sets.empty() ? "plain" : sets[0]);
    EXPECT_TRUE(TensorsOf(sets, "0.004") == without);  // far less than the replay's frames
  }
}

TEST(CachedFrames, AreKeptWhereTheConfigurationSaysSo) {
  const auto bytes = [](std::vector<std::string> sets) {
    sets.push_back("replay.max_gb=0.1");
    const Config config = TinyConfig(std::move(sets));
    Td3Options options;
    options.mode = config.observation.mode;
    Td3Learner learner(options);
    const Replay replay({.num_worlds = config.train.num_worlds});
    return CacheFrames(config, learner, replay, nullptr);
  };
  const std::string camera = "observation.mode=camera_vector";
  EXPECT_EQ(bytes({camera, "train.device=cpu"}), 0u);
  EXPECT_EQ(bytes({camera, "replay.device_gb=0"}), 0u);
  EXPECT_EQ(bytes({"observation.mode=vector"}), 0u);
  const uint64_t asked = bytes({camera, "replay.device_gb=0.05", "replay.capacity=50000"});
  EXPECT_GT(asked, 49'000'000u);
  EXPECT_LE(asked, 50'000'000u + kImagePixels);
  // Never more than the replay can hold.
  EXPECT_LT(bytes({camera, "replay.device_gb=0.05", "replay.capacity=500"}), 40'000'000u);
}

}  // namespace
}  // namespace volante
