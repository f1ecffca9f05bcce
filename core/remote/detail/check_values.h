// What must hold of a value from elsewhere before anything may be computed with it, or drawn.
#pragma once

#include "requests/request.h"

#include <cstdint>
#include <string>
#include <vector>

namespace patchbay::remote {

/// The cells of a grid whose values are there: those of the others, which no bit tells apart, need not cross.
struct KnownCells {
    std::vector<int> cells;        ///< rising
    std::vector<float> per_prompt; ///< [cells, prompts]
};
KnownCells known_cells(const Grid &grid);
/// Puts them into a grid that has everything else. room: values that may still be made, which these are taken from.
/// What is wrong with them; empty where nothing is.
std::string restore_cells(Grid &grid, const KnownCells &known, uint64_t &room);

// What is wrong; empty where nothing is. Restored grids are sound by themselves.
std::string why_unsound(const RunResult &result);
std::string why_unsound(const Cells &cells);
std::string why_unsound(const AttentionPattern &pattern);
std::string why_unsound(const Stability &stability);
std::string why_unsound(const PromptBatch &batch);
std::string why_unsound(const Setup &setup);
std::string why_unsound(const TriedText &text);
std::string why_unsound(const HeadsOverSteps &heads);
std::string why_unsound(const SeriesMeasures &measures);
// Requests of something that is not there.
std::string why_unsound(const IntervalsRequest &request);
std::string why_unsound(const StabilityRequest &request);
std::string why_unsound(const DownloadRequest &request);
std::string why_unsound(const MeasureSeriesRequest &request);

} // namespace patchbay::remote
