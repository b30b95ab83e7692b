// The configuration as a user meets it: presets, files, --set, and every refusal with its remedy.

#include "config/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "config/field.h"

namespace volante {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The one-line message of the Error that `run` throws; empty when it throws none.
template <class F>
std::string MessageOf(F run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage) << error.OneLine();
    EXPECT_EQ(error.OneLine().find('\n'), std::string::npos);
    return error.OneLine();
  }
  return {};
}

std::string Refusal(const std::string& yaml, const std::vector<std::string>& sets = {}) {
  return MessageOf([&] { ParseConfig(yaml, "my.yaml", sets); });
}

Config Parsed(const std::string& yaml, const std::vector<std::string>& sets = {}) {
  return ParseConfig(yaml, "my.yaml", sets);
}

TEST(Presets, AllAreListedLoadAndNameThemselves) {
  const std::vector<std::string> names = PresetNames();
  EXPECT_THAT(names, ::testing::IsSupersetOf({"demo", "fidelity", "smoke", "td3"}));
  for (const std::string& name : names) {
    const Config config = LoadPreset(name);
    EXPECT_EQ(config.preset, name);
    EXPECT_NO_THROW(ValidateForTraining(config)) << name;
    // As a user's own file its keys are explicit, so none may be without effect.
    EXPECT_NO_THROW(ParseConfig(PresetText(name), name)) << name;
  }
}

TEST(Presets, TheDefaultOneHoldsTheDefaults) {
  Config defaults;
  EXPECT_EQ(ToYaml(LoadPreset("td3")), ToYaml(defaults));
}

// The numbers are those of the specification, section 4, and of TD3's paper.
TEST(Presets, FidelityIsTheOriginalSystemPutRight) {
  const Config config = LoadPreset("fidelity");
  EXPECT_EQ(config.learner.wiring, Wiring::kSeparate);
  EXPECT_EQ(config.learner.encoder, Encoder::kNature);
  EXPECT_EQ(config.learner.fusion, Fusion::kConcat);
  EXPECT_EQ(config.learner.feature_width, 512);
  EXPECT_EQ(config.learner.policy_delay, 2);
  EXPECT_EQ(config.reward.preset, RewardPreset::kFivePart);
  EXPECT_EQ(config.reward.scale, 1.0);
  EXPECT_EQ(config.observation.frame_stride, 1);
  EXPECT_EQ(config.train.num_worlds, 1);
  EXPECT_EQ(config.train.updates_per_env_step, 1.0);
  EXPECT_EQ(config.exploration.noise, NoiseKind::kGaussian);
  EXPECT_EQ(config.exploration.sigma_start, 0.1);
  EXPECT_EQ(config.exploration.sigma_end, 0.1);
}

TEST(Presets, AnUnknownOneNamesTheNearest) {
  EXPECT_THAT(MessageOf([] { LoadPreset("fidelty"); }),
              AllOf(HasSubstr("did you mean fidelity?"), HasSubstr("td3")));
}

TEST(LoadConfig, SetsWinOverTheFileAndTheFileOverThePreset) {
  const std::string path =
      ::testing::TempDir() + "options_test_" + std::to_string(getpid()) + ".yaml";
  {
    std::FILE* f = std::fopen(path.c_str(), "w");
    ASSERT_NE(f, nullptr);
    std::fputs("learner:\n  batch_size: 64\n  discount: 0.9\n", f);
    std::fclose(f);
  }
  const ConfigSources sources{"fidelity", path, {"learner.discount=0.95"}};
  const Config config = LoadConfig(RealFiles(), sources);
  std::filesystem::remove(path);
  EXPECT_EQ(config.preset, "fidelity");
  EXPECT_EQ(config.reward.preset, RewardPreset::kFivePart);  // from the preset
  EXPECT_EQ(config.learner.batch_size, 64);                  // from the file
  EXPECT_EQ(config.learner.discount, 0.95);                  // from --set, over the file
}

TEST(LoadConfig, AMissingFileIsNamed) {
  try {
    LoadConfig(RealFiles(), {"", "/no/such/file.yaml", {}});
    FAIL() << "it loaded";
  } catch (const Error& error) {
    EXPECT_THAT(error.OneLine(), HasSubstr("/no/such/file.yaml"));
  }
}

