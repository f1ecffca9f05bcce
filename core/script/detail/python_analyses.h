// What scripts compute of the analyses: Python that stands behind the frame and the values of the run. FOUND has the
// result's arrays, those with prompts as their last axis as means over them.
#pragma once

namespace patchbay::detail {

inline constexpr const char *of_direct_attribution = R"py(
STREAM = f"blocks.{LAYERS - 1}.hook_resid_post"
Z = [f"blocks.{layer}.attn.hook_z" for layer in range(LAYERS)]
direction = (model.W_U[:, RIGHT] - model.W_U[:, WRONG]).T  # [prompts, d_model]


def scale_of(stream):
    """What the final norm divides by [..., 1]."""
    if not model.cfg.normalization_type.startswith("RMS"):
        stream = stream - stream.mean(-1, keepdim=True)
    return (stream.pow(2).mean(-1, keepdim=True) + model.cfg.eps).sqrt()


def attribution(cache, scale):
    """What heads write towards the answer [layers, heads, prompts]. scale [prompts]."""
    return torch.stack([torch.einsum("phd,hdm,pm->hp", cache[Z[layer]][prompts, END], model.W_O[layer], direction) / scale
                        for layer in range(LAYERS)])
)py";

inline constexpr const char *of_dla = R"py(
blocks = range(LAYERS)
parts = {"attn_out": "hook_attn_out", "mlp_out": "hook_mlp_out", "before": "hook_resid_pre"}
cache = cached(CLEAN, {"hook_embed", STREAM, *Z, *(f"blocks.{layer}.{hook}" for layer in blocks for hook in parts.values())})
scale = scale_of(cache[STREAM])[..., 0]
at_answer = lambda value: (value[prompts, END] * direction).sum(-1) / scale[prompts, END]
components = [at_answer(cache["hook_embed"])]
if "pos_embed" in COMPONENTS:
    components.append(at_answer(cache["blocks.0.hook_resid_pre"] - cache["hook_embed"]))
for layer in blocks:
    components += [at_answer(cache[f"blocks.{layer}.{parts[part]}"]) for part in ("attn_out", "mlp_out") if f"{part} {layer}" in COMPONENTS]
streams = [cache[f"blocks.{layer}.hook_resid_pre"] for layer in blocks] + [cache[STREAM]]
here = {
    "dla": attribution(cache, scale[prompts, END]),
    "dla.scale_last_position": attribution(cache, scale[:, -1]),
    "accumulated.dla": torch.stack([at_answer(stream) for stream in streams]),
    "components.dla": torch.stack(components),
    "unembed_bias_diff": model.b_U[RIGHT] - model.b_U[WRONG],
}
for name, there in FOUND.items():
    compare_all(name, here[name].double().mean(-1), there)
)py";

inline constexpr const char *of_copy_scores = R"py(

def copy_scores():
    """Shares in % of names that are among the five largest logits of what a head would write there [sign, layers, heads]."""
    stream = cached(CLEAN, {"blocks.0.hook_resid_post"})["blocks.0.hook_resid_post"]
    names = torch.cat([RIGHT, WRONG, WRONG])
    x = torch.cat([stream[prompts, ROLES[role]] for role in ("io", "s1", "s2")])
    scores = torch.zeros(2, LAYERS, HEADS)
    for layer, head in itertools.product(range(LAYERS), range(HEADS)):
        shared = head // (HEADS // model.W_V.shape[1])
        out = (x @ model.W_V[layer, shared] + model.b_V[layer, shared]) @ model.W_O[layer, head]
        for sign in (0, 1):
            logits = (1 - 2 * sign) * (out @ model.W_U) + model.b_U
            larger = (logits > logits.gather(1, names[:, None])).sum(1)
            scores[sign, layer, head] = 100 * (larger < 5).double().mean()
    return scores
)py";

// A share moves by a whole name where two logits are equal but for rounding.
inline constexpr const char *over_copy_scores = R"py(
for name, here in zip(("copy.positive", "copy.negative"), copy_scores()):
    compare_all(name, here, FOUND[name], scale=1.01 * 100 / (3 * len(END)) / TOLERANCE)  # one name may be on the other side
)py";

inline constexpr const char *of_attention = R"py(
PATTERN = [f"blocks.{layer}.attn.hook_pattern" for layer in range(LAYERS)]


def attention_from_end(hooks=()):
    """Of every head to every role [layers, heads, prompts]."""
    cache = cached(CLEAN, PATTERN, hooks)
    return {role: torch.stack([cache[name][prompts, :, END, at].T for name in PATTERN]) for role, at in ROLES.items()}
)py";

