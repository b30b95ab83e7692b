// A number that is not finite, in each place where one can stand: the update is not applied, and
// the message names where it arose, not what followed from it.
#include "learn/non_finite.h"

#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

#include "base/error.h"
#include "learn/learner_fixture.h"
#include "learn/td3_impl.h"

namespace volante {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr auto kVector = ObservationMode::kVector;
constexpr auto kCamera = ObservationMode::kCameraVector;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// The one line of the Error that Update throws, after which nothing may have changed. A NaN is
// unequal to itself, so bytes are compared.
std::string HaltOf(Td3Learner& learner, const Batch& batch, bool logged = false) {
  const auto before = learner.SaveTensors(TensorScope::kEverything);
  const LearnerCounters counters = learner.counters();
  std::string message;
  try {
    learner.Update(batch, logged);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kHealthHalt);
    message = error.OneLine();
  }
  EXPECT_TRUE(learner.SaveTensors(TensorScope::kEverything) == before);
  EXPECT_TRUE(learner.counters() == counters);
  return message;
}

// ---- parameters --------------------------------------------------------------------------------

struct Place {
  ObservationMode mode;
  const char* buffer;  // "", "target_", "adam/first_moment/", "adam/second_moment/"
  const char* tensor;
};

void PrintTo(const Place& p, std::ostream* out) { *out << p.buffer << p.tensor; }

class BadParameter : public testing::TestWithParam<Place> {
 protected:
  // A learner whose next update trains the actor too, element 1 of the tensor spoilt.
  std::unique_ptr<Td3Learner> Spoilt(float value, bool bf16 = false) const {
    Td3Options options =
        TestOptions(GetParam().mode, Wiring::kSeparate, Fusion::kTrunk, Encoder::kSmall);
    options.config.bf16_encoder = options.config.bf16_linear = bf16;
    auto learner = std::make_unique<Td3Learner>(options);
    learner->Update(RandomBatch(8, GetParam().mode, 0));
    for (const StoredBuffer& buffer : learner->impl().StoredBuffers(TensorScope::kEverything)) {
      if (buffer.prefix != GetParam().buffer) continue;
      for (const FlatSlice& slice : *buffer.slices) {
        if (slice.name != GetParam().tensor) continue;
        EXPECT_GT(slice.size, 1);
        SliceOf(*buffer.flat, slice).view({-1})[1].fill_(value);
        return learner;
      }
    }
    ADD_FAILURE() << "no such tensor";
    return learner;
  }
  std::string Name() const { return std::string(GetParam().buffer) + GetParam().tensor; }
};

