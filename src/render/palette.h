// The colours of the town, once for gray and RGB, and the shading rules that every surface shares.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace volante {

struct Color {
  float r = 0.0f, g = 0.0f, b = 0.0f;  // 0..255

  friend bool operator==(const Color&, const Color&) = default;
};

inline Color Mix(Color a, Color b, float share_of_b) {
  return {a.r + (b.r - a.r) * share_of_b, a.g + (b.g - a.g) * share_of_b,
          a.b + (b.b - a.b) * share_of_b};
}
inline Color Times(Color c, Color factor) {
  return {c.r * factor.r, c.g * factor.g, c.b * factor.b};
}
inline Color Scaled(Color c, float k) {
  return {std::min(c.r * k, 255.0f), std::min(c.g * k, 255.0f), std::min(c.b * k, 255.0f)};
}
inline int ToByte(float value) {
  return value <= 0.0f ? 0 : value >= 255.0f ? 255 : static_cast<int>(value + 0.5f);
}
// The gray of a colour: (77 R + 150 G + 29 B) >> 8 of its rounded bytes.
inline int GrayOf(Color c) {
  return (77 * ToByte(c.r) + 150 * ToByte(c.g) + 29 * ToByte(c.b)) >> 8;
}

namespace palette {
inline constexpr Color kZenith{96, 142, 206}, kHorizon{206, 220, 232};
inline constexpr Color kHills{142, 158, 160};
inline constexpr Color kRoad{80, 81, 86}, kShoulder{92, 92, 94};
inline constexpr Color kSidewalk{158, 154, 147}, kKerb{196, 194, 188};
inline constexpr Color kGrass{106, 134, 68}, kVerge{98, 122, 64};
inline constexpr Color kWhiteMark{236, 236, 230}, kYellowMark{232, 186, 62};
inline constexpr Color kWindow{58, 70, 86}, kDoor{84, 60, 46}, kRoofFlat{120, 118, 116};
inline constexpr Color kGlass{30, 36, 44}, kTyre{22, 22, 24}, kUnderbody{26, 26, 28};
inline constexpr Color kTailLight{138, 18, 22}, kBrakeLight{255, 96, 70};
inline constexpr Color kTailLightLit{224, 30, 28}, kHeadLightLit{255, 252, 238};
inline constexpr Color kWindowLit{236, 196, 122};
inline constexpr Color kHeadLight{244, 244, 232}, kPlate{226, 226, 218};
inline constexpr Color kPole{92, 96, 98}, kSignalBoard{22, 24, 26}, kSignalBack{66, 70, 70};
// Lamps from top to bottom, dark and lit.
inline constexpr std::array<Color, 3> kLamps = {{{64, 24, 22}, {66, 50, 18}, {20, 54, 36}}};
inline constexpr std::array<Color, 3> kLampsLit = {
    {{255, 104, 84}, {255, 200, 70}, {84, 250, 164}}};
inline constexpr Color kTrunk{88, 66, 48};
// Every body colour keeps away from the road's gray (80), lit or shaded: a car must be seen.
inline constexpr std::array<Color, 8> kBodies = {{{236, 236, 236},
                                                  {24, 24, 28},
                                                  {188, 192, 198},
                                                  {150, 18, 22},
                                                  {26, 52, 128},
                                                  {226, 208, 168},
                                                  {20, 62, 44},
                                                  {248, 206, 62}}};
inline constexpr std::array<Color, 7> kWalls = {{{214, 196, 164},
                                                 {178, 108, 84},
                                                 {226, 222, 212},
                                                 {150, 152, 158},
                                                 {196, 170, 128},
                                                 {164, 128, 104},
                                                 {186, 196, 200}}};
inline constexpr std::array<Color, 4> kRoofs = {
    {{138, 70, 54}, {92, 84, 84}, {112, 88, 70}, {74, 78, 88}}};
inline constexpr std::array<Color, 4> kCrowns = {
    {{58, 98, 44}, {78, 112, 46}, {48, 84, 50}, {96, 116, 52}}};
}  // namespace palette

// Light of the sky alone and of sky plus sun on a surface that faces it.
inline constexpr float kAmbient = 0.66f, kSun = 0.36f;
inline constexpr float kSunElevationSin = 0.64f, kSunElevationCos = 0.768f;
inline constexpr float kSunAzimuthCos = 0.6f, kSunAzimuthSin = 0.8f;  // in the world's frame

// Thin haze: half of the horizon's colour at this distance.
inline constexpr float kHazeHalf_m = 900.0f;

}  // namespace volante
