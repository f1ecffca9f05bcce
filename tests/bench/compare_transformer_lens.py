#!/usr/bin/env python3
"""Times TransformerLens and patchbay-cli on the same random model, prompts and threads, one after the other, and prints the ratios.

    python -m venv venv && venv/bin/pip install torch transformer-lens==2.18.0 safetensors
    venv/bin/python tests/bench/compare_transformer_lens.py --program build/release/bin/patchbay-cli

The Python tools take the same time for every cell, so by default a sample of cells spread over the layers is timed and the mean is
multiplied by the number of cells; --full times all of them. Each sampled cell's logit differences are also compared with
patchbay-cli's. Activation patching is TransformerLens' own `patching` module; path patching is carried out by its definition with
TransformerLens' hooks: one run with every head's z held fixed except the sender's, in which the receivers are recorded, and one run in
which they are put in place.
"""

import argparse
import contextlib
import functools
import importlib.metadata
import io
import json
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import load_file
from transformer_lens import HookedTransformer, HookedTransformerConfig, patching, utils
from transformer_lens.pretrained.weight_conversions.neox import convert_neox_weights
from transformers import GPTNeoXForCausalLM

import random_neox

W4_SITES = ("z", "q", "k", "v", "pattern")
PATCHERS = {"z": patching.get_act_patch_attn_head_out_all_pos, "q": patching.get_act_patch_attn_head_q_all_pos,
            "k": patching.get_act_patch_attn_head_k_all_pos, "v": patching.get_act_patch_attn_head_v_all_pos,
            "pattern": patching.get_act_patch_attn_head_pattern_all_pos}


def load_transformer_lens(folder):
    """The folder's weights with TransformerLens' default processing."""
    config = json.loads((folder / "config.json").read_text())
    width, heads = config["hidden_size"], config["num_attention_heads"]
    cfg = HookedTransformerConfig(
        n_layers=config["num_hidden_layers"], d_model=width, n_heads=heads, d_head=width // heads, d_mlp=config["intermediate_size"],
        n_ctx=config["max_position_embeddings"], d_vocab=config["vocab_size"], eps=config["layer_norm_eps"], act_fn="gelu",
        normalization_type="LN", positional_embedding_type="rotary", rotary_dim=width // heads // 4, rotary_adjacent_pairs=False,
        parallel_attn_mlp=True, original_architecture="GPTNeoXForCausalLM", device="cpu", default_prepend_bos=False)
    model = HookedTransformer(cfg, move_to_device=False)
    huggingface = GPTNeoXForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.load_and_process_state_dict(convert_neox_weights(huggingface, cfg), fold_ln=True, center_writing_weights=True, center_unembed=True,
                                      fold_value_biases=True)
    return model.eval()


class PythonTools:
    """Sweeps as a user of the Python tools runs them; every cell's logit differences are kept."""

    def __init__(self, model, batch):
        self.model = model
        self.clean, self.flipped = (torch.from_numpy(batch[name]) for name in ("clean", "flipped"))
        self.end, self.io, self.s = (torch.from_numpy(batch[name]) for name in ("end", "io", "s"))
        self.rows = torch.arange(len(self.end))
        started = time.perf_counter()
        self.clean_logits, self.clean_cache = model.run_with_cache(self.clean)
        self.flipped_logits, self.flipped_cache = model.run_with_cache(self.flipped)
        self.cache_seconds = time.perf_counter() - started
        self.recorded = []

    def logit_diff(self, logits):
        at_end = logits[self.rows, self.end]
        return at_end[self.rows, self.io] - at_end[self.rows, self.s]

    def metric(self, logits):
        values = self.logit_diff(logits)
        self.recorded.append(values.numpy())
        return values.mean()

    def activation_patching(self, site, cells):
        """[cells, prompts]: flipped runs with one head's site from the clean run."""
        self.recorded = []
        index = pd.DataFrame(cells, columns=["layer", "head_index"])
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
            PATCHERS[site](self.model, self.flipped, self.clean_cache, self.metric, index_axis_names=None, index_df=index)
        return np.stack(self.recorded)

    def path_patching(self, receivers, cells):
        """[cells, prompts]: clean runs into whose receivers one head's flipped z arrives; receivers: (hook name, head or None)."""
        return np.stack([self.one_path(receivers, layer, head) for layer, head in cells])

    def one_path(self, receivers, layer, head):
        def hold(z, hook):
            z[:] = self.clean_cache[hook.name]
            if hook.layer() == layer:
                z[:, :, head] = self.flipped_cache[hook.name][:, :, head]
            return z

        arrived = {}

        def record(value, hook):
            arrived[hook.name] = value.clone()
            return value

        def receive(value, hook, heads):
            if None in heads:
                value[:] = arrived[hook.name]
            else:
                value[:, :, heads] = arrived[hook.name][:, :, heads]
            return value

        names = {name: [h for n, h in receivers if n == name] for name, _ in receivers}
        self.model.run_with_hooks(self.clean, return_type=None, fwd_hooks=[(lambda name: name.endswith("hook_z"), hold),
                                                                          *((name, record) for name in names)])
        logits = self.model.run_with_hooks(
            self.clean, fwd_hooks=[(name, functools.partial(receive, heads=heads)) for name, heads in names.items()])
        return self.logit_diff(logits).numpy()


