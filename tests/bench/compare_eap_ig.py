#!/usr/bin/env python3
"""Times the EAP-IG library and patchbay-cli on the same random model, prompts and threads, one after the other, and prints the ratios.

    python -m venv venv && venv/bin/pip install torch transformer-lens==2.18.0 einops safetensors
    git clone https://github.com/hannamw/EAP-IG
    venv/bin/python tests/bench/compare_eap_ig.py EAP-IG --program build/release/bin/patchbay-cli

The library names a CUDA device in its sources; a copy with "cpu" in that place is what runs here. It tokenizes texts: token ids are handed to it
instead. Its exact values take one run of a circuit for each edge, so one is timed and multiplied.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from safetensors.numpy import load_file

import random_neox
from compare_transformer_lens import gemm_rate, load_transformer_lens


def library(folder, into):
    """The package eap with another device."""
    for file in (pathlib.Path(folder) / "src" / "eap").glob("*.py"):
        (into / "eap").mkdir(exist_ok=True)
        (into / "eap" / file.name).write_text(file.read_text().replace("'cuda'", "'cpu'"))
    sys.path.insert(0, str(into))
    from eap import attribute, evaluate, graph, utils
    return attribute, evaluate, graph, utils


class Prompts:
    """What the library's data loaders are, of token ids: lists of prompts' numbers, looked up when they are tokenized."""

    def __init__(self, batch, size):
        self.batch, self.size = batch, size

    def __iter__(self):
        count = len(self.batch["end"])
        for begin in range(0, count, self.size):
            rows = list(range(begin, min(begin + self.size, count)))
            yield [("clean", row) for row in rows], [("flipped", row) for row in rows], rows

    def tokenize(self, model, inputs, max_length=None):
        rows = [row for _, row in inputs]
        tokens = torch.from_numpy(self.batch[inputs[0][0]][rows])
        return tokens, torch.ones_like(tokens), torch.from_numpy(self.batch["end"][rows]) + 1, tokens.shape[1]

    def metric(self, logits, clean_logits, lengths, rows, mean=True):
        at_end = logits[torch.arange(len(rows)), lengths - 1]
        each = torch.arange(len(rows))
        values = at_end[each, torch.from_numpy(self.batch["io"][rows])] - at_end[each, torch.from_numpy(self.batch["s"][rows])]
        return values.sum() if mean else values


def timed(work):
    begun = time.perf_counter()
    outcome = work()
    return time.perf_counter() - begun, outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("library", help="a clone of EAP-IG")
    parser.add_argument("--program", default="patchbay-cli")
    parser.add_argument("--geometry", default="pythia-160m", choices=sorted(random_neox.GEOMETRIES))
    parser.add_argument("--prompts", type=int, default=70)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=10, help="prompts that the library runs at once")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--top", type=int, default=2000, help="edges whose exact values patchbay-cli computes")
    parser.add_argument("--out", help="write the numbers to this JSON file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    numbers = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        attribute, evaluate, graphs, utils = library(options.library, folder)
        random_neox.write_model(folder / "model", options.geometry)
        batch = random_neox.make_batch(options.prompts)
        random_neox.write_batch(folder / "batch.safetensors", batch)
        model = load_transformer_lens(folder / "model")
        model.set_use_attn_result(True)
        model.set_use_split_qkv_input(True)
        model.set_use_hook_mlp_in(True)
        prompts = Prompts(batch, options.batch)
        for module in (attribute, evaluate, utils):
            module.tokenize_plus = prompts.tokenize

        def program(*arguments):
            subprocess.run([options.program, *map(str, arguments), "--model", folder / "model", "--batch", folder / "batch.safetensors",
                            "--threads", str(options.threads), "--quiet"], check=True, stdout=subprocess.DEVNULL)

        def report(what, theirs, ours):
            numbers[what] = {"eap_ig_seconds": theirs, "patchbay_seconds": ours, "ratio": theirs / ours}
            print(f"{what:<44} EAP-IG {theirs:9.2f} s   patchbay-cli {ours:7.2f} s   {theirs / ours:6.1f} x", flush=True)

        print(f"torch {torch.__version__}, {options.threads} threads, torch's GEMM {gemm_rate() / 1e9:.0f} GFLOP/s; patchbay-cli's seconds "
              "include its start and loading", flush=True)
        graph = graphs.Graph.from_model(model)
        edges = int(graph.real_edge_mask.sum())
        for method, scores, extra in (("eap", lambda: attribute.get_scores_eap(model, graph, prompts, prompts.metric, quiet=True), []),
                                      ("eap-ig", lambda: attribute.get_scores_eap_ig(model, graph, prompts, prompts.metric,
                                                                                     steps=options.steps, quiet=True),
                                       ["--steps", options.steps])):
            ours, _ = timed(lambda: program("edges", "--method", method, *extra, "--out", folder / f"{method}.safetensors"))
            theirs, found = timed(scores)
            report(f"{method} of {edges} edges", theirs, ours)
            mine = load_file(folder / f"{method}.safetensors")
            mine = mine[next(key for key in mine if key.startswith("scores."))]
            mask = graph.real_edge_mask.numpy()
            a, b = found.numpy()[mask], mine.reshape(found.shape)[mask]
            print(f"    the scores: correlation {np.corrcoef(a, b)[0, 1]:+.6f}, largest difference "
                  f"{min(np.abs(a - b).max(), np.abs(a + b).max()) / np.abs(a).max():.1e} of the largest", flush=True)
        graph.scores[:] = found
        graph.apply_topn(edges // 10, True)
        run = lambda: evaluate.evaluate_graph(model, graph, prompts, lambda *each: prompts.metric(*each, mean=False), quiet=True)
        with torch.inference_mode():
            theirs, _ = timed(run)
        program("circuit", "make", "--by", "eap", "--top", edges // 10, "--out", folder / "circuit.json")
        ours, _ = timed(lambda: program("circuit", "run", "--circuit", folder / "circuit.json", "--out", folder / "circuit.safetensors"))
        report("one circuit of a tenth of the edges by itself", theirs, ours)
        ours, _ = timed(lambda: program("edges", "--method", "exact", "--rank-by", "eap", "--top", options.top, "--out",
                                        folder / "exact.safetensors"))
        report(f"exact values of {options.top} edges (theirs: multiplied)", theirs * options.top, ours)
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()
