#!/usr/bin/env python3
"""The wiring study: the earlier implementation's mistake (learner.wiring=legacy) beside the right
wirings, on the same data. Every batch is drawn from the same transitions of the scripted expert
(demonstrations.share 1), so that nothing but the wiring differs.

  tools/wiring_study.py --runs DIR [--program build/volante] [--seeds 0 1 2] [--jobs 1]

Trains nine runs of 2,000 updates (fidelity preset, batches of 64; about two minutes each on one
core), keeping those that are there, prints a table and writes docs/images/wiring_study.svg. A row
says by how much the mean Q of the policy's actions, mean Q(s, pi(s)), had left the critic's mean
Q(s, a) at most, at which update first by a factor of 10, and when the alarm actor_q_gap fired."""

import argparse
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
READER = ROOT / "tools/oracle/read_events.py"
WIRINGS = ("legacy", "separate", "shared_critic")
STARTS, UPDATES, WINDOW = 1000, 2000, 100
SETTINGS = [
    "demonstrations.share=1", "demonstrations.env_steps=10000", "learner.batch_size=64",
    f"train.learning_starts={STARTS}", f"train.max_timesteps={STARTS + UPDATES}",
    "train.log_freq=20", "train.checkpoint_freq=0", "train.threads=1", "replay.max_gb=0.5"]


def train(arguments, wiring, seed):
    run = arguments.runs / f"{wiring}-{seed}"
    if not (run / "manifest.json").exists() or "outcome" not in (run / "manifest.json").read_text():
        if run.exists():  # interrupted
            shutil.rmtree(run)
        command = [arguments.program, "train", "--preset", "fidelity", "--seed", str(seed),
                   "--run-dir", str(run), "--quiet"]
        for setting in [f"learner.wiring={wiring}", *SETTINGS]:
            command += ["--set", setting]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return run


def scalars(run):
    """tag -> [(env step, value)], and the texts of the same tags."""
    values, texts = {}, {}
    for path in sorted(run.glob("events.out.tfevents.*")):
        lines = subprocess.run(["/usr/bin/python3", READER, path], check=True,
                               capture_output=True, text=True).stdout.splitlines()
        for record in map(json.loads, lines):
            for item in record.get("values", []):
                if "value" in item:
                    values.setdefault(item["tag"], []).append((record["step"], item["value"]))
                elif "text" in item:
                    texts.setdefault(item["tag"], []).append((record["step"], item["text"][0]))
    return values, texts


def judge(run):
    values, _ = scalars(run)
    batch = dict(values["train/q_batch"])
    worst, first, last = 0.0, None, 0.0
    for step, actor in values["train/q_actor"]:
        update = step - STARTS
        ratio = abs(actor) / max(abs(batch[step]), 1e-9)
        # The first updates, where Q is near 0 everywhere, say nothing about a factor.
        if update < WINDOW:
            continue
        worst = max(worst, ratio)
        last = ratio
        if ratio >= 10.0 and first is None:
            first = update
    alarm = [step - STARTS for step, on in values.get("health/actor_q_gap", []) if on]
    return worst, last, first, alarm[0] if alarm else None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=pathlib.Path, required=True)
    parser.add_argument("--program", default=str(ROOT / "build/volante"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    cases = [(wiring, seed) for wiring in WIRINGS for seed in arguments.seeds]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = list(pool.map(lambda case: train(arguments, *case), cases))
    print("| wiring | seed | largest actor Q / batch Q | at the end | factor 10 at update | "
          "alarm at update |\n|---|---|---|---|---|---|")
    for (wiring, seed), run in zip(cases, runs):
        worst, last, first, alarm = judge(run)
        print(f"| {wiring} | {seed} | {worst:.3g} | {last:.3g} | {first or 'never'} | "
              f"{alarm or 'never'} |")
    output = ROOT / "docs/images/wiring_study.svg"
    subprocess.run([arguments.program, "curve", *map(str, runs), "--tag", "train/q_actor", "--tag",
                    "train/q_batch", "--log", "--title",
                    "Q of the policy's actions and of the data, by wiring (three seeds each)",
                    "--output", str(output)], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
