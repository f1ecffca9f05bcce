// Runs as they happen, for tests of projects: what an engine would tell, without one.
#pragma once

#include "project/project.h"

#include <cmath>
#include <limits>

namespace patchbay::samples {

/// layers × heads cells, missing; values of cell c and prompt p are c + p / 1000.
inline RunResult empty_run(int layers = 3, int heads = 4, int prompts = 5)
{
    RunResult result;
    result.spec = spec_of(ActPatch{});
    result.spec.model.sha256 = std::string(64, 'a');
    result.spec.task.sha256 = std::string(64, 'b');
    result.model_sha256 = result.spec.model.sha256;
    result.version = "test";
    result.baseline.clean.assign(size_t(prompts), 3.5f);
    result.baseline.flipped.assign(size_t(prompts), -2.f);
    result.baseline.clean_mean = 3.5;
    result.baseline.flipped_mean = -2;
    Grid grid;
    grid.name = "denoise.z";
    grid.axes = {"layer", "head"};
    grid.shape = {layers, heads};
    grid.prompts = prompts;
    grid.state.assign(size_t(layers * heads), CellState::Missing);
    grid.per_prompt.assign(size_t(layers * heads * prompts), std::numeric_limits<float>::quiet_NaN());
    result.grids.push_back(grid);
    return result;
}

inline Cells chunk(int first, int count, int prompts = 5, double seconds = 0.25)
{
    Cells event;
    event.flops = 1e9 * count;
    event.seconds = seconds;
    for (int cell = first; cell < first + count; ++cell) {
        event.cells.push_back(cell);
        for (int p = 0; p < prompts; ++p)
            event.per_prompt.push_back(float(cell) + float(p) / 1000);
    }
    return event;
}

inline ProjectRun row(int64_t id, const RunResult &result, const std::string &state = "running")
{
    return {.id = id,
            .name = "Run " + std::to_string(id),
            .spec = result.spec,
            .state = state,
            .started = "2026-11-27T09:00:00",
            .total = result.grids.empty() ? 0 : result.grids.front().cells()};
}

} // namespace patchbay::samples
