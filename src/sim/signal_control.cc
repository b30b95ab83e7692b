#include "sim/signal_control.h"

#include "sim/npc.h"

namespace volante {

void SignalMoment::Ask(uint32_t phases, double distance_m) {
  if (ColorFor(phases) == LightColor::kGreen) {
    kept |= distance_m <= kKeepsGreenFrom_m;
  } else if (distance_m <= kAsksFrom_m) {
    asked |= phases;
  }
}

void SignalMoment::Advance(const SignalPlan& plan) {
  const SignalPhase& now = plan.phases[static_cast<size_t>(phase)];
  const auto become = [&](LightColor next) { color = next, ticks = 0; };
  ++ticks;
  const double since_s = ticks * kSimTickSeconds;
  if (color == LightColor::kGreen) {
    const bool over = !kept || since_s >= now.green_s;
    if (asked != 0 && since_s >= kLeastGreen_s && over) become(LightColor::kAmber);
  } else if (color == LightColor::kAmber) {
    if (since_s >= now.amber_s) become(LightColor::kRed);
  } else if (since_s >= now.all_red_s) {
    const auto count = static_cast<int32_t>(plan.phases.size());
    int32_t next = asked == 0 ? phase : (phase + 1) % count;
    while (asked != 0 && (asked >> next & 1u) == 0) next = (next + 1) % count;
    phase = next;
    become(LightColor::kGreen);
  }
  asked = 0;
  kept = false;
}

}  // namespace volante