inline constexpr const char *over_attention = R"py(
for role, here in attention_from_end().items():
    compare_all(role, here.double().mean(-1), FOUND[f"attention.end_to_{role}"])
)py";

inline constexpr const char *over_attention_patterns = R"py(
tokens = (FLIPPED if OF_FLIPPED else CLEAN)
size = END[PROMPT].item() + 1
for name, there in FOUND.items():
    layer, head = (int(number) for number in name.removeprefix("pattern.").split("."))
    hooks = {f"blocks.{layer}.attn.hook_pattern", f"blocks.{layer}.attn.hook_v"}
    cache = cached(tokens, hooks)
    pattern = cache[f"blocks.{layer}.attn.hook_pattern"][PROMPT, head, :size, :size]
    if VALUE_WEIGHTED:
        value = cache[f"blocks.{layer}.attn.hook_v"]
        value = value[PROMPT, :size, head // (HEADS // value.shape[2])] @ model.W_O[layer, head]
        length = value.norm(dim=-1)
        pattern = pattern * length / length.max()
    compare_all(name, pattern, there)
)py";

inline constexpr const char *over_attention_vs_contribution = R"py(
layer, head = HEAD
cache = cached(CLEAN, {STREAM, Z[layer]})
seen = {role: here[layer, head] for role, here in attention_from_end().items()}
output = cache[Z[layer]][prompts, END, head] @ model.W_O[layer, head] / scale_of(cache[STREAM])[prompts, END]
here = {
    "contribution.io": (output * model.W_U[:, RIGHT].T).sum(-1),
    "contribution.s": (output * model.W_U[:, WRONG].T).sum(-1),
    "attention.io": seen["io"],
    "attention.s": seen["s1"] + seen["s2"],
}
for name, there in FOUND.items():  # of each prompt
    compare_all(name, here[name], there)
)py";

inline constexpr const char *of_detectors = R"py(

def detectors():
    """Mean attention to the previous token, the same token's first place, and the one after it [layers, heads]."""
    cache = {}

    def keep(value, name):
        cache[name] = value.clone()

    names = [f"blocks.{layer}.attn.hook_pattern" for layer in range(LAYERS)]
    run(REPEATED, [(name, keep) for name in names])
    pattern = torch.stack([cache[name] for name in names]).double()  # [layers, rows, heads, to, from]
    half = REPEATED.shape[1] // 2
    found = {}
    for name, first, back in (("previous_token", 1, 1), ("duplicate_token", half, half), ("induction", half, half - 1)):
        to = torch.arange(first, 2 * half)
        read = pattern[..., to, to - back]
        found[f"detector.{name}"] = read.mean((1, 3))
        found[f"detector.tl_mul.{name}"] = read[:, 0].sum(-1) / pattern[:, 0].sum((-2, -1))
    return found
)py";

inline constexpr const char *over_detectors = R"py(
here = detectors()
for name, there in FOUND.items():
    compare_all(name, here[name], there)
)py";

inline constexpr const char *over_logit_lens = R"py(
streams = [f"blocks.{layer}.hook_resid_post" for layer in range(LAYERS)]
cache = cached(CLEAN, streams)
last = streams[-1]
here = [metric(at_end(CLEAN, [(last, lambda value, name: cache[stream])])) for stream in streams]
compare_all("lens.logit_diff", torch.tensor(here), FOUND["lens.logit_diff"])
)py";

inline constexpr const char *of_ablation = R"py(

def ablated(heads, at):
    """What heads write, and what is left, where some are taken out together."""
    other = replacements(FLIPPED, {Z[layer] for layer, _ in heads})

    def put(value, name):
        for layer, head in heads:
            if Z[layer] == name:
                value = placed(value, other[name], name, head, at)
        return value

    hooks = [(name, put) for name in other]
    before, after = cached(CLEAN, {STREAM, *Z}), cached(CLEAN, {STREAM, *Z}, hooks)
    scale, new_scale = (scale_of(cache[STREAM])[..., 0] for cache in (before, after))
    logits = at_end(CLEAN, hooks)
    was, now = attribution(before, scale[prompts, END]), attribution(after, new_scale[prompts, END])
    own = attribution(after, scale[prompts, END]) - was
    own[:min(layer for layer, _ in heads) + 1] = 0  # earlier heads, and those beside, do not change
    for layer, head in heads:
        own[layer, head] = (attribution(after, scale[prompts, END]) - was)[layer, head]
    found = {
        "ablate.logit_diff": logits[prompts, RIGHT] - logits[prompts, WRONG],
        "ablate.dla": now,
        "ablate.dla.scale_last_position": attribution(after, new_scale[:, -1]),
        "ablate.dla_change": now - was,
        "ablate.own_change": own,
        "ablate.scale_change": now - was - own,
    }
    for name, sign in (("ablate.backup_gain", 1), ("ablate.released", -1)):  # by the means over prompts
        side = lambda x: (sign * x.mean(-1, keepdim=True) > 0) * x
        found[name] = side(was + own) - side(was)
        for layer, head in heads:
            found[name][layer, head] = 0
    return {name: value.double().mean(-1) for name, value in found.items()}
)py";

