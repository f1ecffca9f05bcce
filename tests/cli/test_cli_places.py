"""Computing at another place: the file of places, a server behind a user's own sshd on the loopback address, slow lines, and the
end of either side at any moment.

PATCHBAY_KILLS=50 ends as many servers and as many clients in the middle of a sweep instead of a few."""

import json
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import time

import sshd
from cli import PROGRAM, SOURCE, CliTest, main, np, read_safetensors, run
from far_end import FarEnd, Sweep, computed_in, frames_in, z_sweep

KILLS = int(os.environ.get("PATCHBAY_KILLS", 3))
HERE = pathlib.Path(__file__).resolve().parent
SERVE = f"{shlex.quote(PROGRAM)} serve --stdio"
SWEEP = ("act-patch", "--sites", "z", "--positions", "each", "--prompts", 12)


def through(script, *arguments):
    return " ".join(shlex.quote(str(word)) for word in (sys.executable, HERE / script, *arguments))


class PlacesTest(CliTest):
    def setUp(self):
        super().setUp()
        self.environment = {"XDG_CONFIG_HOME": str(self.folder / "config")}

    def cli(self, *arguments, **options):
        return run(*arguments, environment=self.environment, **options)

    def add(self, name, command):
        self.cli("places", "add", name, command)

    def arrays(self, *arguments):
        out = self.folder / f"{len(list(self.folder.iterdir()))}.safetensors"
        self.cli(*arguments, "--out", out)
        return read_safetensors(out)[0]

    def assert_same(self, one, other):
        self.assertEqual(one.keys(), other.keys())
        for name, values in one.items():
            self.assertEqual(values.tobytes(), other[name].tobytes(), name)


class TheFile(PlacesTest):
    def test_places_are_kept_under_their_names(self):
        self.assertEqual(json.loads(self.cli("places", "list", "--json").stdout)["places"], [])
        self.add("lab", "ssh lab patchbay-cli serve --stdio")
        self.add("here", SERVE)
        self.add("lab", "ssh lab2 patchbay-cli serve --stdio")
        listed = json.loads(self.cli("places", "list", "--json").stdout)
        self.assertEqual(listed["places"], [{"name": "lab", "command": "ssh lab2 patchbay-cli serve --stdio"},
                                            {"name": "here", "command": SERVE}])
        self.assertEqual(listed["file"], str(self.folder / "config" / "patchbay" / "places.json"))
        self.cli("places", "remove", "lab")
        for wrong in (("places", "remove", "lab"), ("act-patch", "--at", "lab")):
            self.assertIn("there are here", self.cli(*wrong, expect=1).stderr)
        self.assertIn("is empty", self.cli("places", "add", " ", "x", expect=1).stderr)
        (self.folder / "config" / "patchbay" / "places.json").write_text("{")
        self.assertIn("places.json", self.cli("places", "list", expect=1).stderr)

    def test_a_test_says_what_is_there(self):
        self.add("here", SERVE)
        found = json.loads(self.cli("places", "test", "here", "--json").stdout)
        self.assertIn(found["version"], run("--version").stdout)
        self.assertGreaterEqual(found["cores"], 1)
        self.assertGreater(found["memory"], 1 << 28)
        self.assertEqual(found["device"], "cpu")
        self.assertGreater(found["round_trip_seconds"], 0)
        self.assertIsInstance(found["models"], list)
        self.assertIn("Cores", self.cli("places", "test", "here").stdout)

    def test_what_goes_wrong_is_told_by_its_last_words(self):
        for command, reason in (("echo no such lab >&2; exit 3", "no such lab"), ("cat /dev/null", "ended before it answered"),
                                ("echo Welcome to the lab; cat", "does not speak Patchbay's protocol"),
                                ("no-such-command-here", "not found")):
            self.add("bad", command)
            for way in (("places", "test", "bad"), ("act-patch", "--at", "bad")):
                said = self.cli(*way, expect=1).stderr
                self.assertIn("bad: ", said)
                self.assertIn(reason, said)
        self.assertIn("--at", self.cli("act-patch", "--at", "bad", "--threads", 2, expect=2).stderr)


