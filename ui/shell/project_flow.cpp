#include "shell/project_flow.h"

#include "main_window.h"
#include "report/project_report.h"
#include "shell/actions.h"
#include "shell/message_bar.h"
#include "shell/project_files.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>

namespace patchbay {

namespace {
const QString kRecent = QStringLiteral("project/recent"), kLast = QStringLiteral("project/last");
constexpr int kKept = 10;
constexpr int kSoon = 300; // ms after a change: a slider makes many

QString filterText()
{
    return ProjectFlow::tr("Patchbay projects (*%1)").arg(QLatin1String(project_suffix));
}
} // namespace

ProjectFlow::ProjectFlow(MainWindow &window)
    : QObject(&window), m_window(window), m_project(window.explorer().project),
      m_menu(new QMenu(tr("&Recent projects"), &window))
{
    m_later.setSingleShot(true);
    m_later.setInterval(kSoon);
    connect(&m_later, &QTimer::timeout, this, &ProjectFlow::saveState);
    connect(m_menu, &QMenu::aboutToShow, this, &ProjectFlow::fillRecent);
    fillRecent();
    connectActions();
    connectState();
    connect(&m_project, &ProjectController::aboutToClose, this, &ProjectFlow::saveState);
    connect(&m_project, &ProjectController::opened, this, &ProjectFlow::begin);
    connect(&m_project, &ProjectController::fileChanged, this, [this] {
        remember(m_project.file());
        showTitle();
    });
    MessageBar &messages = m_window.messages();
    connect(&m_project, &ProjectController::told, &messages, &MessageBar::showNote);
    connect(&m_project, &ProjectController::written, &messages, &MessageBar::showWritten);
    connect(&m_project, &ProjectController::failed, this, [this, &messages](const Failure &failure) {
        messages.showFailure(tr("The project"), failure);
        beginAnyway();
    });
    connect(&m_project, &ProjectController::newerFound, this, &ProjectFlow::askForNewer);
    connect(&m_project, &ProjectController::damageFound, this, &ProjectFlow::askForDamaged);
}

void ProjectFlow::continueLast()
{
    const QString last = QSettings().value(kLast).toString();
    m_continuing = true;
    if (last.isEmpty() || !QFileInfo::exists(last))
        return beginAnyway();
    m_project.open(last);
}

// Where the last project cannot be gone on with, something has to be on screen.
void ProjectFlow::beginAnyway()
{
    if (std::exchange(m_continuing, false))
        startNew(QStringLiteral("demo"));
}

void ProjectFlow::startNew(const QString &model)
{
    m_model = model;
    m_project.create(untitledProject());
    if (!m_project.isOpen() && !m_window.explorer().document.loading()) // it said why: the rest goes on without one
        m_window.start(model);
}

void ProjectFlow::open(const QString &file)
{
    m_project.open(file);
}

void ProjectFlow::connectActions()
{
    Actions &actions = m_window.actions();
    connect(actions.newProject, &QAction::triggered, this, &ProjectFlow::chooseNew);
    connect(actions.saveProjectAs, &QAction::triggered, this,
            [this] { chooseFile(tr("Save the project as"), [this](const QString &file) { m_project.saveAs(file); }); });
    connect(actions.duplicateProject, &QAction::triggered, this, [this] {
        chooseFile(tr("A copy of the project"), [this](const QString &file) { m_project.duplicate(file); });
    });
    connect(actions.exportProject, &QAction::triggered, this, &ProjectFlow::chooseFolder);
    connect(actions.exportReader, &QAction::triggered, this, &ProjectFlow::chooseReaderFile);
    const auto enable = [this, &actions] {
        const bool open = m_project.isOpen() && !m_project.busy();
        for (QAction *action :
             {actions.saveProjectAs, actions.duplicateProject, actions.exportProject, actions.exportReader})
            action->setEnabled(open);
        actions.newProject->setEnabled(!m_project.busy());
    };
    connect(&m_project, &ProjectController::busyChanged, this, enable);
    connect(&m_project, &ProjectController::fileChanged, this, enable);
    enable();
}

void ProjectFlow::chooseNew()
{
    chooseFile(tr("A new project"), [this](const QString &file) { m_project.create(file); });
}

// A name that is there already is asked about by the dialog, and then free.
void ProjectFlow::chooseFile(const QString &title, const std::function<void(const QString &)> &take)
{
    auto *dialog = new QFileDialog(&m_window, title, projectFolder(m_project.file()), filterText());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QLatin1String(project_suffix).mid(1));
    connect(dialog, &QFileDialog::fileSelected, this, [this, take](const QString &file) {
        if (m_project.isOpen() && QFileInfo(file) == QFileInfo(m_project.file()))
            return m_window.messages().showNote(tr("%1 is open already").arg(QFileInfo(file).fileName()));
        if (const QString reason = removeProject(file); !reason.isEmpty())
            return m_window.messages().showFailure(
                tr("The project"), {QFileInfo(file).fileName(), reason, tr("Choose another name or folder.")});
        take(file);
    });
    dialog->open();
}

