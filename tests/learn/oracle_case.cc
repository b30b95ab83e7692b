#include "learn/oracle_case.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/hash.h"
#include "base/random.h"

namespace volante {
namespace {

constexpr std::string_view kNoisePurpose = "target_policy_noise";
constexpr uint8_t kRunning = 0, kTerminated = 1, kTruncated = 2;

template <class T>
NamedTensor Raw(std::string name, TensorDtype dtype, std::vector<int64_t> shape,
                const std::vector<T>& values) {
  NamedTensor tensor{std::move(name), dtype, std::move(shape), {}};
  tensor.bytes.resize(values.size() * sizeof(T));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

std::vector<double> AsDoubles(const NamedTensor& tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.NumElements()));
  for (size_t i = 0; i < values.size(); ++i) {
    if (tensor.dtype == TensorDtype::kF64) {
      std::memcpy(&values[i], tensor.bytes.data() + 8 * i, 8);
    } else {
      float value;
      std::memcpy(&value, tensor.bytes.data() + 4 * i, 4);
      values[i] = value;
    }
  }
  return values;
}

nlohmann::json CaseJson(const Td3Learner& learner, const Td3Options& o, int frame_stride) {
  const LearnerConfig& c = o.config;
  const LearnerCounters counters = learner.counters();
  return {
      {"mode", NameOf(o.mode.mode)},
      {"wiring", NameOf(c.wiring)},
      {"encoder", NameOf(c.encoder)},
      {"batchnorm", NameOf(c.batchnorm)},
      {"head_layernorm", c.head_layernorm},
      {"with_features", c.bf16_encoder},  // for comparison: the oracle itself computes in float32
      {"fusion", c.fusion == Fusion::kTrunk ? "trunk" : "concat"},
      {"target_encoder",
       c.wiring == Wiring::kSeparate || (c.wiring == Wiring::kSharedCritic && c.target_encoder)},
      {"feature_width", c.feature_width},
      {"trunk_width", c.trunk_width},
      {"head_widths", c.head_widths},
      {"actor_lr", c.actor_lr},
      {"critic_lr", c.critic_lr},
      {"actor_encoder_lr", c.actor_encoder_lr},
      {"critic_encoder_lr", c.critic_encoder_lr},
      {"discount", c.discount},
      {"tau", c.tau},
      {"target_policy_noise", c.target_policy_noise},
      {"target_noise_clip", c.target_noise_clip},
      {"policy_delay", c.policy_delay},
      {"twin_critics", c.twin_critics},
      {"target_value", NameOf(c.target_value)},
      {"momentum_delta", NameOf(c.momentum_delta)},
      {"momentum_last", NameOf(c.momentum_last)},
      {"critic_action_layer", c.critic_action_layer},
      {"critic_weight_decay", c.critic_weight_decay},
      {"grad_clip", NameOf(c.grad_clip)},
      {"grad_value", c.grad_value},
      {"actor_grad_norm", c.actor_grad_norm},
      {"critic_grad_norm", c.critic_grad_norm},
      {"pre_tanh_penalty", c.pre_tanh_penalty},
      {"demonstration_share", o.demonstrations.share},
      {"replay_priority", NameOf(o.priority)},
      {"memory", NameOf(c.memory)},
      {"memory_units", MemoryUnits(c)},
      {"sequence_length", c.sequence_length},
      {"burn_in", c.burn_in},
      {"n_step", kSequenceReturns},
      {"bc_weight", o.demonstrations.bc_weight},
      {"bc_decay_updates", o.demonstrations.bc_decay_updates},
      {"imitation", NameOf(o.imitation.method)},
      {"frame_stride", frame_stride},
      {"dtype", o.dtype == LearnerDtype::kF64 ? "F64" : "F32"},
      {"threads", 2},
      {"noise_key", HashBytes(kNoisePurpose.data(), kNoisePurpose.size(), counters.seed)},
      {"updates", counters.updates},
      {"actor_updates", counters.actor_updates},
  };
}

}  // namespace

