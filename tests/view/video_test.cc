// Videos and pictures, read back by ffprobe, ffmpeg and OpenCV's own reader.
#include "view/video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "base/files.h"

namespace volante {
namespace {

using ::testing::HasSubstr;

class Video : public ::testing::Test {
 protected:
  Video()
      : folder_(std::filesystem::temp_directory_path() /
                ("volante_view_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Video() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ / name; }

  std::filesystem::path folder_;
};

std::vector<uint8_t> Filled(int width, int height, std::array<uint8_t, 3> color) {
  std::vector<uint8_t> rgb;
  for (int i = 0; i < width * height; ++i) rgb.insert(rgb.end(), color.begin(), color.end());
  return rgb;
}

bool Has(const char* program) {
  return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::string OutputOf(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    out.append(buffer.data(), n);
  }
  ::pclose(pipe);
  return out;
}

TEST_F(Video, IsH264OfTheRightSizeRateAndLength) {
  if (!Has("ffprobe")) GTEST_SKIP() << "ffprobe is missing: apt-get install ffmpeg";
  VideoWriter video(Path("drive.mp4"), 320, 180);
  for (int i = 0; i < 25; ++i) video.Add(Filled(320, 180, {uint8_t(10 * i), 90, 30}));
  EXPECT_FALSE(std::filesystem::exists(Path("drive.mp4")));  // not before it is whole
  video.Close();
  EXPECT_EQ(video.frames(), 25);
  const std::string info = OutputOf(
      "ffprobe -v error -count_frames -select_streams v:0 -show_entries stream=codec_name,"
      "codec_tag_string,width,height,r_frame_rate,nb_read_frames -of default=nw=1 " +
      Path("drive.mp4"));
  EXPECT_THAT(info, HasSubstr("codec_name=h264\n"));
  EXPECT_THAT(info, HasSubstr("codec_tag_string=avc1\n"));
  EXPECT_THAT(info, HasSubstr("width=320\n"));
  EXPECT_THAT(info, HasSubstr("height=180\n"));
  EXPECT_THAT(info, HasSubstr("r_frame_rate=20/1\n"));
  EXPECT_THAT(info, HasSubstr("nb_read_frames=25\n"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(Video, KeepsRedRedAndTheTopOnTop) {
  if (!Has("ffmpeg")) GTEST_SKIP() << "ffmpeg is missing: apt-get install ffmpeg";
  constexpr int kWidth = 64, kHeight = 48;
  std::vector<uint8_t> frame = Filled(kWidth, kHeight, {220, 30, 20});
  const std::vector<uint8_t> blue = Filled(kWidth, kHeight / 2, {20, 30, 220});
  std::copy(blue.begin(), blue.end(), frame.begin() + 3 * kWidth * kHeight / 2);
  VideoWriter video(Path("colours.mp4"), kWidth, kHeight);
  for (int i = 0; i < 5; ++i) video.Add(frame);
  video.Close();
  const std::string raw = OutputOf("ffmpeg -v error -i " + Path("colours.mp4") +
                                   " -frames:v 1 -f rawvideo -pix_fmt rgb24 -");
  ASSERT_EQ(raw.size(), frame.size());
  const auto at = [&](int x, int y, int c) {
    return static_cast<uint8_t>(raw[static_cast<size_t>(3 * (y * kWidth + x) + c)]);
  };
  EXPECT_NEAR(at(32, 10, 0), 220, 20);
  EXPECT_NEAR(at(32, 10, 2), 20, 25);
  EXPECT_NEAR(at(32, 38, 0), 20, 25);
  EXPECT_NEAR(at(32, 38, 2), 220, 20);
}

TEST_F(Video, ThatIsNeverClosedLeavesNothing) {
  {
    VideoWriter video(Path("lost.mp4"), 64, 48);
    video.Add(Filled(64, 48, {1, 2, 3}));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

void ExpectError(ExitCode code, const std::function<void()>& action, const std::string& path) {
  try {
    action();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_THAT(error.OneLine(), HasSubstr(path));
  }
}

TEST_F(Video, InAFolderThatIsMissingIsRefused) {
  const std::string path = Path("missing/drive.mp4");
  ExpectError(ExitCode::kBadInput, [&] { VideoWriter(path, 64, 48); }, path);
}

// The encoder takes at most 16,384 pixels a side: the one way to see it refuse on every machine.
TEST_F(Video, ThatTheEncoderRefusesIsAnErrorAndLeavesNothing) {
  const std::string path = Path("wide.mp4");
  ExpectError(ExitCode::kEnvironment, [&] { VideoWriter(path, 40000, 2); }, path);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(Video, WithoutFramesIsRefusedAndRemoved) {
  VideoWriter video(Path("empty.mp4"), 64, 48);
  ExpectError(ExitCode::kEnvironment, [&] { video.Close(); }, Path("empty.mp4"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

using VideoDeathTest = Video;

// A limit on the file's size fails writes as a full disk does.
TEST_F(VideoDeathTest, ThatTheDiskDidNotTakeIsRefusedAndRemoved) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto record = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20000, 20000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      VideoWriter video(Path("full.mp4"), 320, 240);
      std::vector<uint8_t> noise(320 * 240 * 3);
      uint32_t state = 1;
      for (int i = 0; i < 20; ++i) {
        for (uint8_t& byte : noise)
          byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
        video.Add(noise);
      }
      video.Close();
    } catch (const Error& error) {
      std::_Exit(error.code() == ExitCode::kEnvironment && std::filesystem::is_empty(folder_) ? 7
                                                                                              : 8);
    }
    std::_Exit(9);
  };
  EXPECT_EXIT(record(), ::testing::ExitedWithCode(7), "");
}

TEST_F(Video, PngKeepsEveryPixelOfGrayAndRgb) {
  constexpr int kWidth = 37, kHeight = 21;
  std::vector<uint8_t> rgb(kWidth * kHeight * 3), gray(kWidth * kHeight);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 7);
  for (size_t i = 0; i < gray.size(); ++i) gray[i] = static_cast<uint8_t>(i * 11);
  WritePng(Path("rgb.png"), rgb, kWidth, kHeight, 3);
  WritePng(Path("gray.png"), gray, kWidth, kHeight, 1);
  const cv::Mat a = cv::imread(Path("rgb.png"), cv::IMREAD_UNCHANGED);
  const cv::Mat b = cv::imread(Path("gray.png"), cv::IMREAD_UNCHANGED);
  ASSERT_EQ(a.type(), CV_8UC3);
  ASSERT_EQ(b.type(), CV_8UC1);
  ASSERT_EQ(a.size(), cv::Size(kWidth, kHeight));
  ASSERT_EQ(b.size(), cv::Size(kWidth, kHeight));
  for (int i = 0; i < kWidth * kHeight; ++i) {
    const auto bgr = a.at<cv::Vec3b>(i / kWidth, i % kWidth);
    for (int c = 0; c < 3; ++c) ASSERT_EQ(bgr[2 - c], rgb[static_cast<size_t>(3 * i + c)]) << i;
    ASSERT_EQ(b.at<uint8_t>(i / kWidth, i % kWidth), gray[static_cast<size_t>(i)]) << i;
  }
}

}  // namespace
}  // namespace volante
