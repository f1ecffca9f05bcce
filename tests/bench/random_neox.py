"""A random-weight GPT-NeoX model as a Hugging Face folder, and a batch of prompt pairs, so that two programs can be given the same."""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

GEOMETRIES = {"pythia-70m": (6, 8, 512), "pythia-160m": (12, 12, 768)}
VOCABULARY = 50304


def write_model(folder, geometry, seed=1):
    """Weights are normal with the spread that Pythia's have on average; norm weights around 1."""
    layers, heads, width = GEOMETRIES[geometry]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)

    def normal(*shape, spread=0.02, mean=0.0):
        return (mean + spread * random.standard_normal(shape)).astype(np.float32)

    tensors = {"gpt_neox.embed_in.weight": normal(VOCABULARY, width, spread=0.1), "embed_out.weight": normal(VOCABULARY, width),
               "gpt_neox.final_layer_norm.weight": normal(width, spread=0.1, mean=1), "gpt_neox.final_layer_norm.bias": normal(width)}
    for layer in range(layers):
        prefix = f"gpt_neox.layers.{layer}."
        for name, rows, columns in (("attention.query_key_value", 3 * width, width), ("attention.dense", width, width),
                                    ("mlp.dense_h_to_4h", 4 * width, width), ("mlp.dense_4h_to_h", width, 4 * width)):
            # Queries and keys large enough that attention is neither uniform nor on one token.
            tensors[f"{prefix}{name}.weight"] = normal(rows, columns, spread=0.05 if name.endswith("value") else 0.02)
            tensors[f"{prefix}{name}.bias"] = normal(rows)
        for norm in "input_layernorm", "post_attention_layernorm":
            tensors[f"{prefix}{norm}.weight"] = normal(width, spread=0.1, mean=1)
            tensors[f"{prefix}{norm}.bias"] = normal(width)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "hidden_size": width, "num_hidden_layers": layers,
              "num_attention_heads": heads, "intermediate_size": 4 * width, "vocab_size": VOCABULARY, "max_position_embeddings": 2048,
              "layer_norm_eps": 1e-5, "hidden_act": "gelu", "rotary_pct": 0.25, "rotary_emb_base": 10000, "use_parallel_residual": True,
              "tie_word_embeddings": False, "torch_dtype": "float32", "bos_token_id": 0, "eos_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def make_batch(prompts, seed=1):
    """Random ids laid out like indirect-object prompts: 14 to 20 tokens, S2 two to six tokens before END; flipped has IO at S2."""
    random = np.random.default_rng(seed)
    width = 20
    clean = np.zeros((prompts, width), np.int64)
    columns = {name: np.zeros(prompts, np.int64) for name in ("end", "io", "s", "io_pos", "s1_pos", "s2_pos")}
    flipped = clean.copy()
    for p in range(prompts):
        end = int(random.choice([13, 14, 14, 16, 17, 18, 18, 19]))
        s2 = end - (6 if end >= 18 else 2 if end == 13 else 4)
        io, s = random.choice(VOCABULARY, 2, replace=False)
        first, second = (2, 4) if p % 2 else (4, 2)
        clean[p, :end + 1] = random.integers(0, VOCABULARY, end + 1)
        clean[p, [first, second, s2]] = io, s, s
        flipped[p] = clean[p]
        flipped[p, s2] = io
        for name, value in zip(columns, (end, io, s, first, second, s2)):
            columns[name][p] = value
    return {"clean": clean, "flipped": flipped, **columns}


def write_batch(path, batch):
    save_file(batch, path)
