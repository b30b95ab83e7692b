// When a junction's lights change: by the cars that come, as vehicle-actuated control does (FHWA,
// Traffic Signal Timing Manual, chapter 5). A phase rests in green while nobody else asks; once
// somebody does it ends when its own cars are through (gap out), at the latest when its green is
// over (max out), and the next phase that is asked for has its turn. So an empty town keeps nobody,
// and a full one serves every phase within a cycle.
#pragma once

#include <cstdint>

#include "road/signals.h"

namespace volante {

inline constexpr double kLeastGreen_s = 4.0;       // the first car of a queue gets across
inline constexpr double kAsksFrom_m = 40.0;        // before the line: who comes asks for its phase
inline constexpr double kKeepsGreenFrom_m = 20.0;  // and keeps its green from here on

// A junction's lights at a moment, and what its cars asked for in the last tick.
struct SignalMoment {
  int32_t phase = 0;                      // whose turn it is
  LightColor color = LightColor::kGreen;  // its colour; all other phases are red
  int32_t ticks = 0;                      // since that colour began
  uint32_t asked = 0;                     // bits of phases that cars wait for
  bool kept = false;                      // by a car that the present phase lets go

  LightColor ColorOf(int of_phase) const { return of_phase == phase ? color : LightColor::kRed; }
  // Of a lane that goes in these phases (bits).
  LightColor ColorFor(uint32_t phases) const {
    return (phases >> phase & 1u) != 0 ? color : LightColor::kRed;
  }
  // A car on such a lane, with its front so far before the line.
  void Ask(uint32_t phases, double distance_m);
  // One tick of kSimTickSeconds; forgets what was asked.
  void Advance(const SignalPlan& plan);

  template <class Archive>
  void VisitFields(Archive& ar) {
    ar("phase", phase);
    ar("color", color);
    ar("ticks", ticks);
    ar("asked", asked);
    ar("kept", kept);
  }
};

}  // namespace volante
