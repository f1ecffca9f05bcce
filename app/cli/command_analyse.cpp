// patchbay-cli analyse: what heads write, copy and attend to, and what is left without them.
#include "analysis/analysis.h"
#include "analysis_run.h"
#include "command.h"
#include "decimal_option.h"
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
        const std::optional<double> value = equals == std::string::npos ? std::nullopt : parse_number(text.substr(equals + 1));
        if (!value)
            throw UsageError("--set", "'" + text + "' is not NAME=NUMBER, such as direct_effect=3");
        parameters[text.substr(0, equals)] = *value;
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

int run(const Options &options)
{
    const RunSpec parameters = spec_of(options);
    Console console(options.work.output.json, options.work.output.quiet);
    Workspace work(options.work, console);
    RunSpec spec = parameters;
    spec.model = work.spec().model;
    spec.task = work.spec().task;
    return run_analysis_spec(work, spec, options.work.output, options.top, console);
}

} // namespace

Runner add_analyse(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("analysis", options->analysis, "What to analyse")->required()->check(CLI::IsMember(analysis_names()));
    app.add_option("--heads", options->heads, "ablate: the heads to take out; s2i: the candidates; attention-patterns, attention-vs-contribution: the heads to read");
    app.add_option("--name-movers", options->name_movers, "s2i: the name movers that the candidates are tested against");
    add_decimal(app, "--threshold", options->threshold, "copy-scores, roles: the copy score in % that counts as copying (75)");
    app.add_option("--set", options->thresholds, "roles: other thresholds, such as --set direct_effect=3 --set attention_io=0.4");
    app.add_option("--mode", options->mode, "ablate: what takes the heads' place (zero)")->check(CLI::IsMember({"zero", "mean", "resample"}));
    app.add_option("--prompt", options->prompt, "attention-patterns: index of the prompt, counted from 0 (0)");
    app.add_flag("--flipped", options->flipped, "attention-patterns: of the flipped prompt instead of the clean one");
    app.add_flag("--value-weighted", options->value_weighted, "attention-patterns: attention times the length of what is moved, relative to the longest");
    app.add_option("--tokens", options->tokens, "detectors: a file with detector.tokens [rows, 30] instead of random tokens");
    app.add_option("--top", options->top, "Strongest heads of each quantity to print")->capture_default_str()->check(CLI::Range(0, 1000000));
    options->work.add(app, "Write the tensors and the summary to this file");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
