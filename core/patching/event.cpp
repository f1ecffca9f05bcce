#include "patching/event.h"

#include "base/error.h"
#include "base/memory.h"

#include <algorithm>
#include <limits>

namespace patchbay {

namespace {

void take(RunResult &result, const Started &event)
{
    result = event.result;
}

void take(RunResult &result, const Cells &event)
{
    if (event.grid < 0 || event.grid >= int(result.grids.size()))
        return;
    Grid &grid = result.grids[size_t(event.grid)];
    const size_t prompts = size_t(grid.prompts);
    if (event.state == CellState::Estimated && grid.estimate.empty())
        grid.estimate.assign(grid.state.size(), std::numeric_limits<float>::quiet_NaN());
    for (size_t i = 0; i < event.cells.size(); ++i) {
        const size_t cell = size_t(event.cells[i]);
        if (!event.estimates.empty())
            grid.estimate[cell] = event.estimates[i];
        if (!event.per_prompt.empty())
            std::copy_n(event.per_prompt.begin() + std::ptrdiff_t(i * prompts), prompts,
                        grid.per_prompt.begin() + std::ptrdiff_t(cell * prompts));
        grid.state[cell] = std::max(grid.state[cell], event.state); // an exact cell stays exact when its estimate comes
    }
    grid.flops += event.flops;
    result.flops += event.flops;
    if (event.state == CellState::Exact && event.seconds >= 0 && result.first_exact_seconds < 0)
        result.first_exact_seconds = event.seconds;
}

void take(RunResult &result, const Done &event)
{
    const RunEnd *end = std::get_if<RunEnd>(&event.reply);
    if (!end)
        return;
    result.complete = end->complete;
    result.seconds = end->seconds;
    result.arrays = end->arrays;
    result.summary = end->summary;
    result.keeps_ends = end->keeps_ends;
}

void take(RunResult &, const Progress &) { }
void take(RunResult &, const Failed &) { }

} // namespace

void apply(RunResult &result, const Event &event)
{
    std::visit([&result](const auto &one) { take(result, one); }, event);
}

void check_cells(const Cells &event, const RunResult &result, const std::string &place)
{
    if (event.grid < 0 || size_t(event.grid) >= result.grids.size())
        throw Error(place, "holds cells of grid " + std::to_string(event.grid) + ", which the run does not have");
    const Grid &grid = result.grids[size_t(event.grid)];
    const size_t values = event.cells.size() * size_t(grid.prompts);
    if (std::any_of(event.cells.begin(), event.cells.end(), [&](int cell) { return cell < 0 || cell >= grid.cells(); }))
        throw Error(place, "holds cells that the grid \"" + grid.name + "\" does not have");
    const bool exact = event.state == CellState::Exact;
    if ((exact || !event.per_prompt.empty()) && event.per_prompt.size() != values)
        throw Error(place,
                    "holds " + std::to_string(event.per_prompt.size()) + " values of "
                        + std::to_string(event.cells.size()) + " cells and " + std::to_string(grid.prompts)
                        + " prompts");
    if ((!exact || !event.estimates.empty()) && event.estimates.size() != event.cells.size())
        throw Error(place, "holds other estimates than it has cells");
    if (exact && !event.estimates.empty() && grid.estimate.size() != grid.state.size())
        throw Error(place, "holds exact cells with estimates");
}

Tell on_progress(std::function<void(int, int)> call)
{
    return [call = std::move(call)](const Event &event) {
        if (const Progress *progress = std::get_if<Progress>(&event))
            call(progress->done, progress->total);
    };
}

Failed failed_of(std::exception_ptr error)
{
    try {
        std::rethrow_exception(error);
    } catch (const Error &e) {
        return {e.subject(), e.cause(), {}};
    } catch (const std::exception &e) {
        if (means_out_of_memory(e))
            return {{}, "there is not enough memory for this", "Use fewer prompts or a smaller model."};
        const std::string what = e.what();
        return {{}, what.substr(0, what.find('\n')), {}}; // LibTorch adds a backtrace
    }
}

} // namespace patchbay
