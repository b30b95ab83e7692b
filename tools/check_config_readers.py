#!/usr/bin/env python3
"""Every configuration key has a reader outside src/config/: a key that nothing reads misleads.

A read is `section.field` (`config.train.seed`, `train_.seed`), or `.field` in a file that names the
section's type or calls it `config`.
"""

import re
import sys

from sources import read, report, source_files

# Bookkeeping of config/ itself.
EXEMPT = {"config_version"}


def fields():
    """(key, section member, section type, field) of every key in the headers of the sections."""
    text = "".join(read(f"src/config/{name}.h") for name in
                   ("config", "world_config", "weather_config", "randomisation_config"))
    sections = {}
    for name, body in re.findall(r"struct (\w+) \{(.*?)\n\};", text, re.DOTALL):
        sections[name] = re.findall(r'\b(?:v|range)\(\s*"(\w+)"\s*,\s*(\w+)', body)
    members = re.findall(r'v\.Section\(\s*"(\w+)"\s*,\s*(\w+)', text)
    found = [(key, "config", "Config", field) for key, field in sections["Config"]]
    for section, member in members:
        kind = re.search(rf"^  (\w+) {member};", text, re.MULTILINE).group(1)
        found += [(f"{section}.{key}", member, kind, field) for key, field in sections[kind]]
    return found


def check():
    readers = [read(p) for p in source_files("src") if not p.startswith("src/config/")]
    problems = []
    for key, member, kind, field in fields():
        if key in EXEMPT:
            continue
        direct = re.compile(rf"\b{member}_?(\(\))?(\.|->){field}\b")
        through = re.compile(rf"(\.|->){field}\b")
        named = re.compile(rf"\b{kind}\b|\bconfig_?(\.|->){field}\b")
        if not any(direct.search(t) or (named.search(t) and through.search(t)) for t in readers):
            problems.append(f"nothing outside src/config/ reads {key}")
    return problems


if __name__ == "__main__":
    sys.exit(report("config readers", check()))
