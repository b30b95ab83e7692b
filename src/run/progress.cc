#include "run/progress.h"

#include <unistd.h>

namespace volante {

ProgressLine::ProgressLine(std::FILE* out, WritableFile* log)
    : out_(out),
      log_(log),
      terminal_(out != nullptr && ::isatty(::fileno(out))),
      start_(Clock::now()) {}

bool ProgressLine::Due() const {
  if (out_ == nullptr && log_ == nullptr) return false;
  if (first_done_ < 0) return true;
  return Clock::now() - last_ >= std::chrono::milliseconds(terminal_ ? 500 : 10000);
}

void ProgressLine::Show(int64_t done, int64_t total, const char* unit, const std::string& text,
                        bool force) {
  if ((out_ == nullptr && log_ == nullptr) || !(force || Due())) return;
  const Clock::time_point now = Clock::now();
  if (first_done_ < 0) {
    first_done_ = done;
    start_ = now;
  }
  last_ = now;
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const double rate = elapsed_s > 0.0 ? static_cast<double>(done - first_done_) / elapsed_s : 0.0;
  char head[160];
  std::snprintf(head, sizeof head, "%5.1f %%  %lld/%lld %s  %.0f/s  %s left",
                total > 0 ? 100.0 * static_cast<double>(done) / static_cast<double>(total) : 0.0,
                static_cast<long long>(done), static_cast<long long>(total), unit, rate,
                rate > 0.0 ? DurationText(static_cast<double>(total - done) / rate).c_str() : "?");
  const bool log_due = force || now - last_logged_ >= std::chrono::seconds(10);
  if (log_due) {
    Log(std::string(head) + "  " + text);
    last_logged_ = now;
  }
  if (out_ == nullptr) return;
  if (terminal_) {
    std::fprintf(out_, "\r\033[K%s  %s", head, text.c_str());
    open_ = true;
  } else {
    std::fprintf(out_, "%s  %s\n", head, text.c_str());
  }
  std::fflush(out_);
}

void ProgressLine::Message(const std::string& text) {
  Log(text);
  if (out_ == nullptr) return;
  std::fprintf(out_, "%s%s\n", open_ ? "\r\033[K" : "", text.c_str());
  std::fflush(out_);
  open_ = false;
}

void ProgressLine::Log(const std::string& line) {
  if (log_ != nullptr) log_->Append(std::string_view(line + "\n"));
}

void ProgressLine::Finish() {
  if (out_ != nullptr && open_) std::fputc('\n', out_);
  open_ = false;
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

}  // namespace volante
