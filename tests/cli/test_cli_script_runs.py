"""Results of every method as scripts, run by TransformerLens: they pass their own assertions.

Runs with the Python that runs it, and with those that PATCHBAY_TRANSFORMER_LENS names (paths, separated by colons), where
TransformerLens is installed there; each version runs the scripts that are for it. Where it is installed nowhere, the scripts are
compiled.
"""

import os
import subprocess
import sys

from cli import CliTest, main, run

PATCH = ["act-patch", "--prompts", 4]
SOME = ["--heads", "0.1,2.3,5.7"]
PATHS = ["path-patch", "--prompts", 4]
ANALYSE = "analyse"
RUNS = {
    "sites": [*PATCH, "--sites", "z,q,k,v,pattern,result,attn_out,mlp_out,resid_pre,resid_post", "--heads", "0.1,2.3,5.7"],
    "noise-each": [*PATCH, "--sites", "z,resid_post", "--direction", "noise", "--positions", "each", "--heads", "2.1,3.3"],
    "noise-role": [*PATCH, *SOME, "--sites", "z,k,pattern", "--direction", "noise", "--positions", "s2"],
    "zero": [*PATCH, *SOME, "--sites", "z,mlp_out", "--ablate", "zero"],
    "mean": [*PATCH, *SOME, "--sites", "z,v,attn_out,resid_pre", "--ablate", "mean"],
    "resample": [*PATCH, *SOME, "--sites", "z,pattern", "--ablate", "resample", "--positions", "end"],
    **{f"metric-{metric}": [*PATCH, *SOME, "--sites", "z", "--metric", metric] for metric in ("prob_diff", "log_prob", "rank", "kl", "loss")},
    "raw": [*PATCH, *SOME, "--sites", "z", "--raw", "--ablate", "zero"],
    "path-final": [*PATHS, "--senders", "z", "--receivers", "resid_post:5"],
    "path-together": [*PATHS, "--senders", "z", "--receivers", "q:2.2,k:3.3,v:4.4,pattern:4.1,q_input:5.1", "--direction", "denoise"],
    "path-frozen": [*PATHS, "--senders", "z", "--receivers", "q:2.2,v:3.4,resid_post:5", "--freeze-mlps"],
    "path-mlps": [*PATHS, "--senders", "mlp_out", "--receivers", "q:4.2,mlp_pre:5"],
    "path-end": [*PATHS, "--senders", "z", "--receivers", "q_input:4.2,pattern:5.1", "--positions", "end"],
    "path-set": [*PATHS, "--senders", "z:0.3,mlp_out:1", "--receivers", "v"],
    "path-zero": [*PATHS, "--senders", "z", "--receivers", "resid_post:5", "--ablate", "zero"],
    "attribution": ["attribution", "--prompts", 4, "--sites", "z,q,k,v,pattern,mlp_out,resid_pre"],
    "attribution-kl": ["attribution", "--prompts", 4, "--sites", "z,v", "--metric", "kl", "--direction", "denoise"],
    "attribution-loss": ["attribution", "--prompts", 4, "--sites", "z,attn_out", "--metric", "loss", "--direction", "noise"],
    "dla": [ANALYSE, "dla", "--prompts", 4],
    "dla-raw": [ANALYSE, "dla", "--prompts", 4, "--raw"],
    "copy-scores": [ANALYSE, "copy-scores", "--prompts", 4],
    "attention": [ANALYSE, "attention", "--prompts", 4],
    "attention-patterns": [ANALYSE, "attention-patterns", "--prompts", 4, "--heads", "1.2,4.3", "--prompt", 2],
    "value-weighted": [ANALYSE, "attention-patterns", "--prompts", 4, "--heads", "1.2,4.3", "--value-weighted", "--flipped"],
    "contribution": [ANALYSE, "attention-vs-contribution", "--prompts", 4, "--heads", "4.3"],
    "detectors": [ANALYSE, "detectors", "--prompts", 4],
    "logit-lens": [ANALYSE, "logit-lens", "--prompts", 4],
    "ablate": [ANALYSE, "ablate", "--heads", "1.4,3.2", "--prompts", 4],
    "ablate-mean": [ANALYSE, "ablate", "--heads", "1.4,3.2", "--mode", "mean", "--prompts", 4, "--positions", "s2"],
    "ablate-resample": [ANALYSE, "ablate", "--heads", "2.4", "--mode", "resample", "--prompts", 4],
    "s2i": [ANALYSE, "s2i", "--heads", "2.1,3.2", "--name-movers", "4.1,5.2", "--prompts", 4],
    "roles": [ANALYSE, "roles", "--prompts", 8],
    **{f"edges-{method}": ["edges", "--method", method, "--prompts", 2, "--steps", 2]
       for method in ("eap", "eap-ig", "clean-corrupted", "eap-ig-activations")},
    "edges-denoise": ["edges", "--method", "eap-ig", "--direction", "denoise", "--steps", 2, "--prompts", 2, "--metric", "prob_diff"],
    "edges-mean": ["edges", "--method", "eap", "--ablate", "mean", "--prompts", 2],
    "edges-mean-positional": ["edges", "--method", "eap", "--ablate", "mean-positional", "--prompts", 2],
    "edges-zero": ["edges", "--method", "eap", "--ablate", "zero", "--prompts", 2],
    "edges-exact": ["edges", "--method", "exact", "--top", 30, "--prompts", 2],
    "circuit": ["circuit", "run", "--top", 400, "--by", "eap", "--prompts", 3],
    "circuit-zero": ["circuit", "run", "--top", 900, "--by", "eap", "--ablate", "zero", "--prompts", 2],
    "circuit-mean": ["circuit", "run", "--top", 900, "--by", "eap", "--ablate", "mean-positional", "--prompts", 2],
}

