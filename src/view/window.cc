#include "view/window.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <opencv2/highgui.hpp>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "base/error.h"

namespace volante {
namespace {

// True when something listens on the Unix socket; abstract sockets begin with '\0'.
bool Answers(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const bool ok = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0;
  ::close(fd);
  return ok;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool X11Answers() {
  const std::string display = Environment("DISPLAY");
  const size_t colon = display.rfind(':');
  if (colon == std::string::npos) return false;
  const std::string host = display.substr(0, colon);
  // A display on another machine (ssh -X gives "localhost:10.0") can't be asked this cheaply.
  if (!host.empty() && host != "unix") return true;
  const std::string number = display.substr(colon + 1, display.find('.', colon) - colon - 1);
  const std::string path = "/tmp/.X11-unix/X" + number;
  return Answers(path) || Answers(std::string(1, '\0') + path);
}

// Debian's Qt speaks Wayland only with qtwayland5's plugin; without it, it would abort.
bool WaylandAnswers() {
  const std::string name = Environment("WAYLAND_DISPLAY");
  if (name.empty()) return false;
  const std::string path = name.front() == '/' ? name : Environment("XDG_RUNTIME_DIR") + "/" + name;
  if (!Answers(path)) return false;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib", ignored)) {
    const auto plugin = entry.path() / "qt5/plugins/platforms/libqwayland-generic.so";
    if (std::filesystem::exists(plugin, ignored)) return true;
  }
  return false;
}

}  // namespace

bool DisplayAvailable() { return X11Answers() || WaylandAnswers(); }

struct Window::Impl {
  cv::Mat bgr;
};

Window::Window(std::string title, int width, int height)
    : impl_(std::make_unique<Impl>()), title_(std::move(title)), width_(width), height_(height) {
  if (!DisplayAvailable()) {
    throw Error(ExitCode::kEnvironment, "no window can be opened", "",
                "neither DISPLAY nor WAYLAND_DISPLAY leads to a display",
                "write a video instead (--output FILE.mp4), or start in a desktop session");
  }
  cv::namedWindow(title_, cv::WINDOW_NORMAL | cv::WINDOW_KEEPRATIO | cv::WINDOW_GUI_NORMAL);
  cv::resizeWindow(title_, width, height);
}

Window::~Window() {
  try {
    cv::destroyWindow(title_);
  } catch (const cv::Exception&) {  // the user closed it
  }
}

void Window::Show(std::span<const uint8_t> rgb) {
  VOLANTE_CHECK(rgb.size() == 3u * static_cast<size_t>(width_) * static_cast<size_t>(height_),
                "a frame has the window's size");
  const cv::Mat frame(height_, width_, CV_8UC3, const_cast<uint8_t*>(rgb.data()));
  cv::cvtColor(frame, impl_->bgr, cv::COLOR_RGB2BGR);
  cv::imshow(title_, impl_->bgr);
}

WindowKey Window::Poll(int wait_ms) {
  const int key = cv::waitKey(std::max(1, wait_ms));
  if (cv::getWindowProperty(title_, cv::WND_PROP_VISIBLE) < 1.0) return WindowKey::kQuit;
  switch (key < 0 ? key : key & 0xFF) {
    case 'q':
    case 27:
      return WindowKey::kQuit;
    case ' ':
      return WindowKey::kPause;
    case 'n':
      return WindowKey::kNext;
    default:
      return WindowKey::kNone;
  }
}

}  // namespace volante
