#include "analysis/registry.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"

#include <algorithm>

namespace patchbay {

namespace {

std::vector<const AnalysisInfo *> &registered()
{
    static std::vector<const AnalysisInfo *> all;
    return all;
}

const nlohmann::json *option(const Analysis &analysis, const char *key)
{
    if (!analysis.options.is_object())
        return nullptr;
    const auto found = analysis.options.find(key);
    return found == analysis.options.end() ? nullptr : &*found;
}

void check_parameter(const Parameter &parameter, const JsonField &value)
{
    switch (parameter.kind) {
    case Parameter::Kind::Number:
        if (!value.value().is_number())
            value.fail("is not a number");
        return;
    case Parameter::Kind::Whole:
        value.integer(0, 1'000'000'000);
        return;
    case Parameter::Kind::Flag:
        value.flag();
        return;
    case Parameter::Kind::Choice:
        if (std::find(parameter.choices.begin(), parameter.choices.end(), value.text()) == parameter.choices.end()) {
            std::string known;
            for (const std::string &choice : parameter.choices)
                known += (known.empty() ? "" : ", ") + choice;
            value.fail(in_quotes(value.text()) + " is not known; one of " + known);
        }
        return;
    case Parameter::Kind::Heads:
        for (const JsonField &head : value.items())
            parse_head(head.text());
        return;
    case Parameter::Kind::Text:
    case Parameter::Kind::File:
        value.text();
        return;
    case Parameter::Kind::Numbers:
        value.items();
        return;
    case Parameter::Kind::Circuits:
        for (const JsonField &circuit : value.items()) {
            if (!circuit.value().is_object()) {
                circuit.text();
                continue;
            }
            circuit.at("name").text();
            if (const std::optional<JsonField> heads = circuit.find("heads"))
                for (const JsonField &head : heads->items())
                    parse_head(head.text());
        }
        return;
    }
}

} // namespace

std::span<const AnalysisInfo *const> analyses()
{
    return registered();
}

const AnalysisInfo *find_analysis(std::string_view name)
{
    for (const AnalysisInfo *one : registered())
        if (one->name == name)
            return one;
    return nullptr;
}

void register_analyses(std::vector<const AnalysisInfo *> all)
{
    std::sort(all.begin(), all.end(), [](const AnalysisInfo *a, const AnalysisInfo *b) { return a->name < b->name; });
    registered() = std::move(all);
}

std::string option_name(std::string_view parameter)
{
    std::string name = "--" + std::string(parameter);
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

void check_analysis(const Analysis &analysis)
{
    const AnalysisInfo *known = find_analysis(analysis.name);
    if (!known) {
        std::string names;
        for (const AnalysisInfo *one : registered())
            names += (names.empty() ? "" : ", ") + one->name;
        throw Error("analysis", "'" + analysis.name + "' is not known; there are " + names);
    }
    if (!known->heads.empty() && analysis.heads.empty())
        throw Error("heads", analysis.name + " needs heads: " + known->heads);
    const nlohmann::json none = nlohmann::json::object();
    const JsonField options(analysis.options.is_null() ? none : analysis.options, "options");
    for (const auto &[key, value] : options.members()) {
        const auto found = std::find_if(known->parameters.begin(), known->parameters.end(),
                                        [&, &k = key](const Parameter &one) { return one.name == k; });
        if (found == known->parameters.end()) {
            std::string names;
            for (const Parameter &one : known->parameters)
                names += (names.empty() ? "" : ", ") + one.name;
            throw Error("options." + key,
                        "is not a parameter of " + analysis.name
                            + (names.empty() ? ", which has none" : "; there are " + names));
        }
        check_parameter(*found, JsonField(value.value(), "options." + key));
    }
    for (const Parameter &parameter : known->parameters)
        if (parameter.required && !options.find(parameter.name))
            throw Error(parameter.name, analysis.name + " needs it: " + parameter.help);
}

std::string parameter_text(const Analysis &analysis, const char *key, const std::string &otherwise)
{
    const nlohmann::json *value = option(analysis, key);
    if (!value || !(value->is_string() || value->is_number()))
        return otherwise;
    return value->is_string() ? value->get<std::string>() : short_text(value->get<double>());
}

bool flag_set(const Analysis &analysis, const char *key)
{
    const nlohmann::json *value = option(analysis, key);
    return value && *value == true;
}

std::vector<Head> heads_option(const Analysis &analysis, const char *key)
{
    std::vector<Head> heads;
    const nlohmann::json *value = option(analysis, key);
    try {
        if (value && value->is_array())
            for (const nlohmann::json &head : *value)
                heads.push_back(parse_head(head.get<std::string>()));
    } catch (const std::exception &) {
        heads.clear();
    }
    return heads;
}

std::string in_words(const std::vector<Head> &heads)
{
    std::vector<std::string> labels;
    for (const Head head : heads)
        labels.push_back(label(head));
    return listed(labels);
}

std::string heads_or(const Analysis &analysis, const char *otherwise)
{
    return analysis.heads.empty() ? otherwise : in_words(analysis.heads);
}

} // namespace patchbay
