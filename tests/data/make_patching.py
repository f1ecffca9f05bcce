#!/usr/bin/env python3
"""Patching on the tiny models beside it, by its definition in float64: patching.safetensors of tiny-neox, tiny-gpt2 and tiny-llama.

Names and shapes are those of result files: clean, flipped, end, io, s and the positions of the prompts; baseline.clean, baseline.flipped
[prompts]; denoise.<site>, noise.<site>, zero.<site> [layers, heads, prompts] ([layers, prompts] for sites of a layer); path.resid_post,
path.q [layers, heads, prompts]: noising, every head's z into the last resid_post, or into the queries of the heads 1.0 and 1.2;
path.frozen_mlps: the first of them, not through MLPs; dla [layers, heads, prompts]; ablate.logit_diff [prompts] without 0.1 and 1.3.
Weights are processed. Running this again gives the same file.
"""
import numpy as np

from make_tiny import HERE, L, V, D, forward, make_weights, process, bf16, from_bf16, write_safetensors, EPS

HEADS = 4


def models():
    """Weights and settings as make_tiny.py draws them, in its order."""
    rng = np.random.default_rng(20)
    rng.integers(0, V, (2, 7))
    w = make_weights(rng, HEADS, HEADS, 4, 24, False, True, False)
    yield "tiny-neox", w, {"rotary_dim": 2, "act": "gelu", "layer_norm": True, "parallel": True, "group": 1}
    w = make_weights(rng, HEADS, HEADS, 4, 4 * D, False, True, True)
    w["unembed.W_U"] = w["embed.W_E"].T.copy()
    yield "tiny-gpt2", w, {"rotary_dim": 0, "act": "gelu_new", "layer_norm": True, "parallel": False, "group": 1}
    w = make_weights(rng, HEADS, 2, 6, 20, True, False, False)
    w = {k: from_bf16(bf16(x)) for k, x in w.items()}
    w["unembed.W_U"] = w["embed.W_E"].T.copy()
    yield "tiny-llama", w, {"rotary_dim": 6, "act": "silu", "layer_norm": False, "parallel": False, "group": 2}


def batch():
    """Three prompts of 7, 6 and 7 tokens: A … B … B → A, flipped in the place of the second B."""
    rng = np.random.default_rng(5)
    clean = rng.integers(6, V, (3, 7))
    io, s = np.array([0, 2, 4]), np.array([1, 3, 5])
    io_pos, s1_pos, s2_pos, end = np.array([1, 2, 0]), np.array([2, 0, 2]), np.array([4, 4, 5]), np.array([6, 5, 6])
    rows = np.arange(3)
    clean[rows, io_pos], clean[rows, s1_pos], clean[rows, s2_pos] = io, s, s
    flipped = clean.copy()
    flipped[rows, s2_pos] = io
    return {"clean": clean, "flipped": flipped, "end": end, "io": io, "s": s, "io_pos": io_pos, "s1_pos": s1_pos, "s2_pos": s2_pos}


def main():
    b = batch()
    rows = np.arange(3)
    for name, weights, settings in models():
        w = process(weights, settings["layer_norm"], settings["group"])

        def diff(logits):
            end = logits[rows, b["end"]]
            return end[rows, b["io"]] - end[rows, b["s"]]

        def run(tokens, edit=lambda hook, x: x):
            return forward(w, tokens, edit=edit, **settings)

        def seen(tokens):
            """What edit is given at each hook point of the plain run."""
            values = {}

            def note(hook, x):
                values[hook] = x
                return x
            return run(tokens, note), values

        clean, clean_seen = seen(b["clean"])
        flipped, flipped_seen = seen(b["flipped"])
        out = dict(b)
        out["baseline.clean"], out["baseline.flipped"] = diff(clean["logits"]), diff(flipped["logits"])

        def replaced(hook, head, source):
            """One head's part (or all) of one hook point taken from source, zero when that is None."""
            def edit(at, x):
                if at != hook:
                    return x
                x, new = x.copy(), np.zeros_like(x) if source is None else source[hook]
                if head is None:
                    return new.copy()
                if hook.endswith("pattern"):
                    x[:, head] = new[:, head]
                else:
                    x[:, :, head] = new[:, :, head]
                return x
            return edit

        for kind, base, source in (("denoise", b["flipped"], clean_seen), ("noise", b["clean"], flipped_seen), ("zero", b["clean"], None)):
            for site, hook in (("z", "attn.hook_z"), ("q", "attn.hook_q"), ("k", "attn.hook_k"), ("v", "attn.hook_v"),
                               ("pattern", "attn.hook_pattern")):
                if kind == "zero" and site == "pattern":
                    continue
                out[kind + "." + site] = np.array(
                    [[diff(run(base, replaced("blocks.%d.%s" % (l, hook), h, source))["logits"]) for h in range(HEADS)] for l in range(L)])
            for site in ("attn_out", "mlp_out", "resid_pre", "resid_post"):
                out[kind + "." + site] = np.array(
                    [diff(run(base, replaced("blocks.%d.hook_%s" % (l, site), None, source))["logits"]) for l in range(L)])

        def direct(sender, hook, mlps):
            """What the clean run's activation at hook becomes when the sender's z is the flipped run's and every other head's z is frozen."""
            got = {}

            def edit(at, x):
                if at.endswith("hook_z"):
                    x = clean_seen[at].copy()
                    if at == "blocks.%d.attn.hook_z" % sender[0]:
                        x[:, :, sender[1]] = flipped_seen[at][:, :, sender[1]]
                if at.endswith("hook_mlp_out") and not mlps:
                    x = clean_seen[at]
                got[at] = x
                return x
            run(b["clean"], edit)
            return got[hook]

        last = "blocks.%d.hook_resid_post" % (L - 1)
        for key, mlps in (("path.resid_post", True), ("path.frozen_mlps", False)):
            out[key] = np.array([[diff(run(b["clean"], replaced(last, None, {last: direct((l, h), last, mlps)}))["logits"])
                                  for h in range(HEADS)] for l in range(L)])

        def into_queries(sender):
            hook = "blocks.1.attn.hook_q"
            q = direct(sender, hook, True)

            def edit(at, x):
                if at != hook:
                    return x
                x = x.copy()
                for head in (0, 2):
                    x[:, :, head] = q[:, :, head]
                return x
            return diff(run(b["clean"], edit)["logits"])

        out["path.q"] = np.array([[into_queries((l, h)) for h in range(HEADS)] for l in range(L)])

        final = clean["blocks.%d.hook_resid_post" % (L - 1)][rows, b["end"]]
        centred = final - final.mean(-1, keepdims=True) if settings["layer_norm"] else final
        scale = np.sqrt((centred**2).mean(-1) + EPS)
        direction = (w["unembed.W_U"][:, b["io"]] - w["unembed.W_U"][:, b["s"]]).T
        out["dla"] = np.array([[(clean["blocks.%d.attn.hook_result" % l][rows, b["end"], h] * direction).sum(-1) / scale
                                for h in range(HEADS)] for l in range(L)])

        def without(at, x):
            for l, h in ((0, 1), (1, 3)):
                if at == "blocks.%d.attn.hook_z" % l:
                    x = x.copy()
                    x[:, :, h] = 0
            return x
        out["ablate.logit_diff"] = diff(run(b["clean"], without)["logits"])
        write_safetensors(HERE / name / "patching.safetensors",
                          {k: x.astype(np.int64) if k in b else x.astype(np.float32) for k, x in out.items()})


if __name__ == "__main__":
    main()