def workloads(cfg):
    """Name -> (grids, receivers or None). W3's heads are those of patchbay-cli bench."""
    first = cfg.n_layers * 2 // 3
    six = [(min(first + i // 2, cfg.n_layers - 1), (1 + 5 * i) % cfg.n_heads) for i in range(6)]
    return {"W1": (["denoise.z"], None), "W2": (["path"], [(utils.get_act_name("resid_post", cfg.n_layers - 1), None)]),
            "W3": (["path"], [(utils.get_act_name("q", layer), head) for layer, head in six]),
            "W4": ([f"denoise.{site}" for site in W4_SITES], None)}


def sample(cfg, count):
    """Cells spread evenly over layers and heads; all of them when count is 0."""
    cells = [(layer, head) for layer in range(cfg.n_layers) for head in range(cfg.n_heads)]
    return cells if count == 0 else [cells[(2 * i + 1) * len(cells) // (2 * count)] for i in range(count)]


def time_python(tools, grids, receivers, cells):
    """Seconds a cell, and grid -> [cells, prompts]."""
    values, started = {}, time.perf_counter()
    for grid in grids:
        values[grid] = tools.path_patching(receivers, cells) if receivers else tools.activation_patching(grid.split(".")[1], cells)
    return (time.perf_counter() - started) / (len(cells) * len(grids)), values


def program_results(program, common, grids, receivers, folder):
    """What patchbay-cli computes for the same sweep, to be compared cell by cell."""
    out = folder / "result.safetensors"
    if receivers:
        names = []
        for hook, head in receivers:
            layer = hook.split(".")[1]
            names.append(f"resid_post:{layer}" if head is None else f"q:{layer}.{head}")
        command = ["path-patch", "--senders", "z", "--receivers", ",".join(names), "--direction", "noise"]
    else:
        command = ["act-patch", "--sites", ",".join(grid.split(".")[1] for grid in grids), "--direction", "denoise"]
    subprocess.run([program, *command, *common, "--out", out, "--quiet"], check=True)
    return load_file(out)


def gemm_rate(rows=840, inner=768, columns=3072):
    a, b = torch.randn(rows, inner), torch.randn(inner, columns)
    best = 0.0
    for _ in range(20):
        started = time.perf_counter()
        a @ b
        best = max(best, 2 * rows * inner * columns / (time.perf_counter() - started))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="patchbay-cli")
    parser.add_argument("--geometry", default="pythia-160m", choices=sorted(random_neox.GEOMETRIES))
    parser.add_argument("--prompts", type=int, default=70)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default="W1,W2,W3,W4")
    parser.add_argument("--cells", type=int, default=4, help="cells of each grid to time in Python; the rest is extrapolated")
    parser.add_argument("--full", action="store_true", help="time every cell")
    parser.add_argument("--repeat", type=int, default=1, help="runs of patchbay-cli's workloads; the median counts")
    parser.add_argument("--out", help="write the numbers to this JSON file")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        random_neox.write_model(folder / "model", options.geometry)
        batch = random_neox.make_batch(options.prompts)
        random_neox.write_batch(folder / "batch.safetensors", batch)
        common = ["--model", folder / "model", "--batch", folder / "batch.safetensors", "--threads", str(options.threads)]

        tools = PythonTools(load_transformer_lens(folder / "model"), batch)
        cfg = tools.model.cfg
        # The mean gap of a random model is next to nothing: the spread over prompts is the scale for differences.
        spread = float(tools.logit_diff(tools.clean_logits).std())
        print(f"TransformerLens {importlib.metadata.version('transformer-lens')}, torch {torch.__version__}, "
              f"{options.threads} threads, {os.cpu_count()} processors; torch's GEMM {gemm_rate() / 1e9:.0f} GFLOP/s")
        print(f"{options.geometry} geometry, random weights, {options.prompts} prompts; both caches took {tools.cache_seconds:.1f} s")

        done = subprocess.run([options.program, "bench", *common, "--work", options.work, "--repeat", str(options.repeat), "--json"],
                              check=True, stdout=subprocess.PIPE)
        bench = json.loads(done.stdout)
        print(f"patchbay-cli: best GEMM {bench['gemm_flops_per_second'] / 1e9:.0f} GFLOP/s, peak memory {bench['peak_rss_bytes'] / 1e9:.2f} GB")

        cells = sample(cfg, 0 if options.full else options.cells)
        total_heads = cfg.n_layers * cfg.n_heads
        report = {"threads": options.threads, "prompts": options.prompts, "geometry": options.geometry, "bench": bench, "work": {}}
        kind = "measured" if options.full else f"from {len(cells)} cells of each grid, extrapolated"
        print(f"\nPython seconds are {kind}.\n")
        print(f"{'':4}{'cells':>6}{'Python':>12}{'a cell':>10}{'patchbay':>12}{'ratio':>9}{'first cell':>12}{'GEMM share':>12}{'largest difference':>26}")
        for work, (grids, receivers) in workloads(cfg).items():
            if work not in options.work.split(","):
                continue
            per_cell, values = time_python(tools, grids, receivers, cells)
            count = total_heads * len(grids)
            python_seconds = per_cell * count
            ours = bench[work]
            computed = program_results(options.program, common, grids, receivers, folder)
            difference = max(float(np.abs(computed[grid][layer, head] - values[grid][i]).max())
                             for grid in grids for i, (layer, head) in enumerate(cells))
            ratio = python_seconds / ours["seconds"]
            print(f"{work:4}{count:>6}{python_seconds:>10.1f} s{per_cell:>8.2f} s{ours['seconds']:>10.2f} s{ratio:>8.1f}x"
                  f"{1e3 * ours['first_cell_seconds']:>9.0f} ms{100 * (ours['gemm_share'] or float('nan')):>10.0f} %{difference:>12.1e} of ±{spread:.2f}", flush=True)
            report["work"][work] = {"cells": count, "python_seconds": python_seconds, "python_seconds_per_cell": per_cell,
                                    "extrapolated": not options.full, "patchbay_seconds": ours["seconds"], "ratio": ratio,
                                    "largest_difference": difference, "logit_diff_spread": spread}
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
