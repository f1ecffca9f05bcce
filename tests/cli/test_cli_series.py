"""A series equals the single runs, survives kill -9 at any moment, and says what is missing; texts and token ids for analyses of text."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import time

import numpy as np

from cli import PROGRAM, SOURCE, CliTest, main, read_safetensors, run, write_safetensors

DATA = SOURCE / "tests" / "data"


def contents(folder):
    """Every file's bytes but the durations', by name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(pathlib.Path(folder).rglob("*"))
            if file.is_file() and file.name != "timings.json"}


class Series(CliTest):
    def checkpoints(self, count):
        """Copies of a tiny model, each with its weights a little further from the first's."""
        arrays, _ = read_safetensors(DATA / "tiny-neox" / "model.safetensors")
        for step in range(count):
            folder = self.folder / "checkpoints" / f"step{step * 10}"
            folder.mkdir(parents=True)
            shutil.copy(DATA / "tiny-neox" / "config.json", folder)
            chance = np.random.default_rng(step)
            write_safetensors(folder / "model.safetensors", {
                name: (array + 0.02 * step * chance.normal(size=array.shape)).astype(np.float32) for name, array in arrays.items()})
        return str(self.folder / "checkpoints" / "step{n}")

    def spec(self):
        chance = np.random.default_rng(4)
        clean = chance.integers(0, 20, size=(3, 8))
        flipped = clean.copy()
        flipped[:, 3] = (flipped[:, 3] + 1) % 20
        each = lambda value: np.full(3, value, np.int64)
        write_safetensors(self.folder / "batch.safetensors",
                          {"clean": clean, "flipped": flipped, "end": each(7), "io": each(2), "s": each(5)})
        file = self.folder / "z.json"
        file.write_text(json.dumps({"version": 1, "method": "act_patch", "model": {"path": "demo"}, "sites": ["z", "q"], "direction": "noise",
                                    "task": {"kind": "batch", "file": str(self.folder / "batch.safetensors")}}))
        return file

    def test_it_equals_the_single_runs(self):
        pattern, spec = self.checkpoints(5), self.spec()
        shutil.rmtree(self.folder / "checkpoints" / "step20")  # not there
        (self.folder / "checkpoints" / "step30" / "model.safetensors").write_bytes(b"broken")
        folders = [str(self.folder / "checkpoints" / f"step{n}") for n in (0, 10, 20, 30, 40)]
        told = json.loads(run("series", spec, "--models", ",".join(folders), "--out", self.folder / "out", "--json").stdout)
        self.assertEqual([step["state"] for step in told["steps"]], ["done", "done", "gap", "gap", "done"])
        self.assertIn("step20", told["steps"][2]["reason"])
        self.assertIn("model.safetensors", told["steps"][3]["reason"])
        for n in (0, 10, 40):
            single = self.folder / f"single{n}.safetensors"
            run("run", spec, "--model", self.folder / "checkpoints" / f"step{n}", "--out", single, "--quiet")
            self.assertEqual(single.read_bytes(), (self.folder / "out" / f"step{n}.safetensors").read_bytes())
        index = json.loads((self.folder / "out" / "series.json").read_text())
        self.assertEqual([step["name"] for step in index["steps"]], ["step0", "step10", "step20", "step30", "step40"])

        # Another series is refused, and the folder left as it is.
        before = contents(self.folder / "out")
        spec.write_text(spec.read_text().replace("noise", "denoise"))
        self.assertIn("holds another series", run("series", spec, "--models", pattern, "--out", self.folder / "out", expect=1).stderr)
        self.assertEqual(contents(self.folder / "out"), before)

    def test_killed_it_goes_on_to_the_same_bytes(self):
        pattern, spec = self.checkpoints(6), self.spec()
        whole = self.folder / "whole"
        began = time.monotonic()
        run("series", spec, "--models", pattern, "--out", whole, "--quiet")
        took = time.monotonic() - began
        chance = random.Random(17)
        for attempt in range(int(os.environ.get("PATCHBAY_SERIES_KILLS", "3"))):
            folder = self.folder / f"killed{attempt}"
            for _ in range(3):
                command = [PROGRAM, "series", spec, "--models", pattern, "--out", folder, "--quiet"]
                with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                    try:
                        process.wait(timeout=chance.uniform(0, took))
                    except subprocess.TimeoutExpired:
                        process.kill()
            told = json.loads(run("series", spec, "--models", pattern, "--out", folder, "--json").stdout)
            self.assertTrue(all(step["state"] == "done" for step in told["steps"]))
            self.assertEqual(contents(folder), contents(whole))
        # Killed while it wrote the tables at its end.
        for cut_off in ("first-steps.csv.part-4071-16", "step10.safetensors.part-4071-2"):
            (whole / cut_off).write_text("half of it")
        (whole / "my.part-b").write_text("somebody's own")
        again = json.loads(run("series", spec, "--models", pattern, "--out", whole, "--json").stdout)
        self.assertTrue(all(step["kept"] for step in again["steps"]))
        self.assertEqual([file.name for file in whole.glob("*.part-*")], ["my.part-b"])
        (whole / "my.part-b").unlink()

        # What was damaged is computed again.
        expected = contents(whole)
        (whole / "step20.safetensors").write_bytes(b"damaged")
        (whole / "step20.safetensors.part-1").write_bytes(b"cut off")
        told = run("series", spec, "--models", pattern, "--out", whole)
        self.assertIn("step20.safetensors: is not as it was written", told.stderr)
        self.assertEqual(contents(whole), expected)

    def test_other_token_ids_are_a_gap(self):
        """Of a text, one model's tokenizer makes other tokens than the first's."""
        copies = self.folder / "models"
        for name in ("a", "b", "c"):
            shutil.copytree(SOURCE / "resources" / "demo-model", copies / name)
        tokenizer = json.loads((copies / "b" / "tokenizer.json").read_text())
        vocab = tokenizer["model"]["vocab"]
        vocab["\u0120When"], vocab["\u0120the"] = vocab["\u0120the"], vocab["\u0120When"]
        (copies / "b" / "tokenizer.json").write_text(json.dumps(tokenizer))
        spec = self.folder / "cspa.json"
        spec.write_text(json.dumps({"version": 1, "method": "analysis", "analysis": "cspa", "heads": ["2.1"], "task": {"kind": "none"},
                                    "model": {"path": "demo"}, "options": {"texts": "demo", "max_tokens": 8}}))
        told = json.loads(run("series", spec, "--models", ",".join(str(copies / name) for name in "abc"), "--out", self.folder / "out",
                              "--json").stdout)
        self.assertEqual([step["state"] for step in told["steps"]], ["done", "gap", "done"])
        self.assertIn("the texts of this step have other token ids", told["steps"][1]["reason"].replace(":", ""))

    def test_a_recipe(self):
        pattern = self.checkpoints(2)
        self.spec()
        recipe = self.folder / "recipe.json"
        recipe.write_text(json.dumps({"format": "patchbay-recipe", "version": 1, "name": "short", "title": "Short", "steps": [
            {"id": "baseline", "title": "Baseline", "kind": "baseline"},
            {"id": "outputs", "title": "Outputs", "kind": "run", "spec": {"method": "act_patch", "sites": ["z"]}}]}))
        options = ["--batch", self.folder / "batch.safetensors", "--out", self.folder / "out"]
        told = json.loads(run("series", recipe, "--models", pattern, *options, "--json").stdout)
        self.assertEqual([step["state"] for step in told["steps"]], ["done", "done"])
        run("recipe", recipe, "--model", self.folder / "checkpoints" / "step10", "--batch", self.folder / "batch.safetensors", "--out",
            self.folder / "single", "--quiet")
        self.assertEqual(contents(self.folder / "single"), contents(self.folder / "out" / "step10"))

    def test_several_tasks_side_by_side(self):
        spec = self.folder / "z.json"
        spec.write_text(json.dumps({"version": 1, "method": "act_patch", "sites": ["z"], "direction": "denoise", "model": {"path": "demo"}}))
        pairs = self.folder / "mine.jsonl"
        pairs.write_text('{"clean": "When Emma met Hugo , Hugo thanked", "flipped": "When Emma met Hugo , Emma thanked", '
                         '"answer": " Emma", "wrong": " Hugo"}\n')
        out = self.folder / "out"
        command = ["series", spec, "--tasks", f"ioi,strangers,greater-than,{pairs}", "--prompts", 12, "--out", out]
        told = run(*command)
        # What the demo model's words cannot say is a gap with its reason.
        index = json.loads((out / "series.json").read_text())
        self.assertEqual([(step["name"], step["state"]) for step in index["steps"]],
                         [("ioi", "done"), ("strangers", "done"), ("greater-than", "gap"), ("mine", "done")])
        self.assertNotIn("task", index["spec"] if index["spec"].get("task", {}).get("file") else {})
        for name in ("ioi", "strangers"):
            single = self.folder / f"{name}.safetensors"
            run("act-patch", "--task", name, "--prompts", 12, "--sites", "z", "--direction", "denoise", "--out", single, "--quiet")
            self.assertEqual(single.read_bytes(), (out / f"{name}.safetensors").read_bytes())
        # The table is heads × tasks, and what is printed is of it.
        table = [line.split(",") for line in (out / "table.csv").read_text().splitlines()]
        self.assertEqual(table[0], ["head", "ioi", "strangers", "greater-than", "mine"])
        self.assertEqual(len(table), 49)
        measures = json.loads((out / "measures.json").read_text())
        for row, cells in enumerate(table[1:]):
            self.assertEqual(cells[3], "")
            for step in (0, 1, 3):
                value = measures["steps"][step]["values"][row]
                self.assertAlmostEqual(float(cells[1 + step]), value, delta=1e-6 * max(1, abs(value)))
        self.assertIn("side by side, in %", told.stdout)
        self.assertTrue(all(step.get("kept") or step["state"] == "gap" for step in json.loads(run(*command, "--json").stdout)["steps"]))
        # Other prompts are not those that lie there.
        again = json.loads(run(*(13 if word == 12 else word for word in command), "--json").stdout)
        self.assertEqual([step["kept"] for step in again["steps"]], [False, False, False, False])

        models = json.loads(run("series", spec, "--models", "demo@step900,demo@step0", "--tasks", "ioi,strangers", "--prompts", 4, "--out",
                                self.folder / "both", "--json").stdout)
        self.assertEqual([step["name"] for step in models["steps"]],
                         ["step900-ioi", "step900-strangers", "step0-ioi", "step0-strangers"])
        for options, message in [(["--tasks", "ioi,nothing"], "nothing"), (["--tasks", "ioi", "--task", "strangers"], "--task"),
                                 (["--tasks", "ioi,ioi"], "would be called ioi")]:
            self.assertIn(message, run("series", spec, *options, "--out", self.folder / "wrong", expect=2).stderr)

    def test_an_edited_text_is_noticed(self):
        """Resumed, a recipe computes the step anew, and a series refuses: its numbers would be of two texts."""
        text, spec, recipe = self.folder / "lines.txt", self.folder / "cspa.json", self.folder / "recipe.json"
        analysis = {"method": "analysis", "analysis": "cspa", "heads": ["2.1"], "options": {"texts": str(text), "max_tokens": 8}}
        recipe.write_text(json.dumps({"format": "patchbay-recipe", "version": 1, "name": "short", "title": "Short", "steps": [
            {"id": "suppression", "title": "Suppression", "kind": "run", "spec": analysis}]}))
        spec.write_text(json.dumps({"version": 1, "task": {"kind": "none"}, "model": {"path": "demo"}, **analysis}))
        text.write_text("When Emma met Hugo\nToday Emma left\n")
        series = ["series", spec, "--models", SOURCE / "resources" / "demo-model", "--out", self.folder / "series"]
        steps = ["recipe", recipe, "--prompts", 4, "--out", self.folder / "steps"]
        run(*series, "--quiet")
        run(*steps, "--quiet")
        first = contents(self.folder / "steps")
        run(*series, "--quiet")
        run(*steps, "--quiet")
        self.assertEqual(contents(self.folder / "steps"), first)
        text.write_text("When Emma met Hugo\nToday Hugo left\n")
        self.assertIn("was edited since", run(*series, "--quiet", expect=1).stderr)
        self.assertIn('step "suppression" is computed again', run(*steps).stderr)
        self.assertNotEqual(contents(self.folder / "steps"), first)
        again = contents(self.folder / "steps")
        run(*steps, "--quiet")
        self.assertEqual(contents(self.folder / "steps"), again)

    def test_the_numbers_of_the_demo_models_training(self):
        """Heads appear in the order that the trainer's log suggests: those that tell the names apart before those that copy them."""
        spec = self.folder / "z.json"
        spec.write_text(json.dumps({"version": 1, "method": "act_patch", "sites": ["z"], "direction": "denoise", "model": {"path": "demo"},
                                    "task": {"kind": "ioi", "prompts": 70, "seed": 42, "type": "mixed"}}))
        out = self.folder / "out"
        told = run("series", spec, "--models", "demo@step{n}", "--out", out)
        self.assertIn("no percentages: the gap is small", told.stdout)
        measures = json.loads((out / "measures.json").read_text())
        names = [step["name"] for step in measures["steps"]]
        self.assertEqual((names[0], names[-1], len(names)), ("step0", "step900", 12))
        first = measures["first_steps"]
        self.assertEqual(first["1.3"], "step280")
        self.assertEqual(first["1.4"], "step280")
        self.assertGreater(names.index(first["2.2"]), names.index(first["1.3"]))
        self.assertTrue(measures["steps"][0]["no_percentages"] and not measures["steps"][-1]["no_percentages"])
        gaps = [step["baseline"]["gap"] for step in measures["steps"]]
        self.assertTrue(all(abs(gap) < 1 for gap in gaps[:6]) and gaps[6:] == sorted(gaps[6:]) and gaps[-1] > 10)
        heads = (out / "heads.csv").read_text().splitlines()
        self.assertEqual(len(heads), 1 + 12 * 48)
        raw = json.loads(run("series", spec, "--models", "demo@step{n}", "--out", out, "--raw-values", "--reference", "step280", "--json").stdout)
        self.assertIn("steps.csv", raw["measures"])
        measures = json.loads((out / "measures.json").read_text())
        self.assertEqual((measures["unit"], measures["reference"]), ("logits", "step280"))
        self.assertFalse(any(step["no_percentages"] for step in measures["steps"]))
        self.assertIn("step1: is no step of the series", run("series", spec, "--models", "demo@step{n}", "--out", out, "--reference", "step1", expect=2).stderr)
        self.assertIn("there are step0, step50", run("info", "--model", "demo@step1", expect=1).stderr)
        self.assertIn("step50", run("info", "--model", "demo@step50").stdout)

    def test_wrong_usage(self):
        spec = self.spec()
        for options, message in [(["--models", self.folder / "none{n}"], "no folder there has such a name"),
                                 ([], "--models"), (["--revisions", "step0"], "--model"),
                                 (["--models", f"{self.folder}/x,{self.folder}/y/x"], "two steps of the series would be called x"),
                                 (["--model", "gpt2", "--revisions", "step{n}"], "the cache holds no revision")]:
            self.assertIn(message, run("series", spec, *options, "--out", self.folder / "out", expect=2).stderr)
        gone = json.loads(run("series", spec, "--models", self.folder / "x", "--out", self.folder / "out", "--json", expect=1).stdout)
        self.assertEqual(gone["steps"][0]["state"], "gap")


