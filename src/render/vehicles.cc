// Cars, vans and two-wheelers. Shapes are in shares of the vehicle's box, so any size works and
// nothing sticks out of the box that the collision test knows.
#include <algorithm>
#include <cmath>

#include "render/objects.h"

namespace volante {

namespace {

// Paintwork mirrors the sky: the shaded side of a light car must not sink to the road's gray.
float Gloss(float light) { return 0.35f + 0.65f * light; }

// Two horizontal rectangles, one above the other, in the vehicle's frame.
struct Prism {
  float rear, front, half_width, low;               // bottom rectangle, z
  float top_rear, top_front, top_half_width, high;  // top rectangle, z
};

struct Body {
  Painter& painter;
  PixelPoint at;
  float c, s;  // heading relative to the camera
  float length, width, height;
  float grade, bank;  // of the ground it stands on: up ahead, up to the left

  Vec3f Level(float x, float y, float z) const {
    return {at.u + c * x - s * y, at.v + s * x + c * y, z + grade * x + bank * y};
  }
  Vec3f Direction(float x, float y, float z) const { return {c * x - s * y, s * x + c * y, z}; }

  void Paint(const Prism& p, Color sides, Color top) const {
    const Vec3f low[4] = {Level(p.front, p.half_width, p.low), Level(p.rear, p.half_width, p.low),
                          Level(p.rear, -p.half_width, p.low),
                          Level(p.front, -p.half_width, p.low)};
    const Vec3f high[4] = {Level(p.top_front, p.top_half_width, p.high),
                           Level(p.top_rear, p.top_half_width, p.high),
                           Level(p.top_rear, -p.top_half_width, p.high),
                           Level(p.top_front, -p.top_half_width, p.high)};
    const Vec3f normals[4] = {Direction(0, 1, 0), Direction(-1, 0, 0), Direction(0, -1, 0),
                              Direction(1, 0, 0)};
    Face faces[5];
    for (int i = 0; i < 4; ++i) {
      const int j = (i + 1) % 4;
      faces[i] = {
          4, {low[i], low[j], high[j], high[i]}, Scaled(sides, Gloss(painter.Light(normals[i])))};
    }
    faces[4] = {
        4, {high[0], high[1], high[2], high[3]}, Scaled(top, Gloss(painter.Light({0, 0, 1})))};
    painter.Solid(faces, SemanticClass::kVehicle);
  }

  // A window on side i of a prism (0 left, 1 rear, 2 right, 3 front), inset by shares.
  void AddPane(const Prism& p, int side, float begin, float end, float bottom, float top) const {
    const float x[4][2] = {
        {p.front, p.top_front}, {p.rear, p.top_rear}, {p.rear, p.top_rear}, {p.front, p.top_front}};
    const float y[4][2] = {{p.half_width, p.top_half_width},
                           {p.half_width, p.top_half_width},
                           {-p.half_width, -p.top_half_width},
                           {-p.half_width, -p.top_half_width}};
    const int a = side, b = (side + 1) % 4;
    const auto corner = [&](float along, float up) {
      const float ax = x[a][0] + (x[a][1] - x[a][0]) * up, ay = y[a][0] + (y[a][1] - y[a][0]) * up;
      const float bx = x[b][0] + (x[b][1] - x[b][0]) * up, by = y[b][0] + (y[b][1] - y[b][0]) * up;
      return Level(ax + (bx - ax) * along, ay + (by - ay) * along, p.low + (p.high - p.low) * up);
    };
    const Face pane{
        4, {corner(begin, bottom), corner(end, bottom), corner(end, top), corner(begin, top)}, {}};
    if (painter.FacesCamera(pane)) painter.Add(pane.points);
  }

  // A rectangle on the flat rear (-1) or front (+1) of the box.
  void AddPlate(float end, float left, float right, float low, float high) const {
    const float x = end * 0.5f * length;
    const float a = end < 0.0f ? left : right, b = end < 0.0f ? right : left;
    const Face plate{
        4, {Level(x, a, low), Level(x, b, low), Level(x, b, high), Level(x, a, high)}, {}};
    if (painter.FacesCamera(plate)) painter.Add(plate.points);
  }

