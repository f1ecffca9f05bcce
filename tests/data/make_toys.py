#!/usr/bin/env python3
"""Makes toy-attn and toy-solu: small random models saved as TransformerLens saves its own.

golden.safetensors of each holds tokens [prompts, pos], logits, and the activations of the first block, the embeddings and the final
norm, from TransformerLens' own forward pass in float64 on unprocessed weights. Made with transformer_lens 2.15.4 and torch 2.14:

    python make_toys.py FOLDER
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.numpy import save_file
from transformer_lens import HookedTransformer, HookedTransformerConfig

D, V, CTX, HEADS = 24, 37, 20, 4


def fill(name, parameter):
    """Random numbers that float32 holds exactly."""
    if name.endswith(".w"):
        values = 1 + 0.2 * torch.randn_like(parameter)
    elif parameter.dim() <= 1 or ".b" in name:
        values = 0.1 * torch.randn_like(parameter)
    elif "embed." in name and "un" not in name:
        values = torch.randn_like(parameter)
    else:
        values = 1.5 * torch.randn_like(parameter) / parameter.shape[-2] ** 0.5
    parameter.copy_(values.float().double())


def make(folder, seed, **choices):
    torch.manual_seed(seed)
    config = HookedTransformerConfig(d_model=D, n_ctx=CTX, d_head=D // HEADS, n_heads=HEADS, d_vocab=V, n_layers=2, device="cpu",
                                     normalization_type="LN", dtype=torch.float64, **choices)
    model = HookedTransformer(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            fill(name, parameter)
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.float() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    torch.save(state, folder / "model_final.pth")
    keys = ["n_layers", "d_model", "d_head", "n_heads", "d_mlp", "n_ctx", "d_vocab", "act_fn", "attn_only", "normalization_type",
            "final_rms"]
    published = {"lr": 1e-3, "use_wandb": True, "neuron_scale": 1}  # as such files have beside what is read
    (folder / "config.json").write_text(json.dumps({key: getattr(config, key) for key in keys} | published, indent=1))
    tokens = torch.randint(0, V, (3, 10))
    logits, cache = model.run_with_cache(tokens)
    golden = {"tokens": tokens.numpy(), "logits": logits.detach().float().numpy()}
    for name, value in cache.items():
        if name.startswith(("blocks.0", "ln_final", "hook_")):
            golden["cache." + name] = value.detach().float().numpy().copy()
    save_file(golden, folder / "golden.safetensors")


if __name__ == "__main__":
    out = Path(sys.argv[1])
    make(out / "toy-attn", 2, attn_only=True, act_fn="gelu")
    make(out / "toy-solu", 4, d_mlp=30, act_fn="solu_ln")