class Texts(CliTest):
    def test_cspa_reads_texts_and_token_ids(self):
        for name, text in [("lines.txt", "When Emma met Hugo\nToday Emma left\n"), ("paragraphs.txt", "When Emma\nmet Hugo\n\nToday Emma left\n"),
                           ("lines.jsonl", '{"text": "When Emma met Hugo"}\n"Today Emma left"\n'),
                           ("list.json", '["When Emma met Hugo", {"text": "Today Emma left"}]')]:
            (self.folder / name).write_text(text)
            out = self.folder / (name + ".safetensors")
            run("analyse", "cspa", "--texts", self.folder / name, "--out", out, "--quiet")
            arrays, metadata = read_safetensors(out)
            self.assertEqual(arrays["cspa"].shape, (6, 8))
            summary = json.loads(metadata["patchbay"])["summary"]
            self.assertEqual((summary["texts"], summary["mean_texts"]), (1, 1))
            self.assertEqual(summary["positions"], 4)  # its beginning, three words
        told = json.loads(run("analyse", "cspa", "--model", DATA / "tiny-llama", "--tokens", DATA / "tiny-llama" / "cspa.safetensors",
                              "--top-percent", 20, "--heads", "0.1", "--text", 2, "--out", self.folder / "ids.safetensors", "--json").stdout)
        expected, _ = read_safetensors(DATA / "tiny-llama" / "cspa.safetensors")
        arrays, _ = read_safetensors(self.folder / "ids.safetensors")
        self.assertLess(abs(arrays["cspa"][0, 1] - expected["cspa"][0, 1]), 1e-5)
        self.assertEqual(arrays["cspa.suppressed.0.1"].shape, (13, 13))
        self.assertEqual(told["summary"]["text"], 2)

        # The result is made again on the same ids, and on no others.
        copy = self.folder / "lines.txt.safetensors"
        run("run", copy, "--out", self.folder / "again.safetensors", "--quiet")
        again, _ = read_safetensors(self.folder / "again.safetensors")
        first, _ = read_safetensors(copy)
        self.assertTrue(np.array_equal(again["cspa"], first["cspa"], equal_nan=True))
        (self.folder / "lines.txt").write_text("When Emma met Hugo\nToday Hugo left\n")
        self.assertIn("gives other token ids", run("run", copy, expect=1).stderr)

        function = self.folder / "function.txt"
        function.write_text(" Emma\n Nowhere\n")
        self.assertIn("function.txt line 2", run("analyse", "cspa", "--function-tokens", function, expect=1).stderr)


if __name__ == "__main__":
    main()
