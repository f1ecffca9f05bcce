#include "edges/edge_arrays.h"

#include <cmath>

namespace patchbay {

std::string estimates_array(const RunResult &result)
{
    for (const auto &[name, array] : result.arrays)
        if (name.starts_with("scores.") && array.shape.size() == 2 && array.is_float()
            && !name.ends_with(".standard_error"))
            return name;
    return {};
}

void each_exact_edge(const RunResult &result, const EdgeGraph &graph,
                     const std::function<void(Edge edge, const Grid &grid, int cell)> &read)
{
    const Grid *grid = result.grid(edge_grid);
    const auto index = result.arrays.find(edge_index);
    if (!grid || index == result.arrays.end() || index->second.is_float()
        || index->second.ints().size() != size_t(grid->cells()) * 2)
        return;
    const std::vector<int64_t> &ends = index->second.ints();
    for (int cell = 0; cell < grid->cells(); ++cell) {
        const int64_t writer = ends[size_t(2 * cell)], reader = ends[size_t(2 * cell + 1)];
        if (grid->state[size_t(cell)] != CellState::Exact || writer < 0 || writer >= graph.writers() || reader < 0
            || reader >= graph.readers() || !graph.is_edge({int(writer), int(reader)}))
            continue;
        read({int(writer), int(reader)}, *grid, cell);
    }
}

std::vector<float> exact_changes(const RunResult &result, const EdgeGraph &graph)
{
    std::vector<float> changes(graph.cells(), std::nanf(""));
    each_exact_edge(result, graph, [&](Edge edge, const Grid &grid, int cell) {
        changes[graph.cell(edge)] = float(normalised(grid, cell, result.baseline) * result.baseline.scale());
    });
    return changes;
}

} // namespace patchbay
