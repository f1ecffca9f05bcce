#include "controllers/series_controller.h"

#include <algorithm>

namespace patchbay {

SeriesController::SeriesController(Backend &backend, RunsStore &runs, Navigation &navigation, QObject *parent)
    : QObject(parent), m_backend(backend), m_runs(runs), m_navigation(navigation)
{
    connect(&m_runs, &RunsStore::runRemoved, this, [this](int id) {
        if (id == m_run)
            m_run = -1;
    });
}

void SeriesController::open(const QString &folder)
{
    stop();
    ++m_turn;
    m_backend.submit<OpenSeriesRequest>({
        .request = {folder.toStdString()},
        .policy = {QStringLiteral("series-open"), true},
        .done =
            [this, folder](const SeriesResultsPtr &series) {
                m_series = nullptr;
                m_measures = nullptr;
                m_options = {};
                m_folder = folder;
                take(series);
                show();
            },
        .failed = [this](const Failure &failure) { Q_EMIT failed(failure); },
    });
}

void SeriesController::start(const SeriesPlan &plan, const QString &folder)
{
    stop();
    const int turn = ++m_turn;
    m_running = true;
    m_computing.clear();
    m_stepShare = 0;
    Q_EMIT runningChanged();
    m_job = m_backend.submit<BeginSeriesRequest>({
        .request = {plan, folder.toStdString()},
        .policy = {QStringLiteral("series"), true},
        .done =
            [this, folder, turn](const SeriesResultsPtr &series) {
                if (turn != m_turn)
                    return;
                m_series = nullptr;
                m_measures = nullptr;
                m_options = {};
                m_folder = folder;
                take(series);
                show();
                next();
            },
        .failed =
            [this, turn](const Failure &failure) {
                end(turn);
                Q_EMIT failed(failure);
            },
        .dropped = [this, turn] { end(turn); },
    });
}

void SeriesController::next()
{
    const bool pending = std::any_of(m_series->steps.begin(), m_series->steps.end(),
                                     [](const SeriesStepResult &step) { return step.state == SeriesState::Pending; });
    const int turn = m_turn;
    if (!pending)
        return end(turn);
    m_job = m_backend.submit<SeriesStepRequest>({
        .request = {m_series},
        .policy = {QStringLiteral("series"), true},
        .done =
            [this, turn](const SeriesResultsPtr &series) {
                if (turn != m_turn)
                    return;
                m_stepShare = 0;
                take(series);
                if (m_running)
                    next();
            },
        .failed =
            [this, turn](const Failure &failure) {
                end(turn);
                Q_EMIT failed(failure);
            },
        .dropped = [this, turn] { end(turn); },
        .progress =
            [this](const Progress &at) {
                m_computing = QString::fromStdString(at.what);
                m_stepShare = at.total > 0 ? double(at.done) / at.total : 0;
                Q_EMIT runningChanged();
            },
    });
}

void SeriesController::end(int turn)
{
    if (turn != m_turn) // of an earlier one
        return;
    m_running = false;
    Q_EMIT runningChanged();
}

void SeriesController::stop()
{
    if (!m_running)
        return;
    m_running = false;
    m_backend.cancel(m_job);
    m_backend.submit<EndSeriesRequest>({}); // the next step may be on its way from the hub
    Q_EMIT runningChanged();
}

// The first result is shown when it is there; later ones do not move what is on view.
void SeriesController::take(const SeriesResultsPtr &series)
{
    m_series = series;
    if (m_options.part.empty() && series->parts.size() > 1)
        for (const SeriesPart &part : series->parts)
            if (m_options.part.empty() && !head_quantities(*series, part.id).empty())
                m_options.part = part.id;
    if (m_step < 0 || m_step >= steps() || !result(m_step))
        for (int i = steps(); i-- > 0;)
            if (result(i)) {
                m_step = i;
                break;
            }
    m_step = std::clamp(m_step, 0, std::max(0, steps() - 1));
    updateRun();
    Q_EMIT seriesChanged();
    Q_EMIT stepChanged();
    measureAgain();
}

void SeriesController::setOptions(const MeasureOptions &options)
{
    const bool part = options.part != m_options.part;
    m_options = options;
    if (part) {
        updateRun();
        Q_EMIT stepChanged();
    }
    measureAgain();
}

void SeriesController::measureAgain()
{
    const auto any = [&](const SeriesPart &part) { return !head_quantities(*m_series, part.id).empty(); };
    if (!m_series || std::none_of(m_series->parts.begin(), m_series->parts.end(), any)) {
        m_measures = nullptr;
        Q_EMIT measuresChanged();
        return;
    }
    m_backend.submit<MeasureSeriesRequest>({
        .request = {m_series, m_options},
        .policy = {QStringLiteral("series-measures"), true},
        .done =
            [this](const SeriesMeasuresPtr &measures) {
                m_measures = measures;
                Q_EMIT measuresChanged();
            },
        .failed =
            [this](const Failure &failure) {
                m_measures = nullptr;
                Q_EMIT measuresChanged();
                Q_EMIT failed(failure);
            },
    });
}

int SeriesController::stepsEnded() const
{
    return m_series ? int(std::count_if(m_series->steps.begin(), m_series->steps.end(),
                                        [](const auto &step) { return step.state != SeriesState::Pending; }))
                    : 0;
}

QString SeriesController::progressText() const
{
    const QString count =
        tr("%1 of %2").arg(std::min(stepsEnded() + 1, std::max(1, steps()))).arg(std::max(1, steps()));
    return m_computing.isEmpty() ? count : m_computing + QStringLiteral(", ") + count;
}

double SeriesController::share() const
{
    return steps() > 0 ? std::min(1.0, (stepsEnded() + m_stepShare) / steps()) : 0;
}

void SeriesController::setStep(int step)
{
    step = std::clamp(step, 0, std::max(0, steps() - 1));
    if (!m_series || step == m_step)
        return;
    m_step = step;
    updateRun();
    Q_EMIT stepChanged();
}

RunResultPtr SeriesController::result(int step) const
{
    return m_series && step >= 0 && step < steps() ? m_series->result(size_t(step), m_options.part) : nullptr;
}

bool SeriesController::ofAnotherTask(const Document &document) const
{
    if (!m_series || !m_series->steps[size_t(m_step)].task || !document.setup())
        return false;
    const RunResultPtr shown = result(m_step);
    return shown && shown->spec.task.sha256 != document.setup()->task_ref.sha256;
}

QString SeriesController::stepText(int step) const
{
    if (!m_series || step < 0 || step >= steps())
        return {};
    const SeriesStepResult &at = m_series->steps[size_t(step)];
    const QString name = QString::fromStdString(at.name);
    return at.state == SeriesState::Gap    ? tr("%1: nothing there, %2").arg(name, QString::fromStdString(at.reason))
        : at.state == SeriesState::Pending ? tr("%1: still to come").arg(name)
        : result(step)                     ? name
                                           : tr("%1: nothing came out").arg(name);
}

double SeriesController::largest(const QString &unit) const
{
    if (!m_series)
        return 0;
    const auto part = m_series->largest.find(m_options.part);
    if (part == m_series->largest.end())
        return 0;
    const auto found = part->second.find(unit.toStdString());
    return found == part->second.end() ? 0 : found->second;
}

void SeriesController::show()
{
    if (!m_series)
        return;
    updateRun();
    m_navigation.showRun(m_run);
}

// A run of the list stands for the step on view: every view of a run is one of the series then.
void SeriesController::updateRun()
{
    if (m_run < 0) {
        RunEntry entry;
        entry.name = tr("Series: %1").arg(QString::fromStdString(m_series->title));
        entry.started = QDateTime::currentDateTime();
        entry.ofSeries = true;
        m_run = m_runs.add(std::move(entry));
    }
    const RunResultPtr shown = result(m_step);
    m_runs.update(m_run, [&](RunEntry &entry) {
        entry.name = tr("Series: %1").arg(QString::fromStdString(m_series->title));
        entry.result = shown;
        entry.halfWidths.clear();
        if (shown)
            entry.spec = shown->spec;
        const SeriesStepResult &at = m_series->steps[size_t(m_step)];
        entry.state = shown ? RunState::Done : at.state == SeriesState::Pending ? RunState::Queued : RunState::Failed;
        entry.message = stepText(m_step);
        if (shown && m_measures && m_measures->heads.effect && size_t(m_step) < m_measures->heads.steps.size()
            && m_measures->options.part == m_options.part) {
            const HeadsOverSteps &heads = m_measures->heads;
            const EffectUnit unit = effect_unit(shown->baseline);
            const std::vector<double> &half = heads.steps[size_t(m_step)].half_width;
            const double divisor = heads.raw ? std::abs(shown->baseline.scale()) : 100;
            if (!half.empty() && (unit.share || heads.raw))
                for (const double one : half)
                    entry.halfWidths[heads.quantity].push_back(one / divisor);
        }
    });
}

} // namespace patchbay