  void AddWheel(float x, float side, float radius) const {
    static constexpr float kCos[8] = {0.924f,  0.383f,  -0.383f, -0.924f,
                                      -0.924f, -0.383f, 0.383f,  0.924f};
    static constexpr float kSin[8] = {0.383f,  0.924f,  0.924f,  0.383f,
                                      -0.383f, -0.924f, -0.924f, -0.383f};
    const float y = side * 0.5f * width;
    // Visible when the camera is on that side of the car.
    const float camera_y = -(-s * at.u + c * at.v);
    if ((camera_y - y) * side <= 0.0f) return;
    Vec3f outline[8];
    for (int i = 0; i < 8; ++i) {
      outline[i] = Level(x + side * radius * -kCos[i], y, radius + radius * kSin[i]);
    }
    painter.Add(outline);
  }
};

constexpr float kFineFar_m = 60.0f;  // beyond it panes, wheels and plates are merged into colours

void FillTailLights(bool braking, Painter& painter) {
  if (painter.look.night) {
    painter.FillGlowing(braking ? palette::kBrakeLight : palette::kTailLightLit,
                        SemanticClass::kVehicle);
  } else {
    painter.Fill(braking ? palette::kBrakeLight : palette::kTailLight, SemanticClass::kVehicle);
  }
}

void PaintLights(const Body& car, bool braking, float scale) {
  Painter& painter = car.painter;
  const float w = car.width, h = scale;
  const float inner = braking ? 0.24f : 0.29f, low = braking ? 0.40f : 0.43f;
  car.AddPlate(-1.0f, 0.48f * w, inner * w, low * h, 0.56f * h);
  car.AddPlate(-1.0f, -inner * w, -0.48f * w, low * h, 0.56f * h);
  FillTailLights(braking, painter);
  if (painter.look.night) {
    // What dazzles around a lamp that shines this way.
    car.AddPlate(1.0f, 0.60f * w, 0.12f * w, 0.22f * h, 0.66f * h);
    car.AddPlate(1.0f, -0.12f * w, -0.60f * w, 0.22f * h, 0.66f * h);
    painter.FillGlowing(palette::kHeadLightLit, SemanticClass::kVehicle, 0.3f);
  }
  car.AddPlate(1.0f, 0.47f * w, 0.27f * w, 0.38f * h, 0.50f * h);
  car.AddPlate(1.0f, -0.27f * w, -0.47f * w, 0.38f * h, 0.50f * h);
  if (painter.look.night) {
    painter.FillGlowing(palette::kHeadLightLit, SemanticClass::kVehicle);
  } else {
    painter.Fill(palette::kHeadLight, SemanticClass::kVehicle);
  }
  car.AddPlate(-1.0f, 0.14f * w, -0.14f * w, 0.28f * h, 0.37f * h);
  painter.Fill(palette::kPlate, SemanticClass::kVehicle);
  car.AddPlate(1.0f, 0.22f * w, -0.22f * w, 0.26f * h, 0.40f * h);
  painter.Fill(palette::kGlass, SemanticClass::kVehicle);
}

void PaintCar(const Body& car, Color paint, bool braking, float distance) {
  Painter& painter = car.painter;
  const float l = car.length, w = 0.5f * car.width, h = car.height;
  const Prism under{-0.45f * l, 0.45f * l, 0.92f * w, 0.0f,
                    -0.45f * l, 0.45f * l, 0.92f * w, 0.22f * h};
  car.Paint(under, palette::kUnderbody, palette::kUnderbody);
  // Far away, light paint and dark underbody in one pixel would mix to the road's gray.
  const float sill = distance > 22.0f ? 0.04f * h : 0.13f * h;
  const Prism body{-0.5f * l, 0.5f * l, w, sill, -0.49f * l, 0.485f * l, 0.95f * w, 0.60f * h};
  car.Paint(body, paint, paint);
  const Prism cabin{-0.44f * l, 0.22f * l, 0.90f * w, 0.59f * h,
                    -0.27f * l, 0.04f * l, 0.74f * w, h};
  if (distance > kFineFar_m) {
    car.Paint(cabin, Mix(paint, palette::kGlass, 0.8f), paint);
    return;
  }
  car.Paint(cabin, Mix(paint, palette::kGlass, 0.45f), paint);
  for (const int side : {0, 1, 2, 3}) car.AddPane(cabin, side, 0.06f, 0.94f, 0.06f, 0.88f);
  painter.Fill(palette::kGlass, SemanticClass::kVehicle);
  const float radius = 0.215f * h;
  for (const float x : {-0.30f * l, 0.31f * l}) {
    for (const float side : {-1.0f, 1.0f}) car.AddWheel(x, side, radius);
  }
  painter.Fill(palette::kTyre, SemanticClass::kVehicle);
  PaintLights(car, braking, h);
}

void PaintVan(const Body& van, Color paint, bool braking, float distance) {
  Painter& painter = van.painter;
  const float l = van.length, w = 0.5f * van.width, h = van.height;
  const Prism under{-0.46f * l, 0.46f * l, 0.9f * w, 0.0f, -0.46f * l, 0.46f * l, 0.9f * w, 0.5f};
  van.Paint(under, palette::kUnderbody, palette::kUnderbody);
  const Prism box{-0.5f * l, 0.5f * l, w, 0.4f, -0.5f * l, 0.44f * l, 0.97f * w, h};
  van.Paint(box, paint, paint);
  if (distance > kFineFar_m) return;
  van.AddPane(box, 3, 0.08f, 0.92f, 0.42f, 0.86f);
  van.AddPane(box, 0, 0.03f, 0.24f, 0.42f, 0.82f);
  van.AddPane(box, 2, 0.76f, 0.97f, 0.42f, 0.82f);
  painter.Fill(palette::kGlass, SemanticClass::kVehicle);
  for (const float x : {-0.31f * l, 0.34f * l}) {
    for (const float side : {-1.0f, 1.0f}) van.AddWheel(x, side, 0.42f);
  }
  painter.Fill(palette::kTyre, SemanticClass::kVehicle);
  PaintLights(van, braking, 1.7f);
}

void PaintTwoWheeler(const Body& bike, Color paint, bool braking) {
  Painter& painter = bike.painter;
  const float l = bike.length, w = 0.5f * bike.width, h = bike.height;
  const Prism wheels{-0.5f * l, 0.5f * l, 0.22f * w, 0.0f,
                     -0.4f * l, 0.4f * l, 0.22f * w, 0.36f * h};
  bike.Paint(wheels, palette::kTyre, palette::kTyre);
  const Prism frame{-0.3f * l, 0.25f * l, 0.5f * w, 0.28f * h,
                    -0.3f * l, 0.25f * l, 0.5f * w, 0.56f * h};
  bike.Paint(frame, paint, paint);
  const Prism rider{-0.18f * l, 0.06f * l, 0.8f * w, 0.5f * h, -0.12f * l, 0.08f * l, w, 0.86f * h};
  bike.Paint(rider, palette::kGlass, palette::kGlass);
  const Prism head{-0.07f * l, 0.07f * l, 0.35f * w, 0.86f * h,
                   -0.07f * l, 0.07f * l, 0.35f * w, h};
  bike.Paint(head, palette::kPlate, palette::kPlate);
  bike.AddPlate(-1.0f, 0.3f * w, -0.3f * w, 0.4f * h, 0.48f * h);
  FillTailLights(braking, painter);
}

Body MakeBody(const VehicleState& vehicle, PixelPoint at, Painter& painter) {
  const auto c = static_cast<float>(std::cos(vehicle.heading_rad));
  const auto s = static_cast<float>(std::sin(vehicle.heading_rad));
  const View& view = painter.view;
  return {painter,
          at,
          c * view.cos_heading + s * view.sin_heading,
          s * view.cos_heading - c * view.sin_heading,
          static_cast<float>(vehicle.length_m),
          static_cast<float>(vehicle.width_m),
          static_cast<float>(vehicle.height_m),
          static_cast<float>(std::tan(vehicle.pitch_rad)),
          static_cast<float>(std::tan(vehicle.roll_rad))};
}

}  // namespace

void PaintVehicle(const VehicleState& vehicle, PixelPoint at, Painter& painter) {
  const Body body = MakeBody(vehicle, at, painter);
  const Color paint =
      Times(palette::kBodies[vehicle.color % palette::kBodies.size()], painter.look.vehicles);
  const float distance = std::sqrt(at.u * at.u + at.v * at.v);
  if (vehicle.width_m < 1.1) {
    PaintTwoWheeler(body, paint, vehicle.braking);
  } else if (vehicle.height_m > 2.0) {
    PaintVan(body, paint, vehicle.braking, distance);
  } else {
    PaintCar(body, paint, vehicle.braking, distance);
  }
}

void AddVehicleShadow(const VehicleState& vehicle, PixelPoint at, Painter& painter) {
  Body body = MakeBody(vehicle, at, painter);
  body.at.u -= 0.25f * painter.sun.x;
  body.at.v -= 0.25f * painter.sun.y;
  const float x = 0.5f * body.length + 0.12f, y = 0.5f * body.width + 0.12f;
  const Vec3f quad[4] = {body.Level(x, y, 0), body.Level(-x, y, 0), body.Level(-x, -y, 0),
                         body.Level(x, -y, 0)};
  painter.Add(quad);
}

void AddLightPool(const VehicleState& vehicle, PixelPoint at, Painter& painter) {
  const Body body = MakeBody(vehicle, at, painter);
  const float front = 0.5f * body.length;
  const Vec3f quad[4] = {body.Level(front + 0.5f, -0.5f * body.width, 0),
                         body.Level(front + 12.0f, -2.6f, 0), body.Level(front + 12.0f, 2.6f, 0),
                         body.Level(front + 0.5f, 0.5f * body.width, 0)};
  painter.Add(quad);
}

}  // namespace volante
