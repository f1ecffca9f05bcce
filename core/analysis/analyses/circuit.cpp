// Circuits: sets of edges, chosen or given, run as they are, with what is left of the metric; the curve of how
// faithful circuits of all sizes are; and ACDC.
#include "analysis/detail/circuit_report.h"
#include "analysis/detail/edge_options.h"
#include "analysis/known_runs.h"
#include "base/amounts.h"
#include "base/error.h"
#include "base/mean.h"
#include "base/plain_text.h"
#include "edges/circuit_file.h"
#include "edges/circuit_run.h"
#include "model/check_head.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace patchbay {

using namespace detail;

namespace {

std::optional<ScoredGraph> file_of(const AnalysisRun &run, const EdgeGraph &graph)
{
    const std::string file = parameter_text(run.analysis, "file", "");
    if (file.empty())
        return std::nullopt;
    return read_scored_graph(file, graph);
}

std::string way_of(const Analysis &analysis)
{
    const bool file = !parameter_text(analysis, "file", "").empty(),
               edges = !parameter_text(analysis, "edges", "").empty();
    return parameter_text(analysis, "choose", edges || file ? "given" : "top");
}

/// Those that the analysis "edges" has computed already (an earlier step of a recipe); empty: it has not.
std::vector<float> known_scores(AnalysisRun &run)
{
    RunSpec spec = run.spec;
    const std::string by = parameter_text(run.analysis, "by", "eap-ig");
    nlohmann::json options = nlohmann::json::object();
    if (by != "eap-ig")
        options["method"] = by;
    if (const double steps = run.option("steps", 5); steps != 5)
        options["steps"] = int(steps);
    spec.method = Analysis{"edges", {}, options.empty() ? nlohmann::json() : options};
    const RunResultPtr edges = run.known.find(spec);
    if (!edges)
        return {};
    std::vector<float> scores;
    for (const auto &[name, array] : edges->arrays)
        if (name.starts_with("scores." + by)) {
            run.result.arrays[name] = array;
            if (name == "scores." + by)
                scores = array.floats();
        }
    return scores;
}

std::vector<float> scores_of(AnalysisRun &run, const std::optional<ScoredGraph> &file)
{
    if (file && file->scored)
        return of_files(file->scores, keeping_order(run.result.baseline));
    if (const std::vector<float> known = known_scores(run); !known.empty())
        return known;
    EdgeEstimate what = estimate_of(run, parameter_text(run.analysis, "by", "eap-ig"));
    if (what.replacement != EdgeReplacement::Patching) // scores are of patching, whatever the circuit is run with
        what.replacement = EdgeReplacement::Patching;
    return estimated_edges(run, what, 0.3).mean;
}

MadeCircuit make_circuit(AnalysisRun &run, const EdgeGraph &graph)
{
    const std::string way = way_of(run.analysis);
    const std::optional<ScoredGraph> file = file_of(run, graph);
    const EdgeOrder order = order_of(run);
    MadeCircuit out;
    if (way == "given") {
        const std::string edges = parameter_text(run.analysis, "edges", "");
        if (!edges.empty() && file)
            throw Error("options.edges", "give either edges or a file");
        if (edges.empty() && !file)
            throw Error("options.edges", "name the edges of the circuit, such as a0.h1->m0, or give a file");
        out.kept = file ? file->circuit.kept : parse_edges(graph, edges);
        if (file && file->scored)
            out.scores = scores_of(run, file);
    } else if (way == "heads") {
        if (run.analysis.heads.empty())
            throw Error("heads", "name the heads of the circuit");
        std::vector<std::pair<int, int>> heads;
        for (const Head head : run.analysis.heads)
            heads.emplace_back(head.layer, head.head);
        out.kept = edges_among(graph, heads, !run.flag("without_mlps"));
    } else if (way == "acdc") {
        AcdcOptions options;
        options.threshold = run.option("threshold", options.threshold);
        options.kl = parameter_text(run.analysis, "distance", "kl") == "kl";
        options.replacement = replacement_of(run.analysis);
        options.metric = metric_of(run.spec);
        out.kept = acdc(
            run.session, options, [&](double done) { run.progress(int(900 * done), 1000); }, run.cancel);
    } else {
        out.scores = scores_of(run, file);
        if (way == "threshold") {
            const double threshold = run.option("threshold", 0);
            if (!run.analysis.options.is_object() || !run.analysis.options.contains("threshold"))
                throw Error("options.threshold", "say the least score of an edge of the circuit");
            out.kept = edges_above(graph, out.scores, threshold, order);
        } else {
            out.asked = int64_t(run.option("count", double(edges_at(graph, 0.1))));
            out.kept = way == "greedy" ? greedy_edges(graph, out.scores, out.asked, order)
                                       : top_edges(graph, out.scores, out.asked, order);
        }
    }
    out.kept = pruned(graph, out.kept);
    if (run.flag("complement"))
        out.kept = complement(graph, out.kept);
    return out;
}

void run_circuit(AnalysisRun &run)
{
    const EdgeGraph graph(run.config());
    describe_graph(run, graph);
    const MadeCircuit made = make_circuit(run, graph);
    const EdgeReplacement replacement = replacement_of(run.analysis);
    const Metric metric = metric_of(run.spec);
    nlohmann::json &summary = run.result.summary;
    const CircuitScale scale = circuit_scale(run.session, replacement, metric, run.cancel);
    const std::vector<std::vector<float>> values =
        run_circuits(run.session, {made.kept, complement(graph, made.kept)}, replacement, metric, {}, run.cancel);
    run.result.arrays["circuit"] = edge_array(graph, made.kept);
    run.result.arrays["evaluate"] = values_of(values[0]);
    run.result.arrays["evaluate.complement"] = values_of(values[1]);
    summary["way"] = way_of(run.analysis);
    if (made.asked >= 0)
        summary["asked"] = made.asked;
    summary["kept"] = count(made.kept);
    summary["nodes"] = nodes_of(graph, made.kept).size();
    summary["full"] = scale.full;
    summary["empty"] = scale.empty;
    summary["mean"] = mean_of(values[0]);
    summary["faithfulness"] = number_or_null(scale.faithfulness(values[0]));
    // As circuits over time are reported: of the whole, not of what the circuit can make a difference to.
    summary["share_of_full"] = number_or_null(scale.full == 0 ? std::nan("") : mean_of(values[0]) / scale.full);
    summary["completeness"] = number_or_null(scale.faithfulness(values[1]));
    summary["conclusion"] = std::to_string(count(made.kept)) + " of " + counted(graph.edges(), "edge") + ", "
        + counted(int64_t(nodes_of(graph, made.kept).size()), "node") + ": faithfulness "
        + faithfulness_text(scale.faithfulness(values[0])) + ", completeness "
        + faithfulness_text(scale.faithfulness(values[1])) + ".";
    if (run.flag("minimality"))
        write_minimality(run, graph, made, mean_of(values[0]));
    if (run.option("resamples", 0) > 0)
        write_inclusion(run, graph, made);
    if (run.flag("curve"))
        write_curve(run, made.scores.empty() ? scores_of(run, file_of(run, graph)) : made.scores);
    else
        write_edges(run, graph, made);
    run.progress(1000, 1000);
}

std::string describe_circuit(const Analysis &analysis)
{
    const std::string way = way_of(analysis);
    std::string what = "the given edges";
    const std::string by = parameter_text(analysis, "file", "").empty()
        ? " by " + title(parse_edge_method(parameter_text(analysis, "by", "eap-ig")))
        : " by the scores of a file";
    const std::string order = flag_set(analysis, "signed") ? ", signed" : ", by size";
    const std::string count = parameter_text(analysis, "count", "a tenth of all");
    if (way == "top")
        what = "the strongest edges (" + count + order + ")" + by;
    else if (way == "greedy")
        what = "edges (" + count + order + ") chosen from the logits down" + by;
    else if (way == "threshold")
        what = "edges with a score of at least " + parameter_text(analysis, "threshold", "0") + order + by;
    else if (way == "heads")
        what = "the edges among " + heads_or(analysis, "the named heads") + ", the input, the logits"
            + (flag_set(analysis, "without_mlps") ? "" : " and the MLPs");
    else if (way == "acdc")
        what = "what ACDC leaves (threshold " + parameter_text(analysis, "threshold", "0.01") + ", distance "
            + parameter_text(analysis, "distance", "kl")
            + "; readers from the logits to the input, their senders from the last to the first)";
    return std::string(flag_set(analysis, "complement") ? "All edges but " : "A circuit of ") + what
        + ", without nodes that nothing reaches or that reach nothing. It is run on the clean prompts; every edge "
          "that is not in it carries "
        + in_words(replacement_of(analysis))
        + ". Faithfulness: (circuit − nothing kept) / (all kept − nothing kept) of the metric's mean; completeness: "
          "the same of the edges that are left out.";
}

} // namespace

