#include "view/hud_canvas.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <opencv2/imgproc.hpp>

namespace volante::hud {
namespace {

// OpenCV takes sub-pixel coordinates as integers with this many fractional bits.
constexpr int kShift = 4;

cv::Point Fixed(cv::Point2d p) {
  // OpenCV's pixel centres are at integers, ours at halves. The clamp keeps far points (a lane
  // that leaves the map) inside its 32-bit arithmetic.
  const auto fixed = [](double v) {
    return static_cast<int>(std::lround((std::clamp(v, -3e4, 3e4) - 0.5) * (1 << kShift)));
  };
  return {fixed(p.x), fixed(p.y)};
}

std::vector<cv::Point> Fixed(std::span<const cv::Point2d> points) {
  std::vector<cv::Point> out;
  out.reserve(points.size());
  for (const cv::Point2d& p : points) out.push_back(Fixed(p));
  return out;
}

int Thickness(double width) { return std::max(1, static_cast<int>(std::lround(width))); }

void Blend(uint8_t* pixel, Rgb color, double alpha) {
  const auto mix = [&](uint8_t& to, uint8_t from) {
    to = static_cast<uint8_t>(std::lround(to + alpha * (from - to)));
  };
  mix(pixel[0], color.r);
  mix(pixel[1], color.g);
  mix(pixel[2], color.b);
}

}  // namespace

Fonts::Fonts() {
  const std::string folder = "/usr/share/fonts/truetype/dejavu/";
  const std::array<std::string, 2> files = {folder + "DejaVuSans.ttf",
                                            folder + "DejaVuSans-Bold.ttf"};
  if (!std::filesystem::exists(files[0]) || !std::filesystem::exists(files[1])) return;
  for (size_t i = 0; i < files.size(); ++i) {
    faces_[i] = cv::freetype::createFreeType2();
    faces_[i]->loadFontData(files[i], 0);
  }
}

cv::Mat Fonts::Render(const std::string& text, int size_px, Weight weight, int* baseline) const {
  constexpr int kMargin = 4;
  cv::Mat color;
  if (has_outlines()) {
    const auto& face = faces_[weight == Weight::kBold];
    int below = 0;
    const cv::Size size = face->getTextSize(text, size_px, -1, &below);
    *baseline = size_px + kMargin;
    color = cv::Mat::zeros(size_px + size_px / 2 + 2 * kMargin, size.width + 2 * kMargin, CV_8UC3);
    face->putText(color, text, {kMargin, *baseline}, size_px, cv::Scalar::all(255), -1, cv::LINE_AA,
                  true);
  } else {
    // The stroke font knows ASCII only; its capitals are 21 units high.
    std::string ascii;
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x80) ascii += c;
    }
    const double scale = 0.72 * size_px / 21.0;
    const int thickness = std::max(1, size_px / (weight == Weight::kBold ? 10 : 16));
    int below = 0;
    const cv::Size size =
        cv::getTextSize(ascii, cv::FONT_HERSHEY_SIMPLEX, scale, thickness, &below);
    *baseline = size.height + kMargin;
    color = cv::Mat::zeros(size.height + below + 2 * kMargin, size.width + 2 * kMargin, CV_8UC3);
    cv::putText(color, ascii, {kMargin, *baseline}, cv::FONT_HERSHEY_SIMPLEX, scale,
                cv::Scalar::all(255), thickness, cv::LINE_AA);
  }
  cv::Mat coverage;
  cv::extractChannel(color, coverage, 0);
  // Cut to what is drawn in width, so that alignment is to the glyphs.
  const cv::Rect box = cv::boundingRect(coverage);
  if (box.width == 0) return cv::Mat(1, 1, CV_8UC1, cv::Scalar(0));
  return coverage.colRange(box.x, box.x + box.width).clone();
}

