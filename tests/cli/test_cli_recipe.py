"""A recipe that is killed goes on where it was and ends with the same bytes; some of its steps; all again."""

import json
import pathlib
import random
import subprocess

from cli import PROGRAM, CliTest, main, run

OPTIONS = ["recipe", "ioi-circuit", "--prompts", "8", "--threads", "1"]


def contents(folder):
    """Every file's bytes but the durations', by name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(pathlib.Path(folder).rglob("*"))
            if file.is_file() and file.name != "timings.json"}


def killed(folder, lines):
    """Runs the recipe into the folder and kills it (-9) once it has said so many lines."""
    with subprocess.Popen([PROGRAM, *OPTIONS, "--out", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for _ in range(lines):
            if not process.stdout.readline():
                break
        process.kill()


class Recipe(CliTest):
    def test_killed_it_goes_on_to_the_same_bytes(self):
        whole = self.folder / "whole"
        told = json.loads(run(*OPTIONS, "--out", whole, "--json").stdout)
        self.assertGreater(told["cells"], 0)
        chance = random.Random(20261126)
        folder = self.folder / "killed"
        for _ in range(5):
            killed(folder, chance.randrange(0, 75))
        rest = json.loads(run(*OPTIONS, "--out", folder, "--json").stdout)
        self.assertLess(rest["cells"], told["cells"])
        self.assertEqual(contents(folder).keys(), contents(whole).keys())
        for name, data in contents(whole).items():
            self.assertEqual(data, contents(folder)[name], name)

        # Finished, it has nothing left to do, and says so.
        again = json.loads(run(*OPTIONS, "--out", folder, "--json").stdout)
        self.assertEqual(again["cells"], 0)
        self.assertTrue(all(step["kept"] for step in again["steps"]))
        self.assertEqual(contents(folder), contents(whole))

        # Some steps again, with all that rest on them.
        told = json.loads(run(*OPTIONS, "--out", folder, "--from", "copying", "--json").stdout)
        kept = {step["id"]: step["kept"] for step in told["steps"]}
        self.assertTrue(kept["scatter"])
        self.assertFalse(kept["copying"] or kept["circuit"])
        self.assertEqual(contents(folder), contents(whole))

        # Of other prompts: refused, and left as it is.
        refused = run("recipe", "ioi-circuit", "--prompts", "9", "--out", folder, expect=1)
        self.assertIn("holds results of another task", refused.stderr)
        self.assertEqual(contents(folder), contents(whole))

    def test_only_some_steps(self):
        folder = self.folder / "some"
        told = json.loads(run(*OPTIONS, "--out", folder, "--only", "name-movers,2", "--json").stdout)
        states = {step["id"]: step["state"] for step in told["steps"]}
        self.assertEqual({name for name, state in states.items() if state != "pending"},
                         {"outputs", "direct", "copying", "looking", "name-movers"})
        self.assertIn("'nowhere' is no step of ioi-circuit; there are baseline, outputs",
                      run(*OPTIONS, "--out", folder, "--only", "nowhere", expect=2).stderr)
        self.assertIn("--from", run(*OPTIONS, "--out", folder, "--from", "99", expect=2).stderr)


if __name__ == "__main__":
    main()
