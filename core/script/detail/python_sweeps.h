// What scripts compute of patching sweeps: Python that stands behind the frame and the values of the run.
#pragma once

namespace patchbay::detail {

// What takes the place of activations.
inline constexpr const char *of_replacement = R"py(

def mean_over_prompts(value):
    """At each position over the prompts that reach it; the same for all prompts."""
    reached = (positions <= END[:, None]).double()  # [prompts, positions]
    share = reached / reached.sum(0).clamp(min=1)
    return torch.einsum("pt,pt...->t...", share, value.double()).to(value.dtype).expand_as(value)


def replacements(source, names):
    """What takes an activation's place, by hook point: the other run's, its mean over the clean prompts, or zero."""
    found = cached(CLEAN if REPLACEMENT == "mean" else source, names)
    take = {"run": lambda value: value, "mean": mean_over_prompts, "zero": torch.zeros_like}[REPLACEMENT]
    return {name: take(value) for name, value in found.items()}


def chosen(where, pos=None):
    """Positions as [prompts, positions]. None: all of them; "each": this one; else of each prompt."""
    at = torch.zeros(CLEAN.shape, dtype=torch.bool)
    if where is None:
        at[:] = True
    elif where == "each":
        at[:, pos] = True
    else:
        for prompt, these in enumerate(where):
            at[prompt, these] = True
    return at
)py";

inline constexpr const char *of_activation_patching = R"py(
base, source = (FLIPPED, CLEAN) if BASE_IS_FLIPPED else (CLEAN, FLIPPED)


def patched(base, other, hook_point, head, at):
    """The metric of the base run in which a head (None: the layer) has another activation at some positions."""
    return metric(at_end(base, [(hook_point, lambda value, name: placed(value, other[name], name, head, at))]))


def patched_copy(base, other, hook_point, head, at):
    """The same of a key or value that several query heads share, where one of them alone has the other one."""
    z = hook_point.rsplit(".", 1)[0] + ".hook_z"
    before = cached(base, {z})[z]
    shared = head // (HEADS // other[hook_point].shape[2])
    return metric(at_end(base, [(hook_point, lambda value, name: placed(value, other[name], name, shared, at)),
                                (z, lambda value, name: placed(before, value, name, head, chosen(None)))]))
)py";

inline constexpr const char *over_grids = R"py(

for grid, (hook, axes, expected) in GRIDS.items():
    expected = torch.tensor(expected, dtype=torch.double)
    other = replacements(source, {f"blocks.{layer}.{hook}" for layer in range(expected.shape[0])})
    for cell in itertools.product(*map(range, expected.shape)):
        if expected[cell].isnan():
            continue  # was not computed
        place = dict(zip(axes, cell))
        value = (patched_copy if OWN_COPIES and hook.endswith(("_k", "_v")) else patched)(
            base, other, f"blocks.{place['layer']}.{hook}", place.get("head"), chosen(POSITIONS, place.get("pos")))
        compare(f"{grid} {place}", value, expected[cell].item())
)py";

inline constexpr const char *of_gradients = R"py(

def gradients(tokens, names, hooks=()):
    """Activations by hook point, and there the gradients of the metric of each prompt. hooks: what is changed after that."""
    kept = {}

    def keep(value, name):
        kept[name] = value.clone().requires_grad_()
        return kept[name]

    with torch.enable_grad():
        total = values(at_end(tokens, [*((name, keep) for name in sorted(names)), *hooks])).sum()
        slopes = torch.autograd.grad(total, list(kept.values()), allow_unused=True)
    slopes = [torch.zeros_like(value) if slope is None else slope for value, slope in zip(kept.values(), slopes)]
    return {name: value.detach() for name, value in kept.items()}, dict(zip(kept, slopes))
)py";

inline constexpr const char *of_attribution = R"py(
base, source = (FLIPPED, CLEAN) if BASE_IS_FLIPPED else (CLEAN, FLIPPED)

for grid, (hook, axes, expected) in GRIDS.items():
    expected = torch.tensor(expected, dtype=torch.double)
    names = {f"blocks.{layer}.{hook}" for layer in range(expected.shape[0])}
    other = replacements(source, names)
    here, slopes = gradients(base, names)
    for cell in itertools.product(*map(range, expected.shape)):
        if expected[cell].isnan():
            continue  # was not computed
        place = dict(zip(axes, cell))
        name = f"blocks.{place['layer']}.{hook}"
        at = chosen(POSITIONS, place.get("pos"))
        changed = placed(here[name], other[name], name, place.get("head"), at)
        estimate = (slopes[name].double() * (changed - here[name]).double()).sum().item() / len(END)
        compare(f"{grid} {place}", estimate, expected[cell].item())
)py";

// The model's own norms and weights, from the residual stream to what reads it.
inline constexpr const char *of_readers = R"py(

