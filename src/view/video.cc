#include "view/video.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <string_view>

#include "base/error.h"
#include "base/files.h"

namespace volante {
namespace {

// True when the file is a sequence of whole MP4 boxes (ISO 14496-12, 4.2) that ends with the file
// and holds the index (`moov`). The library reports no error when the disk is full: this does.
bool IsWholeMp4(Files& files, const std::string& path) {
  if (!files.Exists(path)) return false;
  const uint64_t size = files.Size(path);
  bool has_index = false;
  uint64_t offset = 0;
  while (offset + 8 <= size) {
    std::array<uint8_t, 16> head{};
    const bool wide = offset + 16 <= size;
    files.ReadAt(path, offset, std::span(head).first(wide ? 16 : 8));
    const auto big_endian = [&](size_t at, size_t bytes) {
      uint64_t value = 0;
      for (size_t i = 0; i < bytes; ++i) value = value << 8 | head[at + i];
      return value;
    };
    uint64_t box = big_endian(0, 4);
    if (box == 1 && wide) box = big_endian(8, 8);
    if (box < 8 || box > size - offset) return false;
    has_index |= std::string_view(reinterpret_cast<const char*>(head.data()) + 4, 4) == "moov";
    offset += box;
  }
  return has_index && offset == size;
}

}  // namespace

struct VideoWriter::Impl {
  cv::VideoWriter writer;
  cv::Mat bgr;
};

VideoWriter::VideoWriter(std::string path, int width, int height, double fps)
    : impl_(std::make_unique<Impl>()), path_(std::move(path)), width_(width), height_(height) {
  VOLANTE_CHECK(width > 0 && height > 0 && width % 2 == 0 && height % 2 == 0,
                "a video's width and height are even");
  VOLANTE_CHECK(fps > 0.0, "a video has a frame rate");
  // The container is chosen by the ending.
  part_path_ = fmt::format("{}.part-{}.mp4", path_, getpid());
  Files& files = RealFiles();
  // The library says only "not opened": a folder that can't be written is told apart here.
  files.Create(part_path_)->Close();
  bool opened = false;
  try {
    opened = impl_->writer.open(part_path_, cv::CAP_FFMPEG,
                                cv::VideoWriter::fourcc('a', 'v', 'c', '1'), fps, {width, height});
  } catch (const cv::Exception&) {
    opened = false;
  }
  if (!opened) {
    files.Remove(part_path_);
    throw Error(ExitCode::kEnvironment, "video can't be encoded", path_,
                fmt::format("OpenCV opened no H.264 encoder (codec avc1) for {} x {} pixels", width,
                            height),
                "apt-get install --reinstall libavcodec59 libx264-164, or run without the video");
  }
}

VideoWriter::~VideoWriter() {
  if (!impl_->writer.isOpened()) return;
  impl_->writer.release();
  ::unlink(part_path_.c_str());  // an unfinished video is nobody's
}

void VideoWriter::Add(std::span<const uint8_t> rgb) {
  VOLANTE_CHECK(impl_->writer.isOpened(), "a frame is added before Close");
  VOLANTE_CHECK(rgb.size() == 3u * static_cast<size_t>(width_) * static_cast<size_t>(height_),
                "a frame has the video's size");
  const cv::Mat frame(height_, width_, CV_8UC3, const_cast<uint8_t*>(rgb.data()));
  cv::cvtColor(frame, impl_->bgr, cv::COLOR_RGB2BGR);
  impl_->writer.write(impl_->bgr);
  ++frames_;
}

void VideoWriter::Close() {
  VOLANTE_CHECK(impl_->writer.isOpened(), "Close is called once");
  impl_->writer.release();
  Files& files = RealFiles();
  if (frames_ == 0 || !IsWholeMp4(files, part_path_)) {
    const uint64_t free_bytes = files.FreeBytes(DirectoryOf(path_));
    files.Remove(part_path_);
    throw Error(ExitCode::kEnvironment, "video is incomplete and was removed", path_,
                frames_ == 0 ? "it has no frame"
                             : fmt::format("the disk did not take all of it ({} MB free)",
                                           free_bytes / 1000000),
                "free disk space or choose another output folder");
  }
  files.Rename(part_path_, path_);
}

void WritePng(const std::string& path, std::span<const uint8_t> pixels, int width, int height,
              int channels) {
  VOLANTE_CHECK(channels == 1 || channels == 3, "a picture is gray or RGB");
  VOLANTE_CHECK(width > 0 && height > 0 &&
                    pixels.size() == static_cast<size_t>(width) * static_cast<size_t>(height) *
                                         static_cast<size_t>(channels),
                "a picture has width x height x channels bytes");
  cv::Mat picture(height, width, channels == 1 ? CV_8UC1 : CV_8UC3,
                  const_cast<uint8_t*>(pixels.data()));
  if (channels == 3) {
    cv::Mat bgr;
    cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
    picture = bgr;
  }
  std::vector<uint8_t> bytes;
  VOLANTE_CHECK(cv::imencode(".png", picture, bytes), "OpenCV encodes PNG");
  WriteFileAtomically(RealFiles(), path, bytes);
}

}  // namespace volante
