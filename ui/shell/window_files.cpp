#include "shell/window_files.h"

#include <QFileInfo>

namespace patchbay {

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
    if (suffix == QStringLiteral("jsonl") || suffix == QStringLiteral("csv")) {
        task.kind = "pairs";
    } else if (suffix == QStringLiteral("safetensors")) {
        task.kind = "batch";
    } else if (suffix != QStringLiteral("json")) {
        Q_EMIT document.failed({info.fileName(), Document::tr("this kind of file is not known here"),
                                Document::tr("Open a model folder, prompt pairs (.jsonl, .csv), token ids (.safetensors) or a task file (.json).")});
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
