#include "script/python_script.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "script/detail/python_text.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace patchbay {

using namespace detail;

namespace {

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
