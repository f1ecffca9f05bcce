#include "shell/window_files.h"

#include "analysis/series_results.h"
#include "base/error.h"
#include "base/json_field.h"
#include "figure/figure.h"
#include "io/safetensors.h"
#include "model/model_folder.h"
#include "model/pytorch_arrays.h"
#include "project/project.h"
#include "report/report_source.h"
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

bool isPytorch(const QString &path)
{
    return path.endsWith(QStringLiteral(".pt"), Qt::CaseInsensitive)
        || path.endsWith(QStringLiteral(".pth"), Qt::CaseInsensitive);
}

/// A graph as EAP-IG and MIB write it.
bool isEdgesFile(const QString &path)
{
    if (isPytorch(path)) {
        try {
            const PytorchArrays file = read_pytorch_arrays(path.toStdString());
            return file.rest.is_object() && file.rest.contains("cfg")
                && (file.arrays.contains("edges_scores") || file.arrays.contains("edges_in_graph"));
        } catch (const Error &) {
            return false; // opening it says what is wrong
        }
    }
    if (!path.endsWith(QStringLiteral(".json"), Qt::CaseInsensitive))
        return false;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return false;
    const QByteArray begin = file.read(4096).simplified().replace(' ', "");
    return begin.startsWith("{\"cfg\":{") || (begin.contains("\"cfg\":{") && begin.contains("\"n_layers\""));
}

/// Token ids of prompts; what cannot be read is taken for them, and says why.
bool isBatch(const std::string &file)
{
    try {
        return read_safetensors(file).arrays.contains("clean");
    } catch (const Error &) {
        return true;
    }
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

FileKind kindOf(const QString &path)
{
    const std::string file = path.toStdString();
    const QFileInfo info(path);
    if (info.isDir())
        return is_series(file)                                         ? FileKind::Series
            : QFileInfo::exists(path + QStringLiteral("/recipe.json")) ? FileKind::Recipe
                                                                       : FileKind::Other;
    const QString suffix = info.suffix().toLower();
    const QStringList figures{QStringLiteral("pdf"), QStringLiteral("svg"), QStringLiteral("png")};
    if (is_project(file))
        return FileKind::Project;
    if (isEdgesFile(path))
        return FileKind::Edges;
    if (figures.contains(suffix))
        return FileKind::Figure;
    if (is_result_file(file))
        return FileKind::Result;
    const bool arrays = suffix == QStringLiteral("npz") || (suffix == QStringLiteral("safetensors") && !isBatch(file));
    return arrays || isPytorch(path) ? FileKind::Numbers : FileKind::Other;
}

std::vector<RunEntry> runsOf(const QString &path, FileKind kind)
{
    std::vector<RunEntry> runs;
    if (kind == FileKind::Recipe) {
        for (const ReportStep &step : readReportSource(path.toStdString()).steps)
            if (step.result)
                runs.push_back(runOfResult(step.title, step.result));
        if (runs.empty())
            throw Error(path.toStdString(), "holds no result yet: no step of the recipe is done");
        return runs;
    }
    RunResult result = load_result(path.toStdString());
    result.spec.model.path = model_path_in(path.toStdString(), result.spec.model.path);
    const QString name = QString::fromStdString(title(result.spec));
    runs.push_back(runOfResult(name, std::make_shared<const RunResult>(std::move(result))));
    return runs;
}

std::vector<RunSpec> specsOfFigure(const QString &file)
{
    const std::string place = file.toStdString();
    const QByteArray text = [&] {
        try {
            return widgets::readEmbeddedSpec(file);
        } catch (const widgets::FigureError &error) {
            throw Error(place, error.cause().toStdString());
        }
    }();
    nlohmann::json all = parse_json(text.toStdString(), place);
    if (!all.is_array())
        all = nlohmann::json::array({all});
    std::vector<RunSpec> specs;
    for (const nlohmann::json &one : all) {
        RunSpec spec = run_spec_from_json(one);
        spec.model.path = model_path_in(place, spec.model.path);
        specs.push_back(std::move(spec));
    }
    if (specs.empty())
        throw Error(place, "names no run");
    return specs;
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
