// The keys of domain randomisation: what differs from one episode to the next besides the traffic.
// Drawn once per episode from its seed. See config/config.h, which everyone includes.
#pragma once

#include "config/option.h"

namespace volante {

// Ranges are uniform. Where one number stands for a range it is the largest deviation to either
// side, or the upper end of a range that begins at 0, as its help says.
struct RandomisationConfig {
  bool enabled = false;
  double camera_position_m = 0.1;
  double camera_pitch_deg = 3.0, camera_yaw_deg = 1.5, camera_roll_deg = 1.5;
  double camera_fov = 0.05;
  double image_gamma_min = 0.7, image_gamma_max = 1.4;
  double image_brightness = 0.25;
  double image_contrast_min = 0.7, image_contrast_max = 1.3;
  double image_noise = 8.0;
  double image_blur_px = 1.0;
  double image_dropout = 0.02;
  double image_exposure_s = 0.02;
  double paint_asphalt = 0.25, paint_grass = 0.25, paint_buildings = 0.3, paint_vehicles = 0.3;
  double paint_mark_wear = 0.6, paint_mark_tint = 0.15;
  double sun_altitude_min_deg = 10.0, sun_altitude_max_deg = 80.0;
  double cloudiness_max = 100.0;
  double fog_share = 0.25, fog_density_max = 60.0;
  double rain_share = 0.25, precipitation_max = 80.0;

  template <class V>
  void VisitFields(V& v) {
    v("enabled", enabled,
      {.help = "draws camera, picture, colours and weather anew for every episode"});
    const auto range = [&](const char* name, double& value, const char* help, double min,
                           double max) {
      v(name, value,
        {.help = help,
         .min = min,
         .max = max,
         .applies = enabled,
         .condition = "randomisation.enabled is true"});
    };
    range("camera_position_m", camera_position_m,
          "camera's place, each of x, y, z up to this many metres off", 0, 0.5);
    range("camera_pitch_deg", camera_pitch_deg, "camera's pitch up to this off, degrees", 0, 15);
    range("camera_yaw_deg", camera_yaw_deg, "camera's yaw up to this off, degrees", 0, 15);
    range("camera_roll_deg", camera_roll_deg, "camera's roll up to this off, degrees", 0, 15);
    range("camera_fov", camera_fov, "focal lengths up to this share longer or shorter", 0, 0.3);
    range("image_gamma_min", image_gamma_min, "smallest gamma of the picture", 0.2, 5);
    range("image_gamma_max", image_gamma_max, "largest gamma of the picture", 0.2, 5);
    range("image_brightness", image_brightness, "picture up to this share brighter or darker", 0,
          0.9);
    range("image_contrast_min", image_contrast_min, "smallest contrast, around middle gray", 0.1,
          3);
    range("image_contrast_max", image_contrast_max, "largest contrast, around middle gray", 0.1, 3);
    range("image_noise", image_noise,
          "Gaussian noise of each pixel: up to this standard deviation, of 255", 0, 64);
    range("image_blur_px", image_blur_px, "blur: up to this standard deviation, pixels", 0, 4);
    range("image_dropout", image_dropout,
          "rows and columns that repeat their neighbour: up to this share of each, anew per frame",
          0, 0.5);
    range("image_exposure_s", image_exposure_s, "motion blur: up to this exposure time, seconds", 0,
          0.05);
    range("paint_asphalt", paint_asphalt, "asphalt up to this share lighter or darker", 0, 0.6);
    range("paint_grass", paint_grass, "grass up to this share off in each of red, green, blue", 0,
          0.6);
    range("paint_buildings", paint_buildings,
          "walls and roofs up to this share off in each of red, green, blue", 0, 0.6);
    range("paint_vehicles", paint_vehicles,
          "bodies of cars up to this share off in each of red, green, blue", 0, 0.6);
    range("paint_mark_wear", paint_mark_wear, "lane marks worn off by up to this share", 0, 0.95);
    range("paint_mark_tint", paint_mark_tint,
          "lane marks up to this share off in each of red, green, blue", 0, 0.6);
    range("sun_altitude_min_deg", sun_altitude_min_deg, "lowest sun, degrees", -90, 90);
    range("sun_altitude_max_deg", sun_altitude_max_deg, "highest sun, degrees", -90, 90);
    range("cloudiness_max", cloudiness_max, "clouds up to this, in percent", 0, 100);
    range("fog_share", fog_share, "share of episodes with fog", 0, 1);
    range("fog_density_max", fog_density_max, "fog up to this weather.fog_density", 0, 100);
    range("rain_share", rain_share, "share of episodes with rain", 0, 1);
    range("precipitation_max", precipitation_max,
          "rain and puddles up to this weather.precipitation and precipitation_deposits", 0, 100);
  }
};

}  // namespace volante
