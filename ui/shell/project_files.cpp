#include "shell/project_files.h"

#include "base/error.h"
#include "hub/hub_name.h"
#include "model/model_folder.h"
#include "project/project.h"
#include "shell/recent_models.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace patchbay {

namespace {

const QString kUntitled = QStringLiteral("untitled-");

QString ownFolder()
{
    return QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + QStringLiteral("/projects");
}

/// Nothing was done in it, and nobody has it open.
bool unused(const QString &file)
{
    try {
        const Project project(file.toStdString(), Project::Open::Write);
        return project.runs().empty() && project.notes().empty() && project.circuits().empty();
    } catch (const Error &) {
        return false;
    }
}

} // namespace

QString untitledProject()
{
    const QDir folder(ownFolder());
    QDir().mkpath(folder.path());
    for (int n = 1;; ++n) {
        const QString file = folder.filePath(kUntitled + QString::number(n) + QLatin1String(project_suffix));
        if (!QFileInfo::exists(file) || (unused(file) && removeProject(file).isEmpty()))
            return file;
    }
}

bool isUntitled(const QString &file)
{
    return QFileInfo(file).absolutePath() == QFileInfo(ownFolder()).absoluteFilePath();
}

QString projectFolder(const QString &file)
{
    return file.isEmpty() || isUntitled(file) ? QDir::homePath() : QFileInfo(file).absolutePath();
}

QString projectTitle(const QString &file)
{
    const QString name = QFileInfo(file).completeBaseName();
    return isUntitled(file) && name.startsWith(kUntitled)
        ? QCoreApplication::translate("project", "Untitled %1").arg(name.mid(kUntitled.size()))
        : name;
}

QString foundModel(const ModelRef &model, const QString &project)
{
    const QString there = QString::fromStdString(model.path);
    if (is_demo(model.path) || is_cached_name(model.path) || QFileInfo::exists(there))
        return there;
    const QString name = QFileInfo(there).fileName();
    QStringList others{QFileInfo(project).absolutePath() + QLatin1Char('/') + name};
    for (const QString &recent : RecentModels::folders())
        if (QFileInfo(recent).fileName() == name)
            others << recent;
    for (const QString &other : others)
        if (QFileInfo(other).isDir())
            return other;
    return there;
}

QString removeProject(const QString &file)
{
    if (!QFileInfo::exists(file))
        return {};
    try {
        const Project alone(file.toStdString(), Project::Open::Write); // not one that another window writes to
    } catch (const ProjectInUse &error) {
        return QString::fromStdString(error.cause());
    } catch (const Error &) { // no project, or a damaged one: it was asked for
    }
    for (const char *beside : {"", "-wal", "-shm"})
        QFile::remove(file + QLatin1String(beside));
    return QFileInfo::exists(file) ? QCoreApplication::translate("project", "it cannot be replaced") : QString();
}

} // namespace patchbay
