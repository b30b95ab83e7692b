// What a Camera is inside: its buffers and the steps of one frame. Private to src/render/: camera.h
// is the door. camera.cc makes a frame of these steps, camera_ground.cc paints sky and flat ground,
// camera_land.cc ground that is not flat, camera_items.cc what stands on it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "render/appearance.h"
#include "render/camera.h"
#include "render/canvas.h"
#include "render/ground_sink.h"
#include "render/look.h"
#include "render/post_process.h"
#include "render/scene_impl.h"

namespace volante {

inline constexpr int kHillPoints = 15;        // of the skyline across a picture
inline constexpr int kOcclusionColumns = 96;  // of the test which solids others hide

// One picture row below the horizon.
struct GroundRow {
  float depth_m = 0.0f;      // along the optical axis
  float forward_m = 0.0f;    // level frame
  float per_pixel_m = 0.0f;  // to the side
  int level = -1;            // of the texture; -1: none
  float haze = 0.0f;
};

enum class ItemKind : uint8_t { kBuilding, kTree, kVehicle, kSignal, kDeckBottom, kDeckSide };

struct Item {
  float key = 0.0f;  // power distance
  uint32_t index = 0;
  ItemKind kind = ItemKind::kBuilding;
  int32_t deck = -1;  // of the bridge below the eye that it stands on or is a part of; -1 none
  PixelPoint at;      // level frame
  float radius = 0.0f, top_m = 0.0f;
  float base_m = 0.0f;  // height of the ground it stands on, world
  bool painted = false;
};

struct Camera::Impl {
  std::shared_ptr<const Scene> scene;
  CameraMount mount;
  Appearance appearance;
  PostProcess post;
  View view;
  CoverageRaster raster;
  int width, height, stride, first_ground_row = 0;
  int triangles = 0;
  PathRecord* record = nullptr;  // of the next RGB frames, when somebody wants it
  std::vector<GroundRow> rows;   // [height]
  std::vector<Color> sky;        // [height]
  // [materials][planes r, g, b, gray][height]; material kGroundLayers is grass
  std::array<std::array<std::vector<Shade>, 4>, kGroundLayers + 1> shades;
  std::vector<int8_t> texture;                 // [height, stride]
  std::array<std::vector<uint8_t>, 3> planes;  // [height, stride]; the others on first use
  std::vector<float> depth_plane;              // [height, stride], on first use
  std::array<std::vector<uint32_t>, kGroundLayers> visible_pieces;
  std::vector<Item> items;
  std::span<const LightColor> lights;  // of this frame
  // Of a town that is not flat: what this frame sees, near to far, and how high the land before it
  // reaches: the lowest row above which nothing is covered yet, per column of the occlusion test.
  std::vector<uint64_t> order, near_to_far;
  std::vector<uint32_t> visible_land;
  std::array<std::vector<uint32_t>, kGroundLayers> deck_pieces;
  struct VisibleDeck {
    int32_t deck = -1;
    float nearest_m = 0.0f;
  };
  std::vector<VisibleDeck> visible_decks;  // below the eye, far to near
  std::array<float, kOcclusionColumns> land_top{};
  // Beyond which depth the nearest building hides the ground, per column of that test, which is
  // this wide a picture of a level camera; and the row from which down it does.
  std::array<float, kOcclusionColumns> ground_ends_m{}, ground_tops{};
  float occlusion_cx = 0.0f, occlusion_fx = 0.0f;
  std::array<float, kGroundLayers> layer_far_m{};
  std::array<float, kHillPoints> hill_turns{};  // azimuth of column k, in turns

  // Of weather: what wet road mirrors, light of the own lamps, dark corners. Empty when unused.
  bool wet_road = false;                               // puddles or a low sun's streak
  std::array<std::vector<int16_t>, 4> puddles, sheen;  // [planes r, g, b, gray][height]
  std::vector<int16_t> streak, no_sheen;               // [stride] of the present frame, [height]
  std::vector<uint16_t> headlights, vignette;          // [height, stride], of 256

