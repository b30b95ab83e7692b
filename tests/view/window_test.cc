#include "view/window.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"

namespace volante {
namespace {

// Sets or unsets a variable of the environment and puts it back.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~ScopedVariable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(Window, WithoutADisplayIsAnErrorWithARemedy) {
  const ScopedVariable x("DISPLAY", nullptr), wayland("WAYLAND_DISPLAY", nullptr);
  EXPECT_FALSE(DisplayAvailable());
  try {
    Window window("volante", 64, 48);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kEnvironment);
    EXPECT_NE(error.hint().find("--output"), std::string::npos);
  }
}

// The window library would abort the process on these.
TEST(Window, ADisplayThatDoesNotAnswerCountsAsNone) {
  for (const char* display : {":987", ":987.0", "unix:987", "nonsense", ""}) {
    const ScopedVariable x("DISPLAY", display);
    const ScopedVariable wayland("WAYLAND_DISPLAY", "wayland-987");
    EXPECT_FALSE(DisplayAvailable()) << display;
  }
}

}  // namespace
}  // namespace volante
