#include "controllers/recipe_controller.h"

#include "amounts_text.h"
#include "base/error.h"
#include "view_text.h"

#include <algorithm>
#include <set>

namespace patchbay {

namespace {
constexpr double kKnown = 0.02; // of the work: from then on its time says something about the rest
} // namespace

RecipeController::RecipeController(Backend &backend, Document &document, Navigation &navigation, RunsStore &runs,
                                   QObject *parent)
    : QObject(parent), m_backend(backend), m_document(document), m_navigation(navigation), m_runs(runs)
{
    try {
        m_recipe = load_recipe("ioi-circuit");
    } catch (const Error &) {
        // An installation without its recipes: the dock is empty, and a file can be opened.
    }
    m_outcomes.resize(m_recipe.steps.size());
    connect(&m_document, &Document::setupChanged, this, &RecipeController::begin);
    for (const auto moved : {&Navigation::runChanged, &Navigation::headsChanged, &Navigation::promptChanged})
        connect(&m_navigation, moved, this, [this] { m_following = m_following && m_showing; });
    connect(&m_document, &Document::loadingChanged, this, [this] {
        if (m_document.loading())
            stop();
        Q_EMIT changed();
    });
}

int RecipeController::finished() const
{
    return static_cast<int>(std::count_if(m_outcomes.begin(), m_outcomes.end(), [](const StepOutcome &o) {
        return o.state != StepState::Pending && o.state != StepState::Running;
    }));
}

double RecipeController::secondsLeft() const
{
    const double done = m_whole - m_left;
    return m_whole > 0 && done > kKnown * m_whole ? double(m_clock.elapsed()) / 1000 * m_left / done : -1;
}

QString RecipeController::progressText() const
{
    QString text = tr("Step %1 of %2").arg(m_running + 1).arg(steps());
    if (const QString left = timeLeftText(secondsLeft()); !left.isEmpty())
        text += QStringLiteral(" · ") + left;
    return text;
}

void RecipeController::openFile(const QString &file)
{
    try {
        Recipe recipe = load_recipe(file.toStdString());
        stop();
        m_recipe = std::move(recipe);
    } catch (...) {
        Q_EMIT failed(failureOf(std::current_exception()));
        return;
    }
    begin();
    Q_EMIT recipeChanged();
}

template <class R>
void RecipeController::change(R request)
{
    m_backend.submit<R>(
        {.request = std::move(request), .failed = [this](const Failure &failure) { Q_EMIT failed(failure); }});
}

// The backend's recipe belongs to a session: a new one of either is a new start.
void RecipeController::begin()
{
    m_outcomes.assign(m_recipe.steps.size(), {});
    m_waiting.clear();
    m_running = -1;
    ++m_turn;
    if (m_document.ready() && !m_recipe.steps.empty())
        change(BeginRecipeRequest{m_recipe, m_document.setup()->model_ref, m_document.setup()->task_ref});
    Q_EMIT changed();
}

void RecipeController::runAll()
{
    if (!ready() || busy())
        return;
    const bool over = finished() == steps();
    std::vector<size_t> pending;
    for (size_t i = 0; i < m_outcomes.size(); ++i)
        if (over ? m_outcomes[i].state != StepState::Skipped : m_outcomes[i].state == StepState::Pending)
            pending.push_back(i);
    start(std::move(pending));
}

void RecipeController::run(int step)
{
    if (!ready() || busy() || step < 0 || step >= steps())
        return;
    std::vector<size_t> order;
    for (const size_t earlier : prerequisites(m_recipe, size_t(step)))
        if (m_outcomes[earlier].state == StepState::Pending)
            order.push_back(earlier);
    order.push_back(size_t(step));
    start(std::move(order));
}

void RecipeController::runFrom(int step)
{
    if (!ready() || busy() || step < 0 || step >= steps())
        return;
    std::set<size_t> order;
    for (size_t i = size_t(step); i < m_outcomes.size(); ++i) {
        if (m_outcomes[i].state == StepState::Skipped)
            continue;
        for (const size_t earlier : prerequisites(m_recipe, i))
            if (m_outcomes[earlier].state == StepState::Pending)
                order.insert(earlier);
        order.insert(i);
    }
    start({order.begin(), order.end()});
}

QString RecipeController::messageOf(int step) const
{
    QString text = QString::fromStdString(m_outcomes[size_t(step)].message);
    for (const RecipeStep &one : m_recipe.steps)
        text.replace(QStringLiteral("step \"%1\"").arg(QString::fromStdString(one.id)),
                     tr("step “%1”").arg(QString::fromStdString(one.title)));
    return text;
}

RunResultPtr RecipeController::circuit() const
{
    RunResultPtr newest;
    for (size_t i = 0; i < m_recipe.steps.size(); ++i)
        if (m_recipe.steps[i].kind == StepKind::Circuit && m_outcomes[i].result)
            newest = m_outcomes[i].result;
    return newest;
}

void RecipeController::start(std::vector<size_t> steps)
{
    m_following = true;
    m_whole = m_left = -1;
    for (const size_t step : steps) {
        forget(step);
        m_outcomes[step] = {};
        m_waiting << static_cast<int>(step);
    }
    next();
}

// One job a step, so that other runs get their turn between two of them.
void RecipeController::next()
{
    m_done = m_total = 0;
    m_running = m_waiting.isEmpty() ? -1 : m_waiting.takeFirst();
    if (m_running < 0) {
        Q_EMIT changed();
        return;
    }
    const int step = m_running, turn = ++m_turn;
    m_outcomes[size_t(step)].state = StepState::Running;
    m_job = m_backend.submit<RunStepRequest>({
        .request = {size_t(step), {m_waiting.cbegin(), m_waiting.cend()}},
        .done =
            [this, turn](const std::shared_ptr<const StepOutcomes> &outcomes) {
                if (turn != m_turn)
                    return; // of an earlier recipe
                m_outcomes = *outcomes;
                const int finished = m_running;
                next();
                if (m_following && m_outcomes[size_t(finished)].state == StepState::Done)
                    follow(finished);
            },
        .failed =
            [this, turn](const Failure &failure) {
                interrupted(turn);
                Q_EMIT failed(failure);
            },
        .dropped = [this, turn] { interrupted(turn); },
        .progress =
            [this, turn](const Progress &at) {
                if (turn != m_turn)
                    return;
                m_done = at.done;
                m_total = at.total;
                m_left = at.work_left;
                if (m_whole < 0 && m_left > 0) {
                    m_whole = m_left;
                    m_clock.start();
                }
                Q_EMIT changed();
            },
    });
    Q_EMIT changed();
}

void RecipeController::interrupted(int turn)
{
    if (turn != m_turn || !busy())
        return;
    const int step = m_running;
    m_waiting.clear();
    m_running = -1;
    forget(size_t(step));
    // It may have been stopped before the backend came to it.
    if (ready())
        change(ForgetStepRequest{size_t(step)});
    Q_EMIT changed();
}

void RecipeController::stop()
{
    m_waiting.clear();
    if (busy())
        m_backend.cancel(m_job);
}

void RecipeController::skip(int step)
{
    if (!ready() || busy() || step < 0 || step >= steps())
        return;
    const bool back = m_outcomes[size_t(step)].state == StepState::Skipped;
    forget(size_t(step));
    if (!back)
        m_outcomes[size_t(step)].state = StepState::Skipped;
    if (back)
        change(ForgetStepRequest{size_t(step)});
    else
        change(SkipStepRequest{size_t(step)});
    Q_EMIT changed();
}

QString RecipeController::jsonOf(int step) const
{
    return QString::fromStdString(m_recipe.steps[size_t(step)].body.dump(2));
}

void RecipeController::edit(int step, const QString &text)
{
    const std::string subject = m_recipe.steps.at(size_t(step)).id;
    if (busy())
        throw Error(subject, "cannot be changed while the recipe runs");
    nlohmann::json body;
    try {
        body = nlohmann::json::parse(text.toStdString());
    } catch (const nlohmann::json::parse_error &e) {
        throw Error(subject, std::string("is not valid JSON: ") + e.what());
    }
    nlohmann::json file = to_json(m_recipe);
    file.at("steps").at(size_t(step)) = body;
    Recipe edited = recipe_from_json(file, m_recipe.name);
    const RecipeStep &changedStep = edited.steps[size_t(step)];
    // What refers to earlier steps is checked when it runs; the rest can be said now.
    if (changedStep.kind == StepKind::Run && changedStep.needs.empty()
        && body.at("spec").value("receivers", nlohmann::json()) != "final_residual")
        (void)run_spec_from_json(body.at("spec"));
    forget(size_t(step));
    m_recipe = std::move(edited);
    if (ready())
        change(EditStepRequest{size_t(step), body});
    Q_EMIT changed();
}

void RecipeController::forget(size_t step)
{
    m_outcomes[step] = {};
    for (const size_t later : dependents(m_recipe, step))
        if (m_outcomes[later].state != StepState::Skipped)
            m_outcomes[later] = {};
}

int RecipeController::indexOf(const std::string &id) const
{
    const auto it =
        std::find_if(m_recipe.steps.begin(), m_recipe.steps.end(), [&](const RecipeStep &s) { return s.id == id; });
    return it == m_recipe.steps.end() ? -1 : static_cast<int>(it - m_recipe.steps.begin());
}

} // namespace patchbay
