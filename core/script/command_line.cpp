#include "script/command_line.h"

#include "analysis/registry.h"
#include "base/head.h"
#include "model/model_folder.h"

#include <algorithm>
#include <optional>

namespace patchbay {

namespace {

using nlohmann::json;

/// The words of a command; "--name value" only where the value is another than the usual one.
class Words {
public:
    explicit Words(std::string command) : m_text("patchbay-cli " + std::move(command)) { }
    void add(const std::string &word) { m_text += " " + shell_word(word); }
    void option(const std::string &name, const std::string &value, const std::string &usual)
    {
        if (value != usual)
            always(name, value);
    }
    void always(const std::string &name, const std::string &value)
    {
        add(name);
        add(value);
    }
    void flag(const std::string &name, bool set)
    {
        if (set)
            add(name);
    }
    const std::string &text() const { return m_text; }

private:
    std::string m_text;
};

template <class Values, class Text>
std::string joined(const Values &values, char separator, const Text &text)
{
    std::string out;
    for (const auto &value : values)
        out += (out.empty() ? "" : std::string(1, separator)) + text(value);
    return out;
}

std::string heads_text(const std::vector<Head> &heads)
{
    return joined(heads, ',', [](Head head) { return dotted(head); });
}

void add_model(Words &words, const ModelRef &model)
{
    words.option("--model", model.path, ModelRef().path);
    const Processing &p = model.processing;
    if (p == Processing::none()) {
        words.add("--raw");
    } else {
        words.flag("--no-fold-ln", !p.fold_ln);
        words.flag("--no-center-writing", !p.center_writing);
        words.flag("--no-center-unembed", !p.center_unembed);
        words.flag("--no-fold-value-biases", !p.fold_value_biases);
    }
    if (model.dtype)
        words.always("--dtype", word_of(*model.dtype));
}

void add_task(Words &words, const ModelRef &model, const TaskRef &task)
{
    const TaskRef usual;
    const TaskKind &kind = info(task);
    if (!kind.prompts)
        return;
    if (kind.generated) {
        if (task.kind == usual.kind) // other models begin with sentences of their own
            words.option("--task-file", task.file.empty() && !is_demo(model.path) ? usual.kind : task.file, usual.file);
        else
            words.always("--task", task.file);
        words.option("--prompts", std::to_string(task.prompts), std::to_string(usual.prompts));
        words.option("--seed", std::to_string(task.seed), std::to_string(usual.seed));
    } else {
        words.always(kind.texts ? "--pairs" : "--batch", task.file);
    }
    if (kind.patterns) {
        words.option("--type", task.type, usual.type);
        words.option("--flip", task.flip, usual.flip);
    }
    if (kind.texts) {
        words.option("--encoding", task.encoding, usual.encoding);
        words.option("--counterfactual", task.counterfactual, usual.counterfactual);
        if (task.sha256.empty()) // with a hash it says what auto came to
            words.option("--bos", name(task.bos), name(usual.bos));
    }
    if (task.pad_id)
        words.always("--pad-id", std::to_string(*task.pad_id));
    for (const int prompt : task.excluded)
        words.always("--exclude", std::to_string(prompt));
}

void add_sweep(Words &words, const SiteSweep &sweep, Direction usual)
{
    words.always("--sites", joined(sweep.sites, ',', [](Site site) { return std::string(name(site)); }));
    if (sweep.ablation != Ablation::None)
        words.always("--ablate", name(sweep.ablation));
    else
        words.option("--direction", name(sweep.direction), name(usual));
    words.option("--positions", to_string(sweep.positions), to_string(Positions()));
    words.flag("--shared-kv", sweep.shared_kv);
    if (!sweep.heads.empty())
        words.always("--heads", heads_text(sweep.heads));
}

void add_path(Words &words, const PathPatch &path)
{
    words.always("--senders", to_string(path.senders));
    words.always("--receivers", to_string(path.receivers));
    words.option("--direction", name(path.direction), name(Direction::Noise));
    words.option("--positions", to_string(path.positions), to_string(Positions()));
    if (path.ablation != Ablation::None)
        words.always("--ablate", name(path.ablation));
    words.flag("--freeze-mlps", !path.direct_includes_mlps);
}

std::optional<std::string> number_text(const json &value)
{
    if (value.is_number())
        return value.dump();
    return std::nullopt;
}

/// A parameter's value as the command line takes it; nothing where it cannot.
std::optional<std::string> value_text(const Parameter &parameter, const json &value)
{
    const auto list = [&](char separator, const auto &text) -> std::optional<std::string> {
        std::string out;
        for (const json &one : value) {
            const std::optional<std::string> word = text(one);
            if (!word || word->find(separator) != std::string::npos)
                return std::nullopt;
            out += (out.empty() ? "" : std::string(1, separator)) + *word;
        }
        return value.is_array() && !out.empty() ? std::optional(out) : std::nullopt;
    };
    const auto string = [](const json &one) -> std::optional<std::string> {
        return one.is_string() ? std::optional(one.get<std::string>()) : std::nullopt;
    };
    switch (parameter.kind) {
    case Parameter::Kind::Number:
    case Parameter::Kind::Whole:
        return number_text(value);
    case Parameter::Kind::Numbers:
        return list(',', number_text);
    case Parameter::Kind::Heads:
        return list(',', string);
    case Parameter::Kind::Circuits:
        return list(';', string);
    default:
        return string(value);
    }
}

/// Whether options say all of it.
bool add_analysis(Words &words, const Analysis &analysis)
{
    const AnalysisInfo *known = find_analysis(analysis.name);
    if (!known)
        return false;
    words.add(analysis.name);
    if (!analysis.heads.empty())
        words.always("--heads", heads_text(analysis.heads));
    if (!analysis.options.is_object())
        return true;
    for (const auto &[key, value] : analysis.options.items()) {
        const auto parameter = std::find_if(known->parameters.begin(), known->parameters.end(),
                                            [&key = key](const Parameter &one) { return one.name == key; });
        if (parameter == known->parameters.end() || key == "bos")
            return false;
        const std::string option = option_name(key);
        if (parameter->kind == Parameter::Kind::Flag) {
            if (!value.is_boolean())
                return false;
            words.flag(option, value.get<bool>());
            continue;
        }
        const std::optional<std::string> text = value_text(*parameter, value);
        if (!text)
            return false;
        if (key == "seed") // --seed is the task's
            words.always("--set", key + "=" + *text);
        else
            words.always(option, *text);
    }
    return true;
}

std::string as_spec(const RunSpec &spec)
{
    return "patchbay-cli run - <<'SPEC'\n"
        + to_json(spec).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\nSPEC";
}

} // namespace

std::string shell_word(const std::string &text)
{
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=,@+-";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
        return text;
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string baseline_command(const ModelRef &model, const TaskRef &task)
{
    Words words("baseline");
    add_model(words, model);
    add_task(words, model, task);
    return words.text();
}

std::string command_line(const RunSpec &spec)
{
    if (!spec.task.pairs.is_null())
        return as_spec(spec);
    const Analysis *analysis = spec.as<Analysis>();
    Words words(analysis                   ? "analyse"
                    : spec.is<PathPatch>() ? "path-patch"
                    : spec.is<ActPatch>()  ? "act-patch"
                                           : "attribution");
    if (analysis && !add_analysis(words, *analysis))
        return as_spec(spec);
    if (const SiteSweep *sweep = spec.sweep()) {
        const bool estimate = spec.is<Attribution>();
        if (estimate
            && (sweep->positions != Positions() || !sweep->heads.empty() || sweep->shared_kv
                || sweep->ablation != Ablation::None))
            return as_spec(spec); // its options are fewer
        add_sweep(words, *sweep, Direction::Denoise);
    }
    if (const PathPatch *path = spec.as<PathPatch>())
        add_path(words, *path);
    if (analysis && spec.metric != RunSpec().metric)
        return as_spec(spec);
    words.option("--metric", spec.metric, RunSpec().metric);
    add_model(words, spec.model);
    add_task(words, spec.model, spec.task);
    return words.text();
}

} // namespace patchbay
