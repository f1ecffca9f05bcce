#include "script/python_script.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace patchbay {

namespace {

constexpr const char *head_of_script = R"py(import functools
import itertools

import torch
from transformer_lens.model_bridge import TransformerBridge

nan = float("nan")
)py";

// What does not depend on the run: the names above it are those of the values that stand before it.
constexpr const char *opening = R"py(
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
constexpr MetricText metric_texts[] = {
    {Metric::LogitDiff, "logits[right].mean() - logits[wrong].mean()"},
    {Metric::ProbDiff, "logits.softmax(-1)[right].sum() - logits.softmax(-1)[wrong].sum()"},
    {Metric::LogProb, "logits.log_softmax(-1)[right].logsumexp(0)"},
    {Metric::Rank, "(logits > logits[right].max()).sum().double()"},
    {Metric::Kl, "(clean.softmax(-1) * (clean.log_softmax(-1) - logits.log_softmax(-1))).sum()"},
    {Metric::Loss, "-logits.log_softmax(-1)[right].logsumexp(0)"},
};

constexpr const char *of_metric = R"py(def metric(logits):
    """The mean over prompts."""
    return sum(one(*each) for each in zip(logits, clean_logits, ANSWERS, WRONGS)).item() / len(END)


clean_logits = at_end(CLEAN)
found = {"clean": metric(clean_logits), "flipped": metric(at_end(FLIPPED))}
)py";

constexpr const char *of_activation_patching = R"py(
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

constexpr const char *of_path_patching = R"py(
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

constexpr const char *of_comparison = R"py(
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

constexpr const char *end_of_script =
    "\nprint(f\"{compared} means agree; the largest difference is {worst:.1e} of the gap between the two runs\")\n";

std::string number(double value)
{
    return std::isfinite(value) ? short_text(value, 9) : "nan";
}

std::string quoted(const std::string &text)
{
    return nlohmann::json(text).dump(); // of these, JSON's strings are Python's
}

/// [1, 2, 3], in lines.
template <class Range, class Text>
std::string list_of(const Range &range, Text text, const std::string &indent)
{
    constexpr size_t width = 110;
    std::string out = "[", line;
    bool first = true;
    for (const auto &one : range) {
        const std::string item = text(one);
        if (!first)
            line += line.size() + item.size() > width ? (out += line + ",\n", line.clear(), indent + " ") : ", ";
        line += item;
        first = false;
    }
    return out + line + "]";
}

std::string tensor_of(const char *name, const std::vector<int64_t> &ids, int width)
{
    std::string out = std::string(name) + " = torch.tensor([\n";
    for (size_t at = 0; at < ids.size(); at += size_t(width)) {
        const std::vector<int64_t> row(ids.begin() + std::ptrdiff_t(at),
                                       ids.begin() + std::ptrdiff_t(at + size_t(width)));
        out += "    "
            + list_of(
                   row, [](int64_t id) { return std::to_string(id); }, "    ")
            + ",\n";
    }
    return out + "])\n";
}

std::string answers_of(const char *name, const std::vector<std::vector<int64_t>> &sets,
                       const std::vector<int64_t> &single)
{
    std::vector<std::vector<int64_t>> all = sets;
    if (all.empty())
        for (const int64_t one : single)
            all.push_back({one});
    const auto of_prompt = [](const std::vector<int64_t> &ids) {
        return list_of(
            ids, [](int64_t id) { return std::to_string(id); }, "    ");
    };
    return std::string(name) + " = " + list_of(all, of_prompt, "   ") + "\n";
}

/// Nested lists of the means over prompts, [shape].
std::string means_of(const Grid &grid, size_t axis, size_t &cell, const std::string &indent)
{
    const auto mean = [&] {
        const size_t at = cell++;
        if (grid.state[at] != CellState::Exact)
            return nan("");
        double sum = 0;
        for (const float one : grid.cell(int(at)))
            sum += double(one);
        return sum / grid.prompts;
    };
    if (axis == grid.shape.size())
        return number(mean());
    std::vector<int> places(size_t(grid.shape[axis]));
    return list_of(
        places, [&](int) { return means_of(grid, axis + 1, cell, indent + " "); }, indent);
}

std::string means_of(const Grid &grid)
{
    size_t cell = 0;
    return means_of(grid, 0, cell, "    ");
}

std::string hook_of(Site site, bool grouped, bool shared)
{
    const SiteInfo &of = info(site);
    if (!*of.hook || site == Site::QInput || site == Site::KInput || site == Site::VInput || site == Site::Result)
        throw Error(of.name, "has no hook point that TransformerLens' bridge can change");
    if (of.grouped && grouped && !shared)
        throw Error(of.name,
                    "of one query head is a copy of its own here; TransformerLens has the one that the group shares");
    return of.hook;
}

std::string node_text(const Node &node, bool grouped)
{
    return "(\"blocks." + std::to_string(node.layer) + "." + hook_of(node.site, grouped, false) + "\", "
        + (node.head < 0 ? "None" : std::to_string(node.head)) + ")";
}

std::string nodes_of(const char *name, const std::vector<Node> &nodes, bool grouped)
{
    return std::string(name) + " = "
        + list_of(
               nodes, [&](const Node &node) { return node_text(node, grouped); }, "   ")
        + "\n";
}

std::string positions_text(const Positions &positions, const PromptBatch &batch)
{
    std::vector<std::vector<int>> places;
    switch (positions.kind) {
    case Positions::Kind::All:
        return "POSITIONS = None  # all of them\n";
    case Positions::Kind::Each:
        return "POSITIONS = \"each\"  # in turn\n";
    case Positions::Kind::Role:
        for (const int at : batch.role(positions.role))
            places.push_back({at});
        break;
    case Positions::Kind::List:
        places.assign(size_t(batch.prompts), positions.list);
        break;
    }
    const auto of_prompt = [](const std::vector<int> &these) {
        return list_of(
            these, [](int at) { return std::to_string(at); }, "    ");
    };
    return "POSITIONS = " + list_of(places, of_prompt, "   ") + "  # of each prompt\n";
}

