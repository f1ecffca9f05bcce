// Edges: what each writer's output does through each reader alone, estimated by gradients for all of them and computed
// exactly for those that are asked for.
#include "analysis/detail/edge_options.h"
#include "analysis/edge_conclusion.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "edges/detail/exact_edges.h"
#include "model/check_head.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

using namespace detail;

namespace {

constexpr int usual_count = 1000;

std::vector<Edge> wanted_edges(const AnalysisRun &run, const EdgeGraph &graph, const std::vector<float> &scores)
{
    const std::vector<Head> heads = heads_option(run.analysis, "of_heads");
    check_heads(heads, run.config());
    if (const std::string names = parameter_text(run.analysis, "edges", ""); !names.empty()) {
        const EdgeMask named = parse_edges(graph, names);
        std::vector<Edge> edges;
        for (size_t i = 0; i < named.size(); ++i)
            if (named[i])
                edges.push_back(graph.edge(i));
        return edges;
    }
    std::vector<Edge> all = scores.empty() ? std::vector<Edge>() : ranked_edges(graph, scores, EdgeOrder::Size);
    if (scores.empty())
        for (size_t i = 0; i < graph.cells(); ++i)
            if (graph.is_edge(graph.edge(i)))
                all.push_back(graph.edge(i));
    if (!heads.empty())
        std::erase_if(all, [&](Edge edge) {
            return std::none_of(heads.begin(), heads.end(), [&](Head head) {
                const int node = graph.index(EdgeWriter{EdgeWriter::Kind::Head, head.layer, head.head});
                return edge.writer == node || graph.node(edge.reader) == node;
            });
        });
    const bool some = heads.empty() && !run.flag("all");
    const double count = run.option("count", some ? usual_count : double(all.size()));
    if (double(all.size()) > count)
        all.resize(size_t(count));
    return all;
}

void run_exact(AnalysisRun &run, const EdgeGraph &graph, const EdgeEstimate &what, const std::vector<float> &scores)
{
    const std::vector<Edge> edges = wanted_edges(run, graph, scores);
    std::vector<float> estimates;
    Array index{{int64_t(edges.size()), 2}, std::vector<int64_t>()};
    for (const Edge edge : edges) {
        estimates.push_back(scores.empty() ? std::nanf("") : scores[graph.cell(edge)]);
        std::get<1>(index.values).push_back(edge.writer);
        std::get<1>(index.values).push_back(edge.reader);
    }
    RunObserver observer = run.observer;
    // The same edges in the same order, or cells would be taken for others.
    if (observer.resume) {
        const auto earlier = observer.resume->arrays.find(edge_index);
        if (earlier == observer.resume->arrays.end() || earlier->second.shape != index.shape
            || earlier->second.is_float() || earlier->second.ints() != index.ints())
            observer.resume = nullptr;
    }
    run.result.arrays[edge_index] = std::move(index);
    std::unique_ptr<RunSteps> steps;
    observer.tell = [&](const Event &event) {
        if (!run.observer.tell || std::holds_alternative<Done>(event)) // the analysis ends after this
            return;
        if (const Progress *progress = std::get_if<Progress>(&event)) {
            const double r =
                steps ? rank_correlation(steps->result().grids.front(), estimates, run.result.baseline) : std::nan("");
            run.observer.tell(
                Progress{progress->done, progress->total,
                         std::isnan(r) ? std::string() : "rank correlation of estimate and exact " + fixed_text(r, 2)});
        } else {
            run.observer.tell(event);
        }
    };
    steps = begin_exact_edges(run.in, edges, estimates, what, run.result, observer, run.cancel);
    while (steps->step(run.cancel)) // the same numbers, whatever the session is used for between two parts
        if (observer.between)
            observer.between();
    RunResult &done = steps->result();
    run.result.grids = std::move(done.grids);
    run.result.flops = done.flops;
    run.result.first_exact_seconds = done.first_exact_seconds;
    run.result.complete = done.complete;
}

void run_edges(AnalysisRun &run)
{
    const EdgeGraph graph(run.config());
    const std::string method = parameter_text(run.analysis, "method", "eap-ig");
    const bool exact = method == "exact";
    EdgeEstimate what = estimate_of(run, exact ? parameter_text(run.analysis, "rank_by", "eap-ig") : method);
    what.direction = parse_direction(parameter_text(run.analysis, "direction", "noise"));
    if (what.replacement != EdgeReplacement::Patching && what.direction == Direction::Denoise)
        throw Error("options.direction",
                    "with " + name(what.replacement) + " edges of the clean run are changed: noise alone");
    if (exact && what.replacement != EdgeReplacement::Patching)
        what.method = EdgeMethod::Eap; // the one that goes by it
    run.result.summary["method"] = method;
    describe_graph(run, graph);
    std::vector<float> scores;
    // Without a gradient nothing can be ranked: then the edges themselves must be named.
    const bool listed = !parameter_text(run.analysis, "edges", "").empty(); // nothing to choose: no estimates
    const bool named = listed || run.flag("all") || !heads_option(run.analysis, "of_heads").empty();
    const bool flat = what.method == EdgeMethod::Eap ? !has_estimates(what.metric, what.direction == Direction::Denoise)
                                                     : !info(what.metric).slope;
    if (!(exact && named && (flat || listed)))
        scores = estimated_edges(run, what, exact ? 0.1 : 1).mean;
    if (exact)
        run_exact(run, graph, what, scores);
    conclude_edges(run.result, graph);
}

std::string describe_edges(const Analysis &analysis)
{
    const std::string method = parameter_text(analysis, "method", "eap-ig");
    const bool exact = method == "exact", denoise = parameter_text(analysis, "direction", "noise") == "denoise";
    const std::string by = exact ? parameter_text(analysis, "rank_by", "eap-ig") : method;
    std::string text = exact ? "Exact values of edges, most promising first by " + title(parse_edge_method(by)) + ": "
                             : title(parse_edge_method(method)) + ", a first-order estimate for every edge: ";
    text += "the change of the metric when what one writer puts into what one reader reads, alone, is replaced by "
        + in_words(replacement_of(analysis), denoise) + " in the " + (denoise ? "flipped" : "clean")
        + " run. Positive: the metric grows (the usual sign of the EAP-IG library, whose loss is minus the metric, is "
          "the opposite).";
    if (by == "eap-ig" || by == "eap-ig-activations")
        text +=
            " Gradients are averaged over " + parameter_text(analysis, "steps", "5") + " steps between the two runs.";
    return text;
}

} // namespace