Experience MakeExperience(ObservationShape mode, int num_ticks, uint64_t seed) {
  RandomStream random(seed, "oracle experience");
  Experience e;
  e.vector_size = VectorSize(mode);
  int64_t start = 0;
  uint64_t length = 3 + random.Below(12);
  for (int64_t t = 0; t < num_ticks; ++t) {
    const bool last = static_cast<uint64_t>(t - start) + 1 == length;
    e.episode_start.push_back(start);
    const bool ends_next = static_cast<uint64_t>(t - start) + 2 == length;
    e.flags.push_back(!ends_next ? kRunning : random.Uniform() < 0.5 ? kTerminated : kTruncated);
    if (!last && t + 1 < num_ticks) e.transitions.push_back(static_cast<int>(t));
    for (int i = 0; i < VectorSize(mode); ++i)
      e.vectors.push_back(static_cast<float>(random.Normal()));
    for (int i = 0; i < kActionSize; ++i) {
      e.actions.push_back(static_cast<float>(random.Uniform(-1.0, 1.0)));
    }
    for (int i = 0; i < kActionSize; ++i) {
      e.labels.push_back(static_cast<float>(random.Uniform(-1.0, 1.0)));
    }
    e.rewards.push_back(static_cast<float>(random.Normal()));
    if (HasImage(mode)) {
      const uint64_t shade = random.Below(150), left = random.Below(60);
      for (uint64_t i = 0; i < kImagePixels; ++i) {
        const uint64_t x = i % kImageSide;
        const uint64_t bar = x >= left && x < left + 16 ? 80 : 0;
        e.frames.push_back(static_cast<uint8_t>(shade + bar + random.NextUint32() % 24));
      }
    }
    if (last) {
      start = t + 1;
      length = 3 + random.Below(12);
    }
  }
  return e;
}

std::vector<std::vector<int>> DrawBatches(const Experience& experience, int count, int size,
                                          uint64_t seed) {
  RandomStream random(seed, "oracle batches");
  std::vector<std::vector<int>> batches(static_cast<size_t>(count));
  for (auto& rows : batches) {
    for (int i = 0; i < size; ++i) {
      rows.push_back(experience.transitions[random.Below(experience.transitions.size())]);
    }
  }
  return batches;
}

namespace {

// Writes the observation of `row` as observation `i` of a batch.
void GatherObservation(const Experience& e, size_t row, int frame_stride, size_t i,
                       std::vector<uint8_t>& image, std::vector<float>& vector) {
  const auto width = static_cast<int64_t>(e.vector_size);
  std::copy_n(e.vectors.begin() + static_cast<int64_t>(row) * width, width,
              vector.begin() + static_cast<int64_t>(i) * width);
  if (e.frames.empty()) return;
  const auto start = static_cast<size_t>(e.episode_start[row]);
  for (int k = 0; k < kFrameStack; ++k) {
    const size_t frame =
        start + static_cast<size_t>(StackedFrame(static_cast<int>(row - start), k, frame_stride));
    std::memcpy(&image[(i * kFrameStack + static_cast<size_t>(k)) * kImagePixels],
                &e.frames[frame * kImagePixels], kImagePixels);
  }
}

}  // namespace

Batch GatherBatch(const Experience& e, const std::vector<int>& rows, int frame_stride,
                  double discount) {
  Batch batch;
  batch.Resize(static_cast<int>(rows.size()), !e.frames.empty(), e.vector_size);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<size_t>(rows[i]);
    GatherObservation(e, row, frame_stride, i, batch.image, batch.vector);
    GatherObservation(e, row + 1, frame_stride, i, batch.next_image, batch.next_vector);
    for (size_t j = 0; j < kActionSize; ++j) {
      batch.action[i * kActionSize + j] = e.actions[row * kActionSize + j];
    }
    batch.reward[i] = e.rewards[row];
    batch.discount[i] = e.flags[row] == kTerminated ? 0.0f : static_cast<float>(discount);
  }
  return batch;
}

