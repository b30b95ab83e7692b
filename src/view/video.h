// Pictures for people as files: mp4 videos (H.264, tag avc1, what browsers play) and PNG.
// A video is written under a temporary name and renamed when it is complete, so that a file with
// the final name is always a whole video. One writer is used by one thread; calls block.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace volante {

class VideoWriter {
 public:
  // width and height are even (H.264 with 4:2:0 chroma). `path` ends in .mp4; its directory
  // exists (Error(kBadInput) if not). Error(kEnvironment) when the codec is missing or the file
  // can't be written.
  VideoWriter(std::string path, int width, int height, double fps = 20.0);
  // Without Close() nothing is left behind.
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  // One frame: rgb [height, width, 3].
  void Add(std::span<const uint8_t> rgb);
  // Completes the file and gives it its name. Error(kEnvironment) when there is no frame or the
  // disk did not take all of it.
  void Close();

  int frames() const { return frames_; }
  const std::string& path() const { return path_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string path_, part_path_;
  int width_, height_, frames_ = 0;
};

// channels 1: gray [height, width]; channels 3: RGB [height, width, 3]. Written atomically.
void WritePng(const std::string& path, std::span<const uint8_t> pixels, int width, int height,
              int channels);

}  // namespace volante
