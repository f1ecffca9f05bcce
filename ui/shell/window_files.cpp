#include "shell/window_files.h"

#include <QFile>
#include <QFileInfo>

namespace patchbay {

namespace {

/// A JSON list is one of prompt pairs; a task file is an object.
bool holdsList(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) && file.read(256).trimmed().startsWith('[');
}

} // namespace

void openDropped(Document &document, const QString &path)
{
    const QFileInfo info(path);
    if (info.isDir()) {
        document.openModel(info.absoluteFilePath());
        return;
    }
    TaskRef task;
    task.file = info.absoluteFilePath().toStdString();
    const QString suffix = info.suffix().toLower();
    const QStringList pairs{QStringLiteral("jsonl"), QStringLiteral("ndjson"), QStringLiteral("csv"),
                            QStringLiteral("tsv")};
    if (pairs.contains(suffix) || (suffix == QStringLiteral("json") && holdsList(path))) {
        task.kind = "pairs";
    } else if (suffix == QStringLiteral("safetensors")) {
        task.kind = "batch";
    } else if (suffix != QStringLiteral("json")) {
        Q_EMIT document.failed({info.fileName(), Document::tr("this kind of file is not known here"),
                                Document::tr("Open a model folder, prompt pairs (.jsonl, .csv), token ids "
                                             "(.safetensors) or a task file (.json).")});
        return;
    }
    document.openTask(task);
}

std::optional<Failure> saveResultTo(const QString &file, const RunResult &result)
{
    try {
        save_result(file.toStdString(), result);
        return std::nullopt;
    } catch (...) {
        Failure failure = failureOf(std::current_exception());
        failure.nextStep = Document::tr("Choose another folder or file name.");
        return failure;
    }
}

} // namespace patchbay
