#include "analysis/roles.h"

#include "analysis/analysis.h"
#include "analysis/detail/readings.h"
#include "analysis/recipe.h"
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
    {"backup_gain", "gain of a backup head ÷ logit difference", "", &RoleThresholds::backup_gain},
};

std::vector<Criterion> name_mover_criteria(const RoleThresholds &t)
{
    return {{"direct", -any, -t.direct_effect}, {"attention.end_to_io", t.attention_io, any}, {"copy.positive", t.copy_score, any}};
}

} // namespace

RoleThresholds RoleThresholds::from_json(const nlohmann::json &options)
{
    RoleThresholds out;
    if (options.is_null())
        return out;
    if (!options.is_object())
        throw Error("options", "of roles are thresholds by name, such as {\"direct_effect\": 3}");
    for (const auto &[key, value] : options.items()) {
        const auto known = std::find_if(std::begin(named), std::end(named), [&](const NamedThreshold &one) { return key == one.name; });
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
        {"name mover", name_mover_criteria(t)},
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
    std::stable_sort(roles.begin(), roles.end(), [](const RoledHead &a, const RoledHead &b) { return a.head.head < b.head.head; });
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

namespace detail {

void analyse_roles(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const RoleThresholds thresholds = RoleThresholds::from_json(run.spec.options);
    if (!run.result.baseline.shares_make_sense())
        throw NothingToDo("roles", "rest on effects in % of the gap between the clean and the flipped runs, which vanishes");
    constexpr int steps = 7;
    int done = 0;
    RoleQuantities q;
    const auto take = [&](const RunResult &result, const std::string &from, const std::string &to) {
        q[to] = quantity(result, from);
        Array array;
        array.shape = {q[to].layers, q[to].heads};
        std::vector<float> values(q[to].values.begin(), q[to].values.end());
        array.values = values;
        run.result.arrays["roles." + to] = array;
    };
    const auto analysis = [&](const char *name, const std::vector<Head> &heads = {}) {
        RunSpec spec = run.spec;
        spec.analysis = name;
        spec.heads = heads;
        spec.options = nullptr;
        const RunResult result = run_analysis(run.session, spec, {}, run.cancel);
        run.progress(++done, steps);
        return result;
    };
    const auto path = [&](const std::vector<Node> &receivers) {
        RunSpec spec = run.spec;
        spec.method = Method::PathPatch;
        spec.direction = Direction::Noise;
        spec.senders = {Site::Z, {}};
        spec.receivers = {std::nullopt, receivers};
        RunObserver quiet;
        quiet.estimates = false;
        const RunResult result = run.session.run(spec, quiet, run.cancel);
        run.progress(++done, steps);
        return result;
    };
    take(path({{Site::ResidPost, c.n_layers - 1}}), "path", "direct");
    q["direct"].name = "direct effect";
    const RunResult copying = analysis("copy-scores");
    take(copying, "copy.positive", "copy.positive");
    take(copying, "copy.negative", "copy.negative");
    const RunResult attention = analysis("attention");
    take(attention, "attention.end_to_io", "attention.end_to_io");
    take(attention, "attention.end_to_s2", "attention.end_to_s2");
    const RunResult detectors = analysis("detectors");
    for (const char *name : {"detector.previous_token", "detector.duplicate_token", "detector.induction"})
        take(detectors, name, name);

    std::vector<Head> movers;
    std::vector<Node> queries;
    for (const SelectedHead &head : name_movers(q, thresholds)) {
        movers.push_back(head.head);
        queries.push_back({Site::Q, head.head.layer, head.head.head});
    }
    if (!movers.empty()) {
        take(path(queries), "path", "queries");
        q["queries"].name = "effect through the name movers' queries";
        take(analysis("ablate", movers), "ablate.dla_change", "backup");
        q["backup"].name = "gain in direct attribution ÷ logit difference";
        for (double &value : q["backup"].values)
            value = run.result.baseline.vanishes(run.result.baseline.clean_mean) ? std::nan("") : value / run.result.baseline.clean_mean;
        // The ablated heads cannot be their own backup.
        for (const Head head : movers)
            q["backup"].values[size_t(head.layer * c.n_heads + head.head)] = 0;
    }
    run.result.summary = roles_summary(assign_roles(q, thresholds), thresholds);
    run.progress(steps, steps);
}

} // namespace detail

} // namespace patchbay
