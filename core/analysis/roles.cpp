#include "analysis/roles.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>
#include <cmath>
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
    {"task_effect", "effect of a detected head in this task", " %", &RoleThresholds::task_effect},
    {"backup_gain", "gain of a backup head ÷ logit difference", "", &RoleThresholds::backup_gain},
};

/// A role with its marks, the strongest evidence first.
struct Rule {
    const char *role;
    std::vector<Criterion> marks;
};

Criterion at_least(const char *quantity, double value)
{
    return {quantity, value, any};
}

Criterion at_most(const char *quantity, double value)
{
    return {quantity, -any, value};
}

std::vector<Rule> detector_rules(const RoleThresholds &t)
{
    return {{duplicate_token_role, {at_least("detector.duplicate_token", t.detector)}},
            {induction_role, {at_least("detector.induction", t.detector)}},
            {previous_token_role, {at_least("detector.previous_token", t.detector)}}};
}

std::vector<Rule> rules(const RoleThresholds &t)
{
    std::vector<Rule> all{
        {name_mover_role,
         {at_most("direct", -t.direct_effect), at_least("attention.end_to_io", t.attention_io),
          at_least("copy.positive", t.copy_score)}},
        {negative_name_mover_role, {at_least("direct", t.direct_effect), at_least("copy.negative", t.copy_score)}},
        {s_suppressor_role,
         {at_most("direct", -t.direct_effect), at_least("attention.end_to_s2", t.attention_s2),
          at_least("copy.negative", t.copy_score)}},
        {s_inhibition_role, {at_most("queries", -t.query_effect), at_least("attention.end_to_s2", t.attention_s2)}},
        {backup_name_mover_role, {at_least("backup", t.backup_gain)}}};
    for (Rule &rule : detector_rules(t)) {
        rule.marks.insert(rule.marks.begin(), at_least("effect", t.task_effect));
        all.push_back(std::move(rule));
    }
    return all;
}

bool known(const RoleQuantities &q, const std::vector<Criterion> &marks)
{
    return std::all_of(marks.begin(), marks.end(), [&](const Criterion &one) { return q.contains(one.quantity); });
}

/// How many times its threshold the first mark is.
double strength(const RoledHead &one)
{
    const Evidence &first = one.head.evidence.front();
    const double threshold = std::abs(first.low > -any ? first.low : first.high);
    return threshold > 0 ? std::abs(first.value) / threshold : any;
}

void sort_roles(std::vector<RoledHead> &roles)
{
    std::stable_sort(roles.begin(), roles.end(), [](const RoledHead &a, const RoledHead &b) {
        return a.head.head != b.head.head ? a.head.head < b.head.head : strength(a) > strength(b);
    });
}

} // namespace

std::vector<RoleThreshold> role_thresholds()
{
    std::vector<RoleThreshold> out;
    const RoleThresholds defaults;
    for (const NamedThreshold &one : named)
        out.push_back({one.name, one.words, short_text(defaults.*one.value) + one.unit, defaults.*one.value});
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

std::string marks_text()
{
    // In words for captions; the quantities themselves carry theirs in every number's evidence.
    const std::map<std::string, const char *> words{{"direct", "direct effect"},
                                                    {"attention.end_to_io", "attention END→IO"},
                                                    {"attention.end_to_s2", "attention END→S2"},
                                                    {"copy.positive", "copy score"},
                                                    {"copy.negative", "negative copy score"},
                                                    {"queries", "effect through the name movers' queries"},
                                                    {"backup", "gain by its own change"},
                                                    {"effect", "effect in this task"},
                                                    {"detector.duplicate_token", "duplicate-token attention"},
                                                    {"detector.induction", "induction attention"},
                                                    {"detector.previous_token", "previous-token attention"}};
    std::string text;
    for (const Rule &rule : rules({})) {
        text += (text.empty() ? "" : "; ") + std::string(rule.role) + ": ";
        for (size_t i = 0; i < rule.marks.size(); ++i) {
            const Criterion &mark = rule.marks[i];
            const bool effect = mark.quantity == "direct" || mark.quantity == "queries";
            text += (i > 0 ? ", " : "")
                + std::string(!effect               ? ""
                                  : mark.low > -any ? "harmful "
                                                    : "helpful ")
                + words.at(mark.quantity);
        }
    }
    return text;
}

std::vector<SelectedHead> name_movers(const RoleQuantities &q, const RoleThresholds &t)
{
    return select_heads(q, rules(t).front().marks);
}

std::vector<RoledHead> assign_roles(const RoleQuantities &q, const RoleThresholds &t)
{
    std::vector<RoledHead> roles;
    for (const Rule &rule : rules(t))
        if (known(q, rule.marks))
            for (SelectedHead &head : select_heads(q, rule.marks))
                roles.push_back({rule.role, std::move(head)});
    sort_roles(roles);
    return roles;
}

std::vector<RoledHead> detector_only(const RoleQuantities &q, const RoleThresholds &t)
{
    const std::vector<RoledHead> roles = assign_roles(q, t);
    std::vector<RoledHead> heads;
    for (const Rule &rule : detector_rules(t)) {
        if (!known(q, rule.marks))
            continue;
        for (SelectedHead &head : select_heads(q, rule.marks)) {
            if (std::any_of(roles.begin(), roles.end(),
                            [&](const RoledHead &one) { return one.role == rule.role && one.head.head == head.head; }))
                continue;
            if (const auto effect = q.find("effect"); effect != q.end())
                head.evidence.push_back({effect->second.name, effect->second.unit, effect->second.at(head.head)});
            heads.push_back({rule.role, std::move(head)});
        }
    }
    sort_roles(heads);
    return heads;
}

std::vector<RoledHead> released_heads(const RoleQuantities &q, const RoleThresholds &t)
{
    const std::vector<Criterion> marks{at_least("released", t.backup_gain)};
    std::vector<RoledHead> heads;
    if (known(q, marks))
        for (SelectedHead &head : select_heads(q, marks))
            heads.push_back({"stops suppressing", std::move(head)});
    sort_roles(heads);
    return heads;
}

nlohmann::json roles_summary(const RoleQuantities &q, const RoleThresholds &thresholds)
{
    const auto list = [](const std::vector<RoledHead> &heads) {
        nlohmann::json out = nlohmann::json::array();
        for (const RoledHead &one : heads) {
            out.push_back(to_json(std::vector<SelectedHead>{one.head}).front());
            out.back()["role"] = one.role;
        }
        return out;
    };
    return {{"thresholds", to_json(thresholds)},
            {"roles", list(assign_roles(q, thresholds))},
            {"detector_only", list(detector_only(q, thresholds))},
            {"released", list(released_heads(q, thresholds))}};
}

} // namespace patchbay
