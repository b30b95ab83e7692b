// Which lanes follow which, against SUMO's netconvert: another reader of OpenDRIVE.
// Skipped where netconvert (package sumo) or a map is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "base/files.h"
#include "road/route.h"

namespace volante {
namespace {

// SUMO names the edge along a road's reference line "-ID", the one against it "ID"; lane 0 is the
// outermost.
struct SumoNetwork {
  std::map<std::string, double> edge_length_m;
  std::set<std::pair<std::string, std::string>> connections;
  std::map<std::pair<std::string, std::string>, char> turn;  // 's', 'l', 'r'
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
    const std::regex lane("<lane id=\"([^:\"][^\"]*)_0\" [^>]*length=\"([0-9.]+)\"");
    for (std::sregex_iterator i(text.begin(), text.end(), lane), end; i != end; ++i) {
      network.edge_length_m[(*i)[1]] = std::stod((*i)[2]);
    }
    const std::regex connection(
        "<connection from=\"([^:\"][^\"]*)\" to=\"([^:\"][^\"]*)\" [^>]*dir=\"(.)\"");
    for (std::sregex_iterator i(text.begin(), text.end(), connection), end; i != end; ++i) {
      network.connections.emplace((*i)[1], (*i)[2]);
      network.turn[{(*i)[1], (*i)[2]}] = (*i)[3].str()[0];
    }
  }
  RealFiles().RemoveAll(folder);
  return network;
}

std::string EdgeOf(const Lane& lane) { return (lane.opendrive_lane < 0 ? "-" : "") + lane.road_id; }

// From each lane outside junctions to those that it leads to, over at most one way.
void Compare(const RoadNetwork& network, const SumoNetwork& sumo) {
  std::set<std::pair<std::string, std::string>> connections;
  for (const Lane& lane : network.lanes()) {
    if (lane.junction >= 0) continue;
    for (const LaneIndex next : lane.successors) {
      if (network.lane(next).junction < 0) {
        connections.emplace(EdgeOf(lane), EdgeOf(network.lane(next)));
        continue;
      }
      for (const LaneIndex last : network.lane(next).successors) {
        const std::pair pair(EdgeOf(lane), EdgeOf(network.lane(last)));
        connections.insert(pair);
        const Turn turn = network.lane(next).turn;
        const char ours = turn == Turn::kLeft ? 'l' : turn == Turn::kRight ? 'r' : 's';
        const auto theirs = sumo.turn.find(pair);
        EXPECT_TRUE(theirs == sumo.turn.end() || theirs->second == ours)
            << pair.first << pair.second;
      }
    }
  }
  EXPECT_EQ(connections, sumo.connections);
}

class Sumo : public ::testing::TestWithParam<const char*> {};

TEST_P(Sumo, FindsTheSameSuccessors) {
  if (std::system("netconvert --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "netconvert (package sumo) is not installed";
  }
  const bool built_in = std::string(GetParam()) == "volante_town";
  const std::string path = std::string(VOLANTE_SOURCE_DIR) +
                           (built_in ? "/towns/" : "/../shared/maps/") + GetParam() + ".xodr";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the map " << path << " is not here";
  const SumoNetwork sumo = Convert(path);
  ASSERT_FALSE(sumo.connections.empty()) << "netconvert failed";
  const auto network = RoadNetwork::LoadFile(path);
  Compare(*network, sumo);
  if (!built_in) return;
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

INSTANTIATE_TEST_SUITE_P(Maps, Sumo, ::testing::Values("volante_town", "Town01", "Town02"));

}  // namespace
}  // namespace volante
