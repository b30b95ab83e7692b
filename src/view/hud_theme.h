// The colours of the overlay, in one place. Private to the folder.
#pragma once

#include "view/hud_canvas.h"

namespace volante::hud::theme {

inline constexpr Rgb kPanel{13, 17, 23};      // behind text, translucent
inline constexpr Rgb kInk{240, 244, 248};     // text and numbers
inline constexpr Rgb kMuted{154, 166, 178};   // labels
inline constexpr Rgb kTrack{58, 67, 77};      // the empty part of a bar
inline constexpr Rgb kAccent{56, 189, 248};   // the agent: steering, route
inline constexpr Rgb kGood{74, 222, 128};     // throttle, positive reward, success
inline constexpr Rgb kBad{248, 113, 113};     // brake, negative reward, collision
inline constexpr Rgb kCaution{251, 191, 36};  // exploring, timeouts

inline constexpr Rgb kGround{24, 31, 39};  // the map
inline constexpr Rgb kSidewalk{44, 53, 62};
inline constexpr Rgb kRoad{71, 82, 93};
inline constexpr Rgb kMark{196, 204, 212};
inline constexpr Rgb kYellowMark{214, 176, 84};
inline constexpr Rgb kDriven{44, 96, 128};
inline constexpr Rgb kNpc{251, 191, 36};

inline constexpr double kPanelAlpha = 0.80;

}  // namespace volante::hud::theme
