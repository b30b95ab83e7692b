#include "view/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "view/hud_canvas.h"
#include "view/hud_theme.h"
#include "view/map_view.h"

namespace volante {
namespace {

using hud::Align;
using hud::Canvas;
using hud::Rgb;
using hud::Weight;
namespace theme = hud::theme;

constexpr double kMapSpan_m = 70.0;
constexpr double kMargin = 16.0;      // of panels to the edges, layout pixels
constexpr double kRadius = 12.0;      // of their corners
constexpr double kPartBarFull = 1.0;  // reward of a part that fills its bar
constexpr double kRowHeight = 21.0;
constexpr double kSteerWheelTurn_rad = 1.9;  // drawn at full steering: as a hand would turn it

double CenterX(const OverlayRect& r) { return r.x + 0.5 * r.width; }

// "+0.42", "-12.3", "+110": four characters of number, so that columns stand still.
std::string Signed(double value) {
  if (std::abs(value) < 0.005) return "0.00";
  const int digits = std::abs(value) < 9.995 ? 2 : std::abs(value) < 99.95 ? 1 : 0;
  return fmt::format("{:+.{}f}", value, digits);
}

// "lane_keeping" -> "lane keeping"
std::string Spoken(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

Rgb SignColor(double value) {
  return std::abs(value) < 0.005 ? theme::kMuted : value > 0.0 ? theme::kGood : theme::kBad;
}

void Panel(Canvas& canvas, const OverlayRect& r) {
  canvas.FillRounded(r.x, r.y, r.width, r.height, kRadius * canvas.unit(), theme::kPanel,
                     theme::kPanelAlpha);
}

// A bar around a middle, filled towards the side of `value` in [-1, 1]; +1 fills to the right.
void CenteredBar(Canvas& canvas, const OverlayRect& r, double value, Rgb color) {
  const double radius = 0.5 * r.height, middle = CenterX(r);
  canvas.FillRounded(r.x, r.y, r.width, r.height, radius, theme::kTrack, 0.9);
  const double length = std::clamp(std::abs(value), 0.0, 1.0) * 0.5 * r.width;
  canvas.FillRounded(value < 0.0 ? middle - length : middle, r.y, length, r.height,
                     std::min(radius, 2.0), color, 1.0);
  canvas.FillRounded(middle - 0.5 * canvas.unit(), r.y - 2.0, canvas.unit(), r.height + 4.0, 0.0,
                     theme::kInk, 0.7);
}

// Filled from the left by `value` in [0, 1].
void Bar(Canvas& canvas, const OverlayRect& r, double value, Rgb color) {
  const double radius = 0.5 * r.height;
  canvas.FillRounded(r.x, r.y, r.width, r.height, radius, theme::kTrack, 0.9);
  const double length = std::clamp(value, 0.0, 1.0) * r.width;
  if (length >= 1.0) canvas.FillRounded(r.x, r.y, length, r.height, radius, color, 1.0);
}

// The steering wheel seen by the driver; a left turn (+) turns it counter-clockwise.
void SteeringWheel(Canvas& canvas, cv::Point2d center, double radius, double steer) {
  const double u = canvas.unit();
  const double angle = kSteerWheelTurn_rad * std::clamp(steer, -1.0, 1.0);
  canvas.Circle(center, radius, theme::kInk, 4.0 * u);
  // Spokes to the left, right and bottom; y points down on the picture.
  for (const double spoke_rad : {0.0, std::numbers::pi, 1.5 * std::numbers::pi}) {
    const double a = spoke_rad + angle;
    const cv::Point2d direction(std::cos(a), -std::sin(a));
    const std::array<cv::Point2d, 2> line = {center + direction * (0.22 * radius),
                                             center + direction * radius};
    canvas.Line(line, theme::kInk, 4.0 * u);
  }
  canvas.Disk(center, 0.26 * radius, theme::kInk);
  // A mark at the top shows the angle at a glance.
  const double top = 0.5 * std::numbers::pi + angle;
  canvas.Disk(center + cv::Point2d(std::cos(top), -std::sin(top)) * radius, 4.5 * u,
              theme::kAccent);
}

struct Banner {
  std::string text;
  Rgb color;
};

Banner BannerOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSuccess:
      return {"Arrived", theme::kGood};
    case Outcome::kCollision:
      return {"Collision", theme::kBad};
    case Outcome::kOffLane:
      return {"Left the lane", theme::kBad};
    case Outcome::kTimeout:
      return {"Out of time", theme::kCaution};
    case Outcome::kBlocked:
      return {"Blocked by traffic", theme::kCaution};
    case Outcome::kNone:
      break;
  }
  return {"", theme::kInk};
}

OverlayLayout MakeLayout(int width, int height) {
  const double u = height / 720.0;
  const auto rect = [&](double x, double y, double w, double h) {
    const auto px = [&](double v) { return static_cast<int>(std::lround(v)); };
    return OverlayRect{px(x), px(y), px(w * u), px(h * u)};
  };
  const double m = kMargin * u;
  OverlayLayout l;
  // The upper middle stays free: traffic lights stand there.
  l.header = rect(m, m, 400, 62);
  l.progress = rect(m, m + 70 * u, 400, 40);
  l.map = rect(width - m - 268 * u, m, 268, 268);
  l.agent = rect(width - m - 268 * u, height - m - 294 * u, 268, 294);
  l.cluster = rect(0.5 * width - 235 * u, height - m - 122 * u, 470, 122);
  l.steering_bar = rect(l.cluster.x + 18 * u, l.cluster.y + 96 * u, 130, 8);
  l.throttle_bar = rect(l.cluster.x + 322 * u, l.cluster.y + 44 * u, 130, 10);
  l.brake_bar = rect(l.cluster.x + 322 * u, l.cluster.y + 92 * u, 130, 10);
  l.reward = rect(m, height - m, 270, 0);  // grows upwards with the number of parts
  l.banner = rect(0.5 * width - 240 * u, 0.30 * height, 480, 104);
  return l;
}

}  // namespace

