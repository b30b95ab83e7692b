// The C++ side of the oracle: raw experience, the files that tools/oracle/td3_oracle.py reads and
// writes, and the comparison of two states.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "learn/td3.h"

namespace volante {

// Episodes tick by tick, as td3_oracle.py describes them.
struct Experience {
  std::vector<uint8_t> frames;  // [T, 84, 84], empty without images
  int vector_size = kVectorSize;
  std::vector<float> vectors, actions, rewards;
  std::vector<float> labels;  // [T, 2] a teacher's actions
  std::vector<uint8_t> flags;
  std::vector<int64_t> episode_start;
  std::vector<int> transitions;  // rows that have a next observation
};

Experience MakeExperience(ObservationShape mode, int num_ticks, uint64_t seed);

// `count` batches of `size` transition numbers each.
std::vector<std::vector<int>> DrawBatches(const Experience& experience, int count, int size,
                                          uint64_t seed);

// What the replay would hand to the learner for these transitions.
Batch GatherBatch(const Experience& experience, const std::vector<int>& rows, int frame_stride,
                  double discount);

inline constexpr int kSequenceReturns = 2;  // rewards per step of the sequences below

// The same for sequences, one from each of these first steps (learner.memory).
Batch GatherSequences(const Experience& experience, const std::vector<int>& firsts,
                      int frame_stride, const LearnerConfig& config);

struct OracleResult {
  std::vector<NamedTensor> tensors;
  nlohmann::json records;  // one object of metrics per update
};

// Runs the oracle from the learner's present state; fails the test when it does not finish. `more`
// is added to its case.
OracleResult RunOracle(Td3Learner& learner, const Td3Options& options, const Experience& experience,
                       const std::vector<std::vector<int>>& batches, int frame_stride,
                       const std::string& name,
                       const nlohmann::json& more = nlohmann::json::object());

// ||a - b|| / ||b|| per tensor (||a - b|| where b is 0), worst first; names must agree.
struct TensorError {
  std::string name;
  double relative = 0.0;
};
std::vector<TensorError> CompareTensors(const std::vector<NamedTensor>& ours,
                                        const std::vector<NamedTensor>& theirs);

// Fails for every tensor that is further off; without `moments` Adam's are left out.
void ExpectClose(const std::vector<NamedTensor>& ours, const std::vector<NamedTensor>& theirs,
                 double tolerance, bool moments);

// function(tensor, number) of every number of the learner's state is what it becomes.
void ChangeState(Td3Learner& learner,
                 const std::function<double(const NamedTensor&, double)>& function);

// Biases start at zero, so after a few updates their norm is of the size of one Adam step, and an
// error relative to it says nothing about the update. Those of a trained network have some size.
void GiveBiasesSize(Td3Learner& learner);

// Second moments as after many updates, so that Adam's step is not the sign of the gradient: a unit
// that was silent until now has a first gradient of which two programs agree on little more.
void GiveMomentsSize(Td3Learner& learner);

}  // namespace volante
