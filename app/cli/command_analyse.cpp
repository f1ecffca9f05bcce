// patchbay-cli analyse: what heads write, copy and attend to, and what is left without them.
#include "analysis/analysis.h"
#include "analysis/selection.h"
#include "command.h"
#include "interrupt.h"
#include "io/array_files.h"
#include "usage_error.h"
#include "workspace.h"

namespace patchbay::cli {

namespace {

struct Options {
    std::string analysis, heads, name_movers, mode, tokens;
    std::vector<std::string> thresholds;
    std::optional<double> threshold;
    std::optional<int> prompt;
    bool value_weighted = false, flipped = false;
    int top = 10;
    WorkOptions work;
};

RunSpec spec_of(const Options &options)
{
    RunSpec spec;
    spec.method = Method::Analysis;
    spec.analysis = options.analysis;
    spec.heads = option_value("--heads", [&] { return parse_heads(options.heads); });
    nlohmann::json parameters = nlohmann::json::object();
    if (!options.name_movers.empty()) {
        parameters["name_movers"] = nlohmann::json::array();
        for (const Head head : option_value("--name-movers", [&] { return parse_heads(options.name_movers); }))
            parameters["name_movers"].push_back(dotted(head));
    }
    if (options.threshold)
        parameters[options.analysis == "roles" ? "copy_score" : "threshold"] = *options.threshold;
    if (!options.mode.empty())
        parameters["mode"] = options.mode;
    if (options.prompt)
        parameters["prompt"] = *options.prompt;
    if (options.flipped)
        parameters["flipped"] = true;
    if (options.value_weighted)
        parameters["value_weighted"] = true;
    for (const std::string &text : options.thresholds) {
        const size_t equals = text.find('=');
        char *end = nullptr;
        const double value = equals == std::string::npos ? 0 : std::strtod(text.c_str() + equals + 1, &end);
        if (equals == std::string::npos || end == text.c_str() + equals + 1 || *end)
            throw UsageError("--set", "'" + text + "' is not NAME=NUMBER, such as direct_effect=3");
        parameters[text.substr(0, equals)] = value;
    }
    if (!options.tokens.empty()) {
        const ArrayMap arrays = read_arrays(options.tokens).arrays;
        const auto found = arrays.find("detector.tokens");
        if (found == arrays.end() || found->second.is_float() || found->second.shape.size() != 2)
            throw Error(options.tokens, "has no integer array detector.tokens [rows, 30]");
        for (int64_t r = 0; r < found->second.shape[0]; ++r) {
            const auto row = found->second.ints().begin() + r * found->second.shape[1];
            parameters["tokens"].push_back(std::vector<int64_t>(row, row + found->second.shape[1]));
        }
    }
    if (!parameters.empty())
        spec.options = parameters;
    const bool needs_heads = options.analysis == "ablate" || options.analysis == "s2i" || options.analysis == "attention-patterns"
                             || options.analysis == "attention-vs-contribution";
    if (needs_heads && spec.heads.empty())
        throw UsageError("--heads", options.analysis + " needs heads, such as --heads 8.1,9.4");
    if (options.analysis == "s2i" && options.name_movers.empty())
        throw UsageError("--name-movers", "s2i tests candidates against name movers, such as --name-movers 9.4,9.6");
    return spec;
}

// The strongest heads of every layer × head quantity, and what the analysis concluded.
void say(const RunResult &result, int top, Console &console)
{
    console.say("Analysis " + result.spec.analysis + ", " + std::to_string(result.baseline.clean.size()) + " prompts");
    for (const auto &[name, array] : result.arrays) {
        if (array.shape.size() < 2 || !array.is_float() || array.shape[0] != result.summary.value("layers", array.shape[0]))
            continue;
        HeadQuantity q;
        try {
            q = quantity(result, name);
        } catch (const Error &) {
            continue;
        }
        if (name.starts_with("pattern.") || name.starts_with("s2i.") || name.starts_with("components") || name.starts_with("accumulated")
            || name.starts_with("lens") || name == "ablate.logits_at_end")
            continue;
        console.say("");
        console.say(name + (q.unit.empty() ? "" : " (" + q.unit + ")"));
        std::vector<RankedHead> heads = top_heads(q.values, q.layers, q.heads, q.layers * q.heads, 1);
        std::stable_sort(heads.begin(), heads.end(), [](const RankedHead &a, const RankedHead &b) { return std::abs(a.value) > std::abs(b.value); });
        for (int i = 0; i < std::min<int>(top, int(heads.size())); ++i)
            console.say("  " + label(heads[size_t(i)].head) + "  " + number(heads[size_t(i)].value));
    }
    if (result.summary.is_object() && result.summary.contains("roles")) {
        console.say("");
        for (const nlohmann::json &role : result.summary.at("roles")) {
            console.say(label(parse_head(role.at("head").get<std::string>())) + "  " + role.at("role").get<std::string>() + ": "
                        + to_string(evidence_from_json(role.at("evidence"))));
        }
        if (result.summary.at("roles").empty())
            console.say("no head earns a role at these thresholds");
    } else if (!result.summary.is_null() && !result.summary.empty() && result.spec.analysis != "attention-patterns") {
        console.say("");
        console.say(result.summary.dump(1));
    }
}

int run(const Options &options)
{
    const RunSpec parameters = spec_of(options);
    Console console(options.work.output.json, options.work.output.quiet);
    Workspace work(options.work, console);
    RunSpec spec = parameters;
    spec.model = work.spec().model;
    spec.task = work.spec().task;
    RunObserver observer;
    observer.progress = [&](int done, int total) { console.progress(options.analysis, total > 0 ? double(done) / total : 1); };
    const RunResult result = run_analysis(work.session(), spec, observer, cancel_on_interrupt());
    console.end_progress();
    if (options.work.output.wanted())
        save_result(options.work.output.out, result);
    nlohmann::ordered_json out{{"spec", to_json(spec)}, {"seconds", result.seconds}, {"summary", result.summary}};
    if (options.work.output.wanted())
        out["out"] = options.work.output.out;
    console.print(out);
    say(result, options.top, console);
    if (options.work.output.wanted())
        console.say("written to " + options.work.output.out);
    return 0;
}

} // namespace

Runner add_analyse(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("analysis", options->analysis, "What to analyse")->required()->check(CLI::IsMember(analysis_names()));
    app.add_option("--heads", options->heads, "ablate: the heads to take out; s2i: the candidates; attention-patterns, attention-vs-contribution: the heads to read");
    app.add_option("--name-movers", options->name_movers, "s2i: the name movers that the candidates are tested against");
    app.add_option("--threshold", options->threshold, "copy-scores, roles: the copy score in % that counts as copying (75)");
    app.add_option("--set", options->thresholds, "roles: other thresholds, such as --set direct_effect=3 --set attention_io=0.4");
    app.add_option("--mode", options->mode, "ablate: what takes the heads' place (zero)")->check(CLI::IsMember({"zero", "mean", "resample"}));
    app.add_option("--prompt", options->prompt, "attention-patterns: index of the prompt (0)");
    app.add_flag("--flipped", options->flipped, "attention-patterns: of the flipped prompt instead of the clean one");
    app.add_flag("--value-weighted", options->value_weighted, "attention-patterns: attention times the length of what is moved, relative to the longest");
    app.add_option("--tokens", options->tokens, "detectors: a file with detector.tokens [rows, 30] instead of random tokens");
    app.add_option("--top", options->top, "Strongest heads of each quantity to print")->capture_default_str()->check(CLI::Range(0, 1000000));
    options->work.add(app, "Write the tensors and the summary to this file");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
