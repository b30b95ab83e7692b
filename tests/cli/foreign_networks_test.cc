// Checkpoints that are whole, by size and hash, but hold other networks: each command says which
// layer, which shape, and ends with exit code 3 before anything is changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>

#include "base/files.h"
#include "cli/run_program.h"
#include "store/checkpoint.h"

namespace volante {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Tensors = std::vector<NamedTensor>;

struct Foreign {
  const char* name;
  const char* part;    // of the checkpoint: policy or learner
  const char* tensor;  // that `change` gets
  std::function<void(Tensors&, NamedTensor&)> change;
  const char* says;
};

void PrintTo(const Foreign& f, std::ostream* out) { *out << f.name; }

std::vector<Foreign> Cases() {
  return {
      {"missing", "policy", "actor/head/1/weight",
       [](Tensors& all, NamedTensor& t) {
         std::erase_if(all,
                       [name = t.name](const NamedTensor& other) { return other.name == name; });
       },
       "tensor actor/head/1/weight of shape [64, 64] is missing"},
      {"one_too_many", "policy", "critic/q1/0/bias",
       [](Tensors& all, NamedTensor& t) {
         NamedTensor more = t;
         more.name = "critic/q3/0/bias";
         all.push_back(more);
       },
       "tensor critic/q3/0/bias of shape [64] belongs to no layer"},
      {"another_shape", "policy", "critic/q2/1/weight",
       [](Tensors&, NamedTensor& t) {
         t.shape = {32, 128};  // as many bytes
       },
       "tensor critic/q2/1/weight has shape [32, 128], not [64, 64]"},
      {"another_dtype", "policy", "actor/head/0/bias",
       [](Tensors&, NamedTensor& t) {
         t.dtype = TensorDtype::kF64;
         t.bytes.resize(2 * t.bytes.size());
       },
       "tensor actor/head/0/bias is F64, not F32"},
      {"not_a_number", "policy", "actor/head/0/bias",
       [](Tensors&, NamedTensor& t) {
         const float nan = std::numeric_limits<float>::quiet_NaN();
         std::memcpy(t.bytes.data() + 3 * sizeof nan, &nan, sizeof nan);
       },
       "tensor actor/head/0/bias: element 3 of 64 is nan"},
      {"another_moment", "learner", "adam/first_moment/critic/q1/0/bias",
       [](Tensors&, NamedTensor& t) { t.shape = {8, 8}; },
       "tensor adam/first_moment/critic/q1/0/bias has shape [8, 8], not [64]"},
  };
}

class ForeignNetworks : public ::testing::TestWithParam<Foreign> {
 protected:
  void SetUp() override {
    if (!LearnerIsBuilt()) GTEST_SKIP() << "volante-learn is not in this build";
  }
  Ran Volante(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), VolantePath());
    return Execute(arguments, {.directory = scratch_.path()});
  }
  std::string Path(const std::string& name) const { return scratch_.path() + "/" + name; }

  // Replaces the checkpoint by one with this change, as whole as the old one.
  void Change(const std::string& directory, const std::string& name, const Foreign& foreign) {
    Files& files = RealFiles();
    const std::string path = JoinPath(directory, name);
    CheckpointManifest manifest;
    std::vector<std::pair<std::string, std::vector<uint8_t>>> parts;
    std::vector<std::pair<std::string, Tensors>> tensors;
    {
      const CheckpointReader reader(files, path);
      manifest = reader.manifest();
      for (const FileRef& part : manifest.parts) {
        if (!part.name.ends_with(".safetensors")) {
          parts.emplace_back(part.name, reader.Part(part.name));
          continue;
        }
        const std::string stem = part.name.substr(0, part.name.find('.'));
        tensors.emplace_back(stem, reader.Tensors(stem));
      }
    }
    files.RemoveAll(path);
    CheckpointWriter writer(files, directory, name);
    for (const auto& [part, bytes] : parts) writer.AddPart(part, bytes);
    bool changed = false;
    for (auto& [part, all] : tensors) {
      for (size_t i = 0; part == foreign.part && !changed && i < all.size(); ++i) {
        if (all[i].name != foreign.tensor) continue;
        foreign.change(all, all[i]);
        changed = true;
      }
      writer.AddTensors(part, all);
    }
    ASSERT_TRUE(changed) << foreign.tensor;
    writer.Commit(manifest);
  }

  ScratchDirectory scratch_;
};

INSTANTIATE_TEST_SUITE_P(Commands, ForeignNetworks, ::testing::ValuesIn(Cases()),
                         [](const auto& foreign) { return foreign.param.name; });

TEST_P(ForeignNetworks, AreRefusedByLayerAndShape) {
  const Ran train = Volante({"train", "--preset", "smoke", "--set", "env.town=tiny", "--set",
                             "learner.head_widths=64,64", "--run-dir", "run", "--quiet"});
  ASSERT_EQ(train.exit_code, 0) << train.err;
  Change(Path("run/checkpoints"), "step_600", GetParam());

  const Ran resumed = Volante({"train", "--resume", "run", "--max-timesteps", "700"});
  EXPECT_EQ(resumed.exit_code, 3) << resumed.err;
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("error: "), HasSubstr("checkpoints/step_600"),
                                 HasSubstr(GetParam().says)));
  EXPECT_TRUE(std::filesystem::exists(Path("run/checkpoints/step_600"))) << "nothing was changed";

  const Ran evaluated =
      Volante({"evaluate", "--checkpoint", "run/checkpoints/step_600", "--num-episodes", "1"});
  if (std::string(GetParam().part) == "learner") {  // evaluation needs the policy alone
    EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
    return;
  }
  EXPECT_EQ(evaluated.exit_code, 3) << evaluated.err;
  EXPECT_THAT(evaluated.err, AllOf(HasSubstr("error: "), HasSubstr("checkpoints/step_600"),
                                   HasSubstr(GetParam().says)));
}

}  // namespace
}  // namespace volante