struct Overlay::Impl {
  hud::Fonts fonts;
  hud::MapView map;

  explicit Impl(std::shared_ptr<const RoadNetwork> network) : map(std::move(network)) {}

  void DrawCamera(const OverlayInput& input, cv::Mat& frame) const;
  void DrawHeader(const OverlayInput& input, const OverlayRect& r, Canvas& canvas) const;
  void DrawProgress(const OverlayInput& input, const OverlayRect& r, Canvas& canvas) const;
  void DrawMap(const OverlayInput& input, const OverlayRect& r, Canvas& canvas);
  void DrawAgentView(const OverlayInput& input, const OverlayRect& r, Canvas& canvas) const;
  void DrawCluster(const OverlayInput& input, const OverlayLayout& l, Canvas& canvas) const;
  void DrawReward(const OverlayInput& input, const OverlayRect& anchor, Canvas& canvas) const;
  void DrawBanner(const OverlayInput& input, const OverlayRect& r, Canvas& canvas) const;
  void Paste(const cv::Mat& picture, int x, int y, double radius, Canvas& canvas) const;
};

Overlay::Overlay(std::shared_ptr<const RoadNetwork> network, int width, int height)
    : impl_(std::make_unique<Impl>(std::move(network))),
      layout_(MakeLayout(width, height)),
      width_(width),
      height_(height) {
  VOLANTE_CHECK(width > 0 && height > 0, "an overlay has a size");
}

Overlay::~Overlay() = default;

void Overlay::Compose(const OverlayInput& input, std::span<uint8_t> rgb) {
  VOLANTE_CHECK(rgb.size() == 3u * static_cast<size_t>(width_) * static_cast<size_t>(height_),
                "the frame has the overlay's size");
  VOLANTE_CHECK(input.facts != nullptr, "an overlay shows facts");
  VOLANTE_CHECK(input.reward_names.size() == input.reward_parts.size(),
                "each part of the reward has a name");
  cv::Mat frame(height_, width_, CV_8UC3, rgb.data());
  impl_->DrawCamera(input, frame);
  Canvas canvas(frame, impl_->fonts, height_ / 720.0);
  impl_->DrawHeader(input, layout_.header, canvas);
  impl_->DrawProgress(input, layout_.progress, canvas);
  impl_->DrawMap(input, layout_.map, canvas);
  impl_->DrawAgentView(input, layout_.agent, canvas);
  impl_->DrawCluster(input, layout_, canvas);
  impl_->DrawReward(input, layout_.reward, canvas);
  impl_->DrawBanner(input, layout_.banner, canvas);
}

