// What scripts compute of edges and circuits: Python that stands behind the frame and the values of the run.
#pragma once

namespace patchbay::detail {

// The graph by its names in the result (WRITERS, READERS), and what its nodes write and read.
inline constexpr const char *of_edges = R"py(
FINAL = f"blocks.{LAYERS - 1}.hook_resid_post"
PARALLEL = bool(model.cfg.parallel_attn_mlp)
MLPS = [layer for layer in range(LAYERS) if f"m{layer}" in WRITERS]


def place(node):
    """"a3.h4<k>" is (3, 4, "k"), "m2" (2, None, "mlp"), "input" and "logits" have neither layer nor head."""
    if node in ("input", "logits"):
        return (-1 if node == "input" else LAYERS), None, node
    if node[0] == "m":
        return int(node[1:]), None, "mlp"
    layer, head = node[1:].split(".h")
    head, _, letter = head.partition("<")
    return int(layer), int(head), letter[:1] or "head"


def hook_of(writer):
    layer, _, kind = place(writer)
    return "hook_embed" if kind == "input" else f"blocks.{layer}.hook_mlp_out" if kind == "mlp" else f"blocks.{layer}.attn.hook_z"


def stream_of(reader):
    """The hook point of the residual stream that a node reads."""
    layer, _, kind = place(reader)
    if kind == "logits":
        return FINAL
    return f"blocks.{layer}.hook_resid_mid" if kind == "mlp" and not PARALLEL else f"blocks.{layer}.hook_resid_pre"


WRITING = {hook_of(writer) for writer in WRITERS}


def mean_of(value):
    """Over the prompts that reach a position; for "mean" over all positions as well."""
    by_position = mean_over_prompts(value)
    if EDGE_REPLACEMENT == "mean":
        reached = (positions <= END[:, None]).double()
        total = torch.einsum("pt,pt...->...", reached, value.double()) / reached.sum()
        by_position = total.to(value.dtype).expand_as(value)
    return by_position


def carried(source):
    """What removed edges carry, by what writes it, before W_O."""
    take = {"patching": lambda value: value, "zero": torch.zeros_like}.get(EDGE_REPLACEMENT, mean_of)
    return {name: take(value) for name, value in cached(CLEAN if take is mean_of else source, WRITING).items()}


def output(writer, cache):
    """[prompts, positions, d_model]"""
    return written(hook_of(writer), place(writer)[1], cache[hook_of(writer)])


def read(reader, stream):
    """What a node makes of the stream that it reads: a query, key or value of one head, an MLP's output, the stream itself."""
    layer, head, kind = place(reader)
    if kind == "logits":
        return stream
    if kind == "mlp":
        block = model.blocks[layer]
        return block.mlp(block.ln2(stream))
    return query_key_value(kind, layer, stream)[:, :, head]


def target(reader):
    """The hook point of what it makes."""
    layer, _, kind = place(reader)
    return FINAL if kind == "logits" else f"blocks.{layer}.hook_mlp_out" if kind == "mlp" else f"blocks.{layer}.attn.hook_{kind}"


TO_END = (positions <= END[:, None])[:, :, None]  # what comes later does nothing
)py";

inline constexpr const char *of_edge_scores = R"py(
base, source = (FLIPPED, CLEAN) if DENOISE else (CLEAN, FLIPPED)
targets = {target(reader) for reader in READERS}
streams = {stream_of(reader) for reader in READERS}


def slopes_of_readers(tokens, hooks=()):
    """The gradient of the metric of each prompt at what each reader reads [readers, prompts, positions, d_model]."""
    here, slopes = gradients(tokens, targets, hooks)
    cache = cached(tokens, streams, hooks)
    out = []
    for reader in READERS:
        _, head, kind = place(reader)
        slope = slopes[target(reader)]
        if kind in "qkv":
            slope = slope[:, :, head]
        stream = cache[stream_of(reader)].requires_grad_()
        with torch.enable_grad():
            out.append(torch.autograd.grad((read(reader, stream) * slope).sum(), stream)[0].detach())
    return torch.stack(out)