const AnalysisInfo &declared::edges()
{
    static const AnalysisInfo info = [] {
        AnalysisInfo made{.name = "edges",
                          .title = "Edges",
                          .tip = "What each head and MLP does through each reader of its output: estimates for all, "
                                 "exact values for the strongest",
                          .any_metric = true,
                          .parameters =
                              estimate_parameters("method", "how edges are estimated, or exact (eap-ig)", {"exact"}),
                          .yields = edge_quantities(),
                          .describe = describe_edges,
                          .run = run_edges};
        made.parameters.push_back({"direction",
                                   Parameter::Kind::Choice,
                                   "noise: flipped values into the clean run; denoise: the twin (noise)",
                                   {"noise", "denoise"}});
        made.parameters.push_back({"rank_by",
                                   Parameter::Kind::Choice,
                                   "exact: the estimate that says which edges come first (eap-ig)",
                                   {"eap-ig", "eap", "clean-corrupted", "eap-ig-activations"}});
        made.parameters.push_back({"count", Parameter::Kind::Whole,
                                   "exact: how many of the strongest edges (1000; with heads or all: all of these)"});
        made.parameters.push_back({"all", Parameter::Kind::Flag, "exact: every edge"});
        made.parameters.push_back({"of_heads", Parameter::Kind::Heads, "exact: the edges into and out of these heads"});
        made.parameters.push_back({"edges", Parameter::Kind::Text, "exact: these edges, such as a0.h1->m0,m0->logits"});
        for (const char *name : {edge_grid, edge_index})
            made.yields.push_back({name, "Exact edges", "exact edges", "", "Exact edges", Quantity::Draw::Hidden});
        return made;
    }();
    return info;
}

} // namespace patchbay