INSTANTIATE_TEST_SUITE_P(Everywhere, BadParameter,
                         testing::Values(Place{kVector, "", "actor/head/0/bias"},
                                         Place{kVector, "", "critic/q1/1/bias"},
                                         Place{kVector, "", "critic/q2/0/bias"},
                                         Place{kVector, "target_", "actor/head/2/bias"},
                                         Place{kVector, "target_", "critic/q1/0/bias"},
                                         Place{kVector, "target_", "critic/q2/1/bias"},
                                         Place{kCamera, "", "actor/encoder/conv1/bias"},
                                         Place{kCamera, "", "critic/encoder/norm2/weight"},
                                         Place{kCamera, "", "critic/trunk/vector/bias"},
                                         Place{kCamera, "target_", "critic/encoder/fc/bias"}),
                         [](const auto& place) {
                           std::string name = std::string(place.param.buffer) + place.param.tensor;
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

TEST_P(BadParameter, IsNamedAsTheOriginNotTheLossThatItSpoils) {
  for (const bool bf16 : {false, true}) {
    const auto learner = Spoilt(kNan, bf16);
    const std::string message = HaltOf(*learner, RandomBatch(8, GetParam().mode, 1));
    EXPECT_THAT(message, AllOf(HasSubstr("non-finite parameter"), HasSubstr(": " + Name() + ": "),
                               HasSubstr("element 1 of "), HasSubstr("is nan")));
    EXPECT_THAT(message, AllOf(Not(HasSubstr("non-finite loss")), Not(HasSubstr("target;")),
                               Not(HasSubstr("gradient;"))));
  }
}

TEST_P(BadParameter, AnInfinityIsNamedByALoggedUpdateAtTheLatest) {
  const auto learner = Spoilt(kInf);
  EXPECT_THAT(HaltOf(*learner, RandomBatch(8, GetParam().mode, 1), /*logged=*/true),
              AllOf(HasSubstr("non-finite parameter"), HasSubstr(": " + Name() + ": "),
                    HasSubstr("element 1 of "), HasSubstr("is inf")));
}

TEST(NonFiniteMoment, IsNamedByALoggedUpdate) {
  for (const char* prefix : {"adam/first_moment/", "adam/second_moment/"}) {
    Td3Learner learner(TestOptions(kVector));
    for (const StoredBuffer& buffer : learner.impl().StoredBuffers(TensorScope::kEverything)) {
      if (buffer.prefix == prefix) buffer.flat->view({-1})[0].fill_(kNan);
    }
    EXPECT_THAT(HaltOf(learner, RandomBatch(8, kVector, 1), true),
                HasSubstr(std::string(prefix) + "actor/head/0/weight: element 0 of "));
  }
}

TEST(NonFiniteParameter, ThePaddingOfTheFlatBuffersIsNotTakenForOne) {
  Td3Learner learner(TestOptions(kVector));
  learner.Update(RandomBatch(8, kVector, 0), true);
  learner.Update(RandomBatch(8, kVector, 1), true);
  EXPECT_EQ(learner.counters().updates, 2);
}

// ---- the batch, loss and gradient of healthy networks ------------------------------------------

TEST(NonFiniteBatch, IsNamedBeforeAnythingElse) {
  Td3Learner learner(TestOptions(kVector));
  learner.Update(RandomBatch(8, kVector, 0));
  const auto spoil = [&](std::vector<float> Batch::* values, size_t at, float value) {
    Batch batch = RandomBatch(8, kVector, 1);
    (batch.*values)[at] = value;
    return HaltOf(learner, batch);
  };
  EXPECT_THAT(spoil(&Batch::reward, 3, kNan),
              AllOf(HasSubstr("non-finite reward"), HasSubstr("row 3, column 0 of the batch")));
  EXPECT_THAT(spoil(&Batch::vector, 2 * kVectorSize + 5, kInf),
              AllOf(HasSubstr("non-finite observation"), HasSubstr("row 2, column 5")));
  EXPECT_THAT(spoil(&Batch::next_vector, 7 * kVectorSize + 52, -kInf),
              AllOf(HasSubstr("non-finite next observation"), HasSubstr("row 7, column 52")));
  EXPECT_THAT(spoil(&Batch::action, 1, kNan), HasSubstr("non-finite action"));
  EXPECT_THAT(spoil(&Batch::discount, 0, kNan), HasSubstr("non-finite discount"));
  // Before a parameter that is bad as well.
  learner.impl().critic_params.values()[0].fill_(kNan);
  EXPECT_THAT(spoil(&Batch::reward, 3, kNan), HasSubstr("non-finite reward"));
}

TEST(NonFiniteLoss, OfFiniteNetworksIsCalledALoss) {
  Td3Learner learner(TestOptions(kVector));
  Batch batch = RandomBatch(8, kVector, 1);
  batch.reward[0] = 3e38f;  // its square is not finite
  EXPECT_THAT(HaltOf(learner, batch), HasSubstr("non-finite loss"));
}

TEST(NonFiniteTarget, OfFiniteNetworksIsCalledATarget) {
  Td3Learner learner(TestOptions(kVector));
  FlatParams& target = learner.impl().target_critic_params;
  for (const char* twin : {"critic/q1", "critic/q2"}) {  // 1e30 x -1e30 is too much
    target.Frozen(std::string(twin) + "/1/weight").fill_(1e30f);
    target.Frozen(std::string(twin) + "/2/weight").fill_(-1e30f);
  }
  EXPECT_THAT(HaltOf(learner, RandomBatch(8, kVector, 1)), HasSubstr("non-finite target"));
}

TEST(NonFiniteLoss, OfTheActorPutsTheCriticBack) {
  Td3Learner learner(TestOptions(kVector));
  learner.Update(RandomBatch(8, kVector, 0));
  FlatParams& actor = learner.impl().actor_params;
  actor.Frozen("actor/head/1/weight").fill_(1e30f);
  actor.Frozen("actor/head/2/weight").fill_(1e30f);
  EXPECT_THAT(HaltOf(learner, RandomBatch(8, kVector, 1)),
              AllOf(HasSubstr("non-finite loss"), HasSubstr("of the actor")));
}

TEST(NonFiniteGradient, IsNamedWhereTheLossIsStillFinite) {
  for (const char* name : {"critic/q1/1/weight", "actor/head/1/bias"}) {
    Td3Learner learner(TestOptions(kVector));
    learner.Update(RandomBatch(8, kVector, 0));  // the next one trains the actor
    const bool of_actor = std::string(name).starts_with("actor/");
    FlatParams& params = of_actor ? learner.impl().actor_params : learner.impl().critic_params;
    params.Leaf(name).register_hook([](const at::Tensor& grad) { return grad * kNan; });
    EXPECT_THAT(HaltOf(learner, RandomBatch(8, kVector, 1)),
                AllOf(HasSubstr("non-finite gradient"), HasSubstr(name)));
  }
}

// ---- files -------------------------------------------------------------------------------------

TEST(NonFiniteFile, IsRefusedWithTensorAndElement) {
  Td3Learner learner(TestOptions(kVector));
  for (const char* name :
       {"actor/head/1/bias", "target_critic/q2/0/bias", "adam/second_moment/critic/q1/0/bias"}) {
    auto tensors = learner.SaveTensors(TensorScope::kEverything);
    const auto bad = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const NamedTensor& t) { return t.name == name; });
    ASSERT_NE(bad, tensors.end());
    std::memcpy(bad->bytes.data() + 7 * sizeof(float), &kInf, sizeof kInf);
    const auto before = learner.SaveTensors(TensorScope::kEverything);
    try {
      learner.LoadTensors(tensors, TensorScope::kEverything, "runs/x/checkpoints/step_1");
      ADD_FAILURE() << name << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput);
      EXPECT_THAT(error.OneLine(), AllOf(HasSubstr("runs/x/checkpoints/step_1"), HasSubstr(name),
                                         HasSubstr("element 7 of 256 is inf")));
    }
    EXPECT_TRUE(learner.SaveTensors(TensorScope::kEverything) == before);
  }
}

}  // namespace
}  // namespace volante
