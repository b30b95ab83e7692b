// The map around the car: roads, marks, route, NPCs and the ego from above, heading up.
// Private to the folder (it includes OpenCV). Static geometry is prepared once per network.
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <vector>

#include "view/hud_canvas.h"
#include "view/overlay.h"

namespace volante::hud {

class MapView {
 public:
  explicit MapView(std::shared_ptr<const RoadNetwork> network);

  // A square RGB picture of side_px that shows span_m metres, the ego at 2/3 of its height.
  cv::Mat Draw(const OverlayInput& input, int side_px, double span_m, const Fonts& fonts);

 private:
  // A convex or nearly convex piece of ground or a painted dash, with its bounding circle.
  struct Piece {
    std::vector<Vec2> points;
    Vec2 center_m;
    double radius_m = 0.0;
  };
  static Piece MakePiece(std::vector<Vec2> points);

  std::shared_ptr<const RoadNetwork> network_;
  std::vector<Piece> sides_, roads_, white_marks_, yellow_marks_;
};

}  // namespace volante::hud