Batch GatherSequences(const Experience& e, const std::vector<int>& firsts, int frame_stride,
                      const LearnerConfig& config) {
  const auto count = static_cast<int64_t>(firsts.size());
  Batch batch;
  batch.ResizeSequences(static_cast<int>(count), config.sequence_length, kSequenceReturns,
                        !e.frames.empty(), e.vector_size);
  const auto ticks = static_cast<int64_t>(e.flags.size());
  const auto goes_on = [&](int64_t row) {
    return row + 1 < ticks && e.episode_start[static_cast<size_t>(row)] ==
                                  e.episode_start[static_cast<size_t>(row + 1)];
  };
  for (int64_t s = 0; s < count; ++s) {
    const int64_t first = firsts[static_cast<size_t>(s)];
    const int64_t begin =
        std::max<int64_t>(first - config.burn_in, e.episode_start[static_cast<size_t>(first)]);
    int64_t last = begin;
    for (int64_t row = first; row < begin + config.sequence_length && goes_on(row); ++row) {
      double reward = 0.0, weight = 1.0;
      bool terminated = false;
      for (last = row; last < row + kSequenceReturns && goes_on(last); ++last) {
        reward += weight * static_cast<double>(e.rewards[static_cast<size_t>(last)]);
        weight *= config.discount;
        terminated = e.flags[static_cast<size_t>(last)] == kTerminated;
      }
      ++batch.size;
      batch.sequences.row.push_back((row - begin) * count + s);
      batch.sequences.next_row.push_back((last - begin) * count + s);
      batch.reward.push_back(static_cast<float>(reward));
      batch.discount.push_back(terminated ? 0.0f : static_cast<float>(weight));
      batch.weight.push_back(1.0f);
      for (int64_t j = 0; j < kActionSize; ++j) {
        batch.action.push_back(e.actions[static_cast<size_t>(row * kActionSize + j)]);
      }
    }
    for (int64_t row = begin; row <= last; ++row) {
      GatherObservation(e, static_cast<size_t>(row), frame_stride,
                        static_cast<size_t>((row - begin) * count + s), batch.image, batch.vector);
    }
  }
  return batch;
}

OracleResult RunOracle(Td3Learner& learner, const Td3Options& options, const Experience& experience,
                       const std::vector<std::vector<int>>& batches, int frame_stride,
                       const std::string& name, const nlohmann::json& more) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) /
      ("volante_oracle_" + name + "_" + std::to_string(getpid()));
  std::filesystem::create_directories(directory);

  const auto ticks = static_cast<int64_t>(experience.flags.size());
  std::vector<NamedTensor> tensors = learner.SaveTensors(TensorScope::kEverything);
  if (!experience.frames.empty()) {
    tensors.push_back(
        Raw("frames", TensorDtype::kU8, {ticks, kImageSide, kImageSide}, experience.frames));
  }
  tensors.push_back(
      Raw("vectors", TensorDtype::kF32, {ticks, experience.vector_size}, experience.vectors));
  tensors.push_back(Raw("actions", TensorDtype::kF32, {ticks, kActionSize}, experience.actions));
  tensors.push_back(Raw("labels", TensorDtype::kF32, {ticks, kActionSize}, experience.labels));
  tensors.push_back(Raw("rewards", TensorDtype::kF32, {ticks}, experience.rewards));
  tensors.push_back(Raw("flags", TensorDtype::kU8, {ticks}, experience.flags));
  tensors.push_back(Raw("episode_start", TensorDtype::kI64, {ticks}, experience.episode_start));

  nlohmann::json request = CaseJson(learner, options, frame_stride);
  request["batches"] = batches;
  request.update(more);
  std::ofstream blob(directory / "case.bin", std::ios::binary);
  size_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    request["tensors"][tensor.name] = {std::string(DtypeName(tensor.dtype)), tensor.shape, offset};
    blob.write(reinterpret_cast<const char*>(tensor.bytes.data()),
               static_cast<std::streamsize>(tensor.bytes.size()));
    offset += tensor.bytes.size();
  }
  blob.close();
  std::ofstream(directory / "case.json") << request;

  const std::string command =
      "/usr/bin/python3 " VOLANTE_SOURCE_DIR "/tools/oracle/td3_oracle.py " + directory.string();
  OracleResult result;
  const int status = std::system(command.c_str());
  EXPECT_EQ(status, 0) << command << " failed; it needs the package python3-torch";
  if (status != 0) return result;

  const auto reply = nlohmann::json::parse(std::ifstream(directory / "result.json"));
  std::ifstream bytes(directory / "result.bin", std::ios::binary);
  for (const auto& [tensor_name, entry] : reply["tensors"].items()) {
    NamedTensor tensor{tensor_name,
                       entry[0] == "F64" ? TensorDtype::kF64 : TensorDtype::kF32,
                       entry[1].get<std::vector<int64_t>>(),
                       {}};
    tensor.bytes.resize(static_cast<size_t>(tensor.NumElements()) * DtypeSize(tensor.dtype));
    bytes.seekg(entry[2].get<int64_t>());
    bytes.read(reinterpret_cast<char*>(tensor.bytes.data()),
               static_cast<std::streamsize>(tensor.bytes.size()));
    EXPECT_TRUE(bytes.good()) << tensor_name;
    result.tensors.push_back(std::move(tensor));
  }
  result.records = reply["records"];
  std::filesystem::remove_all(directory);
  return result;
}

