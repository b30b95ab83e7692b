#include "render/canvas.h"

#include <cstring>

namespace volante {

namespace {

struct FlatSink {
  uint8_t* plane;
  int stride, color, opacity;

  void Block(int y, int x, __m128i alphas) const {
    uint8_t* p = plane + static_cast<size_t>(y) * stride + x;
    if (opacity != kFullAlpha) {
      alphas =
          _mm_srai_epi16(_mm_mullo_epi16(alphas, _mm_set1_epi16(static_cast<int16_t>(opacity))), 7);
    }
    StorePixels(p, Blend(LoadPixels(p), _mm_set1_epi16(static_cast<int16_t>(color)), alphas));
  }
  void Span(int y, int begin, int end, int alpha) const {
    if (((alpha * opacity) >> 7) == kFullAlpha) {
      std::memset(plane + static_cast<size_t>(y) * stride + begin, color,
                  static_cast<size_t>(end - begin));
      return;
    }
    const __m128i alphas = _mm_set1_epi16(static_cast<int16_t>(alpha));
    for (int x = begin; x < end; x += kBlock) Block(y, x, alphas);
  }
};

// Translucent paint (`solid` false) changes no class.
struct ClassSink {
  uint8_t* plane;
  int stride;
  uint8_t cls;
  bool solid;

  void Block(int y, int x, __m128i alphas) const {
    if (!solid) return;
    uint8_t* p = plane + static_cast<size_t>(y) * stride + x;
    const __m128i mine = _mm_cmpgt_epi16(alphas, _mm_set1_epi16(kFullAlpha / 2 - 1));
    StorePixels(p, _mm_blendv_epi8(LoadPixels(p), _mm_set1_epi16(cls), mine));
  }
  void Span(int y, int begin, int end, int alpha) const {
    if (!solid || 2 * alpha < kFullAlpha) return;
    std::memset(plane + static_cast<size_t>(y) * stride + begin, cls,
                static_cast<size_t>(end - begin));
  }
};

}  // namespace

void Canvas::Fill(CoverageRaster& raster, Color color, SemanticClass cls, float opacity) const {
  if (record != nullptr) record->EndPath(color, opacity);
  if (raster.empty()) return;
  const int share = static_cast<int>(opacity * kFullAlpha + 0.5f);
  switch (mode) {
    case PictureMode::kGray: {
      const FlatSink sink{planes[0], stride, GrayOf(color), share};
      raster.Sweep(sink);
      break;
    }
    case PictureMode::kRgb: {
      const RgbSinks<FlatSink> sink{{planes[0], stride, ToByte(color.r), share},
                                    {planes[1], stride, ToByte(color.g), share},
                                    {planes[2], stride, ToByte(color.b), share}};
      raster.Sweep(sink);
      break;
    }
    case PictureMode::kClasses: {
      const ClassSink sink{planes[0], stride, static_cast<uint8_t>(cls), opacity > 0.9f};
      raster.Sweep(sink);
      break;
    }
    case PictureMode::kDepth:
      raster.Sweep(NoSink{});
      break;
  }
}

std::vector<uint8_t> Canvas::Interleaved(int width, int height) const {
  std::vector<uint8_t> rgb;
  rgb.reserve(3 * static_cast<size_t>(width) * static_cast<size_t>(height));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const size_t at = static_cast<size_t>(y) * static_cast<size_t>(stride) + x;
      rgb.insert(rgb.end(), {planes[0][at], planes[1][at], planes[2][at]});
    }
  }
  return rgb;
}

bool Painter::FacesCamera(const Face& face) const {
  const Vec3f &a = face.points[0], &b = face.points[1], &c = face.points[2];
  const Vec3f ab{b.x - a.x, b.y - a.y, b.z - a.z}, ac{c.x - a.x, c.y - a.y, c.z - a.z};
  const Vec3f n{ab.y * ac.z - ab.z * ac.y, ab.z * ac.x - ab.x * ac.z, ab.x * ac.y - ab.y * ac.x};
  return n.x * -a.x + n.y * -a.y + n.z * (view.height_m - a.z) > 0.0f;
}

void Painter::Add(std::span<const Vec3f> level_points) {
  if (canvas.record != nullptr) canvas.record->AddLevel(view, level_points);
  if (canvas.mode == PictureMode::kDepth) {
    Vec3f camera[kMaxLevelOutline];
    for (size_t i = 0; i < level_points.size(); ++i) {
      camera[i] = view.CameraFromLevel(level_points[i]);
    }
    plane = PlaneThrough(view, {camera, level_points.size()});
  }
  triangles += AddLevelOutline(view, level_points, raster);
}

void Painter::FillFlat(Color color, SemanticClass cls) {
  if (canvas.mode != PictureMode::kDepth) return Fill(color, cls);
  const DepthSink sink{canvas.depth, canvas.stride, plane};
  raster.Sweep(sink);
}

namespace {

// Adds the outline of several polygons together: an edge that two of them share has no side that
// shows. Returns its triangles.
int AddUnion(std::span<const ProjectedOutline> outlines, CoverageRaster& raster) {
  struct Edge {
    PixelPoint from, to;
  };
  Edge edges[8 * 6];
  bool hidden[8 * 6];
  int count = 0, shown = 0;
  for (const ProjectedOutline& outline : outlines) {
    const int before = count;
    PixelPoint from{outline.us[outline.count - 1], outline.vs[outline.count - 1]};
    for (int i = 0; i < outline.count; ++i) {
      const PixelPoint to{outline.us[i], outline.vs[i]};
      const __m128 back = _mm_setr_ps(to.u, to.v, from.u, from.v);
      int other = 0;
      while (other < before &&
             _mm_movemask_ps(_mm_cmpeq_ps(_mm_loadu_ps(&edges[other].from.u), back)) != 15) {
        ++other;
      }
      if (other < before && !hidden[other]) {
        hidden[other] = true;
        --shown;
      } else {
        hidden[count] = false;
        edges[count++] = {from, to};
        ++shown;
      }
      from = to;
    }
  }
  for (int i = 0; i < count; ++i) {
    if (!hidden[i]) raster.AddEdge(edges[i].from, edges[i].to);
  }
  return shown - 2;
}

}  // namespace

void Painter::Solid(std::span<const Face> faces, SemanticClass cls) {
  if (canvas.mode == PictureMode::kDepth) {
    for (const Face& face : faces) {
      if (!FacesCamera(face)) continue;
      Add({face.points, static_cast<size_t>(face.num_points)});
      FillFlat({}, cls);
    }
    return;
  }
  ProjectedOutline outlines[8];
  const Face* shown[8];
  size_t count = 0;
  for (const Face& face : faces) {
    if (!FacesCamera(face)) continue;
    ProjectOutline(view, {face.points, static_cast<size_t>(face.num_points)}, outlines[count]);
    if (outlines[count].count == 0) continue;
    shown[count++] = &face;
  }
  if (count == 0) return;
  const auto add = [&](size_t first, size_t end) {
    triangles += AddUnion({outlines + first, end - first}, raster);
    for (size_t i = first; i < end && canvas.record != nullptr; ++i) {
      canvas.record->AddLevel(view, {shown[i]->points, static_cast<size_t>(shown[i]->num_points)});
    }
  };
  add(0, count);
  for (size_t first = 0, next = 0; first < count; first = next) {
    for (next = first + 1; next < count && shown[next]->color == shown[first]->color;) ++next;
    if (first > 0) add(first, next);
    Fill(shown[first]->color, cls);
  }
}

}  // namespace volante
