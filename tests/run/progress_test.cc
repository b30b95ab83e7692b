// What a person sees: the progress line and its picture, on a pseudo terminal whose output a small
// emulator of our own reading of ECMA-48 (cursor up, erase) turns into a screen.
#include "run/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "run/live_curve.h"
#include "support/temporary_directory.h"

namespace volante {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A screen without a bottom: lines as they stand after all output. Characters are counted as UTF-8
// code points; one beyond the right end goes to the next line, as terminals do.
std::vector<std::string> Screen(const std::string& bytes, size_t columns) {
  std::vector<std::vector<std::string>> rows(1);
  size_t row = 0, column = 0;
  const auto next_row = [&] {
    if (++row == rows.size()) rows.emplace_back();
  };
  for (size_t i = 0; i < bytes.size();) {
    const unsigned char c = static_cast<unsigned char>(bytes[i]);
    if (c == '\r') {
      column = 0, ++i;
    } else if (c == '\n') {
      next_row(), ++i;
    } else if (c == 0x1B) {
      size_t end = i + 2;
      while (bytes[end] >= '0' && bytes[end] <= '9') ++end;
      const int n = std::max(1, std::atoi(bytes.c_str() + i + 2));
      if (bytes[end] == 'A') {
        EXPECT_LE(n, static_cast<int>(row)) << "the cursor moves above the screen";
        row -= std::min(row, static_cast<size_t>(n));
      } else {
        EXPECT_TRUE(bytes[end] == 'J' || bytes[end] == 'K') << bytes[end];
        rows[row].resize(std::min(rows[row].size(), column));
        if (bytes[end] == 'J') rows.resize(row + 1);
      }
      i = end + 1;
    } else {
      size_t end = i + 1;
      while (end < bytes.size() && (static_cast<unsigned char>(bytes[end]) & 0xC0) == 0x80) ++end;
      if (column == columns) next_row(), column = 0;
      if (rows[row].size() <= column) rows[row].resize(column + 1, " ");
      rows[row][column++] = bytes.substr(i, end - i);
      i = end;
    }
  }
  std::vector<std::string> lines;
  for (const auto& cells : rows) {
    lines.emplace_back();
    for (const std::string& cell : cells) lines.back() += cell;
  }
  return lines;
}

class Terminal {
 public:
  Terminal(int columns, int rows, const char* kind = "xterm") : columns_(columns) {
    ::setenv("TERM", kind, 1);
    int slave = -1;
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = static_cast<unsigned short>(rows);
    EXPECT_EQ(::openpty(&master_, &slave, nullptr, nullptr, &size), 0);
    ::fcntl(master_, F_SETFL, O_NONBLOCK);
    out_ = ::fdopen(slave, "w");
  }
  ~Terminal() {
    std::fclose(out_);
    ::close(master_);
  }
  std::FILE* out() { return out_; }
  void Resize(int columns, int rows) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = static_cast<unsigned short>(rows);
    EXPECT_EQ(::ioctl(master_, TIOCSWINSZ, &size), 0);
    columns_ = columns;
  }
  std::string Bytes() {
    std::fflush(out_);
    char piece[4096];
    ssize_t n;
    while ((n = ::read(master_, piece, sizeof piece)) > 0) {
      bytes_.append(piece, static_cast<size_t>(n));
    }
    return bytes_;
  }
  std::vector<std::string> Lines() { return Screen(Bytes(), static_cast<size_t>(columns_)); }

 private:
  int master_ = -1, columns_;
  std::FILE* out_ = nullptr;
  std::string bytes_;
};

TEST(ProgressLine, PictureAndLineAreRedrawnInPlaceAndMessagesStayAbove) {
  Terminal terminal(80, 24);
  ProgressLine progress(terminal.out());
  EXPECT_EQ(progress.PictureColumns(2), 79);
  progress.SetPicture("picture one\nlonger second line\n");
  progress.Show(10, 100, "env steps", "first", true);
  progress.Message("a message");
  progress.SetPicture("picture two\nsecond\n");
  progress.Show(20, 100, "env steps", "second", true);
  progress.Finish();
  const std::vector<std::string> lines = terminal.Lines();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "a message");
  EXPECT_EQ(lines[1], "picture two");
  EXPECT_EQ(lines[2], "second");
  EXPECT_THAT(lines[3], HasSubstr(" 20.0 %  20/100 env steps"));
  EXPECT_EQ(lines[4], "");
}

TEST(ProgressLine, IsCutOnANarrowTerminalWhichGetsNoPicture) {
  Terminal terminal(30, 6);
  ProgressLine progress(terminal.out());
  EXPECT_EQ(progress.PictureColumns(10), 0) << "too low";
  LiveCurve curve;
  curve.Add(0, 0.0, 0.0);
  curve.Add(100, 0.5, 0.0);
  EXPECT_EQ(curve.Text(30 - 1 - kTerminalChartMargin, 8), "") << "too narrow";
  for (int i = 0; i < 5; ++i) {
    progress.Show(i, 100, "env steps", std::string(100, 'x'), true);
  }
  progress.Finish();
  const std::vector<std::string> lines = terminal.Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].size(), 29u);
}

