"""Sweeps recorded in a project: the same numbers as in a result file, whole after a kill, one writer at a time."""

import json
import os
import pathlib
import random
import signal
import subprocess
import time

import numpy as np

from cli import PROGRAM, CliTest, main, read_safetensors, run


class Projects(CliTest):
    def project(self, *arguments, **how):
        return json.loads(run("project", *arguments, "--json", **how).stdout)

    def test_a_recorded_run_is_the_result_file(self):
        file, out = self.folder / "a.patchbay", self.folder / "z.safetensors"
        sweep = ["act-patch", "--prompts", 6, "--sites", "z,q", "--direction", "denoise", "--project", file, "--quiet"]
        run(*sweep, "--out", out)
        run("path-patch", "--prompts", 6, "--senders", "z", "--receivers", "q:2.2", "--project", file, "--quiet")
        told = self.project("info", file)
        self.assertEqual((told["runs"], told["finished"], len(told["models"]), len(told["tasks"]), told["problems"]), (2, 2, 1, 1, []))
        runs = self.project("runs", file)["runs"]
        self.assertEqual([(one["id"], one["state"], one["done"]) for one in runs], [(2, "done", 48), (1, "done", 96)])
        run("project", "export", file, "--run", 1, "--out", self.folder / "again.safetensors", "--quiet")
        first, described = read_safetensors(out)
        again, description = read_safetensors(self.folder / "again.safetensors")
        self.assertEqual(set(first), set(again))
        for name, array in first.items():
            self.assertTrue(np.array_equal(array, again[name], equal_nan=True), name)
        self.assertEqual(json.loads(described["spec"]), json.loads(description["spec"]))
        run("project", "export", file, "--out", self.folder / "folder", "--quiet")
        self.assertEqual(sorted(path.name for path in (self.folder / "folder").iterdir()),
                         ["project.json", "run-1.safetensors", "run-2.safetensors"])
        self.assertTrue(self.project("check", file)["ok"])

    def test_killed_it_is_whole(self):
        """PATCHBAY_KILLS=200 PATCHBAY_SEED=1 for the long form."""
        chance = random.Random(int(os.environ.get("PATCHBAY_SEED", 5)))
        file = self.folder / "killed.patchbay"
        command = [PROGRAM, "act-patch", "--prompts", "300", "--sites", "z,q,k,v,pattern", "--direction", "denoise", "--threads", "1",
                   "--project", str(file), "--quiet"]
        for attempt in range(int(os.environ.get("PATCHBAY_KILLS", 3))):
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8") as process:
                begun = time.monotonic()
                while process.poll() is None and not self.cells(file, attempt + 1) and time.monotonic() - begun < 60:
                    time.sleep(0.02)  # until its first cells are on disk
                time.sleep(chance.uniform(0, 0.3))
                process.send_signal(signal.SIGKILL)
            told = self.project("check", file)
            self.assertEqual((told["ok"], told["problems"]), (True, []))
            self.assertGreater(self.cells(file, attempt + 1), 0)
        run("project", "export", file, "--run", 1, "--out", self.folder / "part.safetensors", "--quiet")
        arrays, metadata = read_safetensors(self.folder / "part.safetensors")
        grids = json.loads(metadata["patchbay"])["grids"]
        exact = sum(np.isfinite(arrays[grid["name"]]).all(-1).sum() for grid in grids)
        self.assertEqual(exact, self.cells(file, 1))

    def cells(self, file, number):
        """Exact cells of a run that are on disk."""
        if not pathlib.Path(file).exists():
            return 0
        done = subprocess.run([PROGRAM, "project", "runs", str(file), "--json"], capture_output=True, encoding="utf-8", timeout=60)
        if done.returncode != 0:  # it is being made
            return 0
        for one in json.loads(done.stdout)["runs"]:
            if one["id"] == number:
                out = self.folder / "look.safetensors"
                done = subprocess.run([PROGRAM, "project", "export", str(file), "--run", str(number), "--out", str(out), "--quiet"],
                                      capture_output=True, timeout=60)
                if done.returncode != 0:
                    return 0
                arrays, metadata = read_safetensors(out)
                return int(sum(np.isfinite(arrays[grid["name"]]).all(-1).sum() for grid in json.loads(metadata["patchbay"])["grids"]))
        return 0

    def test_what_is_wrong_is_said(self):
        broken = self.folder / "broken.patchbay"
        broken.write_bytes(b"no database" * 100)
        self.assertIn("it is not a project file", run("project", "info", broken, expect=1).stderr)
        sweep = ["act-patch", "--prompts", 2, "--sites", "z", "--quiet"]
        self.assertIn("it is not a project file", run(*sweep, "--project", broken, expect=1).stderr)
        self.assertEqual(broken.read_bytes(), b"no database" * 100)
        self.assertIn("ends with .patchbay", run(*sweep, "--project", self.folder / "a.db", expect=1).stderr)
        self.assertIn("nowhere.patchbay", run("project", "runs", self.folder / "nowhere.patchbay", expect=1).stderr)


if __name__ == "__main__":
    main()