# One process for all scripts: importing TransformerLens takes longer than most of them.
RUN_ALL = """
import runpy, sys, time, traceback
failed = 0
for file in sys.argv[1:]:
    begun = time.perf_counter()
    try:
        runpy.run_path(file)
        print(f"ok {file} {time.perf_counter() - begun:.1f} s", flush=True)
    except BaseException:
        failed += 1
        print("FAILED", file, flush=True)
        traceback.print_exc(file=sys.stdout)
sys.exit(failed > 0)
"""


def version_of(python):
    """Of its TransformerLens; empty: it has none."""
    ask = "import importlib.metadata as m; print(m.version('transformer-lens'))"
    try:
        return subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


PYTHONS = {python: version for python in [sys.executable, *filter(None, os.environ.get("PATCHBAY_TRANSFORMER_LENS", "").split(":"))]
           if (version := version_of(python))}


class ScriptRuns(CliTest):
    def test_they_agree(self):
        only = os.environ.get("PATCHBAY_SCRIPTS", "").split()  # names of RUNS, while one works on them
        results = {}
        for name, command in RUNS.items():
            if not only or name in only:
                results[name] = self.folder / f"{name}.safetensors"
                run(*command, "--out", results[name], "--quiet")
        if not PYTHONS:
            print("TransformerLens is installed in none of these, so the scripts are compiled and not run: " + ", ".join(
                [sys.executable, os.environ.get("PATCHBAY_TRANSFORMER_LENS", "PATCHBAY_TRANSFORMER_LENS (not set)")]), flush=True)
            for tool in ("transformer-lens-2", "transformer-lens-4"):
                for name, result in results.items():
                    text = run("script", result, "--for", tool).stdout
                    compile(text, f"{name}-{tool}.py", "exec")
                    self.assertIn("assert", text, name)
        for python, version in PYTHONS.items():
            tool = "transformer-lens-2" if version.startswith("2.") else "transformer-lens-4"
            files = []
            for name, result in results.items():
                files.append(self.folder / f"{name}-{tool}.py")
                run("script", result, "--for", tool, "--out", files[-1])
            with self.subTest(version=version):
                done = subprocess.run([python, "-c", RUN_ALL, *map(str, files)], capture_output=True, text=True, timeout=3000,
                                      env=dict(os.environ, HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1"))
                print(f"TransformerLens {version}\n{done.stdout}", flush=True)
                self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-2000:])


if __name__ == "__main__":
    main()
