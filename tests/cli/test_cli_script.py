"""A result as a Python script: it compiles, and holds the prompts' token ids and the numbers of the file."""

import ast
import json
import os
import subprocess
import sys

import numpy as np

from cli import PROGRAM, CliTest, main, read_safetensors, run


def values(text):
    """The names that the script gives plain values, and those of its tensors."""
    found = {"nan": float("nan")}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "tensor":
                value = value.args[0]
            try:
                found[node.targets[0].id] = eval(compile(ast.Expression(value), "script", "eval"), {}, {"nan": float("nan")})
            except NameError:
                pass  # computed from others
    return found


class Script(CliTest):
    def script(self, *command):
        out = self.folder / "r.safetensors"
        run(*command, "--out", out, "--quiet")
        text = run("script", out).stdout
        (self.folder / "script.py").write_text(text)
        subprocess.run([sys.executable, "-m", "py_compile", self.folder / "script.py"], check=True)
        arrays, metadata = read_safetensors(out)
        return values(text), arrays, json.loads(metadata["spec"])

    def test_activation_patching(self):
        found, arrays, _ = self.script("act-patch", "--prompts", 5, "--sites", "z,pattern,resid_pre", "--positions", "end", "--metric", "prob_diff")
        self.assertEqual(list(found["GRIDS"]), ["denoise.z", "denoise.pattern", "denoise.resid_pre"])
        for grid, (hook, axes, means) in found["GRIDS"].items():
            np.testing.assert_allclose(means, arrays[grid].astype(np.float64).mean(-1), rtol=1e-6, atol=1e-9)
            self.assertTrue(hook.endswith(grid.split(".")[1]))
            self.assertEqual(len(axes), arrays[grid].ndim - 1)
        np.testing.assert_allclose(found["BASELINES"]["clean"], arrays["clean"].astype(np.float64).mean(), rtol=1e-6)
        self.assertTrue(found["BASE_IS_FLIPPED"])
        task = json.loads(run("task", "--prompts", 5).stdout)
        self.assertEqual([[token] for token in task["io_tokenIDs"]], found["ANSWERS"])
        for mine, its in ((found["CLEAN"], task), (found["FLIPPED"], task["flips"]["ABB->ABA, BAB->BAA"])):
            for row, ids, last in zip(mine, its["toks"], found["END"]):
                self.assertEqual(row[:last + 1], ids[:last + 1])

    def test_path_patching(self):
        found, arrays, _ = self.script("path-patch", "--prompts", 4, "--senders", "z", "--receivers", "q:2.2,q:3.4", "--direction", "noise")
        np.testing.assert_allclose(found["EXPECTED"], arrays["path"].astype(np.float64).mean(-1), rtol=1e-6, atol=1e-9)
        self.assertEqual(found["RECEIVERS"], [("blocks.2.attn.hook_q", 2), ("blocks.3.attn.hook_q", 4)])
        self.assertEqual((found["SWEPT"], found["THROUGH_MLPS"], found["BASE_IS_FLIPPED"]), (["attn.hook_z"], True, False))

    def test_the_command_computes_it_again(self):
        """What it prints, typed into a shell, gives the same bytes."""
        pairs = self.folder / "my pairs.jsonl"
        pairs.write_text("".join(json.dumps({"clean": f"When {a} and {b} went to the shop, {b} gave a drink to",
                                             "flipped": f"When {a} and {b} went to the shop, {a} gave a drink to",
                                             "answer": f" {a}", "wrong": f" {b}"}) + "\n"
                                 for a, b in (("Ethan", "Margaret"), ("Margaret", "Ethan"))))
        commands = [
            ["act-patch", "--sites", "z,v", "--prompts", 4, "--seed", 3, "--metric", "log_prob", "--positions", "end"],
            ["act-patch", "--sites", "z", "--prompts", 4, "--ablate", "mean", "--heads", "1.2,2.3", "--raw"],
            ["path-patch", "--prompts", 4, "--receivers", "q:2.2,v:3.4", "--direction", "denoise", "--freeze-mlps"],
            ["attribution", "--prompts", 4, "--sites", "z", "--task", "strangers"],
            ["analyse", "ablate", "--heads", "1.4,2.2", "--mode", "mean", "--prompts", 4, "--exclude", 1],
            ["analyse", "copy-scores", "--prompts", 4],
            ["act-patch", "--sites", "z", "--pairs", pairs],
        ]
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "patchbay-cli").symlink_to(PROGRAM)
        environment = dict(os.environ, PATH=f"{bin_folder}:{os.environ['PATH']}")
        for command in commands:
            first, second = self.folder / "first.safetensors", self.folder / "second.safetensors"
            run(*command, "--out", first, "--quiet")
            typed = run("script", first, "--for", "command-line").stdout
            self.assertTrue(typed.startswith(f"patchbay-cli {command[0]}"), typed)
            again = typed.replace(f"patchbay-cli {command[0]}", f"patchbay-cli {command[0]} --quiet --out {second}", 1)
            subprocess.run(again, shell=True, check=True, env=environment, timeout=600)
            self.assertEqual(first.read_bytes(), second.read_bytes(), typed)

    def test_a_spec_from_standard_input(self):
        """What options cannot say, such as prompts that were edited, stands in the command as a spec."""
        first, second = self.folder / "first.safetensors", self.folder / "second.safetensors"
        run("act-patch", "--prompts", 3, "--sites", "z", "--out", self.folder / "r.safetensors", "--quiet")
        spec = json.loads(run("run", "--print-spec", self.folder / "r.safetensors").stdout)
        edited = [{"clean": f"After {a} and {b} left, {b} gave it to", "flipped": f"After {a} and {b} left, {a} gave it to",
                   "answer": f" {a}", "wrong": f" {b}"} for a, b in (("Ethan", "Margaret"), ("Margaret", "Ethan"))]
        spec["task"] = {"kind": "ioi", "pairs": edited}
        run("run", "-", "--out", first, "--quiet", stdin=json.dumps(spec))
        typed = run("script", first, "--for", "command-line").stdout
        self.assertTrue(typed.startswith("patchbay-cli run - <<'SPEC'\n"), typed)
        self.assertIn("left, Margaret gave", typed)
        again = typed.replace("patchbay-cli run -", f"{PROGRAM} run - --quiet --out {second}", 1)
        subprocess.run(again, shell=True, check=True, timeout=600)
        self.assertEqual(first.read_bytes(), second.read_bytes())
        self.assertIn("standard input", run("run", "-", stdin="{", expect=1).stderr)

    def test_both_tools(self):
        """The same values and computations; only how the model is opened differs."""
        out = self.folder / "r.safetensors"
        for command in (["act-patch", "--sites", "z", "--ablate", "mean"], ["analyse", "roles"], ["edges", "--method", "eap"],
                        ["attribution", "--sites", "q"], ["circuit", "run", "--top", 200, "--by", "eap"]):
            run(*command, "--prompts", 4, "--out", out, "--quiet")
            texts = [run("script", out, "--for", f"transformer-lens-{version}").stdout for version in (4, 2)]
            for text in texts:
                compile(text, "script", "exec")
            new, old = ([line for line in text.splitlines() if "TransformerBridge" not in line] for text in texts)
            self.assertIn("TransformerBridge.boot_transformers", texts[0])
            self.assertIn("HookedTransformer(config", texts[1])
            begin = "LAYERS, HEADS = model.cfg.n_layers, model.cfg.n_heads"
            self.assertEqual(new[new.index(begin):], old[old.index(begin):])

    def test_what_has_no_counterpart_says_so(self):
        out = self.folder / "r.safetensors"
        texts = self.folder / "texts.txt"
        texts.write_text("When Mary and John went to the store, John gave a drink to Mary.\n" * 3)
        run("analyse", "corpus", "--heads", "1.2", "--texts", texts, "--out", out, "--quiet")
        self.assertIn("corpus: is not written as a script", run("script", out, expect=1).stderr)


if __name__ == "__main__":
    main()
