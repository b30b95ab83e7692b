"""Reads what measurements leave behind: evaluation files of `volante evaluate`, run manifests,
benchmark files. Gives plain rows; knows no documents."""

import json
import math
import os

from sources import ROOT


class BadResult(Exception):
    """A file that can't be used; the message says which and why."""


def load_json(path):
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            return json.load(f)
    except OSError as error:
        raise BadResult(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadResult(f"{path}: not JSON: {error}") from error


def _known(value):
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _place(entry):
    """'country: ' of what names its town, and does not begin with it already."""
    town = entry.get("town")
    return f"{town}: " if town and not entry["label"].startswith(f"{town}: ") else ""


def _row(label, summary, n):
    """One policy on n episodes: metrics, and low and high of the success rate's 95 % interval."""
    return {"label": label, "n": n, "seeds": 1, "worst": None,
            "success_low": summary["success_low_95"], "success_high": summary["success_high_95"],
            "metrics": {k: v for k, v in summary.items() if _known(v)}}


def _seed_row(summary):
    metrics = summary["metrics"]
    success = metrics["success_rate"]
    return {"label": _place(summary) + summary["label"], "n": summary["episodes"], "seeds": summary["seeds"],
            "worst": success["worst_seed"],
            "success_low": success["low_95"], "success_high": success["high_95"],
            "metrics": {k: v["mean"] for k, v in metrics.items() if _known(v["mean"])}}


def rows_of(evaluation, where):
    """(rows, seed rows) of an evaluation.json, both of format 2 and of the first, unnumbered one."""
    try:
        if "evaluations" not in evaluation:
            summary = evaluation["summary"]
            return [_row(evaluation["policy"], summary, summary["episodes"])], []
        rows = [_row(_place(e) + e["label"], e["summary"], e["summary"]["episodes"])
                for e in evaluation["evaluations"]]
        return rows, [_seed_row(s) for s in evaluation.get("seed_summaries", [])]
    except (KeyError, TypeError) as error:
        raise BadResult(f"{where}: not an evaluation of volante evaluate: {error!r}") from error


def without_episodes(evaluation):
    """What is committed: every figure, not every episode."""
    slim = {k: v for k, v in evaluation.items() if k != "episodes"}
    if "evaluations" in slim:
        slim["evaluations"] = [{k: v for k, v in e.items() if k not in ("episodes", "config")}
                               for e in slim["evaluations"]]
    return slim


def training_of(run):
    """What a run folder's manifest says about how it was trained."""
    facts = load_json(os.path.join(os.path.abspath(run), "manifest.json"))
    wanted = ("command", "preset", "seed", "env_steps", "updates", "minutes", "outcome", "threads",
              "isa", "build", "device", "dtype")
    missing = [k for k in ("command", "env_steps", "updates", "minutes") if k not in facts]
    if missing:
        raise BadResult(f"{run}/manifest.json: it lacks {', '.join(missing)}: has the training ended?")
    return {k: facts[k] for k in wanted if k in facts}


def this_cpu():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "unknown"
