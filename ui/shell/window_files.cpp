#include "shell/window_files.h"

#include "base/error.h"
#include "task/task_list.h"

#include <QFile>
#include <QFileInfo>

namespace patchbay {

namespace {

/// A JSON list is one of prompt pairs, and an object that says so has one; a task file is another object.
bool holdsList(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return false;
    const QByteArray begin = file.read(256).trimmed();
    return begin.startsWith('[') || begin.contains("\"patchbay-pairs\"");
}

/// What a task file asks for; where it is none, setting it up says why.
TaskRef taskOf(const std::string &file)
{
    try {
        return task_named(file);
    } catch (const Error &) {
        TaskRef task;
        task.file = file;
        return task;
    }
}

} // namespace

bool isEdgesFile(const QString &path)
{
    if (!path.endsWith(QStringLiteral(".json"), Qt::CaseInsensitive))
        return false;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return false;
    const QByteArray begin = file.read(4096).simplified().replace(' ', "");
    return begin.startsWith("{\"cfg\":{") || (begin.contains("\"cfg\":{") && begin.contains("\"n_layers\""));
}

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
    } else {
        task = taskOf(task.file);
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