inline constexpr const char *over_ablation = R"py(
here = ablated(TAKEN_OUT, chosen(POSITIONS))
largest = max(abs(there).max().item() for name, there in FOUND.items() if name != "ablate.logit_diff")
for name, there in FOUND.items():
    compare_all(name, here[name], there, None if name == "ablate.logit_diff" else largest)
)py";

inline constexpr const char *over_s_inhibition = R"py(
END_ALONE = [[at] for at in END.tolist()]
at = chosen(END_ALONE)
other = replacements(FLIPPED, {f"blocks.{layer}.attn.hook_z" for layer, _ in CANDIDATES})
path = paths(CLEAN, other, True, at)
before = attention_from_end()
compare_all("attention END to S2", torch.stack([before["s2"][head].double().mean() for head in CANDIDATES]), FOUND["s2i.candidate_attention_s2"])
movers = tuple(zip(*NAME_MOVERS))
after, diffs = {role: [] for role in ROLES}, []
for layer, head in CANDIDATES:
    seen = {}

    def look(value, name):
        seen[name] = value.clone()

    diffs.append(path([(f"blocks.{layer}.attn.hook_z", head)], [(f"blocks.{l}.attn.hook_q", h) for l, h in NAME_MOVERS],
                      [(name, look) for name in PATTERN]))
    for role, places in ROLES.items():
        after[role].append(torch.stack([seen[PATTERN[l]][prompts, h, END, places].double().mean() for l, h in NAME_MOVERS]))
compare_all("logit difference", torch.tensor(diffs), FOUND["s2i.logit_diff.after"])
for role in ("io", "s1", "s2"):
    name = f"s2i.name_mover_attention_{role}"
    compare_all(f"{role} before", before[role][movers].double().mean(-1), FOUND[f"{name}.before"])
    compare_all(f"{role} after", torch.stack(after[role]), FOUND[f"{name}.after"])
)py";

// The detectors' own tokens: the result of an analysis that asks them does not repeat them.
inline constexpr const char *over_roles = R"py(
draw, rows = random.Random(0), []
for _ in range(3):  # of 15 different random tokens, each repeated once
    row = []
    while len(row) < 15:
        token = draw.randrange(model.cfg.d_vocab)
        if token not in row:
            row.append(token)
    rows.append(row + row)
REPEATED = torch.tensor(rows)

cells = list(itertools.product(range(LAYERS), range(HEADS)))
other = replacements(FLIPPED, Z)
everywhere = chosen(None)
path = paths(CLEAN, other, True, everywhere)
denoised = cached(CLEAN, Z)


def over_heads(value):
    return torch.tensor([value(layer, head) for layer, head in cells], dtype=torch.double).reshape(LAYERS, HEADS)


def into(receivers):
    """What each head does along the paths into receivers, in % of the gap."""
    return over_heads(lambda layer, head: 100 * (path([(Z[layer], head)], receivers) - found["clean"]) / GAP)


seen = attention_from_end()
here = {
    "direct": into([(STREAM, None)]),
    "effect": over_heads(lambda layer, head: 100 * (patched(FLIPPED, denoised, Z[layer], head, everywhere) - found["flipped"]) / GAP),
    "attention.end_to_io": seen["io"].double().mean(-1),
    "attention.end_to_s2": seen["s2"].double().mean(-1),
    **detectors(),
}
if NAME_MOVERS:
    here["queries"] = into([(f"blocks.{layer}.attn.hook_q", head) for layer, head in NAME_MOVERS])
    REPLACEMENT = "zero"
    gone = ablated(NAME_MOVERS, everywhere)
    here["backup"], here["released"] = (gone[f"ablate.{name}"] for name in ("backup_gain", "released"))
for name, there in FOUND.items():
    if not name.startswith("roles.copy"):
        scale = 100.0 if name in ("roles.direct", "roles.effect", "roles.queries") else 1.0
        compare_all(name, here[name.removeprefix("roles.")], there, scale)
for name, shares in zip(("copy.positive", "copy.negative"), copy_scores()):
    compare_all(name, shares, FOUND[f"roles.{name}"], scale=1.01 * 100 / (3 * len(END)) / TOLERANCE)  # one name may be on the other side
)py";

} // namespace patchbay::detail
