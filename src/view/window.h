// A window on the desktop that shows frames and reads a few keys. For the main thread only, as
// windowing libraries demand. Nothing here is needed to make a video.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace volante {

// True when a window can be opened: an X11 or Wayland display is named in the environment and
// answers. (The window library aborts the process where it can't connect, so this asks first.)
bool DisplayAvailable();

enum class WindowKey { kNone, kQuit, kPause, kNext };  // q or Esc, space, n

class Window {
 public:
  // Error(kEnvironment) with the remedy when there is no display.
  Window(std::string title, int width, int height);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  void Show(std::span<const uint8_t> rgb);  // [height, width, 3]
  // Waits up to wait_ms (at least 1) for a key and keeps the window alive meanwhile. A window that
  // was closed by its frame gives kQuit.
  WindowKey Poll(int wait_ms);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string title_;
  int width_, height_;
};

}  // namespace volante
