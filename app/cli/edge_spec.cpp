#include "edge_spec.h"

#include "analysis/analysis.h"
#include "edges/scores.h"
#include "interrupt.h"

#include <cmath>
#include <filesystem>

namespace patchbay::cli {

RunResult run_edge_analysis(Workspace &work, const std::string &analysis, const std::vector<Head> &heads,
                            const nlohmann::json &options, const std::string &metric, Console &console,
                            const RunResult *resume)
{
    RunSpec spec = work.spec();
    spec.metric = metric;
    spec.method = Analysis{analysis, heads, options};
    RunObserver observer;
    observer.resume = resume;
    observer.tell = [&](const Event &event) {
        if (const Progress *progress = std::get_if<Progress>(&event))
            console.progress(analysis + (progress->what.empty() ? "" : ", " + progress->what),
                             progress->total > 0 ? double(progress->done) / progress->total : 1);
    };
    RunResult result = work.run(spec, observer);
    console.end_progress();
    return result;
}

nlohmann::ordered_json short_summary(const RunResult &result)
{
    nlohmann::ordered_json out = nlohmann::ordered_json::object();
    for (const auto &[key, value] : result.summary.items())
        if (key != "forward" && key != "backward" && key != "rows" && key != "columns")
            out[key] = value;
    return out;
}

void spread_exact(RunResult &result, const EdgeGraph &graph)
{
    const Grid *grid = result.grid(edge_grid);
    if (!grid)
        return;
    const size_t prompts = size_t(grid->prompts);
    Array exact{{graph.writers(), graph.readers(), grid->prompts},
                std::vector<float>(graph.cells() * prompts, std::nanf(""))};
    each_exact_edge(result, graph, [&](Edge edge, const Grid &from, int cell) {
        std::copy(from.cell(cell).begin(), from.cell(cell).end(),
                  exact.floats().begin() + std::ptrdiff_t(graph.cell(edge) * prompts));
    });
    result.arrays["exact"] = std::move(exact);
}

void check_json(const std::string &option, const std::string &file)
{
    if (!file.empty() && std::filesystem::path(file).extension() != ".json")
        throw UsageError(option, "'" + file + "' is a JSON file of EAP-IG and MIB: its name ends in .json");
}

} // namespace patchbay::cli
