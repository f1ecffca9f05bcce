// Figures to files, whole or not at all, and the RunSpec back out of them.
#include "figure.h"
#include "metadata.h"

#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

namespace patchbay::widgets {

namespace {

/// In the user's words: the system's message alone often does not say what to do.
QString cause(const QFileInfo &file, const QString &system)
{
    const QFileInfo folder(file.absolutePath());
    if (!folder.exists())
        return QStringLiteral("the folder %1 does not exist").arg(folder.filePath());
    if (!folder.isDir())
        return QStringLiteral("%1 is a file, not a folder").arg(folder.filePath());
    if (file.isDir())
        return QStringLiteral("is a folder: give a file name");
    if (!folder.isWritable() || (file.exists() && !file.isWritable()))
        return QStringLiteral("no permission to write there");
    return system;
}

} // namespace

void writeFigure(const QString &path, const FigureSheet &sheet, const FigureMetadata &metadata)
{
    const QFileInfo info(path);
    const QString type = info.suffix().toLower();
    QByteArray bytes;
    if (type == QLatin1String("pdf"))
        bytes = figurePdf(sheet, metadata);
    else if (type == QLatin1String("svg"))
        bytes = figureSvg(sheet, metadata);
    else if (type == QLatin1String("png"))
        bytes = figurePng(sheet, metadata);
    else
        throw FigureError(path, QStringLiteral("figures are written as .pdf, .svg or .png"));
    // Replacing is for files: a device or pipe, or a link to one, would be gone.
    if (info.exists() && !info.isFile())
        throw FigureError(path,
                          info.isDir() ? cause(info, {})
                                       : QStringLiteral("is a device or pipe, not a file that can be replaced"));
    // A temporary file beside it takes its place only when everything is on the disk.
    QSaveFile file(path);
    file.setDirectWriteFallback(false);
    if (!file.open(QIODevice::WriteOnly))
        throw FigureError(path, cause(info, file.errorString()));
    if (file.write(bytes) != bytes.size() || !file.flush() || !file.commit()) {
        const QString reason = file.errorString();
        file.cancelWriting();
        throw FigureError(path, cause(info, reason));
    }
}

QByteArray readEmbeddedSpec(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        throw FigureError(path, file.errorString());
    const std::optional<QByteArray> spec = figure::runSpecIn(file.readAll());
    if (!spec)
        throw FigureError(
            path, QStringLiteral("holds no RunSpec: it is not a figure of this program, or its metadata was removed"));
    return *spec;
}

} // namespace patchbay::widgets