TEST(LoadConfig, AFileMayNameItsPresetAndAFlagMayNotContradictIt) {
  EXPECT_EQ(Parsed("preset: smoke").train.max_timesteps, LoadPreset("smoke").train.max_timesteps);
  EXPECT_EQ(Parsed("").preset, "td3");
  const std::string path =
      ::testing::TempDir() + "options_preset_" + std::to_string(getpid()) + ".yaml";
  std::FILE* f = std::fopen(path.c_str(), "w");
  ASSERT_NE(f, nullptr);
  std::fputs("preset: smoke\n", f);
  std::fclose(f);
  EXPECT_THAT(MessageOf([&] { LoadConfig(RealFiles(), {"fidelity", path, {}}); }),
              HasSubstr("two presets"));
  EXPECT_EQ(LoadConfig(RealFiles(), {"smoke", path, {}}).preset, "smoke");
  std::filesystem::remove(path);
}

TEST(LoadConfig, ReadsEveryType) {
  const Config config = Parsed(
      "npc: {yields_to_ego: false}\n"
      "train: {seed: 18446744073709551615, updates_per_env_step: 1.25e-1}\n"
      "learner:\n"
      "  head_widths: [64, 32]\n"
      "env.scenario: \"0\"\n"
      "env: {map: \"a b.xodr\"}\n");
  EXPECT_FALSE(config.npc.yields_to_ego);
  EXPECT_EQ(config.train.seed, UINT64_MAX);
  EXPECT_EQ(config.train.updates_per_env_step, 0.125);
  EXPECT_THAT(config.learner.head_widths, ::testing::ElementsAre(64, 32));
  EXPECT_EQ(config.env.scenario, Scenario::kLight);
  EXPECT_EQ(config.env.map, "a b.xodr");
  EXPECT_THAT(Parsed("", {"learner.head_widths=8,16"}).learner.head_widths,
              ::testing::ElementsAre(8, 16));
  EXPECT_THAT(Parsed("reward: {without: [end, lateral]}").reward.without,
              ::testing::ElementsAre("end", "lateral"));
  EXPECT_THAT(Parsed("", {"reward.without=end, lateral"}).reward.without,
              ::testing::ElementsAre("end", "lateral"));
  EXPECT_THAT(Parsed("reward: {without: [end]}", {"reward.without=[]"}).reward.without,
              ::testing::IsEmpty());
  EXPECT_THAT(Parsed("", {"learner.head_widths=[ 8, 16 ]"}).learner.head_widths,
              ::testing::ElementsAre(8, 16));
  EXPECT_EQ(Parsed("", {"env.map=a=b.xodr"}).env.map, "a=b.xodr");
}

TEST(Refuses, AnUnknownKeyWithTheNearestAndItsPlace) {
  EXPECT_THAT(Refusal("learner:\n  batchsize: 3\n"),
              AllOf(HasSubstr("learner.batchsize"), HasSubstr("my.yaml:2"),
                    HasSubstr("did you mean learner.batch_size?")));
  EXPECT_THAT(Refusal("", {"batch_size=3"}), HasSubstr("did you mean learner.batch_size?"));
  EXPECT_THAT(Refusal("", {"zebra=3"}), HasSubstr("volante config reference"));
  EXPECT_THAT(Refusal("learner: 3"), HasSubstr("there is no configuration key learner"));
}

TEST(Refuses, RandomTownsWhereNoneAreAskedForAndThoseOfTheUnseenSuite) {
  EXPECT_THAT(Refusal("", {"env.num_towns=5"}), HasSubstr("env.town is random"));
  EXPECT_EQ(Parsed("env: {town: random, num_towns: 5}").env.num_towns, 5);
  EXPECT_THAT(Refusal("", {"env.town=random", "env.first_town=999999", "env.num_towns=2"}),
              HasSubstr("above 1000000"));
}

TEST(Refuses, WrongTypesWithTheRightOne) {
  EXPECT_THAT(Refusal("", {"learner.batch_size=many"}), HasSubstr("integer"));
  EXPECT_THAT(Refusal("", {"learner.batch_size=3.5"}), HasSubstr("integer"));
  EXPECT_THAT(Refusal("", {"learner.batch_size="}), HasSubstr("integer"));
  EXPECT_THAT(Refusal("", {"learner.batch_size= 3"}), HasSubstr("integer"));
  EXPECT_THAT(Refusal("learner: {batch_size: [3]}"), HasSubstr("integer"));
  EXPECT_THAT(Refusal("", {"learner.discount=nan"}), HasSubstr("number"));
  EXPECT_THAT(Refusal("", {"npc.yields_to_ego=yes"}), HasSubstr("true or false"));
  EXPECT_THAT(Refusal("learner: {head_widths: [3, {a: 4}]}"), HasSubstr("head_widths"));
  EXPECT_THAT(Refusal("", {"learner.head_widths=64,,64"}), HasSubstr("list of integers"));
  EXPECT_THAT(Refusal("env: {town: }"), HasSubstr("env.town has no value"));
}

