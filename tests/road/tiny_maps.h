// OpenDRIVE texts of a few lines, for tests: roads of one geometry with plain lanes.
#pragma once

#include <string>

namespace volante::testing {

inline std::string Document(const std::string& content) {
  return "<?xml version=\"1.0\"?><OpenDRIVE><header revMajor=\"1\" revMinor=\"4\"/>" + content +
         "</OpenDRIVE>";
}

inline std::string LaneText(int id, const std::string& width, const std::string& link = "",
                            const std::string& type = "driving") {
  return "<lane id=\"" + std::to_string(id) + "\" type=\"" + type + "\"><link>" + link +
         "</link><width sOffset=\"0\" a=\"" + width + "\" b=\"0\" c=\"0\" d=\"0\"/></lane>";
}

// What varies between the roads of a test.
struct TinyRoad {
  std::string id = "1";
  std::string junction = "-1";
  std::string attributes;  // of <road>
  std::string link;        // content of the road's <link>
  std::string x = "0", y = "0", hdg = "0", length = "100";
  std::string shape = "<line/>";
  std::string lane_offset;
  std::string left, right = LaneText(-1, "4");

  std::string Text() const {
    return "<road id=\"" + id + "\" junction=\"" + junction + "\" length=\"" + length + "\" " +
           attributes + "><link>" + link + "</link><planView><geometry s=\"0\" x=\"" + x +
           "\" y=\"" + y + "\" hdg=\"" + hdg + "\" length=\"" + length + "\">" + shape +
           "</geometry></planView><lanes>" + lane_offset + "<laneSection s=\"0\"><left>" + left +
           "</left><center><lane id=\"0\" type=\"none\"/></center><right>" + right +
           "</right></laneSection></lanes></road>";
  }
};

}  // namespace volante::testing
