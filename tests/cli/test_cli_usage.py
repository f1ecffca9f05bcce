"""What scripts rely on besides the numbers: exit codes, messages, formats, files that come out the same."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import unittest

from cli import FIXTURES, PROGRAM, SOURCE, CliTest, main, np, read_safetensors, run, write_safetensors

MODEL, BATCH = FIXTURES / "models" / "neox-3x4", FIXTURES / "golden" / "neox-3x4" / "batch.safetensors"


class Usage(CliTest):
    def test_help_is_no_error(self):
        text = run("--help").stdout
        for command in ("info", "tokenize", "task", "try", "baseline", "logits", "cache", "act-patch", "path-patch", "attribution", "analyse", "recipe",
                        "run", "bench"):
            self.assertIn(command, text)
            self.assertIn("--", run(command, "--help").stdout)
        self.assertRegex(run("--version").stdout, r"^patchbay-cli \d+\.\d+")

    def test_another_metric_of_a_kept_run(self):
        """The bytes of a run with that metric, read from what the file kept; without it, made again."""
        sweep = ["act-patch", "--prompts", 6, "--sites", "z", "--quiet", "--out"]
        kept, plain, kl = (self.folder / f"{name}.safetensors" for name in ("kept", "plain", "kl"))
        run(*sweep, kept, "--keep-end")
        run(*sweep, plain)
        run(*sweep, kl, "--metric", "kl")
        arrays, metadata = read_safetensors(kept)
        self.assertEqual(arrays["end.stream"].shape[0], arrays["end.rows"].shape[0])
        for source in (kept, plain):
            derived = self.folder / "derived.safetensors"
            run("run", source, "--metric", "kl", "--out", derived, "--quiet")
            self.assertEqual(derived.read_bytes(), kl.read_bytes())
        # It is read from the stream: of another one the numbers are others.
        arrays["end.stream"] = -arrays["end.stream"]
        write_safetensors(kept, arrays, metadata)
        run("run", kept, "--metric", "kl", "--out", derived, "--quiet")
        self.assertGreater(np.abs(read_safetensors(derived)[0]["denoise.z"] - read_safetensors(kl)[0]["denoise.z"]).max(), 0.01)
        self.assertIn("--resume", run("run", kept, "--metric", "kl", "--resume", expect=2).stderr)

    def test_wrong_usage_is_2_and_names_the_option(self):
        for arguments, message in [
            ([], "subcommand is required"),
            (["fly"], "fly"),
            (["info", "--bad"], "--bad"),
            (["act-patch", "--sites", "zz"], "--sites: zz: is not a site"),
            (["act-patch", "--positions", "somewhere"], "--positions"),
            (["act-patch", "--direction", "up"], "--direction"),
            (["act-patch", "--ablate", "gone"], "--ablate"),
            (["act-patch", "--ablate", "zero", "--direction", "noise"], "--direction"),
            (["act-patch", "--heads", "nine"], "--heads: nine: is not a head"),
            (["act-patch", "--out", "result.xlsx"], "--out"),
            (["act-patch", "--memory-budget", "lots"], "--memory-budget: lots: is not an amount of memory"),
            (["act-patch", "--threads", "-1"], "--threads"),
            (["act-patch", "--batch", "a", "--pairs", "b"], "--pairs"),
            (["act-patch", "--batch", "a", "--seed", "1"], "--seed"),
            (["path-patch"], "--receivers"),
            (["path-patch", "--receivers", "q:8"], "--receivers"),
            (["path-patch", "--receivers", "q"], "--receivers"),
            (["path-patch", "--receivers", "q:1.1", "--positions", "each"], "--positions"),
            (["cache"], "--hooks"),
            (["cache", "--hooks", "*"], "--out"),
            (["logits"], "--out"),
            (["baseline", "--prompts", "0"], "--prompts"),
            (["bench", "--work", "W9"], "--work: W9"),
            (["bench", "--batch", "x"], "--model"),
            (["analyse", "vibes"], "vibes"),
            (["analyse", "roles", "--set", "charm"], "--set"),
            (["analyse", "ablate"], "--heads"),
            (["analyse", "s2i", "--heads", "0.1"], "--name-movers"),
            (["recipe", "ioi-circuit"], "--out"),
        ]:
            with self.subTest(arguments):
                done = run(*arguments, expect=2)
                self.assertIn(message, done.stderr + done.stdout)

    def test_failures_are_1_and_name_the_file(self):
        missing = self.folder / "nothing"
        for arguments, message in [
            (["info", "--model", missing], "nothing"),
            (["logits", "--batch", missing, "--out", self.folder / "x.npz"], "nothing"),
            (["baseline", "--pairs", missing], "nothing"),
            (["tokenize", "--model", missing], "nothing"),
            (["task", "--task-file", missing], "nothing"),
            (["run", missing], "nothing"),
            (["recipe", missing, "--out", self.folder / "report"], "nothing"),
            (["act-patch", "--out", missing / "x.npz"], "there is no folder"),
        ]:
            with self.subTest(arguments):
                done = run(*arguments, expect=1)
                self.assertRegex(done.stderr, "^patchbay-cli: ")
                self.assertIn(message, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_bad_lines_name_the_line(self):
        self.assertIn("line 2", run("tokenize", stdin='{"text": "a"}\nnot json\n', expect=1).stderr)

    def test_run_reads_a_spec(self):
        spec = self.folder / "spec.json"
        spec.write_text('{"method": "act_patch", "sites": ["z", "y"]}')
        self.assertIn("sites[1]: y: is not a site", run("run", spec, expect=1).stderr)
        spec.write_text('{"method": "path_patch", "receivers": [{"site": "q", "heads": ["1.1"]}], "direction": "noise"}')
        self.assertEqual(json.loads(run("run", spec, "--print-spec").stdout)["receivers"], [{"site": "q", "heads": ["1.1"]}])


class Models(CliTest):
    """A folder with the tiny Llama, which a test may change, and a batch of token ids for it."""

    def setUp(self):
        super().setUp()
        self.model, self.batch = self.folder / "model", self.folder / "batch.safetensors"
        shutil.copytree(SOURCE / "tests" / "data" / "tiny-llama", self.model)
        clean = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
        flipped = np.array([[1, 3, 2, 4], [5, 7, 6, 8]])
        write_safetensors(self.batch, {"clean": clean, "flipped": flipped, "end": np.array([3, 3]), "io": np.array([9, 10]), "s": np.array([11, 12])})

    def test_a_tokenizer_that_cannot_be_read_costs_only_what_needs_it(self):
        (self.model / "tokenizer.json").write_text('{"model": {"type": "Magic"}}')
        self.assertIn('"Magic" is not supported', json.loads(run("info", "--model", self.model, "--json").stdout)["tokenizer"])
        self.assertIn('"Magic" is not supported', run("info", "--model", self.model).stdout)
        run("baseline", "--model", self.model, "--batch", self.batch)
        for arguments in ["--prompts", 4], ["--pairs", self.batch]:
            done = run("baseline", "--model", self.model, *arguments, expect=1)
            self.assertIn("its tokenizer cannot be used", done.stderr)
            self.assertIn('"Magic" is not supported', done.stderr)
        self.assertIn('"Magic" is not supported', run("tokenize", "--model", self.model, stdin="", expect=1).stderr)

    def test_a_tokenizer_needs_no_model(self):
        vocabulary = {letter: i for i, letter in enumerate("ab")} | {"ab": 2}
        (self.folder / "vocab.json").write_text(json.dumps(vocabulary))
        (self.folder / "merges.txt").write_text("#version: 0.2\na b\n")
        for place in self.folder, self.folder / "vocab.json":
            self.assertEqual(json.loads(run("tokenize", "--model", place, stdin='{"text": "aba"}\n').stdout)["ids"], [2, 0])
        self.assertIn("has no tokenizer: neither tokenizer.json nor vocab.json", run("tokenize", "--model", self.model, stdin="", expect=1).stderr)

    def test_the_path_in_a_spec_may_be_meant_from_beside_it(self):
        spec, out = self.folder / "spec.json", self.folder / "out.json"
        task = {"kind": "batch", "file": str(self.batch)}
        spec.write_text(json.dumps({"method": "act_patch", "sites": ["z"], "model": {"path": "./model/"}, "task": task}))
        run("run", spec, "--out", out, "--quiet")
        done = json.loads(run("run", out, "--print-spec").stdout)["model"]
        self.assertEqual(os.path.realpath(done["path"]), os.path.realpath(self.model))
        self.assertTrue(os.path.isabs(done["path"]))
        spec.write_text(json.dumps({"method": "act_patch", "sites": ["z"], "model": {"path": "elsewhere"}, "task": task}))
        self.assertIn("elsewhere: does not exist", run("run", spec, expect=1).stderr)


class Threads(CliTest):
    def test_fewer_threads_than_asked_for_give_the_same_numbers(self):
        # On the demo model, whose products are large enough to be shared by threads.
        expected = None
        for name, environment in ("free", {}), ("limited", {"OMP_THREAD_LIMIT": "1"}), ("dynamic", {"OMP_DYNAMIC": "true", "OMP_NUM_THREADS": "1"}):
            out = self.folder / f"{name}.safetensors"
            run("act-patch", "--prompts", 40, "--threads", 2, "--quiet", "--out", out, environment=environment)
            values = read_safetensors(out)[0]["denoise.z"]
            if expected is None:
                expected = values
            self.assert_close(values, expected, 1e-4, 1e-4, name)


@unittest.skipUnless(FIXTURES.is_dir(), f"{FIXTURES} is not there")
class Files(CliTest):
    def sweep(self, *arguments, **keywords):
        return run("act-patch", "--model", MODEL, "--batch", BATCH, "--threads", 1, *arguments, **keywords)

    def test_twice_the_same_bytes(self):
        for extension in "safetensors", "npz", "json", "csv":
            files = [self.folder / f"{name}.{extension}" for name in ("a", "b")]
            for file in files:
                self.sweep("--sites", "z,mlp_out", "--out", file, "--quiet")
            self.assertEqual(files[0].read_bytes(), files[1].read_bytes(), extension)

    def test_formats_hold_the_same_numbers(self):
        for extension in "safetensors", "npz", "json":
            self.sweep("--out", self.folder / f"r.{extension}", "--quiet")
        expected, metadata = read_safetensors(self.folder / "r.safetensors")
        self.assertEqual(json.loads(metadata["spec"])["sites"], ["z"])
        with np.load(self.folder / "r.npz") as arrays:
            for name, values in expected.items():
                np.testing.assert_array_equal(arrays[name], values, err_msg=name)

    def test_json_is_all_of_standard_output(self):
        answer = json.loads(self.sweep("--json").stdout)
        self.assertEqual(np.array(answer["results"]["denoise.z"]["normalised"]).shape, (3, 4))
        self.assertTrue(answer["complete"])
        self.assertEqual(self.sweep("--quiet").stdout, "")
        text = self.sweep().stdout
        self.assertIn("12 of 12 cells exact", text)

    def test_a_result_can_be_made_again(self):
        first, again = self.folder / "first.safetensors", self.folder / "again.safetensors"
        self.sweep("--sites", "q,resid_pre", "--direction", "noise", "--out", first, "--quiet")
        run("run", first, "--threads", 1, "--out", again, "--quiet")
        self.assertEqual(first.read_bytes(), again.read_bytes())
        other = self.folder / "other"
        shutil.copytree(FIXTURES / "models" / "neox-serial-3x4", other)
        self.assertIn("another model than the spec's", run("run", first, "--model", other, "--quiet", expect=1).stderr)

    def test_an_analysis_can_be_made_again(self):
        first, again = self.folder / "first.safetensors", self.folder / "again.safetensors"
        run("analyse", "attention-patterns", "--prompts", 4, "--heads", "1.0", "--prompt", 2, "--value-weighted", "--out", first, "--quiet")
        run("run", first, "--out", again, "--quiet")
        one, two = read_safetensors(first)[0], read_safetensors(again)[0]
        self.assertIn("pattern.1.0", one)
        np.testing.assert_array_equal(one["pattern.1.0"], two["pattern.1.0"])
        self.assertIn("options.direct: is not a parameter of roles", run("analyse", "roles", "--prompts", 4, "--set", "direct=3", expect=1).stderr)

    def test_damaged_files(self):
        truncated = self.folder / "batch.safetensors"
        truncated.write_bytes(BATCH.read_bytes()[:200])
        done = run("baseline", "--model", MODEL, "--batch", truncated, expect=1)
        self.assertIn(str(truncated), done.stderr)

        arrays, _ = read_safetensors(BATCH)
        del arrays["io"]
        write_safetensors(truncated, arrays)
        self.assertIn("io", run("baseline", "--model", MODEL, "--batch", truncated, expect=1).stderr)

        arrays, _ = read_safetensors(BATCH)
        arrays["clean"] = arrays["clean"].copy()
        arrays["clean"][1, 2] = 5000
        write_safetensors(truncated, arrays)
        self.assertIn("5000", run("baseline", "--model", MODEL, "--batch", truncated, expect=1).stderr)

        model = self.folder / "model"
        shutil.copytree(MODEL, model)
        weights = model / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1000])
        self.assertIn("model.safetensors", run("info", "--model", model, expect=1).stderr)

    def test_an_unwritten_result_leaves_the_old_one(self):
        out = self.folder / "kept.npz"
        out.write_text("earlier")
        arrays, _ = read_safetensors(BATCH)
        run("act-patch", "--model", MODEL, "--batch", BATCH, "--heads", "9.9", "--out", out, expect=1)
        self.assertEqual(out.read_text(), "earlier")


@unittest.skipUnless(FIXTURES.is_dir(), f"{FIXTURES} is not there")
class Interrupted(CliTest):
    OPTIONS = ["--threads", 1, "--memory-budget", "1MB"]  # small chunks: many reports of progress, many moments to stop at

    def interrupt_when_some_cells_are_done(self, *arguments):
        """Runs the program on a terminal and interrupts it once it has reported finished cells, and not all. Returns the exit code."""
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        program = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=end)
        os.close(end)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        text, interrupted = "", False
        while True:
            try:
                block = os.read(terminal, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not block:
                break
            text += block.decode("utf-8", "replace")
            reports = [(int(done), int(total)) for done, total in re.findall(r"(\d+) of (\d+) cells", text)]
            # The first report counts the cells that need no computing: wait for a later one.
            if not interrupted and reports and reports[0][0] < reports[-1][0] < reports[-1][1]:
                program.send_signal(signal.SIGINT)
                interrupted = True
        self.assertTrue(interrupted, f"never reported that a part of the cells is finished:\n{text[-2000:]}")
        return program.wait(timeout=600)

    def test_finished_cells_are_written_and_can_be_continued(self):
        # So many prompts that cells are left when the signal arrives.
        arrays, _ = read_safetensors(BATCH)
        batch = self.folder / "batch.safetensors"
        write_safetensors(batch, {name: np.concatenate([values] * 100) for name, values in arrays.items()})
        part, rest, whole = (self.folder / f"{name}.safetensors" for name in ("part", "rest", "whole"))
        sweep = ["act-patch", "--model", MODEL, "--batch", batch, "--sites", "z,q,k,v,pattern,mlp_out", "--positions", "each", *self.OPTIONS]

        self.assertEqual(self.interrupt_when_some_cells_are_done(*sweep, "--out", part), 130)
        run("run", part, "--resume", *self.OPTIONS, "--quiet", "--out", rest)
        run(*sweep, "--quiet", "--out", whole)

        stopped, continued, expected = (read_safetensors(file)[0] for file in (part, rest, whole))
        names = [name for name in expected if name.endswith(".by_pos")]
        self.assertEqual(len(names), 6)
        finished = unfinished = 0
        for name in names:
            self.assertFalse(np.isnan(expected[name]).any(), name)
            self.assert_close(continued[name], expected[name], 1e-5, 1e-5, name)
            if name not in stopped:  # nothing of this site was finished
                unfinished += expected[name][..., 0].size
                continue
            missing = np.isnan(stopped[name])
            np.testing.assert_array_equal(missing.all(axis=-1), missing.any(axis=-1), err_msg=f"{name}: half a cell")
            np.testing.assert_array_equal(continued[name][~missing], stopped[name][~missing], err_msg=f"{name}: finished cells are kept")
            unfinished += missing.all(axis=-1).sum()
            finished += (~missing).all(axis=-1).sum()
        self.assertGreater(finished, 0, "no finished cell was written")
        self.assertGreater(unfinished, 0, "nothing was left to do")


if __name__ == "__main__":
    main()
