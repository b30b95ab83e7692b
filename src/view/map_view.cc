#include "view/map_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "view/hud_theme.h"

namespace volante::hud {
namespace {

constexpr int kQuadsPerPiece = 12;
constexpr int kOversampling = 2;

// The painted stretches of a line, as polylines.
std::vector<std::vector<Vec2>> Dashes(const MarkLine& mark) {
  if (mark.kind == MarkKind::kSolid || mark.dash_m <= 0.0 || mark.gap_m <= 0.0) {
    return {mark.points};
  }
  std::vector<std::vector<Vec2>> dashes;
  const double period = mark.dash_m + mark.gap_m;
  double s = 0.0;  // arc length at the begin of the segment
  for (size_t i = 0; i + 1 < mark.points.size(); ++i) {
    const Vec2 a = mark.points[i], b = mark.points[i + 1];
    const double length = Distance(a, b);
    if (length <= 0.0) continue;
    for (double k = std::floor(s / period); k * period < s + length; k += 1.0) {
      const double begin = std::max(k * period, s);
      const double end = std::min(k * period + mark.dash_m, s + length);
      if (end <= begin) continue;
      dashes.push_back({a + (b - a) * ((begin - s) / length), a + (b - a) * ((end - s) / length)});
    }
    s += length;
  }
  return dashes;
}

}  // namespace

MapView::Piece MapView::MakePiece(std::vector<Vec2> points) {
  Piece piece{.points = std::move(points), .center_m = {}, .radius_m = 0.0};
  for (const Vec2& p : piece.points) {
    piece.center_m = piece.center_m + p * (1.0 / static_cast<double>(piece.points.size()));
  }
  for (const Vec2& p : piece.points) {
    piece.radius_m = std::max(piece.radius_m, Distance(p, piece.center_m));
  }
  return piece;
}

MapView::MapView(std::shared_ptr<const RoadNetwork> network) : network_(std::move(network)) {
  if (network_ == nullptr) return;
  for (const SurfaceStrip& strip : network_->surfaces()) {
    auto& pieces = strip.surface == Surface::kRoad ? roads_ : sides_;
    const size_t n = std::min(strip.left.size(), strip.right.size());
    for (size_t begin = 0; begin + 1 < n; begin += kQuadsPerPiece) {
      const size_t end = std::min(begin + kQuadsPerPiece + 1, n);
      std::vector<Vec2> outline(strip.left.begin() + static_cast<long>(begin),
                                strip.left.begin() + static_cast<long>(end));
      for (size_t i = end; i-- > begin;) outline.push_back(strip.right[i]);
      pieces.push_back(MakePiece(std::move(outline)));
    }
  }
  for (const MarkLine& mark : network_->marks()) {
    auto& pieces = mark.color == MarkColor::kYellow ? yellow_marks_ : white_marks_;
    for (const std::vector<Vec2>& dash : Dashes(mark)) {
      // Short runs, so that only what is near is drawn.
      for (size_t begin = 0; begin + 1 < dash.size(); begin += kQuadsPerPiece) {
        const size_t end = std::min(begin + kQuadsPerPiece + 1, dash.size());
        pieces.push_back(MakePiece(
            {dash.begin() + static_cast<long>(begin), dash.begin() + static_cast<long>(end)}));
      }
    }
  }
}

cv::Mat MapView::Draw(const OverlayInput& input, int side_px, double span_m, const Fonts& fonts) {
  const DriveFacts& facts = *input.facts;
  const int side = side_px * kOversampling;
  const double scale = side / span_m;
  cv::Mat large(side, side, CV_8UC3, theme::kGround.scalar());
  Canvas canvas(large, fonts, kOversampling);

  const Pose2 ego{facts.position_m, facts.heading_rad};
  const auto from_car = [&](Vec2 local) {
    return cv::Point2d(0.5 * side - local.y * scale, side * (2.0 / 3.0) - local.x * scale);
  };
  const auto from_world = [&](Vec2 world) { return from_car(LocalFromWorld(ego, world)); };
  std::vector<cv::Point2d> points;
  const auto project = [&](std::span<const Vec2> world) {
    points.clear();
    for (const Vec2& p : world) points.push_back(from_world(p));
    return std::span<const cv::Point2d>(points);
  };
  const auto near = [&](const Piece& piece) {
    return Distance(piece.center_m, ego.position_m) < span_m + piece.radius_m;
  };

  for (const Piece& piece : sides_) {
    if (near(piece)) canvas.FillPolygon(project(piece.points), theme::kSidewalk);
  }
  for (const Piece& piece : roads_) {
    if (!near(piece)) continue;
    // The outline too closes the hairlines between neighbours.
    canvas.FillPolygon(project(piece.points), theme::kRoad);
    canvas.Line(points, theme::kRoad, 1.0, true);
  }
  for (const Piece& piece : white_marks_) {
    if (near(piece)) canvas.Line(project(piece.points), theme::kMark, 0.2 * scale);
  }
  for (const Piece& piece : yellow_marks_) {
    if (near(piece)) canvas.Line(project(piece.points), theme::kYellowMark, 0.2 * scale);
  }

  // The route: what is driven dim, what lies ahead bright, the goal a ring.
  const double route_width = 0.9 * scale;
  if (input.route != nullptr && !input.route->points().empty()) {
    std::vector<Vec2> driven, ahead;
    const auto& path = input.route->points();
    for (size_t i = 0; i < path.size(); ++i) {
      if (Distance(path[i].position_m, ego.position_m) > 2.0 * span_m) continue;
      const double s = input.route->spacing_m() * static_cast<double>(i);
      (s < facts.route_s_m ? driven : ahead).push_back(path[i].position_m);
    }
    canvas.Line(project(driven), theme::kDriven, route_width);
    canvas.Line(project(ahead), theme::kAccent, route_width);
    const cv::Point2d goal = from_world(path.back().position_m);
    canvas.Disk(goal, 2.2 * scale, theme::kInk);
    canvas.Disk(goal, 1.4 * scale, theme::kGood);
  } else {
    points = {from_car({0.0, 0.0})};
    for (const Vec2& p : facts.route_points_m) points.push_back(from_car(p));
    canvas.Line(points, theme::kAccent, route_width);
  }

  const auto draw_car = [&](const OrientedBox& box, Rgb body, Rgb glass) {
    const std::array<Vec2, 4> corners = box.Corners();
    canvas.FillPolygon(project(corners), body);
    // The windscreen shows which way it faces.
    const Vec2 forward = UnitFromHeading(box.heading_rad);
    OrientedBox screen = box;
    screen.center_m = box.center_m + forward * (0.16 * box.length_m);
    screen.length_m = 0.16 * box.length_m;
    screen.width_m = 0.8 * box.width_m;
    canvas.FillPolygon(project(screen.Corners()), glass);
  };
  for (const VehicleState& vehicle : input.vehicles) {
    if (Distance(vehicle.position_m, ego.position_m) > span_m + vehicle.length_m) continue;
    draw_car(vehicle.Box(), theme::kNpc, theme::kPanel);
    if (!vehicle.braking) continue;
    const std::array<Vec2, 4> corners = vehicle.Box().Corners();
    canvas.Line(project(std::span(corners).subspan(2, 2)), theme::kBad, 0.6 * scale);
  }
  OrientedBox halo{ego.position_m, ego.heading_rad, input.ego_length_m + 1.0,
                   input.ego_width_m + 1.0};
  canvas.FillPolygon(project(halo.Corners()), theme::kPanel);
  draw_car({ego.position_m, ego.heading_rad, input.ego_length_m, input.ego_width_m}, theme::kInk,
           theme::kAccent);

  cv::Mat out;
  cv::resize(large, out, {side_px, side_px}, 0.0, 0.0, cv::INTER_AREA);
  return out;
}

}  // namespace volante::hud
