#!/usr/bin/env python3
"""Makes the tiny models beside it, and what they compute in float64.

Three models, one of each family, each in another file format: neox (safetensors), gpt2 (pytorch_model.bin, names without prefix,
with the buffers of old checkpoints) and llama (bfloat16 in two shards with an index, grouped keys and values, tied). Needs numpy
alone: the arithmetic is written out here, independently of the program that is tested against it.

golden.safetensors of each holds tokens [prompts, pos], raw.<hook> and processed.<hook> for every hook point, raw.logits,
processed.logits and processed.weights.<name>. Running this again gives the same files.
"""
import collections
import io
import json
import math
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
L, D, V, CTX, EPS = 2, 16, 23, 16, 1e-5


def bf16(x):
    """Rounded to bfloat16, as its 16 bits."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def write_safetensors(path, tensors):
    names = {"float32": "F32", "int64": "I64", "uint16": "BF16"}
    header, at = {}, 0
    for name, x in tensors.items():
        header[name] = {"dtype": names[x.dtype.name], "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(np.ascontiguousarray(x).tobytes() for x in tensors.values()))


def write_torch(path, tensors):
    """What torch.save(state_dict, path) writes: a zip file with a pickle and one entry for each storage."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild(*_):
        raise NotImplementedError

    rebuild.__module__, rebuild.__name__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2", "_rebuild_tensor_v2"
    storage = type("FloatStorage", (), {"__module__": "torch"})
    torch.FloatStorage, utils._rebuild_tensor_v2, torch._utils = storage, rebuild, utils
    sys.modules.update({"torch": torch, "torch._utils": utils})

    class Storage:
        def __init__(self, key, count):
            self.id = ("storage", storage, key, "cpu", count)

    class Tensor:
        def __init__(self, key, x):
            self.key, self.x = key, x

        def __reduce__(self):
            shape, strides = self.x.shape, tuple(s // 4 for s in self.x.strides)
            return rebuild, (Storage(self.key, self.x.size), 0, shape, strides, False, collections.OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return obj.id if isinstance(obj, Storage) else None

    buffer = io.BytesIO()
    state = collections.OrderedDict((name, Tensor(str(i), x)) for i, (name, x) in enumerate(tensors.items()))
    state._metadata = collections.OrderedDict([("", {"version": 1})])
    Pickler(buffer, protocol=2).dump(state)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        def add(name, data):
            archive.writestr(zipfile.ZipInfo("pytorch_model/" + name, (1980, 1, 1, 0, 0, 0)), data)
        add("data.pkl", buffer.getvalue())
        add("byteorder", b"little")
        for i, x in enumerate(tensors.values()):
            # The bytes as they lie in memory: a transposed matrix stays transposed, and its strides say so.
            add("data/%d" % i, x.tobytes(order="A"))
        add("version", b"3\n")


def make_weights(rng, H, G, d, M, gated, layer_norm, learned_positions):
    """Weights in TransformerLens' layout, float32."""
    def normal(*shape, std):
        return (rng.standard_normal(shape) * std).astype(np.float32)

    def norm_weights(where, w):
        w[where + "w"] = normal(D, std=0.2) + np.float32(1)
        if layer_norm:
            w[where + "b"] = normal(D, std=0.1)

    bias = 0.1 if layer_norm else 0.0
    w = {"embed.W_E": normal(V, D, std=1)}
    if learned_positions:
        w["pos_embed.W_pos"] = normal(CTX, D, std=0.3)
    for i in range(L):
        b = "blocks.%d." % i
        norm_weights(b + "ln1.", w)
        norm_weights(b + "ln2.", w)
        for name, n in (("Q", H), ("K", G), ("V", G)):
            w[b + "attn.W_" + name] = normal(n, D, d, std=0.35)
            w[b + "attn.b_" + name] = normal(n, d, std=bias)
        w[b + "attn.W_O"] = normal(H, d, D, std=0.25)
        w[b + "attn.b_O"] = normal(D, std=bias)
        w[b + "mlp.W_in"] = normal(D, M, std=0.3)
        if gated:
            w[b + "mlp.W_gate"] = normal(D, M, std=0.3)
        w[b + "mlp.b_in"] = normal(M, std=bias)
        w[b + "mlp.W_out"] = normal(M, D, std=0.2)
        w[b + "mlp.b_out"] = normal(D, std=bias)
    norm_weights("ln_final.", w)
    w["unembed.W_U"] = normal(D, V, std=0.3)
    w["unembed.b_U"] = np.zeros(V, np.float32)
    return w


def process(w, layer_norm, group):
    """The four steps of TransformerLens' default processing."""
    w = {k: v.astype(np.float64) for k, v in w.items()}

    def fold(norm, readers):
        scale, shift = w.pop(norm + "w"), w.pop(norm + "b", None)
        for W, b in readers:
            if shift is not None:
                w[b] = w[b] + np.tensordot(shift, w[W], axes=(0, w[W].ndim - 2))
            w[W] = scale[:, None] * w[W]
            if layer_norm:
                w[W] = w[W] - w[W].mean(-2, keepdims=True)

    for i in range(L):
        b = "blocks.%d." % i
        fold(b + "ln1.", [(b + "attn.W_" + n, b + "attn.b_" + n) for n in "QKV"])
        fold(b + "ln2.", [(b + "mlp.W_in", b + "mlp.b_in")] + ([(b + "mlp.W_gate", None)] if b + "mlp.W_gate" in w else []))
    fold("ln_final.", [("unembed.W_U", "unembed.b_U")])
    if layer_norm:
        for name in w:
            if name.endswith(("W_E", "W_pos", "W_O", "b_O", "W_out", "b_out")):
                w[name] = w[name] - w[name].mean(-1, keepdims=True)
    for name in ("unembed.W_U", "unembed.b_U"):
        w[name] = w[name] - w[name].mean(-1, keepdims=True)
    for i in range(L):
        b = "blocks.%d.attn." % i
        values = np.repeat(w[b + "b_V"], group, axis=0)
        w[b + "b_O"] = w[b + "b_O"] + sum(values[h] @ w[b + "W_O"][h] for h in range(len(values)))
        w[b + "b_V"] = np.zeros_like(w[b + "b_V"])
    return w


def erf(x):
    return np.vectorize(math.erf)(x)


ACTIVATIONS = {
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def forward(w, tokens, rotary_dim, act, layer_norm, parallel, group, edit=lambda name, x: x):
    """All hook points and the logits, one position after the other where that is plainer. edit(name, value) may return another value: keys
    and values have one entry a query head there, before rotary."""
    w = {k: v.astype(np.float64) for k, v in w.items()}
    out = {}
    P, T = tokens.shape

    def norm(where, x):
        if layer_norm:
            x = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((x**2).mean(-1, keepdims=True) + EPS)
        out[where + "hook_scale"] = scale
        y = x / scale
        if not layer_norm:
            out[where + "hook_normalized"] = y
            return y * w.get(where + "w", 1)
        y = y * w.get(where + "w", 1) + w.get(where + "b", 0)
        out[where + "hook_normalized"] = y
        return y

    def rotate(x):
        half = rotary_dim // 2
        y = x.copy()
        for t in range(T):
            for i in range(half):
                angle = t * 10000.0 ** (-2 * i / rotary_dim)
                a, b = x[:, t, :, i], x[:, t, :, i + half]
                y[:, t, :, i] = a * math.cos(angle) - b * math.sin(angle)
                y[:, t, :, i + half] = b * math.cos(angle) + a * math.sin(angle)
        return y

    x = w["embed.W_E"][tokens]
    out["hook_embed"] = x
    if "pos_embed.W_pos" in w:
        positions = np.broadcast_to(w["pos_embed.W_pos"][:T], x.shape)
        out["hook_pos_embed"] = positions
        x = x + positions
    for i in range(L):
        b, a = "blocks.%d." % i, "blocks.%d.attn." % i
        x = edit(b + "hook_resid_pre", x)
        out[b + "hook_resid_pre"] = x
        n = norm(b + "ln1.", x)
        q, k, v = (np.einsum("ptd,hde->pthe", n, w[a + "W_" + s]) + w[a + "b_" + s] for s in "QKV")
        out[a + "hook_q"], out[a + "hook_k"], out[a + "hook_v"] = q, k, v
        if rotary_dim:
            out[a + "hook_rot_q"], out[a + "hook_rot_k"] = rotate(q), rotate(k)
        q = edit(a + "hook_q", q)
        k, v = edit(a + "hook_k", np.repeat(k, group, axis=2)), edit(a + "hook_v", np.repeat(v, group, axis=2))
        if rotary_dim:
            q, k = rotate(q), rotate(k)
        scores = np.einsum("pqhe,pkhe->phqk", q, k) / math.sqrt(q.shape[-1])
        scores[..., np.triu(np.ones((T, T), bool), 1)] = -np.inf
        out[a + "hook_attn_scores"] = scores
        pattern = np.exp(scores - scores.max(-1, keepdims=True))
        pattern /= pattern.sum(-1, keepdims=True)
        pattern = edit(a + "hook_pattern", pattern)
        out[a + "hook_pattern"] = pattern
        z = edit(a + "hook_z", np.einsum("phqk,pkhe->pqhe", pattern, v))
        out[a + "hook_z"] = z
        out[a + "hook_result"] = np.einsum("pthe,hed->pthd", z, w[a + "W_O"])
        attn_out = edit(b + "hook_attn_out", out[a + "hook_result"].sum(2) + w[a + "b_O"])
        out[b + "hook_attn_out"] = attn_out
        mid = x if parallel else x + attn_out
        if not parallel:
            out[b + "hook_resid_mid"] = mid
        out[b + "hook_mlp_in"] = mid
        n = norm(b + "ln2.", mid)
        linear = n @ w[b + "mlp.W_in"]
        if b + "mlp.W_gate" in w:
            out[b + "mlp.hook_pre"], out[b + "mlp.hook_pre_linear"] = n @ w[b + "mlp.W_gate"], linear
            post = ACTIVATIONS[act](out[b + "mlp.hook_pre"]) * linear + w[b + "mlp.b_in"]
        else:
            out[b + "mlp.hook_pre"] = linear + w[b + "mlp.b_in"]
            post = ACTIVATIONS[act](out[b + "mlp.hook_pre"])
        out[b + "mlp.hook_post"] = post
        out[b + "hook_mlp_out"] = edit(b + "hook_mlp_out", post @ w[b + "mlp.W_out"] + w[b + "mlp.b_out"])
        x = edit(b + "hook_resid_post", x + attn_out + out[b + "hook_mlp_out"])
        out[b + "hook_resid_post"] = x
    out["logits"] = norm("ln_final.", x) @ w["unembed.W_U"] + w["unembed.b_U"]
    return out


def neox_state(w, H, d):
    s = {"gpt_neox.embed_in.weight": w["embed.W_E"]}
    for i in range(L):
        b, to = "blocks.%d." % i, "gpt_neox.layers.%d." % i
        s[to + "input_layernorm.weight"], s[to + "input_layernorm.bias"] = w[b + "ln1.w"], w[b + "ln1.b"]
        s[to + "post_attention_layernorm.weight"], s[to + "post_attention_layernorm.bias"] = w[b + "ln2.w"], w[b + "ln2.b"]
        s[to + "attention.query_key_value.weight"] = np.stack(
            [w[b + "attn.W_" + n].transpose(0, 2, 1) for n in "QKV"], axis=1).reshape(3 * H * d, D)
        s[to + "attention.query_key_value.bias"] = np.stack([w[b + "attn.b_" + n] for n in "QKV"], axis=1).reshape(-1)
        s[to + "attention.dense.weight"], s[to + "attention.dense.bias"] = w[b + "attn.W_O"].reshape(H * d, D).T, w[b + "attn.b_O"]
        s[to + "mlp.dense_h_to_4h.weight"], s[to + "mlp.dense_h_to_4h.bias"] = w[b + "mlp.W_in"].T, w[b + "mlp.b_in"]
        s[to + "mlp.dense_4h_to_h.weight"], s[to + "mlp.dense_4h_to_h.bias"] = w[b + "mlp.W_out"].T, w[b + "mlp.b_out"]
    s["gpt_neox.final_layer_norm.weight"], s["gpt_neox.final_layer_norm.bias"] = w["ln_final.w"], w["ln_final.b"]
    s["embed_out.weight"] = w["unembed.W_U"].T
    return s


def gpt2_state(w, H, d):
    s = {"wte.weight": w["embed.W_E"], "wpe.weight": w["pos_embed.W_pos"]}
    for i in range(L):
        b, to = "blocks.%d." % i, "h.%d." % i
        s[to + "ln_1.weight"], s[to + "ln_1.bias"] = w[b + "ln1.w"], w[b + "ln1.b"]
        s[to + "ln_2.weight"], s[to + "ln_2.bias"] = w[b + "ln2.w"], w[b + "ln2.b"]
        s[to + "attn.bias"] = np.tril(np.ones((1, 1, CTX, CTX), np.float32))
        s[to + "attn.c_attn.weight"] = np.concatenate([w[b + "attn.W_" + n].transpose(1, 0, 2).reshape(D, H * d) for n in "QKV"], axis=1)
        s[to + "attn.c_attn.bias"] = np.concatenate([w[b + "attn.b_" + n].reshape(-1) for n in "QKV"])
        s[to + "attn.c_proj.weight"], s[to + "attn.c_proj.bias"] = w[b + "attn.W_O"].reshape(H * d, D), w[b + "attn.b_O"]
        s[to + "mlp.c_fc.weight"], s[to + "mlp.c_fc.bias"] = w[b + "mlp.W_in"], w[b + "mlp.b_in"]
        # One matrix is stored transposed, as some exporters leave them.
        s[to + "mlp.c_proj.weight"], s[to + "mlp.c_proj.bias"] = np.asfortranarray(w[b + "mlp.W_out"]), w[b + "mlp.b_out"]
    s["ln_f.weight"], s["ln_f.bias"] = w["ln_final.w"], w["ln_final.b"]
    return s


def llama_state(w, H, G, d):
    s = {"model.embed_tokens.weight": w["embed.W_E"]}
    for i in range(L):
        b, to = "blocks.%d." % i, "model.layers.%d." % i
        s[to + "input_layernorm.weight"], s[to + "post_attention_layernorm.weight"] = w[b + "ln1.w"], w[b + "ln2.w"]
        for n in "QKV":
            x = w[b + "attn.W_" + n]
            s[to + "self_attn.%s_proj.weight" % n.lower()] = x.transpose(0, 2, 1).reshape(-1, D)
        s[to + "self_attn.o_proj.weight"] = w[b + "attn.W_O"].reshape(H * d, D).T
        s[to + "self_attn.rotary_emb.inv_freq"] = np.ones(d // 2, np.float32)
        s[to + "mlp.gate_proj.weight"], s[to + "mlp.up_proj.weight"] = w[b + "mlp.W_gate"].T, w[b + "mlp.W_in"].T
        s[to + "mlp.down_proj.weight"] = w[b + "mlp.W_out"].T
    s["model.norm.weight"] = w["ln_final.w"]
    return s


def golden(folder, w, tokens, settings, group):
    layer_norm = settings["layer_norm"]
    processed = process(w, layer_norm, group)
    out = {"tokens": tokens}
    for kind, weights in (("raw", w), ("processed", processed)):
        for name, x in forward(weights, tokens, group=group, **settings).items():
            out[kind + "." + name] = x.astype(np.float32)
    for name, x in processed.items():
        if group > 1 and name[-3:] in ("W_K", "W_V", "b_K", "b_V"):
            name = name[:-3] + "_" + name[-3:]
        out["processed.weights." + name] = x.astype(np.float32)
    write_safetensors(folder / "golden.safetensors", out)


def main():
    rng = np.random.default_rng(20)
    tokens = rng.integers(0, V, (2, 7))

    def start(name, config):
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        return folder

    H, d, M = 4, 4, 24
    folder = start("tiny-neox", {
        "architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "hidden_act": "gelu", "hidden_size": D, "intermediate_size": M,
        "layer_norm_eps": EPS, "max_position_embeddings": CTX, "num_attention_heads": H, "num_hidden_layers": L, "rotary_emb_base": 10000,
        "rotary_pct": 0.5, "tie_word_embeddings": False, "torch_dtype": "float32", "use_parallel_residual": True, "vocab_size": V})
    w = make_weights(rng, H, H, d, M, False, True, False)
    write_safetensors(folder / "model.safetensors", neox_state(w, H, d))
    golden(folder, w, tokens, {"rotary_dim": 2, "act": "gelu", "layer_norm": True, "parallel": True}, 1)

    M = 4 * D
    folder = start("tiny-gpt2", {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new", "layer_norm_epsilon": EPS,
        "n_ctx": CTX, "n_embd": D, "n_head": H, "n_inner": None, "n_layer": L, "n_positions": CTX, "vocab_size": V})
    w = make_weights(rng, H, H, d, M, False, True, True)
    w["unembed.W_U"] = w["embed.W_E"].T.copy()
    write_torch(folder / "pytorch_model.bin", gpt2_state(w, H, d))
    golden(folder, w, tokens, {"rotary_dim": 0, "act": "gelu_new", "layer_norm": True, "parallel": False}, 1)

    H, G, d, M = 4, 2, 6, 20 # the heads together are wider than d_model
    folder = start("tiny-llama", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": False, "dtype": "bfloat16", "head_dim": d,
        "hidden_act": "silu", "hidden_size": D, "intermediate_size": M, "max_position_embeddings": CTX, "mlp_bias": False,
        "num_attention_heads": H, "num_hidden_layers": L, "num_key_value_heads": G, "rms_norm_eps": EPS,
        "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}, "tie_word_embeddings": True, "vocab_size": V})
    w = make_weights(rng, H, G, d, M, True, False, False)
    w = {k: from_bf16(bf16(x)) for k, x in w.items()}
    w["unembed.W_U"] = w["embed.W_E"].T.copy()
    state = llama_state(w, H, G, d)
    names = list(state)
    index = {"metadata": {"total_size": sum(2 * x.size for x in state.values())}, "weight_map": {}}
    for shard, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), 1):
        file = "model-%05d-of-00002.safetensors" % shard
        write_safetensors(folder / file, {n: bf16(np.ascontiguousarray(state[n])) for n in part})
        index["weight_map"].update({n: file for n in part})
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    golden(folder, w, tokens, {"rotary_dim": d, "act": "silu", "layer_norm": False, "parallel": False}, G and H // G)


if __name__ == "__main__":
    main()
