#!/usr/bin/env python3
"""When a training first drove well: drives the checkpoints of run folders in their order until one
reaches a success rate, and prints what had been spent by then.

    tools/first_success.py RUN [RUN ...] [--volante build/volante] [--scenario 0] [--success 0.9]

Success is that of the 40 validation routes, from a standing start. Train with a small
train.checkpoint_freq and a train.keep_checkpoints that keeps them all. CPU minutes are those of the
training's process: minutes of a core that nobody else wants."""

import argparse
import json
import pathlib
import subprocess
import sys

READER = pathlib.Path(__file__).resolve().parent / "oracle/read_events.py"
ROUTES = 40


def success_of(volante, checkpoint, scenario):
    command = [volante, "evaluate", "--checkpoint", str(checkpoint), "--routes", "validation",
               "--num-episodes", str(ROUTES), "--scenario", scenario, "--threads", "1",
               "--json", "-"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["evaluations"][0]["summary"]["success_rate"]


def spent(run, env_step):
    """(updates, minutes, CPU minutes) by the env step; the minutes of a resumed run's processes,
    each of which has an event file and begins at 0, are added."""
    updates, minutes = 0.0, {"time/minutes": 0.0, "time/cpu_minutes": 0.0}
    for events in sorted(run.glob("events.out.tfevents.*")):
        lines = subprocess.run(["/usr/bin/python3", READER, events], check=True,
                               capture_output=True, text=True).stdout.splitlines()
        last = {}
        for record in map(json.loads, lines):
            if record.get("step", 0) <= env_step:
                last.update((v["tag"], v["value"]) for v in record.get("values", [])
                            if "value" in v)
        updates = last.get("train/updates", updates)
        for tag in minutes:
            minutes[tag] += last.get(tag, 0.0)
    return updates, *minutes.values()


def first_success(arguments, run):
    steps = sorted(int(c.name.removeprefix("step_")) for c in run.glob("checkpoints/step_*"))
    tried = []
    for step in steps:
        success = success_of(arguments.volante, run / f"checkpoints/step_{step}",
                             arguments.scenario)
        tried.append(f"{success:.2f}")
        if success >= arguments.success:
            updates, minutes, cpu_minutes = spent(run, step)
            return (f"| {run} | {step:,} | {updates:,.0f} | {minutes:.1f} | {cpu_minutes:.1f} | "
                    f"{' '.join(tried)} |")
    return f"| {run} | not by {steps[-1] if steps else 0:,} | | | | {' '.join(tried)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("--volante", default="build/volante")
    parser.add_argument("--scenario", default="0")
    parser.add_argument("--success", type=float, default=0.9)
    arguments = parser.parse_args()
    print("| run | env steps | updates | minutes | CPU minutes | success of the checkpoints so far |\n"
          "|---|---|---|---|---|---|", flush=True)
    for run in arguments.runs:
        print(first_success(arguments, run), flush=True)


if __name__ == "__main__":
    sys.exit(main())
