"""Tasks by name and by file, what a tokenizer cannot form, and the controls of a run."""

import json
import unittest

from cli import SOURCE, CliTest, main, read_safetensors, run

TASK = {
    "format": "prompt-task", "version": 1, "name": "own", "title": "Own",
    "lists": {"name": ["Albert", "Amanda", "Angela", "Bruno", "Claire"], "place": ["bakery", "cafe"]},
    "slots": {"A B": "name", "PLACE": "place"},
    "templates": ["When [A] and [B] met at the [PLACE], [B] handed a key to"],
    "flip": {"swap": ["A", "B"]}, "roles": {"LEFT": "A", "LAST": "B 2"}, "answer": "A",
    "conditions": {"one_token": ["A", "B"], "different": [["A", "B"]]}, "defaults": {"prompts": 9, "seed": 3},
}


class Tasks(CliTest):
    def own(self, **changes):
        file = self.folder / "own.json"
        file.write_text(json.dumps(TASK | changes))
        return file

    def test_the_list(self):
        listed = {one["name"]: one for one in json.loads(run("task", "--list", "--json").stdout)}
        shipped = {path.stem for path in (SOURCE / "resources" / "tasks").glob("*.json")}
        self.assertEqual(set(listed), shipped)
        self.assertEqual(listed["greater-than"]["title"], "Greater than")
        self.assertIn("greater-than", run("task", "--list").stdout)
        self.assertIn("greater-than", run("baseline", "--help").stdout)
        run("task", "--json", expect=2)

    def test_a_name(self):
        base = json.loads(run("baseline", "--task", "strangers", "--json").stdout)
        self.assertEqual(base["prompts"], 70)
        self.assertGreater(base["accuracy_clean"], 0.95)
        self.assertIn("neither a task file nor a task", run("baseline", "--task", "nothing", expect=2).stderr)
        run("baseline", "--task", "strangers", "--flip", "ABB->ABA, BAB->BAA", expect=2)
        run("baseline", "--task", "strangers", "--task-file", "ioi", expect=2)
        # As before.
        usual = run("baseline", "--json").stdout
        self.assertEqual(run("baseline", "--task", "ioi", "--json").stdout, usual)
        self.assertEqual(run("baseline", "--task-file", "ioi", "--json").stdout, usual)

    def test_a_file(self):
        out = self.folder / "r.safetensors"
        run("act-patch", "--task", self.own(), "--sites", "z", "--positions", "last", "--out", out)
        arrays, metadata = read_safetensors(out)
        self.assertEqual(arrays["denoise.z"].shape[-1], 9)
        spec = json.loads(metadata["spec"])
        self.assertEqual((spec["task"]["kind"], spec["task"]["seed"]), ("task", 3))
        self.assertNotIn("flip", spec["task"])
        again = self.folder / "again.safetensors"
        run("run", out, "--out", again)
        self.assertEqual(arrays["denoise.z"].tobytes(), read_safetensors(again)[0]["denoise.z"].tobytes())
        # What it draws reads as pairs.
        drawn = self.folder / "drawn.json"
        run("task", "--task", self.own(), "--prompts", "5", "--out", drawn)
        self.assertEqual(json.loads(run("baseline", "--pairs", drawn, "--json").stdout)["prompts"], 5)
        wrong = run("baseline", "--task", self.own(answer="C"), expect=1).stderr
        self.assertIn("own.json", wrong)
        self.assertIn("answer", wrong)

    def test_what_cannot_be_formed(self):
        said = run("baseline", "--task", "capital-of", expect=1).stderr
        self.assertIn("cannot be formed with this tokenizer", said)
        lists = {"name": ["Albert", "Amanda", "Unheardof"], "place": ["bakery"]}
        noted = run("baseline", "--task", self.own(lists=lists), "--json").stderr
        self.assertIn("fell out", noted)
        self.assertIn("is not one token (first: \"Unheardof\"", noted)

    def test_roles_of_other_tasks(self):
        said = run("analyse", "copy-scores", "--task", "strangers", expect=1).stderr
        self.assertIn("s1", said.lower())
        run("analyse", "dla", "--task", "strangers")
        out = self.folder / "a.safetensors"
        run("analyse", "attention", "--task", "strangers", "--out", out)
        self.assertIn("attention.end_to_actor", read_safetensors(out)[0])

    def test_controls(self):
        for arguments in (["act-patch", "--sites", "z,k,mlp_out"], ["act-patch", "--ablate", "zero"],
                          ["path-patch", "--senders", "z", "--receivers", "q:2.2,q:2.5"]):
            with self.subTest(" ".join(arguments)):
                out = self.folder / "c.safetensors"
                found = json.loads(run(*arguments, "--prompts", "8", "--json", "--out", out).stdout)["controls"]
                self.assertAlmostEqual(found["own"]["effect"], 0, places=4)
                self.assertTrue(all(one["ok"] for one in found.values()))
                if "--ablate" not in arguments:
                    self.assertAlmostEqual(found["everything"]["effect"], found["everything"]["expected"], places=3)
                self.assertIsNone(found["donor"]["expected"])
                self.assertIn("control.own", read_safetensors(out)[0])
                self.assertIn("Controls: own values +0.0 %", run(*arguments, "--prompts", "8").stdout)


if __name__ == "__main__":
    main()
