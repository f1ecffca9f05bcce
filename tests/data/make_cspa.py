#!/usr/bin/env python3
"""Copy-suppression-preserving ablation (CSPA) in float64, written from its definition alone, on two small models.

Reads tiny-llama (grouped keys and values) and writes tiny-gemma2 (post norms, windows, soft caps, grouped), and beside each of them
cspa.safetensors: token ids `texts` [N, T], `mean` [M, T], `function` [F], `top_percent` [1], and what came out, `cspa`, `cspa.kl`,
`cspa.kl_ablated` [layers, heads], `cspa.by_text` [layers, heads, N]. Made with numpy 2.4:

    python make_cspa.py FOLDER      (the folder that holds tiny-llama: tests/data)
"""
import json
import math
import sys
from pathlib import Path

import numpy as np

FUNCTION, TOP_PERCENT = [1, 4, 9], 20.0


def read_safetensors(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin:8 + length + end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, {"F32": np.float32, "I64": np.int64}[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


def write_safetensors(path, tensors):
    header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        kind = "I64" if array.dtype.kind == "i" else "F32"
        blob = array.astype(np.int64 if kind == "I64" else np.float32).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


class Model:
    """Llama's and Gemma 2's block, whichever config.json says. Weight processing as the program does it of itself: the final norm's
    weight goes into W_U, and W_U is centred over the vocabulary where no soft cap forbids it. Nothing else of it touches what CSPA reads."""

    def __init__(self, folder):
        self.c = c = json.loads((folder / "config.json").read_text())
        self.gemma = c["model_type"] == "gemma2"
        self.w = {}
        for file in sorted(folder.glob("model*.safetensors")):
            self.w |= read_safetensors(file)
        self.L, self.H, self.G, self.d = c["num_hidden_layers"], c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        self.cap = c.get("final_logit_softcapping") or 0
        self.W_U = (self.w["model.embed_tokens.weight"] * self.norm_weight("model.norm")).T  # [D, V]
        if not self.cap:
            self.W_U = self.W_U - self.W_U.mean(1, keepdims=True)

    def norm_weight(self, name):
        return self.w[name + ".weight"] + (1 if self.gemma else 0)

    def scale(self, x):
        return np.sqrt((x * x).mean(-1) + self.c["rms_norm_eps"])

    def norm(self, x, name):
        return x / self.scale(x)[..., None] * self.norm_weight(name)

    def post_norm(self, x, l):
        return self.norm(x, f"model.layers.{l}.post_attention_layernorm") if self.gemma else x

    def logits(self, stream, scale):
        raw = stream / scale[:, None] @ self.W_U
        return self.cap * np.tanh(raw / self.cap) if self.cap else raw

    def rotate(self, x):  # [T, heads, d]
        half = self.d // 2
        base = self.c.get("rope_theta") or self.c["rope_parameters"]["rope_theta"]
        angles = np.arange(x.shape[0])[:, None] * base ** (-np.arange(half) / half)
        cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
        a, b = x[..., :half], x[..., half:]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)

    def run(self, tokens):
        """What CSPA reads, for one text: resid_pre, patterns, values and results of every layer; final stream and its scale."""
        c, T = self.c, len(tokens)
        x = self.w["model.embed_tokens.weight"][tokens] * (math.sqrt(c["hidden_size"]) if self.gemma else 1)
        out = {"pre": [], "pattern": [], "o": [], "result": [], "sum": []}
        for l in range(self.L):
            p = f"model.layers.{l}."
            W = lambda name: self.w[p + name + ".weight"].T
            n = self.norm(x, p + "input_layernorm")
            q = self.rotate((n @ W("self_attn.q_proj")).reshape(T, self.H, self.d))
            k = self.rotate((n @ W("self_attn.k_proj")).reshape(T, self.G, self.d)).repeat(self.H // self.G, 1)
            v = (n @ W("self_attn.v_proj")).reshape(T, self.G, self.d).repeat(self.H // self.G, 1)
            scores = np.einsum("qhd,khd->hqk", q, k) / math.sqrt(c.get("query_pre_attn_scalar", self.d))
            if c.get("attn_logit_softcapping"):
                scores = c["attn_logit_softcapping"] * np.tanh(scores / c["attn_logit_softcapping"])
            far = np.arange(T)[:, None] - np.arange(T)
            seen = far >= 0
            if self.gemma and l % 2 == 0:
                seen &= far < c["sliding_window"]
            scores = np.where(seen, scores, -np.inf)
            pattern = np.exp(scores - scores.max(-1, keepdims=True))
            pattern /= pattern.sum(-1, keepdims=True)
            o = np.einsum("khd,hde->hke", v, W("self_attn.o_proj").reshape(self.H, self.d, -1))  # [H, T, D]
            result = pattern @ o
            out["pre"].append(x), out["pattern"].append(pattern), out["o"].append(o), out["result"].append(result)
            out["sum"].append(result.sum(0))
            x = x + self.post_norm(result.sum(0), l)
            m = self.norm(x, p + ("pre_feedforward_layernorm" if self.gemma else "post_attention_layernorm"))
            gate = m @ W("mlp.gate_proj")
            act = 0.5 * gate * (1 + np.tanh(math.sqrt(2 / math.pi) * (gate + 0.044715 * gate ** 3))) if self.gemma else gate / (1 + np.exp(-gate))
            m = (act * (m @ W("mlp.up_proj"))) @ W("mlp.down_proj")
            x = x + (self.norm(m, p + "post_feedforward_layernorm") if self.gemma else m)
        return out | {"final": x, "scale": self.scale(x)}


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def kept_sources(predicted, tokens, q):
    """predicted [k]: how much the stream at q predicts the token at each source."""
    candidates = [k for k in range(q + 1) if tokens[k] not in FUNCTION]
    first = {}
    for k in candidates:
        first.setdefault(tokens[k], predicted[k])
    count = math.ceil(TOP_PERCENT / 100 * (q + 1) - 1e-9)
    if len(first) < count:
        return candidates
    threshold = sorted(first.values(), reverse=True)[count - 1] - 1e-6
    return [k for k in candidates if predicted[k] >= threshold]


def cspa(model, texts, mean):
    N, T = texts.shape
    r_mean = [np.mean([run["result"][l] for run in map(model.run, mean)], 0) for l in range(model.L)]  # [H, T, D] of each layer
    kl = {mode: np.zeros((model.L, model.H, N)) for mode in ("cspa", "ablated")}
    for n, tokens in enumerate(texts):
        run = model.run(tokens)
        s = run["scale"]
        clean = log_softmax(model.logits(run["final"], s))
        columns = model.W_U[:, tokens]  # [D, T]
        unit = (columns / np.linalg.norm(columns, axis=0)).T  # [T, D]
        for l in range(model.L):
            predicted = run["pre"][l] / s[:, None] @ columns  # [q, k]
            for h in range(model.H):
                usual = r_mean[l][h]  # [T, D]
                kept = usual.copy()
                for q in range(T):
                    for k in kept_sources(predicted[q], tokens, q):
                        along = (run["o"][l][h, k] - usual[q]) @ unit[k]
                        kept[q] += run["pattern"][l][h, q, k] * min(0.0, along) * unit[k]
                for mode, new in (("cspa", kept), ("ablated", usual)):
                    # Where blocks norm their output, a head is known to the stream only through the norm of the whole sum.
                    total = run["sum"][l]
                    change = model.post_norm(total + new - run["result"][l][h], l) - model.post_norm(total, l)
                    other = log_softmax(model.logits(run["final"] + change, s))
                    kl[mode][l, h, n] = (np.exp(clean) * (clean - other)).sum(-1).mean()
    means = {mode: values.mean(-1) for mode, values in kl.items()}
    return {"cspa": 1 - means["cspa"] / means["ablated"], "cspa.kl": means["cspa"], "cspa.kl_ablated": means["ablated"],
            "cspa.by_text": 1 - kl["cspa"] / kl["ablated"]}


def make_gemma2(folder, random):
    folder.mkdir(exist_ok=True)
    c = {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "vocab_size": 23, "max_position_embeddings": 16,
         "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 5,
         "attn_logit_softcapping": 4.0, "final_logit_softcapping": 6.0, "sliding_window": 5, "attention_bias": False,
         "tie_word_embeddings": True}
    (folder / "config.json").write_text(json.dumps(c, indent=1) + "\n")
    D, M, V, q, kv = c["hidden_size"], c["intermediate_size"], c["vocab_size"], 24, 12
    weights = {"model.embed_tokens.weight": (V, D), "model.norm.weight": (D,)}
    for l in range(c["num_hidden_layers"]):
        p = f"model.layers.{l}."
        weights |= {p + f"self_attn.{name}_proj.weight": shape for name, shape in
                    {"q": (q, D), "k": (kv, D), "v": (kv, D), "o": (D, q)}.items()}
        weights |= {p + f"mlp.{name}_proj.weight": shape for name, shape in {"gate": (M, D), "up": (M, D), "down": (D, M)}.items()}
        weights |= {p + f"{name}_layernorm.weight": (D,) for name in ("input", "post_attention", "pre_feedforward", "post_feedforward")}
    write_safetensors(folder / "model.safetensors",
                      {name: random.normal(size=shape) * (0.2 if len(shape) == 1 else 0.4) for name, shape in weights.items()})


def main():
    data = Path(sys.argv[1])
    random = np.random.default_rng(5)
    make_gemma2(data / "tiny-gemma2", random)
    for name in ("tiny-llama", "tiny-gemma2"):
        texts, mean = (random.integers(0, 23, size=(rows, 13)) for rows in (3, 5))
        found = cspa(Model(data / name), texts, mean)
        write_safetensors(data / name / "cspa.safetensors",
                          {"texts": texts, "mean": mean, "function": np.array(FUNCTION), "top_percent": np.array([TOP_PERCENT])} | found)
        print(name, "cspa from", found["cspa"].min(), "to", found["cspa"].max(), "KL of mean ablation from", found["cspa.kl_ablated"].min())


if __name__ == "__main__":
    main()