class AnotherFolder(PlacesTest):
    """The server works in another folder, with a home and a cache of its own."""

    def setUp(self):
        super().setUp()
        self.far = self.folder / "far"
        self.far.mkdir()
        self.add("far", f"cd {self.far} && exec env HOME={self.far} HF_HOME={self.far} TMPDIR={self.far} {SERVE}")

    def test_files_of_the_task_travel(self):
        task = self.folder / "own-task.json"
        shutil.copy(SOURCE / "resources" / "tasks" / "ioi.json", task)
        pairs = self.folder / "own pairs.json"
        run("task", "--task", "strangers", "--prompts", 6, "--out", pairs)
        for own in (("--task", task, "--prompts", 5), ("--pairs", pairs)):
            sweep = ("act-patch", *own)
            self.assert_same(self.arrays(*sweep), self.arrays(*sweep, "--at", "far"))
        self.assertEqual(list(self.far.iterdir()), [], "what has come is taken away again")

    def test_a_model_that_is_not_there_is_named(self):
        said = self.cli("act-patch", "--at", "far", "--model", "nobody/no-such-model", expect=1).stderr
        self.assertIn("nobody/no-such-model", said)
        said = self.cli("act-patch", "--at", "far", "--model", self.folder / "no-such-folder", expect=1).stderr
        self.assertIn("models are found by their names in the Hugging Face cache", said)

    def test_another_model_of_the_name_is_refused(self):
        out = self.folder / "z.json"
        spec = json.loads(self.cli("act-patch", "--prompts", 4, "--json").stdout)["spec"]
        spec["model"]["sha256"] = "0" * 64
        out.write_text(json.dumps(spec))
        self.assertIn("is another model", self.cli("run", out, "--at", "far", expect=1).stderr)


