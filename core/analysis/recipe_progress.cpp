// How much of a recipe is left: roughly, before it is known what the steps will find.
#include "analysis/recipe.h"

#include <set>

namespace patchbay {

using nlohmann::json;

namespace {

/// Work of sweeps that are known to have been computed, or to be computed before.
using Counted = std::set<std::string>;

// Forward passes: a cell at layer l computes the layers from there on, so a sweep of heads half of the model each.
double sweep_work(const json &spec, const ModelConfig &c, Counted &counted)
{
    const double sweep = c.n_heads * (c.n_layers + 1) / 2.0;
    const std::string method = spec.value("method", std::string());
    const auto once = [&](json what, double work) {
        what["of"] = method;
        return counted.insert(what.dump()).second ? work : 0;
    };
    if (method == "path_patch") {
        const bool direct = spec.contains("receivers") && spec.at("receivers") == "final_residual";
        return once(spec, direct ? sweep / 8 : sweep);
    }
    if (method != "act_patch") // a few passes
        return once(spec, 3);
    double work = 0;
    for (const json &site : spec.value("sites", json::array({"z"}))) {
        json one = spec;
        one["sites"] = site;
        work += once(one, sweep);
    }
    return work;
}

} // namespace

double RecipeRun::work_left(const std::vector<size_t> &steps, double progress) const
{
    const std::set<size_t> wanted(steps.begin(), steps.end());
    Counted counted;
    double left = 0;
    for (size_t i = 0; i < m_recipe.steps.size(); ++i) {
        const RecipeStep &step = m_recipe.steps[i];
        const StepState state = m_outcomes[i].state;
        const bool open = state == StepState::Pending || state == StepState::Running;
        if (step.kind != StepKind::Run || (open && !wanted.contains(i)))
            continue;
        const double work = sweep_work(step.body.at("spec"), m_session.model().config(), counted);
        if (open)
            left += work * (state == StepState::Running ? 1 - progress : 1);
    }
    return left;
}

} // namespace patchbay
