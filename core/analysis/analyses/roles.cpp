// Roles of heads: the runs and analyses that the marks of every role come from, and the labels that they earn.
#include "analysis/roles.h"
#include "analysis/analysis.h"
#include "analysis/detail/readings.h"
#include "analysis/known_runs.h"
#include "analysis/recipe.h"
#include "task/ioi_roles.h"

#include <cmath>

namespace patchbay {

using namespace detail;

namespace {

void run_roles(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const RoleThresholds thresholds = RoleThresholds::from_json(run.analysis.options);
    const Baseline &baseline = run.result.baseline;
    if (!baseline.shares_make_sense())
        throw NothingToDo("roles",
                          "rest on effects in % of the gap between the clean and the flipped runs, which vanishes");
    constexpr int steps = 8;
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
        spec.method = Analysis{name, heads, nullptr};
        const RunResult result = run.known.run(spec, {}, run.cancel);
        run.progress(++done, steps);
        return result;
    };
    const auto sweep = [&](Method method) {
        RunSpec spec = run.spec;
        spec.method = std::move(method);
        const RunResult result = run.known.run(spec, {}, run.cancel);
        run.progress(++done, steps);
        return result;
    };
    const auto path = [&](const std::vector<Node> &receivers) {
        PathPatch path;
        path.direction = Direction::Noise;
        path.receivers.nodes = receivers;
        return sweep(std::move(path));
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
    take(sweep(ActPatch()), "denoise.z", "effect");
    q["effect"].name = "effect of its output in this task";

    std::vector<Head> movers;
    std::vector<Node> queries;
    for (const SelectedHead &head : name_movers(q, thresholds)) {
        movers.push_back(head.head);
        queries.push_back({Site::Q, head.head.layer, head.head.head});
    }
    if (!movers.empty()) {
        take(path(queries), "path", "queries");
        q["queries"].name = "effect through the name movers' queries";
        const RunResult ablated = analysis("ablate", movers);
        take(ablated, "ablate.backup_gain", "backup");
        take(ablated, "ablate.released", "released");
        q["backup"].name = "gain by its own change ÷ logit difference";
        q["released"].name = "suppression that stops ÷ logit difference";
        for (const char *part : {"backup", "released"})
            for (double &value : q[part].values)
                value = baseline.vanishes(baseline.clean_mean) ? std::nan("") : value / baseline.clean_mean;
    }
    run.result.summary = roles_summary(q, thresholds);
    run.progress(steps, steps);
}

std::string describe_roles(const Analysis &)
{
    return std::string(
               "Roles of heads: every label needs all of its marks, and the numbers are those that earned it. Direct "
               "effect and effect through the name "
               "movers' queries are path patching of z (noising, all positions, MLPs recomputed), in % of the "
               "clean–flipped gap of the mean logit "
               "difference: negative is helpful. Attention is from END in the clean run, mean over prompts. The effect "
               "in "
               "this task is activation patching of z (denoising), in % of the gap: positive is what it brings back. "
               "Gain: "
               "what a head writes for the answer more than before when the name movers are ablated (zero), by its own "
               "change, in the clean run's scale. Marks: ")
        + marks_text() + ".";
}

std::vector<Parameter> thresholds()
{
    std::vector<Parameter> out;
    for (const auto &[name, words, text, value] : role_thresholds())
        out.push_back({name, Parameter::Kind::Number, "threshold: " + words + " (" + text + ")", {}, false, value});
    return out;
}

} // namespace

const AnalysisInfo &declared::roles()
{
    static const AnalysisInfo info{
        .name = "roles",
        .title = "Head roles",
        .tip = "Name movers, S-inhibition, induction …: each role by several marks at once",
        .roles = {ioi::io, ioi::s1, ioi::s2},
        .parameters = thresholds(),
        .yields = {{"roles.direct", "Direct effect", "direct effect", "%", effect_label(metrics().front())},
                   {"roles.queries", "Through the name movers' queries", "effect through the name movers' queries", "%",
                    effect_label(metrics().front())},
                   {"roles.backup", "Gain when the name movers are ablated",
                    "gain by its own change ÷ logit difference", "", "", Quantity::Draw::Hidden},
                   {"roles.released", "Suppression that stops when the name movers are ablated",
                    "suppression that stops ÷ logit difference", "", "", Quantity::Draw::Hidden},
                   {"roles.effect", "Effect in this task", "effect of its output in this task", "%",
                    "Logit diff variation", Quantity::Draw::Hidden},
                   {"roles.", "Mark of a role", "mark of a role", "", "", Quantity::Draw::Hidden}},
        .describe = describe_roles,
        .run = run_roles};
    return info;
}

} // namespace patchbay