TEST(Refuses, ValuesOutOfRangeWithTheRange) {
  EXPECT_THAT(Refusal("", {"learner.discount=1.01"}), HasSubstr("from 0 to 1"));
  EXPECT_THAT(Refusal("", {"learner.discount=inf"}), HasSubstr("learner.discount"));
  EXPECT_THAT(Refusal("", {"learner.policy_delay=0"}), HasSubstr("from 1 to 100"));
  EXPECT_THAT(Refusal("", {"learner.policy_delay=99999999999999999999"}),
              HasSubstr("out of range"));
  EXPECT_THAT(Refusal("", {"train.seed=-1"}), HasSubstr("train.seed"));
  EXPECT_THAT(Refusal("", {"learner.head_widths=64,2"}), HasSubstr("from 4 to 4096"));
}

TEST(Refuses, AWrongChoiceWithTheList) {
  EXPECT_THAT(Refusal("", {"env.scenario=7"}), HasSubstr("empty, 0, 1, 2, mixed"));
  EXPECT_THAT(Refusal("", {"learner.wiring=seperate"}), HasSubstr("did you mean separate?"));
}

TEST(Refuses, AKeySetTwice) {
  EXPECT_THAT(Refusal("learner:\n  tau: 0.1\n  tau: 0.2\n"),
              AllOf(HasSubstr("learner.tau"), HasSubstr("my.yaml:3")));
  EXPECT_THAT(Refusal("learner: {tau: 0.1}\nlearner: {discount: 0.2}\n"), HasSubstr("learner"));
  EXPECT_THAT(Refusal("learner.tau: 0.1\nlearner: {tau: 0.2}\n"), HasSubstr("second time"));
  EXPECT_THAT(Refusal("", {"learner.tau=0.1", "learner.tau=0.1"}), HasSubstr("set twice"));
}

TEST(Refuses, AKeyWithoutEffectWithItsCondition) {
  EXPECT_THAT(Refusal("", {"learner.fusion=concat", "learner.trunk_width=32"}),
              AllOf(HasSubstr("learner.trunk_width"), HasSubstr("learner.fusion is trunk")));
  // The condition is judged on the result, whatever the order.
  EXPECT_THAT(Refusal("", {"learner.trunk_width=32", "learner.fusion=concat"}),
              HasSubstr("learner.fusion is trunk"));
  EXPECT_EQ(
      Refusal("learner: {fusion: concat}", {"learner.fusion=trunk", "learner.trunk_width=32"}), "");
  EXPECT_THAT(Refusal("env: {map: x.xodr, town: volante_town}"), HasSubstr("env.map is empty"));
  for (const char* key : {"memory_units", "sequence_length", "burn_in"}) {
    EXPECT_THAT(Refusal("", {std::string("learner.") + key + "=8"}),
                HasSubstr("learner.memory is gru or lstm"));
  }
  // A condition that lies in another section.
  EXPECT_THAT(Refusal("learner: {encoder: nature}", {"observation.mode=vector"}),
              HasSubstr("observation.mode is camera_vector"));
  EXPECT_THAT(Refusal("learner: {encoder: nature}", {"observation.mode=privileged"}),
              HasSubstr("observation.mode is camera_vector"));
  EXPECT_THAT(Refusal("preset: smoke", {"learner.trunk_width=32"}),
              HasSubstr("observation.mode is camera_vector"));
  // What the preset says does not bind the user.
  EXPECT_EQ(Refusal("preset: fidelity", {"observation.mode=vector"}), "");
}

