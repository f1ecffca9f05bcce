#include "controllers/run_controller.h"

#include "analysis/analysis.h"
#include "view_models.h"

#include <algorithm>
#include <utility>

namespace patchbay {

RunController::RunController(Backend &backend, Document &document, RunsStore &store, Navigation &navigation,
                             QObject *parent)
    : QObject(parent), m_backend(backend), m_document(document), m_store(store), m_navigation(navigation)
{
    // A run belongs to the model and the prompts it was started on.
    connect(&m_document, &Document::loadingChanged, this, [this] {
        if (m_document.loading())
            stopAll();
    });
    connect(&m_document, &Document::setupChanged, this, [this] {
        if (const auto waiting = std::exchange(m_afterReload, std::nullopt))
            run(waiting->spec, waiting->live, waiting->show);
    });
    connect(&m_document, &Document::failed, this, [this] { m_afterReload.reset(); });
    connect(&m_store, &RunsStore::runRemoved, &m_navigation, &Navigation::forgetRun);
}

RunSpec RunController::withDocument(RunSpec spec) const
{
    if (m_document.ready()) {
        spec.model = m_document.setup()->model_ref;
        spec.task = m_document.setup()->task_ref;
    }
    return spec;
}

int RunController::run(RunSpec spec, bool live, bool show)
{
    if (!m_document.ready())
        return -1;
    if (m_document.taskFileChanged()) { // the numbers shall be those of the file as it is now
        m_afterReload = Waiting{std::move(spec), live, show};
        m_document.reload();
        return -1;
    }
    spec = withDocument(std::move(spec));
    if (const RunEntry *known = m_store.same(spec)) {
        const int id = known->id;
        if (show)
            m_navigation.showRun(id);
        if (known->state == RunState::Stopped)
            continueRun(id);
        return id;
    }
    RunEntry entry;
    entry.name = QString::fromStdString(title(spec));
    entry.spec = spec;
    entry.live = live;
    entry.started = QDateTime::currentDateTime();
    const int id = m_store.add(std::move(entry));
    if (show)
        m_navigation.showRun(id);
    start(id, nullptr);
    return id;
}

void RunController::showMetric(int id, const std::string &metric)
{
    const RunEntry *entry = m_store.find(id);
    if (!entry || entry->state != RunState::Done || !entry->result || !entry->result->keeps_ends
        || cache_key(withDocument(entry->spec)) != cache_key(entry->spec))
        return;
    RunSpec spec = entry->spec;
    spec.metric = metric;
    run(std::move(spec));
}

void RunController::start(int id, const RunResultPtr &resume)
{
    const RunEntry *entry = m_store.find(id);
    if (!entry)
        return;
    if (entry->live)
        makeWayFor(id);
    for (const JobId job : std::exchange(m_intervals, {}))
        m_backend.cancel(job);
    const JobId job = m_backend.submit<RunRequest>({
        .request = {entry->spec, resume},
        .done = [this, id](const Snapshot &last) { finish(id, last.result); },
        .failed =
            [this, id](const Failure &failure) {
                m_store.update(id, [&](RunEntry &e) {
                    e.state = RunState::Failed;
                    e.message = failure.text();
                });
                resumePreempted();
                Q_EMIT activeChanged();
                Q_EMIT failed(failure);
            },
        .dropped =
            [this, id] {
                // Cancelled while it waited: nothing to keep, unless an earlier part of it is there.
                const RunEntry *e = m_store.find(id);
                if (e && !e->result && !m_preempted.contains(id))
                    m_store.remove(id);
                else
                    m_store.update(id, [](RunEntry &entry) { entry.state = RunState::Stopped; });
                resumePreempted();
                Q_EMIT activeChanged();
            },
        .progress =
            [this, id](const Progress &at) {
                const auto change = [&](RunEntry &e) {
                    e.done = at.done;
                    e.total = at.total;
                };
                m_store.update(id, change, ChangedCells::none());
                Q_EMIT activeChanged();
            },
        .snapshot =
            [this, id](const Snapshot &snapshot) {
                const auto change = [&](RunEntry &e) {
                    if (e.state == RunState::Queued) {
                        e.state = RunState::Running;
                        e.clock.start();
                    }
                    e.result = snapshot.result;
                };
                m_store.update(id, change, snapshot.changed);
                Q_EMIT activeChanged();
            },
        .heard = m_listener ? m_listener(id) : Tell(),
    });
    m_store.update(id, [&](RunEntry &e) {
        e.job = job;
        e.state = RunState::Queued;
        e.message.clear();
    });
    Q_EMIT activeChanged();
}

// A live run answers at once: older live ones are of no use any more, others wait until it is done.
void RunController::makeWayFor(int live)
{
    for (const RunEntry &other : m_store.entries()) {
        if (other.id == live || other.finished())
            continue;
        if (!other.live && !m_preempted.contains(other.id))
            m_preempted << other.id;
        m_backend.cancel(other.job);
    }
}

void RunController::resumePreempted()
{
    for (const RunEntry &entry : m_store.entries())
        if (entry.live && !entry.finished())
            return;
    const QVector<int> waiting = std::exchange(m_preempted, {});
    for (const int id : waiting)
        continueRun(id);
}

void RunController::finish(int id, const RunResultPtr &result)
{
    const RunEntry *entry = m_store.find(id);
    if (!entry) { // deleted meanwhile: what waited for it goes on
        resumePreempted();
        Q_EMIT activeChanged();
        return;
    }
    const bool abandoned = entry->live && !result->complete && !entry->pinned && m_navigation.place().run != id;
    if (abandoned) {
        m_store.remove(id);
    } else {
        m_store.update(id, [&](RunEntry &e) {
            e.result = result;
            e.state = result->complete ? RunState::Done : RunState::Stopped;
            if (!result->grids.empty())
                countCells(e); // the last progress told may be from before the last cells, or none was told
            else if (result->complete)
                e.done = e.total;
        });
    }
    resumePreempted();
    findIntervals();
    Q_EMIT activeChanged();
}

// While nothing runs, and for the next run to take the thread back.
void RunController::findIntervals()
{
    if (activeRun() >= 0)
        return;
    for (const RunEntry &entry : m_store.entries()) {
        if (entry.state != RunState::Done || !entry.result)
            continue;
        if (entry.halfWidths.empty() && !cells_with_intervals(*entry.result).empty())
            m_intervals << findIntervalsOf(entry.id);
        if (entry.stabilities.empty()
            && std::any_of(entry.result->grids.begin(), entry.result->grids.end(),
                           [](const Grid &grid) { return can_be_ranked(grid); }))
            m_intervals << findStabilityOf(entry.id);
    }
}

JobId RunController::findStabilityOf(int id)
{
    const RunResultPtr result = m_store.find(id)->result;
    return m_backend.submit<StabilityRequest>({
        .request = {result},
        .policy = {QStringLiteral("stability-%1").arg(id), true},
        .done =
            [this, id, result](const Stabilities &found) {
                if (const RunEntry *entry = m_store.find(id); entry && entry->result == result)
                    m_store.update(id, [&](RunEntry &e) { e.stabilities = found; });
            },
    });
}

JobId RunController::findIntervalsOf(int id)
{
    const RunResultPtr result = m_store.find(id)->result;
    return m_backend.submit<IntervalsRequest>({
        .request = {result},
        .policy = {QStringLiteral("intervals-%1").arg(id), true},
        .done =
            [this, id, result](const HalfWidths &widths) {
                if (const RunEntry *entry = m_store.find(id); entry && entry->result == result)
                    m_store.update(id, [&](RunEntry &e) { e.halfWidths = widths; });
            },
    });
}

void RunController::stop(int id)
{
    if (const RunEntry *entry = m_store.find(id); entry && !entry->finished())
        m_backend.cancel(entry->job);
}

void RunController::remove(int id)
{
    if (const RunEntry *entry = m_store.find(id); !entry || entry->pinned)
        return;
    stop(id);
    m_store.remove(id);
    Q_EMIT activeChanged();
}

void RunController::stopAll()
{
    m_preempted.clear();
    for (const RunEntry &entry : m_store.entries())
        stop(entry.id);
}

void RunController::continueRun(int id)
{
    const RunEntry *entry = m_store.find(id);
    if (!entry || entry->state != RunState::Stopped)
        return;
    if (cache_key(withDocument(entry->spec)) == cache_key(entry->spec))
        start(id, entry->result);
    else
        Q_EMIT failed({entry->name, tr("this run belongs to another model or task"),
                       tr("Open its model and task again to continue it.")});
}

int RunController::activeRun() const
{
    int waiting = -1;
    for (const RunEntry &entry : m_store.entries()) {
        if (entry.state == RunState::Running)
            return entry.id;
        if (entry.state == RunState::Queued)
            waiting = entry.id;
    }
    return waiting;
}

void RunController::want(widgets::HeadId head)
{
    m_backend.want(head.valid() && head.head >= 0 ? std::optional<Head>(fromHeadId(head)) : std::nullopt);
}

} // namespace patchbay
