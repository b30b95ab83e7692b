#!/usr/bin/env python3
"""The dependency direction of docs/architecture.md, checked on every #include of src/.

- A folder includes only itself, the folders that it may use, and what those may use.
- CMake's DEPENDS of a folder names only such folders.
- A third-party library is included only in its own folder, and a header that includes one stays in
  that folder: the library is hidden behind our headers.
"""

import os
import re
import sys

from sources import ROOT, read, report, source_files

# What each folder may use; base and config are everyone's. cli may use everything.
MAY_USE = {
    "base": [],
    "config": ["base"],
    "env_api": [],
    "store": [],
    "replay": ["store", "env_api"],
    "learn": ["replay", "env_api", "store"],
    "road": [],
    "sim": ["road"],
    "render": ["road", "sim"],
    "env": ["env_api", "sim", "render", "road"],
    "plot": [],
    "health": ["store", "plot"],
    "view": ["env", "env_api", "render", "sim", "road"],
    "run": ["learn", "health", "env", "store", "replay", "plot"],
    "report": ["store", "plot"],
    "web": ["store", "plot"],
    "carla": ["env_api", "road", "sim"],
}
# Of these folders only the named headers may be used.
ONLY_HEADERS = {("render", "sim"): ["sim/vehicle_state.h", "sim/weather.h"]}

# Include prefix -> folders that may use the library.
THIRD_PARTY = {
    r"(torch|ATen|c10|caffe2)/": ["learn"],
    r"(cblas|openblas|openblas_config|lapacke)": ["learn"],
    r"opencv2/": ["view"],
    r"pugi(xml|config)\.hpp": ["road"],
    r"yaml-cpp/": ["config"],
    r"boost/(asio|beast)": ["web", "carla"],
    r"boost/": ["store", "web", "carla"],
    r"protozero/": ["store"],
    r"nlohmann/": ["base", "store", "run", "cli"],
    r"xxhash": ["base"],
    r"CLI/": ["cli"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def reachable(folder):
    """The folders that `folder` may use, directly or through others."""
    seen, pending = set(), [folder]
    while pending:
        for used in MAY_USE.get(pending.pop(), []):
            if used not in seen:
                seen.add(used)
                pending.append(used)
    return seen | ({"base"} if folder == "config" else {"base", "config"} - {folder})


def library_of(header):
    for pattern, folders in THIRD_PARTY.items():
        if re.match(pattern, header):
            return folders
    return None


def check():
    problems = []
    files = [p for p in source_files("src") if p.count("/") >= 2]
    includes = {p: INCLUDE.findall(read(p)) for p in files}
    # Headers that show a third-party library to those who include them.
    showing = {p[len("src/"):] for p in files if p.endswith(".h")
               and any(library_of(angled) for _, angled in includes[p] if angled)}

    for path in files:
        folder = path.split("/")[1]
        if folder != "cli" and folder not in MAY_USE:
            problems.append(f"{path}: folder {folder} is not in tools/check_includes.py")
            continue
        allowed = None if folder == "cli" else reachable(folder)
        for quoted, angled in includes[path]:
            if angled:
                folders = library_of(angled)
                if folders is not None and folder not in folders:
                    problems.append(f"{path}: <{angled}> belongs to {' and '.join(folders)}")
                continue
            used = quoted.split("/")[0]
            if used == folder or "/" not in quoted:
                continue
            if allowed is not None and used not in allowed:
                problems.append(f"{path}: {folder} must not use {quoted}")
            only = ONLY_HEADERS.get((folder, used))
            if only is not None and quoted not in only:
                problems.append(f"{path}: {folder} may use only {', '.join(only)} of {used}")
            if quoted in showing:
                problems.append(f"{path}: {quoted} shows a third-party library of {used}")

    for folder in sorted({p.split("/")[1] for p in files}):
        cmake = os.path.join(ROOT, "src", folder, "CMakeLists.txt")
        if folder == "cli" or folder not in MAY_USE or not os.path.exists(cmake):
            continue
        call = re.search(r"volante_library\(([^)]*)\)", read(cmake))
        words = call.group(1).split() if call else []
        depends = words[words.index("DEPENDS") + 1:] if "DEPENDS" in words else []
        if "PACKAGES" in depends:
            depends = depends[:depends.index("PACKAGES")]
        for used in depends:
            if used not in reachable(folder):
                problems.append(f"src/{folder}/CMakeLists.txt: {folder} must not depend on {used}")
    return problems


if __name__ == "__main__":
    sys.exit(report("includes", check()))
