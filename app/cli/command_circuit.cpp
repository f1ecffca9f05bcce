// patchbay-cli circuit: circuits of edges made, run, compared, and their curve of faithfulness.
#include "base/amounts.h"
#include "base/plain_text.h"
#include "command.h"
#include "edge_spec.h"
#include "edges/circuit_file.h"
#include "edges/scores.h"

#include <cmath>

namespace patchbay::cli {

namespace {

struct Options {
    WorkOptions work;
    SweepOptions sweep;
    std::string way = "top", file, by = "eap-ig", ablate = "patching", heads, distance = "kl", edges, shares;
    std::vector<std::string> files;
    int steps = 5, resamples = 0;
    int64_t top = 0;
    double threshold = 0;
    bool has_threshold = false, by_sign = false, greedy = false, complement = false, minimality = false,
         without_mlps = false;
};

/// Circuits of files put together.
const std::vector<std::pair<std::string, EdgeMask (*)(const EdgeMask &, const EdgeMask &)>> set_operations{
    {"union", united}, {"intersection", intersected}, {"difference", subtracted}};

auto set_operation(const std::string &way)
{
    for (const auto &[name, operation] : set_operations)
        if (name == way)
            return operation;
    return static_cast<EdgeMask (*)(const EdgeMask &, const EdgeMask &)>(nullptr);
}

nlohmann::json parameters(const Options &o, bool may_be_given)
{
    nlohmann::json out{{"ablate", o.ablate}, {"steps", o.steps}, {"by", o.by}};
    std::string way = o.way;
    if (may_be_given && o.top == 0 && !o.has_threshold)
        way = !o.file.empty() || !o.edges.empty() ? "given" : !o.heads.empty() ? "heads" : way;
    else if (may_be_given && o.has_threshold)
        way = "threshold";
    if (o.greedy)
        way = "greedy";
    if (way == "given" && o.file.empty() && o.edges.empty())
        throw UsageError("--circuit", "name the circuit's file, or its edges with --edges");
    if (way == "heads" && o.heads.empty())
        throw UsageError("--heads", "name the heads of the circuit, such as --heads 8.1,9.4");
    if (way == "threshold" && !o.has_threshold)
        throw UsageError("--threshold", "say the least score of an edge of the circuit");
    out["choose"] = way;
    if (!o.file.empty())
        out["file"] = o.file;
    if (!o.edges.empty())
        out["edges"] = o.edges;
    if (o.top > 0)
        out["count"] = o.top;
    if (o.has_threshold)
        out["threshold"] = o.threshold;
    if (way == "acdc")
        out["distance"] = o.distance;
    for (const auto &[name, flag] : {std::pair{"signed", o.by_sign}, std::pair{"complement", o.complement},
                                     std::pair{"minimality", o.minimality}, std::pair{"without_mlps", o.without_mlps}})
        if (flag)
            out[name] = true;
    if (o.resamples > 0)
        out["resamples"] = o.resamples;
    return out;
}

std::string share_text(const nlohmann::json &value)
{
    return value.is_null() ? "not defined" : number(value.get<double>(), 3);
}

void say_circuit(const RunResult &result, Console &console)
{
    const nlohmann::json &s = result.summary;
    console.say(title(result.spec) + ", " + counted(int64_t(result.baseline.clean.size()), "prompt"));
    console.say("edges         " + std::to_string(s.at("kept").get<int64_t>()) + " of "
                + std::to_string(s.at("edge_count").get<int64_t>())
                + (s.contains("asked") ? ", " + std::to_string(s.at("asked").get<int64_t>()) + " before pruning" : "")
                + ", " + counted(s.at("nodes").get<int64_t>(), "node"));
    console.say(std::string(info(result.baseline.metric).short_) + ", mean: circuit "
                + number(s.at("mean").get<double>()) + ", all kept " + number(s.at("full").get<double>())
                + ", nothing kept " + number(s.at("empty").get<double>()));
    console.say("faithfulness  " + share_text(s.at("faithfulness")));
    console.say("completeness  " + share_text(s.at("completeness")) + " (faithfulness of the edges that are left out)");
    if (s.contains("minimality"))
        for (const auto &[node, change] : s.at("minimality").items())
            console.say("  without " + node + "  " + number(change.get<double>()));
    if (s.contains("consensus_edges"))
        console.say("in more than 95 % of resamples: " + counted(s.at("consensus_edges").get<int64_t>(), "edge"));
}

void say_curve(const RunResult &result, Console &console)
{
    console.say("    p      edges   kept  faithfulness");
    for (const nlohmann::json &point : result.summary.at("curve")) {
        const auto padded = [](std::string text, size_t width) {
            return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
        };
        console.say(
            padded(number(point.at("p").get<double>(), 3), 8) + padded(std::to_string(point.at("n").get<int64_t>()), 8)
            + padded(std::to_string(point.at("kept").get<int64_t>()), 7) + "  " + share_text(point.at("faithfulness")));
    }
    console.say("CPR  " + share_text(result.summary.at("cpr"))
                + " (chosen by signed score, what most keeps the behaviour first)");
    console.say("CMD  " + share_text(result.summary.at("cmd")) + " (chosen by size)");
}

void say_compared(const RunResult &result, Console &console)
{
    for (const nlohmann::json &one : result.summary.at("circuits")) {
        std::string shared;
        for (const auto &[other, share] : one.at("jaccard").items())
            shared += "  shared with " + other + " " + number(100 * share.get<double>(), 1) + " %";
        console.say(one.at("circuit").get<std::string>() + ": " + counted(one.at("kept").get<int64_t>(), "edge") + ", "
                    + counted(one.at("nodes").get<int64_t>(), "node") + ", faithfulness "
                    + share_text(one.at("faithfulness")) + shared);
    }
}

ScoredGraph circuit_of(const RunResult &result, const ModelConfig &config)
{
    ScoredGraph out;
    out.graph = EdgeGraph(config);
    out.d_model = config.d_model;
    const std::vector<int64_t> &kept = result.arrays.at("circuit").ints();
    out.circuit.kept.assign(kept.begin(), kept.end());
    if (const std::string scores = estimates_array(result); !scores.empty())
        out.scores = of_files(result.arrays.at(scores).floats(), keeping_order(result.baseline));
    return out;
}

nlohmann::ordered_json as_json(const RunResult &result)
{
    nlohmann::ordered_json out{{"spec", to_json(result.spec)}, {"seconds", result.seconds}};
    const nlohmann::ordered_json summary = short_summary(result);
    out.update(summary);
    return out;
}

/// Into the file that was asked for, as JSON, and in words.
int report(const RunResult &result, const OutputOptions &output, void (*say)(const RunResult &, Console &),
           Console &console)
{
    if (output.wanted())
        save_result(output.out, result);
    console.print(as_json(result));
    say(result, console);
    if (output.wanted())
        console.say("written to " + output.out);
    return 0;
}

int run(Options &o)
{
    const nlohmann::json options = parameters(o, true);
    Console console(o.work.output.json, o.work.output.quiet);
    Workspace work(o.work, console);
    const RunResult result =
        run_edge_analysis(work, "circuit", option_value("--heads", [&] { return parse_heads(o.heads); }), options,
                          o.sweep.metric, console);
    return report(result, o.work.output, say_circuit, console);
}

int curve(Options &o)
{
    nlohmann::json options = parameters(o, false);
    // The choice of one circuit does not matter to the curve; that of the largest share costs least to say.
    options["choose"] = "top";
    options["curve"] = true;
    if (!o.shares.empty()) {
        options["shares"] = nlohmann::json::array();
        for (const std::string &share : CLI::detail::split(o.shares, ',')) {
            const std::optional<double> value = parse_number(share);
            if (!value)
                throw UsageError("--shares", "'" + share + "' is not a number");
            options["shares"].push_back(*value);
        }
    }
    Console console(o.work.output.json, o.work.output.quiet);
    Workspace work(o.work, console);
    const RunResult result = run_edge_analysis(work, "circuit", {}, options, o.sweep.metric, console);
    return report(result, o.work.output, say_curve, console);
}

int put_together(const Options &o, Console &console)
{
    if (o.files.size() < 2)
        throw UsageError("--circuit", o.way + " is of two circuits or more: --circuit A.json --circuit B.json");
    ScoredGraph out = read_scored_graph(o.files.front());
    for (size_t i = 1; i < o.files.size(); ++i)
        out.circuit.kept =
            set_operation(o.way)(out.circuit.kept, read_scored_graph(o.files[i], out.graph).circuit.kept);
    if (!out.scored)
        out.scores.clear();
    write_scored_graph(o.work.output.out, out);
    console.print({{"out", o.work.output.out}, {"kept", count(out.circuit.kept)}});
    console.say(counted(count(out.circuit.kept), "edge") + ", written to " + o.work.output.out);
    return 0;
}

int make(Options &o)
{
    if (o.work.output.out.empty())
        throw UsageError("--out", "say the file that gets the circuit, such as --out circuit.json");
    check_json("--out", o.work.output.out);
    Console console(o.work.output.json, o.work.output.quiet);
    if (set_operation(o.way))
        return put_together(o, console);
    if (!o.files.empty())
        o.file = o.files.front();
    const nlohmann::json options = parameters(o, false);
    Workspace work(o.work, console);
    const RunResult result =
        run_edge_analysis(work, "circuit", option_value("--heads", [&] { return parse_heads(o.heads); }), options,
                          o.sweep.metric, console);
    write_scored_graph(o.work.output.out, circuit_of(result, work.config()));
    nlohmann::ordered_json out = as_json(result);
    out["out"] = o.work.output.out;
    console.print(out);
    say_circuit(result, console);
    console.say("written to " + o.work.output.out);
    return 0;
}

int compare(Options &o)
{
    Console console(o.work.output.json, o.work.output.quiet);
    Workspace work(o.work, console);
    return report(run_edge_analysis(work, "circuit-compare", {}, {{"circuits", o.files}, {"ablate", o.ablate}},
                                    o.sweep.metric, console),
                  o.work.output, say_compared, console);
}

void add_run_options(CLI::App &app, Options &o, const std::string &out)
{
    o.work.add(app, out);
    add_at(app, o.work.at);
    o.sweep.add_metric(app);
    app.add_option("--ablate", o.ablate, "What edges that are not in the circuit carry")
        ->check(CLI::IsMember({"patching", "zero", "mean", "mean-positional"}))
        ->capture_default_str();
}

void add_choice(CLI::App &app, Options &o)
{
    app.add_option("--by", o.by, "What edges are chosen by")
        ->check(CLI::IsMember({"eap", "eap-ig", "clean-corrupted", "eap-ig-activations"}))
        ->capture_default_str();
    app.add_option("--steps", o.steps, "Runs over which integrated gradients are averaged")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--top", o.top, "Edges to choose, before pruning (a tenth of all)")
        ->check(CLI::Range(int64_t(0), int64_t(1000000000)));
    app.add_flag("--signed", o.by_sign, "Choose by signed score, not by size: what most keeps the behaviour first");
    app.add_flag("--greedy", o.greedy, "Choose from the logits down, the best edge into what is in already");
    app.add_option_function<double>(
        "--threshold",
        [&o](double value) {
            o.threshold = value;
            o.has_threshold = true;
        },
        "The least score of an edge; with acdc: how much the distance may grow for an edge (0.01)");
    app.add_option("--heads", o.heads, "The circuit's heads, with all edges among them, the input, MLPs and logits");
    app.add_flag("--without-mlps", o.without_mlps, "With --heads: leave the MLPs out");
    app.add_option("--edges", o.edges, "The circuit's edges by name, such as 'a0.h1->m0,m0->logits'");
}

} // namespace

Runner add_circuit(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    Options &o = *options;
    const auto chosen = std::make_shared<int (*)(Options &)>(nullptr);
    app.require_subcommand(1);
    const auto command = [&](const char *name, const char *help, int (*run)(Options &)) {
        CLI::App *sub = app.add_subcommand(name, help);
        sub->callback([chosen, run] { *chosen = run; });
        return sub;
    };

    CLI::App *sub = command("make", "Choose a circuit, and write it as EAP-IG and MIB do", make);
    std::vector<std::string> ways{"top", "greedy", "threshold", "heads", "acdc", "given"};
    for (const auto &[name, operation] : set_operations)
        ways.push_back(name);
    sub->add_option("way", o.way, "How it is chosen; union, intersection and difference are of --circuit files")
        ->check(CLI::IsMember(ways))
        ->capture_default_str();
    add_run_options(*sub, o, "Write the circuit to this .json file");
    add_choice(*sub, o);
    sub->add_option("--circuit", o.files, "Circuits to put together, or a file of scores to choose by");
    sub->add_option("--distance", o.distance,
                    "With acdc: from the full model's predictions at END (kl), or minus the metric")
        ->check(CLI::IsMember({"kl", "metric"}))
        ->capture_default_str();

    sub = command("run", "Run a circuit: the metric of each prompt, faithfulness, completeness", run);
    add_run_options(*sub, o, "Write evaluate [prompts] and circuit [writers, readers] to this file");
    add_choice(*sub, o);
    sub->add_option("--circuit", o.file, "The circuit, as EAP-IG and MIB write it");
    sub->add_flag("--complement", o.complement, "Run the edges that are not in it instead");
    sub->add_flag("--minimality", o.minimality, "Also run it without each of its nodes");
    sub->add_option("--resamples", o.resamples, "Resamples of the prompts over which the choice is repeated")
        ->check(CLI::Range(0, 1000000));

    sub = command("curve", "Faithfulness of circuits of growing size, with CPR and CMD", curve);
    add_run_options(*sub, o, "Write the curve to this file");
    add_choice(*sub, o);
    sub->add_option("--circuit", o.file, "A file of scores to choose by");
    sub->add_option("--shares", o.shares, "Shares of all edges, such as 0.001,0.01,0.1,1");

    sub = command("compare", "Circuits side by side: edges, faithfulness, what they share", compare);
    add_run_options(
        *sub, o, "Write circuits [circuits, writers, readers] and circuits.evaluate [circuits, prompts] to this file");
    sub->add_option("circuits", o.files, "Their files, or NAME=EDGES such as 'mine=a0.h1->m0,m0->logits'")->required();
    return [options, chosen] { return (*chosen)(*options); };
}

} // namespace patchbay::cli
