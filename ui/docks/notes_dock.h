// Notes on what is on view: the project, a run, a head, an edge, a circuit or a prompt; heads and runs that a note
// names are links.
#pragma once

#include "controllers/edges_controller.h"
#include "controllers/project_controller.h"

#include <QTimer>
#include <QWidget>

class QComboBox;
class QListWidget;

namespace patchbay {

class NoteEdit;

class NotesDock : public QWidget {
    Q_OBJECT
public:
    NotesDock(ProjectController &project, RunsStore &runs, Navigation &navigation, EdgesController &edges,
              QWidget *parent = nullptr);
    ~NotesDock() override;
    NoteEdit *edit() const { return m_edit; }
    QComboBox *about() const { return m_about; }
    QListWidget *list() const { return m_list; }
    /// Writes about this, if it can be: kind and subject of a ProjectNote.
    void showNote(const QString &kind, const QString &subject);

private:
    struct Subject {
        QString kind, subject, title;
        bool operator==(const Subject &other) const { return kind == other.kind && subject == other.subject; }
    };
    QVector<Subject> subjects() const;
    void follow();
    void listSubjects(const Subject &current);
    void chosen(int index);
    void showText();
    void keep();
    void refreshNames();
    void refreshList();

    ProjectController &m_project;
    RunsStore &m_runs;
    Navigation &m_navigation;
    EdgesController &m_edges;
    QComboBox *m_about;
    NoteEdit *m_edit;
    QListWidget *m_list;
    QTimer m_soon;
    QStringList m_names; ///< of the runs
    QVector<Subject> m_subjects;
    Subject m_shown{QStringLiteral("project"), {}, {}};
};

/// Goes to what a note is about or names: a run by its id in the project, a head, a prompt.
bool goToSubject(const QString &kind, const QString &subject, ProjectController &project, Navigation &navigation);
/// "Run: …", "L9H6", "Prompt 4", "Circuit mine", "The project".
QString subjectTitle(const QString &kind, const QString &subject, const ProjectController &project,
                     const RunsStore &runs);

} // namespace patchbay
