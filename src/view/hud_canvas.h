// Drawing on an RGB picture with OpenCV: translucent rounded panels, anti-aliased text, lines and
// gauges; all of it clips at the edges. Private to the folder (it includes OpenCV), and in a
// namespace of its own because the renderer has a canvas too.
#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <opencv2/freetype.hpp>
#include <span>
#include <string>

#include "view/overlay.h"

namespace volante::hud {

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
  cv::Scalar scalar() const { return {double(r), double(g), double(b)}; }
};

enum class Align { kLeft, kCenter, kRight };
enum class Weight { kRegular, kBold };

// DejaVu Sans where it is installed (it comes with OpenCV's window library in Debian), else
// OpenCV's own stroke font.
class Fonts {
 public:
  Fonts();
  // Coverage of the text, 8 bits, with the baseline `*baseline` pixels below its top.
  cv::Mat Render(const std::string& text, int size_px, Weight weight, int* baseline) const;
  bool has_outlines() const { return !faces_[0].empty(); }

 private:
  std::array<cv::Ptr<cv::freetype::FreeType2>, 2> faces_;
};

class Canvas {
 public:
  // Draws into `rgb`, CV_8UC3 in the order red, green, blue; `unit` is pixels per layout pixel of
  // 1280 x 720 and scales line widths and text sizes.
  Canvas(cv::Mat rgb, const Fonts& fonts, double unit) : rgb_(rgb), fonts_(fonts), unit_(unit) {}

  double unit() const { return unit_; }
  cv::Mat& image() { return rgb_; }

  // Coordinates in pixels, sub-pixel positions count. alpha in [0, 1].
  void FillRounded(double x, double y, double width, double height, double radius, Rgb color,
                   double alpha);
  void Line(std::span<const cv::Point2d> points, Rgb color, double width, bool closed = false);
  void FillPolygon(std::span<const cv::Point2d> points, Rgb color);
  void Disk(cv::Point2d center, double radius, Rgb color);
  void Circle(cv::Point2d center, double radius, Rgb color, double width);
  // `y` is the baseline; size in layout pixels. Returns the width in pixels.
  double Text(double x, double y, const std::string& text, double size, Rgb color,
              Align align = Align::kLeft, Weight weight = Weight::kRegular);
  // From x on, in at most `room` pixels: with letters down to 70 % of the size, then without its
  // end, which dots stand for.
  double TextWithin(double room, double x, double y, const std::string& text, double size,
                    Rgb color, Weight weight = Weight::kRegular);

 private:
  int SizeInPixels(double size) const;
  double WidthOf(const std::string& text, double size, Weight weight) const;

  cv::Mat rgb_;
  const Fonts& fonts_;
  double unit_;
};

}  // namespace volante::hud