TEST(Refuses, ValuesThatContradictEachOther) {
  EXPECT_THAT(Refusal("env: {train_route_min_m: 300}"), HasSubstr("env.train_route_min_m"));
  EXPECT_THAT(Refusal("exploration: {random_throttle_min: 0.5, random_throttle_max: 0.1}"),
              HasSubstr("random_throttle_min"));
  EXPECT_THAT(Refusal("ego: {steer_lock_high_deg: 40}"), HasSubstr("steer_lock"));
  EXPECT_THAT(Refusal("replay: {capacity: 100}"), HasSubstr("replay.capacity"));
  EXPECT_THAT(Refusal("learner: {memory: gru, burn_in: 16}"), HasSubstr("learner.burn_in"));
  EXPECT_THAT(Refusal("learner: {memory: gru, batch_size: 100}"),
              AllOf(HasSubstr("learner.batch_size"), HasSubstr("whole sequences")));
  EXPECT_EQ(Refusal("learner: {batch_size: 100}"), "");
}

TEST(Refuses, AFileOfAnotherVersion) {
  EXPECT_THAT(Refusal("config_version: 2\nnew_key: 3\n"),
              AllOf(HasSubstr("version 2"), HasSubstr("knows version 1")));
}

TEST(Refuses, MalformedSets) {
  EXPECT_THAT(Refusal("", {"learner.tau"}), HasSubstr("key=value"));
  EXPECT_THAT(Refusal("", {"=3"}), HasSubstr("key=value"));
  EXPECT_THAT(Refusal("", {""}), HasSubstr("key=value"));
  EXPECT_THAT(Refusal("", {"preset=smoke"}), HasSubstr("--preset smoke"));
}

TEST(Refuses, TextThatIsNoConfiguration) {
  EXPECT_THAT(Refusal("- 1\n- 2\n"), HasSubstr("not a map"));
  EXPECT_THAT(Refusal("a: b: c\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(Refusal("a: [1, 2\n"), HasSubstr("my.yaml"));
  EXPECT_THAT(Refusal("---\na: 1\n---\nb: 2\n"), HasSubstr("after the first document"));
  EXPECT_THAT(Refusal(std::string("a: \0b", 5)), HasSubstr("binary"));
  EXPECT_THAT(Refusal("[a, b]: 3\n"), HasSubstr("not a word"));
  EXPECT_THAT(Refusal("a: {b: {c: {d: 1}}}\n"), HasSubstr("too deep"));
  EXPECT_THAT(Refusal(std::string((1 << 20) + 1, '#')), HasSubstr("1 MiB"));
  EXPECT_EQ(Refusal("# only a comment\n"), "");
}

// Each would make a recursive parser overflow its stack, or a tree explode.
TEST(Refuses, HostileText) {
  const size_t n = 500000;
  EXPECT_NE(Refusal(std::string(n, '[')), "");
  EXPECT_NE(Refusal(std::string(n, '{')), "");
  std::string dashes, questions, stairs;
  for (size_t i = 0; i < n; ++i) dashes += "- ";
  for (size_t i = 0; i < n; ++i) questions += "? ";
  for (size_t i = 0; i < 1000; ++i) stairs += std::string(i, ' ') + "a:\n";
  EXPECT_NE(Refusal(dashes), "");
  EXPECT_NE(Refusal(questions), "");
  EXPECT_NE(Refusal(stairs), "");
  EXPECT_NE(Refusal("a: &a [*a, *a]\n"), "");
  EXPECT_NE(Refusal("a: &a {b: *a}\n"), "");
  EXPECT_NE(Refusal("a: *unknown\n"), "");
  // A text after which the parser offers empty documents without end.
  EXPECT_NE(Refusal("learner: {tau: 0.1}\n]\n"), "");
  EXPECT_NE(Refusal("]"), "");
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string last = std::to_string(i - 1), now = std::to_string(i);
    laughs += "a" + now + ": &a" + now + " [*a" + last + ", *a" + last + "]\n";
  }
  EXPECT_NE(Refusal(laughs), "");
  EXPECT_NE(Refusal(std::string("\xff\xfe\x00\x01", 4)), "");
  EXPECT_NE(Refusal("%YAML 9.9\n%TAG ! !\n--- !<!!!> {a: !!binary b}\n"), "");
}

TEST(WithSets, ChangesABaseUnderTheSameChecks) {
  const Config base = LoadPreset("smoke");
  EXPECT_EQ(WithSets(base, {"train.seed=7"}).train.seed, 7u);
  EXPECT_EQ(WithSets(base, {"train.seed=7"}).train.max_timesteps, base.train.max_timesteps);
  EXPECT_THAT(MessageOf([&] { WithSets(base, {"learner.encoder=nature"}); }),
              HasSubstr("observation.mode"));
}

// The value of each kind that a test can give to a key: another one than its own.
RawValue OtherValue(const Field& field) {
  if (const ChoiceSlot* choice = std::get_if<ChoiceSlot>(&field.slot)) {
    return {false, {choice->names[(choice->get(choice->value) + 1) % choice->names.size()]}};
  }
  if (const auto* b = std::get_if<bool*>(&field.slot)) return {false, {**b ? "false" : "true"}};
  if (std::holds_alternative<std::string*>(field.slot)) return {false, {"it's \"x\": \\ #\t1\n"}};
  if (std::holds_alternative<std::vector<int>*>(field.slot)) return {true, {"5", "7", "11"}};
  if (std::holds_alternative<std::vector<std::string>*>(field.slot)) {
    return {true, {"comfort", "it's \"x\""}};
  }
  if (std::holds_alternative<double*>(field.slot) ||
      std::holds_alternative<std::optional<double>*>(field.slot)) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.17g",
                  field.option.min + (field.option.max - field.option.min) / 7.0);
    return {false, {text}};
  }
  if (std::holds_alternative<uint64_t*>(field.slot)) return {false, {"12345678901234567890"}};
  const int low = static_cast<int>(field.option.min);
  const int other = std::min(low + 4, static_cast<int>(field.option.max));
  return {false, {std::to_string(**std::get_if<int*>(&field.slot) == other ? low : other)}};
}

