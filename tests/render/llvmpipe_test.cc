// The renderer's oracle: the same paths painted by another rasteriser, Mesa's llvmpipe.
//
// What is compared: where the camera is and how it projects (a matrix of this file, from pose,
// mount and lens), clipping at the near plane and at the picture's sides, which outlines are seen
// from below, coverage of pixels, opacity and blending, gray. What is not: which things a frame
// holds, with how many points and in which order (tests of Scene, of depth and of hidden things do
// that), where the far ground begins, and the colours that are handed to a path: sky and ground by
// pixel with their haze and texture, the others one by one. These are what the frame wrote down
// while it was painted.
#include "render/llvmpipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numbers>

#include "base/random.h"
#include "render/camera_impl.h"
#include "road/route.h"

namespace volante {
namespace {

constexpr int kSize = 84;
constexpr double kMostDifferent = 0.001;  // share of pixels that differ by more than 2 of 255
constexpr double kMostWithOverlaps = 0.003;

#define OPEN_OR_SKIP(variable, width, height, grid)                   \
  std::string why_not;                                                \
  const auto variable = Llvmpipe::Open(width, height, grid, why_not); \
  if (!variable) GTEST_SKIP() << "no second painter: " << why_not;    \
  ASSERT_NE((variable)->renderer().find("llvmpipe"), std::string::npos) << (variable)->renderer()

using Matrix = std::array<std::array<double, 3>, 3>;

Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      for (size_t k = 0; k < 3; ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

// Rotation from axis i towards axis j; axes are x ahead, y left, z up.
Matrix Turn(size_t i, size_t j, double angle_rad) {
  Matrix m{};
  for (size_t k = 0; k < 3; ++k) m[k][k] = 1.0;
  m[i][i] = m[j][j] = std::cos(angle_rad);
  m[j][i] = std::sin(angle_rad);
  m[i][j] = -m[j][i];
  return m;
}

// Yaw, then nose up, then left side up, of axes that turn with what they are fixed to.
Matrix Turned(double yaw_rad, double nose_up_rad, double left_up_rad) {
  return Turn(0, 1, yaw_rad) * Turn(0, 2, nose_up_rad) * Turn(1, 2, left_up_rad);
}

// The pinhole camera: u = cx - fx left / ahead, v = cy - fy up / ahead.
Llvmpipe::Projection PixelFromWorld(const GroundPose& ego, const Look& look) {
  const Matrix vehicle = Turned(ego.pose.heading_rad, ego.pitch_rad, ego.roll_rad);
  const CameraMount& m = look.mount;
  const Matrix axes = vehicle * Turned(m.yaw_rad, -m.pitch_rad, m.roll_rad);  // columns
  std::array<double, 3> at{ego.pose.position_m.x, ego.pose.position_m.y, ego.ground_m};
  for (size_t i = 0; i < 3; ++i) {
    at[i] += vehicle[i][0] * m.x_m + vehicle[i][1] * m.y_m + vehicle[i][2] * m.z_m;
  }
  const CameraIntrinsics& k = look.intrinsics;
  const std::array<std::array<double, 3>, 3> lens = {
      {{k.cx_px, -k.fx_px, 0.0}, {k.cy_px, 0.0, -k.fy_px}, {1.0, 0.0, 0.0}}};
  Llvmpipe::Projection p{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      double& entry = p.rows[4 * i + j];
      for (size_t a = 0; a < 3; ++a) entry += lens[i][a] * axes[j][a];
      p.rows[4 * i + 3] -= entry * at[j];
    }
  }
  p.near_m = kNearDepth_m;
  return p;
}

constexpr Llvmpipe::Projection kInPicture{{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}};

using Points = std::vector<std::array<double, 3>>;

// Whether the eye lies above the mean plane of an outline that is counter-clockwise from above.
bool SeenFromAbove(const Points& points, const std::array<double, 3>& eye) {
  double volume = 0.0;
  for (size_t i = 1; i + 1 < points.size(); ++i) {
    std::array<double, 3> a{}, b{}, c{};
    for (size_t k = 0; k < 3; ++k) {
      a[k] = points[0][k] - eye[k];
      b[k] = points[i][k] - eye[k];
      c[k] = points[i + 1][k] - eye[k];
    }
    volume += a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
              a[2] * (b[0] * c[1] - b[1] * c[0]);
  }
  return volume < 0.0;
}

// Where a projection sends everything to (0, 0, 0).
std::array<double, 3> EyeOf(const Llvmpipe::Projection& p) {
  const auto at = [&](size_t i, size_t j) { return p.rows[4 * i + j]; };
  const auto det = [&](std::array<size_t, 3> columns) {
    const auto [a, b, c] = columns;
    return at(0, a) * (at(1, b) * at(2, c) - at(1, c) * at(2, b)) -
           at(0, b) * (at(1, a) * at(2, c) - at(1, c) * at(2, a)) +
           at(0, c) * (at(1, a) * at(2, b) - at(1, b) * at(2, a));
  };
  const double all = det({0, 1, 2});
  return {-det({3, 1, 2}) / all, -det({0, 3, 2}) / all, -det({0, 1, 3}) / all};
}

// The frame that was written down, painted again.
void PaintAgain(const PathRecord& record, const Llvmpipe::Projection& camera, Llvmpipe& painter) {
  const std::array<double, 3> eye = EyeOf(camera);
  painter.Clear();
  for (const PathRecord::Path& path : record.paths) {
    for (uint32_t i = 0; i < path.num_outlines; ++i) {
      const PathRecord::Outline& outline = record.outlines[path.first_outline + i];
      Points points;
      for (uint32_t k = 0; k < outline.num_points; ++k) {
        const PathRecord::Point& p = record.points[outline.first_point + k];
        points.push_back({p.x, p.y, p.z});
      }
      if (outline.kind == PathRecord::Kind::kPicture) {
        painter.Add(kInPicture, points);
      } else if (outline.kind == PathRecord::Kind::kSolid || SeenFromAbove(points, eye)) {
        painter.Add(camera, points);
      }
    }
    if (path.paint >= 0) {
      painter.Fill(record.paints[static_cast<size_t>(path.paint)]);
    } else {
      painter.Fill({path.color.r, path.color.g, path.color.b}, path.opacity);
    }
  }
}

// Null where the map is not here: CARLA's are not part of the repository.
std::shared_ptr<const RoadNetwork> LoadTown(const std::string& name) {
  const std::vector<std::string> built_in = BuiltInTownNames();
  if (std::find(built_in.begin(), built_in.end(), name) != built_in.end()) {
    return RoadNetwork::Parse(BuiltInTownText(name), name);
  }
  const std::string path = std::string(VOLANTE_SOURCE_DIR) + "/../shared/maps/" + name + ".xodr";
  return std::filesystem::exists(path) ? RoadNetwork::LoadFile(path) : nullptr;
}

GroundPose PoseOn(const Curve& path, double s_m) {
  const CurvePoint at = path.At(s_m);
  const CurveGround ground = path.GroundAt(s_m);
  GroundPose pose(Pose2{at.position_m, at.heading_rad});
  pose.ground_m = ground.height_m;
  pose.pitch_rad = std::atan(ground.grade);
  pose.roll_rad = ground.bank_rad;
  return pose;
}

// Cars, a van and a two-wheeler on the way ahead, and vehicles anywhere in the town.
std::vector<VehicleState> Vehicles(const RoadNetwork& network, const Curve& path, double s_m,
                                   RandomStream& random) {
  std::vector<VehicleState> vehicles;
  const auto add = [&](const Curve& curve, double at_m, bool oncoming) {
    const GroundPose pose = PoseOn(curve, at_m);
    VehicleState v;
    v.position_m = pose.pose.position_m;
    v.heading_rad = pose.pose.heading_rad;
    v.ground_m = pose.ground_m;
    v.pitch_rad = pose.pitch_rad;
    v.roll_rad = pose.roll_rad;
    if (oncoming) {
      v.position_m = WorldFromLocal(pose.pose, {0.0, 3.6});
      v.heading_rad += std::numbers::pi;
      v.pitch_rad = -v.pitch_rad;
      v.roll_rad = -v.roll_rad;
    }
    v.color = static_cast<uint8_t>(random.Below(8));
    v.braking = random.Uniform() < 0.5;
    switch (random.Below(4)) {
      case 0:
        v.length_m = 5.6;
        v.width_m = 2.0;
        v.height_m = 2.4;
        break;
      case 1:
        v.length_m = 2.0;
        v.width_m = 0.8;
        v.height_m = 1.6;
        break;
      default:
        break;
    }
    vehicles.push_back(v);
  };
  add(path, s_m + random.Uniform(7.5, 12.0), false);
  add(path, s_m + random.Uniform(20.0, 40.0), false);
  add(path, s_m + random.Uniform(5.0, 25.0), true);
  const Vec2 ego = path.At(s_m).position_m;
  for (int i = 0; i < 40; ++i) {
    const auto lane = static_cast<LaneIndex>(random.Below(network.lanes().size()));
    const Curve& curve = network.lane(lane).center;
    const double at_m = random.Uniform(0.0, curve.length_m());
    if (Distance(curve.At(at_m).position_m, ego) > 12.0) add(curve, at_m, false);
  }
  return vehicles;
}

// Pixels that differ by more than 2 of 255.
struct Difference {
  int gray = 0, rgb = 0;
  double mean = 0.0;  // of the channels' absolute differences
};

Difference Compare(const std::vector<float>& theirs, const std::vector<uint8_t>& rgb,
                   const std::vector<uint8_t>& gray) {
  Difference d;
  for (size_t i = 0; i < gray.size(); ++i) {
    bool far = false;
    for (size_t c = 3 * i; c < 3 * i + 3; ++c) {
      const float off = std::abs(theirs[c] - static_cast<float>(rgb[c]));
      far = far || off > 2.0f;
      d.mean += off / static_cast<double>(rgb.size());
    }
    d.rgb += far;
    // camera.h's gray is (77 R + 150 G + 29 B) >> 8 of each paint: half a level less on average.
    const float luma =
        (77.0f * theirs[3 * i] + 150.0f * theirs[3 * i + 1] + 29.0f * theirs[3 * i + 2]) / 256.0f;
    d.gray += std::abs(luma - 0.5f - static_cast<float>(gray[i])) > 2.0f;
  }
  return d;
}

class LlvmpipeTown : public testing::TestWithParam<const char*> {};

TEST_P(LlvmpipeTown, PaintsTheSamePictures) {
  const auto network = LoadTown(GetParam());
  if (!network) GTEST_SKIP() << "the map " << GetParam() << " is not here";
  OPEN_OR_SKIP(painter, kSize, kSize, Llvmpipe::Grid{});
  Look look;
  Camera camera(Scene::Make(*network), look.intrinsics);
  PathRecord record;
  camera.impl().record = &record;
  RandomStream random(5, "llvmpipe_test", 0);
  const RouteSampler sampler(network, {}, 150.0, 600.0);
  const std::string name = GetParam();
  const int poses = name == "volante_town" || name == "Town01" ? 10 : 5;
  const Route route = sampler.Draw(random);
  Difference all, all_once;
  int worst = 0;
  size_t paths = 0;
  std::vector<uint8_t> rgb(3 * kSize * kSize), gray(kSize * kSize);
  for (int i = 0; i < poses; ++i) {
    // The standard look, and mounts that are turned, lowered and tilted.
    look.mount = CameraMount();
    if (i % 3 == 1) look.mount = {1.6, 0.2, 1.3, 0.1, 0.08, 0.0};
    if (i % 3 == 2) look.mount = {2.1, -0.3, 1.7, -0.06, -0.03, 0.05};
    camera.SetLook(look);
    const double s_m = route.length_m() * i / poses;
    const GroundPose ego = PoseOn(route.path(), s_m);
    const auto vehicles = Vehicles(*network, route.path(), s_m, random);
    record.Clear();
    camera.RenderRgb(ego, vehicles, rgb.data());
    camera.RenderGray(ego, vehicles, gray.data());
    ASSERT_GT(record.paths.size(), 10u);
    paths += record.paths.size();
    PaintAgain(record, PixelFromWorld(ego, look), *painter);
    const Difference d = Compare(painter->Read(Llvmpipe::Overlap::kAddsUp), rgb, gray);
    const Difference once = Compare(painter->Read(Llvmpipe::Overlap::kCountsOnce), rgb, gray);
    all.gray += d.gray;
    all.rgb += d.rgb;
    all.mean += d.mean / poses;
    all_once.rgb += once.rgb;
    worst = std::max({worst, d.gray, d.rgb});
  }
  const double pixels = static_cast<double>(poses) * kSize * kSize;
  std::printf(
      "%s, %d frames of %zu paths: %.4f %% of gray and %.4f %% of RGB pixels differ by more "
      "than 2 of 255, %d in the worst frame; mean difference %.3f; %.4f %% of RGB where "
      "overlaps count once\n",
      GetParam(), poses, paths / poses, 100.0 * all.gray / pixels, 100.0 * all.rgb / pixels, worst,
      all.mean, 100.0 * all_once.rgb / pixels);
  EXPECT_LE(all.gray / pixels, kMostDifferent);
  EXPECT_LE(all.rgb / pixels, kMostDifferent);
  // The lanes of a crossing overlap and share outer edges, whose pixels our sum of areas fills
  // more.
  EXPECT_LE(all_once.rgb / pixels, kMostWithOverlaps);
}

// The coverage that the rasteriser gives every pixel, 0..255.
struct CoverageSink {
  int width;
  std::vector<float>* shares;
  void Block(int y, int x, __m128i values) const {
    alignas(16) int16_t lanes[kBlock];
    _mm_store_si128(reinterpret_cast<__m128i*>(lanes), values);
    for (int i = 0; i < kBlock; ++i) Set(y, x + i, lanes[i]);
  }
  void Span(int y, int begin, int end, int alpha) const {
    for (int x = begin; x < end; ++x) Set(y, x, alpha);
  }
  void Set(int y, int x, int alpha) const {
    (*shares)[static_cast<size_t>(y * width + x)] = static_cast<float>(alpha) * 255.0f / kFullAlpha;
  }
};

TEST(Llvmpipe, CoversTheSameShareOfEveryPixelByOnePolygon) {
  constexpr int kSide = 32, kPolygons = 120;
  OPEN_OR_SKIP(painter, kSide, kSide, (Llvmpipe::Grid{44, 25}));
  const CameraIntrinsics lens{kSide, kSide, 16.0, 20.0, 16.3, 15.1};
  const View view = View::Make(lens, {});
  CoverageRaster raster(kSide, kSide);
  const Llvmpipe::Projection pinhole{
      {lens.cx_px, -lens.fx_px, 0, 0, lens.cy_px, 0, lens.fy_px, 0, 1, 0, 0, 0}, kNearDepth_m};
  RandomStream random(5, "llvmpipe_test", 1);
  int different = 0, partly = 0;
  float most = 0.0f;
  for (int i = 0; i < kPolygons; ++i) {
    // A star of 3 to 9 points, rarely convex, in a plane that leans; every third one reaches behind
    // the camera. Camera frame: x depth, y left, z down.
    const int corners = 3 + static_cast<int>(random.Below(7));
    const double depth = i % 3 == 0 ? random.Uniform(0.3, 0.8) : random.Uniform(2.0, 6.0);
    const double lean_y = random.Uniform(-0.8, 0.8), lean_z = random.Uniform(-0.8, 0.8);
    const double y = random.Uniform(-1.0, 1.0) * depth, z = random.Uniform(-1.0, 1.0) * depth;
    std::vector<Vec3f> points;
    std::vector<std::array<double, 3>> same;
    for (int k = 0; k < corners; ++k) {
      const double angle = 2.0 * std::numbers::pi * (k + random.Uniform(0.1, 0.9)) / corners;
      const double radius = random.Uniform(0.1, 1.2) * (i % 3 == 0 ? 2.0 : depth);
      const double dy = radius * std::cos(angle), dz = radius * std::sin(angle);
      const Vec3f p{static_cast<float>(depth + lean_y * dy + lean_z * dz),
                    static_cast<float>(y + dy), static_cast<float>(z + dz)};
      points.push_back(p);
      same.push_back({p.x, p.y, p.z});
    }
    std::vector<float> ours(kSide * kSide, 0.0f);
    AddOutline(view, points, raster);
    raster.Sweep(CoverageSink{kSide, &ours});
    painter->Clear();
    painter->Add(pinhole, same);
    painter->Fill({255.0f, 255.0f, 255.0f}, 1.0f);
    const std::vector<float> theirs = painter->Read(Llvmpipe::Overlap::kCountsOnce);
    for (size_t k = 0; k < ours.size(); ++k) {
      const float off = std::abs(ours[k] - theirs[3 * k]);
      different += off > 2.0f;
      partly += theirs[3 * k] > 0.0f && theirs[3 * k] < 255.0f;
      most = std::max(most, off);
    }
  }
  std::printf(
      "%d of %d pixels differ by more than 2 of 255, at most by %.1f; %d are partly covered\n",
      different, kPolygons * kSide * kSide, most, partly);
  EXPECT_GT(partly, 20 * kPolygons);
  EXPECT_LE(different, kMostDifferent * kPolygons * kSide * kSide);
}

INSTANTIATE_TEST_SUITE_P(Towns, LlvmpipeTown,
                         testing::Values("volante_town", "multilane", "country", "highway",
                                         "Town01", "Town04"),
                         [](const auto& town) { return std::string(town.param); });

}  // namespace
}  // namespace volante
