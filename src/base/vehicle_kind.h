// What sort of vehicle something is: shared by traffic, renderer and environments.
#pragma once

#include <array>
#include <cstdint>

namespace volante {

enum class VehicleKind : uint8_t { kCar, kVan, kTruck, kTwoWheeler };
inline constexpr std::array kVehicleKindNames = {"car", "van", "truck", "two_wheeler"};

}  // namespace volante
