// The parts of a script that every run has: Python, for TransformerLens 4 and 2.18.
#pragma once

#include "nouns/metric.h"

namespace patchbay::detail {

inline constexpr const char *imports_of_4 = R"py(import functools
import itertools
import random

import torch
from transformer_lens.model_bridge import TransformerBridge

nan = float("nan")
)py";

inline constexpr const char *imports_of_2 = R"py(import functools
import itertools
import random

import torch
from transformer_lens import HookedTransformer, loading_from_pretrained
from transformers import AutoModelForCausalLM

nan = float("nan")
)py";

// What does not depend on the run: the names above it are those of the values that stand before it.
inline constexpr const char *opening_of_4 = R"py(
torch.set_grad_enabled(False)
model = TransformerBridge.boot_transformers(MODEL, dtype=torch.float32)
if any(PROCESSING.values()):
    model.enable_compatibility_mode(**PROCESSING)
)py";

inline constexpr const char *opening_of_2 = R"py(
torch.set_grad_enabled(False)
config = loading_from_pretrained.get_pretrained_model_config(MODEL, fold_ln=PROCESSING["fold_ln"], device="cpu", dtype=torch.float32)
config.tokenizer_name = None  # the prompts are token ids
checkpoint = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
model = HookedTransformer(config, move_to_device=False)
weights = loading_from_pretrained.get_pretrained_state_dict(MODEL, config, checkpoint, dtype=torch.float32)
model.load_and_process_state_dict(weights, **PROCESSING)
model.eval()
)py";

inline constexpr const char *opening = R"py(LAYERS, HEADS = model.cfg.n_layers, model.cfg.n_heads
prompts, positions = torch.arange(len(END)), torch.arange(CLEAN.shape[1])


def run(tokens, hooks=()):
    """Logits [prompts, positions, vocabulary]. hooks: functions of a hook point's activation and name, by that name; what
    they return takes its place."""
    inside = []

    def called(value, hook, function, name):  # a bridge's hook may know itself by another name
        if inside:
            return value  # a hook computes with the model's own parts, which calls no hooks
        inside.append(name)
        try:
            return function(value, name)
        finally:
            inside.pop()

    hooks = [(name, functools.partial(called, function=function, name=name)) for name, function in hooks]
    return model.run_with_hooks(tokens, fwd_hooks=hooks)


def at_end(tokens, hooks=()):
    """Those of the position whose next token is predicted [prompts, vocabulary], in double precision."""
    return run(tokens, hooks)[prompts, END].double()


def cached(tokens, names, hooks=()):
    """Activations by the names of their hook points."""
    found = {}

    def keep(value, name):
        found[name] = value.clone()

    run(tokens, [*hooks, *((name, keep) for name in sorted(names))])
    return found


def of_head(hook, head):
    """Where a head lies in a hook point's activation; None: all of it."""
    if head is None:
        return (slice(None),)
    return (slice(None), head) if hook.endswith("pattern") else (slice(None), slice(None), head)


def placed(value, new, hook, head, at):
    """value, but new of a head (None: of all) at some positions [prompts, positions]; of a pattern these are rows."""
    places = at[:, :, None]
    if value.dim() == 4:
        places = at[:, None, :, None] if hook.endswith("pattern") else at[:, :, None, None]
    out, part = value.clone(), of_head(hook, head)
    out[part] = torch.where(places, new, value)[part]
    return out


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

inline constexpr const char *of_metric = R"py(def values(logits):
    """Of each prompt."""
    return torch.stack([one(*each) for each in zip(logits, clean_logits, ANSWERS, WRONGS)])


def metric(logits):
    """The mean over prompts."""
    return values(logits).mean().item()


clean_logits = at_end(CLEAN)
found = {"clean": metric(clean_logits), "flipped": metric(at_end(FLIPPED))}
)py";

inline constexpr const char *of_comparison = R"py(
GAP = BASELINES["clean"] - BASELINES["flipped"]
SCALE = abs(GAP) or 1.0  # differences are counted in this
worst = 0.0
compared = 0


def compare(what, here, there, scale=SCALE):
    global worst, compared
    worst = max(worst, abs(here - there) / scale)
    compared += 1
    assert abs(here - there) <= TOLERANCE * scale, f"{what}: {here:.6f} here, {there:.6f} there"


def compare_all(what, here, there, scale=None):
    """Every number of an array; differences are counted in the largest of them, or in what is given."""
    there = torch.as_tensor(there, dtype=torch.double)
    assert here.shape == there.shape, f"{what}: {tuple(here.shape)} here, {tuple(there.shape)} there"
    scale = scale or there[~there.isnan()].abs().max().item() or 1.0
    for place in itertools.product(*map(range, there.shape)):
        if not there[place].isnan():
            compare(f"{what} {place}", here[place].item(), there[place].item(), scale)


for which, there in BASELINES.items():
    compare(which, found[which], there)
)py";

inline constexpr const char *end_of_script =
    "\nprint(f\"{compared} numbers agree; the largest difference is {worst:.1e} of what they are counted in\")\n";

} // namespace patchbay::detail
