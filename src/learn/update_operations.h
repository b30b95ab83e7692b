// How many floating-point operations one update of the learner's networks takes: what the machine's
// rate of matrix products is divided by to get a ceiling. Counts convolutions and linear layers,
// which are all but a thousandth; normalisation, activations, Adam and losses are not counted.
// Torch-free header; pure functions.
#pragma once

#include "learn/td3.h"

namespace volante {

// Two per multiply-add.
struct UpdateOperations {
  double convolutions = 0.0;  // run in bf16 with learner.bf16_encoder
  double linear = 0.0;
  double total() const { return convolutions + linear; }
};

// Of one update with `batch_size` transitions, the actor's step divided by policy_delay. For the
// wirings separate and shared_critic and the encoders of three convolutions.
UpdateOperations CountUpdateOperations(const Td3Options& options, int batch_size);

}  // namespace volante
