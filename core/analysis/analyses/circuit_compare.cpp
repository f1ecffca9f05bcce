// Circuits side by side: how large and how faithful each one is, and which edges they share.
#include "analysis/detail/circuit_report.h"
#include "analysis/detail/edge_options.h"
#include "analysis/known_runs.h"
#include "base/amounts.h"
#include "base/error.h"
#include "base/mean.h"
#include "base/plain_text.h"
#include "edges/circuit_file.h"
#include "edges/circuit_run.h"

#include <filesystem>

namespace patchbay {

using namespace detail;

namespace {

/// As the analysis "circuit" makes it: {"name", "heads", "options"}.
Circuit made_circuit(AnalysisRun &run, const nlohmann::json &one)
{
    Analysis how{"circuit", {}, one.value("options", nlohmann::json())};
    for (const nlohmann::json &head : one.value("heads", nlohmann::json::array()))
        how.heads.push_back(parse_head(head.get<std::string>()));
    RunSpec spec = run.spec;
    spec.method = std::move(how);
    const RunResult made = run.known.run(spec, {}, run.cancel);
    const std::vector<int64_t> &kept = made.arrays.at("circuit").ints();
    return {one.at("name").get<std::string>(), EdgeMask(kept.begin(), kept.end())};
}

std::vector<Circuit> circuits_of(AnalysisRun &run, const EdgeGraph &graph)
{
    std::vector<Circuit> out;
    for (const nlohmann::json &one : run.analysis.options.at("circuits")) {
        if (one.is_object()) {
            out.push_back(made_circuit(run, one));
            continue;
        }
        const std::string text = one.get<std::string>();
        const size_t equals = text.find('=');
        std::error_code ignored;
        if (equals == std::string::npos || std::filesystem::is_regular_file(text, ignored))
            out.push_back({text, read_scored_graph(text, graph).circuit.kept});
        else
            out.push_back({text.substr(0, equals), parse_edges(graph, std::string_view(text).substr(equals + 1))});
    }
    if (out.empty())
        throw Error("options.circuits", "the list is empty: name at least one");
    return out;
}

void run_compare(AnalysisRun &run)
{
    const EdgeGraph graph(run.config());
    const std::vector<Circuit> circuits = circuits_of(run, graph);
    const EdgeReplacement replacement = replacement_of(run.analysis);
    const Metric metric = metric_of(run.spec);
    std::vector<EdgeMask> masks;
    for (const Circuit &circuit : circuits)
        masks.push_back(circuit.kept);
    const CircuitScale scale = circuit_scale(run.session, replacement, metric, run.cancel);
    const std::vector<std::vector<float>> values = run_circuits(
        run.session, masks, replacement, metric, [&](double done) { run.progress(int(1000 * done), 1000); },
        run.cancel);
    const auto n = int64_t(circuits.size());
    Array kept{{n, graph.writers(), graph.readers()}, std::vector<int64_t>()},
        evaluate{{n, run.in.batch.prompts}, std::vector<float>()};
    nlohmann::json list = nlohmann::json::array(), rows = nlohmann::json::array(),
                   columns{"circuit", "edges", "nodes", "mean", "faithfulness"};
    for (const Circuit &circuit : circuits)
        if (n > 1)
            columns.push_back("shared with " + circuit.name + " (%)");
    std::string conclusion;
    for (size_t i = 0; i < circuits.size(); ++i) {
        std::copy(masks[i].begin(), masks[i].end(), std::back_inserter(std::get<1>(kept.values)));
        evaluate.floats().insert(evaluate.floats().end(), values[i].begin(), values[i].end());
        const double f = scale.faithfulness(values[i]);
        const int64_t edges = count(masks[i]);
        const size_t nodes = nodes_of(graph, masks[i]).size();
        nlohmann::json row{circuits[i].name, std::to_string(edges), std::to_string(nodes),
                           fixed_text(mean_of(values[i]), 3), fixed_text(f, 3)};
        nlohmann::json shared = nlohmann::json::object();
        for (size_t j = 0; n > 1 && j < circuits.size(); ++j) {
            const double part = jaccard(masks[i], masks[j]);
            row.push_back(j == i ? "" : fixed_text(100 * part, 1));
            if (j != i)
                shared[circuits[j].name] = part;
        }
        list.push_back({{"circuit", circuits[i].name},
                        {"kept", edges},
                        {"nodes", nodes},
                        {"mean", mean_of(values[i])},
                        {"faithfulness", number_or_null(f)},
                        {"jaccard", shared}});
        rows.push_back(std::move(row));
        conclusion += (i == 0 ? "" : "; ") + circuits[i].name + ": " + counted(edges, "edge") + ", faithfulness "
            + faithfulness_text(f);
    }
    run.result.arrays["circuits"] = std::move(kept);
    run.result.arrays["circuits.evaluate"] = std::move(evaluate);
    nlohmann::json &summary = run.result.summary;
    summary["forward"] = graph.writer_names();
    summary["backward"] = graph.reader_names();
    summary["full"] = scale.full;
    summary["empty"] = scale.empty;
    summary["circuits"] = std::move(list);
    summary["columns"] = std::move(columns);
    summary["rows"] = std::move(rows);
    summary["conclusion"] = conclusion + ".";
}

std::string describe_compare(const Analysis &analysis)
{
    return "Circuits of edges, each run on the clean prompts; every edge that is not in it carries "
        + in_words(replacement_of(analysis))
        + ". Faithfulness: (circuit − nothing kept) / (all kept − nothing kept) of the metric's mean. Shared: edges "
          "that are in both, in % of those that are in either.";
}

} // namespace

const AnalysisInfo &declared::circuit_compare()
{
    static const AnalysisInfo info{
        .name = "circuit-compare",
        .title = "Circuits side by side",
        .tip = "Circuits of edges beside one another: size, faithfulness, and what they share",
        .any_metric = true,
        .parameters = {{"circuits",
                        Parameter::Kind::Circuits,
                        "the circuits: files in the JSON of EAP-IG and MIB, or NAME=EDGES such as "
                        "mine=a0.h1->m0,m0->logits",
                        {},
                        true},
                       replacement_parameter()},
        .yields = {{"circuits", "Edges of the circuits", "edges of the circuits", "", "Edges of the circuits",
                    Quantity::Draw::Hidden},
                   {"circuits.", "Metric of the circuits", "metric of the circuits", "", "Metric of the circuits",
                    Quantity::Draw::Hidden}},
        .describe = describe_compare,
        .run = run_compare};
    return info;
}

} // namespace patchbay