  Impl(std::shared_ptr<const Scene> s, const Look& look);
  // Works out everything that depends on the look. The picture keeps its size.
  void SetLook(const Look& look);
  void Render(const GroundPose& ego_pose, std::span<const VehicleState> vehicles, Canvas canvas,
              const FrameMoment& moment);
  void RenderPlane(PictureMode mode, const GroundPose& ego_pose,
                   std::span<const VehicleState> vehicles, uint8_t* out, const FrameMoment& moment);
  void RenderDepth(const GroundPose& ego_pose, std::span<const VehicleState> vehicles, float* out);
  void LayDepth();
  void FillPieceDepth(PixelPoint center, float base_m, const Contour& contour, Painter& painter);
  // Everything of the ground that depends on the camera and the look alone.
  void MakeRows();
  void MakeShades();
  void MakeWetRows();

  void PaintSky(Painter& painter);
  // A far skyline by azimuth: it turns with the car, so that turning is visible everywhere.
  void PaintHills(Painter& painter);
  // Samples the texture once for the whole ground; all layers share it.
  void SampleTexture();
  void PaintFarGround(Painter& painter);
  void PaintGround(Painter& painter);
  // The sink of one plane: dry by day, wet, or at night.
  template <class Sink>
  Sink MakeSink(const Canvas& canvas, int material, int plane) const;
  // Calls use(sink) with the one that a material needs in this weather.
  template <class Use>
  void WithSink(const Canvas& canvas, int material, int plane, Use use) {
    const bool paved = material == static_cast<int>(GroundLayer::kRoad) ||
                       material == static_cast<int>(GroundLayer::kShoulder);
    if (appearance.night) {
      use(MakeSink<NightSink>(canvas, material, plane));
    } else if (paved && wet_road) {
      use(MakeSink<WetSink>(canvas, material, plane));
    } else {
      use(MakeSink<GroundSink>(canvas, material, plane));
    }
  }
  void FillLayer(const Canvas& canvas, int material);
  // Writes down what FillLayer would paint where all is covered.
  void RecordLayer(PathRecord& into, int material);
  void AddPiece(const GroundPiece& piece, Painter& painter);

  // Weather and light of a frame (camera_weather.cc).
  void PaintSunIn(int end_row, Painter& painter);
  // Where the low sun's light lies on wet road in this frame.
  void LayStreak(const Painter& painter);
  void FinishPicture(const Painter& painter, const FrameMoment& moment);

  // Land that is not flat: which of it, of the roads and of the items no nearer land hides; then
  // the picture of it. Decks of bridges below the eye come after what is below them.
  void FindVisibleLand(bool below_horizon);
  void PaintLand(Painter& painter);
  void FindVisibleDecks(std::span<const VehicleState> vehicles);
  void PaintDecks(std::span<const VehicleState> vehicles, Painter& painter);
  void PaintDeckBottom(const GroundPiece& piece, Painter& painter);
  void PaintDeckSide(const DeckSide& side, Painter& painter);
  bool HiddenByLand(PixelPoint at, float radius_m, float top_m) const;
  void CoverByLand(const LandCell& cell);

  // Drops what stands wholly behind nearer buildings. Columns of the picture remember how high the
  // buildings before them reach; a building starts on the ground, so nothing shows below it: on
  // hills what is lower stands behind the land that carries it.
  void DropHidden();
  // The columns that a building's walls fill, up to their lowest point on the screen.
  void CoverColumns(const Building& b, PixelPoint at,
                    std::array<float, kOcclusionColumns>& covered);
  // The columns of a disc before the camera: from the first on to before the second.
  std::pair<int, int> ColumnsOf(PixelPoint at, float radius_m) const;
  // The highest row of a level camera's picture that something reaches whose heights are at most
  // base_m (world) + top_m, no lower than cy.
  float TopRow(float nearest_m, float base_m, float top_m) const;
  // Whether buildings stand before all of a disc of such heights.
  bool HiddenByBuildings(PixelPoint at, float radius_m, float base_m, float top_m) const;
  void CollectItems(std::span<const VehicleState> vehicles);
  // Of one deck (-1: of none), no nearer than this. At night the light of headlights instead.
  void PaintShadows(std::span<const VehicleState> vehicles, int32_t deck, Painter& painter);
  void PaintItems(std::span<const VehicleState> vehicles, int32_t deck, float nearest_m,
                  Painter& painter);
};

template <>
GroundSink Camera::Impl::MakeSink(const Canvas& canvas, int material, int plane) const;
template <>
WetSink Camera::Impl::MakeSink(const Canvas& canvas, int material, int plane) const;
template <>
NightSink Camera::Impl::MakeSink(const Canvas& canvas, int material, int plane) const;

}  // namespace volante
