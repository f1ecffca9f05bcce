// Recipe: the steps of an analysis as a checklist, to be run, skipped, edited and looked at.
#pragma once

#include "controllers/recipe_report.h"

#include <QWidget>

class QLabel;
class QListView;
class QProgressBar;
class QPushButton;
class QTextBrowser;
class QToolButton;

namespace patchbay {

class RecipeDock : public QWidget {
    Q_OBJECT
public:
    RecipeDock(RecipeController &recipe, RecipeReport &report, QWidget *parent = nullptr);
    QListView *list() const { return m_list; }
    QPushButton *runAllButton() const { return m_runAll; }
    QToolButton *runStepButton() const { return m_runStep; }
    QToolButton *runFromButton() const { return m_runFrom; }
    QToolButton *skipButton() const { return m_skip; }
    QToolButton *editButton() const { return m_edit; }
    QToolButton *reportButton() const { return m_reportButton; }

Q_SIGNALS:
    void reportRequested();

private:
    void build();
    void refresh();
    void showDetails();
    void edit();
    void chooseFile();
    int current() const;

    RecipeController &m_recipe;
    RecipeReport &m_report;
    QLabel *m_title, *m_state;
    QListView *m_list;
    QTextBrowser *m_details;
    QProgressBar *m_progress;
    QPushButton *m_runAll;
    QToolButton *m_runStep, *m_skip, *m_runFrom, *m_edit, *m_reportButton, *m_open;
    QString m_shownDetails;
};

} // namespace patchbay
