#include "render/canvas.h"

#include <cstring>

namespace volante {

namespace {

inline uint8_t Blend(int old_value, int color, int alpha) {
  return static_cast<uint8_t>(old_value + (((color - old_value) * alpha + kFullAlpha / 2) >> 7));
}

struct FlatSink {
  uint8_t* plane;
  int stride, color, opacity;

  void Pixel(int y, int x, int alpha) const {
    uint8_t& p = plane[static_cast<size_t>(y) * stride + x];
    p = Blend(p, color, (alpha * opacity) >> 7);
  }
  void Span(int y, int begin, int end, int alpha) const {
    uint8_t* p = plane + static_cast<size_t>(y) * stride;
    const int a = (alpha * opacity) >> 7;
    if (a == kFullAlpha) {
      std::memset(p + begin, color, static_cast<size_t>(end - begin));
      return;
    }
    for (int x = begin; x < end; ++x) p[x] = Blend(p[x], color, a);
  }
};

struct FlatRgbSink {
  FlatSink r, g, b;

  void Pixel(int y, int x, int alpha) const {
    r.Pixel(y, x, alpha);
    g.Pixel(y, x, alpha);
    b.Pixel(y, x, alpha);
  }
  void Span(int y, int begin, int end, int alpha) const {
    r.Span(y, begin, end, alpha);
    g.Span(y, begin, end, alpha);
    b.Span(y, begin, end, alpha);
  }
};

struct ClassSink {
  uint8_t* plane;
  int stride;
  uint8_t cls;
  bool solid;

  void Pixel(int y, int x, int alpha) const {
    if (solid && 2 * alpha >= kFullAlpha) plane[static_cast<size_t>(y) * stride + x] = cls;
  }
  void Span(int y, int begin, int end, int alpha) const {
    if (solid && 2 * alpha >= kFullAlpha) {
      std::memset(plane + static_cast<size_t>(y) * stride + begin, cls,
                  static_cast<size_t>(end - begin));
    }
  }
};

}  // namespace

void Canvas::Fill(CoverageRaster& raster, Color color, SemanticClass cls, float opacity) const {
  const int share = static_cast<int>(opacity * kFullAlpha + 0.5f);
  switch (mode) {
    case PictureMode::kGray: {
      const FlatSink sink{planes[0], width, GrayOf(color), share};
      raster.Sweep(sink);
      break;
    }
    case PictureMode::kRgb: {
      const FlatRgbSink sink{{planes[0], width, ToByte(color.r), share},
                             {planes[1], width, ToByte(color.g), share},
                             {planes[2], width, ToByte(color.b), share}};
      raster.Sweep(sink);
      break;
    }
    case PictureMode::kClasses: {
      const ClassSink sink{planes[0], width, static_cast<uint8_t>(cls), opacity > 0.9f};
      raster.Sweep(sink);
      break;
    }
  }
}

bool Painter::FacesCamera(const Face& face) const {
  const Vec3f &a = face.points[0], &b = face.points[1], &c = face.points[2];
  const Vec3f ab{b.x - a.x, b.y - a.y, b.z - a.z}, ac{c.x - a.x, c.y - a.y, c.z - a.z};
  const Vec3f n{ab.y * ac.z - ab.z * ac.y, ab.z * ac.x - ab.x * ac.z, ab.x * ac.y - ab.y * ac.x};
  return n.x * -a.x + n.y * -a.y + n.z * (view.height_m - a.z) > 0.0f;
}

void Painter::Add(std::span<const Vec3f> level_points) {
  Vec3f camera[16];
  const size_t n = level_points.size();
  for (size_t i = 0; i < n; ++i) camera[i] = view.CameraFromLevel(level_points[i]);
  triangles += AddOutline(view, {camera, n}, raster);
}

void Painter::Solid(std::span<const Face> faces, SemanticClass cls) {
  const Face* visible[8];
  int count = 0;
  for (const Face& face : faces) {
    if (FacesCamera(face)) visible[count++] = &face;
  }
  for (int first = 0; first < count; ++first) {
    for (int i = first; i < count; ++i) {
      Add({visible[i]->points, static_cast<size_t>(visible[i]->num_points)});
    }
    Fill(visible[first]->color, cls);
  }
}

}  // namespace volante
