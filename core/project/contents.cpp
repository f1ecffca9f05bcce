#include "project/contents.h"

#include "base/error.h"

namespace patchbay {

ProjectContents contents_of(const Project &project)
{
    ProjectContents out;
    const auto read = [&](const auto &work) {
        try {
            work();
        } catch (const Error &error) {
            out.problems.push_back(error.what());
        }
    };
    out.runs = project.runs(&out.problems);
    for (const ProjectRun &run : out.runs) {
        read([&] {
            if (std::optional<RunResult> result = project.result(run.id))
                out.results[run.id] = std::make_shared<const RunResult>(std::move(*result));
        });
        read([&] { out.intervals[run.id] = project.intervals(run.id); });
    }
    read([&] { out.models = project.models(); });
    read([&] { out.tasks = project.tasks(); });
    read([&] { out.circuits = project.circuits(); });
    read([&] { out.states = project.states(); });
    read([&] { out.notes = project.notes(); });
    read([&] { out.history = project.history(); });
    return out;
}

} // namespace patchbay
