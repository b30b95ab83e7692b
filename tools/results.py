#!/usr/bin/env python3
"""docs/results.md from docs/results.template.md and committed measurements.

usage: results.py                   write docs/results.md
       results.py --check           fail when docs/results.md is not what would be written
       results.py add NAME [--run FOLDER]... --command TEXT EVALUATION_JSON...
                                    commit-ready results/NAME.json of evaluations and the runs that
                                    were trained for them
       results.py table LABEL=EVALUATION_JSON...
                                    a plain table for a terminal

In the template, alone on a line:
  {{table NAME...}}     rows of results/NAME.json; several seeds of one recipe as one row
  {{seeds NAME...}}     the same with a row for each seed before
  {{across LABEL=NAME+NAME...}}  a row for each label, scenario and checkpoint (final, best), across
                        the seeds of all its results: each seed's success, their mean, the worst
  {{commands NAME...}}  how they were trained and evaluated, where and when
  {{bench FILE}}        a file of `volante bench --json`, in bench/results/
and anywhere: {{value NAME METRIC FORMAT}}, of the first row, such as {{value expert success_rate .2f}}.
"""

import argparse
import datetime
import json
import os
import re
import sys

from results_data import (BadResult, load_json, rows_of, this_cpu, training_of, without_episodes)
from sources import ROOT, read, repository_files

TEMPLATE, DOCUMENT = "docs/results.template.md", "docs/results.md"
NOTE = "<!-- Generated from results.template.md by tools/results.py; edit that. -->\n"

# Header, metric, format of the columns behind success.
COLUMNS = [("completion", "route_completion", ".2f"), ("m/s", "mean_speed_mps", ".1f"),
           ("off lane", "off_lane_rate", ".2f"), ("collisions/km", "collisions_per_km", ".2f"),
           ("at fault/km", "at_fault_collisions_per_km", ".2f")]


# ---- tables of evaluations ---------------------------------------------------------------------

def result(name):
    return load_json(f"results/{name}.json")


def result_rows(name, seeds):
    found = []
    for evaluation in result(name)["evaluations"]:
        rows, seed_rows = rows_of(evaluation, f"results/{name}.json")
        for row in seed_rows:
            row["bold"] = seeds
        found += rows + seed_rows if seeds or not seed_rows else seed_rows
    return found


def cells(row):
    def figure(value, form):
        return format(value, form) if value is not None else "-"

    metrics = row["metrics"]
    return [row["label"], figure(metrics.get("success_rate"), ".3f"),
            f"{row['success_low']:.2f}-{row['success_high']:.2f}", figure(row["worst"], ".3f"),
            *(figure(metrics.get(m), f) for _, m, f in COLUMNS), str(row["n"])]


HEADER = ["policy", "success", "95 %", "worst seed", *(c[0] for c in COLUMNS), "n"]


def markdown(header, lines):
    align = "".join("---|" if i == 0 else "---:|" for i in range(len(header)))
    return "\n".join(["| " + " | ".join(header) + " |", "|" + align,
                      *("| " + " | ".join(line) + " |" for line in lines)])


def without_empty(header, lines):
    """Leaves out columns in which nothing stands."""
    keep = [i for i in range(len(header)) if i == 0 or any(line[i] != "-" for line in lines)]
    return [header[i] for i in keep], [[line[i] for i in keep] for line in lines]


def table(names, seeds=False):
    lines = []
    for name in names:
        for row in result_rows(name, seeds):
            line = cells(row)
            lines.append([f"**{c}**" for c in line] if row.get("bold") else line)
    return markdown(*without_empty(HEADER, lines))


SEED_ROW = re.compile(r"(?:[^:]+: )?seed (\d+), (final|best) \d+, scenario (\w+)$")


def across(entries):
    lines = []
    for entry in entries:
        label, _, names = entry.partition("=")
        found = {}  # (scenario, checkpoint) -> seed -> row
        for name in names.split("+"):
            for row in result_rows(name, True):
                if match := SEED_ROW.match(row["label"]):
                    found.setdefault(match.group(3, 2), {})[int(match[1])] = row
        for (scenario, checkpoint), rows in found.items():
            metrics = [rows[seed]["metrics"] for seed in sorted(rows)]
            success = [m["success_rate"] for m in metrics]
            mean = [format(sum(m[key] for m in metrics) / len(metrics), form)
                    for _, key, form in COLUMNS]
            lines.append([label.replace("_", " "), scenario, checkpoint,
                          " ".join(f"{s:.3f}" for s in success),
                          f"{sum(success) / len(success):.3f}", f"{min(success):.3f}", *mean])
    if not lines:
        raise BadResult(f"{TEMPLATE}: no seeds in {' '.join(entries)}")
    return markdown(["algorithm", "scenario", "checkpoint", "success of each seed", "mean", "worst",
                     *(c[0] for c in COLUMNS)], lines)


def names_in(kind, words):
    if kind == "bench":
        return []
    return [n for w in words for n in w.partition("=")[2].split("+")] if kind == "across" else words


def commands(names):
    parts = []
    for name in names:
        data = result(name)
        text = [f"`results/{name}.json`, {data['date']}, {data['cpu']}, {data['cores']} cores:"]
        for training in data["trainings"]:
            text.append(f"- `{training['command']}`: {training.get('outcome', 'trained')} in "
                        f"{float(training['minutes']):.1f} minutes ({training.get('threads', '?')} "
                        f"threads, {training.get('isa', '?')}, build {training.get('build', '?')})")
        text += [f"- `{command}`" for command in data["commands"]]
        parts.append("\n".join(text))
    return "\n\n".join(parts)


def value(name, metric, form):
    rows = result_rows(name, False)
    if metric not in rows[0]["metrics"]:
        raise BadResult(f"results/{name}.json: the first row has no {metric}")
    return format(rows[0]["metrics"][metric], form)


