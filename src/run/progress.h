// The one line that a long job shows: what, how far, how fast, how long still.
// On a terminal it is rewritten in place twice a second; in a file a line appears every 10 s.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace volante {

class ProgressLine {
 public:
  // `out` is usually stderr; null shows nothing.
  explicit ProgressLine(std::FILE* out);

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
  std::FILE* out_;
  bool terminal_ = false;
  bool open_ = false;              // the cursor stands in an unfinished line
  Clock::time_point start_, last_;
  int64_t first_done_ = -1;
};

// "1h02m", "3m05s", "12s".
std::string DurationText(double seconds);

}  // namespace volante
