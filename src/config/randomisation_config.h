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
  double dynamics_mass = 0.15;
  double dynamics_friction_min = 0.5, dynamics_friction_max = 1.1;
  double dynamics_steer_gain = 0.1;
  double dynamics_steer_lag_min_s = 0.05, dynamics_steer_lag_max_s = 0.25;
  double dynamics_throttle_gain = 0.15;
  int dynamics_action_delay_ticks = 2;
  double traffic_time_gap_min_s = 0.8, traffic_time_gap_max_s = 2.0;
  double traffic_speed_min = 0.7, traffic_speed_max = 1.2;
  double traffic_accel_min_mps2 = 0.8, traffic_accel_max_mps2 = 2.0;
  double traffic_politeness_max = 0.5;
  double traffic_van_share_max = 0.2, traffic_truck_share_max = 0.1;
  double traffic_two_wheeler_share_max = 0.1;

  template <class V>
  void VisitFields(V& v) {
    v("enabled", enabled,
      {.help = "draws camera, picture, colours, weather, the car's dynamics and the other drivers "
               "anew for every episode"});
    const auto range = [&](const char* name, auto& value, const char* help, double min,
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
    range("dynamics_mass", dynamics_mass, "the ego's mass up to this share off", 0, 0.4);
    range("dynamics_friction_min", dynamics_friction_min,
          "smallest friction coefficient of the dry road; 1.0489 without randomisation, and rain "
          "still takes its share",
          0.2, 2);
    range("dynamics_friction_max", dynamics_friction_max,
          "largest friction coefficient of the dry road", 0.2, 2);
    range("dynamics_steer_gain", dynamics_steer_gain,
          "the wheels turn up to this share more or less than asked", 0, 0.4);
    range("dynamics_steer_lag_min_s", dynamics_steer_lag_min_s,
          "smallest time constant of the steering, seconds; 0.1 without randomisation", 0, 1);
    range("dynamics_steer_lag_max_s", dynamics_steer_lag_max_s,
          "largest time constant of the steering, seconds", 0, 1);
    range("dynamics_throttle_gain", dynamics_throttle_gain,
          "the throttle does up to this share more or less", 0, 0.4);
    range("dynamics_action_delay_ticks", dynamics_action_delay_ticks,
          "actions act up to this many ticks late", 0, 2);
    range("traffic_time_gap_min_s", traffic_time_gap_min_s,
          "smallest time gap that an NPC keeps, seconds; 1.0 without randomisation", 0.5, 5);
    range("traffic_time_gap_max_s", traffic_time_gap_max_s,
          "largest time gap that an NPC keeps, seconds; 1.4 without randomisation", 0.5, 5);
    range("traffic_speed_min", traffic_speed_min,
          "smallest factor on an NPC's cruising speed; 0.85 without randomisation", 0.3, 2);
    range("traffic_speed_max", traffic_speed_max,
          "largest factor on an NPC's cruising speed; 1.05 without randomisation", 0.3, 2);
    range("traffic_accel_min_mps2", traffic_accel_min_mps2,
          "smallest acceleration of an NPC, m/s^2; 1.5 without randomisation", 0.3, 4);
    range("traffic_accel_max_mps2", traffic_accel_max_mps2, "largest acceleration of an NPC, m/s^2",
          0.3, 4);
    range("traffic_politeness_max", traffic_politeness_max,
          "NPCs change lanes with a politeness from 0 up to this", 0, 1);
    range("traffic_van_share_max", traffic_van_share_max,
          "an episode's share of vans is up to this; of cars what the shares leave", 0, 1);
    range("traffic_truck_share_max", traffic_truck_share_max,
          "an episode's share of trucks is up to this", 0, 1);
    range("traffic_two_wheeler_share_max", traffic_two_wheeler_share_max,
          "an episode's share of two-wheelers is up to this", 0, 1);
  }
};

}  // namespace volante
