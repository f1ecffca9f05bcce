#include "task/mib_pair.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>
#include <array>

namespace patchbay {

namespace {

constexpr std::string_view counterfactual_ending = "_counterfactual";
/// What MIB's circuit track takes: of IOI, of multiple choice (copied colours, ARC), of arithmetic.
constexpr std::array<const char *, 3> usual_counterfactuals{"s2_io_flip_counterfactual", "symbol_counterfactual",
                                                            "random_counterfactual"};

std::vector<std::string> counterfactuals(const nlohmann::json &object)
{
    std::vector<std::string> names;
    for (const auto &[key, value] : object.items())
        if (key.ends_with(counterfactual_ending) && value.is_object())
            names.push_back(key);
    return names;
}

JsonField chosen_counterfactual(const JsonField &entry, const std::string &counterfactual)
{
    const std::vector<std::string> there = counterfactuals(entry.value());
    const auto has = [&](const std::string &name) {
        return std::find(there.begin(), there.end(), name) != there.end();
    };
    if (!counterfactual.empty()) {
        const std::string name = counterfactual.ends_with(counterfactual_ending)
            ? counterfactual
            : counterfactual + std::string(counterfactual_ending);
        if (!has(name))
            entry.fail("has no " + in_quotes(name) + "; it has " + listed(there));
        return entry.at(name);
    }
    for (const char *name : usual_counterfactuals)
        if (has(name))
            return entry.at(name);
    return entry.at(there.front());
}

/// A number or a text.
std::string label_text(const JsonField &field)
{
    return field.value().is_number_integer() ? field.value().dump() : field.text();
}

std::string right_choice(const JsonField &entry)
{
    const JsonField choices = entry.at("choices"), key = entry.at("answerKey");
    const bool labelled = choices.value().is_object();
    const std::vector<std::string> texts = labelled ? choices.at("label").texts() : choices.texts();
    if (texts.empty())
        choices.fail("is empty");
    const std::string &text = texts[size_t(key.integer(0, int64_t(texts.size()) - 1))];
    return labelled ? text : " " + text; // a list has words, such as names
}

} // namespace

bool is_mib_entry(const nlohmann::json &object)
{
    return object.is_object() && object.contains("prompt") && !counterfactuals(object).empty();
}

PromptPair mib_pair(const JsonField &entry, const std::string &counterfactual)
{
    const JsonField other = chosen_counterfactual(entry, counterfactual);
    PromptPair pair;
    pair.clean = entry.at("prompt").text();
    pair.flipped = other.at("prompt").text();
    const auto metadata = entry.find("metadata");
    const bool names = metadata && metadata->value().is_object() && metadata->find("indirect_object");
    if (names) {
        pair.answer = " " + metadata->at("indirect_object").text();
        pair.wrong = " " + metadata->at("subject").text();
    } else if (entry.find("choices")) {
        pair.answer = right_choice(entry);
        pair.wrong = right_choice(other);
    } else if (entry.find("label")) {
        pair.answer = label_text(entry.at("label"));
        pair.wrong = label_text(other.at("label"));
    } else {
        entry.fail("has neither metadata with an indirect_object, nor choices, nor a label: there is no answer");
    }
    return pair;
}

} // namespace patchbay
