// Circuits: sets of edges, chosen or given, run as they are, with what is left of the metric; the curve of how
// faithful circuits of all sizes are; and ACDC.
#include "analysis/detail/edge_options.h"
#include "base/amounts.h"
#include "base/error.h"
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

/// What a circuit is made of.
struct Made {
    EdgeMask kept;
    std::vector<float> scores; ///< empty: none were needed
    int64_t asked = -1;        ///< edges, before pruning; −1: not asked by number
};

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

std::vector<double> shares_of(const AnalysisRun &run)
{
    std::vector<double> shares(std::begin(usual_shares), std::end(usual_shares));
    if (!run.analysis.options.is_object() || !run.analysis.options.contains("shares"))
        return shares;
    shares.clear();
    for (const nlohmann::json &share : run.analysis.options.at("shares")) {
        if (!share.is_number() || share.get<double>() < 0 || share.get<double>() > 1)
            throw Error("options.shares", "must be numbers between 0 and 1, such as 0.01");
        if (!shares.empty() && share.get<double>() <= shares.back())
            throw Error("options.shares", "must grow from one to the next");
        shares.push_back(share.get<double>());
    }
    if (shares.empty())
        throw Error("options.shares", "the list is empty: name at least one");
    return shares;
}

std::vector<float> scores_of(AnalysisRun &run, const std::optional<ScoredGraph> &file)
{
    if (file && file->scored)
        return file->scores;
    EdgeEstimate what = estimate_of(run, parameter_text(run.analysis, "by", "eap-ig"));
    if (what.replacement != EdgeReplacement::Patching) // scores are of patching, whatever the circuit is run with
        what.replacement = EdgeReplacement::Patching;
    return estimated_edges(run, what, 0.3).mean;
}

Made make_circuit(AnalysisRun &run, const EdgeGraph &graph)
{
    const std::string way = way_of(run.analysis);
    const std::optional<ScoredGraph> file = file_of(run, graph);
    const bool by_sign = run.flag("signed");
    Made out;
    if (way == "given") {
        const std::string edges = parameter_text(run.analysis, "edges", "");
        if (!edges.empty() && file)
            throw Error("options.edges", "give either edges or a file");
        if (edges.empty() && !file)
            throw Error("options.edges", "name the edges of the circuit, such as a0.h1->m0, or give a file");
        out.kept = file ? file->circuit.kept : parse_edges(graph, edges);
        if (file && file->scored)
            out.scores = file->scores;
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
            out.kept = edges_above(graph, out.scores, threshold, by_sign);
        } else {
            out.asked = int64_t(run.option("count", double(edges_at(graph, 0.1))));
            out.kept = way == "greedy" ? greedy_edges(graph, out.scores, out.asked, by_sign)
                                       : top_edges(graph, out.scores, out.asked, by_sign);
        }
    }
    out.kept = pruned(graph, out.kept);
    if (run.flag("complement"))
        out.kept = complement(graph, out.kept);
    return out;
}

Array values_of(const std::vector<float> &values)
{
    return {{int64_t(values.size())}, values};
}

