"""Files of the repository, for the checks in this folder: tracked ones and new ones git does not ignore."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def repository_files():
    """Paths relative to the root, sorted; without git, every file outside build folders."""
    command = ["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-co", "--exclude-standard"]
    try:
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        paths = listing.splitlines()
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [f for f in folders if not f.startswith(("build", ".git", "runs"))]
            paths += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted(p for p in set(paths) if os.path.isfile(os.path.join(ROOT, p)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def source_files(*folders, suffixes=(".cc", ".h")):
    return [p for p in repository_files() if p.split("/")[0] in folders and p.endswith(suffixes)]


def report(name, problems):
    """Prints the problems; the exit code of a check."""
    for problem in problems:
        print(f"{name}: {problem}")
    return 1 if problems else 0
