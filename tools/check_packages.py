#!/usr/bin/env python3
"""Every system header that a compiler opened comes from a package of tools/packages.txt.

usage: check_packages.py BUILD_FOLDER

Reads what the compilers really opened (ninja -t deps), asks dpkg whose each file is, and accepts the
listed packages and all that they depend on. So a build can't rely on a package that a fresh machine
would not get.
"""

import os
import re
import subprocess
import sys

from sources import ROOT, read, report


def listed_packages():
    lines = [line.split("#")[0].strip() for line in read("tools/packages.txt").splitlines()]
    return [line.split()[0] for line in lines if line]


def opened_headers(build):
    deps = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True,
                          check=True).stdout
    # Lines that start with blanks are files; a path is resolved as dpkg knows it.
    paths = {os.path.realpath(os.path.join(build, line.strip()))
             for line in deps.splitlines() if line.startswith("    ")}
    return sorted(p for p in paths if not p.startswith((ROOT + "/", os.path.realpath(build) + "/")))


def owners(paths):
    """path -> package, of those that dpkg knows."""
    found = {}
    for i in range(0, len(paths), 500):
        listing = subprocess.run(["dpkg", "-S", *paths[i:i + 500]], capture_output=True, text=True,
                                 check=False).stdout
        for line in listing.splitlines():
            packages, _, path = line.partition(": ")
            found[path] = packages.split(",")[0].split(":")[0]
    return found


def with_dependencies(packages):
    """The packages and everything installed that they depend on, from dpkg's own list."""
    listing = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package}\t${Pre-Depends},${Depends}\t${Provides}\n"],
        capture_output=True, text=True, check=True).stdout
    depends, providers = {}, {}
    name = re.compile(r"[a-z0-9][a-z0-9+.-]*")
    for line in listing.splitlines():
        package, needed, provided = line.split("\t")
        names = [name.match(part.strip()) for part in re.split(r"[,|]", needed)]
        depends[package] = [m.group() for m in names if m]
        for part in provided.split(","):
            if m := name.match(part.strip()):
                providers.setdefault(m.group(), []).append(package)
    seen, pending = set(), list(packages)
    while pending:
        package = pending.pop()
        if package in seen:
            continue
        seen.add(package)
        pending += depends.get(package, []) + providers.get(package, [])
    return seen


def check(build):
    headers = opened_headers(build)
    if not headers:
        return [f"{build} holds no compiled file: build first"]
    owner = owners(headers)
    allowed = with_dependencies(listed_packages())
    problems = {}
    for header in headers:
        package = owner.get(header)
        if package is None:
            problems.setdefault(f"no package owns {header}", header)
        elif package not in allowed:
            problems.setdefault(f"{package} is not in tools/packages.txt; it brings {header}", header)
    return sorted(problems)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_packages.py BUILD_FOLDER")
    sys.exit(report("packages", check(sys.argv[1])))
