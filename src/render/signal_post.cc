// Traffic lights: poles with a board that faces one approach. Boards and lamps are a third larger
// than life (EN 12368 has lamps of 0.3 m), and lit lamps dazzle around themselves: 30 m away they
// are one pixel of an 84 x 84 picture, whose place on the board and brightness tell the colour.
#include <algorithm>
#include <cmath>

#include "render/objects.h"

namespace volante {
namespace {

constexpr float kHalfPole_m = 0.09f;
constexpr float kHalfBoard_m = 0.5f, kHalfBoardHeight_m = 1.15f;
constexpr float kLampPitch_m = 0.7f, kLampRadius_m = 0.2f, kBloomRadius_m = 0.36f;
constexpr float kDarkLampsFar_m = 25.0f;

struct Board {
  PixelPoint at;           // level frame
  float right_x, right_y;  // unit, of who looks at its front
  float middle_m;

  Vec3f On(float right_m, float up_m) const {
    return {at.u + right_x * right_m, at.v + right_y * right_m, middle_m + up_m};
  }
};

void AddDisc(const Board& board, float up_m, float radius_m, Painter& painter) {
  static constexpr float kCos[8] = {0.924f,  0.383f,  -0.383f, -0.924f,
                                    -0.924f, -0.383f, 0.383f,  0.924f};
  static constexpr float kSin[8] = {0.383f,  0.924f,  0.924f,  0.383f,
                                    -0.383f, -0.924f, -0.924f, -0.383f};
  Vec3f outline[8];
  for (int i = 0; i < 8; ++i) {
    outline[i] = board.On(radius_m * kCos[i], up_m + radius_m * kSin[i]);
  }
  painter.Add(outline);
}

}  // namespace

void PaintSignal(const SignalPost& post, std::span<const LightColor> lights, PixelPoint at,
                 Painter& painter) {
  const View& view = painter.view;
  const float fx = post.cos_facing * view.cos_heading + post.sin_facing * view.sin_heading;
  const float fy = post.sin_facing * view.cos_heading - post.cos_facing * view.sin_heading;
  const float distance_m = std::max(std::sqrt(at.u * at.u + at.v * at.v), 0.5f);
  const float sx = -at.v / distance_m * kHalfPole_m, sy = at.u / distance_m * kHalfPole_m;
  const float foot_m = post.lamp_m - kHalfBoardHeight_m;
  const Vec3f pole[4] = {{at.u + sx, at.v + sy, 0.0f},
                         {at.u + sx, at.v + sy, foot_m},
                         {at.u - sx, at.v - sy, foot_m},
                         {at.u - sx, at.v - sy, 0.0f}};
  painter.Add(pole);
  painter.FillFlat(palette::kPole, SemanticClass::kTrafficLight);

  const bool front = fx * at.u + fy * at.v < 0.0f;
  const Board board{at, -fy, fx, post.lamp_m};
  const Vec3f outline[4] = {
      board.On(-kHalfBoard_m, -kHalfBoardHeight_m), board.On(kHalfBoard_m, -kHalfBoardHeight_m),
      board.On(kHalfBoard_m, kHalfBoardHeight_m), board.On(-kHalfBoard_m, kHalfBoardHeight_m)};
  painter.Add(outline);
  painter.FillFlat(front ? palette::kSignalBoard : palette::kSignalBack,
                   SemanticClass::kTrafficLight);
  if (!front || !HasColors(painter.canvas.mode)) return;
  const bool known = post.light < lights.size();
  // From top to bottom: red, amber, green.
  const int lit = known ? 2 - static_cast<int>(lights[post.light]) : -1;
  for (int lamp = 0; lamp < 3; ++lamp) {
    const float up_m = kLampPitch_m * static_cast<float>(1 - lamp);
    const auto k = static_cast<size_t>(lamp);
    if (lamp == lit) {
      AddDisc(board, up_m, kBloomRadius_m, painter);
      painter.FillGlowing(palette::kLampsLit[k], SemanticClass::kTrafficLight, 0.6f);
      AddDisc(board, up_m, kLampRadius_m, painter);
      painter.FillGlowing(palette::kLampsLit[k], SemanticClass::kTrafficLight);
    } else if (distance_m < kDarkLampsFar_m) {
      AddDisc(board, up_m, kLampRadius_m, painter);
      painter.Fill(palette::kLamps[k], SemanticClass::kTrafficLight);
    }
  }
}

}  // namespace volante
