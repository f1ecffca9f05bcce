// The parts of a script that are the same for every run: Python, for TransformerLens 4.
#pragma once

#include "nouns/metric.h"

namespace patchbay::detail {

inline constexpr const char *head_of_script = R"py(import functools
import itertools

import torch
from transformer_lens.model_bridge import TransformerBridge

nan = float("nan")
)py";

// What does not depend on the run: the names above it are those of the values that stand before it.
inline constexpr const char *opening = R"py(
torch.set_grad_enabled(False)
model = TransformerBridge.boot_transformers(MODEL, dtype=torch.float32)
if PROCESSED:
    model.enable_compatibility_mode()
prompts = torch.arange(len(END))


def at_end(tokens, hooks=()):
    """Logits [prompts, vocabulary] of the position whose next token is predicted, in double precision. hooks: functions
    of a hook point's activation and name, by that name."""
    def called(value, hook, function, name):  # a bridge's hook may know itself by another name
        return function(value, name)
    hooks = [(name, functools.partial(called, function=function, name=name)) for name, function in hooks]
    return model.run_with_hooks(tokens, fwd_hooks=hooks)[prompts, END].double()


def cached(tokens, names):
    """Activations by the names of their hook points."""
    found = {}

    def keep(value, name):
        found[name] = value.clone()

    at_end(tokens, [(name, keep) for name in names])
    return found


)py";

struct MetricText {
    Metric metric;
    const char *text;
};
// Of one prompt's logits [vocabulary]: metric_of_logits() in Python.
inline constexpr MetricText metric_texts[] = {
    {Metric::LogitDiff, "logits[right].mean() - logits[wrong].mean()"},
    {Metric::ProbDiff, "logits.softmax(-1)[right].sum() - logits.softmax(-1)[wrong].sum()"},
    {Metric::LogProb, "logits.log_softmax(-1)[right].logsumexp(0)"},
    {Metric::Rank, "(logits > logits[right].max()).sum().double()"},
    {Metric::Kl, "(clean.softmax(-1) * (clean.log_softmax(-1) - logits.log_softmax(-1))).sum()"},
    {Metric::Loss, "-logits.log_softmax(-1)[right].logsumexp(0)"},
};

inline constexpr const char *of_metric = R"py(def metric(logits):
    """The mean over prompts."""
    return sum(one(*each) for each in zip(logits, clean_logits, ANSWERS, WRONGS)).item() / len(END)


clean_logits = at_end(CLEAN)
found = {"clean": metric(clean_logits), "flipped": metric(at_end(FLIPPED))}
)py";

inline constexpr const char *of_activation_patching = R"py(
base, source = (FLIPPED, CLEAN) if BASE_IS_FLIPPED else (CLEAN, FLIPPED)
where = torch.zeros(base.shape, dtype=torch.bool)  # [prompts, positions]


def patched(hook_point, head, at):
    """The metric of the base run in which a head (None: the layer) has the other run's activation at some positions."""
    def put(value, name):
        new = torch.zeros_like(value) if ZERO else other[name]
        places = at[:, :, None]
        if value.dim() == 4:
            places = at[:, None, :, None] if name.endswith("pattern") else at[:, :, None, None]
        new = torch.where(places, new, value)
        if head is None:
            return new
        out = value.clone()
        of_head = (slice(None), head) if name.endswith("pattern") else (slice(None), slice(None), head)
        out[of_head] = new[of_head]
        return out
    return metric(at_end(base, [(hook_point, put)]))


for grid, (hook, axes, expected) in GRIDS.items():
    expected = torch.tensor(expected, dtype=torch.double)
    layers = range(expected.shape[0])
    other = cached(source, {f"blocks.{layer}.{hook}" for layer in layers})
    for cell in itertools.product(*map(range, expected.shape)):
        if expected[cell].isnan():
            continue  # was not computed
        place = dict(zip(axes, cell))
        at = where.clone()
        if POSITIONS is None:
            at[:] = True
        elif POSITIONS == "each":
            at[:, place["pos"]] = True
        else:
            for prompt, these in enumerate(POSITIONS):
                at[prompt, these] = True
        name = f"blocks.{place['layer']}.{hook}"
        compare(f"{grid} {place}", patched(name, place.get("head"), at), expected[cell].item())
)py";

inline constexpr const char *of_path_patching = R"py(
base, source = (FLIPPED, CLEAN) if BASE_IS_FLIPPED else (CLEAN, FLIPPED)
layers = range(model.cfg.n_layers)
held = {f"blocks.{layer}.attn.hook_z" for layer in layers}
if not THROUGH_MLPS:
    held |= {f"blocks.{layer}.hook_mlp_out" for layer in layers}
names = held | {hook for hook, _ in ALL_SENDERS}
before, other = cached(base, names), cached(source, names)


def of_head(hook, head):
    if head is None:
        return slice(None)
    return (slice(None), head) if hook.endswith("pattern") else (slice(None), slice(None), head)


def path(senders, receivers):
    """The metric of the base run in which the receivers have what arrives from the senders alone: of all heads (and MLPs)
    only these change on the way."""
    def hold(value, name):
        out = before[name].clone() if name in held else value.clone()
        for sender, head in senders:
            if sender == name:
                new = torch.zeros_like(out) if ZERO else other[name]
                out[of_head(name, head)] = new[of_head(name, head)]
        return out

    arrived = {}

    def record(value, name):
        arrived[name] = value.clone()

    def receive(value, name):
        out = value.clone()
        for receiver, head in receivers:
            if receiver == name:
                out[of_head(name, head)] = arrived[name][of_head(name, head)]
        return out

    receiving = {name for name, _ in receivers}
    changing = held | {name for name, _ in senders}
    at_end(base, [(name, hold) for name in changing] + [(name, record) for name in receiving])
    return metric(at_end(base, [(name, receive) for name in receiving]))


expected = torch.tensor(EXPECTED, dtype=torch.double)
for cell in itertools.product(*map(range, expected.shape)):
    if expected[cell].isnan():
        continue  # was not computed
    swept = [(f"blocks.{cell[0]}.{SWEPT}", cell[1] if len(cell) > 1 else None)] if SWEPT else []
    ends = (swept, RECEIVERS) if not SENDERS else (SENDERS, swept or RECEIVERS)
    compare(f"path {cell}", path(*ends), expected[cell].item())
)py";

inline constexpr const char *of_comparison = R"py(
SCALE = abs(BASELINES["clean"] - BASELINES["flipped"]) or 1.0  # differences are counted in this
worst = 0.0
compared = 0


def compare(what, here, there):
    global worst, compared
    worst = max(worst, abs(here - there) / SCALE)
    compared += 1
    assert abs(here - there) <= TOLERANCE * SCALE, f"{what}: {here:.6f} here, {there:.6f} there"


for run, there in BASELINES.items():
    compare(run, found[run], there)
)py";

inline constexpr const char *end_of_script =
    "\nprint(f\"{compared} means agree; the largest difference is {worst:.1e} of the gap between the two runs\")\n";

} // namespace patchbay::detail
