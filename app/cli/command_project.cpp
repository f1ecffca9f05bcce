// patchbay-cli project: what is in a project file.
#include "base/amounts.h"
#include "command.h"
#include "console.h"
#include "options.h"
#include "project/project.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    std::string file, out;
    bool newer = false;
    int64_t run = 0;
    OutputOptions output;
};

Project opened(const Options &options)
{
    return {options.file, options.newer ? Project::Open::ReadNewer : Project::Open::Read};
}

int info(const Options &options)
{
    Console console(options.output.json, options.output.quiet);
    const Project project = opened(options);
    std::vector<std::string> problems;
    const std::vector<ProjectRun> runs = project.runs(&problems);
    ordered_json models = ordered_json::array(), tasks = ordered_json::array();
    for (const ModelRef &model : project.models())
        models.push_back({{"path", model.path}, {"sha256", model.sha256}});
    for (const ProjectTask &task : project.tasks())
        tasks.push_back({{"task", to_json(task.task)}, {"pairs", task.pairs.size()}});
    const auto finished =
        std::count_if(runs.begin(), runs.end(), [](const ProjectRun &run) { return run.state == "done"; });
    console.print({{"file", options.file},
                   {"version", project.schema()},
                   {"runs", runs.size()},
                   {"finished", finished},
                   {"models", models},
                   {"tasks", tasks},
                   {"circuits", project.circuits().size()},
                   {"series", project.series().size()},
                   {"notes", project.notes().size()},
                   {"history", project.history().size()},
                   {"problems", problems}});
    console.say(options.file + ": a project of version " + std::to_string(project.schema()));
    console.say(counted(int64_t(runs.size()), "run") + ", " + std::to_string(finished) + " finished; "
                + counted(int64_t(project.circuits().size()), "circuit") + ", "
                + counted(int64_t(project.notes().size()), "note"));
    for (const ModelRef &model : project.models())
        console.say("model " + model.path + "  " + model.sha256.substr(0, 12));
    for (const ProjectTask &task : project.tasks())
        console.say("task " + short_name(task.task) + "  " + task.task.sha256.substr(0, 12));
    for (const std::string &problem : problems)
        console.note(problem);
    return 0;
}

int runs(const Options &options)
{
    Console console(options.output.json, options.output.quiet);
    const Project project = opened(options);
    ordered_json list = ordered_json::array();
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> problems;
    for (const ProjectRun &run : project.runs(&problems)) {
        ordered_json one{{"id", run.id},     {"name", run.name},   {"state", run.state},   {"started", run.started},
                         {"done", run.done}, {"total", run.total}, {"pinned", run.pinned}, {"spec", to_json(run.spec)}};
        if (!run.message.empty())
            one["message"] = run.message;
        list.push_back(std::move(one));
        rows.push_back({std::to_string(run.id), run.state, run.started, run.name});
    }
    console.print({{"runs", list}, {"problems", problems}});
    if (rows.empty())
        console.say("no runs");
    for (const std::string &line : aligned(rows))
        console.say(line);
    for (const std::string &problem : problems)
        console.note(problem);
    return 0;
}

int check(const Options &options)
{
    Console console(options.output.json, options.output.quiet);
    const std::vector<std::string> found = opened(options).check();
    console.print({{"file", options.file}, {"ok", found.empty()}, {"problems", found}});
    for (const std::string &one : found)
        console.say(one);
    console.say(found.empty() ? "nothing is wrong with it"
                              : "patchbay-cli project recover takes what can be read into a new file");
    return found.empty() ? 0 : 1;
}

int export_files(const Options &options)
{
    Console console(options.output.json, options.output.quiet);
    const Project project = opened(options);
    if (options.run > 0) {
        const std::optional<RunResult> result = project.result(options.run);
        if (!result)
            throw Error(options.file, "has no numbers of a run " + std::to_string(options.run));
        save_result(options.out, *result);
    } else {
        export_project(project, options.out);
    }
    console.print({{"out", options.out}});
    console.say("written to " + options.out);
    return 0;
}

int recover(const Options &options)
{
    Console console(options.output.json, options.output.quiet);
    const std::vector<std::string> lost = recover_project(options.file, options.out);
    const size_t found = Project(options.out, Project::Open::Read).runs().size();
    console.print({{"out", options.out}, {"runs", found}, {"lost", lost}});
    for (const std::string &one : lost)
        console.say(one);
    console.say(counted(int64_t(found), "run") + " could be read, written to " + options.out);
    return 0;
}

} // namespace

Runner add_project(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    const auto chosen = std::make_shared<int (*)(const Options &)>(nullptr);
    app.require_subcommand(1);
    const auto command = [&](const char *name, const char *help, int (*run)(const Options &), const char *out) {
        CLI::App *sub = app.add_subcommand(name, help);
        sub->add_option("file", options->file, "A project")->required()->type_name("FILE.patchbay");
        if (*out)
            sub->add_option("--out", options->out, out)->required();
        else
            sub->add_flag("--newer", options->newer, "Read what can be read of a later version's file");
        options->output.add(*sub, "");
        sub->callback([chosen, run] { *chosen = run; });
        return sub;
    };
    command("info", "What a project holds", info, "");
    command("runs", "The runs of a project, the newest first", runs, "");
    command("check", "Whether a project is whole: exit code 1 where it is not", check, "");
    command("export", "A project as a folder of result files with project.json, or one run as a result file",
            export_files, "The folder; with --run, the result file by its extension")
        ->add_option("--run", options->run, "Only this run, by its number")
        ->check(CLI::Range(int64_t(1), int64_t(1) << 62));
    command("recover", "Take what can be read of a damaged project into a new one", recover, "The new project");
    return [options, chosen] { return (*chosen)(*options); };
}

} // namespace patchbay::cli
