#include "analysis/detail/circuit_report.h"

#include "analysis/detail/edge_options.h"
#include "base/error.h"
#include "base/mean.h"
#include "base/plain_text.h"
#include "edges/circuit_run.h"

#include <algorithm>
#include <cmath>

namespace patchbay::detail {

namespace {

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

} // namespace

Array values_of(const std::vector<float> &values)
{
    return {{int64_t(values.size())}, values};
}

std::string faithfulness_text(double value)
{
    return !std::isfinite(value) ? "not defined" : fixed_text(std::abs(value) < 0.005 ? 0 : value, 2);
}

nlohmann::json number_or_null(double value)
{
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

void write_minimality(AnalysisRun &run, const EdgeGraph &graph, const MadeCircuit &made, double with)
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
    run.result.arrays[curve_shares_array] = values_of(shares);
    run.result.arrays["curve.faithfulness"] = values_of(faithful);
    run.result.arrays["curve.faithfulness_signed"] = values_of(faithful_signed);
    run.result.summary["columns"] = {"share of edges", "edges",        "kept",
                                     "faithfulness",   "kept, signed", "faithfulness, signed"};
    run.result.summary["rows"] = std::move(rows);
}

void write_edges(AnalysisRun &run, const EdgeGraph &graph, const MadeCircuit &made)
{
    constexpr size_t most = 500;
    const std::vector<float> order = made.scores.empty() ? std::vector<float>(graph.cells()) : made.scores;
    nlohmann::json rows = nlohmann::json::array();
    for (const Edge edge : ranked_edges(graph, order, EdgeOrder::Size)) {
        if (rows.size() == most)
            break;
        if (!made.kept[graph.cell(edge)])
            continue;
        rows.push_back(nlohmann::json::array({graph.name(edge)}));
        if (!made.scores.empty())
            rows.back().push_back(short_text(double(made.scores[graph.cell(edge)]), 4));
    }
    run.result.summary["columns"] = nlohmann::json::array({"edge"});
    if (!made.scores.empty())
        run.result.summary["columns"].push_back("score");
    run.result.summary["rows"] = std::move(rows);
}

void write_inclusion(AnalysisRun &run, const EdgeGraph &graph, const MadeCircuit &made)
{
    const auto found = run.result.arrays.find("scores." + parameter_text(run.analysis, "by", "eap-ig") + ".per_prompt");
    if (found == run.result.arrays.end() || made.asked < 0)
        throw Error("options.resamples", "needs a circuit of the top edges, and their scores for each prompt");
    const Inclusion in = inclusion(graph, found->second.floats(), run.in.batch.prompts, made.asked, order_of(run),
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

} // namespace patchbay::detail
