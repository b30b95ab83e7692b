// The lights that the file holds: from signals and controllers to plans of junctions.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "road/network_builder.h"

namespace volante {

using opendrive::Road;
using opendrive::RoadEnd;
using opendrive::SignalRecord;

namespace {

constexpr double kNearEnd_m = 15.0;  // a light that far from its road's end marks where cars stop

// What the signals of one junction hold.
struct Controlled {
  std::map<int, std::vector<LaneIndex>> by_controller;  // -1: signals without one
  std::map<LaneIndex, double> before_end_m;             // approach -> of the line
};

}  // namespace

// A light on a street holds the lanes that lead from it into the junction, in its direction; a
// light on a connecting road holds that road's lanes.
void RoadNetworkBuilder::MakeSignals() {
  std::unordered_map<std::string, int> controller_of;
  for (size_t c = 0; c < document_.controllers.size(); ++c) {
    for (const std::string& signal : document_.controllers[c].signals) {
      controller_of.emplace(signal, static_cast<int>(c));
    }
  }
  std::map<int, Controlled> junctions;
  const auto hold = [&](LaneIndex lane, int controller) {
    junctions[network_->lanes_[lane].junction].by_controller[controller].push_back(lane);
  };
  for (size_t r = 0; r < document_.roads.size(); ++r) {
    const Road& road = document_.roads[r];
    for (const SignalRecord& signal : road.signals) {
      const auto found = controller_of.find(signal.id);
      const int controller = found == controller_of.end() ? -1 : found->second;
      for (const bool along : {true, false}) {
        if (!(along ? signal.along : signal.against)) continue;
        const bool street = road.junction.empty();
        const RoadEnd end = along == street ? RoadEnd::kEnd : RoadEnd::kStart;
        for (const auto& [id, lane] : GroupAt(r, end).lanes) {
          if (forward_[lane] != along || !signal.HoldsFor(id)) continue;
          if (!street) {
            hold(lane, controller);
            continue;
          }
          bool leads_in = false;
          for (const LaneIndex next : network_->lanes_[lane].successors) {
            if (network_->lanes_[next].junction < 0) continue;
            hold(next, controller);
            leads_in = true;
          }
          const double before_end = along ? road.length_m - signal.s_m : signal.s_m;
          if (!leads_in || before_end > kNearEnd_m) continue;
          const LaneIndex next = network_->lanes_[lane].successors.front();
          const int junction = network_->lanes_[next].junction;
          if (junction >= 0) junctions[junction].before_end_m[lane] = before_end;
        }
      }
    }
  }
  for (auto& [junction, controlled] : junctions) {
    if (junction < 0) continue;
    SignalPlan plan;
    plan.junction = junction;
    // The junction's own order of controllers, then those that it does not name.
    std::vector<int> order;
    const auto record =
        std::find_if(document_.junctions.begin(), document_.junctions.end(),
                     [&](const auto& j) { return j.id == network_->junctions_[junction].id; });
    if (record != document_.junctions.end()) {
      for (const std::string& id : record->controllers) {
        for (const auto& [c, lanes] : controlled.by_controller) {
          if (c >= 0 && document_.controllers[c].id == id) order.push_back(c);
        }
      }
    }
    for (const auto& [c, lanes] : controlled.by_controller) {
      if (c >= 0 && std::find(order.begin(), order.end(), c) == order.end()) order.push_back(c);
    }
    for (const int c : order) {
      SignalPhase phase;
      phase.lanes = controlled.by_controller[c];
      std::sort(phase.lanes.begin(), phase.lanes.end());
      phase.lanes.erase(std::unique(phase.lanes.begin(), phase.lanes.end()), phase.lanes.end());
      plan.phases.push_back(std::move(phase));
      if (plan.name.empty()) plan.name = document_.controllers[c].name;
    }
    if (const auto rest = controlled.by_controller.find(-1);
        rest != controlled.by_controller.end()) {
      for (SignalPhase& phase : MakeUpPhases(*network_, rest->second)) {
        plan.phases.push_back(std::move(phase));
      }
    }
    if (plan.phases.empty()) continue;
    if (plan.phases.size() > SignalPlan::kMostPhases) plan.phases.resize(SignalPlan::kMostPhases);
    plan.heads = MakeUpHeads(*network_, plan);
    for (SignalHead& head : plan.heads) {
      const auto line = controlled.before_end_m.find(head.approach);
      if (line == controlled.before_end_m.end()) continue;
      const Curve& center = network_->lanes_[head.approach].center;
      head.PlaceLine(center, center.length_m() - std::max(line->second, 0.3));
    }
    network_->signal_plans_.push_back(std::move(plan));
  }
}

}  // namespace volante
