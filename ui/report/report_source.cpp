#include "report/report_source.h"

#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"

#include <QRegularExpression>

namespace patchbay {

namespace {

constexpr const char *notesFile = "notes.json";

std::vector<ReportNote> readNotes(const std::filesystem::path &path)
{
    std::vector<ReportNote> notes;
    if (!std::filesystem::exists(path))
        return notes;
    const nlohmann::json list = read_json_file(path);
    for (const JsonField &note : JsonField(list, path.string()).items())
        notes.push_back(
            {QString::fromStdString(note.at("about").text()), QString::fromStdString(note.at("text").text())});
    return notes;
}

QString text(const nlohmann::json &object, const char *key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? QString::fromStdString(found->get<std::string>()) : QString();
}

// How long each step took; nothing where that is not known.
nlohmann::json readTimings(const std::filesystem::path &folder)
{
    try {
        const nlohmann::json file = read_json_file(folder / "timings.json");
        if (file.is_object() && file.contains("seconds") && file.at("seconds").is_object())
            return file.at("seconds");
    } catch (const Error &) {
    }
    return nlohmann::json::object();
}

ReportStep readStep(const nlohmann::json &entry, const nlohmann::json &body, const nlohmann::json &timings,
                    const std::filesystem::path &folder)
{
    ReportStep step;
    step.id = entry.at("id").get<std::string>();
    step.state = entry.at("state").get<std::string>();
    step.title = text(entry, "title");
    step.note = text(entry, "note");
    step.message = typographic(text(entry, "message"));
    step.caption = typographic(text(entry, "caption"));
    step.file = text(entry, "file");
    if (const auto seconds = timings.find(step.id); seconds != timings.end() && seconds->is_number())
        step.seconds = seconds->get<double>();
    step.body = body;
    step.kind = step.body.value("kind", std::string());
    if (entry.contains("view"))
        step.view = entry.at("view");
    if (!step.file.isEmpty())
        step.result = std::make_shared<const RunResult>(load_result(folder / step.file.toStdString()));
    return step;
}

} // namespace

const ReportStep *ReportSource::step(const std::string &id) const
{
    for (const ReportStep &one : steps)
        if (one.id == id)
            return &one;
    return nullptr;
}

void writeReportNotes(const std::filesystem::path &folder, const std::vector<ReportNote> &notes)
{
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const ReportNote &note : notes)
        list.push_back({{"about", note.about.toStdString()}, {"text", note.text.toStdString()}});
    if (list.empty())
        std::filesystem::remove(folder / notesFile);
    else
        write_file(folder / notesFile, list.dump(1) + "\n");
}

ReportSource readReportSource(const std::filesystem::path &folder)
{
    const std::filesystem::path path = folder / "recipe.json";
    if (!std::filesystem::exists(path))
        throw Error(
            folder.string(),
            "holds no recipe.json: give the folder that a recipe was run into (patchbay recipe NAME --out DIR)");
    const nlohmann::json file = read_json_file(path);
    if (!file.is_object() || file.value("format", std::string()) != "patchbay-recipe-run")
        throw Error(path.string(), "is not the outcome of a recipe: its \"format\" is not \"patchbay-recipe-run\"");
    if (file.value("version", 0) != 1)
        throw Error(path.string(), "is of a version that this program does not read; it reads version 1");
    try {
        ReportSource source;
        const nlohmann::json &recipe = file.at("recipe"), &steps = file.at("steps");
        source.title = text(recipe, "title");
        source.description = text(recipe, "description");
        source.model = text(file.at("model"), "path");
        source.sha256 = text(file.at("model"), "sha256");
        if (file.at("model").contains("commit"))
            source.commit = text(file.at("model"), "commit");
        source.version = text(file, "program_version");
        source.task = file.at("task");
        source.prompts = file.at("prompts").get<int>();
        const nlohmann::json timings = readTimings(folder);
        for (size_t i = 0; i < steps.size(); ++i)
            source.steps.push_back(readStep(steps.at(i), recipe.at("steps").at(i), timings, folder));
        source.notes = readNotes(folder / notesFile);
        return source;
    } catch (const nlohmann::json::exception &e) {
        throw Error(path.string(), std::string("a field is missing or of another kind: ") + e.what());
    }
}

QString typographic(QString text)
{
    static const QRegularExpression minus(QStringLiteral("(?<![\\w\\-])-(?=\\d)"));
    // A number stays on the line of its unit or sign.
    static const QRegularExpression unit(QStringLiteral("(?<=\\d) (?=%)|(?<=[\u2264\u2265]) (?=[\\d\u2212])"));
    return text.replace(minus, QString(QChar(0x2212))).replace(unit, QString(QChar(0xa0)));
}

} // namespace patchbay
