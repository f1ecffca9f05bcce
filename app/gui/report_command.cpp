#include "report_command.h"

#include "report/report.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace patchbay {

namespace {

int draw(const std::string &command, const std::string &folder, bool quiet)
{
    try {
        for (const QString &file : writeReport(folder))
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
    CLI::App app("Draws the report of a recipe from its results: report.html and report.pdf in the same folder.", "patchbay report");
    std::string folder;
    bool quiet = false;
    app.add_option("DIR", folder, "The folder that the recipe was run into")->required();
    app.add_flag("--quiet", quiet, "Do not name the files written");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return draw("report", folder, quiet);
}

} // namespace patchbay
