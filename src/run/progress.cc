#include "run/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace volante {
namespace {

struct TerminalSize {
  int columns = 80, rows = 24;
};

TerminalSize SizeOf(std::FILE* out) {
  winsize size{};
  if (::ioctl(::fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row == 0 ? 24 : size.ws_row};
}

// Whether the cursor can be moved there.
bool IsTerminal(std::FILE* out) {
  if (out == nullptr || !::isatty(::fileno(out))) return false;
  const char* kind = std::getenv("TERM");
  return kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

// At most `columns` characters of a UTF-8 line: one that wraps can't be erased in place.
std::string Cut(const std::string& line, int columns) {
  int seen = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(line[i]) & 0xC0) != 0x80;
    if (begins && ++seen > columns) return line.substr(0, i);
  }
  return line;
}

}  // namespace

ProgressLine::ProgressLine(std::FILE* out, WritableFile* log)
    : out_(out), log_(log), terminal_(IsTerminal(out)) {}

ProgressLine::~ProgressLine() {
  if (out_ != nullptr && open_) std::fputc('\n', out_);
}

bool ProgressLine::Due() const {
  if (out_ == nullptr && log_ == nullptr) return false;
  if (samples_.empty()) return true;
  return Clock::now() - last_ >= std::chrono::milliseconds(terminal_ ? 500 : 10000);
}

// Over the last minute: a job's later parts may be slower than its first.
double ProgressLine::RatePerSecond(Clock::time_point now, int64_t done) {
  samples_.push_back({now, done});
  while (samples_.size() > 2 && now - samples_[1].at > std::chrono::seconds(60)) {
    samples_.pop_front();
  }
  const double seconds = std::chrono::duration<double>(now - samples_.front().at).count();
  return seconds > 0.0 ? static_cast<double>(done - samples_.front().done) / seconds : 0.0;
}

void ProgressLine::Show(int64_t done, int64_t total, const char* unit, const std::string& text,
                        bool force, const TimeLimit& limit) {
  if ((out_ == nullptr && log_ == nullptr) || !(force || Due() || (done >= total && !end_shown_)))
    return;
  end_shown_ = done >= total;
  const Clock::time_point now = Clock::now();
  last_ = now;
  const double rate = RatePerSecond(now, done);
  double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0.0;
  double left_s = rate > 0.0 ? static_cast<double>(total - done) / rate : -1.0;
  std::string of;
  if (limit.limit_s > 0.0) {
    const double limit_left_s = std::max(0.0, limit.limit_s - limit.elapsed_s);
    share = std::min(1.0, std::max(share, limit.elapsed_s / limit.limit_s));
    if (left_s < 0.0 || limit_left_s < left_s) {
      left_s = limit_left_s;
      of = " of " + DurationText(limit.limit_s);
    }
  }
  char head[160];
  std::snprintf(head, sizeof head, "%5.1f %%  %lld/%lld %s  %.0f/s  %s left%s", 100.0 * share,
                static_cast<long long>(done), static_cast<long long>(total), unit, rate,
                left_s >= 0.0 ? DurationText(left_s).c_str() : "?", of.c_str());
  line_ = std::string(head) + "  " + text;
  if (force || now - last_logged_ >= std::chrono::seconds(10)) {
    Log(line_);
    last_logged_ = now;
  }
  if (out_ == nullptr) return;
  if (terminal_) {
    Erase();
    Draw();
  } else {
    std::fprintf(out_, "%s\n", line_.c_str());
  }
  std::fflush(out_);
}

int ProgressLine::PictureColumns(int lines) const {
  if (!terminal_) return 0;
  const TerminalSize size = SizeOf(out_);
  return lines + 2 <= size.rows ? size.columns - 1 : 0;
}

// Takes picture and line away. After a change of the terminal's size nobody knows where they are:
// they stay, and drawing goes on below.
void ProgressLine::Erase() {
  if (!open_) return;
  const TerminalSize size = SizeOf(out_);
  if (size.columns != drawn_columns_ || size.rows != drawn_rows_) {
    std::fputc('\n', out_);
  } else if (drawn_lines_ > 0) {
    std::fprintf(out_, "\r\033[%dA\033[J", drawn_lines_);
  } else {
    std::fputs("\r\033[K", out_);
  }
  open_ = false;
}

void ProgressLine::Draw() {
  const TerminalSize size = SizeOf(out_);
  drawn_columns_ = size.columns;
  drawn_rows_ = size.rows;
  drawn_lines_ = static_cast<int>(std::count(picture_.begin(), picture_.end(), '\n'));
  if (PictureColumns(drawn_lines_) == 0) drawn_lines_ = 0;
  if (drawn_lines_ > 0) std::fputs(picture_.c_str(), out_);
  std::fputs(Cut(line_, size.columns - 1).c_str(), out_);
  open_ = true;
}

void ProgressLine::Message(const std::string& text) {
  Log(text);
  if (out_ == nullptr) return;
  const bool redraw = open_ && terminal_;
  Erase();
  std::fprintf(out_, "%s\n", text.c_str());
  if (redraw) Draw();
  std::fflush(out_);
}

void ProgressLine::Log(const std::string& line) {
  if (log_ != nullptr) log_->Append(std::string_view(line + "\n"));
}

void ProgressLine::Finish(const std::string& picture) {
  if (!picture.empty()) {
    if (log_ != nullptr) log_->Append(std::string_view(picture));
    if (out_ != nullptr && !terminal_) std::fputs(picture.c_str(), out_);
  }
  if (out_ != nullptr && open_) std::fputc('\n', out_);
  open_ = false;
  end_shown_ = false;
  samples_.clear();
}

std::string DurationText(double seconds) {
  const long long s = static_cast<long long>(seconds + 0.5);
  char text[32];
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%lldh%02lldm", s / 3600, s / 60 % 60);
  } else if (s >= 60) {
    std::snprintf(text, sizeof text, "%lldm%02llds", s / 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%llds", s);
  }
  return text;
}

std::string Grouped(int64_t number) {
  std::string text = std::to_string(number);
  const int first = number < 0 ? 1 : 0;
  for (int at = static_cast<int>(text.size()) - 3; at > first; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

}  // namespace volante