// What is off by default, switched on, so that the keys that hang on it have an effect.
Config EverythingOn() {
  Config config;
  config.env.town = kRandomTowns;
  config.learner.wiring = Wiring::kSeparate;
  config.learner.encoder = Encoder::kMobileNetV3Small;
  config.learner.target_value = TargetValue::kMomentum;
  config.learner.grad_clip = GradClip::kValue;
  config.learner.memory = Memory::kGru;
  config.augment.enabled = true;
  config.randomisation.enabled = true;
  config.shaping.reward_weight = 1.0;
  config.demonstrations.share = 0.25;
  config.demonstrations.bc_weight = 1.0;
  config.replay.priority = ReplayPriority::kPer;
  return config;
}

// Instead of learning from rewards, and in random towns.
Config Imitating() {
  Config config;
  config.env.town = "random";
  config.learner.wiring = Wiring::kSeparate;
  config.learner.encoder = Encoder::kMobileNetV3Small;
  config.imitation.method = ImitationMethod::kDagger;
  return config;
}

std::string TextOf(Config config, const std::string& key) {
  for (const Field& field : ListFields(config)) {
    if (field.key == key) return field.Text();
  }
  return "";
}

// Gives `key` another value in `base` and reads the YAML of it; false when the key has no effect
// there.
bool RoundTrips(const Config& base, const std::string& key) {
  Config changed = base;
  bool applies = false;
  for (const Field& field : ListFields(changed)) {
    if (field.key != key) continue;
    applies = field.option.applies;
    field.Parse(OtherValue(field), "test");
  }
  if (!applies) return false;
  const std::string yaml = ToYaml(changed);
  try {
    const Config back = ParseConfig(yaml, "round trip");
    EXPECT_EQ(ToYaml(back), yaml) << key;
    EXPECT_EQ(TextOf(back, key), TextOf(changed, key)) << key;
    EXPECT_NE(TextOf(back, key), TextOf(base, key)) << key;
    EXPECT_NE(ConfigHash(back), ConfigHash(base)) << key;
  } catch (const Error& error) {
    // The value contradicts another key, which says nothing about writing and reading.
    EXPECT_THAT(error.OneLine(), HasSubstr("can't work")) << key;
  }
  return true;
}

TEST(ToYaml, EveryKeyRoundTripsWithEveryBit) {
  Config config;
  for (const Field& field : ListFields(config)) {
    if (field.key == "config_version" || field.key == "preset") continue;
    EXPECT_TRUE(RoundTrips(config, field.key) || RoundTrips(EverythingOn(), field.key) ||
                RoundTrips(Imitating(), field.key))
        << field.key << " has an effect in none";
  }
}

