"""What people bring: tables of other programs, encodings, padded batches, prompts that do not fit, gaps that vanish, indices that are not there."""

import json
import unittest

from cli import SOURCE, CliTest, main, np, read_safetensors, run, write_safetensors

CASES = SOURCE.parent / "shared" / "cases"
PAIRS = CASES / "pairs-in-the-wild"
MODEL = CASES / "tokenizers-other-than-byte-level-bpe" / "bytelevel-plain"

MIRRORED = [("Amanda and Albert went to the store, Albert gave a drink to", "Amanda and Albert went to the store, Amanda gave a drink to"),
            ("Amanda and Albert went to the store, Amanda gave a drink to", "Amanda and Albert went to the store, Albert gave a drink to")]


def lines(pairs, answer=" Amanda", wrong=" Albert"):
    return "".join(json.dumps({"clean": clean, "flipped": flipped, "answer": answer, "wrong": wrong}) + "\n" for clean, flipped in pairs)


def ids_of(texts):
    done = run("tokenize", stdin="".join(json.dumps({"text": text}) + "\n" for text in texts))
    return [json.loads(line)["ids"] for line in done.stdout.splitlines()]


class Demo(CliTest):
    """On the model that comes with the program."""

    def pairs(self, text, name="pairs.jsonl"):
        (self.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.folder / name

    def baseline(self, *arguments):
        return json.loads(run("baseline", "--json", *arguments).stdout)

    def test_the_same_pairs_in_every_form(self):
        clean, flipped = MIRRORED[0]
        expected = self.baseline("--pairs", self.pairs(lines(MIRRORED[:1])))["clean"]
        amanda, albert = (ids[0] for ids in ids_of([" Amanda", " Albert"]))
        for name, text in [
            ("array.json", "[\n" + lines(MIRRORED[:1]) + "]"),
            ("semicolon.csv", f"\ufeffclean;flipped;answer;wrong\r\n{clean};{flipped}; Amanda; Albert\r\n"),
            ("tabs.csv", f"clean\tflipped\tanswer\twrong\n{clean}\t{flipped}\t Amanda\t Albert\n"),
            ("sep.csv", f'sep=,\nClean , Flipped, answer, WRONG\n"{clean}", "{flipped}"," Amanda"," Albert"\n'),
            ("ids.csv", f'clean,corrupted,correct_idx,incorrect_idx\n"{clean}","{flipped}",{amanda},{albert}\n'),
            ("wide.csv", f"clean;flipped;answer;wrong\n{clean};{flipped}; Amanda; Albert\n".encode("utf-16")),
        ]:
            with self.subTest(name):
                self.assertEqual(self.baseline("--pairs", self.pairs(text, name))["clean"], expected)

    def test_a_prompt_is_tried(self):
        clean, flipped = MIRRORED[0]
        expected = self.baseline("--pairs", self.pairs(lines(MIRRORED[:1])))
        tried = json.loads(run("try", "--clean", clean, "--flipped", flipped, "--answer", " Amanda", "--wrong", " Albert", "--heads", "2.2",
                               "--likeliest", 5, "--json").stdout)
        self.assertNotIn("problem", tried)
        for name in "clean", "flipped":
            one = tried[name]
            self.assertEqual(one["ids"], ids_of([clean if name == "clean" else flipped])[0])
            self.assertAlmostEqual(one["logit_diff"], expected[name][0], places=3)
            self.assertAlmostEqual(one["answer"]["logit"] - one["wrong"]["logit"], one["logit_diff"], places=6)
            self.assertEqual([token["rank"] for token in one["likeliest"]], [0, 1, 2, 3, 4])
            rows = one["attention"]["L2H2"]
            self.assertEqual(len(rows), len(one["ids"]))
            for row in rows:
                self.assertAlmostEqual(sum(row), 1, places=4)
        # Not given, answers are what the model expects; prompts of unequal length are shown, and said not to make a pair.
        text = run("try", "--clean", clean, "--flipped", flipped + " the").stdout
        self.assertIn('" Albert" (likeliest)', text)
        self.assertIn("The pair cannot be run: the flipped prompt has 29 tokens, the clean one 28", text)
        self.assertIn("--clean is required", run("try", expect=2).stderr)
        self.assertIn("--heads: nine: is not a head", run("try", "--clean", clean, "--heads", "nine", expect=2).stderr)
        self.assertIn("L9H9", run("try", "--clean", clean, "--heads", "9.9", expect=1).stderr)

    def test_whether_texts_begin_with_a_token(self):
        file = self.pairs(lines(MIRRORED[:1]))
        usual = self.baseline("--pairs", file)
        self.assertEqual(self.baseline("--pairs", file, "--bos", "auto")["clean"], usual["clean"])
        self.assertEqual(self.baseline("--pairs", file, "--bos", "no")["clean"], usual["clean"])  # this tokenizer puts none
        with_one = self.baseline("--pairs", file, "--bos", "yes")
        self.assertNotEqual(with_one["clean"], usual["clean"])
        # The same token ids as a batch give the same numbers.
        rows = [[0] + ids for ids in ids_of(MIRRORED[0])]
        io, s = (ids[0] for ids in ids_of([" Amanda", " Albert"]))
        write_safetensors(self.folder / "b.safetensors", {"clean": np.array(rows[:1]), "flipped": np.array(rows[1:]),
                                                          "end": np.array([len(rows[0]) - 1]), "io": np.array([io]), "s": np.array([s])})
        self.assertEqual(self.baseline("--batch", self.folder / "b.safetensors")["clean"], with_one["clean"])
        run("baseline", "--batch", self.folder / "b.safetensors", "--bos", "yes", expect=2)
        run("baseline", "--bos", "maybe", expect=2)
        # A result says what it came to, and is made again with it.
        for choice, came in (("auto", "no"), ("yes", "yes")):
            out = self.folder / f"{choice}.safetensors"
            run("act-patch", "--pairs", file, "--bos", choice, "--sites", "z", "--out", out)
            spec = json.loads(read_safetensors(out)[1]["spec"])
            self.assertEqual(spec["task"]["bos"], came)
            again = self.folder / "again.safetensors"
            run("run", out, "--out", again)
            np.testing.assert_array_equal(read_safetensors(out)[0]["denoise.z"], read_safetensors(again)[0]["denoise.z"])
        task = json.loads(run("task", "--prompts", "4", "--bos", "yes").stdout)
        self.assertTrue(task["prepend_bos"])
        self.assertEqual({row[0] for row in task["toks"]}, {0})
        self.assertEqual(task, json.loads(run("task", "--prompts", "4", "--prepend-bos").stdout))

    def test_latin1_is_refused_or_decoded(self):
        text = 'clean,flipped,answer,wrong\n"Zo\u00eb and Amanda went to it","Zo\u00eb and Albert went to it", Amanda, Albert\n'
        file = self.pairs(text.encode("latin1"), "latin1.csv")
        error = run("baseline", "--pairs", file, expect=1).stderr
        self.assertIn(f"{file}: line 2, byte 4 (0xEB): is not UTF-8", error)
        decoded = self.baseline("--pairs", file, "--encoding", "latin1")
        self.assertEqual(decoded["clean"], self.baseline("--pairs", self.pairs(text, "utf8.csv"))["clean"])
        self.assertIn("klingon", run("baseline", "--pairs", file, "--encoding", "klingon", expect=1).stderr)
        run("baseline", "--encoding", "latin1", expect=2)
        # A result names the encoding, so that it can be made again.
        out = self.folder / "r.safetensors"
        run("act-patch", "--pairs", file, "--encoding", "latin1", "--out", out, "--quiet")
        again = self.folder / "again.safetensors"
        run("run", out, "--out", again, "--quiet")
        self.assertEqual(out.read_bytes(), again.read_bytes())

    def test_a_vanishing_gap_gives_logits(self):
        out = self.folder / "zero.safetensors"
        zero = self.pairs(lines(MIRRORED))
        sweep = ["act-patch", "--pairs", zero, "--sites", "z,pattern"]
        text = run(*sweep, "--out", out).stdout
        self.assertEqual(text.count("The gap between the clean and the flipped runs vanishes"), 1)
        self.assertRegex(text, r"[+-]\d+\.\d{3} logits  ±\d")
        self.assertNotRegex(text, r"[+-]\d+(\.\d+)? %")
        answer = json.loads(run(*sweep, "--json").stdout)
        self.assertEqual(answer["effect_unit"], "logits")
        self.assertIn("vanishes", answer["note"])
        arrays, _ = read_safetensors(out)
        normalised = np.array(answer["results"]["denoise.z"]["normalised"])
        expected = arrays["denoise.z"].mean(axis=-1) - arrays["flipped"].mean()
        np.testing.assert_allclose(normalised, expected, atol=1e-5)
        np.testing.assert_allclose(arrays["denoise.z.normalised"], expected, atol=1e-5)
        self.assertTrue(np.isfinite(arrays["denoise.pattern.normalised"]).all())
        for command in (["path-patch", "--receivers", "resid_post:2", "--estimates"], ["attribution"], ["act-patch", "--estimates", "--direction", "noise"]):
            name = self.folder / "other.safetensors"
            self.assertIn("logits", run(*command, "--pairs", zero, "--out", name).stdout)
            for key, values in read_safetensors(name)[0].items():
                self.assertTrue(np.isfinite(values).all(), f"{command[0]} {key}")
        self.assertIn("vanishes", run("baseline", "--pairs", zero).stdout)
        self.assertIn("needs the positions of IO", run("analyse", "roles", "--pairs", zero, expect=1).stderr)
        steps = json.loads(run("recipe", "ioi-circuit", "--pairs", zero, "--out", self.folder / "recipe", "--json").stdout)["steps"]
        self.assertNotIn("inf", json.dumps(steps).lower().replace("information", ""))
        self.assertEqual([step["id"] for step in steps if step["state"] == "failed"], [])

    def test_a_gap_below_zero_is_said(self):
        clean, flipped = MIRRORED[0]
        gap = self.baseline("--pairs", self.pairs(lines([(clean, flipped)])))["gap"]
        neg = self.pairs(lines([(clean, flipped) if gap < 0 else (flipped, clean)]))
        for command in ["baseline"], ["act-patch"], ["path-patch", "--receivers", "resid_post:2"]:
            self.assertEqual(run(*command, "--pairs", neg).stdout.count("is below 0"), 1)
        self.assertIn("below 0", json.loads(run("act-patch", "--pairs", neg, "--json").stdout)["note"])

    def test_indices_that_are_not_there(self):
        task = ["--prompts", 3]
        end = json.loads(run("act-patch", *task, "--positions", "each", "--json").stdout)["results"]["denoise.z.by_pos"]["shape"][1] - 1
        receivers = ["--receivers", "resid_post:2"]
        position = f"99 is out of range: the positions are 0 to {end}"
        prompt = "7 is out of range: the prompts are 0 to 2"
        for arguments, message in [
            (["act-patch", "--positions", "99"], position),
            (["act-patch", "--positions", "3,99", "--ablate", "zero"], position),
            (["path-patch", *receivers, "--positions", "99"], position),
            (["act-patch", "--exclude", "7"], "exclude: " + prompt),
            (["path-patch", *receivers, "--exclude", "0,7"], "exclude: " + prompt),
            (["baseline", "--exclude", "7"], prompt),
            (["analyse", "attention-patterns", "--heads", "0.0", "--prompt", "7"], prompt),
            (["act-patch", "--heads", "99.0"], "L99H0: this model has"),
            (["analyse", "dla", "--heads", "99.0"], "L99H0: this model has"),
            (["path-patch", "--receivers", "resid_post:99"], "resid_post:99: this model has"),
            (["path-patch", *receivers, "--senders", "mlp_out:99"], "mlp_out:99: this model has"),
        ]:
            with self.subTest(arguments):
                self.assertIn(message, run(*arguments, *task, expect=1).stderr)
        # The same in a file.
        spec = self.folder / "spec.json"
        for body, message in [({"positions": [3, 99]}, position), ({"task": {"prompts": 3, "excluded": [7]}}, prompt)]:
            spec.write_text(json.dumps({"method": "act_patch", "task": {"prompts": 3}} | body))
            self.assertIn(message, run("run", spec, expect=1).stderr)
        self.assertIn("counted from 0", run("act-patch", "--help").stdout)

    def test_a_prompt_that_is_too_long_is_left_out(self):
        longer = tuple(text.replace("went to the store", "went to the store" + " and the store" * 400) for text in MIRRORED[0])
        pairs = self.pairs(lines([MIRRORED[0], longer, MIRRORED[0]]))
        done = run("baseline", "--pairs", pairs, "--json")
        self.assertEqual(json.loads(done.stdout)["prompts"], 2)
        self.assertRegex(done.stderr, r"note: prompt 2 is left out: has \d+ tokens, more than the model's context of \d+\n")
        self.assertEqual(run("baseline", "--pairs", pairs, "--quiet").stderr, "")
        self.assertRegex(run("baseline", "--pairs", self.pairs(lines([longer])), expect=1).stderr, "none can be used; the first problem: has")
        # The same for token ids.
        ids = ids_of([text for pair in (MIRRORED[0], longer) for text in pair])
        batch = self.batch(ids[0::2], ids[1::2])
        done = run("baseline", "--batch", batch, "--json")
        self.assertEqual(json.loads(done.stdout)["prompts"], 1)
        self.assertIn("prompt 2 is left out", done.stderr)

    def batch(self, clean, flipped, left=False, start=False):
        """A file of token ids, padded with 0 to the longest: on the right or on the left, where `start` says it."""
        width = max(len(row) for row in clean)
        if left:
            rows = [[0] * (width - len(row)) + row for row in clean + flipped]
            ends = [width - 1] * len(clean)
        else:
            rows = [row + [0] * (width - len(row)) for row in clean + flipped]
            ends = [len(row) - 1 for row in clean]
        amanda, albert = (ids[0] for ids in ids_of([" Amanda", " Albert"]))
        arrays = {"clean": rows[:len(clean)], "flipped": rows[len(clean):], "end": ends, "io": [amanda] * len(clean), "s": [albert] * len(clean)}
        if start:
            arrays["start"] = [width - len(row) for row in clean]
        file = self.folder / "batch.safetensors"
        write_safetensors(file, {name: np.array(values, np.int64) for name, values in arrays.items()})
        return file

    def test_left_padding(self):
        ids = ids_of([text for pair in [*MIRRORED, ("Amanda and Albert gave a drink to", "Albert and Amanda gave a drink to")] for text in pair])
        clean, flipped = ids[0::2], ids[1::2]
        expected = self.baseline("--batch", self.batch(clean, flipped))
        padded = self.batch(clean, flipped, left=True)
        done = run("baseline", "--batch", padded, "--json")
        self.assertNotEqual(json.loads(done.stdout)["clean"], expected["clean"])
        self.assertRegex(done.stderr, r"note: prompt 3 begins with token 0 \d+ times, .* --pad-id 0")
        self.assertEqual(self.baseline("--batch", padded, "--pad-id", 0)["clean"], expected["clean"])
        started = self.batch(clean, flipped, left=True, start=True)
        self.assertEqual(self.baseline("--batch", started)["clean"], expected["clean"])
        padded = self.batch(clean, flipped, left=True)
        # Positions count from the prompt's own beginning, and a result can be made again.
        out, again = self.folder / "r.safetensors", self.folder / "again.safetensors"
        run("act-patch", "--batch", padded, "--pad-id", 0, "--positions", "each", "--out", out, "--quiet")
        run("run", out, "--out", again, "--quiet")
        self.assertEqual(out.read_bytes(), again.read_bytes())
        run("baseline", "--pad-id", 0, expect=2)


@unittest.skipUnless(CASES.is_dir(), f"{CASES} is not there")
class Cases(CliTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        self.model.mkdir()
        for file in MODEL.iterdir():
            content = file.read_bytes()
            if content.startswith(b"../"):  # a link that was copied as text
                content = (MODEL / content.decode()).read_bytes()
            (self.model / file.name).write_bytes(content)

    def test_pairs_in_the_wild(self):
        def baseline(name, *more):
            return json.loads(run("baseline", "--json", "--model", self.model, "--pairs", PAIRS / name, *more).stdout)["clean"]
        expected = baseline("array.json")
        for name in "semicolon.csv", "tabs.csv", "sep-line.csv", "spaces-header.csv", "eap_ig.csv":
            with self.subTest(name):
                self.assertEqual(baseline(name), expected)
        error = run("baseline", "--model", self.model, "--pairs", PAIRS / "latin1.csv", expect=1).stderr
        self.assertIn("latin1.csv: line 3, byte 4 (0xEB): is not UTF-8", error)
        self.assertEqual(len(baseline("latin1.csv", "--encoding", "latin1")), 2)

    def test_gap_zero(self):
        zero = CASES / "gap-zero" / "zero.jsonl"
        first = self.folder / "first.jsonl"  # of the two mirrored pairs, this one's gap is below 0
        first.write_text(zero.read_text().splitlines()[0])
        for file, words in (zero, "vanishes"), (first, "is below 0"):
            text = run("act-patch", "--model", self.model, "--pairs", file).stdout
            self.assertEqual(text.count(words), 1)
            for wrong in "inf ", "nan ":
                self.assertNotIn(wrong, text)

    def test_left_padded(self):
        left = json.loads(run("baseline", "--json", "--model", self.model, "--batch", CASES / "left-padded" / "left.safetensors", "--pad-id", 0).stdout)
        pairs = json.loads(run("baseline", "--json", "--model", self.model, "--pairs", CASES / "left-padded" / "pairs.jsonl").stdout)
        self.assertEqual(left["clean"], pairs["clean"])
        self.assertAlmostEqual(left["clean"][2], -0.6034, places=3)


if __name__ == "__main__":
    main()
