// Which lanes there are and which follow which, against SUMO's netconvert: another reader of
// OpenDRIVE.
// Skipped where netconvert (package sumo) or a map is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "base/files.h"
#include "road/route.h"

namespace volante {
namespace {

// SUMO names the edge along a road's reference line "-ID", the one against it "ID"; lane 0 is the
// outermost.
struct SumoNetwork {
  using LaneName = std::pair<std::string, int>;  // edge and lane
  std::map<std::string, double> edge_length_m;
  std::set<LaneName> lanes;
  std::set<std::pair<LaneName, LaneName>> connections;
  std::map<std::pair<LaneName, LaneName>, char> turn;  // 's', 'l', 'r'
};

SumoNetwork Convert(const std::string& map) {
  const std::string folder = ::testing::TempDir() + "volante_sumo_" + std::to_string(getpid());
  RealFiles().MakeDirectories(folder);
  // The package without sumo-tools holds no type map of OpenDRIVE's lanes.
  WriteFileAtomically(RealFiles(), folder + "/types.xml",
                      "<types><type id=\"driving\" priority=\"1\" numLanes=\"1\" speed=\"13.89\"/>"
                      "<type id=\"none\" discard=\"1\"/><type id=\"sidewalk\" discard=\"1\"/>"
                      "<type id=\"shoulder\" discard=\"1\"/></types>");
  const std::string command = "netconvert --opendrive-files '" + map + "' -t '" + folder +
                              "/types.xml' --opendrive.curve-resolution 1 -o '" + folder +
                              "/net.xml' > /dev/null 2>&1";
  SumoNetwork network;
  if (std::system(command.c_str()) == 0) {
    const std::string text = ReadText(RealFiles(), folder + "/net.xml");
    // One element to the line. No regular expression: libstdc++'s recurses for every character.
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto value = [&](const std::string& name) {
        const size_t at = line.find(" " + name + "=\"");
        if (at == std::string::npos) return std::string();
        const size_t begin = at + name.size() + 3;
        return line.substr(begin, line.find('"', begin) - begin);
      };
      const bool internal = value("id").starts_with(":") || value("from").starts_with(":");
      if (internal) continue;
      if (line.find("<lane ") != std::string::npos) {
        const std::string id = value("id");
        const size_t cut = id.rfind('_');
        const std::string edge = id.substr(0, cut);
        const int lane = std::stoi(id.substr(cut + 1));
        network.lanes.emplace(edge, lane);
        if (lane == 0) network.edge_length_m[edge] = std::stod(value("length"));
      } else if (line.find("<connection ") != std::string::npos) {
        const std::pair pair(SumoNetwork::LaneName(value("from"), std::stoi(value("fromLane"))),
                             SumoNetwork::LaneName(value("to"), std::stoi(value("toLane"))));
        network.connections.insert(pair);
        network.turn[pair] = value("dir")[0];
      }
    }
  }
  RealFiles().RemoveAll(folder);
  return network;
}

std::string EdgeOf(const Lane& lane) { return (lane.opendrive_lane < 0 ? "-" : "") + lane.road_id; }

// The lanes of one direction are counted from the outside in.
SumoNetwork::LaneName NameOf(const RoadNetwork& network, LaneIndex index) {
  const Lane& lane = network.lane(index);
  int outer = 0;
  for (const Lane& other : network.lanes()) {
    outer += other.road_id == lane.road_id && other.section == lane.section &&
             (other.opendrive_lane < 0) == (lane.opendrive_lane < 0) &&
             std::abs(other.opendrive_lane) > std::abs(lane.opendrive_lane);
  }
  return {EdgeOf(lane), outer};
}

// From each lane outside junctions to those that it leads to, over one way that may have several
// pieces. Turns are compared at `crossings`: a motorway's ramp that bends by more than 30 degrees
// goes straight on to SUMO, which looks at the angle between the edges.
void Compare(const RoadNetwork& network, const SumoNetwork& sumo, bool crossings,
             bool lanes_merge = false) {
  std::set<SumoNetwork::LaneName> lanes;
  std::set<std::pair<SumoNetwork::LaneName, SumoNetwork::LaneName>> connections;
  for (size_t i = 0; i < network.lanes().size(); ++i) {
    const Lane& lane = network.lanes()[i];
    if (lane.junction >= 0) continue;
    const SumoNetwork::LaneName from = NameOf(network, static_cast<LaneIndex>(i));
    lanes.insert(from);
    std::vector<LaneIndex> ways(lane.successors);
    while (!ways.empty()) {
      const LaneIndex way = ways.back();
      ways.pop_back();
      if (network.lane(way).junction >= 0) {
        for (const LaneIndex next : network.lane(way).successors) {
          if (network.lane(next).junction >= 0) {
            ways.push_back(next);
            continue;
          }
          const Turn turn = network.lane(way).turn;
          const char ours = turn == Turn::kLeft ? 'l' : turn == Turn::kRight ? 'r' : 's';
          const std::pair pair(from, NameOf(network, next));
          connections.insert(pair);
          const auto theirs = sumo.turn.find(pair);
          if (!crossings || theirs == sumo.turn.end()) continue;
          EXPECT_EQ(theirs->second, ours) << from.first << " to " << pair.second.first;
        }
        continue;
      }
      const SumoNetwork::LaneName to = NameOf(network, way);
      if (to.first != from.first) connections.emplace(from, to);  // else: sections of one edge
    }
  }
  EXPECT_EQ(lanes, sumo.lanes);
  if (!lanes_merge) {
    EXPECT_EQ(connections, sumo.connections);
    return;
  }
  // Of two lanes that become one SUMO lets only one go on.
  std::set<std::pair<std::string, std::string>> ours, theirs;
  for (const auto& [from, to] : connections) ours.emplace(from.first, to.first);
  for (const auto& [from, to] : sumo.connections) theirs.emplace(from.first, to.first);
  EXPECT_EQ(ours, theirs);
}

class Sumo : public ::testing::TestWithParam<const char*> {};

TEST_P(Sumo, FindsTheSameSuccessors) {
  if (std::system("netconvert --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "netconvert (package sumo) is not installed";
  }
  const std::vector<std::string> towns = BuiltInTownNames();
  const bool built_in = std::find(towns.begin(), towns.end(), GetParam()) != towns.end();
  std::string path = std::string(VOLANTE_SOURCE_DIR) + (built_in ? "/towns/" : "/../shared/maps/") +
                     GetParam() + ".xodr";
  const auto seed = RandomTownSeed(GetParam());
  if (seed) {
    path = ::testing::TempDir() + GetParam() + "_" + std::to_string(getpid()) + ".xodr";
    WriteFileAtomically(RealFiles(), path, MakeRandomTown(*seed));
  }
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the map " << path << " is not here";
  const SumoNetwork sumo = Convert(path);
  ASSERT_FALSE(sumo.connections.empty()) << "netconvert failed";
  const auto network = RoadNetwork::LoadFile(path);
  if (seed) RealFiles().Remove(path);
  // SUMO calls a motorway's fork a turn or not by its neighbours.
  const std::string name = GetParam();
  Compare(*network, sumo, name != "Town04" && name != "highway", name == "highway");
  if (name != "volante_town") return;
  // Lane lengths too; SUMO measures polylines of 1 m pieces.
  size_t compared = 0;
  for (const Lane& lane : network->lanes()) {
    const auto edge = sumo.edge_length_m.find(EdgeOf(lane));
    if (lane.junction >= 0 || edge == sumo.edge_length_m.end()) continue;
    EXPECT_NEAR(lane.center.length_m(), edge->second, 0.1) << lane.road_id;
    ++compared;
  }
  EXPECT_EQ(compared, 36u);
}

// Towns that SUMO made up and wrote as OpenDRIVE: ways of paramPoly3, lane offsets, hills.
TEST(SumoTowns, AreReadAsSumoReadsThem) {
  if (std::system("netgenerate --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "netgenerate (package sumo) is not installed";
  }
  const std::string folder =
      ::testing::TempDir() + "volante_sumo_towns_" + std::to_string(getpid());
  RealFiles().MakeDirectories(folder);
  for (const char* options :
       {"--grid --grid.number 3 --grid.length 120 -L 2",
        "--spider --spider.arm-number 6 --spider.circle-number 2 --spider.space-radius 120 -L 2",
        "--grid --grid.number 4 --grid.length 150 -L 1 --perturb-x 15 --perturb-y 15 "
        "--perturb-z 5"}) {
    const std::string command = "cd '" + folder + "' && netgenerate " + options +
                                " --default.junctions.radius 15 -o made.net.xml > /dev/null 2>&1 "
                                "&& netconvert -s made.net.xml --opendrive-output made.xodr > "
                                "/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << options;
    const auto network = RoadNetwork::LoadFile(folder + "/made.xodr");
    Compare(*network, Convert(folder + "/made.xodr"), false);
    EXPECT_GT(network->lanes().size(), 100u) << options;
  }
  RealFiles().RemoveAll(folder);
}

INSTANTIATE_TEST_SUITE_P(Maps, Sumo,
                         ::testing::Values("volante_town", "multilane", "country", "highway",
                                           "random_0", "random_3", "random_1000000", "Town01",
                                           "Town02", "Town04"));

}  // namespace
}  // namespace volante