TEST(Imitation, RefusesKeysThatOnlyRewardLearningReads) {
  const Config config = Imitating();
  for (const char* set :
       {"learner.critic_lr=0.001", "learner.policy_delay=3", "reward.scale=1", "replay.n_step=2",
        "exploration.sigma_end=0.2", "demonstrations.noise=0.2"}) {
    try {
      WithSets(config, {set});
      ADD_FAILURE() << set << " was accepted";
    } catch (const Error& error) {
      EXPECT_THAT(error.OneLine(), HasSubstr("imitation.method is none")) << set;
    }
  }
  EXPECT_NO_THROW(WithSets(config, {"learner.actor_lr=0.001", "reward.preset=five_part"}));
  EXPECT_THAT(ToYaml(config), HasSubstr("# sigma_end: 0.1   (applies when imitation.method"));
}

TEST(Imitation, TrainsAnEncoderOfTheActorsOwn) {
  const Config shared = LoadPreset("td3");
  try {
    WithSets(shared, {"imitation.method=bc"});
    FAIL() << "nothing would train the picture";
  } catch (const Error& error) {
    EXPECT_THAT(error.OneLine(), HasSubstr("learner.wiring=separate"));
  }
  EXPECT_NO_THROW(WithSets(shared, {"imitation.method=bc", "learner.wiring=separate"}));
  EXPECT_NO_THROW(WithSets(shared, {"imitation.method=bc", "observation.mode=vector"}));
  EXPECT_THROW(WithSets(shared, {"imitation.method=none", "imitation.noise=0.2"}), Error);
  EXPECT_THROW(WithSets(shared, {"imitation.method=bc", "observation.mode=vector",
                                 "imitation.beta_decay_steps=5"}),
               Error);
  Config both = shared;
  both.demonstrations.share = 0.5;
  EXPECT_THROW(WithSets(both, {"imitation.method=bc", "observation.mode=vector"}), Error);
}

TEST(Algorithms, EachLoadsOverEveryPreset) {
  for (const std::string& preset : PresetNames()) {
    for (const std::string& algorithm : AlgorithmNames()) {
      const Config config = LoadConfig(
          RealFiles(), {.preset = preset, .file = "", .sets = {}, .algorithm = algorithm});
      EXPECT_EQ(config.imitation.on(), algorithm == "bc" || algorithm == "dagger") << preset;
      EXPECT_EQ(config.demonstrations.share > 0.0, algorithm == "td3_demos") << preset;
    }
  }
}

// train --from: whatever the parent was, the algorithm that is named is the one that trains.
TEST(Algorithms, EachReplacesEveryOther) {
  for (const std::string& before : AlgorithmNames()) {
    const Config parent = LoadConfig(
        RealFiles(), {.preset = "fidelity", .file = "", .sets = {}, .algorithm = before});
    for (const std::string& algorithm : AlgorithmNames()) {
      const std::string both = algorithm + " after " + before;
      const Config config = LoadConfigOver(
          RealFiles(), parent, {.preset = "", .file = "", .sets = {}, .algorithm = algorithm});
      EXPECT_EQ(config.imitation.on(), algorithm == "bc" || algorithm == "dagger") << both;
      EXPECT_EQ(config.demonstrations.share > 0.0, algorithm == "td3_demos") << both;
      if (config.imitation.on() || algorithm == "td3_demos") continue;
      EXPECT_EQ(config.learner.twin_critics, algorithm == "td3" || algorithm == "mpg") << both;
      // What runs is what config.yaml will say to a resumed run.
      EXPECT_EQ(ToYaml(ParseConfig(ToYaml(config), "test")), ToYaml(config)) << both;
    }
  }
}

TEST(Differences, AreOfTheKeysThatApplyInTheSecond) {
  const Config from = LoadPreset("td3");
  const Config to = WithSets(from, {"observation.mode=vector", "learner.tau=0.01"});
  const std::vector<ConfigDifference> found = Differences(from, to);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].key, "observation.mode");
  EXPECT_EQ(found[0].preset_value, "camera_vector");
  EXPECT_EQ(found[1].value, "0.01");
}

TEST(CheckTogether, AnImitationHasNoErrorsToDrawBy) {
  const std::vector<std::string> sets = {"imitation.method=bc", "observation.mode=vector"};
  EXPECT_NO_THROW(WithSets(Config(), sets));
  std::vector<std::string> prioritised = sets;
  prioritised.push_back("replay.priority=lap");
  EXPECT_THAT(MessageOf([&] { WithSets(Config(), prioritised); }), HasSubstr("TD errors"));
}

