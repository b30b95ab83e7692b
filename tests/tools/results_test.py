"""tools/results.py on a small repository of its own: numbers reach the document unchanged, and what
does not fit is refused."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tools"))
import results  # noqa: E402
import results_data  # noqa: E402
import sources  # noqa: E402

SUMMARY = {"episodes": 200, "success_rate": 0.925, "success_low_95": 0.88, "success_high_95": 0.95,
           "route_completion": 0.987, "mean_speed_mps": 7.25, "min_ttc_s": None}
ONE = {"format_version": 2, "settings": {}, "seed_summaries": [],
       "evaluations": [{"label": "trained, step 9", "config": "x", "summary": SUMMARY,
                        "episodes": [{"seed": 1}]}]}
SEEDS = dict(ONE, seed_summaries=[
    {"label": "mean of 3 seeds", "seeds": 3, "episodes": 600,
     "metrics": {"success_rate": {"mean": 0.91, "low_95": 0.85, "high_95": 0.96, "worst_seed": 0.87},
                 "mean_speed_mps": {"mean": 7.0, "low_95": 6.5, "high_95": 7.5, "worst_seed": 6.6},
                 "min_ttc_s": {"mean": None, "low_95": None, "high_95": None, "worst_seed": None}}}])
FIRST_FORMAT = {"policy": "idm_mobil, scenario empty", "summary": SUMMARY, "episodes": []}


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        for module in (results, results_data, sources):
            old = module.ROOT
            module.ROOT = self.root
            self.addCleanup(setattr, module, "ROOT", old)

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))

    def document(self):
        with open(self.path("docs/results.md"), encoding="utf-8") as f:
            return f.read()

    def run_tool(self, *words):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = results.main(list(words))
        return code, out.getvalue(), err.getvalue()

    def add(self, name, evaluation, *more):
        self.write("out/evaluation.json", evaluation)
        code, _, err = self.run_tool("add", name, "--command", "volante evaluate X", "--cpu", "Z80",
                                     "--date", "2026-01-02", *more, self.path("out/evaluation.json"))
        self.assertEqual((code, err), (0, ""))

    def test_numbers_reach_the_document(self):
        self.write("run/manifest.json", {"command": "volante train --seed 4", "env_steps": "120000",
                                         "updates": "29500", "minutes": "7.96", "outcome": "ended"})
        self.add("small", ONE, "--run", self.path("run"), "--cores", "2")
        self.write("docs/results.template.md",
                   "a\n{{table small}}\nb {{value small success_rate .4f}}.\n{{commands small}}\n")
        self.assertEqual(self.run_tool()[0], 0)
        text = self.document()
        self.assertIn("| trained, step 9 | 0.925 | 0.88-0.95 | 0.99 | 7.2 | 200 |", text)
        self.assertIn("b 0.9250.", text)
        self.assertIn("`results/small.json`, 2026-01-02, Z80, 2 cores:", text)
        self.assertIn("`volante train --seed 4`: ended in 8.0 minutes", text)
        self.assertIn("- `volante evaluate X`", text)
        self.assertEqual(self.run_tool("--check"), (0, "", ""))

    def test_episodes_are_not_committed(self):
        self.add("small", ONE)
        with open(self.path("results/small.json"), encoding="utf-8") as f:
            self.assertEqual(json.load(f)["evaluations"][0]["evaluations"],
                             [{"label": "trained, step 9", "summary": SUMMARY}])

    def test_seeds_become_one_row_with_the_worst(self):
        self.add("seeds", SEEDS)
        one_row = results.table(["seeds"]).splitlines()[2:]
        self.assertEqual(one_row, ["| mean of 3 seeds | 0.910 | 0.85-0.96 | 0.870 | 7.0 | 600 |"])
        self.assertEqual(len(results.table(["seeds"], seeds=True).splitlines()), 4)

    def test_rows_name_their_town_where_the_evaluation_does(self):
        rates = {"off_lane_rate": 0.0, "collisions_per_km": 0.1, "at_fault_collisions_per_km": 0.0}
        row = dict(ONE["evaluations"][0], label="seed 1, final 9, scenario 0", town="country",
                   summary=dict(SUMMARY, **rates))
        seeds = dict(SEEDS["seed_summaries"][0], town="country")
        self.add("placed", dict(ONE, evaluations=[row], seed_summaries=[seeds]))
        lines = results.table(["placed"], seeds=True).splitlines()[2:]
        self.assertIn("| country: seed 1, final 9, scenario 0 |", lines[0])
        self.assertIn("| **country: mean of 3 seeds** |", lines[1])
        self.assertIn("| td3 | 0 | final | 0.925 |", results.across(["td3=placed"]))
        named = dict(row, label="country: idm_mobil")
        self.assertEqual(results_data.rows_of({"evaluations": [named]}, "")[0][0]["label"],
                         "country: idm_mobil")

    def test_a_document_changed_by_hand_is_found(self):
        self.add("small", ONE)
        self.write("docs/results.template.md", "{{table small}}\n")
        self.run_tool()
        self.write("docs/results.md", self.document().replace("0.925", "0.999"))
        code, _, err = self.run_tool("--check")
        self.assertEqual(code, 1)
        self.assertIn("run tools/results.py", err)

    def test_a_result_that_is_shown_nowhere_is_found(self):
        self.add("small", ONE)
        self.add("hidden", ONE)
        self.write("docs/results.template.md", "{{table small}}\n")
        code, _, err = self.run_tool()
        self.assertEqual(code, 1)
        self.assertIn("hidden", err)

    def test_unknown_placeholders_and_damaged_files_are_refused(self):
        for template in ("{{tabel small}}\n", "{{table nowhere}}\n", "a {{table small}}\n"):
            self.add("small", ONE)
            self.write("docs/results.template.md", template)
            self.assertEqual(self.run_tool()[0], 1, template)
        self.write("bad.json", {"evaluations": [{"label": "x"}]})
        self.assertEqual(self.run_tool("add", "bad", "--command", "c", self.path("bad.json"))[0], 1)
        self.write("run/manifest.json", {"command": "volante train"})
        with self.assertRaisesRegex(results_data.BadResult, "has the training ended"):
            results_data.training_of(self.path("run"))

    def test_benchmarks_say_what_they_missed(self):
        entry = {"name": "a", "value": 465.0, "unit": "updates/s", "higher_is_better": True,
                 "peer": 100.0, "limit": 500.0, "note": "n"}
        slow = dict(entry, name="b", value=55.0, higher_is_better=False, limit=50.0, peer=None)
        good = dict(entry, name="c", value=123456.0, limit=None, peer=None, note="")
        high = dict(entry, name="d", ceiling=930.0, limit=None, peer=None)
        self.write("bench/results/x.json", [entry, slow, good, high])
        rows = results.bench("x.json").splitlines()[2:]
        self.assertEqual(rows[0], "| `a` | 465 updates/s | 500 | **missed by 7 %**; plain PyTorch "
                                  "100 (4.65 x); n |")
        self.assertIn("**missed by 10 %**", rows[1])
        self.assertEqual(rows[2], "| `c` | 123,500 updates/s | - |  |")
        self.assertEqual(rows[3], "| `d` | 465 updates/s | - | 50 % of the ceiling 930; n |")

    def test_the_plain_table_names_what_is_missing(self):
        self.write("a.json", FIRST_FORMAT)
        code, out, _ = self.run_tool("table", "expert=" + self.path("a.json"),
                                     "trained=" + self.path("nowhere.json"))
        self.assertEqual(code, 0)
        header, expert, trained = out.splitlines()
        self.assertEqual(expert.split(), ["expert", "0.925", "0.88-0.95", "0.99", "7.2", "200"])
        self.assertIn("not evaluated", trained)
        self.assertEqual(header.index("success") + len("success"),
                         expert.index("0.925") + len("0.925"))


if __name__ == "__main__":
    unittest.main()
