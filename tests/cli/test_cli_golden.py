"""The numbers of patchbay-cli against the golden files of every fixture model."""

import json
import unittest

from cli import FIXTURES, CliTest, main, np, read_safetensors, run

MODELS = sorted(path.name for path in (FIXTURES / "golden").glob("*")) if FIXTURES.is_dir() else []
ABSOLUTE, RELATIVE = 5e-5, 1e-4  # float32 against float64 goldens
EFFECT = 1e-4  # of the mean gap between clean and flipped


def golden(model, name):
    return read_safetensors(FIXTURES / "golden" / model / f"{name}.safetensors")[0]


def node(entry):
    return f"{entry['site']}:{entry['layer']}" + (f".{entry['head']}" if "head" in entry else "")


def ends(value):
    """"every z, one at a time" or a list of nodes, as the command line writes them."""
    return value.split()[1].rstrip(",") if isinstance(value, str) else ",".join(node(entry) for entry in value)


@unittest.skipUnless(MODELS, f"{FIXTURES} is not there")
class Golden(CliTest):
    def compute(self, command, model, *arguments):
        out = self.folder / "out.safetensors"
        run(command, "--model", FIXTURES / "models" / model, "--batch", FIXTURES / "golden" / model / "batch.safetensors", "--quiet",
            "--threads", 1, "--out", out, *arguments)
        return read_safetensors(out)[0]

    def each_model(self):
        for model in MODELS:
            with self.subTest(model):
                yield model

    def test_logits(self):
        for model in self.each_model():
            for name, options in ("logits", []), ("raw_logits", ["--raw"]):
                expected, got = golden(model, name), self.compute("logits", model, *options)
                for which in "clean", "flipped":
                    self.assert_close(got[which], expected[which], ABSOLUTE, RELATIVE, f"{name} {which}")

    def check_cache(self, model, name, *options):
        expected = golden(model, name)
        rows = expected.pop("prompt_rows")
        got = self.compute("cache", model, "--hooks", ",".join(expected), *options)
        self.assertEqual(set(got), set(expected))
        for hook, values in expected.items():
            self.assert_close(got[hook][rows], values, ABSOLUTE, RELATIVE, f"{name} {hook}")

    def test_caches(self):
        for model in self.each_model():
            self.check_cache(model, "cache_clean", "--which", "clean")
            self.check_cache(model, "cache_flipped", "--which", "flipped")
            self.check_cache(model, "raw_cache_clean", "--which", "clean", "--raw")

    def test_split_inputs(self):
        for model in self.each_model():
            if (FIXTURES / "golden" / model / "cache_clean_split.safetensors").exists():
                self.check_cache(model, "cache_clean_split", "--split-qkv")

    def check_effects(self, got, expected, names):
        gap = abs(float(expected["clean"].mean() - expected["flipped"].mean()))
        for name in names:
            per_effect = name.endswith(".normalised")
            self.assert_close(got[name], expected[name], EFFECT if per_effect else EFFECT * gap, 0, name)

    def test_act_patch(self):
        for model in self.each_model():
            expected = golden(model, "act_patch")
            heads, layers = "z,q,k,v,pattern", "resid_pre,resid_post,attn_out,mlp_out"
            grouped = ",k_grouped,v_grouped" if "gqa" in model else ""
            got = {}
            for direction in "denoise", "noise":
                got |= self.compute("act-patch", model, "--sites", f"{heads},{layers}{grouped}", "--direction", direction)
                got |= self.compute("act-patch", model, "--sites", f"z,{layers}", "--direction", direction, "--positions", "each")
            got |= self.compute("act-patch", model, "--sites", "z", "--ablate", "zero")
            self.assertLessEqual(set(expected), set(got))
            self.check_effects(got, expected, expected)

    def test_path_patch(self):
        for model in self.each_model():
            expected = golden(model, "path_patch")
            baseline = golden(model, "act_patch")
            runs = json.loads((FIXTURES / "golden" / model / "path_patch.json").read_text())
            self.assertEqual(set(runs), set(expected))
            for name, about in runs.items():
                options = ["--senders", ends(about["senders"]), "--receivers", ends(about["receivers"]), "--positions", about["positions"],
                           "--direction", "noise" if about["orig"] == "clean" else "denoise"]
                if about["new"] == "zero":
                    options += ["--ablate", "zero"]
                if not about["direct_includes_mlps"]:
                    options += ["--freeze-mlps"]
                got = self.compute("path-patch", model, *options)
                self.check_effects({name: got["path"], "clean": got["clean"]}, {**baseline, name: expected[name]}, [name, "clean"])

    def test_attribution(self):
        for model in self.each_model():
            expected = golden(model, "analyses")
            for direction in "denoise", "noise":
                got = self.compute("attribution", model, "--sites", "z,q,k,v,pattern", "--direction", direction)
                for site in "z", "q", "k", "v", "pattern":
                    self.assert_close(got[f"attribution.{site}"], expected[f"attr.{direction}.{site}"], 1e-4, 1e-3, f"{direction} {site}")

    def test_analyses(self):
        def heads(pairs):
            return ",".join(f"{layer}.{head}" for layer, head in pairs)

        for model in self.each_model():
            expected = golden(model, "analyses")
            about = json.loads((FIXTURES / "golden" / model / "analyses.json").read_text())
            got = {}
            for analysis, options in [("dla", []), ("copy-scores", []), ("ablate", ["--heads", heads(about["ablate.heads"])]),
                                      ("s2i", ["--heads", heads(about["s2i.candidates"]), "--name-movers", heads(about["s2i.name_movers"])]),
                                      ("attention", []), ("logit-lens", []),
                                      ("detectors", ["--tokens", FIXTURES / "golden" / model / "analyses.safetensors"])]:
                out = self.folder / "analysis.safetensors"
                run("analyse", analysis, "--model", FIXTURES / "models" / model, "--batch", FIXTURES / "golden" / model / "batch.safetensors",
                    "--quiet", "--threads", 1, "--out", out, *options)
                got |= read_safetensors(out)[0]
            compared = 0
            for name, values in expected.items():
                if name in got:
                    self.assert_close(got[name], values, 1e-4, 1e-4, name)
                    compared += 1
            self.assertGreaterEqual(compared, 20, sorted(set(expected) - set(got)))

    def test_baseline(self):
        for model in self.each_model():
            expected = golden(model, "act_patch")
            out = self.folder / "b.npz"
            done = run("baseline", "--model", FIXTURES / "models" / model, "--batch", FIXTURES / "golden" / model / "batch.safetensors", "--json",
                       "--bootstrap", 200, "--out", out)
            values = json.loads(done.stdout)
            for which in "clean", "flipped":
                self.assert_close(np.array(values[which], np.float32), expected[which], ABSOLUTE, RELATIVE, which)
                self.assertAlmostEqual(values[f"{which}_mean"], float(expected[which].mean()), places=4)
                low, high = values["bootstrap_95"][f"{which}_mean"]
                self.assertLess(low, values[f"{which}_mean"])
                self.assertGreater(high, values[f"{which}_mean"])
                self.assertEqual(values[f"accuracy_{which}"], float((expected[which] > 0).mean()))
            with np.load(out) as arrays:
                self.assert_close(arrays["clean"], expected["clean"], ABSOLUTE, RELATIVE, "clean in npz")

    def test_tokenize(self):
        for tokenizer in "gpt2", "neox", "smollm2":
            with self.subTest(tokenizer):
                folder = FIXTURES / "tokenizers" / tokenizer
                cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines()]
                done = run("tokenize", "--model", folder, stdin="".join(json.dumps({"text": case["text"]}) + "\n" for case in cases))
                got = [json.loads(line) for line in done.stdout.splitlines()]
                self.assertEqual(len(got), len(cases))
                for answer, case in zip(got, cases):
                    self.assertEqual(answer["ids"], case["ids"], repr(case["text"]))
                    self.assertEqual(answer["tokens"], case["tokens"], repr(case["text"]))

    def test_task(self):
        for family in "neox", "gpt2":
            expected = json.loads((FIXTURES / "ioi" / family / "mixed_n70_s42.json").read_text())
            done = run("task", "--model", FIXTURES / "tokenizers" / family, "--task-file", FIXTURES / "ioi" / "reference_task.json", "--prompts", 70,
                       "--seed", 42, "--type", "mixed")
            got = json.loads(done.stdout)
            for field in "prompts", "templates_by_prompt", "toks", "word_idx", "io_tokenIDs", "s_tokenIDs", "templates":
                self.assertEqual(got[field], expected[field], field)
            flip = "ABB->ABA, BAB->BAA"
            self.assertEqual(got["flips"][flip]["toks"], expected["flips"][flip]["toks"])


if __name__ == "__main__":
    main()