# ---- benchmarks --------------------------------------------------------------------------------

def quantity(number):
    """Three figures, four from 1,000 on; thousands apart."""
    if abs(number) < 100:
        return f"{number:.3g}"
    return f"{float(f'{number:.{4 if abs(number) >= 1000 else 3}g}'):,.0f}"


def bench(file):
    lines = []
    for entry in load_json(f"bench/results/{file}"):
        note, limit, peer = entry["note"], entry["limit"], entry["peer"]
        if "ceiling" in entry:
            note = f"{100 * entry['value'] / entry['ceiling']:.0f} % of the ceiling " + \
                f"{quantity(entry['ceiling'])}; {note}"
        if peer is not None:
            note = f"plain PyTorch {quantity(peer)} ({entry['value'] / peer:.2f} x)" + \
                (f"; {note}" if note else "")
        if limit is not None:
            ratio = entry["value"] / limit
            miss = 1 - ratio if entry["higher_is_better"] else ratio - 1
            if miss > 0:
                note = f"**missed by {100 * miss:.0f} %**" + (f"; {note}" if note else "")
        lines.append([f"`{entry['name']}`", f"{quantity(entry['value'])} {entry['unit']}",
                      "-" if limit is None else quantity(limit), note])
    return markdown(["name", "measured", "asked", ""], lines).replace("---:|---:|---:|",
                                                                      "---|---|---|")


# ---- the document ------------------------------------------------------------------------------

BLOCKS = {"table": lambda words: table(words), "seeds": lambda words: table(words, seeds=True),
          "across": across, "commands": commands, "bench": lambda words: bench(*words)}


def generate():
    used = set()

    def block(match):
        kind, *words = match.group(1).split()
        if kind not in BLOCKS or not words:
            raise BadResult(f"{TEMPLATE}: {match.group(0)} is none of {', '.join(BLOCKS)}, value")
        used.update(names_in(kind, words))
        return BLOCKS[kind](words)

    def inline(match):
        words = match.group(1).split()
        if len(words) != 4 or words[0] != "value":
            raise BadResult(f"{TEMPLATE}: {match.group(0)} must stand alone on its line, or be "
                            "{{value NAME METRIC FORMAT}}")
        used.add(words[1])
        return value(*words[1:])

    text = re.sub(r"^\{\{([^{}]+)\}\}$", block, read(TEMPLATE), flags=re.MULTILINE)
    text = re.sub(r"\{\{([^{}]*)\}\}", inline, text)
    committed = {os.path.basename(p)[:-5] for p in repository_files()
                 if os.path.dirname(p) == "results" and p.endswith(".json")}
    if hidden := sorted(committed - used):
        raise BadResult(f"{TEMPLATE} shows nothing of {', '.join(hidden)} in results/: "
                        "add a line {{table NAME}}")
    return NOTE + text


def add(args):
    if not re.fullmatch(r"[a-z0-9_]+", args.name):
        raise BadResult(f"{args.name}: a name is of a-z, 0-9 and _")
    evaluations = [load_json(os.path.abspath(path)) for path in args.evaluation]
    for evaluation, path in zip(evaluations, args.evaluation):
        rows_of(evaluation, path)
    data = {"date": args.date, "cpu": args.cpu, "cores": args.cores,
            "trainings": [training_of(run) for run in args.run], "commands": args.command,
            "evaluations": [without_episodes(evaluation) for evaluation in evaluations]}
    os.makedirs(os.path.join(ROOT, "results"), exist_ok=True)
    path = os.path.join(ROOT, "results", args.name + ".json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=1)
        f.write("\n")
    print(f"results/{args.name}.json")


def plain_table(entries):
    """One line per LABEL=FILE; a file that is not there says so."""
    lines = []
    for entry in entries:
        label, separator, path = entry.partition("=")
        if not separator:
            raise BadResult(f"{entry}: LABEL=EVALUATION_JSON is wanted")
        if os.path.exists(path):
            rows, seed_rows = rows_of(load_json(os.path.abspath(path)), path)
            lines += [[label, *cells(row)[1:]] for row in seed_rows or rows]
        else:
            lines.append([label, "not evaluated", *["-"] * (len(HEADER) - 2)])
    header, lines = without_empty(HEADER, lines)
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    for line in [header, *lines]:
        first, *others = (c.ljust(w) if i == 0 else c.rjust(w)
                          for i, (c, w) in enumerate(zip(line, widths)))
        print("  ".join([first, *others]).rstrip())


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    commands_ = parser.add_subparsers(dest="what")
    adding = commands_.add_parser("add")
    adding.add_argument("name")
    adding.add_argument("evaluation", nargs="+")
    adding.add_argument("--run", action="append", default=[], help="run folder of the training")
    adding.add_argument("--command", action="append", required=True,
                        help="what was typed to evaluate; again for further ones")
    adding.add_argument("--date", default=datetime.date.today().isoformat())
    adding.add_argument("--cpu", default=this_cpu())
    adding.add_argument("--cores", type=int, default=os.cpu_count())
    commands_.add_parser("table").add_argument("entries", nargs="+")
    return parser.parse_args(argv)


def main(argv):
    args = parse(argv)
    try:
        if args.what == "add":
            add(args)
        elif args.what == "table":
            plain_table(args.entries)
        elif args.check:
            if generate() != read(DOCUMENT):
                raise BadResult(f"{DOCUMENT} is not what {TEMPLATE} and the results give: "
                                "run tools/results.py")
        else:
            text = generate()
            with open(os.path.join(ROOT, DOCUMENT), "w", encoding="utf-8") as f:
                f.write(text)
    except BadResult as error:
        print(f"results: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
