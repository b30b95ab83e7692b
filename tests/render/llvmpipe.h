// A second painter of paths, for tests: Mesa's software OpenGL (llvmpipe) behind EGL, without a
// window. It shares nothing with src/render/: points are projected by a matrix in doubles, OpenGL
// clips, divides by the depth, fills and blends. One thread. The display, context and buffers live
// as long as the object.
//
// Coverage of a pixel is counted. A path is drawn into a large image whose pixels are samples of
// the picture; a sample is covered when the path's outlines wind around it. The large image is the
// picture turned and scaled by an integer matrix (a, b; -b, a): so each pixel of the picture holds
// the same a^2 + b^2 samples, all in different rows and columns, and neither upright nor level
// edges run along the grid.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace volante {

class Llvmpipe {
 public:
  struct Grid {
    int a = 28, b = 15;  // one of them odd, the other even: a sample lies in the pixel's middle
  };
  // Null, and why, where EGL or llvmpipe is not there or the build is one that can't run it.
  static std::unique_ptr<Llvmpipe> Open(int width, int height, Grid grid, std::string& why_not);
  ~Llvmpipe();

  // (u w, v w, w) of a point (x, y, z, 1), row by row: pixels, and the depth w in metres. What is
  // nearer than near_m is clipped.
  struct Projection {
    std::array<double, 12> rows;
    double near_m = 0.2;
  };
  // Adds a closed outline (xyz, flat or nearly so) to the path.
  void Add(const Projection& projection, std::span<const std::array<double, 3>> points);
  // Paints the path over the picture and empties it. rgb: 0..255; opacity: 0..1.
  void Fill(const std::array<float, 3>& rgb, float opacity);
  // The same in the colours of a picture [height, width, 3].
  void Fill(std::span<const uint8_t> rgb);
  void Clear();  // the picture: black
  // Two pictures are painted at once. Where outlines of one path overlap within a pixel, their
  // shares add up to at most 1, as in src/render/coverage.h, or count once.
  enum class Overlap { kAddsUp, kCountsOnce };
  // [height, width, 3] in 0..255, not rounded.
  std::vector<float> Read(Overlap overlap);
  const std::string& renderer() const;  // GL_RENDERER

 private:
  struct Impl;
  explicit Llvmpipe(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace volante
