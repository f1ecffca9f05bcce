#include "project_run.h"

#include "base/time_text.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

Project opened(const std::filesystem::path &path)
{
    return {path, std::filesystem::exists(path) ? Project::Open::Write : Project::Open::Create};
}

} // namespace

ProjectRunWriter::ProjectRunWriter(const std::filesystem::path &path, const RunSpec &spec, Console &console)
{
    if (!is_project(path))
        throw Error(path.string(), std::string("a project's name ends with ") + project_suffix);
    Project project = opened(path);
    const std::vector<ProjectRun> runs = project.runs();
    m_row.id = runs.empty() ? 1 : runs.front().id + 1;
    m_row.name = title(spec);
    m_row.spec = spec;
    m_row.state = "running";
    m_row.started = time_text();
    project.together([&] {
        project.put(m_row);
        project.put(spec.model);
        project.put(ProjectTask{spec.task, spec.task.pairs.is_null() ? nlohmann::json::array() : spec.task.pairs});
        project.add({.time = m_row.started, .sentence = "Ran " + m_row.name, .command = {}, .run = m_row.id});
    });
    m_recorder =
        std::make_unique<Recorder>(std::move(project), [&console](Recorder::News news, const std::string &reason) {
            console.note(news == Recorder::News::Well       ? "the project is written again"
                             : news == Recorder::News::Lost ? reason + "; left out of the project"
                                                            : reason + "; tried again until the run's end");
        });
}

void ProjectRunWriter::finish(const RunResult &result)
{
    m_row.state = result.complete ? "done" : "stopped";
    m_row.total = all_cells(result);
    m_row.done = exact_cells(result);
    m_recorder->put([row = m_row](Project &project) { project.put(row); });
    if (m_recorder->flush())
        return;
    std::string cause = "its disk is full or out of reach";
    m_recorder->with_project([&](Project &project) {
        try {
            project.put(m_row);
        } catch (const Error &error) {
            cause = error.what();
        }
    });
    throw Error("--project", cause + "; chunks before that are in it");
}

} // namespace patchbay::cli
