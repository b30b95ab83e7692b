// The artificial potential field, as reward shaping and as a push on the actions (spec.md section
// 3, off by default).
//
// Khatib, "Real-Time Obstacle Avoidance for Manipulators and Mobile Robots", IJRR 5(1), 1986:
//   U_att = 1/2 k_a d^2 up to d*, k_a d* d - 1/2 k_a d*^2 beyond;  d the way left to the route's
//   end U_rep = 1/2 k_r (1/rho - 1/rho0)^2 below rho0, else 0;         rho the gap to what is in
//   the way
// The way left is the straight line to the route's point 8 m ahead and from there along the route:
// beside the route it is longer. What is in the way is the nearer of the lead vehicle and the line
// at which the car must wait (lead_gap_m, yield_distance_m): cars that pass by on their own lane do
// not repel. Below 1 m rho counts as 1 m, so that everything is bounded.
//
// Reads DriveFacts alone, so it is the same in every simulator; an environment calls it. Stateless.
#pragma once

#include "config/config.h"
#include "env_api/env.h"

namespace volante {

// Ng, Harada and Russell, "Policy Invariance Under Reward Transformations", ICML 1999: adding
// discount * Phi(s') - Phi(s) to the reward leaves the optimal policies as they are, if Phi is 0 in
// terminal states. A truncated episode does not end in one: Phi(s') is that of s'.
constexpr double PotentialDifference(double discount, double before, double after,
                                     bool terminated) {
  return (terminated ? 0.0 : discount * after) - before;
}

class PotentialField {
 public:
  // `discount` must be the learner's, per action: with action_repeat 2 an action is two ticks, and
  // the difference is over both.
  PotentialField(const ShapingConfig& shaping, double discount)
      : shaping_(shaping), discount_(discount) {}

  bool shapes_reward() const { return shaping_.reward_weight > 0.0; }
  bool shapes_actions() const { return shaping_.action_gain > 0.0; }

  // Phi = -(U_att + U_rep) / U_max in [-1, 0]; U_max is U at the start of a route with something
  // 1 m ahead.
  double Potential(const DriveFacts& facts) const;
  // reward_weight times the difference of potentials over one action.
  double Reward(double potential_before, const DriveFacts& after) const;

  // F = -grad U over k_a d*, the largest attraction, in the car's frame and clipped to [-1, 1]:
  //   steer     the attraction's part to the left: towards the route's point 8 m ahead
  //   throttle  its part forward less the repulsion, which pushes straight back
  Action Push(const DriveFacts& facts) const;
  // clip(action + action_gain * Push, -1, 1). The environment applies it to whatever drives, in
  // training and in evaluation: the field is a property of the world that is driven in. So what a
  // replay memory stores is the agent's own action; it is the one whose value the critic learns and
  // the actor is asked for.
  Action Apply(const Action& action, const DriveFacts& facts) const;

 private:
  double WayLeft(const DriveFacts& facts) const;
  double AttractionEnergy(double way_left_m) const;
  double RepulsionEnergy(double gap_m) const;

  ShapingConfig shaping_;
  double discount_;
};

}  // namespace volante