std::string activation_values(const RunResult &result, const SiteSweep &sweep, const PromptBatch &batch, bool grouped)
{
    std::string out = positions_text(sweep.positions, batch);
    out += "GRIDS = {  # hook point, axes, and what was found there: means over prompts\n";
    for (const Site site : sweep.sites) {
        const Grid *grid = result.grid(grid_name(result.spec, site));
        if (!grid)
            continue;
        out += "    " + quoted(grid->name) + ": (" + quoted(hook_of(site, grouped, sweep.shared_kv)) + ", "
            + list_of(grid->axes, quoted, "    ") + ", " + means_of(*grid) + "),\n";
    }
    return out + "}\n";
}

std::string path_values(const RunResult &result, const PathPatch &path, bool grouped)
{
    if (path.positions.kind != Positions::Kind::All)
        throw Error("positions", "of path patching other than all are not written as a script");
    if (result.grids.empty())
        throw Error("result", "has no paths");
    std::string out = std::string("THROUGH_MLPS = ") + (path.direct_includes_mlps ? "True" : "False")
        + "  # MLPs on the way answer to what reaches them; otherwise they are held, as all heads are\n";
    const std::optional<Site> swept = path.senders.sweep ? path.senders.sweep : path.receivers.sweep;
    const std::string hook = swept ? hook_of(*swept, grouped, false) : "";
    out += "SWEPT = " + (swept ? quoted(hook) : std::string("None")) + "  # of each layer and head in turn\n";
    out += nodes_of("SENDERS", path.senders.nodes, grouped) + nodes_of("RECEIVERS", path.receivers.nodes, grouped);
    out += path.senders.sweep ? "ALL_SENDERS = [(f\"blocks.{layer}.{SWEPT}\", None) for layer in range(LAYERS)]\n"
                              : "ALL_SENDERS = SENDERS\n";
    return out + "EXPECTED = " + means_of(result.grids.front()) + "\n";
}

} // namespace

std::string python_script(const RunResult &result, const PromptBatch &batch, const std::string &folder, bool grouped)
{
    const RunSpec &spec = result.spec;
    const ActPatch *sweep = spec.as<ActPatch>();
    const PathPatch *path = spec.as<PathPatch>();
    if (!sweep && !path)
        throw Error(spec.is<Analysis>() ? spec.as<Analysis>()->name : method_name(spec),
                    "is not written as a script; activation patching, zero ablation and path patching are");
    const Ablation ablation = ablation_of(spec);
    if (ablation != Ablation::None && ablation != Ablation::Zero)
        throw Error("ablate", name(ablation) + " is not written as a script; zero is");
    if (result.baseline.clean.size() != size_t(batch.prompts))
        throw Error("task", "has other prompts than the result");
    const Metric metric = metric_of(spec);
    const Processing &processing = spec.model.processing;
    std::string out = "\"\"\"" + title(spec) + ": " + std::to_string(batch.prompts) + " prompts, as Patchbay "
        + result.version + " computed it, again with\nTransformerLens 4. Fails where the two do not agree.\n\"\"\"\n\n"
        + head_of_script;
    out += "MODEL = " + quoted(folder) + "\n";
    const bool processed =
        processing.fold_ln || processing.center_writing || processing.center_unembed || processing.fold_value_biases;
    // Which activations there are depends on it only where one is replaced by nothing.
    out += std::string("PROCESSED = ") + (processed && ablation == Ablation::Zero ? "True" : "False") + "\n";
    out += "TOLERANCE = 1e-4\n\n# Token ids [prompts, positions], filled up behind each prompt's END.\n"
        + tensor_of("CLEAN", batch.clean, batch.width) + tensor_of("FLIPPED", batch.flipped, batch.width);
    out += "END = torch.tensor("
        + list_of(
               batch.end, [](int at) { return std::to_string(at); }, "    ")
        + ")\n" + answers_of("ANSWERS", batch.answers, batch.io) + answers_of("WRONGS", batch.wrongs, batch.s);
    out += "BASELINES = {\"clean\": " + number(result.baseline.clean_mean)
        + ", \"flipped\": " + number(result.baseline.flipped_mean) + "}\n";
    out += std::string("BASE_IS_FLIPPED = ") + (base_is_flipped(spec) ? "True" : "False")
        + "  # the run that is patched, with activations of the other one\nZERO = "
        + (ablation == Ablation::Zero ? "True" : "False") + "  # or with zero\n";
    if (path)
        out += "LAYERS = "
            + std::to_string(result.grids.empty()                     ? 0
                                 : result.grids.front().shape.empty() ? 0
                                                                      : result.grids.front().shape[0])
            + "\n";
    out += sweep ? activation_values(result, *sweep, batch, grouped) : path_values(result, *path, grouped);
    out += opening;
    const auto text = std::find_if(std::begin(metric_texts), std::end(metric_texts),
                                   [&](const MetricText &one) { return one.metric == metric; });
    out += std::string("def one(logits, clean, right, wrong):\n    \"\"\"") + title(info(metric))
        + " of a prompt; token ids of the right and the wrong answers.\"\"\"\n    return " + text->text + "\n\n\n";
    out += of_metric;
    out += of_comparison;
    out += sweep ? of_activation_patching : of_path_patching;
    return out + end_of_script;
}

} // namespace patchbay
