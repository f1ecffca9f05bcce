#include "analysis/roles.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>
#include <iterator>

namespace patchbay {

namespace {

constexpr double any = 1e300;

struct NamedThreshold {
    const char *name, *words, *unit;
    double RoleThresholds::*value;
};
constexpr NamedThreshold named[] = {
    {"direct_effect", "direct effect", " %", &RoleThresholds::direct_effect},
    {"copy_score", "copy score", " %", &RoleThresholds::copy_score},
    {"attention_io", "attention END→IO", "", &RoleThresholds::attention_io},
    {"attention_s2", "attention END→S2", "", &RoleThresholds::attention_s2},
    {"query_effect", "effect through the name movers' queries", " %", &RoleThresholds::query_effect},
    {"detector", "detectors", "", &RoleThresholds::detector},
    {"backup_gain", "gain of a backup head ÷ logit difference", "", &RoleThresholds::backup_gain},
};

std::vector<Criterion> name_mover_criteria(const RoleThresholds &t)
{
    return {{"direct", -any, -t.direct_effect},
            {"attention.end_to_io", t.attention_io, any},
            {"copy.positive", t.copy_score, any}};
}

} // namespace

std::vector<RoleThreshold> role_thresholds()
{
    std::vector<RoleThreshold> out;
    const RoleThresholds defaults;
    for (const NamedThreshold &one : named)
        out.push_back({one.name, one.words, short_text(defaults.*one.value) + one.unit});
    return out;
}

RoleThresholds RoleThresholds::from_json(const nlohmann::json &options)
{
    RoleThresholds out;
    if (options.is_null())
        return out;
    if (!options.is_object())
        throw Error("options", "of roles are thresholds by name, such as {\"direct_effect\": 3}");
    for (const auto &[key, value] : options.items()) {
        const auto known = std::find_if(std::begin(named), std::end(named),
                                        [&](const NamedThreshold &one) { return key == one.name; });
        if (known == std::end(named)) {
            std::string names;
            for (const NamedThreshold &one : named)
                names += (names.empty() ? "" : ", ") + std::string(one.name);
            throw Error("options." + key, "is not a threshold of roles; there are " + names);
        }
        if (!value.is_number())
            throw Error("options." + key, "is not a number");
        out.*known->value = value.get<double>();
    }
    return out;
}

nlohmann::json to_json(const RoleThresholds &thresholds)
{
    nlohmann::json out;
    for (const NamedThreshold &one : named)
        out[one.name] = thresholds.*one.value;
    return out;
}

std::string to_string(const RoleThresholds &thresholds)
{
    std::string text;
    for (const NamedThreshold &one : named) {
        const std::string number = short_text(thresholds.*one.value);
        text += (text.empty() ? "" : ", ") + std::string(one.words) + " " + number + one.unit;
    }
    return text;
}

std::vector<SelectedHead> name_movers(const RoleQuantities &q, const RoleThresholds &t)
{
    return select_heads(q, name_mover_criteria(t));
}

std::vector<RoledHead> assign_roles(const RoleQuantities &q, const RoleThresholds &t)
{
    struct Rule {
        const char *role;
        std::vector<Criterion> criteria;
    };
    const std::vector<Rule> rules{
        {name_mover_role, name_mover_criteria(t)},
        {"negative name mover", {{"direct", t.direct_effect, any}, {"copy.negative", t.copy_score, any}}},
        {"S-inhibition", {{"queries", -any, -t.query_effect}, {"attention.end_to_s2", t.attention_s2, any}}},
        {"duplicate-token", {{"detector.duplicate_token", t.detector, any}}},
        {"induction", {{"detector.induction", t.detector, any}}},
        {"previous-token", {{"detector.previous_token", t.detector, any}}},
        {"backup name mover", {{"backup", t.backup_gain, any}}},
    };
    std::vector<RoledHead> roles;
    for (const Rule &rule : rules) {
        bool known = true;
        for (const Criterion &criterion : rule.criteria)
            known = known && q.count(criterion.quantity);
        if (!known)
            continue;
        for (SelectedHead &head : select_heads(q, rule.criteria))
            roles.push_back({rule.role, std::move(head)});
    }
    std::stable_sort(roles.begin(), roles.end(),
                     [](const RoledHead &a, const RoledHead &b) { return a.head.head < b.head.head; });
    return roles;
}

nlohmann::json roles_summary(const std::vector<RoledHead> &roles, const RoleThresholds &thresholds)
{
    nlohmann::json list = nlohmann::json::array();
    for (const RoledHead &one : roles) {
        nlohmann::json entry = to_json(std::vector<SelectedHead>{one.head}).front();
        entry["role"] = one.role;
        list.push_back(entry);
    }
    return {{"thresholds", to_json(thresholds)}, {"roles", list}};
}

} // namespace patchbay
