// Whom a student imitates: the scripted expert or another run's policy. It acts on DriveFacts alone
// and remembers nothing, so a resumed run needs nothing of it but that it is the same one.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/files.h"
#include "config/config.h"
#include "env_api/env.h"

namespace volante {

class Teacher {
 public:
  virtual ~Teacher() = default;
  // "idm_mobil", or the hash of the checkpoint's manifest, which vouches for every byte of it.
  virtual std::string identity() const = 0;
  // For people: what drives and where it comes from.
  virtual std::string description() const = 0;
  // One deterministic action per world.
  virtual void Act(std::span<const DriveFacts> facts, std::span<Action> actions) = 0;
};

// The one that config.imitation.teacher names. Error when it is neither idm_mobil nor a run or
// checkpoint, or when its policy sees pictures or has a memory.
std::unique_ptr<Teacher> MakeTeacher(Files& files, const Config& config);
// The teacher's folder as an absolute path, so that a run resumes from wherever it is called.
void MakeTeacherAbsolute(Files& files, Config& config);

}  // namespace volante
