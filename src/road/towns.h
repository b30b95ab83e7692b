// The towns that the program has: built in with committed route lists, or random by seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volante {

// The built-in towns, embedded in the binary: files of towns/.
std::vector<std::string> BuiltInTownNames();
bool IsBuiltInTown(std::string_view name);
// Error(kUsage) naming the nearest name when there is none.
std::string_view BuiltInTownText(std::string_view name);
std::string_view BuiltInTownRoutesText(std::string_view name);

// The OpenDRIVE text of a built-in town, made by the program itself: what towns/NAME.xodr holds,
// byte for byte. Error(kUsage) as BuiltInTownText.
std::string MakeBuiltInTown(std::string_view name);

// The default town: Town01-like, single-lane two-way streets, T-junctions, about 4 km of road,
// turn radii >= 9 m, sidewalks, marks.
std::string MakeVolanteTown();

// multilane: arterials of two lanes each way that cross at traffic lights.
std::string MakeMultilaneTown();
// country: winding roads over hills, with spirals and banked bends.
std::string MakeCountryTown();
// highway: two and three lanes each way round an oval, ramps, and a road over two bridges.
std::string MakeHighwayTown();

// A Town01-like town of the seed: single-lane two-way streets (3.3 to 4.0 m a lane) over T- and
// 4-way junctions, 2 to 5.5 km of road, lane centres with radii >= 9 m. Any seed gives a town; the
// same seed gives the same text on every machine.
std::string MakeRandomTown(uint64_t seed);
// "random_17", and back; empty for any other text.
std::string RandomTownName(uint64_t seed);
std::optional<uint64_t> RandomTownSeed(std::string_view name);

}  // namespace volante
