#include "render/look.h"

#include <numbers>

#include "base/random.h"

namespace volante {

namespace {

float Around(RandomStream& random, double centre, double deviation) {
  return static_cast<float>(random.Uniform(centre - deviation, centre + deviation));
}
float Between(RandomStream& random, double low, double high) {
  return static_cast<float>(random.Uniform(low, high));
}
Color Tint(RandomStream& random, double deviation) {
  Color c;
  c.r = Around(random, 1.0, deviation);
  c.g = Around(random, 1.0, deviation);
  c.b = Around(random, 1.0, deviation);
  return c;
}

}  // namespace

Look DrawLook(const WeatherConfig& weather, const RandomisationConfig& randomisation,
              Scenario scenario, uint64_t seed) {
  Look look;
  look.weather = EpisodeWeather(weather, randomisation, scenario, seed);
  if (!randomisation.enabled) return look;

  RandomStream camera(seed, "look_camera");
  constexpr double kDegree = std::numbers::pi / 180.0;
  const double off_m = randomisation.camera_position_m;
  CameraMount& mount = look.mount;
  mount.x_m += camera.Uniform(-off_m, off_m);
  mount.y_m += camera.Uniform(-off_m, off_m);
  mount.z_m += camera.Uniform(-off_m, off_m);
  mount.pitch_rad += kDegree * randomisation.camera_pitch_deg * camera.Uniform(-1.0, 1.0);
  mount.yaw_rad += kDegree * randomisation.camera_yaw_deg * camera.Uniform(-1.0, 1.0);
  mount.roll_rad += kDegree * randomisation.camera_roll_deg * camera.Uniform(-1.0, 1.0);
  const double zoom = 1.0 + randomisation.camera_fov * camera.Uniform(-1.0, 1.0);
  look.intrinsics.fx_px *= zoom;
  look.intrinsics.fy_px *= zoom;

  RandomStream paint(seed, "look_paint");
  look.paint.asphalt = Around(paint, 1.0, randomisation.paint_asphalt);
  look.paint.grass = Tint(paint, randomisation.paint_grass);
  look.paint.buildings = Tint(paint, randomisation.paint_buildings);
  look.paint.vehicles = Tint(paint, randomisation.paint_vehicles);
  look.paint.marks = Tint(paint, randomisation.paint_mark_tint);
  look.paint.mark_wear = Between(paint, 0.0, randomisation.paint_mark_wear);

  RandomStream image(seed, "look_image");
  look.image.gamma = Between(image, randomisation.image_gamma_min, randomisation.image_gamma_max);
  look.image.brightness = Around(image, 1.0, randomisation.image_brightness);
  look.image.contrast =
      Between(image, randomisation.image_contrast_min, randomisation.image_contrast_max);
  look.image.noise_levels = Between(image, 0.0, randomisation.image_noise);
  look.image.blur_px = Between(image, 0.0, randomisation.image_blur_px);
  look.image.dropout = Between(image, 0.0, randomisation.image_dropout);
  look.image.exposure_s = Between(image, 0.0, randomisation.image_exposure_s);
  look.image.seed = image.NextUint32();
  return look;
}

Look LookForPeople(const Look& look, int width, int height) {
  Look shown;
  shown.weather = look.weather;
  shown.paint = look.paint;
  shown.intrinsics = CameraIntrinsics::ForPeople(width, height);
  return shown;
}

}  // namespace volante
