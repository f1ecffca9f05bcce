// Opening, copying and closing of the file; what is written into it is in project_record.cpp.
#include "controllers/project_controller.h"

#include "base/signals.h"

#include <QFileInfo>

#include <mutex>
#include <utility>

namespace patchbay {

struct ProjectController::Read {
    QString file;
    std::shared_ptr<Project> project;
    ProjectContents contents;
    QString note; ///< why it is read-only
};

struct ProjectController::Mailbox {
    std::mutex mutex;
    ProjectController *owner = nullptr;
};

namespace {

std::shared_ptr<Project> projectAt(const std::string &file, ProjectController::Access access, QString &note)
{
    if (access == ProjectController::Access::Write) {
        try {
            return std::make_shared<Project>(file, Project::Open::Write);
        } catch (const NewerProject &) {
            throw;
        } catch (const Error &error) { // another window has it, or its folder cannot be written: it can be looked at
            auto project = std::make_shared<Project>(file, Project::Open::Read);
            note = QString::fromStdString(error.cause());
            return project;
        }
    }
    return std::make_shared<Project>(
        file, access == ProjectController::Access::Read ? Project::Open::Read : Project::Open::ReadNewer);
}

} // namespace

ProjectController::ProjectController(Document &document, RunsStore &runs, Navigation &navigation, RunController &runner,
                                     QObject *parent)
    : QObject(parent), m_document(document), m_runs(runs), m_navigation(navigation), m_runner(runner),
      m_mailbox(std::make_shared<Mailbox>())
{
    m_mailbox->owner = this;
    connect(&m_runs, &RunsStore::rowsInserted, this, [this](const QModelIndex &, int first, int last) {
        for (int row = first; row <= last; ++row)
            added(m_runs.entries()[size_t(row)]);
    });
    connect(&m_runs, &RunsStore::runChanged, this, [this](int id) {
        if (const RunEntry *entry = m_runs.find(id))
            changed(*entry);
    });
    connect(&m_runs, &RunsStore::runRemoved, this, [this](int id) {
        const bool known = m_rows.remove(id) > 0;
        m_intervals.remove(id);
        if (known && !m_taking)
            put([run = idOf(id)](Project &project) { project.remove_run(run); });
    });
    connect(&m_document, &Document::setupChanged, this, [this] {
        followMovedModel();
        putSetup();
        noteSetup();
    });
    connect(&m_navigation, &Navigation::stepped, this, &ProjectController::noteStep);
    m_runner.setRecorder([this](int run) -> Tell {
        if (!m_recorder)
            return {};
        return [recorder = m_recorder, tell = m_recorder->listener(idOf(run))](const Event &event) { tell(event); };
    });
}

ProjectController::~ProjectController()
{
    if (m_thread)
        m_thread->wait();
    m_runner.setRecorder({});
    const std::lock_guard hold(m_mailbox->mutex);
    m_mailbox->owner = nullptr;
}

// work is done on a thread of its own; what it gives back, on the GUI thread. What it throws is told.
void ProjectController::inBackground(const std::function<std::function<void()>()> &work)
{
    if (busy())
        return;
    m_thread.reset(QThread::create([this, work] {
        hold_off_signals();
        std::function<void()> end;
        try {
            end = work();
        } catch (...) {
            end = [this, failure = failureOf(std::current_exception())] { Q_EMIT failed(failure); };
        }
        QMetaObject::invokeMethod(
            this,
            [this, end = std::move(end)] {
                m_thread->wait();
                m_thread.reset();
                Q_EMIT busyChanged();
                end();
            },
            Qt::QueuedConnection);
    }));
    m_thread->setObjectName(QStringLiteral("project"));
    m_thread->start();
    Q_EMIT busyChanged();
}

void ProjectController::create(const QString &file)
{
    if (busy())
        return;
    try {
        Project project(file.toStdString(), Project::Open::Create);
        closeFile();
        m_file = file;
        m_base = m_runs.nextId() - 1;
        m_contents = {};
        startRecording(std::move(project));
        putSetup();
        Q_EMIT fileChanged();
        Q_EMIT opened();
    } catch (...) {
        Q_EMIT failed(failureOf(std::current_exception()));
    }
}

void ProjectController::open(const QString &file, Access access)
{
    const QString path = QFileInfo(file).absoluteFilePath();
    if (isOpen() && QFileInfo(m_file) == QFileInfo(path) && !readOnly()) {
        Q_EMIT told(tr("%1 is open already").arg(QFileInfo(path).fileName()));
        return;
    }
    inBackground([this, path, access]() -> std::function<void()> {
        try {
            Read read{path, nullptr, {}, {}};
            read.project = projectAt(path.toStdString(), access, read.note);
            read.contents = contents_of(*read.project);
            return [this, read = std::move(read)] { take(read); };
        } catch (const NewerProject &) {
            return [this, path, failure = failureOf(std::current_exception())] { Q_EMIT newerFound(path, failure); };
        } catch (...) {
            return [this, path, failure = failureOf(std::current_exception())] {
                if (QFileInfo(path).size() > 0)
                    Q_EMIT damageFound(path, failure);
                else
                    Q_EMIT failed(failure);
            };
        }
    });
}

void ProjectController::take(Read read)
{
    closeFile();
    m_file = read.file;
    m_base = m_runs.nextId() - 1;
    m_contents = std::move(read.contents);
    std::vector<RunEntry> entries;
    for (const ProjectRun &row : m_contents.runs) {
        entries.push_back(entryOf(row));
        m_rows[entries.back().id] = row;
        m_intervals[entries.back().id] = !entries.back().halfWidths.empty() && !entries.back().stabilities.empty();
    }
    m_taking = true;
    m_runs.takeOver(std::move(entries));
    m_taking = false;
    m_contents.runs.clear();
    m_contents.results.clear();
    m_contents.intervals.clear();
    if (!read.project->read_only())
        startRecording(std::move(*read.project));
    for (const RunEntry &entry : m_runs.entries()) // how a run stands that ended when nobody saw it
        changed(entry);
    Q_EMIT fileChanged();
    Q_EMIT opened();
    if (!read.note.isEmpty())
        Q_EMIT told(tr("%1 is open read-only: %2. What you do here is not kept; File › Save project as… goes on in a "
                       "file of your own.")
                        .arg(QFileInfo(m_file).fileName(), read.note));
    else if (!m_contents.problems.empty())
        Q_EMIT failed({QFileInfo(m_file).fileName(), QString::fromStdString(m_contents.problems.front()),
                       tr("All else is there. What could be read can be exported: File › Export project as folder…")});
}

// What still computes for it is stopped, and tells the file of its last cells by itself.
void ProjectController::closeFile()
{
    if (isOpen())
        Q_EMIT aboutToClose();
    m_runner.stopAll();
    for (const RunEntry &entry : m_runs.entries()) {
        if (entry.finished() || !m_rows.contains(entry.id))
            continue;
        ProjectRun row = rowOf(entry);
        row.state = "stopped";
        put([row](Project &project) { project.put(row); });
    }
    m_recorder.reset();
    m_rows.clear();
    m_intervals.clear();
    m_steps.clear();
    m_noted = {};
    m_notedTask = {};
    m_file.clear();
    m_taking = true;
    m_runs.takeOver({});
    m_taking = false;
}

void ProjectController::startRecording(Project project)
{
    m_written.clear();
    const auto hear = [mailbox = m_mailbox](Recorder::News news, const std::string &reason) {
        const std::lock_guard hold(mailbox->mutex);
        if (ProjectController *owner = mailbox->owner)
            QMetaObject::invokeMethod(
                owner, [owner, news, cause = QString::fromStdString(reason)] { owner->hear(news, cause); },
                Qt::QueuedConnection);
    };
    m_recorder = std::make_shared<Recorder>(std::move(project), hear);
}

void ProjectController::hear(Recorder::News news, const QString &reason)
{
    if (news == Recorder::News::Well)
        Q_EMIT told(tr("The project is written again; nothing was lost"));
    else
        Q_EMIT failed({{},
                       reason,
                       news == Recorder::News::Waits
                           ? tr("Nothing is lost as long as the window is open: it is tried again. Make room, or go on "
                                "elsewhere with File › Save project as….")
                           : tr("The rest of the project goes on.")});
}

void ProjectController::saveAs(const QString &file)
{
    if (!m_recorder) // of one that is only read, a copy that can be written
        return withProject([this, file](const Project &project) -> std::function<void()> {
            project.copy_to(file.toStdString());
            return [this, file] { open(file); };
        });
    if (!busy())
        Q_EMIT aboutToClose();
    inBackground([this, recorder = m_recorder, file]() -> std::function<void()> {
        recorder->move_to(file.toStdString());
        return [this, file] {
            m_file = file;
            Q_EMIT fileChanged();
            Q_EMIT written({file});
        };
    });
}

void ProjectController::duplicate(const QString &file)
{
    withProject([this, file](const Project &project) -> std::function<void()> {
        project.copy_to(file.toStdString());
        return [this, file] { Q_EMIT written({file}); };
    });
}

void ProjectController::exportTo(const QString &folder)
{
    withProject([this, folder](const Project &project) -> std::function<void()> {
        export_project(project, folder.toStdString());
        return [this, folder] { Q_EMIT written({folder}); };
    });
}

void ProjectController::withContents(const std::function<QStringList(const ProjectContents &)> &work)
{
    withProject([this, work](const Project &project) -> std::function<void()> {
        return [this, files = work(contents_of(project))] { Q_EMIT written(files); };
    });
}

// The file as it is now, with what waits to be written.
void ProjectController::withProject(const std::function<std::function<void()>(const Project &)> &work)
{
    if (busy() || !isOpen())
        return;
    Q_EMIT aboutToClose();
    inBackground([recorder = m_recorder, from = m_file, work] {
        if (recorder)
            recorder->flush();
        return work(Project(from.toStdString(), Project::Open::ReadNewer));
    });
}

void ProjectController::recover(const QString &file)
{
    const QFileInfo damaged(file);
    QString into;
    for (int n = 1; into.isEmpty() || QFileInfo::exists(into); ++n)
        into = damaged.path() + QLatin1Char('/') + damaged.completeBaseName() + QStringLiteral("-recovered")
            + (n > 1 ? QString::number(n) : QString()) + QLatin1String(project_suffix);
    inBackground([this, file, into]() -> std::function<void()> {
        const std::vector<std::string> lost = recover_project(file.toStdString(), into.toStdString());
        return [this, into, lost = lost.size()] {
            open(into);
            if (lost > 0)
                Q_EMIT told(tr("%1 holds what could be read; %n part(s) were lost", {}, int(lost))
                                .arg(QFileInfo(into).fileName()));
        };
    });
}

bool ProjectController::flush()
{
    return !m_recorder || m_recorder->flush();
}

} // namespace patchbay