std::vector<TensorError> CompareTensors(const std::vector<NamedTensor>& ours,
                                        const std::vector<NamedTensor>& theirs) {
  std::map<std::string, const NamedTensor*> by_name;
  for (const NamedTensor& tensor : theirs) by_name[tensor.name] = &tensor;
  EXPECT_EQ(ours.size(), theirs.size());
  std::vector<TensorError> errors;
  for (const NamedTensor& tensor : ours) {
    const auto found = by_name.find(tensor.name);
    EXPECT_TRUE(found != by_name.end()) << tensor.name << " is missing";
    if (found == by_name.end()) continue;
    EXPECT_EQ(found->second->shape, tensor.shape) << tensor.name;
    const std::vector<double> a = AsDoubles(tensor), b = AsDoubles(*found->second);
    double difference = 0.0, norm = 0.0;
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
      difference += (a[i] - b[i]) * (a[i] - b[i]);
      norm += b[i] * b[i];
    }
    const double relative = std::sqrt(difference) / (norm > 0.0 ? std::sqrt(norm) : 1.0);
    errors.push_back({tensor.name, std::isfinite(relative) ? relative : 1e300});
  }
  std::sort(errors.begin(), errors.end(),
            [](const TensorError& a, const TensorError& b) { return a.relative > b.relative; });
  return errors;
}

void ExpectClose(const std::vector<NamedTensor>& ours, const std::vector<NamedTensor>& theirs,
                 double tolerance, bool moments) {
  for (const TensorError& error : CompareTensors(ours, theirs)) {
    if (!moments && error.name.starts_with("adam/")) continue;
    EXPECT_LE(error.relative, tolerance) << error.name;
  }
}

namespace {

template <class Number, class Function>
void ForEachNumber(NamedTensor& tensor, const Function& function) {
  for (size_t at = 0; at < tensor.bytes.size(); at += sizeof(Number)) {
    Number value;
    std::memcpy(&value, &tensor.bytes[at], sizeof value);
    value = static_cast<Number>(function(static_cast<double>(value)));
    std::memcpy(&tensor.bytes[at], &value, sizeof value);
  }
}

}  // namespace

void ChangeState(Td3Learner& learner,
                 const std::function<double(const NamedTensor&, double)>& function) {
  std::vector<NamedTensor> tensors = learner.SaveTensors(TensorScope::kEverything);
  const LearnerCounters counters = learner.counters();
  for (NamedTensor& tensor : tensors) {
    const auto change = [&](double value) { return function(tensor, value); };
    if (tensor.dtype == TensorDtype::kF64) {
      ForEachNumber<double>(tensor, change);
    } else {
      ForEachNumber<float>(tensor, change);
    }
  }
  learner.LoadTensors(tensors, TensorScope::kEverything, "oracle test");
  learner.set_counters(counters);
}

void GiveBiasesSize(Td3Learner& learner) {
  RandomStream random(7, "bias");
  ChangeState(learner, [&](const NamedTensor& tensor, double value) {
    const bool is_bias = tensor.name.ends_with("bias") && !tensor.name.starts_with("adam");
    return is_bias ? value + 0.1 * random.Normal() : value;
  });
}

void GiveMomentsSize(Td3Learner& learner) {
  ChangeState(learner, [](const NamedTensor& tensor, double value) {
    return tensor.name.starts_with("adam/second_moment/") ? 1e-4 : value;
  });
  LearnerCounters counters = learner.counters();
  counters.updates += 1000;
  counters.actor_updates += 500;
  learner.set_counters(counters);
}

}  // namespace volante