void ProjectFlow::chooseFolder()
{
    auto *dialog = new QFileDialog(&m_window, tr("A new or empty folder for the project's results"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, &m_project, &ProjectController::exportTo);
    dialog->open();
}

void ProjectFlow::chooseReaderFile()
{
    const QString title = projectTitle(m_project.file());
    auto *dialog = new QFileDialog(&m_window, tr("A page for a reader"), projectFolder(m_project.file()),
                                   tr("Web pages (*.html)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("html"));
    dialog->selectFile(title + QStringLiteral(".html"));
    connect(dialog, &QFileDialog::fileSelected, this, [this, title](const QString &file) {
        m_project.withContents([file, title, attention = m_window.explorer().attention.views()](
                                   const ProjectContents &contents) -> QStringList {
            writeForReader(file, contents, title, attention);
            return {file};
        });
    });
    dialog->open();
}

void ProjectFlow::askForNewer(const QString &file, const Failure &failure)
{
    auto *ask = new QMessageBox(QMessageBox::Question, tr("A project of a later Patchbay"), failure.text(),
                                QMessageBox::Cancel, &m_window);
    ask->setAttribute(Qt::WA_DeleteOnClose);
    auto *look = ask->addButton(tr("Open read-only"), QMessageBox::AcceptRole);
    connect(look, &QPushButton::clicked, this,
            [this, file] { m_project.open(file, ProjectController::Access::ReadNewer); });
    connect(ask, &QMessageBox::rejected, this, &ProjectFlow::beginAnyway);
    ask->open();
}

void ProjectFlow::askForDamaged(const QString &file, const Failure &failure)
{
    auto *ask = new QMessageBox(
        QMessageBox::Warning, tr("The project cannot be read"),
        tr("%1.\nWhat can be read can go into a new file beside it; this one stays as it is.").arg(failure.text()),
        QMessageBox::Cancel, &m_window);
    ask->setAttribute(Qt::WA_DeleteOnClose);
    auto *rescue = ask->addButton(tr("Recover"), QMessageBox::AcceptRole);
    connect(rescue, &QPushButton::clicked, this, [this, file] { m_project.recover(file); });
    connect(ask, &QMessageBox::rejected, this, &ProjectFlow::beginAnyway);
    ask->open();
}

bool ProjectFlow::mayClose()
{
    saveState();
    const QString file = m_project.file();
    if (!m_project.flush()) {
        QMessageBox ask(QMessageBox::Warning, tr("The project cannot be written"),
                        tr("%1 lacks what happened last: its disk is full or out of reach. Nothing is lost as long as "
                           "the window is open.")
                            .arg(QFileInfo(file).fileName()),
                        QMessageBox::Cancel, &m_window);
        ask.addButton(tr("Close all the same"), QMessageBox::DestructiveRole);
        if (ask.exec() == QMessageBox::Cancel)
            return false;
    }
    return true;
}

void ProjectFlow::fillRecent()
{
    m_menu->clear();
    for (const QString &file : QSettings().value(kRecent).toStringList()) {
        const QFileInfo info(file);
        QAction *action =
            m_menu->addAction(projectTitle(file) + QStringLiteral("    ") + QDir::toNativeSeparators(info.path()));
        action->setEnabled(info.exists());
        connect(action, &QAction::triggered, this, [this, file] { m_project.open(file); });
    }
    m_menu->setEnabled(!m_menu->isEmpty());
}

void ProjectFlow::remember(const QString &file)
{
    if (file.isEmpty())
        return;
    m_continuing = false;
    QSettings settings;
    QStringList recent = settings.value(kRecent).toStringList();
    recent.removeAll(file);
    recent.prepend(file);
    settings.setValue(kRecent, recent.mid(0, kKept));
    settings.setValue(kLast, file);
    m_menu->setEnabled(true);
}

void ProjectFlow::showTitle()
{
    const QString name = projectTitle(m_project.file());
    m_window.setWindowTitle((m_project.readOnly() ? tr("%1 (read-only)").arg(name) : name)
                            + QStringLiteral(" — Patchbay"));
    m_window.setWindowFilePath(m_project.file());
}

} // namespace patchbay
