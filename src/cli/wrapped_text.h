// Text for terminals of 80 columns: lines end between words. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace volante {

inline constexpr size_t kTextColumns = 80;

// The words of `text`, the first of them behind `column` characters that stand in its line already;
// further lines begin with `indent` spaces. A word is never cut. No newline at the end.
std::string Wrapped(std::string_view text, size_t column, size_t indent);

// What CLI11 writes as help, its long lines wrapped: descriptions stay in their column.
std::string WrappedHelp(const std::string& help);

// The first paragraph of the comment (lines of "# ...") that a file begins with, in one line; empty
// without one.
std::string FirstParagraph(std::string_view file);

}  // namespace volante