def query_key_value(letter, layer, stream):
    """The queries, keys or values [prompts, positions, heads, d_head] that a residual stream gives."""
    weight, bias = (getattr(model, f"{kind}_{letter.upper()}")[layer] for kind in "Wb")
    return torch.einsum("ptm,hmd->pthd", model.blocks[layer].ln1(stream), weight) + bias


def before_mlp(layer, stream):
    """What an MLP's activation function reads [prompts, positions, d_mlp]."""
    return model.blocks[layer].ln2(stream) @ model.W_in[layer] + model.b_in[layer]


def written(hook, head, value):
    """What an activation comes to in the residual stream [prompts, positions, d_model]; of z without the bias."""
    if not hook.endswith("hook_z"):
        return value
    heads = slice(None) if head is None else slice(head, head + 1)
    return torch.einsum("pthd,hdm->ptm", value[:, :, heads], model.W_O[int(hook.split(".")[1])][heads])
)py";

inline constexpr const char *of_path_patching = R"py(

def stream_of(hook):
    """The hook point of the residual stream that is read there."""
    layer, inside = hook.split(".")[1], hook.split(".", 2)[2]
    if inside.startswith("hook_resid"):
        return hook
    serial_mlp = inside == "mlp.hook_pre" and not model.cfg.parallel_attn_mlp
    return f"blocks.{layer}.hook_resid_mid" if serial_mlp else f"blocks.{layer}.hook_resid_pre"


def is_before(sender, stream):
    """Whether what is written at a hook point is already in that residual stream."""
    order = ["resid_pre", "hook_z", "attn_out", "resid_mid", "mlp_out", "resid_post"]
    place = lambda hook: (int(hook.split(".")[1]), next(n for n, end in enumerate(order) if hook.endswith(end)))
    return place(sender) < place(stream)


def paths(base, other, through_mlps, at):
    """A function of senders and receivers, (hook point, head or None) each: the metric of the base run in which receivers
    have what arrives from the senders alone. other: what senders become, by hook point."""
    held = {f"blocks.{layer}.attn.hook_z" for layer in range(LAYERS)}
    before = cached(base, held | set(other))

    def path(senders, receivers, looking=()):
        """All heads are held; of the rest what reads the senders, and what reads that, changes on the way. looking: hooks
        of the run in which the receivers have changed."""
        def hold(value, name):
            out = before[name].clone() if name in held else value.clone()
            for sender, head in senders:
                if sender == name:
                    out = placed(out, other[name], name, head, at)
            return out

        arrived = {}

        def record(value, name):
            arrived[name] = value.clone()

        def receive(value, name):
            for receiver, head in receivers:
                if receiver == name:
                    value = placed(value, arrived[name], name, head, at)
            return value

        receiving = {name for name, _ in receivers}
        changing = held | {name for name, _ in senders}
        run(base, [(name, hold) for name in changing] + [(name, record) for name in receiving])
        return metric(at_end(base, [*((name, receive) for name in receiving), *looking]))

    def direct(senders, receivers):
        """Nothing lies on the way: what the senders write otherwise is added to what the receivers read."""
        change = {}
        for name, head in senders:
            new = written(name, head, other[name]) - written(name, head, before[name])
            change[name] = change.get(name, 0) + torch.where(at[:, :, None], new, 0)
        streams = {}

        def keep(value, name):
            streams[name] = value.clone()

        def receive(value, name):
            stream = stream_of(name)
            added = sum(new for sender, new in change.items() if is_before(sender, stream))
            if name == stream:
                return placed(value, value + added, name, None, at)
            letter = name[-1]
            reads = before_mlp if name.endswith("mlp.hook_pre") else functools.partial(query_key_value, letter)
            new = reads(int(name.split(".")[1]), streams[stream] + added)
            for receiver, head in receivers:
                if receiver == name:
                    value = placed(value, new, name, head, at)
            return value

        receiving = {name for name, _ in receivers}
        kept = {stream_of(name) for name in receiving} - receiving
        return metric(at_end(base, [(name, keep) for name in kept] + [(name, receive) for name in receiving]))

    return path if through_mlps else direct
)py";

inline constexpr const char *over_paths = R"py(
base, source = (FLIPPED, CLEAN) if BASE_IS_FLIPPED else (CLEAN, FLIPPED)
expected = torch.tensor(EXPECTED, dtype=torch.double)
SENDING = SENDERS or [(f"blocks.{layer}.{SWEPT[0]}", None) for layer in range(LAYERS)]
path = paths(base, replacements(source, {hook for hook, _ in SENDING}), THROUGH_MLPS, chosen(POSITIONS))
for cell in itertools.product(*map(range, expected.shape)):
    if expected[cell].isnan():
        continue  # was not computed
    swept = [(f"blocks.{cell[0]}.{hook}", cell[1] if len(cell) > 1 else None) for hook in SWEPT]
    ends = (swept, RECEIVERS) if not SENDERS else (SENDERS, swept or RECEIVERS)
    compare(f"path {cell}", path(*ends), expected[cell].item())
)py";

} // namespace patchbay::detail
