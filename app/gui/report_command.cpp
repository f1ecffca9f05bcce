#include "report_command.h"

#include "base/error.h"
#include "base/memory.h"
#include "command.h"
#include "report/project_report.h"
#include "report/report.h"
#include "usage_error.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace patchbay {

namespace {

/// A project's page for a reader, beside it.
QStringList pageOf(const std::filesystem::path &project)
{
    std::filesystem::path page = project;
    page.replace_extension(".html");
    const QString file = QString::fromStdString(page.string());
    writeForReader(file, contents_of(Project(project, Project::Open::Read)),
                   QString::fromStdString(project.stem().string()));
    return {file};
}

int draw(const std::string &command, const std::string &folder, bool quiet)
{
    try {
        for (const QString &file : is_project(folder) ? pageOf(folder) : writeReport(folder))
            if (!quiet)
                std::cout << file.toStdString() << '\n';
        return 0;
    } catch (const std::exception &error) {
        std::cerr << "patchbay " << command << ": " << error.what() << '\n';
        return 1;
    }
}

} // namespace

int report_command(int argc, char **argv)
{
    CLI::App app(
        "Draws the report of a recipe, or of a series, from its results: report.html and report.pdf in the same "
        "folder. Of a project: one page for a reader, beside it.",
        "patchbay report");
    std::string folder;
    bool quiet = false;
    app.add_option("DIR", folder, "The folder that the recipe or the series was run into, or a project (.patchbay)")
        ->required();
    app.add_flag("--quiet", quiet, "Do not name the files written");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return draw("report", folder, quiet);
}

int recipe_command(int argc, char **argv)
{
    CLI::App app("Runs a recipe into a folder of results and draws its report: report.html and report.pdf.",
                 "patchbay recipe");
    const cli::Runner run = cli::add_recipe(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto failed = [](int code, const char *what) {
        std::cerr << "patchbay recipe: " << what << '\n';
        return code;
    };
    try {
        // A step that failed, or an interruption, leaves the others' results: they are drawn all the same.
        const int code = run();
        const bool quiet = app.count("--quiet") > 0 || app.count("--json") > 0;
        const int drawn = draw("recipe", app.get_option("--out")->as<std::string>(), quiet);
        return code ? code : drawn;
    } catch (const Cancelled &) {
        return failed(130, "interrupted");
    } catch (const cli::UsageError &error) {
        return failed(2, error.what());
    } catch (const std::exception &error) {
        return failed(1, means_out_of_memory(error) ? not_enough_memory : error.what());
    }
}

} // namespace patchbay
