#include "controllers/kept_edges.h"

#include "base/error.h"
#include "base/json_field.h"
#include "edges/circuit_file.h"
#include "io/array_files.h"

#include <QDir>
#include <QStandardPaths>
#include <QUrl>

namespace patchbay {

namespace {

QString fileOf(const Setup &setup, const QString &name)
{
    return keptEdgesFolder(setup) + QLatin1Char('/') + QString::fromLatin1(QUrl::toPercentEncoding(name))
        + QStringLiteral(".json");
}

} // namespace

QString keptEdgesFolder(const Setup &setup)
{
    return QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + QStringLiteral("/circuits/")
        + QString::fromStdString(setup.model_ref.sha256);
}

QVector<KeptEdges> keptEdges(const Setup &setup)
{
    QVector<KeptEdges> out;
    const QDir folder(keptEdgesFolder(setup));
    for (const QString &file : folder.entryList({QStringLiteral("*.json")}, QDir::Files, QDir::Name)) {
        try {
            const ScoredGraph read = read_scored_graph(folder.filePath(file).toStdString(), EdgeGraph(setup.config()));
            out << KeptEdges{QUrl::fromPercentEncoding(file.chopped(5).toLatin1()),
                             std::make_shared<const EdgeMask>(read.circuit.kept)};
        } catch (const Error &) {
            continue; // files can be edited by hand
        }
    }
    return out;
}

void keepEdges(const Setup &setup, const QString &name, const EdgeNumbers &numbers, const EdgeMask &kept)
{
    make_folder(keptEdgesFolder(setup).toStdString());
    write_scored_graph(
        fileOf(setup, name).toStdString(),
        {numbers.graph, setup.config().d_model, of_files(numbers.estimates, numbers.keeping), {"", kept}, true});
}

nlohmann::json keptEdgesJson(const Setup &setup, const QString &name)
{
    const QString file = fileOf(setup, name);
    return QFile::exists(file) ? read_json_file(file.toStdString()) : nlohmann::json();
}

bool adoptEdges(const Setup &setup, const QString &name, const nlohmann::json &edges)
{
    const QString file = fileOf(setup, name);
    if (QFile::exists(file))
        return false;
    make_folder(keptEdgesFolder(setup).toStdString());
    write_file(file.toStdString(), edges.dump());
    try {
        read_scored_graph(file.toStdString(), EdgeGraph(setup.config()));
    } catch (...) {
        QFile::remove(file);
        throw;
    }
    return true;
}

void forgetEdges(const Setup &setup, const QString &name)
{
    QFile::remove(fileOf(setup, name));
}

} // namespace patchbay
