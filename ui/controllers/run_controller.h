// Starts, stops and continues runs, and keeps what they bring in the runs store.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "controllers/runs_store.h"

#include <QObject>

#include <optional>

namespace patchbay {

class RunController : public QObject {
    Q_OBJECT
public:
    RunController(Backend &backend, Document &document, RunsStore &store, Navigation &navigation,
                  QObject *parent = nullptr);

    /// Shows the run at once when it is there already; continues it when it was stopped. live: a newer live run
    /// supersedes this one. Returns the run's id in the store, or -1 when there is no model yet.
    int run(RunSpec spec, bool live = false, bool show = true);
    /// Another metric of a finished run, at once where what was kept of its patched runs says it; otherwise nothing
    /// happens until it is asked for as a run.
    void showMetric(int id, const std::string &metric);
    void stop(int id);
    void stopAll();
    /// Stops and forgets it; pinned runs stay.
    void remove(int id);
    void continueRun(int id);
    /// The run that is computing or waiting, -1: none.
    int activeRun() const;
    /// The head under the mouse is computed next.
    void want(widgets::HeadId head);
    /// Who is told of every run's events, on the thread where they happen: a project.
    void setRecorder(std::function<Tell(int run)> listener) { m_listener = std::move(listener); }
    /// Model and task of the open document, in a spec.
    RunSpec withDocument(RunSpec spec) const;

Q_SIGNALS:
    void activeChanged();
    void failed(const patchbay::Failure &failure);

private:
    void findIntervals();
    JobId findIntervalsOf(int id);
    JobId findStabilityOf(int id);
    void start(int id, const RunResultPtr &resume);
    void finish(int id, const RunResultPtr &result);
    void makeWayFor(int live);
    void resumePreempted();

    struct Waiting {
        RunSpec spec;
        bool live, show;
    };

    Backend &m_backend;
    Document &m_document;
    RunsStore &m_store;
    Navigation &m_navigation;
    QVector<JobId> m_intervals;           ///< jobs that find them, as long as nothing else is to do
    std::optional<Waiting> m_afterReload; ///< started when the prompts were read anew
    std::function<Tell(int run)> m_listener;
    QVector<int> m_preempted; ///< stopped for a live run; they go on after it
};

} // namespace patchbay
