#include "script/python_script.h"

#include "script/detail/python_frame.h"
#include "script/detail/python_sweeps.h"
#include "script/detail/python_values.h"

#include <algorithm>

namespace patchbay {

using namespace detail;

namespace {

std::string answers_of(const char *name, const std::vector<std::vector<int64_t>> &sets,
                       const std::vector<int64_t> &single)
{
    std::vector<std::vector<int64_t>> all = sets;
    if (all.empty())
        for (const int64_t one : single)
            all.push_back({one});
    const auto of_prompt = [](const std::vector<int64_t> &ids) { return numbers_of(ids); };
    return std::string(name) + " = " + list_of(all, of_prompt, "   ") + "\n";
}

std::string tokens_of(const char *name, const std::vector<int64_t> &ids, int width)
{
    std::string out = std::string(name) + " = torch.tensor([\n";
    for (auto row = ids.begin(); row != ids.end(); row += width)
        out += "    " + numbers_of(std::vector<int64_t>(row, row + width)) + ",\n";
    return out + "])\n";
}

/// Nested lists [shape] of means over prompts; of attribution patching the estimates, in the metric's unit.
std::string means_of(const Grid &grid, const RunResult &result)
{
    const bool estimates = result.spec.is<Attribution>();
    return nested_lists({grid.shape.begin(), grid.shape.end()}, [&](size_t cell) {
        if (estimates)
            return python_number(double(grid.estimate[cell]) * result.baseline.scale());
        if (grid.state[cell] != CellState::Exact)
            return python_number(nan(""));
        double sum = 0;
        for (const float one : grid.cell(int(cell)))
            sum += double(one);
        return python_number(sum / grid.prompts);
    });
}

/// What stands for a site in TransformerLens: of what heads read, what they make of it, which is the same change.
std::vector<std::string> hooks_of(Site site)
{
    switch (site) {
    case Site::Result:
        return {info(Site::Z).hook};
    case Site::QInput:
        return {info(Site::Q).hook};
    case Site::KInput:
        return {info(Site::K).hook};
    case Site::VInput:
        return {info(Site::V).hook};
    default:
        return {info(site).hook};
    }
}

/// The same of an end of a path, where a pattern stands for its query and its key.
std::vector<std::string> ends_of(Site site, bool grouped, bool receives)
{
    const std::vector<std::string> hooks = site == Site::Pattern && receives
        ? std::vector<std::string>{info(Site::Q).hook, info(Site::K).hook}
        : hooks_of(site);
    if (grouped && (hooks.back() == info(Site::K).hook || hooks.back() == info(Site::V).hook))
        throw Error(info(site).name,
                    "of one query head is a copy of its own here; TransformerLens has the one that the group shares");
    return hooks;
}

std::string nodes_of(const char *name, const std::vector<Node> &nodes, bool grouped, bool receives)
{
    std::vector<std::string> texts;
    for (const Node &node : nodes)
        for (const std::string &hook : ends_of(node.site, grouped, receives))
            texts.push_back("(\"blocks." + std::to_string(node.layer) + "." + hook + "\", "
                            + (node.head < 0 ? "None" : std::to_string(node.head)) + ")");
    return std::string(name) + " = "
        + list_of(
               texts, [](const std::string &text) { return text; }, "    ")
        + "\n";
}

ScriptBody sweep_body(const RunResult &result, const SiteSweep &sweep, const PromptBatch &batch, bool grouped)
{
    const bool estimates = result.spec.is<Attribution>(), copies = grouped && !sweep.shared_kv;
    std::string out = positions_text(sweep.positions, batch);
    if (!estimates)
        out += std::string("OWN_COPIES = ") + python_flag(copies)
            + "  # of keys and values that heads share, each query head's alone\n";
    RunSpec cells; // the grids of estimates are named as those of the cells that they are of
    cells.method = ActPatch{sweep};
    out += "GRIDS = {  # hook point, axes, and what was found there: means over prompts\n";
    for (const Site site : sweep.sites) {
        const Grid *grid = result.grid(grid_name(cells, site));
        if (!grid)
            continue;
        if (estimates && copies && info(site).grouped)
            throw Error(info(site).name,
                        "of one query head is a copy of its own here, which TransformerLens has no "
                        "gradient of");
        out += "    " + python_text(grid->name) + ": (" + python_text(hooks_of(site).front()) + ", "
            + list_of(grid->axes, python_text, "    ") + ", " + means_of(*grid, result) + "),\n";
    }
    const std::string code =
        estimates ? std::string(of_gradients) + of_attribution : std::string(of_activation_patching) + over_grids;
    return {out + "}\n", of_replacement + code};
}

ScriptBody path_body(const RunResult &result, const PathPatch &path, const PromptBatch &batch, bool grouped)
{
    if (result.grids.empty())
        throw Error("result", "has no paths");
    std::string out = positions_text(path.positions, batch) + "THROUGH_MLPS = " + python_flag(path.direct_includes_mlps)
        + "  # MLPs on the way answer to what reaches them; otherwise nothing lies on the way\n";
    const bool receives = !path.senders.sweep;
    const std::optional<Site> swept = receives ? path.receivers.sweep : path.senders.sweep;
    out += "SWEPT = "
        + list_of(swept ? ends_of(*swept, grouped, receives) : std::vector<std::string>(), python_text, "    ")
        + "  # of each layer and head in turn\n";
    out += nodes_of("SENDERS", path.senders.nodes, grouped, false)
        + nodes_of("RECEIVERS", path.receivers.nodes, grouped, true);
    return {out + "EXPECTED = " + means_of(result.grids.front(), result) + "\n",
            std::string(of_replacement) + of_readers + of_path_patching + over_paths};
}

ScriptBody body_of(const RunResult &result, const PromptBatch &batch, const ModelConfig &config)
{
    const bool grouped = config.grouped();
    if (const SiteSweep *sweep = result.spec.sweep())
        return sweep_body(result, *sweep, batch, grouped);
    if (const PathPatch *path = result.spec.as<PathPatch>())
        return path_body(result, *path, batch, grouped);
    const Analysis &analysis = *result.spec.as<Analysis>();
    return analysis.name == "edges" || analysis.name == "circuit" ? edges_body(result, analysis, config)
                                                                  : analysis_body(result, analysis, batch);
}

/// Weight processing changes effects only where an activation is replaced by nothing, and what analyses read.
Processing processing_of(const RunSpec &spec, const ModelConfig &config)
{
    const bool matters = spec.is<Analysis>() || ablation_of(spec) == Ablation::Zero;
    return matters ? applied_steps(spec.model.processing, config) : Processing{false, false, false, false};
}

std::string model_text(const std::string &folder, const Processing &steps)
{
    return "MODEL = " + python_text(folder) + "\nPROCESSING = {\"fold_ln\": " + python_flag(steps.fold_ln)
        + ", \"center_writing_weights\": " + python_flag(steps.center_writing)
        + ", \"center_unembed\": " + python_flag(steps.center_unembed)
        + ", \"fold_value_biases\": " + python_flag(steps.fold_value_biases) + "}\n";
}

std::string metric_text(Metric metric)
{
    const auto text = std::find_if(std::begin(metric_texts), std::end(metric_texts),
                                   [&](const MetricText &one) { return one.metric == metric; });
    return std::string("def one(logits, clean, right, wrong):\n    \"\"\"") + title(info(metric))
        + " of a prompt; token ids of the right and the wrong answers.\"\"\"\n    return " + text->text + "\n\n\n";
}

} // namespace

std::string python_script(const RunResult &result, const PromptBatch &batch, const std::string &folder,
                          const ModelConfig &config, ScriptTool tool)
{
    const RunSpec &spec = result.spec;
    if (result.baseline.clean.size() != size_t(batch.prompts))
        throw Error("task", "has other prompts than the result");
    const ScriptBody body = body_of(result, batch, config);
    const bool four = tool == ScriptTool::TransformerLens4;
    const Ablation ablation = ablation_of(spec);
    const bool zero = ablation == Ablation::Zero, mean = ablation == Ablation::Mean;
    std::string out = "\"\"\"" + title(spec) + ": " + std::to_string(batch.prompts) + " prompts, as Patchbay "
        + result.version + " computed it, again with\nTransformerLens " + (four ? "4" : "2.18")
        + ". Fails where the two do not agree.\n\"\"\"\n\n" + (four ? imports_of_4 : imports_of_2);
    out += model_text(folder, processing_of(spec, config));
    out += "TOLERANCE = 1e-4\n\n# Token ids [prompts, positions], filled up behind each prompt's END.\n"
        + tokens_of("CLEAN", batch.clean, batch.width) + tokens_of("FLIPPED", batch.flipped, batch.width);
    out += "END = torch.tensor(" + numbers_of(batch.end) + ")\n" + answers_of("ANSWERS", batch.answers, batch.io)
        + answers_of("WRONGS", batch.wrongs, batch.s);
    out += "BASELINES = {\"clean\": " + python_number(result.baseline.clean_mean)
        + ", \"flipped\": " + python_number(result.baseline.flipped_mean) + "}\n";
    if (!spec.is<Analysis>())
        out += std::string("BASE_IS_FLIPPED = ") + python_flag(base_is_flipped(spec))
            + "  # the run that is patched\nREPLACEMENT = "
            + (zero       ? "\"zero\""
                   : mean ? "\"mean\""
                          : "\"run\"")
            + "  # an activation becomes that of the other run, its mean over the clean prompts, or zero\n";
    out += body.values + (four ? opening_of_4 : opening_of_2) + opening + metric_text(metric_of(spec));
    return out + of_metric + of_comparison + body.code + end_of_script;
}

} // namespace patchbay
