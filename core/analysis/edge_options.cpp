#include "analysis/detail/edge_options.h"

#include "base/error.h"

#include <cmath>

namespace patchbay::detail {

std::vector<Parameter> estimate_parameters(const char *method, const std::string &method_help,
                                           const std::vector<std::string> &more)
{
    std::vector<std::string> methods{"eap-ig", "eap", "clean-corrupted", "eap-ig-activations"};
    methods.insert(methods.end(), more.begin(), more.end());
    return {{method, Parameter::Kind::Choice, method_help, methods},
            {"steps",
             Parameter::Kind::Whole,
             "runs between the two over which integrated gradients are averaged (5)",
             {},
             false,
             5},
            replacement_parameter()};
}

Parameter replacement_parameter()
{
    return {"ablate",
            Parameter::Kind::Choice,
            "what takes the place of what an edge carries (patching: the other run's value)",
            {"patching", "zero", "mean", "mean-positional"}};
}

EdgeReplacement replacement_of(const Analysis &analysis)
{
    return parse_edge_replacement(parameter_text(analysis, "ablate", "patching"));
}

EdgeEstimate estimate_of(const AnalysisRun &run, const std::string &method)
{
    EdgeEstimate what;
    what.method = parse_edge_method(method);
    const double steps = run.option("steps", 5);
    if (steps < 1 || steps > 10'000)
        throw Error("options.steps", "must be between 1 and 10000");
    what.steps = int(steps);
    what.replacement = replacement_of(run.analysis);
    what.metric = metric_of(run.spec);
    return what;
}

EdgeOrder order_of(const AnalysisRun &run)
{
    return run.flag("signed") ? keeping_order(run.result.baseline) : EdgeOrder::Size;
}

Array edge_array(const EdgeGraph &graph, const std::vector<float> &values)
{
    return {{graph.writers(), graph.readers()}, values};
}

Array edge_array(const EdgeGraph &graph, const EdgeMask &mask)
{
    return {{graph.writers(), graph.readers()}, std::vector<int64_t>(mask.begin(), mask.end())};
}

EdgeScores estimated_edges(AnalysisRun &run, const EdgeEstimate &what, double share)
{
    EdgeScores scores = edge_scores(
        run.session, what, [&](double done) { run.progress(int(1000 * share * done), 1000); }, run.cancel);
    const EdgeGraph graph(run.config());
    const std::string key = "scores." + name(what.method);
    run.result.arrays[key] = edge_array(graph, scores.mean);
    run.result.arrays[key + ".standard_error"] = edge_array(graph, scores.standard_error);
    if (!scores.per_prompt.empty())
        run.result.arrays[key + ".per_prompt"] = {{graph.writers(), graph.readers(), run.in.batch.prompts},
                                                  scores.per_prompt};
    return scores;
}

void describe_graph(AnalysisRun &run, const EdgeGraph &graph)
{
    run.result.arrays[real_edges_array] = edge_array(graph, graph.real());
    run.result.summary["forward"] = graph.writer_names();
    run.result.summary["backward"] = graph.reader_names();
    run.result.summary["edge_count"] = graph.edges();
}

std::vector<Quantity> edge_quantities()
{
    const auto hidden = [](const char *name, const char *title) {
        return Quantity{name, title, title, "", title, Quantity::Draw::Hidden};
    };
    return {hidden("scores.", "Edge scores"), hidden(real_edges_array, "Edges that exist")};
}

} // namespace patchbay::detail
