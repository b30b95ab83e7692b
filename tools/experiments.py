#!/usr/bin/env python3
"""Runs variants x seeds of `volante train`, as many at once as there are cores, and prints one table.

    tools/experiments.py LIST.json --volante build/volante --out DIR [--jobs N] [--table]

LIST.json: {"common": [flags of every run], "seeds": [0, 1, 2],
            "variants": {"name": ["learner.tau=0.01", ...], ...}}
A variant's entries are `--set` values, or flags ("--algorithm=ddpg"). Each run is DIR/name/seed_N with one thread and log.txt.
What is finished is kept and what was interrupted is resumed, so the same command goes on where it
stopped. --table only prints. Success by validation, in the order of the run, seed after seed.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

VALIDATION = re.compile(
    r"validation at (\d+) env steps: success ([\d.]+) \(n \d+\), completion ([\d.]+), ([\d.]+) m/s")
FINISHED = "finished"  # written when a run came to its end


def run_folder(out, variant, seed):
    return out / variant / f"seed_{seed}"


def train(experiment, volante, out, variant, seed):
    """One training, from the start or from its last checkpoint; returns its exit code."""
    folder = run_folder(out, variant, seed)
    flags = [*experiment.get("common", [])]
    for value in experiment["variants"][variant] + [f"train.seed={seed}", "train.threads=1"]:
        flags += [value] if value.startswith("--") else ["--set", value]
    kept = folder / "flags.json"
    if kept.exists() and json.loads(kept.read_text()) != flags:
        print(f"{folder}: trained with other flags; choose another --out or remove it",
              file=sys.stderr)
        return 2
    if (folder / FINISHED).exists():
        return 0
    run = folder / "run"
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(flags))
    resumable = any(run.glob("checkpoints/step_*"))
    command = [volante, "train"]
    if resumable:
        command += ["--resume", str(run)]
    else:
        if run.exists():  # stopped before its first checkpoint: nothing to go on from
            subprocess.run(["rm", "-r", str(run)], check=True)
        command += ["--run-dir", str(run), *flags]
    with open(folder / "log.txt", "a") as log:
        code = subprocess.run(command, stdout=log, stderr=log).returncode
    if code == 0:
        (folder / FINISHED).write_text("")
    else:
        print(f"{variant} seed {seed}: exit code {code}, see {folder}/log.txt", file=sys.stderr)
    return code


def train_all(experiment, volante, out, jobs=len(os.sched_getaffinity(0))):
    """How many trainings failed. Seed by seed, so that an unfinished list compares all variants."""
    runs = [(v, s) for s in experiment["seeds"] for v in experiment["variants"]]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        codes = pool.map(lambda run: train(experiment, volante, out, *run), runs)
        return sum(code != 0 for code in codes)


def validations(out, variant, seed):
    """[(env step, success, completion, speed)] of a run; a resumed one repeats no step."""
    log = run_folder(out, variant, seed) / "log.txt"
    if not log.exists():
        return []
    rows = {int(m[1]): (float(m[2]), float(m[3]), float(m[4]))
            for m in VALIDATION.finditer(log.read_text(errors="replace"))}
    return [(step, *rows[step]) for step in sorted(rows)]


def table(out, experiment):
    lines = ["| variant | seed | success by validation | at the end: completion, m/s |",
             "|---|---|---|---|"]
    for variant in experiment["variants"]:
        for seed in experiment["seeds"]:
            rows = validations(out, variant, seed)
            success = " ".join(f"{r[1]:.2f}".replace("0.", ".") for r in rows)
            end = f"{rows[-1][2]:.2f}, {rows[-1][3]:.1f}" if rows else "-"
            done = "" if (run_folder(out, variant, seed) / FINISHED).exists() else " (unfinished)"
            lines.append(f"| {variant} | {seed} | {success or '-'}{done} | {end} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", type=pathlib.Path)
    parser.add_argument("--volante", default="build/volante")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--table", action="store_true", help="run nothing")
    args = parser.parse_args()
    experiment = json.loads(args.list.read_text())
    failed = 0 if args.table else train_all(experiment, args.volante, args.out, args.jobs)
    print(table(args.out, experiment))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
