#include "cli/wrapped_text.h"

#include <algorithm>

namespace volante {
namespace {

constexpr size_t kDescriptionColumn = 30;  // of CLI11's help

}  // namespace

std::string Wrapped(std::string_view text, size_t column, size_t indent) {
  std::string out;
  bool first_in_line = true;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = std::min(text.find_first_not_of(' ', at), text.size());
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (begin == end) break;
    const size_t wanted = end - begin + (first_in_line ? 0 : 1);
    if (column + wanted > kTextColumns && column > indent) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
      first_in_line = true;
    }
    if (!first_in_line) out += ' ', ++column;
    out += text.substr(begin, end - begin);
    column += end - begin;
    first_in_line = false;
    at = end;
  }
  return out;
}

std::string WrappedHelp(const std::string& help) {
  std::string out;
  for (size_t at = 0; at < help.size();) {
    const size_t end = std::min(help.find('\n', at), help.size());
    const std::string_view line = std::string_view(help).substr(at, end - at);
    at = end + 1;
    if (line.size() <= kTextColumns) {
      out += line;
    } else if (line.starts_with(' ')) {
      // An option's name and its description, or a description alone below a long name.
      const size_t name = std::min(line.size(), kDescriptionColumn);
      const bool name_fits = line[name - 1] == ' ';
      const size_t keep = name_fits ? name : line.find_first_not_of(' ');
      out += line.substr(0, keep);
      out += Wrapped(line.substr(keep), keep, name_fits ? kDescriptionColumn : 2 * keep + 2);
    } else {
      out += Wrapped(line, 0, 0);
    }
    out += '\n';
  }
  return out;
}

std::string FirstParagraph(std::string_view file) {
  std::string text;
  while (file.starts_with("# ")) {
    const size_t end = std::min(file.find('\n'), file.size());
    text += (text.empty() ? "" : " ") + std::string(file.substr(2, end - 2));
    file.remove_prefix(std::min(end + 1, file.size()));
  }
  return text;
}

}  // namespace volante
