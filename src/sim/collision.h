// Contacts between the ego and the NPCs: with whom, where, how hard, and whose fault. Pure
// functions.
#pragma once

#include <span>

#include "sim/traffic.h"
#include "sim/vehicle_state.h"

namespace volante {

// Two vehicles as rigid bodies on the ground.
struct ContactBody {
  OrientedBox box;
  Vec2 velocity_mps;  // of its centre
  double yaw_rate_radps = 0.0;
  double mass_kg = 1500.0;
  double yaw_inertia_kgm2 = 2500.0;
};

// A vehicle of the traffic: mass by its kind (car 1,500, van 2,500, truck 9,000, two-wheeler with
// its rider 250 kg), inertia that of a box filled evenly; it is taken not to turn.
ContactBody BodyOf(const VehicleState& npc);

struct ContactForce {
  Vec2 point_m;           // centre of the overlapping area, world
  Vec2 impulse_newton_s;  // on the first body, world
};

// What the first contact of two bodies that overlap by one tick's way does. The normal is that of
// the side which was reached last (separating axes over time; the least overlap where they do not
// approach). Along it, without friction, the impulse ends the approach and returns a tenth of it:
// restitution 0.1, as measured in crashes of cars at 10 m/s and more (it grows towards 0.3 in light
// ones). With the bodies' rotation: J = (1 + e) v_n / sum(1/m + (r x n)^2 / I).
ContactForce ForceOf(const ContactBody& first, const ContactBody& second);

struct Contact {
  int other = -1;                   // NPC index, -1 no contact
  double relative_speed_mps = 0.0;  // norm of the difference of velocities
};

// The touched NPC with the lowest index. Who drives above or below the ego, on a bridge, is not
// touched: bodies reach from the ground to their height.
Contact FindContact(const EgoView& ego, std::span<const VehicleState> npcs,
                    double ego_ground_m = 0.0, double ego_height_m = 1.488);

// The ego is at fault unless it had stood for at least a second, was hit from behind by a car that
// had followed it for at least 2 s, or was cut off (Traffic::CutsInto its lane, which it kept).
bool EgoAtFault(const EgoView& ego, const EgoRights& rights, const Npc& npc,
                const VehicleState& pose, bool cut_off);

// Pairs of vehicles whose outlines overlap, on one level. O(n^2): for tests and checks.
int CountOverlaps(std::span<const VehicleState> vehicles);

}  // namespace volante
