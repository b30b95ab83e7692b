#include "env/replay_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/archive.h"
#include "base/error.h"
#include "base/hash.h"
#include "config/options.h"

namespace volante {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {'V', 'O', 'L', 'R', 'P', 'L', 'A', 'Y'};
constexpr size_t kHashDigits = 32;
constexpr size_t kHeaderBytes = kMagic.size() + 4 + 4 + kHashDigits;
constexpr size_t kMaxText = 200;

// Sections of a configuration that say nothing about the world.
constexpr std::array kNotTheWorld = {"train", "learner", "exploration",    "replay",
                                     "eval",  "augment", "demonstrations", "imitation"};

[[noreturn]] void Refuse(const std::string& where, const std::string& reason) {
  throw Error(ExitCode::kBadInput, "replay file can't be used", where, reason,
              "record it again: volante evaluate --output-dir D");
}

uint32_t LittleEndian(std::span<const uint8_t> bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

void Append(std::vector<uint8_t>& bytes, uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// Shown on terminals and over pictures.
bool Printable(const std::string& text) {
  return text.size() <= kMaxText &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

EpisodeRecord::Point PointOf(const DriveFacts& facts) {
  return {facts.tick, facts.position_m.x, facts.position_m.y, facts.heading_rad, facts.speed_mps};
}

EpisodeRecord::Impact ImpactOf(const DriveFacts& facts) {
  if (!facts.collision) return {};
  return {facts.collision_other, facts.contact_m.x, facts.contact_m.y, facts.collision_speed_mps,
          Norm(facts.collision_impulse_newton_s)};
}

// What EncodeReplay promises about the fields, asked of a stranger's.
void CheckRecord(const EpisodeRecord& r, const std::string& where) {
  const auto name_count = [](const auto& names) { return static_cast<int>(names.size()); };
  if (!Printable(r.label) || !Printable(r.program)) {
    Refuse(where, "its label is not plain text of at most 200 characters");
  }
  if (static_cast<int>(r.request.scenario) < 0 ||
      static_cast<int>(r.request.scenario) >= name_count(EnumNames<Scenario>::kNames)) {
    Refuse(where, "its scenario is not known");
  }
  if (static_cast<size_t>(r.request.suite) >= kSuiteNames.size())
    Refuse(where, "its suite is not known");
  if (r.request.route_set > RouteSet::kTest || r.request.route_index < 0) {
    Refuse(where, "its route is not known");
  }
  if (static_cast<int>(r.outcome) >= name_count(kOutcomeNames)) {
    Refuse(where, "its outcome is not known");
  }
  if (r.actions.empty() || r.actions.size() % kActionSize != 0 ||
      r.actions.size() / kActionSize > EpisodeRecord::kMaxActions) {
    Refuse(where, "its list of actions has a wrong length");
  }
  for (const float a : r.actions) {
    if (!std::isfinite(a)) Refuse(where, "an action is not finite");
  }
  if (r.trail.empty()) Refuse(where, "it holds no final pose");
  int tick = 0;
  for (const EpisodeRecord::Point& p : r.trail) {
    const bool finite = std::isfinite(p.x_m) && std::isfinite(p.y_m) &&
                        std::isfinite(p.heading_rad) && std::isfinite(p.speed_mps);
    if (p.tick <= tick || !finite) Refuse(where, "a pose of its trail is not possible");
    tick = p.tick;
  }
  const EpisodeRecord::Impact& hit = r.impact;
  if (hit.other < -1 || !std::isfinite(hit.x_m) || !std::isfinite(hit.y_m) ||
      !std::isfinite(hit.speed_mps) || !std::isfinite(hit.impulse_newton_s)) {
    Refuse(where, "its collision is not possible");
  }
}

}  // namespace

void EpisodeRecord::Begin(const ResetRequest& reset) {
  *this = EpisodeRecord{};
  request = reset;
  request.world = 0;
}

void EpisodeRecord::Add(const Action& action, const DriveFacts& facts) {
  actions.push_back(action.steer);
  actions.push_back(action.throttle);
  outcome = facts.outcome;
  impact = ImpactOf(facts);
  const int last = trail.empty() ? 0 : trail.back().tick;
  if (facts.tick / kTrailTicks != last / kTrailTicks || facts.status != Status::kRunning) {
    trail.push_back(PointOf(facts));
  }
}

std::string WorldYaml(const Config& config) {
  Config world = config;
  world.imitation = {};  // under it keys of the world would be comments: it does not read rewards
  const std::string yaml = ToYaml(world);
  std::string text;
  bool keep = false;
  for (size_t at = 0; at < yaml.size();) {
    const size_t end = std::min(yaml.find('\n', at), yaml.size() - 1);
    const std::string_view line(yaml.data() + at, end - at + 1);
    const bool top_level = line[0] != ' ' && line[0] != '#' && line[0] != '\n';
    if (top_level) {
      const std::string_view key = line.substr(0, line.find(':'));
      keep = key != "preset" &&
             std::find(kNotTheWorld.begin(), kNotTheWorld.end(), key) == kNotTheWorld.end();
    }
    if (keep && line.find_first_not_of(" \n") != std::string_view::npos &&
        line[line.find_first_not_of(' ')] != '#') {
      text += line;
    }
    at = end + 1;
  }
  return text;
}

std::vector<uint8_t> EncodeReplay(EpisodeRecord record) {
  record.format = EpisodeRecord::kFormatVersion;
  const std::vector<uint8_t> payload = SaveState(record);
  VOLANTE_CHECK(payload.size() + kHeaderBytes <= EpisodeRecord::kMaxBytes, "a drive of hours");
  std::vector<uint8_t> bytes(kMagic.begin(), kMagic.end());
  Append(bytes, EpisodeRecord::kFormatVersion);
  Append(bytes, static_cast<uint32_t>(payload.size()));
  const std::string hash = Hash128Hex(payload.data(), payload.size());
  bytes.insert(bytes.end(), hash.begin(), hash.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

EpisodeRecord DecodeReplay(std::span<const uint8_t> bytes, const std::string& where) {
  if (bytes.size() < kHeaderBytes) Refuse(where, "it is shorter than its header");
  if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    Refuse(where, "it is not a replay file of Volante");
  }
  const uint32_t version = LittleEndian(bytes.subspan(kMagic.size()));
  if (version < 1 || version > static_cast<uint32_t>(EpisodeRecord::kFormatVersion)) {
    Refuse(where, "it has format version " + std::to_string(version) +
                      ", this program reads 1 to " + std::to_string(EpisodeRecord::kFormatVersion));
  }
  const uint32_t size = LittleEndian(bytes.subspan(kMagic.size() + 4));
  if (size != bytes.size() - kHeaderBytes) {
    Refuse(where, "its header states " + std::to_string(size) + " bytes, " +
                      std::to_string(bytes.size() - kHeaderBytes) + " follow");
  }
  const std::span<const uint8_t> payload = bytes.subspan(kHeaderBytes);
  const std::string hash = Hash128Hex(payload.data(), payload.size());
  if (!std::equal(hash.begin(), hash.end(), bytes.begin() + (kHeaderBytes - kHashDigits))) {
    Refuse(where, "its XXH3-128 is " + hash + ", it states another");
  }
  EpisodeRecord record;
  record.format = static_cast<int>(version);
  LoadState(payload, record, where);
  CheckRecord(record, where);
  return record;
}

void WriteReplayFile(Files& files, const std::string& path, const EpisodeRecord& record) {
  WriteFileAtomically(files, path, EncodeReplay(record));
}

EpisodeRecord ReadReplayFile(Files& files, const std::string& path) {
  return DecodeReplay(files.ReadAll(path, EpisodeRecord::kMaxBytes), path);
}

Config ConfigOf(const EpisodeRecord& record, const std::string& where) {
  try {
    return ParseConfig(record.config, where);
  } catch (const Error& error) {
    throw Error(ExitCode::kBadInput, "replay file can't be used", where,
                "its configuration is not one of this program: " + error.message() + " " +
                    error.where() + " " + error.reason(),
                "use the version that recorded it: " + record.program);
  }
}

void ReplayCheck::Add(const DriveFacts& facts) {
  ++steps_;
  outcome_ = facts.outcome;
  impact_ = ImpactOf(facts);
  if (!divergence_.empty() || next_ >= record_.trail.size()) return;
  const EpisodeRecord::Point& was = record_.trail[next_];
  const bool over = facts.status != Status::kRunning;
  if (facts.tick < was.tick && !over) return;
  const EpisodeRecord::Point is = PointOf(facts);
  ++next_;
  if (is == was) return;
  char text[200];
  if (is.tick != was.tick) {
    std::snprintf(text, sizeof text, "the drive ended at tick %d, the recorded one went on",
                  is.tick);
  } else {
    std::snprintf(text, sizeof text, "at tick %d the car is %.3g m and %.3g m/s from the record",
                  is.tick, std::hypot(is.x_m - was.x_m, is.y_m - was.y_m),
                  std::abs(is.speed_mps - was.speed_mps));
  }
  divergence_ = text;
}

std::string ReplayCheck::Divergence() const {
  if (!divergence_.empty()) return divergence_;
  if (outcome_ != record_.outcome) {
    return std::string("it ends as ") + kOutcomeNames[static_cast<size_t>(outcome_)] +
           ", the record as " + kOutcomeNames[static_cast<size_t>(record_.outcome)];
  }
  if (next_ < record_.trail.size()) return "it ends before the record does";
  if (record_.format >= 2 && impact_ != record_.impact) {
    return "it ends with another collision than the record";
  }
  return "";
}

}  // namespace volante