nlohmann::json number_or_null(double value)
{
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

// What each node's loss costs the circuit: the metric without it less the metric with it.
void write_minimality(AnalysisRun &run, const EdgeGraph &graph, const Made &made, double with)
{
    const std::vector<int> nodes = nodes_of(graph, made.kept);
    std::vector<EdgeMask> without;
    for (const int node : nodes)
        without.push_back(without_node(graph, made.kept, node));
    const std::vector<std::vector<float>> values = run_circuits(
        run.session, without, replacement_of(run.analysis), metric_of(run.spec),
        [&](double done) { run.progress(int(500 + 500 * done), 1000); }, run.cancel);
    Array by_head{{graph.layers(), graph.heads()},
                  std::vector<float>(size_t(graph.layers() * graph.heads()), std::nanf(""))};
    nlohmann::json list = nlohmann::json::object();
    for (size_t i = 0; i < nodes.size(); ++i) {
        const double change = mean_of(values[i]) - with;
        list[graph.writer_name(nodes[i])] = change;
        if (const EdgeWriter node = graph.writer(nodes[i]); node.kind == EdgeWriter::Kind::Head)
            by_head.floats()[size_t(node.layer * graph.heads() + node.head)] = float(change);
    }
    run.result.summary["minimality"] = std::move(list);
    run.result.arrays["circuit.minimality"] = std::move(by_head);
}

nlohmann::json curve_table(const std::vector<CurvePoint> &curve)
{
    nlohmann::json out = nlohmann::json::array();
    for (const CurvePoint &point : curve)
        out.push_back({{"p", point.share},
                       {"n", point.asked},
                       {"kept", point.kept},
                       {"mean", point.mean},
                       {"faithfulness", number_or_null(point.faithfulness)}});
    return out;
}

void write_curve(AnalysisRun &run, const std::vector<float> &scores)
{
    const CircuitCurve curve = circuit_curve(
        run.session, scores, shares_of(run), replacement_of(run.analysis), metric_of(run.spec),
        [&](double done) { run.progress(int(300 + 700 * done), 1000); }, run.cancel);
    run.result.summary["curve"] = curve_table(curve.by_size);
    run.result.summary["curve_signed"] = curve_table(curve.by_sign);
    run.result.summary["cpr"] = number_or_null(curve.cpr);
    run.result.summary["cmd"] = number_or_null(curve.cmd);
    nlohmann::json rows = nlohmann::json::array();
    std::vector<float> shares, faithful, faithful_signed;
    for (size_t i = 0; i < curve.by_size.size(); ++i) {
        const CurvePoint &size = curve.by_size[i], &sign = curve.by_sign[i];
        rows.push_back({short_text(size.share), std::to_string(size.asked), std::to_string(size.kept),
                        fixed_text(size.faithfulness, 3), std::to_string(sign.kept), fixed_text(sign.faithfulness, 3)});
        shares.push_back(float(size.share));
        faithful.push_back(float(size.faithfulness));
        faithful_signed.push_back(float(sign.faithfulness));
    }
    run.result.arrays["curve.share"] = values_of(shares);
    run.result.arrays["curve.faithfulness"] = values_of(faithful);
    run.result.arrays["curve.faithfulness_signed"] = values_of(faithful_signed);
    run.result.summary["columns"] = {"share of edges", "edges",        "kept",
                                     "faithfulness",   "kept, signed", "faithfulness, signed"};
    run.result.summary["rows"] = std::move(rows);
}

void write_edges(AnalysisRun &run, const EdgeGraph &graph, const Made &made)
{
    constexpr size_t most = 500;
    const std::vector<float> order = made.scores.empty() ? std::vector<float>(graph.cells()) : made.scores;
    nlohmann::json rows = nlohmann::json::array();
    for (const Edge edge : ranked_edges(graph, order, false)) {
        if (rows.size() == most)
            break;
        if (made.kept[graph.cell(edge)])
            rows.push_back(
                {graph.name(edge), made.scores.empty() ? "" : short_text(double(made.scores[graph.cell(edge)]), 4)});
    }
    run.result.summary["columns"] = {"edge", "score"};
    run.result.summary["rows"] = std::move(rows);
}

// Stability: which edges and heads are chosen when other prompts had been drawn.
void write_inclusion(AnalysisRun &run, const EdgeGraph &graph, const Made &made)
{
    const auto found = run.result.arrays.find("scores." + parameter_text(run.analysis, "by", "eap-ig") + ".per_prompt");
    if (found == run.result.arrays.end() || made.asked < 0)
        throw Error("options.resamples", "needs a circuit of the top edges, and their scores for each prompt");
    const Inclusion in = inclusion(graph, found->second.floats(), run.in.batch.prompts, made.asked, run.flag("signed"),
                                   int(std::min(run.option("resamples", 1000), 1e6)));
    Array heads{{graph.layers(), graph.heads()}, std::vector<float>()};
    for (int l = 0; l < graph.layers(); ++l)
        for (int h = 0; h < graph.heads(); ++h)
            heads.floats().push_back(in.nodes[size_t(graph.first_writer(l) + h)]);
    EdgeMask consensus(graph.cells());
    for (size_t i = 0; i < consensus.size(); ++i)
        consensus[i] = in.edges[i] > 0.95f;
    run.result.arrays["circuit.inclusion"] = std::move(heads);
    run.result.arrays["circuit.edge_inclusion"] = edge_array(graph, in.edges);
    run.result.arrays["circuit.consensus"] = edge_array(graph, consensus);
    run.result.summary["consensus_edges"] = count(consensus);
}

void run_circuit(AnalysisRun &run)
{
    const EdgeGraph graph(run.config());
    describe_graph(run, graph);
    const Made made = make_circuit(run, graph);
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
            {"signed", Kind::Flag, "choose by signed score, not by size"},
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
