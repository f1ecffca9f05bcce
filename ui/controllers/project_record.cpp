// What happens in the window, as rows of the project's file, and rows as runs of the list.
#include "controllers/project_controller.h"

#include "base/time_text.h"
#include "controllers/run_views.h"
#include "model/model_folder.h"
#include "script/command_line.h"
#include "task/task_source.h"

#include <algorithm>
#include <array>

namespace patchbay {

namespace {

// As they stand in files (ProjectRun::state).
constexpr std::array<const char *, 5> kStates{"waiting", "running", "done", "stopped", "failed"};
static_assert(size_t(RunState::Failed) + 1 == kStates.size());

bool same(const ProjectRun &a, const ProjectRun &b)
{
    const auto key = [](const ProjectRun &run) {
        return std::tie(run.name, run.state, run.message, run.pinned, run.live, run.done, run.total);
    };
    return key(a) == key(b) && a.spec == b.spec;
}

} // namespace

qint64 ProjectController::idOf(int run) const
{
    return run > m_base ? run - m_base : -1;
}

int ProjectController::runOf(qint64 id) const
{
    const int run = id > 0 ? int(id) + m_base : -1;
    return m_runs.find(run) ? run : -1;
}

ProjectRun ProjectController::rowOf(const RunEntry &entry) const
{
    ProjectRun row;
    row.id = idOf(entry.id);
    row.name = entry.name.toStdString();
    row.spec = entry.spec;
    row.state = kStates[size_t(entry.state)];
    row.message = entry.message.toStdString();
    row.started = entry.started.toString(Qt::ISODate).toStdString();
    row.pinned = entry.pinned;
    row.live = entry.live;
    row.done = entry.done;
    row.total = entry.total;
    return row;
}

// A run that was computing when the program ended goes on when it is asked to.
RunEntry ProjectController::entryOf(const ProjectRun &row) const
{
    RunEntry entry;
    entry.id = int(row.id) + m_base;
    entry.name = QString::fromStdString(row.name);
    entry.spec = row.spec;
    entry.started = QDateTime::fromString(QString::fromStdString(row.started), Qt::ISODate);
    entry.pinned = row.pinned;
    entry.message = QString::fromStdString(row.message);
    entry.done = row.done;
    entry.total = row.total;
    if (const auto result = m_contents.results.find(row.id); result != m_contents.results.end())
        entry.result = result->second;
    const auto state = std::find(kStates.begin(), kStates.end(), row.state);
    entry.state = state == kStates.end() ? RunState::Failed : RunState(state - kStates.begin());
    if (entry.state == RunState::Queued || entry.state == RunState::Running)
        entry.state = RunState::Stopped;
    if (entry.state == RunState::Done || entry.state == RunState::Stopped) // what its numbers say counts
        entry.state = entry.result && entry.result->complete ? RunState::Done : RunState::Stopped;
    if (entry.result && entry.state != RunState::Failed && !entry.result->grids.empty())
        countCells(entry); // what the last chunk brought may not have been counted yet
    if (const auto found = m_contents.intervals.find(row.id); found != m_contents.intervals.end()) {
        entry.halfWidths = found->second.half_widths;
        entry.stabilities = found->second.stabilities;
    }
    return entry;
}

void ProjectController::put(Recorder::Action action, const std::string &key)
{
    if (m_recorder)
        m_recorder->put(std::move(action), key);
}

void ProjectController::added(const RunEntry &entry)
{
    if (entry.ofSeries)
        return;
    const ProjectRun row = rowOf(entry);
    m_rows[entry.id] = row;
    put([row](Project &project) {
        project.put(row);
        project.put(row.spec.model);
    });
    if (entry.result) // found elsewhere, whole: what is computed tells of itself
        put([id = row.id, result = entry.result](Project &project) { project.put_result(id, *result); });
    addHistory(entry.result ? tr("%1: found").arg(entry.name) : tr("Run: %1").arg(entry.name),
               QString::fromStdString(command_line(entry.spec)), entry.id);
}

void ProjectController::changed(const RunEntry &entry)
{
    const auto known = m_rows.find(entry.id);
    if (known == m_rows.end())
        return;
    const ProjectRun row = rowOf(entry);
    if (!same(row, *known)) {
        *known = row;
        put([row](Project &project) { project.put(row); }, "run-" + std::to_string(row.id));
    }
    if (m_intervals.value(entry.id) || entry.state != RunState::Done
        || (entry.halfWidths.empty() && entry.stabilities.empty()))
        return;
    m_intervals[entry.id] = !entry.halfWidths.empty() && !entry.stabilities.empty();
    put([id = row.id, found = RunIntervals{entry.halfWidths, entry.stabilities}](
            Project &project) { project.put_intervals(id, found); },
        "intervals-" + std::to_string(row.id));
}

// The open model and task, and that they are open.
void ProjectController::putSetup()
{
    const SetupPtr &setup = m_document.setup();
    if (!setup || !isOpen())
        return;
    const nlohmann::json document{{"model", to_json(setup->model_ref)}, {"task", to_json(m_document.task())}};
    putState(QLatin1String(documentState), QByteArray::fromStdString(document.dump()));
    put(
        [setup](Project &project) {
            project.put(setup->model_ref);
            project.put(ProjectTask{setup->task_ref, pairs_to_json(setup->pairs)});
        },
        "setup");
}

// The same weights in another place: the runs are of them.
void ProjectController::followMovedModel()
{
    const SetupPtr &setup = m_document.setup();
    if (!setup || !isOpen() || setup->model_ref.sha256.empty())
        return;
    std::vector<int> moved;
    for (const RunEntry &entry : m_runs.entries()) {
        ModelRef there = entry.spec.model;
        there.path = setup->model_ref.path;
        there.commit = setup->model_ref.commit;
        if (!(entry.spec.model == setup->model_ref) && there == setup->model_ref)
            moved.push_back(entry.id);
    }
    for (const int id : moved)
        m_runs.update(id, [&](RunEntry &entry) {
            entry.spec.model = setup->model_ref;
            if (!entry.result)
                return;
            auto copy = std::make_shared<RunResult>(*entry.result);
            copy->spec.model = setup->model_ref;
            entry.result = std::move(copy);
        });
}

void ProjectController::putState(const QString &name, const QByteArray &value)
{
    const std::string key = name.toStdString();
    // Not m_contents, which is what the file held when it was opened.
    const auto [known, added] = m_written.try_emplace(key);
    if (!added && known->second == value.toStdString())
        return;
    known->second = value.toStdString();
    put([key, value = known->second](Project &project) { project.put_state(key, value); }, "state-" + key);
}

QByteArray ProjectController::state(const QString &name) const
{
    const auto found = m_contents.states.find(name.toStdString());
    return found == m_contents.states.end() ? QByteArray() : QByteArray::fromStdString(found->second);
}

QString ProjectController::note(const QString &kind, const QString &subject) const
{
    for (const ProjectNote &note : m_contents.notes)
        if (note.kind == kind.toStdString() && note.subject == subject.toStdString())
            return QString::fromStdString(note.text);
    return {};
}

void ProjectController::setNote(const QString &kind, const QString &subject, const QString &text)
{
    const ProjectNote note{kind.toStdString(), subject.toStdString(), text.toStdString(), time_text()};
    const auto same = [&](const ProjectNote &other) {
        return other.kind == note.kind && other.subject == note.subject;
    };
    auto &notes = m_contents.notes;
    const auto at = std::find_if(notes.begin(), notes.end(), same);
    if (at != notes.end() ? at->text == note.text : note.text.empty())
        return;
    if (note.text.empty())
        notes.erase(at);
    else if (at != notes.end())
        *at = note;
    else
        notes.push_back(note);
    put([note](Project &project) { project.put(note); }, "note-" + note.kind + "-" + note.subject);
    Q_EMIT notesChanged();
}

int ProjectController::stepOf(size_t entry) const
{
    return m_steps.value(qint64(entry), -1);
}

void ProjectController::noteStep(const QString &what, bool forgotten)
{
    if (forgotten) {
        for (int &step : m_steps)
            --step;
        m_steps.removeIf([](QHash<qint64, int>::iterator step) { return step.value() < 0; });
    }
    const RunEntry *run = m_runs.find(m_navigation.place().run);
    const bool shows = what == Navigation::tr("Show run") && run;
    m_steps[qint64(m_contents.history.size())] = m_navigation.undoStack().index();
    addHistory(shows ? tr("Show: %1").arg(run->name) : what, {});
}

void ProjectController::noteSetup()
{
    const SetupPtr &setup = m_document.setup();
    if (setup->model_ref == m_noted && setup->task_ref == m_notedTask)
        return;
    m_noted = setup->model_ref;
    m_notedTask = setup->task_ref;
    addHistory(tr("Open: %1, %2").arg(QString::fromStdString(model_name(m_noted.path)), taskName(m_notedTask)),
               QString::fromStdString(baseline_command(m_noted, m_document.task())));
}

void ProjectController::addHistory(const QString &sentence, const QString &command, int run)
{
    HistoryEntry entry{0, time_text(), sentence.toStdString(), command.toStdString(), idOf(run)};
    m_contents.history.push_back(entry);
    put([entry](Project &project) { project.add(entry); });
    Q_EMIT historyChanged();
}

void ProjectController::putThumbnail(int run, const QByteArray &png)
{
    put([id = idOf(run), bytes = png.toStdString()](Project &project) { project.put_thumbnail(id, bytes); },
        "thumbnail-" + std::to_string(run));
}

void ProjectController::putCircuit(const ProjectCircuit &circuit)
{
    auto &all = m_contents.circuits;
    std::erase_if(all, [&](const ProjectCircuit &other) {
        return other.name == circuit.name && other.kind == circuit.kind && other.model == circuit.model;
    });
    all.push_back(circuit);
    put([circuit](Project &project) { project.put(circuit); });
    Q_EMIT circuitsChanged();
}

void ProjectController::removeCircuit(const ProjectCircuit &circuit)
{
    std::erase_if(m_contents.circuits, [&](const ProjectCircuit &other) {
        return other.name == circuit.name && other.kind == circuit.kind && other.model == circuit.model;
    });
    put([circuit](Project &project) { project.remove(circuit); });
    Q_EMIT circuitsChanged();
}

} // namespace patchbay
