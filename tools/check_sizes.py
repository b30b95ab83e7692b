#!/usr/bin/env python3
"""No source file is longer than 700 lines; most are 100 to 400."""

import sys

from sources import read, report, repository_files

MOST_LINES = 700


def check():
    problems = []
    for path in repository_files():
        ours = path == "dev" or path.endswith((".cc", ".h", ".py", ".cmake", ".sh", "CMakeLists.txt"))
        if ours and (lines := read(path).count("\n")) > MOST_LINES:
            problems.append(f"{path} has {lines} lines, more than {MOST_LINES}: split it")
    return problems


if __name__ == "__main__":
    sys.exit(report("sizes", check()))
