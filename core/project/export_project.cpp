// A project as a folder of files that any program reads.
#include "project/detail/encoding.h"
#include "project/project.h"

#include "io/array_files.h"

#include <system_error>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

using nlohmann::ordered_json;

template <class Values, class Make>
ordered_json listed(const Values &values, const Make &make)
{
    ordered_json list = ordered_json::array();
    for (const auto &value : values)
        list.push_back(make(value));
    return list;
}

} // namespace

void export_project(const Project &project, const fs::path &folder)
{
    std::error_code ignored;
    if (fs::exists(folder, ignored) && !fs::is_empty(folder, ignored))
        throw Error(folder.string(), "is not empty: an export goes into a folder of its own");
    make_folder(folder);
    ordered_json out{{"version", 1}, {"kind", "patchbay-project"}};
    std::vector<std::string> problems;
    out["runs"] = listed(project.runs(&problems), [&](const ProjectRun &run) {
        ordered_json about{{"id", run.id},           {"name", run.name},     {"state", run.state},
                           {"started", run.started}, {"pinned", run.pinned}, {"spec", to_json(run.spec)}};
        if (!run.message.empty())
            about["message"] = run.message;
        try {
            if (const std::optional<RunResult> result = project.result(run.id)) {
                const std::string file = "run-" + std::to_string(run.id) + ".safetensors";
                save_result(folder / file, *result);
                about["file"] = file;
            }
        } catch (const Error &error) {
            if (error.subject().starts_with(folder.string()))
                throw; // it cannot be written
            problems.push_back(error.what());
        }
        if (const std::string png = project.thumbnail(run.id); !png.empty()) {
            const std::string file = "run-" + std::to_string(run.id) + ".png";
            write_file(folder / file, png);
            about["thumbnail"] = file;
        }
        return about;
    });
    out["models"] = listed(project.models(), [](const ModelRef &model) { return to_json(model); });
    out["tasks"] = listed(project.tasks(), [](const ProjectTask &task) {
        return ordered_json{{"task", to_json(task.task)}, {"pairs", task.pairs}};
    });
    out["circuits"] = listed(project.circuits(), [](const ProjectCircuit &circuit) {
        return ordered_json{
            {"name", circuit.name}, {"kind", circuit.kind}, {"model", circuit.model}, {"body", circuit.body}};
    });
    out["series"] = listed(project.series(), [](const ProjectSeries &series) {
        return ordered_json{{"folder", series.folder}, {"shown", series.body}};
    });
    out["notes"] = listed(project.notes(), [](const ProjectNote &note) {
        return ordered_json{
            {"kind", note.kind}, {"subject", note.subject}, {"text", note.text}, {"changed", note.changed}};
    });
    out["history"] = listed(project.history(), [](const HistoryEntry &entry) {
        ordered_json one{{"time", entry.time}, {"sentence", entry.sentence}, {"command", entry.command}};
        if (entry.run >= 0)
            one["run"] = entry.run;
        return one;
    });
    if (!problems.empty())
        out["problems"] = problems;
    write_file(folder / "project.json", out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

} // namespace patchbay
