// History: what was done, in order, each with the command that does it again; a click goes back to a step.
#pragma once

#include "controllers/navigation.h"
#include "controllers/project_controller.h"

#include <QWidget>

class QLabel;
class QListWidget;
class QListWidgetItem;
class QToolButton;

namespace patchbay {

class HistoryDock : public QWidget {
    Q_OBJECT
public:
    HistoryDock(ProjectController &project, Navigation &navigation, QWidget *parent = nullptr);
    QListWidget *list() const { return m_list; }
    /// Shows only what the run on view came from: its model and task, the run, and the run it is compared with.
    QToolButton *ledHere() const { return m_ledHere; }

private:
    void append();
    void rebuild();
    void markUndone();
    void filter();
    void goTo(const QListWidgetItem *item);
    QStringList commands() const;

    ProjectController &m_project;
    Navigation &m_navigation;
    QListWidget *m_list;
    QToolButton *m_ledHere, *m_copy;
    QLabel *m_empty;
    int m_firstStep = 0; ///< row of the first entry of this start
};

} // namespace patchbay
