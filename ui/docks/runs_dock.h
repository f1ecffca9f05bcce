// Runs: every result with a thumbnail, its time and state; select to view, compare, continue, rename, delete.
#pragma once

#include "controllers/navigation.h"
#include "controllers/run_controller.h"
#include "controllers/runs_store.h"

#include <QWidget>

class QListView;
class QLabel;

namespace patchbay {

class RunsDock : public QWidget {
    Q_OBJECT
public:
    RunsDock(RunsStore &store, Navigation &navigation, RunController &runs, QWidget *parent = nullptr);
    /// Opens the editor of a run's name.
    void rename(int id);

Q_SIGNALS:
    /// The controls shall show this run's settings, to be changed and run again.
    void editRequested(const patchbay::RunSpec &spec);
    void scriptRequested(int run);
    void saveRequested(int id);

private:
    void showMenu(const QPoint &at);
    int currentRun() const;
    QVector<int> selectedRuns() const;
    void compareSelected();
    void removeSelected();
    void follow();

    RunsStore &m_store;
    Navigation &m_navigation;
    RunController &m_runs;
    QListView *m_list;
    QLabel *m_empty;
};

} // namespace patchbay
