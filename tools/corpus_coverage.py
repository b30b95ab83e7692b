#!/usr/bin/python3
"""Which lines of a reader its committed fuzz corpus reaches by itself, without the fuzzer.

  corpus_coverage.py [NAME ...] [--missed]

NAME is a target of fuzz/ (default: all that TARGETS lists). Compiles the target and what it needs with
g++ --coverage, runs every file of fuzz/corpus/NAME through it once, reads gcov's counts of the reader's
source. Prints one line a target; --missed adds the lines that were not reached. Exit code 1 when a
reader is below its limit."""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-O0", "-g1", "--coverage", "-ffp-contract=off", f"-I{ROOT}/src"]

# Target: (the reader, other sources that it needs, libraries, least share of lines).
TARGETS = {
    "safetensors": ("src/store/safetensors.cc", ["src/base/error.cc", "src/base/files.cc"], [],
                    0.85),
}


def compile_target(name, folder):
    reader, others, libraries, _ = TARGETS[name]
    objects = []
    for source in [f"fuzz/{name}.cc", "tools/corpus_main.cc", reader, *others]:
        objects.append(folder / (source.replace("/", "_") + ".o"))
        subprocess.run(["g++", *FLAGS, "-c", ROOT / source, "-o", objects[-1]], check=True)
    program = folder / "corpus"
    subprocess.run(["g++", "--coverage", *objects, *libraries, "-o", program], check=True)
    return program


def line_counts(reader, folder):
    """Line number to count; a line of several instances has their sum."""
    data = folder / (reader.replace("/", "_") + ".gcda")
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
    return counts


def measure(name, show_missed):
    reader, _, _, limit = TARGETS[name]
    inputs = sorted((ROOT / "fuzz/corpus" / name).iterdir())
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run([compile_target(name, folder), *inputs], check=True)
        counts = line_counts(reader, folder)
    if not counts:
        sys.exit(f"gcov has no lines of {reader}")
    reached = sum(count > 0 for count in counts.values())
    share = reached / len(counts)
    print(f"{name}: {len(inputs)} files of the corpus reach {reached} of {len(counts)} lines of "
          f"{reader}, {100 * share:.1f} % (at least {100 * limit:.0f} %)")
    if show_missed:
        text = (ROOT / reader).read_text().splitlines()
        for number in sorted(n for n, count in counts.items() if count == 0):
            print(f"  {number:4} {text[number - 1]}")
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