const AnalysisInfo &declared::circuit()
{
    static const AnalysisInfo info = [] {
        AnalysisInfo made{.name = "circuit",
                          .title = "Circuit of edges",
                          .tip = "A circuit chosen from the edges, run by itself: how faithful it is",
                          .any_metric = true,
                          .parameters = estimate_parameters("by", "what the edges are chosen by (eap-ig)"),
                          .yields = edge_quantities(),
                          .describe = describe_circuit,
                          .run = run_circuit};
        using Kind = Parameter::Kind;
        const std::vector<Parameter> own{
            {"choose",
             Kind::Choice,
             "how: the top edges, greedily from the logits down, all above a threshold, among heads, ACDC, or those "
             "that edges or file give (top)",
             {"top", "greedy", "threshold", "heads", "acdc", "given"}},
            {"count", Kind::Whole, "edges to choose, before pruning (a tenth of all)"},
            {"signed", Kind::Flag, "choose by signed score, not by size: what most keeps the behaviour first"},
            {"threshold", Kind::Number, "the least score of an edge; ACDC: how much the distance may grow (0.01)"},
            {"distance",
             Kind::Choice,
             "ACDC: from the full model's predictions at END, or minus the metric (kl)",
             {"kl", "metric"}},
            {"without_mlps", Kind::Flag, "heads: leave the MLPs out"},
            {"edges", Kind::Text, "the circuit's edges, such as a0.h1->m0,m0->logits"},
            {"file", Kind::File, "a circuit or scores in the JSON of EAP-IG and MIB"},
            {"complement", Kind::Flag, "run the edges that are not in it instead"},
            {"minimality", Kind::Flag, "also run it without each of its nodes"},
            {"curve", Kind::Flag, "also circuits of growing size: faithfulness, CPR and CMD"},
            {"shares", Kind::Numbers, "curve: the shares of all edges (0.001 to 1, as MIB)"},
            {"resamples", Kind::Whole, "resamples of the prompts over which the choice is repeated (0)"}};
        made.parameters.insert(made.parameters.end(), own.begin(), own.end());
        const auto yields = [&](const char *name, const char *title, Quantity::Draw draw, const char *unit = "") {
            made.yields.push_back({name, title, lower_case(title), unit, title, draw});
        };
        yields("circuit.minimality", "Change without the node", Quantity::Draw::Heads);
        yields("circuit.inclusion", "Share of resamples with the head", Quantity::Draw::Heads);
        yields("circuit.", "Edges of the circuit", Quantity::Draw::Hidden);
        yields("circuit", "Edges of the circuit", Quantity::Draw::Hidden);
        yields("evaluate", "Metric of the circuit", Quantity::Draw::Hidden);
        yields("evaluate.", "Metric of the circuit", Quantity::Draw::Hidden);
        yields("curve.", "Faithfulness of circuits of growing size", Quantity::Draw::Hidden);
        return made;
    }();
    return info;
}

} // namespace patchbay