TEST(ReplayPriority, KeysOfPerAreRefusedWithLap) {
  EXPECT_THAT(
      MessageOf([] { WithSets(Config(), {"replay.priority=lap", "replay.per_beta_start=0.5"}); }),
      HasSubstr("replay.priority is per"));
  EXPECT_THAT(MessageOf([] { WithSets(Config(), {"replay.priority_alpha=0.5"}); }),
              HasSubstr("replay.priority is per or lap"));
}

TEST(ValidateForTraining, RefusesAShareOfDemonstrationsBelowOneRow) {
  Config config;
  config.demonstrations.share = 0.001;
  EXPECT_THROW(ValidateForTraining(config), Error);
  config.demonstrations.share = 0.01;
  EXPECT_NO_THROW(ValidateForTraining(config));
  config.learner.memory = Memory::kGru;  // of 8 sequences, not of 128 rows
  EXPECT_THROW(ValidateForTraining(config), Error);
}

TEST(ToYaml, SectionWithoutEffectIsACommentAndRoundTrips) {
  Config config;
  config.observation.mode = ObservationMode::kVector;
  const std::string yaml = ToYaml(config);
  EXPECT_THAT(yaml, HasSubstr("\n# augment:\n  # enabled: false"));
  EXPECT_EQ(ToYaml(ParseConfig(yaml, "round trip")), yaml);
}

TEST(ToYaml, EveryPresetRoundTrips) {
  for (const std::string& name : PresetNames()) {
    const Config config = LoadPreset(name);
    const Config back = ParseConfig(ToYaml(config), "round trip");
    EXPECT_EQ(ToYaml(back), ToYaml(config)) << name;
    EXPECT_EQ(ConfigHash(back), ConfigHash(config)) << name;
    EXPECT_TRUE(DiffFromPreset(back).empty()) << name;
  }
}

TEST(ToYaml, KeysWithoutEffectAreComments) {
  const std::string yaml = ToYaml(LoadPreset("fidelity"));
  EXPECT_THAT(yaml, HasSubstr("# trunk_width: 64   (applies when learner.fusion is trunk)"));
  EXPECT_THAT(yaml, HasSubstr("\n  fusion: concat\n"));
}

TEST(DiffFromPreset, NamesWhatTheUserChanged) {
  const Config config = Parsed("preset: fidelity", {"learner.batch_size=64", "train.seed=0"});
  const std::vector<ConfigDifference> diff = DiffFromPreset(config);
  ASSERT_EQ(diff.size(), 1u);
  EXPECT_EQ(diff[0].key, "learner.batch_size");
  EXPECT_EQ(diff[0].preset_value, "256");
  EXPECT_EQ(diff[0].value, "64");
}

// Whoever leaves one thing out changes that key and no other.
TEST(Ablations, EachIsOneKey) {
  const Config preset = LoadConfig(RealFiles(), {.preset = "td3", .file = "", .sets = {}});
  for (const std::string set : {"learner.head_layernorm=true",
                                "learner.encoder=nature",
                                "learner.encoder=nature_layernorm",
                                "learner.encoder=nature_maxpool",
                                "learner.twin_critics=false",
                                "learner.policy_delay=1",
                                "learner.target_policy_noise=0",
                                "learner.target_encoder=false",
                                "learner.wiring=separate",
                                "learner.fusion=concat",
                                "learner.grad_clip=off",
                                "learner.grad_clip=value",
                                "learner.memory=gru",
                                "learner.memory=lstm",
                                "learner.critic_encoder_lr=0.0001",
                                "augment.enabled=true",
                                "observation.frame_stack=1",
                                "observation.frame_stride=1",
                                "replay.priority=per",
                                "replay.priority=lap",
                                "replay.n_step=1",
                                "reward.preset=route",
                                "reward.preset=race",
                                "reward.preset=five_part",
                                "reward.without=comfort",
                                "demonstrations.share=0.25",
                                "shaping.reward_weight=1"}) {
    std::vector<std::string> sets = {set};
    if (set == "reward.without=comfort") sets.push_back("reward.preset=five_part");
    const Config ablated = LoadConfig(RealFiles(), {.preset = "td3", .file = "", .sets = sets});
    const std::vector<ConfigDifference> found = DiffFromPreset(ablated);
    ASSERT_EQ(found.size(), sets.size()) << set;
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [&](const ConfigDifference& difference) {
      return difference.key == set.substr(0, set.find('='));
    })) << set;
    EXPECT_NE(ConfigHash(ablated), ConfigHash(preset)) << set;
  }
}

