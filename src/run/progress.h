// What a long job shows: one line (what, how far, how fast, how long still), and above it a picture
// where the job has one. On a terminal both are redrawn in place, at most as wide and as high as
// the terminal is; into a file a line goes every 10 s and the picture once at the end. The clock is
// read for showing alone. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>

#include "base/files.h"

namespace volante {

// A job's own limit of time beside its number of units.
struct TimeLimit {
  double elapsed_s = 0.0;
  double limit_s = 0.0;  // 0 means none
};

class ProgressLine {
 public:
  // `out` is usually stderr; null shows nothing. Messages, and a progress line every 10 s, are also
  // appended to `log` where one is given; it must outlive this.
  explicit ProgressLine(std::FILE* out, WritableFile* log = nullptr);
  ~ProgressLine();  // leaves the cursor at the beginning of a line, after an error too
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `done` of `total` units ("env steps"); `text` is what the job says about itself. Time left is
  // that of whatever ends the job first. Shown only when its time has come, when all is done, or by
  // `force`.
  void Show(int64_t done, int64_t total, const char* unit, const std::string& text,
            bool force = false, const TimeLimit& limit = {});
  // Whether Show would print now: building `text` may cost something.
  bool Due() const;
  // Columns for a picture of `lines` lines: 0 when this is no terminal, or one too small for it.
  int PictureColumns(int lines) const;
  // Whole lines, each ending in '\n', that stand above the line from the next Show on; "" for none.
  void SetPicture(std::string picture) { picture_ = std::move(picture); }
  // Prints a message above picture and line.
  void Message(const std::string& text);
  // Somebody else wrote to the terminal: what stands there stays, and drawing goes on below.
  void GoOnBelow() { open_ = false; }
  // Ends the line; what is shown next is another job, timed from then on. `picture` goes to the
  // log, and to `out` unless it is a terminal, which shows its own.
  void Finish(const std::string& picture = "");

 private:
  using Clock = std::chrono::steady_clock;
  struct Sample {
    Clock::time_point at;
    int64_t done;
  };
  void Log(const std::string& line);
  double RatePerSecond(Clock::time_point now, int64_t done);
  void Erase();
  void Draw();

  std::FILE* out_;
  WritableFile* log_;
  bool terminal_ = false;
  std::string line_, picture_;
  bool open_ = false;                       // the cursor stands behind an unfinished line
  int drawn_lines_ = 0;                     // of the picture above it
  int drawn_columns_ = 0, drawn_rows_ = 0;  // of the terminal then
  bool end_shown_ = false;
  Clock::time_point last_, last_logged_;
  std::deque<Sample> samples_;  // of the last minute, for the rate
};

// "1h02m", "3m05s", "12s".
std::string DurationText(double seconds);
// "97,312".
std::string Grouped(int64_t number);

}  // namespace volante
