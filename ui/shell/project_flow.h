// The project as the window has it: its menu and dialogs, what the views keep in it, and how all of that comes back.
#pragma once

#include "controllers/project_controller.h"

#include <QMenu>
#include <QObject>
#include <QTimer>

namespace patchbay {

class MainWindow;

class ProjectFlow : public QObject {
    Q_OBJECT
public:
    explicit ProjectFlow(MainWindow &window);

    /// Recent projects.
    QMenu *menu() { return m_menu; }
    /// What the window had when it was closed last; where there is nothing, a new one with the demo model.
    void continueLast();
    /// A new one in the program's own folder, with this model.
    void startNew(const QString &model);
    void open(const QString &file);
    /// What is on screen, for the next start. Asks where something cannot be written; false: stay open.
    bool mayClose();

private:
    void connectActions();
    void connectState();
    void beginAnyway();
    void chooseNew();
    void chooseFile(const QString &title, const std::function<void(const QString &)> &take);
    void chooseFolder();
    void chooseReaderFile();
    void askForNewer(const QString &file, const Failure &failure);
    void askForDamaged(const QString &file, const Failure &failure);
    void begin();
    void restore();
    void saveState();
    void keepCircuits();
    void adoptCircuits();
    void keepThumbnail();
    void saveLater();
    void showTitle();
    void fillRecent();
    void remember(const QString &file);
    bool startsDocument(const QByteArray &state);

    MainWindow &m_window;
    ProjectController &m_project;
    QMenu *m_menu;
    QTimer m_later, m_picture;
    bool m_pending = false;    ///< the model is being opened; what was on view comes back with it
    QString m_model;           ///< what a new project begins with
    bool m_continuing = false; ///< the last project is being opened, and nothing is on screen yet
};

} // namespace patchbay