TEST(ProgressLine, AfterAChangeOfSizeItGoesOnBelow) {
  Terminal terminal(80, 24);
  ProgressLine progress(terminal.out());
  progress.SetPicture("a\nb\n");
  progress.Show(1, 100, "env steps", "", true);
  terminal.Resize(60, 24);
  progress.Show(2, 100, "env steps", "", true);
  progress.Show(3, 100, "env steps", "", true);
  progress.Finish();
  const std::vector<std::string> lines = terminal.Lines();
  ASSERT_EQ(lines.size(), 7u);  // the old three lines, the new ones, the cursor
  EXPECT_THAT(lines[2], HasSubstr("1/100"));
  EXPECT_THAT(lines[5], HasSubstr("3/100"));
}

TEST(ProgressLine, WhatSomebodyElseWroteStays) {
  Terminal terminal(80, 24);
  ProgressLine progress(terminal.out());
  progress.SetPicture("a\n");
  progress.Show(1, 100, "env steps", "", true);
  std::fputs("^C\nstopping\n", terminal.out());
  progress.GoOnBelow();
  progress.Show(2, 100, "env steps", "", true);
  progress.Finish();
  const std::vector<std::string> lines = terminal.Lines();
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[0], "a");
  EXPECT_THAT(lines[1], HasSubstr("1/100"));
  EXPECT_EQ(lines[2], "stopping");
  EXPECT_EQ(lines[3], "a");
  EXPECT_THAT(lines[4], HasSubstr("2/100"));
}

TEST(ProgressLine, ShowsTheEndAlwaysAndOnce) {
  Terminal terminal(80, 24);
  ProgressLine progress(terminal.out());
  for (int done = 1; done <= 40; ++done) progress.Show(std::min(done, 20), 20, "episodes", "");
  EXPECT_THAT(terminal.Lines().back(), HasSubstr("100.0 %  20/20 episodes"));
  const std::string bytes = terminal.Bytes();
  EXPECT_EQ(bytes.find("20/20"), bytes.rfind("20/20")) << "once";
}

TEST(ProgressLine, ADumbTerminalGetsNoControlCharacters) {
  Terminal terminal(80, 24, "dumb");
  ProgressLine progress(terminal.out());
  EXPECT_EQ(progress.PictureColumns(2), 0);
  progress.Show(1, 100, "env steps", "", true);
  progress.Finish("the picture\n");
  EXPECT_THAT(terminal.Bytes(), Not(HasSubstr("\033")));
  EXPECT_THAT(terminal.Bytes(), HasSubstr("the picture"));
}

TEST(ProgressLine, AFileGetsLinesAndThePictureOnceAtTheEnd) {
  TemporaryDirectory directory;
  const std::string path = directory / "out.txt", log_path = directory / "log.txt";
  std::FILE* out = std::fopen(path.c_str(), "w");
  const auto log = RealFiles().OpenAppend(log_path);
  {
    ProgressLine progress(out, log.get());
    EXPECT_EQ(progress.PictureColumns(2), 0);
    progress.SetPicture("never\n");
    progress.Show(10, 100, "env steps", "half a line", true);
    progress.Show(20, 100, "env steps", "not due yet");
    progress.Finish("the picture\n");
  }
  std::fclose(out);
  for (const std::string& file : {path, log_path}) {
    const std::string text = ReadText(RealFiles(), file);
    EXPECT_EQ(text.find('\033'), std::string::npos);
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_EQ(text, " 10.0 %  10/100 env steps  0/s  ? left  half a line\nthe picture\n") << file;
  }
}

TEST(ProgressLine, TimeLeftIsThatOfWhateverEndsFirst) {
  Terminal terminal(120, 24);
  ProgressLine progress(terminal.out());
  // No rate is known yet, so the limit alone speaks: 480 s less 300 s; 62.5 % of the time is over.
  progress.Show(100, 1000, "env steps", "", true, {.elapsed_s = 300.0, .limit_s = 480.0});
  EXPECT_THAT(terminal.Bytes(), HasSubstr(" 62.5 %  100/1000 env steps"));
  EXPECT_THAT(terminal.Bytes(), HasSubstr("3m00s left of 8m00s"));
  // All but one unit at once: the units end first, whatever their exact rate.
  ::usleep(20000);
  progress.Show(999, 1000, "env steps", "", true, {.elapsed_s = 300.0, .limit_s = 480.0});
  EXPECT_THAT(terminal.Lines()[0], HasSubstr(" 99.9 %"));
  EXPECT_THAT(terminal.Lines()[0], HasSubstr("  0s left  "));
}

TEST(LiveCurve, ClimbsFromItsFirstEpisodeToItsLast) {
  LiveCurve curve;
  EXPECT_EQ(curve.Text(60, 8), "");
  for (int i = 0; i <= 100; ++i) curve.Add(1000 + 10 * i, i / 100.0, 0.25);
  const std::string text = curve.Text(60, 8);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_THAT(text, HasSubstr("route completion 1.00 (success 0.25)"));
  EXPECT_THAT(text, HasSubstr("1,000"));
  EXPECT_THAT(text, HasSubstr("2,000 env steps\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    // One character to a row of a screen of one column.
    EXPECT_LE(Screen(line, 1).size(), static_cast<size_t>(kTerminalChartMargin + 60)) << line;
  }
}

TEST(Grouped, SetsThousandsApart) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(97312), "97,312");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
  EXPECT_EQ(Grouped(-123), "-123");
}

}  // namespace
}  // namespace volante
