// A replay file says the same when it is read, and nothing but such a file is read.
#include "env/replay_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "base/archive.h"
#include "base/error.h"
#include "base/hash.h"
#include "config/options.h"

namespace volante {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DriveFacts At(int tick, double x_m) {
  DriveFacts f;
  f.tick = tick;
  f.position_m = {x_m, -3.0};
  f.speed_mps = 8.0;
  return f;
}

// 45 ticks, 0.1 m each.
EpisodeRecord SomeRecord() {
  EpisodeRecord record;
  record.Begin({.world = 3,
                .seed = 0xfedcba9876543210,
                .scenario = Scenario::kMedium,
                .route_set = RouteSet::kTest,
                .route_index = 17});
  for (int t = 1; t <= 45; ++t) {
    DriveFacts f = At(t, 0.1 * t);
    if (t == 45) {
      f.status = Status::kTerminated;
      f.outcome = Outcome::kSuccess;
    }
    record.Add({0.001f * static_cast<float>(t), -0.5f}, f);
  }
  record.label = "trained, step 20000, scenario 1";
  record.program = "0.1.0 abc";
  record.config = WorldYaml(Config{});
  return record;
}

std::string Refusal(const std::vector<uint8_t>& bytes) {
  try {
    DecodeReplay(bytes, "some.replay");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_EQ(error.where().find("some.replay"), 0u);
    EXPECT_EQ(error.OneLine().find('\n'), std::string::npos);
    return error.OneLine();
  }
  return "accepted";
}

std::string RefusalOf(const EpisodeRecord& record) { return Refusal(EncodeReplay(record)); }

TEST(ReplayFile, ComesBackAsItWas) {
  const EpisodeRecord was = SomeRecord();
  const EpisodeRecord is = DecodeReplay(EncodeReplay(was), "again");
  EXPECT_EQ(is.label, was.label);
  EXPECT_EQ(is.program, was.program);
  EXPECT_EQ(is.config, was.config);
  EXPECT_EQ(is.request.seed, 0xfedcba9876543210);
  EXPECT_EQ(is.request.scenario, Scenario::kMedium);
  EXPECT_EQ(is.request.route_set, RouteSet::kTest);
  EXPECT_EQ(is.request.route_index, 17);
  EXPECT_EQ(is.request.world, 0);
  EXPECT_EQ(is.actions, was.actions);
  EXPECT_EQ(is.trail, was.trail);
  EXPECT_EQ(is.outcome, Outcome::kSuccess);
  EXPECT_EQ(is.impact, EpisodeRecord::Impact{});
  ASSERT_EQ(is.trail.size(), 3u);  // ticks 20, 40 and the last
  EXPECT_EQ(is.trail.back().tick, 45);
}

TEST(ReplayFile, IsSmall) { EXPECT_LT(EncodeReplay(SomeRecord()).size(), 6000u); }

TEST(ReplayFile, HoldsTheConfigurationOfItsWorldAlone) {
  Config config;
  config.env.npc_count = 7;
  config.reward.preset = RewardPreset::kDrive;
  // An imitation asks for a wiring of the networks, which a drive knows nothing of.
  config.imitation.method = ImitationMethod::kBc;
  config.learner.wiring = Wiring::kSeparate;
  const std::string yaml = WorldYaml(config);
  EXPECT_THAT(yaml, HasSubstr("npc_count: 7"));
  for (const char* section :
       {"learner", "train:", "augment", "demonstrations", "imitation", "replay"}) {
    EXPECT_THAT(yaml, Not(HasSubstr(section)));
  }
  EXPECT_THAT(yaml, Not(HasSubstr("preset: td3")));
  EpisodeRecord record = SomeRecord();
  record.config = yaml;
  const Config read = ConfigOf(record, "some.replay");
  EXPECT_EQ(WorldYaml(read), yaml);
}

TEST(ReplayFile, EveryShorterFileAndEveryFlippedByteIsRefused) {
  const std::vector<uint8_t> whole = EncodeReplay(SomeRecord());
  for (size_t n = 0; n < whole.size(); n += n < 100 ? 1 : 37) {
    EXPECT_NE(Refusal({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n)}), "accepted") << n;
  }
  for (size_t at = 0; at < whole.size(); at += at < 100 ? 1 : 37) {
    std::vector<uint8_t> flipped = whole;
    flipped[at] ^= 0x04;
    EXPECT_NE(Refusal(flipped), "accepted") << at;
  }
  std::vector<uint8_t> longer = whole;
  longer.push_back(0);
  EXPECT_THAT(Refusal(longer), HasSubstr("its header states"));
}