void Canvas::FillRounded(double x, double y, double width, double height, double radius, Rgb color,
                         double alpha) {
  if (width <= 0.0 || height <= 0.0) return;
  radius = std::min({radius, 0.5 * width, 0.5 * height});
  const double center_x = x + 0.5 * width, center_y = y + 0.5 * height;
  const int x0 = std::max(0, static_cast<int>(std::floor(x)));
  const int y0 = std::max(0, static_cast<int>(std::floor(y)));
  const int x1 = std::min(rgb_.cols, static_cast<int>(std::ceil(x + width)));
  const int y1 = std::min(rgb_.rows, static_cast<int>(std::ceil(y + height)));
  // Nearly all pixels lie wholly inside: what blending makes of each value there.
  std::array<std::array<uint8_t, 256>, 3> inside;
  for (int value = 0; value < 256; ++value) {
    std::array<uint8_t, 3> pixel;
    pixel.fill(static_cast<uint8_t>(value));
    Blend(pixel.data(), color, alpha);
    for (size_t c = 0; c < 3; ++c) inside[c][static_cast<size_t>(value)] = pixel[c];
  }
  for (int row = y0; row < y1; ++row) {
    uint8_t* pixel = rgb_.ptr<uint8_t>(row) + 3 * x0;
    const double dy = std::abs(row + 0.5 - center_y) - 0.5 * height + radius;
    for (int column = x0; column < x1; ++column, pixel += 3) {
      const double dx = std::abs(column + 0.5 - center_x) - 0.5 * width + radius;
      if (std::min(dx, dy) <= 0.0 && std::max(dx, dy) <= radius - 0.5) {
        for (size_t c = 0; c < 3; ++c) pixel[c] = inside[c][pixel[c]];
        continue;
      }
      // Signed distance to a rounded rectangle; half a pixel on either side is covered in part.
      const double outside = std::hypot(std::max(dx, 0.0), std::max(dy, 0.0));
      const double distance = outside + std::min(std::max(dx, dy), 0.0) - radius;
      const double coverage = std::clamp(0.5 - distance, 0.0, 1.0);
      if (coverage > 0.0) Blend(pixel, color, alpha * coverage);
    }
  }
}

void Canvas::Line(std::span<const cv::Point2d> points, Rgb color, double width, bool closed) {
  if (points.size() < 2) return;
  cv::polylines(rgb_, Fixed(points), closed, color.scalar(), Thickness(width), cv::LINE_AA, kShift);
}

void Canvas::FillPolygon(std::span<const cv::Point2d> points, Rgb color) {
  if (points.size() < 3) return;
  cv::fillPoly(rgb_, std::vector{Fixed(points)}, color.scalar(), cv::LINE_AA, kShift);
}

void Canvas::Disk(cv::Point2d center, double radius, Rgb color) {
  cv::circle(rgb_, Fixed(center), static_cast<int>(std::lround(radius * (1 << kShift))),
             color.scalar(), cv::FILLED, cv::LINE_AA, kShift);
}

void Canvas::Circle(cv::Point2d center, double radius, Rgb color, double width) {
  cv::circle(rgb_, Fixed(center), static_cast<int>(std::lround(radius * (1 << kShift))),
             color.scalar(), Thickness(width), cv::LINE_AA, kShift);
}

double Canvas::Text(double x, double y, const std::string& text, double size, Rgb color,
                    Align align, Weight weight) {
  if (text.empty()) return 0.0;
  int baseline = 0;
  const cv::Mat coverage = fonts_.Render(text, SizeInPixels(size), weight, &baseline);
  const double shift = align == Align::kLeft     ? 0.0
                       : align == Align::kCenter ? 0.5 * coverage.cols
                                                 : coverage.cols;
  const int left = static_cast<int>(std::lround(x - shift));
  const int top = static_cast<int>(std::lround(y)) - baseline;
  for (int row = 0; row < coverage.rows; ++row) {
    if (top + row < 0 || top + row >= rgb_.rows) continue;
    for (int column = 0; column < coverage.cols; ++column) {
      if (left + column < 0 || left + column >= rgb_.cols) continue;
      const uint8_t amount = coverage.at<uint8_t>(row, column);
      if (amount == 0) continue;
      Blend(rgb_.ptr<uint8_t>(top + row) + 3 * (left + column), color, amount / 255.0);
    }
  }
  return coverage.cols;
}

double Canvas::TextWithin(double room, double x, double y, const std::string& text, double size,
                          Rgb color, Weight weight) {
  constexpr double kSmaller = 0.95, kSmallest = 0.7;
  double used = size;
  double width = WidthOf(text, used, weight);
  while (width > room && used * kSmaller >= kSmallest * size) {
    width = WidthOf(text, used *= kSmaller, weight);
  }
  std::string shown = text;
  // About what fits, then letter by letter.
  if (width > room) {
    shown.resize(
        static_cast<size_t>(static_cast<double>(text.size()) * std::max(room, 0.0) / width));
  }
  while (width > room && !shown.empty()) {
    while ((shown.back() & 0xC0) == 0x80) shown.pop_back();  // the rest of a UTF-8 letter
    shown.pop_back();
    width = WidthOf(shown + "...", used, weight);
  }
  if (shown.size() < text.size()) shown += "...";
  return Text(x, y, shown, used, color, Align::kLeft, weight);
}

int Canvas::SizeInPixels(double size) const {
  return std::max(6, static_cast<int>(std::lround(size * unit_)));
}

double Canvas::WidthOf(const std::string& text, double size, Weight weight) const {
  if (text.empty()) return 0.0;
  int baseline = 0;
  return fonts_.Render(text, SizeInPixels(size), weight, &baseline).cols;
}

}  // namespace volante::hud
