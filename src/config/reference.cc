// docs/config_reference.md, written from the field list (`volante config reference`).

#include <string>

#include "config/field.h"
#include "config/options.h"

namespace volante {
namespace {

std::string Cell(std::string text) {
  for (size_t i = 0; (i = text.find('|', i)) != std::string::npos; i += 2) text.insert(i, "\\");
  return text;
}

}  // namespace

std::string ConfigReference() {
  Config defaults;
  std::string text =
      "# Configuration reference\n\n"
      "Written by `volante config reference`; do not edit. A configuration is resolved in the "
      "order defaults, preset\n(`--preset`), file (`--config FILE`, YAML), `--set key=value`. "
      "Unknown keys, values out of range and keys without\neffect are refused. "
      "`volante config show` prints the result, `volante config diff` what differs from the "
      "preset.\n";
  std::string section = "?";
  for (const Field& field : ListFields(defaults)) {
    const size_t dot = field.key.find('.');
    const std::string field_section = dot == std::string::npos ? "" : field.key.substr(0, dot);
    if (field_section != section) {
      section = field_section;
      text += "\n## " + (section.empty() ? "General" : section) +
              "\n| key | type | default | range or choices | applies when | meaning |\n"
              "|---|---|---|---|---|---|\n";
    }
    text += "| `" + field.key + "` | " + field.TypeName() + " | `" + Cell(field.Text()) + "` | " +
            Cell(field.Limits()) + " | " + Cell(field.option.condition) + " | " +
            Cell(field.option.help) + " |\n";
  }
  return text;
}

}  // namespace volante
