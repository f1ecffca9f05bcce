// patchbay-cli edges: what each part of the model does through each reader of its output.
#include "base/amounts.h"
#include "command.h"
#include "edge_spec.h"
#include "edges/circuit_file.h"
#include "edges/scores.h"
#include "interrupt.h"

#include <cmath>

namespace patchbay::cli {

namespace {

struct Options {
    WorkOptions work;
    SweepOptions sweep;
    std::string method = "eap-ig", rank_by = "eap-ig", direction = "noise", ablate = "patching", heads, edges, graph,
                table, resume;
    int steps = 5, top = 0, show = 10;
    bool all = false;
};

nlohmann::json parameters(const Options &o)
{
    nlohmann::json out{{"method", o.method}, {"direction", o.direction}, {"ablate", o.ablate}, {"steps", o.steps}};
    if (o.method != "exact") {
        if (o.top > 0 || o.all || !o.heads.empty() || !o.edges.empty())
            throw UsageError("--method",
                             "--top, --all, --heads and --edges are of --method exact; estimates are of all edges");
        return out;
    }
    out["rank_by"] = o.rank_by;
    if (o.top > 0)
        out["count"] = o.top;
    if (o.all)
        out["all"] = true;
    if (!o.edges.empty())
        out["edges"] = o.edges;
    if (!o.heads.empty()) {
        out["of_heads"] = nlohmann::json::array();
        for (const Head head : option_value("--heads", [&] { return parse_heads(o.heads); }))
            out["of_heads"].push_back(dotted(head));
    }
    return out;
}

void write_files(const Options &o, const RunResult &result, const EdgeGraph &graph, int d_model)
{
    const bool exact = o.method == "exact";
    const std::string key = estimates_array(result);
    const std::vector<float> means = exact_changes(result, graph);
    if (!o.graph.empty()) {
        ScoredGraph file{graph,
                         d_model,
                         of_files(exact ? means : result.arrays.at(key).floats(),
                                  keeping_order(result.baseline, parse_direction(o.direction))),
                         {"", graph.real()},
                         true};
        for (float &score : file.scores)
            score = std::isnan(score) ? 0 : score;
        write_scored_graph(o.graph, file);
    }
    if (o.table.empty())
        return;
    std::vector<EdgeColumn> columns;
    if (!key.empty()) {
        columns.push_back({"estimate", result.arrays.at(key).floats()});
        columns.push_back({"standard_error", result.arrays.at(key + ".standard_error").floats()});
    }
    if (exact)
        columns.push_back({"exact", means});
    write_edge_table(o.table, graph, columns);
}

void say(const Options &o, const RunResult &result, Console &console)
{
    const Baseline &b = result.baseline;
    console.say(title(result.spec) + ", " + counted(int64_t(b.clean.size()), "prompt") + ", "
                + counted(result.summary.at("edge_count").get<int64_t>(), "edge"));
    if (const std::string note = gap_note(b); !note.empty())
        console.say(note);
    const nlohmann::json &rows = result.summary.at("rows");
    const bool exact = result.summary.at("columns").size() > 2;
    for (size_t i = 0; i < std::min(rows.size(), size_t(o.show)); ++i) {
        std::string edge = rows[i][0];
        edge.resize(std::max(edge.size(), size_t(18)), ' ');
        const std::string estimate = rows[i][1], value = exact ? rows[i][2].get<std::string>() : "";
        console.say("  " + edge + "  " + (value.empty() ? estimate + "  estimate" : value + "  exact")
                    + (value.empty() || estimate.empty() ? "" : "  (estimate " + estimate + ")"));
    }
    if (result.summary.contains("rank_correlation"))
        console.say("rank correlation of estimate and exact: "
                    + number(result.summary.at("rank_correlation").get<double>(), 3));
    console.say("took " + duration_text(result.seconds));
}

int run(const Options &o)
{
    const nlohmann::json options = parameters(o);
    check_json("--graph", o.graph);
    Console console(o.work.output.json, o.work.output.quiet);
    RunResult earlier;
    if (!o.resume.empty())
        earlier = load_result(o.resume);
    Workspace work(o.work, console);
    RunResult result =
        run_edge_analysis(work, "edges", {}, options, o.sweep.metric, console, o.resume.empty() ? nullptr : &earlier);
    const EdgeGraph graph(work.config());
    if (o.work.output.wanted()) {
        RunResult file = result;
        spread_exact(file, graph);
        save_result(o.work.output.out, file);
    }
    write_files(o, result, graph, work.config().d_model);
    nlohmann::ordered_json out{
        {"spec", to_json(result.spec)}, {"seconds", result.seconds}, {"complete", result.complete}};
    out["summary"] = short_summary(result);
    if (o.work.output.wanted())
        out["out"] = o.work.output.out;
    console.print(out);
    say(o, result, console);
    for (const std::string &file : {o.work.output.out, o.graph, o.table})
        if (!file.empty())
            console.say("written to " + file);
    if (!result.complete)
        work.check_not_lost(o.work.output);
    return result.complete ? 0 : 130;
}

} // namespace

Runner add_edges(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    Options &o = *options;
    o.work.add(app, "Write scores, standard errors and exact values [writers, readers] to this file");
    add_at(app, o.work.at);
    o.sweep.add_metric(app);
    const std::vector<std::string> estimates{"eap", "eap-ig", "clean-corrupted", "eap-ig-activations"};
    std::vector<std::string> methods = estimates;
    methods.push_back("exact");
    app.add_option("--method", o.method,
                   "How: a first-order estimate for every edge, or the exact value of those that are asked for")
        ->check(CLI::IsMember(methods))
        ->capture_default_str();
    app.add_option("--steps", o.steps, "Runs over which integrated gradients are averaged")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--direction", o.direction, "noise: flipped values into the clean run; denoise: its twin")
        ->check(CLI::IsMember({"noise", "denoise"}))
        ->capture_default_str();
    app.add_option("--ablate", o.ablate, "What takes the place of what an edge carries")
        ->check(CLI::IsMember({"patching", "zero", "mean", "mean-positional"}))
        ->capture_default_str();
    app.add_option("--top", o.top, "Exact: so many edges, those with the largest estimates (1000)")
        ->check(CLI::Range(1, 100000000));
    app.add_option("--rank-by", o.rank_by, "Exact: the estimate that says which edges come first")
        ->check(CLI::IsMember(estimates))
        ->capture_default_str();
    app.add_flag("--all", o.all, "Exact: every edge");
    app.add_option("--heads", o.heads, "Exact: the edges into and out of these heads, such as 8.1,9.4");
    app.add_option("--edges", o.edges, "Exact: these edges, such as a0.h1->m0,m0->logits");
    app.add_option("--resume", o.resume, "Exact: a result of the same run that was stopped; it goes on from there");
    app.add_option("--graph", o.graph, "Also write scores as EAP-IG and MIB do, to this .json file");
    app.add_option("--table", o.table, "Also write a line for each edge to this .csv file");
    app.add_option("--show", o.show, "Strongest edges to print")->capture_default_str()->check(CLI::Range(0, 200));
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
