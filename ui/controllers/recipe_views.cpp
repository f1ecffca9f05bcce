// What a step found, as a run of the list in the view that the step asks for.
#include "base/json_field.h"
#include "controllers/circuit.h"
#include "controllers/masks.h"
#include "controllers/recipe_controller.h"
#include "view_models.h"

namespace patchbay {

// The run of the list that holds a step's result.
int RecipeController::runOf(int step)
{
    const StepOutcome &outcome = m_outcomes[size_t(step)];
    if (!outcome.result)
        return -1;
    for (const RunEntry &entry : m_runs.entries())
        if (entry.result == outcome.result)
            return entry.id;
    RunEntry entry = runOfResult(QString::fromStdString(m_recipe.steps[size_t(step)].title), outcome.result);
    entry.state = RunState::Done; // as far as the recipe goes
    entry.done = entry.total;
    return m_runs.add(std::move(entry));
}

namespace {
/// The view that a step asks for, where its result has it; a table is an analysis' own before the heatmap's numbers.
QString viewOf(const RecipeStep &step, const RunResult &result)
{
    const auto view = step.body.find("view");
    if (view == step.body.end())
        return {};
    const QString wanted =
        QString::fromStdString(view->is_string() ? view->get<std::string>() : text_or_empty(*view, "kind"));
    for (const ViewChoice &choice : viewChoices(result))
        if (choice.key == wanted || (wanted == QLatin1String("table") && choice.key.startsWith(wanted)))
            return choice.key;
    return {};
}

/// Heads in fewer % of the resamples than this are masked in the step's heatmap; 0: none are.
double unstableBelow(const RecipeStep &step)
{
    const nlohmann::json view = step.body.value("view", nlohmann::json());
    return view.is_object() && view.contains("among_top") && view.at("among_top").is_number()
        ? view.at("among_top").get<double>()
        : 0;
}
} // namespace

bool RecipeController::show(int step)
{
    if (step < 0 || step >= steps() || !m_outcomes[size_t(step)].result)
        return false;
    const StepOutcome &outcome = m_outcomes[size_t(step)];
    const RecipeStep &what = m_recipe.steps[size_t(step)];
    Place place = m_navigation.place();
    QVector<widgets::HeadId> heads;
    int from = step;
    if (what.kind == StepKind::Select)
        for (const SelectedHead &head : outcome.heads)
            heads << toHeadId(head.head);
    if (what.kind == StepKind::Select && what.body.value("view", nlohmann::json()) != "table") {
        const int source = indexOf(what.body.at("criteria").at(0).value("from", std::string()));
        if (!heads.isEmpty() && source >= 0 && m_outcomes[size_t(source)].result)
            from = source;
    } else if (const Analysis *analysis = outcome.result->spec.as<Analysis>(); analysis && heads.isEmpty()) {
        for (const Head head : analysis->heads)
            heads << toHeadId(head);
    }
    place.run = runOf(from);
    place.comparedRun = -1;
    if (const double amongTop = unstableBelow(what); amongTop > 0)
        place.masks[place.run] = {amongTop, {}, amongTopKey};
    place.view = viewOf(what, *m_outcomes[size_t(from)].result);
    if (what.kind == StepKind::Circuit) {
        place.circuit = circuitOf(*outcome.result);
        Q_EMIT circuitShown();
    }
    if (!heads.isEmpty()) {
        place.heads = heads;
        place.current = heads.front();
    }
    m_navigation.go(place, tr("Show %1").arg(QString::fromStdString(what.title)));
    return true;
}

// Finished steps are looked at as they come; who looks elsewhere is left there.
void RecipeController::follow(int step)
{
    m_showing = true;
    show(step);
    m_showing = false;
}

} // namespace patchbay