class Broken(PlacesTest):
    """A sweep whose server or client ends in the middle."""

    def setUp(self):
        super().setUp()
        self.numbers = random.Random(7)
        self.line = self.folder / "line"
        self.line.mkdir()
        self.add("line", through("broken_line.py", self.line, PROGRAM, "serve", "--stdio"))
        self.whole = self.arrays(*SWEEP)
        self.arrays(*SWEEP, "--at", "line")
        sent = self.sent()[0]
        self.all = computed_in(sent)
        self.assertEqual(len(self.all), len(set(self.all)))
        self.free = self.exact(self.whole) - len(self.all)  # cells whose values follow without computing
        ends = [end for _, end in frames_in(sent)]
        self.first, self.last = ends[0] + 1, ends[-1] - 1  # between the server's hello and its last word

    def exact(self, arrays):
        return int(np.isfinite(arrays["denoise.z.by_pos"]).all(-1).sum())

    def sent(self):
        return [(self.line / str(number)).read_bytes() for number in range(len([f for f in self.line.iterdir() if f.name.isdigit()]))]

    def begin_anew(self, *cuts):
        shutil.rmtree(self.line)
        self.line.mkdir()
        for number, cut in enumerate(cuts):
            (self.line / f"cut.{number}").write_text(str(cut))

    def test_a_server_that_ends_costs_no_cell(self):
        kept = 0
        for _ in range(KILLS):
            self.begin_anew(*(self.numbers.randrange(self.first, self.last) for _ in range(2)))
            self.assert_same(self.whole, self.arrays(*SWEEP, "--at", "line"))
            sent = self.sent()
            computed = [cell for data in sent for cell in computed_in(data)]
            self.assertEqual(len(sent), 3)
            self.assertEqual(sorted(computed), sorted(self.all))
            kept += len(computed_in(sent[0])) + len(computed_in(sent[1]))
        self.assertGreater(kept, 0)

    def test_a_client_that_ends_goes_on_from_its_project(self):
        for number in range(KILLS):
            self.begin_anew()
            project = self.folder / f"{number}.patchbay"
            moment = self.numbers.randrange(self.first, self.last)
            client = subprocess.Popen([PROGRAM, *map(str, SWEEP), "--at", "line", "--project", project, "--quiet"],
                                      env=os.environ | self.environment)
            log = self.line / "0"
            while client.poll() is None and not (log.exists() and log.stat().st_size >= moment):
                time.sleep(0.001)
            client.kill()
            client.wait()
            part = self.folder / f"{number}.part.safetensors"
            # Ended early enough, it had not made its project, or come to a cell.
            kept = {}
            if run("project", "export", project, "--run", 1, "--out", part, expect=None).returncode == 0:
                kept = read_safetensors(part)[0]
            self.begin_anew()
            if kept:
                again = self.arrays("run", part, "--resume", "--at", "line")
            else:
                again = self.arrays(*SWEEP, "--at", "line")
            self.assert_same(self.whole, again)
            computed = self.exact(kept) - self.free if kept else 0
            self.assertEqual(len(computed_in(self.sent()[0])), len(self.all) - computed)

    def test_a_place_that_stays_away_leaves_what_is_finished(self):
        ends = [end for got, end in frames_in(self.sent()[0]) if got.value and got.value.get("kind") == "cells"]
        self.begin_anew(ends[len(ends) // 2], *[1] * 20)
        out = self.folder / "part.safetensors"
        said = self.cli(*SWEEP, "--at", "line", "--out", out, expect=1).stderr
        self.assertIn("line: ", said)
        self.assertIn(str(out), said)
        self.assertEqual(self.exact(read_safetensors(out)[0]) - self.free, len(computed_in(self.sent()[0])))
        self.begin_anew()
        self.assert_same(self.whole, self.arrays("run", out, "--resume", "--at", "line"))


class SlowLine(PlacesTest):
    """What is asked meanwhile does not wait behind a sweep's cells."""

    def test_a_click_is_answered_before_the_sweep_is_over(self):
        for bits, latency in ((1e6, 0), (0, 0.1)):
            line = [sys.executable, str(HERE / "slow_line.py"), str(bits), str(latency)]
            with FarEnd(through=line) as far:
                setup = far.set_up(prompts=70)
                far.ask(2, "run", {"spec": z_sweep(setup, "each"), "resume": None, "soon": False, "estimates": True})
                heard, order, clicked = Sweep(), [], False
                while not heard.ended:
                    got = far.read()
                    order.append(got.number)
                    if got.number == 2:
                        heard.take(got)
                    if heard.computed and not clicked:
                        clicked = True
                        far.ask(3, "attention", {"wanted": [{"head": [1, 1], "flipped": False, "kind": 0}]})
                self.assertEqual(heard.end["kind"], "done")
                self.assertIn(3, order)
                self.assertEqual(len(heard.exact), len(heard.values))

    def test_the_numbers_are_the_same(self):
        self.add("slow", f"{through('slow_line.py', 1e6, 0.1)} {SERVE}")
        self.assert_same(self.arrays(*SWEEP), self.arrays(*SWEEP, "--at", "slow"))


class OverSsh(PlacesTest):
    def test_results_are_those_of_this_computer(self):
        if not sshd.there():
            self.skipTest(sshd.MISSING)
        with sshd.Sshd() as server:
            self.add("ssh", server.command(SERVE))
            self.assertIn("Cores", self.cli("places", "test", "ssh").stdout)
            for command in (SWEEP, ("act-patch", "--sites", "q,k,v,pattern", "--prompts", 8, "--direction", "noise"),
                            ("path-patch", "--receivers", "resid_post:3", "--prompts", 8),
                            ("path-patch", "--senders", "z:0.1,z:1.2", "--receivers", "q", "--prompts", 8),
                            ("attribution", "--prompts", 8), ("analyse", "dla", "--prompts", 8),
                            ("edges", "--method", "exact", "--top", 20, "--prompts", 4)):
                self.assert_same(self.arrays(*command), self.arrays(*command, "--at", "ssh"))
            self.add("stranger", server.command(SERVE).replace(f"{server.folder}/user", f"{server.folder}/host"))
            self.assertIn("Permission denied", self.cli("places", "test", "stranger", expect=1).stderr)


if __name__ == "__main__":
    main()