def between(names, share):
    """Hooks that put what lies between the other run (0) and the base (1) into a run."""
    a, b = cached(source, names), cached(base, names)
    return [(name, lambda value, name: a[name] + share * (b[name] - a[name])) for name in names]


base_cache, other = cached(base, WRITING), carried(source)
change = torch.stack([output(writer, other) - output(writer, base_cache) for writer in WRITERS]) * TO_END
passes = [(base, [], False)]
if METHOD == "clean-corrupted":
    passes.append((source, [], False))
elif METHOD == "eap-ig":
    passes = [(base, between({"hook_embed"}, step / STEPS), False) for step in range(STEPS)]
elif METHOD == "eap-ig-activations":
    parts = ["hook_embed"] + [f"blocks.{layer}.attn.hook_z" for layer in range(LAYERS)] + [f"blocks.{layer}.hook_mlp_out" for layer in MLPS]
    # The library's gradients begin behind what alone reads an embedding that is held.
    passes = [(base, between({part}, step / STEPS), part == "hook_embed" and HELD_INPUT_STARTS_LATER)
              for part in parts for step in range(1, STEPS + 1)]
scores = torch.zeros(len(WRITERS), len(READERS), dtype=torch.double)
for tokens, hooks, late in passes:
    slopes = slopes_of_readers(tokens, hooks)
    if late:
        for row, reader in enumerate(READERS):
            layer, _, kind = place(reader)
            if layer == 0 and (PARALLEL or kind != "mlp"):
                slopes[row] = 0
    scores += torch.einsum("wptm,rptm->wr", change.double(), slopes.double()) / len(passes) / len(END)
expected = torch.tensor(SCORES, dtype=torch.double)
compare_all(METHOD, torch.where(torch.tensor(REAL, dtype=torch.bool), scores, 0.0), expected)
)py";

inline constexpr const char *of_exact_edges = R"py(
base, source = (FLIPPED, CLEAN) if DENOISE else (CLEAN, FLIPPED)
base_cache, other = cached(base, WRITING | {stream_of(reader) for reader in READERS}), carried(source)
for (w, r), there in zip(EDGES, EXACT):
    writer, reader = WRITERS[w], READERS[r]
    change = (output(writer, other) - output(writer, base_cache)) * TO_END
    new = read(reader, base_cache[stream_of(reader)] + change)

    def put(value, name):
        out = value.clone()
        if place(reader)[2] in "qkv":
            out[:, :, place(reader)[1]] = new
        else:
            out[:] = new
        return out

    compare(f"{writer}->{reader}", metric(at_end(base, [(target(reader), put)])), there)
)py";

inline constexpr const char *of_circuit = R"py(
other = carried(FLIPPED)


def circuit(kept):
    """The metric of the clean run in which every edge that is not kept carries something else."""
    missing = torch.tensor(REAL, dtype=torch.bool) & ~kept
    changes, streams = {}, {}  # what writers would write otherwise

    def gap(reader):
        rows = missing[:, READERS.index(reader)].nonzero().flatten().tolist()
        return sum(changes[WRITERS[w]] for w in rows)

    def visit(value, name):
        if name in streams_to_keep:
            streams[name] = value.clone()
        for reader in of_target.get(name, ()):
            new = read(reader, streams[stream_of(reader)] + gap(reader))
            value = value.clone()
            if place(reader)[2] in "qkv":
                value[:, :, place(reader)[1]] = new
            else:
                value[:] = new
        for writer in of_hook.get(name, ()):
            changes[writer] = output(writer, other) - output(writer, {name: value})
        return value

    of_target, of_hook = {}, {}
    for reader in READERS:
        of_target.setdefault(target(reader), []).append(reader)
    for writer in WRITERS:
        of_hook.setdefault(hook_of(writer), []).append(writer)
    streams_to_keep = {stream_of(reader) for reader in READERS}
    return metric(at_end(CLEAN, [(name, visit) for name in WRITING | streams_to_keep | set(of_target)]))


kept = torch.tensor(CIRCUIT, dtype=torch.bool)
compare("the circuit", circuit(kept), EVALUATE)
compare("its complement", circuit(torch.tensor(REAL, dtype=torch.bool) & ~kept), COMPLEMENT)
)py";

} // namespace patchbay::detail
