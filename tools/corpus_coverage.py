#!/usr/bin/python3
"""Which lines of a reader its committed fuzz corpus reaches by itself, without the fuzzer.

  corpus_coverage.py [NAME ...] [--missed]

NAME is a target of fuzz/ (default: all that TARGETS lists). Compiles the target and what it needs with
g++ --coverage, runs every file of fuzz/corpus/NAME through it once, reads gcov's counts of the reader's
sources. Prints one line a target; --missed adds the lines that were not reached. Exit code 1 when a
reader is below its limit."""

import argparse
import concurrent.futures
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-O0", "-g1", "--coverage", "-ffp-contract=off", f"-I{ROOT}/src"]


def all_of(pattern):
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


# Target: (the reader's sources, other sources that it needs, libraries, least share of lines).
TARGETS = {
    "safetensors": (["src/store/safetensors.cc"], ["src/base/error.cc", "src/base/files.cc"], [],
                    0.85),
    "map": (["src/road/opendrive_reader.cc", "src/road/opendrive_plan_reader.cc",
             "src/road/opendrive_lane_reader.cc", "src/road/opendrive_signal_reader.cc",
             "src/road/opendrive_xml.cc",
             "src/road/opendrive.cc", "src/road/reference_line.cc", "src/road/relief.cc"],
            ["src/base/error.cc", "src/base/files.cc", "src/base/hash.cc",
             *(source for source in all_of("src/road/*.cc")
               if not re.search(r"/(opendrive|reference_line|relief|route_|xodr_text|\w*town)", source))],
            ["-lpugixml", "-lxxhash"], 0.85),
}


def object_of(source, folder):
    return folder / (source.replace("/", "_") + ".o")


def compile_target(name, folder):
    readers, others, libraries, _ = TARGETS[name]
    sources = [f"fuzz/{name}.cc", "tools/corpus_main.cc", *readers, *others]

    def compile_one(source):
        # Counts are kept of the reader alone.
        flags = [flag for flag in FLAGS if source in readers or flag != "--coverage"]
        subprocess.run(["g++", *flags, "-c", ROOT / source, "-o", object_of(source, folder)],
                       check=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, sources))
    program = folder / "corpus"
    subprocess.run(["g++", "--coverage", *(object_of(source, folder) for source in sources),
                    *libraries, "-o", program], check=True)
    return program


def line_counts(reader, folder):
    """Line number to count; a line of several instances has their sum."""
    data = object_of(reader, folder).with_suffix(".gcda")
    subprocess.run(["gcov", "--json-format", data], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    counts = {}
    for path in folder.glob("*.gcov.json.gz"):
        for entry in json.loads(gzip.decompress(path.read_bytes()))["files"]:
            if pathlib.Path(entry["file"]) != ROOT / reader:
                continue
            for line in entry["lines"]:
                number = line["line_number"]
                counts[number] = counts.get(number, 0) + line["count"]
        path.unlink()
    return counts


def measure(name, show_missed):
    readers, _, _, limit = TARGETS[name]
    inputs = sorted((ROOT / "fuzz/corpus" / name).iterdir())
    counts = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run([compile_target(name, folder), *inputs], check=True)
        for reader in readers:
            for line, count in line_counts(reader, folder).items():
                counts[reader, line] = count
    if not counts:
        sys.exit(f"gcov has no lines of {', '.join(readers)}")
    reached = sum(count > 0 for count in counts.values())
    share = reached / len(counts)
    print(f"{name}: {len(inputs)} files of the corpus reach {reached} of {len(counts)} lines of "
          f"{', '.join(readers)}, {100 * share:.1f} % (at least {100 * limit:.0f} %)")
    if show_missed:
        for reader in readers:
            text = (ROOT / reader).read_text().splitlines()
            for number in sorted(n for (r, n), count in counts.items()
                                 if r == reader and count == 0):
                print(f"  {reader}:{number:<4} {text[number - 1]}")
    return share >= limit


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--missed", action="store_true")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in TARGETS]:
        parser.error(f"no target {unknown[0]}; there is {', '.join(TARGETS)}")
    results = [measure(name, arguments.missed) for name in arguments.names or TARGETS]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
