// Analyses as Python: which arrays of the result a script compares, and what it computes for them.
#include "script/detail/python_analyses.h"
#include "analysis/registry.h"
#include "analysis/roles.h"
#include "edges/edge_arrays.h"
#include "script/detail/python_edges.h"
#include "script/detail/python_sweeps.h"
#include "script/detail/python_values.h"
#include "task/ioi_roles.h"

#include <algorithm>

namespace patchbay::detail {

namespace {

using Parts = std::vector<const char *>;

/// An analysis that has a script.
struct AnalysisScript {
    const char *name;
    std::vector<std::string> arrays; ///< that are compared; the beginnings of their names
    bool means;                      ///< over the prompts, their last axis
    Parts code;
};

const std::vector<AnalysisScript> &scripts()
{
    static const std::vector<AnalysisScript> all{
        {"dla",
         {"dla", "accumulated.dla", "components.dla", "unembed_bias_diff"},
         true,
         {of_direct_attribution, of_dla}},
        {"copy-scores", {"copy."}, false, {of_copy_scores, over_copy_scores}},
        {"attention", {"attention.end_to_"}, true, {of_attention, over_attention}},
        {"attention-patterns", {"pattern."}, false, {over_attention_patterns}},
        {"attention-vs-contribution",
         {"attention.", "contribution."},
         false,
         {of_direct_attribution, of_attention, over_attention_vs_contribution}},
        {"detectors",
         {"detector.previous_token", "detector.duplicate_token", "detector.induction", "detector.tl_mul."},
         false,
         {of_detectors, over_detectors}},
        {"logit-lens", {"lens."}, true, {over_logit_lens}},
        {"ablate",
         {"ablate.dla", "ablate.logit_diff", "ablate.own_change", "ablate.scale_change", "ablate.backup_gain",
          "ablate.released"},
         true,
         {of_replacement, of_direct_attribution, of_ablation, over_ablation}},
        {"s2i",
         {"s2i.candidate_attention_s2", "s2i.name_mover_attention_", "s2i.logit_diff.after"},
         true,
         {of_replacement, of_readers, of_path_patching, of_attention, over_s_inhibition}},
        {"roles",
         {"roles."},
         false,
         {of_replacement, of_activation_patching, of_readers, of_path_patching, of_direct_attribution, of_copy_scores,
          of_attention, of_detectors, of_ablation, over_roles}},
    };
    return all;
}

std::string joined(const Parts &parts)
{
    std::string out;
    for (const char *part : parts)
        out += part;
    return out;
}

std::string found_of(const RunResult &result, const AnalysisScript &script)
{
    std::string out = std::string("FOUND = {  # ") + (script.means ? "means over prompts" : "what was found") + "\n";
    for (const auto &[name, array] : result.arrays)
        if (std::any_of(script.arrays.begin(), script.arrays.end(),
                        [&, &name = name](const std::string &begin) { return name.starts_with(begin); }))
            out += "    " + python_text(name) + ": torch.tensor(" + array_text(array, script.means)
                + ", dtype=torch.double),\n";
    return out + "}\n";
}

std::string roles_text(const PromptBatch &batch)
{
    std::string out = "ROLES = {  # positions of each prompt\n";
    for (const auto &[role, positions] : batch.roles)
        out += "    " + python_text(role) + ": torch.tensor(" + numbers_of(positions) + "),\n";
    return out + "}\n";
}

/// Those that the marks of the result make name movers.
std::vector<Head> movers_of(const RunResult &result, const Analysis &analysis)
{
    RoleQuantities q;
    for (const char *name : {"direct", "copy.positive", "copy.negative", "attention.end_to_io"}) {
        const Array &array = result.arrays.at(std::string("roles.") + name);
        HeadQuantity &one = q[name];
        one.name = name;
        one.layers = int(array.shape[0]);
        one.heads = int(array.shape[1]);
        one.values.assign(array.floats().begin(), array.floats().end());
    }
    std::vector<Head> movers;
    for (const SelectedHead &head : name_movers(q, RoleThresholds::from_json(analysis.options)))
        movers.push_back(head.head);
    return movers;
}

std::string strings_of(const nlohmann::json &list)
{
    return list_of(
        list, [](const nlohmann::json &one) { return one.dump(); }, "    ");
}

std::string options_text(const RunResult &result, const Analysis &analysis, const PromptBatch &batch)
{
    const std::string &name = analysis.name;
    const auto flag = [&](const char *key) { return python_flag(flag_set(analysis, key)); };
    if (name == "dla")
        return "COMPONENTS = " + strings_of(result.summary.at("components")) + "\n";
    if (name == "attention-patterns")
        return "PROMPT = " + std::to_string(result.summary.at("prompt").get<int>())
            + "\nOF_FLIPPED = " + flag("flipped") + "\nVALUE_WEIGHTED = " + flag("value_weighted")
            + "  # by the length of what is moved, |v W_O|, relative to the longest\n";
    if (name == "attention-vs-contribution")
        return "HEAD = (" + std::to_string(analysis.heads.front().layer) + ", "
            + std::to_string(analysis.heads.front().head) + ")\n";
    if (name == "detectors")
        return "REPEATED = torch.tensor(" + array_text(result.arrays.at("detector.tokens"), false) + ")\n";
    if (name == "ablate") {
        const std::string mode = parameter_text(analysis, "mode", "zero");
        return heads_text("TAKEN_OUT", analysis.heads)
            + positions_text(parse_positions(parameter_text(analysis, "positions", "all")), batch)
            + "REPLACEMENT = " + python_text(mode == "resample" ? "run" : mode)
            + "  # the flipped run's, the mean over the clean prompts, or zero\n";
    }
    if (name == "s2i")
        return heads_text("CANDIDATES", analysis.heads)
            + heads_text("NAME_MOVERS", heads_option(analysis, "name_movers")) + "REPLACEMENT = \"run\"\n";
    if (name == "roles")
        return heads_text("NAME_MOVERS", movers_of(result, analysis))
            + "BASE_IS_FLIPPED = False\nREPLACEMENT = \"run\"\n";
    return {};
}

} // namespace

ScriptBody analysis_body(const RunResult &result, const Analysis &analysis, const PromptBatch &batch)
{
    const auto script = std::find_if(scripts().begin(), scripts().end(),
                                     [&](const AnalysisScript &one) { return analysis.name == one.name; });
    if (script == scripts().end()) {
        std::string known;
        for (const AnalysisScript &one : scripts())
            known += std::string(one.name) + ", ";
        throw Error(analysis.name, "is not written as a script; of the analyses " + known + "edges and circuit are");
    }
    const std::string answers = "RIGHT = torch.tensor(" + numbers_of(batch.io)
        + ")  # the first answer of each prompt\n" + "WRONG = torch.tensor(" + numbers_of(batch.s) + ")\n";
    return {answers + roles_text(batch) + options_text(result, analysis, batch) + found_of(result, *script),
            joined(script->code)};
}

ScriptBody edges_body(const RunResult &result, const Analysis &analysis, const ModelConfig &config)
{
    if (config.grouped())
        throw Error(analysis.name,
                    "of a model whose heads share keys and values are of each query head's own copies, "
                    "which TransformerLens does not have");
    const std::string method = parameter_text(analysis, "method", "eap-ig");
    const bool circuit = analysis.name == "circuit", exact = !circuit && method == "exact";
    const auto array = [&](const std::string &name) -> const Array & {
        const auto found = result.arrays.find(name);
        if (found == result.arrays.end())
            throw Error(name, "is not in the result");
        return found->second;
    };
    std::string out = "WRITERS = " + strings_of(result.summary.at("forward"))
        + "\nREADERS = " + strings_of(result.summary.at("backward"))
        + "\nREAL = " + array_text(array(real_edges_array), false) + "  # 1 where a writer can reach a reader\n"
        + "EDGE_REPLACEMENT = " + python_text(parameter_text(analysis, "ablate", "patching"))
        + "  # what an edge carries instead: of the other run, a mean, or zero\n";
    const std::string common = std::string(of_replacement) + of_readers + of_edges;
    if (circuit) {
        const auto mean = [&](const char *name) { return array_text(array(name), true); };
        return {out + "CIRCUIT = " + array_text(array("circuit"), false) + "\nEVALUATE = " + mean("evaluate")
                    + "  # means over prompts\nCOMPLEMENT = " + mean("evaluate.complement") + "\n",
                common + of_circuit};
    }
    out += std::string("DENOISE = ") + python_flag(parameter_text(analysis, "direction", "noise") == "denoise") + "\n";
    if (exact) {
        std::vector<std::string> edges, values;
        const Grid *grid = result.grid(edge_grid);
        const std::vector<int64_t> &index = array(edge_index).ints();
        for (int cell = 0; grid && cell < grid->cells(); ++cell) {
            if (grid->state[size_t(cell)] != CellState::Exact)
                continue;
            edges.push_back("(" + std::to_string(index[size_t(cell) * 2]) + ", "
                            + std::to_string(index[size_t(cell) * 2 + 1]) + ")");
            double sum = 0;
            for (const float one : grid->cell(cell))
                sum += double(one);
            values.push_back(python_number(sum / grid->prompts));
        }
        const auto same = [](const std::string &text) { return text; };
        return {out + "EDGES = " + list_of(edges, same, "    ")
                    + "  # writer, reader\nEXACT = " + list_of(values, same, "    ") + "  # means over prompts\n",
                common + of_exact_edges};
    }
    out += "METHOD = " + python_text(method) + "\nSTEPS = " + parameter_text(analysis, "steps", "5")
        + "\nHELD_INPUT_STARTS_LATER = " + python_flag(!config.learned_positions()) + "\n"
        + "SCORES = " + array_text(array(estimates_array(result)), false) + "  # [writers, readers]\n";
    return {out, common + of_gradients + of_edge_scores};
}

} // namespace patchbay::detail