TEST(ReplayFile, RefusesWhatNoDriveIs) {
  EpisodeRecord record = SomeRecord();
  record.actions.pop_back();
  EXPECT_THAT(RefusalOf(record), HasSubstr("list of actions"));
  record = SomeRecord();
  record.actions[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(RefusalOf(record), HasSubstr("not finite"));
  record = SomeRecord();
  record.label = "a\x1b[31mb";
  EXPECT_THAT(RefusalOf(record), HasSubstr("plain text"));
  record = SomeRecord();
  record.request.scenario = static_cast<Scenario>(99);
  EXPECT_THAT(RefusalOf(record), HasSubstr("scenario"));
  record = SomeRecord();
  record.request.route_index = -1;
  EXPECT_THAT(RefusalOf(record), HasSubstr("route"));
  record = SomeRecord();
  record.outcome = static_cast<Outcome>(77);
  EXPECT_THAT(RefusalOf(record), HasSubstr("outcome"));
  record = SomeRecord();
  record.trail.clear();
  EXPECT_THAT(RefusalOf(record), HasSubstr("final pose"));
  record = SomeRecord();
  record.impact.x_m = std::numeric_limits<double>::infinity();
  EXPECT_THAT(RefusalOf(record), HasSubstr("collision"));
  record = SomeRecord();
  std::swap(record.trail[0], record.trail[1]);
  EXPECT_THAT(RefusalOf(record), HasSubstr("trail"));
}

TEST(ReplayFile, ForeignKeysInItsConfigurationAreBadInput) {
  EpisodeRecord record = SomeRecord();
  record.config += "wings:\n  span_m: 3\n";
  try {
    ConfigOf(record, "some.replay");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_THAT(error.OneLine(), HasSubstr("wings"));
  }
}

// Version 1 is the same without the collision.
TEST(ReplayFile, ReadsTheFirstFormatVersion) {
  EpisodeRecord old = SomeRecord();
  old.format = 1;
  const std::vector<uint8_t> payload = SaveState(old);
  std::vector<uint8_t> bytes = {'V', 'O', 'L', 'R', 'P', 'L', 'A', 'Y', 1, 0, 0, 0};
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(payload.size() >> (8 * i)));
  const std::string hash = Hash128Hex(payload.data(), payload.size());
  bytes.insert(bytes.end(), hash.begin(), hash.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  const EpisodeRecord record = DecodeReplay(bytes, "old");
  EXPECT_EQ(record.format, 1);
  EXPECT_EQ(record.actions, old.actions);
  EXPECT_EQ(DecodeReplay(EncodeReplay(record), "again").format, EpisodeRecord::kFormatVersion);
  bytes[8] = 3;
  EXPECT_THAT(Refusal(bytes), HasSubstr("format version 3"));
}

// ---- following a replay --------------------------------------------------------------------

// Drives SomeRecord again, `off_m` beside it from tick 30 on, until `last`.
std::string Drive(double off_m, int last, Outcome outcome) {
  const EpisodeRecord record = SomeRecord();
  ReplayCheck check(record);
  for (int t = 1; t <= last; ++t) {
    DriveFacts f = At(t, 0.1 * t + (t >= 30 ? off_m : 0.0));
    if (t == last) {
      f.status = Status::kTerminated;
      f.outcome = outcome;
    }
    check.Add(f);
  }
  EXPECT_EQ(check.Over(), last >= 45);
  return check.Divergence();
}

TEST(ReplayCheck, SaysWhereADriveLeavesTheRecord) {
  EXPECT_EQ(Drive(0.0, 45, Outcome::kSuccess), "");
  EXPECT_THAT(Drive(0.25, 45, Outcome::kSuccess), HasSubstr("at tick 40 the car is 0.25 m"));
  EXPECT_NE(Drive(1e-15, 45, Outcome::kSuccess), "") << "bit for bit";
  EXPECT_THAT(Drive(0.0, 45, Outcome::kCollision), HasSubstr("ends as collision"));
  EXPECT_THAT(Drive(0.0, 33, Outcome::kCollision), HasSubstr("ended at tick 33"));
}

// The same way and outcome, but into another car, or into the same one elsewhere.
TEST(ReplayCheck, SaysWhenTheCollisionIsAnother) {
  const auto crash = [](int other, double x_m) {
    DriveFacts f = At(1, 0.1);
    f.status = Status::kTerminated;
    f.outcome = Outcome::kCollision;
    f.collision = true;
    f.collision_other = other;
    f.contact_m = {x_m, -3.0};
    return f;
  };
  EpisodeRecord record;
  record.Begin({.seed = 1});
  record.Add({}, crash(4, 2.5));
  for (const auto& [other, x_m, wanted] :
       {std::tuple{4, 2.5, ""}, {5, 2.5, "another collision"}, {4, 2.6, "another collision"}}) {
    ReplayCheck check(record);
    check.Add(crash(other, x_m));
    EXPECT_THAT(check.Divergence(), HasSubstr(wanted));
    EXPECT_EQ(check.Divergence().empty(), std::string(wanted).empty());
  }
}

}  // namespace
}  // namespace volante
