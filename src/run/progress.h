// The one line that a long job shows: what, how far, how fast, how long still.
// On a terminal it is rewritten in place twice a second; in a file a line appears every 10 s.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "base/files.h"

namespace volante {

class ProgressLine {
 public:
  // `out` is usually stderr; null shows nothing. Messages, and a progress line every 10 s, are also
  // appended to `log` where one is given; it must outlive this.
  explicit ProgressLine(std::FILE* out, WritableFile* log = nullptr);

  // `done` of `total` units ("env steps"); `text` is what the job says about itself. Shown only
  // when its time has come, unless `force`.
  void Show(int64_t done, int64_t total, const char* unit, const std::string& text,
            bool force = false);
  // Whether Show would print now: building `text` may cost something.
  bool Due() const;
  // Prints a message above the line.
  void Message(const std::string& text);
  // Ends the line.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;
  void Log(const std::string& line);

  std::FILE* out_;
  WritableFile* log_;
  bool terminal_ = false;
  bool open_ = false;  // the cursor stands in an unfinished line
  Clock::time_point start_, last_, last_logged_;
  int64_t first_done_ = -1;
};

// "1h02m", "3m05s", "12s".
std::string DurationText(double seconds);

}  // namespace volante
