#include "analysis/edge_conclusion.h"

#include "base/amounts.h"
#include "base/plain_text.h"
#include "edges/circuit.h"
#include "edges/edge_arrays.h"
#include "edges/scores.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace patchbay {

namespace {

// The strongest edges as people read them: exact values where they are there.
void write_table(RunResult &result, const EdgeGraph &graph, const std::vector<float> &scores)
{
    constexpr size_t most = 200;
    const Grid *exact = result.grid(edge_grid);
    std::map<size_t, int> cell_of;
    each_exact_edge(result, graph, [&](Edge edge, const Grid &, int cell) { cell_of[graph.cell(edge)] = cell; });
    const Baseline &baseline = result.baseline;
    std::vector<float> strength = scores.empty() ? std::vector<float>(graph.cells()) : scores;
    for (const auto &[cell, i] : cell_of)
        strength[cell] = float(normalised(*exact, i, baseline) * baseline.scale());
    const EffectUnit unit = effect_unit(baseline);
    nlohmann::json rows = nlohmann::json::array();
    for (const Edge edge : ranked_edges(graph, strength, EdgeOrder::Size)) {
        if (rows.size() == most)
            break;
        const size_t cell = graph.cell(edge);
        const auto found = cell_of.find(cell);
        if (exact && scores.empty() && found == cell_of.end())
            continue;
        nlohmann::json row = nlohmann::json::array({graph.name(edge)});
        row.push_back(scores.empty() ? "" : effect_text(double(scores[cell]) / baseline.scale(), unit));
        if (exact)
            row.push_back(found == cell_of.end() ? "" : effect_text(normalised(*exact, found->second, baseline), unit));
        rows.push_back(std::move(row));
    }
    nlohmann::json columns = nlohmann::json::array({"edge", "estimate"});
    if (exact)
        columns.push_back("exact");
    std::string strongest;
    for (size_t i = 0; i < std::min<size_t>(rows.size(), 3); ++i) {
        const std::string estimate = rows[i][1], value = exact ? rows[i][2] : nlohmann::json("");
        strongest += (i == 0 ? "Strongest of " + counted(graph.edges(), "edge") + ": " : ", ")
            + rows[i][0].get<std::string>() + " " + (value.empty() ? estimate + " (estimate)" : value);
    }
    if (!strongest.empty())
        result.summary["conclusion"] = strongest + ".";
    result.summary["columns"] = std::move(columns);
    result.summary["rows"] = std::move(rows);
}

} // namespace

double rank_correlation(const Grid &grid, const std::vector<float> &estimates, const Baseline &baseline)
{
    std::vector<double> guessed, exact;
    for (int cell = 0; cell < grid.cells(); ++cell)
        if (grid.state[size_t(cell)] == CellState::Exact) {
            guessed.push_back(double(estimates[size_t(cell)]) / baseline.scale());
            exact.push_back(normalised(grid, cell, baseline));
        }
    return rank_correlation(guessed, exact);
}

void conclude_edges(RunResult &result, const EdgeGraph &graph)
{
    const std::string estimated = estimates_array(result);
    const std::vector<float> scores = estimated.empty() ? std::vector<float>() : result.arrays.at(estimated).floats();
    result.summary.erase("rank_correlation");
    if (const Grid *exact = result.grid(edge_grid); exact && !scores.empty()) {
        std::vector<float> estimates(size_t(exact->cells()), std::nanf(""));
        each_exact_edge(result, graph,
                        [&](Edge edge, const Grid &, int cell) { estimates[size_t(cell)] = scores[graph.cell(edge)]; });
        if (const double r = rank_correlation(*exact, estimates, result.baseline); !std::isnan(r))
            result.summary["rank_correlation"] = r;
    }
    write_table(result, graph, scores);
}

} // namespace patchbay