// As large as fits, in the middle; bars of the panel's colour where the shapes differ.
void Overlay::Impl::DrawCamera(const OverlayInput& input, cv::Mat& frame) const {
  frame.setTo(theme::kPanel.scalar());
  if (input.camera_rgb == nullptr) return;
  VOLANTE_CHECK(input.camera_width > 0 && input.camera_height > 0,
                "the camera's picture has a size");
  const cv::Mat picture(input.camera_height, input.camera_width, CV_8UC3,
                        const_cast<uint8_t*>(input.camera_rgb));
  const double scale = std::min(static_cast<double>(frame.cols) / picture.cols,
                                static_cast<double>(frame.rows) / picture.rows);
  const int width = std::clamp(static_cast<int>(std::lround(picture.cols * scale)), 1, frame.cols);
  const int height = std::clamp(static_cast<int>(std::lround(picture.rows * scale)), 1, frame.rows);
  cv::Mat target =
      frame(cv::Rect((frame.cols - width) / 2, (frame.rows - height) / 2, width, height));
  if (picture.size() == target.size()) {
    picture.copyTo(target);
  } else {
    cv::resize(picture, target, target.size(), 0.0, 0.0,
               scale < 1.0 ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
}

void Overlay::Impl::DrawHeader(const OverlayInput& input, const OverlayRect& r,
                               Canvas& canvas) const {
  if (input.policy.empty() && input.title.empty() && input.phase.empty()) return;
  const double u = canvas.unit();
  Panel(canvas, r);
  const double x = r.x + 16 * u, room = r.width - 32 * u;
  const double chip_width =
      input.phase.empty() ? 0.0 : (18 + 8.0 * static_cast<double>(input.phase.size())) * u;
  const double width = canvas.TextWithin(room - chip_width - 14 * u, x, r.y + 27 * u, input.policy,
                                         18, theme::kInk, Weight::kBold);
  canvas.TextWithin(room, x, r.y + 49 * u, input.title, 13, theme::kMuted);
  if (input.phase.empty()) return;
  const Rgb color = input.phase == "exploring" ? theme::kCaution : theme::kAccent;
  const double chip_x = x + width + 14 * u;
  canvas.FillRounded(chip_x, r.y + 11 * u, chip_width, 21 * u, 10.5 * u, color, 1.0);
  canvas.Text(chip_x + 0.5 * chip_width, r.y + 26 * u, input.phase, 12.5, theme::kPanel,
              Align::kCenter, Weight::kBold);
}

void Overlay::Impl::DrawProgress(const OverlayInput& input, const OverlayRect& r,
                                 Canvas& canvas) const {
  const DriveFacts& facts = *input.facts;
  const double u = canvas.unit();
  Panel(canvas, r);
  const double length = std::max(facts.route_length_m, 1e-9);
  const auto px = [&](double v) { return static_cast<int>(std::lround(v * u)); };
  Bar(canvas, {r.x + px(16), r.y + px(26), r.width - px(32), px(6)}, facts.route_s_m / length,
      theme::kAccent);
  canvas.Text(r.x + 16 * u, r.y + 18 * u,
              fmt::format("{:.0f} of {:.0f} m", facts.route_s_m, facts.route_length_m), 12.5,
              theme::kInk);
  canvas.Text(r.x + r.width - 16 * u, r.y + 18 * u,
              fmt::format("{:.1f} s", facts.tick * kTickSeconds), 12.5, theme::kInk, Align::kRight);
}

void Overlay::Impl::Paste(const cv::Mat& picture, int x, int y, double radius,
                          Canvas& canvas) const {
  cv::Mat& frame = canvas.image();
  const cv::Rect wanted(x, y, picture.cols, picture.rows);
  const cv::Rect there = wanted & cv::Rect(0, 0, frame.cols, frame.rows);
  if (there.empty()) return;
  // The rounded corners are what remains of the frame.
  const cv::Mat part = frame(there);
  const cv::Mat behind = part.clone();
  picture(there - wanted.tl()).copyTo(part);
  const double r = std::min({radius, 0.5 * picture.cols, 0.5 * picture.rows});
  for (int row = 0; row < there.height; ++row) {
    for (int column = 0; column < there.width; ++column) {
      const double px = there.x - x + column + 0.5, py = there.y - y + row + 0.5;
      const double dx = std::max({r - px, px - (picture.cols - r), 0.0});
      const double dy = std::max({r - py, py - (picture.rows - r), 0.0});
      if (dx == 0.0 || dy == 0.0) continue;
      const double outside = std::clamp(std::hypot(dx, dy) - r + 0.5, 0.0, 1.0);
      if (outside == 0.0) continue;
      uint8_t* to = frame.ptr<uint8_t>(there.y + row) + 3 * (there.x + column);
      const uint8_t* from = behind.ptr<uint8_t>(row) + 3 * column;
      for (int c = 0; c < 3; ++c) {
        to[c] = static_cast<uint8_t>(std::lround(to[c] + outside * (from[c] - to[c])));
      }
    }
  }
}

void Overlay::Impl::DrawMap(const OverlayInput& input, const OverlayRect& r, Canvas& canvas) {
  if (r.width < 8) return;
  const double u = canvas.unit();
  const cv::Mat picture = map.Draw(input, r.width, kMapSpan_m, fonts);
  Paste(picture, r.x, r.y, kRadius * u, canvas);
  // A scale: 20 m.
  const double length = 20.0 / kMapSpan_m * r.width;
  const double x = r.x + 14 * u, y = r.y + r.height - 14 * u;
  canvas.FillRounded(x, y, length, 2.5 * u, 1.0, theme::kInk, 0.9);
  canvas.Text(x + 0.5 * length, y - 5 * u, "20 m", 11, theme::kInk, Align::kCenter);
}

void Overlay::Impl::DrawAgentView(const OverlayInput& input, const OverlayRect& r,
                                  Canvas& canvas) const {
  if (input.agent_gray == nullptr || r.width < 8) return;
  const double u = canvas.unit();
  Panel(canvas, r);
  canvas.Text(r.x + 14 * u, r.y + 19 * u, "what the network sees", 12.5, theme::kInk);
  canvas.Text(r.x + r.width - 12 * u, r.y + 19 * u, fmt::format("{0} x {0}", kImageSide), 11,
              theme::kMuted, Align::kRight);
  const cv::Mat gray(kImageSide, kImageSide, CV_8UC1, const_cast<uint8_t*>(input.agent_gray));
  const int side = std::max(1, static_cast<int>(std::lround(252 * u)));  // 3 times, at 720 lines
  cv::Mat large, color;
  cv::resize(gray, large, {side, side}, 0.0, 0.0, cv::INTER_NEAREST);
  cv::cvtColor(large, color, cv::COLOR_GRAY2RGB);
  Paste(color, r.x + (r.width - side) / 2, r.y + static_cast<int>(std::lround(32 * u)), 6 * u,
        canvas);
}

void Overlay::Impl::DrawCluster(const OverlayInput& input, const OverlayLayout& l,
                                Canvas& canvas) const {
  const DriveFacts& facts = *input.facts;
  const OverlayRect& r = l.cluster;
  const double u = canvas.unit();
  Panel(canvas, r);

  const double steer = facts.action.steer, pedal = facts.action.throttle;
  SteeringWheel(canvas, {CenterX(l.steering_bar), r.y + 48 * u}, 31 * u, steer);
  // ISO 8855: +1 is full left, so the bar fills to the left.
  CenteredBar(canvas, l.steering_bar, -steer, theme::kAccent);

  const double middle = r.x + 0.5 * r.width;
  canvas.Text(middle, r.y + 64 * u, fmt::format("{:.0f}", 3.6 * facts.speed_mps), 54, theme::kInk,
              Align::kCenter, Weight::kBold);
  canvas.Text(middle, r.y + 86 * u, "km/h", 14, theme::kMuted, Align::kCenter);
  canvas.Text(middle, r.y + 106 * u, fmt::format("limit {:.0f}", 3.6 * facts.speed_limit_mps), 12,
              theme::kMuted, Align::kCenter);

  const auto pedal_bar = [&](const OverlayRect& bar, const char* name, double value, Rgb color) {
    canvas.Text(bar.x, bar.y - 8 * u, name, 13, theme::kMuted);
    canvas.Text(bar.x + bar.width, bar.y - 8 * u, fmt::format("{:.0f} %", 100.0 * value), 13,
                theme::kInk, Align::kRight);
    Bar(canvas, bar, value, color);
  };
  pedal_bar(l.throttle_bar, "throttle", std::max(pedal, 0.0), theme::kGood);
  pedal_bar(l.brake_bar, "brake", std::max(-pedal, 0.0), theme::kBad);
}

void Overlay::Impl::DrawReward(const OverlayInput& input, const OverlayRect& anchor,
                               Canvas& canvas) const {
  const double u = canvas.unit();
  const auto px = [&](double v) { return static_cast<int>(std::lround(v * u)); };
  const size_t parts = input.reward_parts.size();
  const double height = 78 + (input.q ? kRowHeight : 0.0) +
                        kRowHeight * static_cast<double>(parts) + (parts > 0 ? 8 : 0);
  const OverlayRect r{anchor.x, anchor.y - px(height), anchor.width, px(height)};
  Panel(canvas, r);
  const double left = r.x + 16 * u, right = r.x + r.width - 16 * u;
  canvas.Text(left, r.y + 32 * u, "reward", 15, theme::kInk, Align::kLeft, Weight::kBold);
  canvas.Text(right, r.y + 35 * u, Signed(input.reward), 24, SignColor(input.reward), Align::kRight,
              Weight::kBold);

  double y = r.y + 62 * u;  // baseline of the row
  for (size_t i = 0; i < parts; ++i) {
    const double value = input.reward_parts[i];
    canvas.TextWithin(100 * u, left, y, Spoken(input.reward_names[i]), 12.5, theme::kMuted);
    CenteredBar(canvas,
                {static_cast<int>(left + 108 * u), static_cast<int>(y - 9 * u), px(78), px(7)},
                value / kPartBarFull, SignColor(value));
    canvas.Text(right, y, Signed(value), 12.5, theme::kInk, Align::kRight);
    y += kRowHeight * u;
  }
  if (parts > 0) {
    canvas.FillRounded(left, y - 12 * u, right - left, std::max(1.0, u), 0.0, theme::kTrack, 1.0);
    y += 8 * u;
  }
  canvas.Text(left, y, "return so far", 12.5, theme::kMuted);
  canvas.Text(right, y, fmt::format("{:.1f}", input.episode_return), 12.5, theme::kInk,
              Align::kRight);
  if (input.q) {
    y += kRowHeight * u;
    canvas.Text(left, y, "Q of this action", 12.5, theme::kMuted);
    canvas.Text(right, y, fmt::format("{:.2f}", *input.q), 12.5, theme::kInk, Align::kRight);
  }
}

void Overlay::Impl::DrawBanner(const OverlayInput& input, const OverlayRect& r,
                               Canvas& canvas) const {
  const DriveFacts& facts = *input.facts;
  if (facts.status == Status::kRunning || facts.outcome == Outcome::kNone) return;
  const double u = canvas.unit();
  const Banner banner = BannerOf(facts.outcome);
  canvas.FillRounded(r.x, r.y, r.width, r.height, kRadius * u, theme::kPanel, 0.86);
  canvas.FillRounded(r.x + 14 * u, r.y + 16 * u, 5 * u, r.height - 32 * u, 2.5 * u, banner.color,
                     1.0);
  canvas.Text(r.x + 0.5 * r.width, r.y + 50 * u, banner.text, 36, banner.color, Align::kCenter,
              Weight::kBold);
  canvas.Text(r.x + 0.5 * r.width, r.y + 82 * u,
              fmt::format("{:.0f} of {:.0f} m in {:.1f} s, return {:.1f}", facts.route_s_m,
                          facts.route_length_m, facts.tick * kTickSeconds, input.episode_return),
              15, theme::kInk, Align::kCenter);
}

}  // namespace volante