TEST(Weather, AKeyOfTheWeatherStandsOverThePresetUntilItIsGivenBack) {
  Config config = WithSets(Config(), {"weather.preset=ClearNight", "weather.fog_density=7.5"});
  EXPECT_EQ(config.weather.preset, WeatherPreset::kClearNight);
  EXPECT_EQ(config.weather.fog_density, 7.5);
  EXPECT_FALSE(config.weather.cloudiness.has_value());
  EXPECT_THAT(ToYaml(config), AllOf(HasSubstr("fog_density: 7.5"), HasSubstr("wetness: preset")));
  config = WithSets(config, {"weather.fog_density=preset"});
  EXPECT_FALSE(config.weather.fog_density.has_value());
  EXPECT_THAT(MessageOf([] { WithSets(Config(), {"weather.fog_density=101"}); }),
              HasSubstr("from 0 to 100, or preset"));
  EXPECT_THAT(MessageOf([] { WithSets(Config(), {"weather.fog_density=thick"}); }),
              HasSubstr("number or preset"));
}

TEST(Randomisation, RangesStandTheRightWayRoundAndNeedTheSwitch) {
  EXPECT_THAT(MessageOf([] { WithSets(Config(), {"randomisation.image_noise=3"}); }),
              HasSubstr("randomisation.enabled is true"));
  EXPECT_THAT(MessageOf([] {
                WithSets(Config(),
                         {"randomisation.enabled=true", "randomisation.image_gamma_min=1.5"});
              }),
              HasSubstr("image_gamma"));
  // Without a picture there is nothing to blur, but the weather still makes the road slippery.
  EXPECT_THAT(MessageOf([] {
                WithSets(Config(), {"randomisation.enabled=true", "observation.mode=vector",
                                    "randomisation.image_noise=3"});
              }),
              HasSubstr("camera_vector"));
  EXPECT_EQ(MessageOf([] {
              WithSets(Config(), {"randomisation.enabled=true", "observation.mode=vector",
                                  "randomisation.rain_share=1"});
            }),
            "");
}

TEST(ValidateForTraining, KeepsScenarioRainForEvaluation) {
  const Config config = WithSets(LoadPreset("td3"), {"env.scenario=rain"});
  EXPECT_THAT(MessageOf([&] { ValidateForTraining(config); }),
              AllOf(HasSubstr("evaluation only"), HasSubstr("weather.preset")));
}

TEST(ConfigHash, IsOfTheBehaviourNotOfTheName) {
  Config a, b;
  b.preset = "another name";
  EXPECT_EQ(ConfigHash(a), ConfigHash(b));
  b.exploration.ou_theta = 0.3;
  EXPECT_NE(ConfigHash(a), ConfigHash(b));
  a.exploration.noise = b.exploration.noise = NoiseKind::kGaussian;
  EXPECT_EQ(ConfigHash(a), ConfigHash(b));  // ou_theta has no effect now
}

TEST(ConfigReference, NamesEveryKeyAndIsTheCommittedOne) {
  Config config;
  const std::string text = ConfigReference();
  for (const Field& field : ListFields(config)) {
    EXPECT_THAT(text, HasSubstr("`" + field.key + "`"));
    EXPECT_STRNE(field.option.help, "") << field.key;
  }
  EXPECT_EQ(ReadText(RealFiles(), std::string(VOLANTE_SOURCE_DIR) + "/docs/config_reference.md"),
            text)
      << "run: build/volante config reference > docs/config_reference.md";
}

TEST(ValidateForTraining, RefusesBudgetsThatCannotLearn) {
  const auto message = [](const std::vector<std::string>& sets) {
    return MessageOf([&] { ValidateForTraining(WithSets(LoadPreset("td3"), sets)); });
  };
  EXPECT_EQ(message({}), "");
  EXPECT_THAT(message({"train.max_timesteps=4000"}),
              AllOf(HasSubstr("4000"), HasSubstr("train.learning_starts")));
  EXPECT_THAT(message({"train.max_timesteps=4001"}), HasSubstr("one update"));
  EXPECT_THAT(message({"train.learning_starts=127"}), HasSubstr("learner.batch_size"));
}

}  // namespace
}  // namespace volante
