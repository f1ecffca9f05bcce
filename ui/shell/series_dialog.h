// What to compute at which checkpoints, of which tasks, and where the results go: the way to a series from the window.
#pragma once

#include "controllers/explorer.h"
#include "shell/series_lookup.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QToolButton;

namespace patchbay {

class SeriesDialog : public QDialog {
    Q_OBJECT
public:
    /// fromToolbar: what the toolbar would run.
    SeriesDialog(Explorer &explorer, const RunSpec &fromToolbar, QWidget *parent = nullptr);

    QPlainTextEdit *steps() const { return m_steps; }
    QLineEdit *tasks() const { return m_tasks; }
    QLineEdit *folder() const { return m_folder; }
    QComboBox *what() const { return m_what; }
    QPushButton *go() const { return m_go; }
    QCheckBox *download() const { return m_download; }
    QString text() const;
    /// What it says now.
    SeriesPlan plan() const;

private:
    void addFolder();
    QToolButton *taskMenu();
    std::vector<SeriesStep> stepsNow() const;
    void chooseOut();
    void look();
    void suggestFolder();
    void press();
    bool sizesAreAsked() const; ///< what the button does next
    QString suggestion() const;

    Explorer &m_explorer;
    std::vector<std::pair<QString, std::optional<RunSpec>>> m_choices; ///< none: the recipe
    QComboBox *m_what;
    QPlainTextEdit *m_steps;
    QLineEdit *m_tasks, *m_folder;
    QCheckBox *m_download;
    SeriesLookup *m_lookup;
    QLabel *m_text;
    QPushButton *m_go;
};

} // namespace patchbay
