// patchbay-cli analyse: what heads write, copy and attend to, and what is left without them.
#include "analysis/analysis.h"
#include "analysis_run.h"
#include "base/plain_text.h"
#include "command.h"
#include "io/array_files.h"
#include "usage_error.h"
#include "workspace.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace patchbay::cli {

namespace {

struct Options {
    std::string analysis, heads, tokens;
    std::map<std::string, std::string> values; ///< of parameters, by name, as typed
    std::map<std::string, bool> flags;
    std::vector<std::string> thresholds;
    int top = 10;
    WorkOptions work;
};

nlohmann::json number_value(const std::string &option, const std::string &text)
{
    const std::optional<double> value = parse_number(text);
    if (!value)
        throw UsageError(option, "'" + text + "' is not a number");
    return *value == std::floor(*value) && std::abs(*value) < 1e15 ? nlohmann::json(int64_t(*value))
                                                                   : nlohmann::json(*value);
}

nlohmann::json value_of(const Parameter &parameter, const std::string &text)
{
    const std::string option = option_name(parameter.name);
    switch (parameter.kind) {
    case Parameter::Kind::Number:
    case Parameter::Kind::Whole:
        return number_value(option, text);
    case Parameter::Kind::Numbers: {
        nlohmann::json list = nlohmann::json::array();
        for (const std::string &one : CLI::detail::split(text, ','))
            list.push_back(number_value(option, one));
        return list;
    }
    case Parameter::Kind::Circuits: { // "mine=a0.h1->m0,m0->logits" has commas of its own
        nlohmann::json list = nlohmann::json::array();
        for (const std::string &one : CLI::detail::split(text, ';'))
            list.push_back(one);
        return list;
    }
    case Parameter::Kind::Heads: {
        nlohmann::json list = nlohmann::json::array();
        for (const Head head : option_value(option.c_str(), [&] { return parse_heads(text); }))
            list.push_back(dotted(head));
        return list;
    }
    default:
        return text;
    }
}

// Rows of token ids for the detectors, from a file.
nlohmann::json token_rows(const std::string &file)
{
    const ArrayMap arrays = read_arrays(file).arrays;
    const auto found = arrays.find("detector.tokens");
    if (found == arrays.end() || found->second.is_float() || found->second.shape.size() != 2)
        throw Error(file, "has no integer array detector.tokens [rows, 30]");
    nlohmann::json rows = nlohmann::json::array();
    for (int64_t r = 0; r < found->second.shape[0]; ++r) {
        const auto row = found->second.ints().begin() + r * found->second.shape[1];
        rows.push_back(std::vector<int64_t>(row, row + found->second.shape[1]));
    }
    return rows;
}

RunSpec spec_from(const Options &options)
{
    const AnalysisInfo &info = *find_analysis(options.analysis);
    Analysis analysis{options.analysis, option_value("--heads", [&] { return parse_heads(options.heads); }), nullptr};
    nlohmann::json parameters = nlohmann::json::object();
    for (const Parameter &parameter : info.parameters) {
        if (parameter.name == "tokens" && parameter.kind == Parameter::Kind::File && !options.tokens.empty())
            parameters["tokens"] = options.tokens;
        if (parameter.name == "bos" && options.work.task.task.bos != Bos::Auto) // one word for prompts and texts
            parameters["bos"] = name(options.work.task.task.bos);
        if (const auto text = options.values.find(parameter.name);
            text != options.values.end() && !text->second.empty())
            parameters[parameter.name] = value_of(parameter, text->second);
        if (const auto flag = options.flags.find(parameter.name); flag != options.flags.end() && flag->second)
            parameters[parameter.name] = true;
    }
    for (const auto &[name, text] : options.values)
        if (!text.empty() && !parameters.contains(name) && !(name == "threshold" && options.analysis == "roles"))
            throw UsageError(option_name(name), "is not a parameter of " + options.analysis);
    for (const std::string &text : options.thresholds) {
        const size_t equals = text.find('=');
        if (equals == std::string::npos)
            throw UsageError("--set", "'" + text + "' is not NAME=NUMBER, such as direct_effect=3");
        parameters[text.substr(0, equals)] = number_value("--set", text.substr(equals + 1));
    }
    if (!options.tokens.empty() && !parameters.contains("tokens"))
        parameters["tokens"] = token_rows(options.tokens);
    // One word for both: the copy score that counts as copying.
    if (const auto text = options.values.find("threshold");
        options.analysis == "roles" && text != options.values.end() && !text->second.empty())
        parameters["copy_score"] = number_value("--threshold", text->second);
    if (!parameters.empty())
        analysis.options = parameters;
    if (!info.heads.empty() && analysis.heads.empty())
        throw UsageError("--heads", options.analysis + " needs heads, such as --heads 8.1,9.4: " + info.heads);
    for (const Parameter &parameter : info.parameters)
        if (parameter.required && !parameters.contains(parameter.name))
            throw UsageError(option_name(parameter.name),
                             options.analysis + " needs it, such as 9.4,9.6: " + parameter.help);
    return spec_of(std::move(analysis));
}

int run(Options &options)
{
    const RunSpec parameters = spec_from(options);
    TaskOptions &task = options.work.task;
    if (!find_analysis(options.analysis)->reads_prompts && task.batch.empty() && task.pairs.empty())
        task.task = no_task();
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
    std::vector<std::string> names;
    std::string heads;
    std::map<std::string, std::string> helps;
    std::map<std::string, Parameter> parameters;
    for (const AnalysisInfo *info : analyses()) {
        names.push_back(info->name);
        if (!info->heads.empty())
            heads += (heads.empty() ? "" : "; ") + info->name + ": " + info->heads;
        for (const Parameter &parameter : info->parameters) {
            std::string &help = helps[parameter.name];
            help += (help.empty() ? "" : "; ") + info->name + ": " + parameter.help;
            parameters.emplace(parameter.name, parameter);
        }
    }
    app.add_option("analysis", options->analysis, "What to analyse")->required()->check(CLI::IsMember(names));
    app.add_option("--heads", options->heads, heads);
    options->work.add(app, "Write the tensors and the summary to this file");
    add_at(app, options->work.at);
    for (const auto &[name, parameter] : parameters) {
        const std::string option = option_name(name);
        if (name == "tokens" || app.get_option_no_throw(option)) // below; the task's own --seed and --bos
            continue;
        if (parameter.kind == Parameter::Kind::Flag)
            app.add_flag(option, options->flags[name], helps[name]);
        else if (CLI::Option *added = app.add_option(option, options->values[name], helps[name]);
                 parameter.kind == Parameter::Kind::Choice)
            added->check(CLI::IsMember(parameter.choices));
    }
    app.add_option("--set", options->thresholds,
                   "Any number of the analysis by its name, such as --set direct_effect=3 --set attention_io=0.4");
    app.add_option("--tokens", options->tokens,
                   helps["tokens"] + "; as a file, for detectors with an integer array detector.tokens");
    app.add_option("--top", options->top, "Strongest heads of each quantity to print")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000000));
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
