// The project that is open: what happens in the window is written into it as it happens, and what it holds comes back.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "controllers/run_controller.h"
#include "controllers/runs_store.h"
#include "project/contents.h"
#include "project/recorder.h"

#include <QHash>
#include <QObject>
#include <QThread>

#include <memory>

namespace patchbay {

class ProjectController : public QObject {
    Q_OBJECT
public:
    ProjectController(Document &document, RunsStore &runs, Navigation &navigation, RunController &runner,
                      QObject *parent = nullptr);
    /// Writes what waits.
    ~ProjectController() override;

    enum class Access {
        Write,     ///< read-only where another window writes to it, which is said
        Read,      ///< as it is
        ReadNewer, ///< whatever of a later program's file can be read
    };
    bool isOpen() const { return !m_file.isEmpty(); }
    const QString &file() const { return m_file; }
    /// What is done from now on is kept nowhere.
    bool readOnly() const { return isOpen() && !m_recorder; }
    /// Being read or copied.
    bool busy() const { return m_thread != nullptr; }

    /// A new file, which must not be there, with nothing in it but the open model and task.
    void create(const QString &file);
    /// In the place of what is on screen; opened() follows, or failed().
    void open(const QString &file, Access access = Access::Write);
    /// Goes on in a copy. The file from before stays as it is.
    void saveAs(const QString &file);
    void duplicate(const QString &file);
    /// A folder with a result file a run and project.json.
    void exportTo(const QString &folder);
    /// The file as it is now, written out, goes to work on a thread of its own; it says which files it wrote.
    void withContents(const std::function<QStringList(const ProjectContents &)> &work);
    /// What can be read of a damaged one, in a new file beside it, which is opened.
    void recover(const QString &file);
    /// Waits until everything is written; false where it cannot be.
    bool flush();

    /// The name of the state that says which model and task are open; written here.
    static constexpr const char *documentState = "document";
    // What views keep under a name.
    void putState(const QString &name, const QByteArray &value);
    /// As it was put last, before the project was opened or since; empty where there is none.
    QByteArray state(const QString &name) const;

    const std::vector<ProjectNote> &notes() const { return m_contents.notes; }
    QString note(const QString &kind, const QString &subject) const;
    /// An empty text takes it away.
    void setNote(const QString &kind, const QString &subject, const QString &text);
    /// Oldest first.
    const std::vector<HistoryEntry> &history() const { return m_contents.history; }
    /// Where the undo stack stood after the entry; -1 for what is no step of this start.
    int stepOf(size_t entry) const;
    /// run: in the list, -1 for none.
    void addHistory(const QString &sentence, const QString &command, int run = -1);
    const std::vector<ProjectCircuit> &circuits() const { return m_contents.circuits; }
    void putCircuit(const ProjectCircuit &circuit);
    void removeCircuit(const ProjectCircuit &circuit);
    /// PNG.
    void putThumbnail(int run, const QByteArray &png);
    const std::vector<ModelRef> &models() const { return m_contents.models; }

    /// A run's id in the file, and the other way round; -1: none.
    qint64 idOf(int run) const;
    int runOf(qint64 id) const;

Q_SIGNALS:
    /// What is put now is the last that this file gets of what is on screen.
    void aboutToClose();
    /// Another file's contents are on screen: runs, notes and history. Not before the model is open: states.
    void opened();
    void fileChanged();
    void busyChanged();
    void notesChanged();
    void historyChanged();
    void circuitsChanged();
    void told(const QString &note);
    void written(const QStringList &files);
    void failed(const patchbay::Failure &failure);
    /// It can be opened read-only.
    void newerFound(const QString &file, const patchbay::Failure &failure);
    /// What can be read of it can be saved into a new file.
    void damageFound(const QString &file, const patchbay::Failure &failure);

private:
    struct Read;
    struct Mailbox;
    void inBackground(const std::function<std::function<void()>()> &work);
    void withProject(const std::function<std::function<void()>(const Project &)> &work);
    void take(Read read);
    void closeFile();
    void startRecording(Project project);
    void hear(Recorder::News news, const QString &reason);
    void put(Recorder::Action action, const std::string &key = {});
    void noteStep(const QString &what, bool forgotten);
    void noteSetup();
    void added(const RunEntry &entry);
    void changed(const RunEntry &entry);
    void putSetup();
    void followMovedModel();
    ProjectRun rowOf(const RunEntry &entry) const;
    RunEntry entryOf(const ProjectRun &row) const;

    Document &m_document;
    RunsStore &m_runs;
    Navigation &m_navigation;
    RunController &m_runner;
    QString m_file;
    std::shared_ptr<Mailbox> m_mailbox;           ///< of the recorder, which may outlive this
    std::shared_ptr<Recorder> m_recorder;         ///< also held by what computes a run
    ProjectContents m_contents;                   ///< without runs and results, which are in the list
    std::map<std::string, std::string> m_written; ///< states, as they were last put into this file
    int m_base = 0;                               ///< ids of the list are those of the file and this
    QHash<int, ProjectRun> m_rows;                ///< as they were written last
    QHash<int, bool> m_intervals;                 ///< runs whose intervals are written
    QHash<qint64, int> m_steps;                   ///< by place in the history
    ModelRef m_noted;                             ///< the model and the task that the history says are open
    TaskRef m_notedTask;
    std::unique_ptr<QThread> m_thread;
    bool m_taking = false; ///< the list changes because another file is opened
};

} // namespace patchbay
