// A part of a run: what one of several processes computes of it, so that all of them together compute each cell once.
#pragma once

#include <string>
#include <vector>

namespace patchbay {

/// Neighbouring prompts of a batch: first … stop − 1.
struct PromptRange {
    int first = 0, stop = 0;
    bool operator==(const PromptRange &) const = default;
};

/// Some cells of a grid, on some prompts.
struct SharePart {
    std::string grid;
    std::vector<int> cells; ///< ascending
    PromptRange prompts;
    bool operator==(const SharePart &) const = default;
};

/// What of a run is computed. Cells keep their places in the run's order and so, chunk by chunk, the company that they
/// have in the whole run: a chunk that is computed whole rounds as it does there.
struct RunShare {
    std::vector<SharePart> parts;
    PromptRange controls; ///< on these prompts; none where stop ≤ first
    bool operator==(const RunShare &) const = default;
};

/// A cell as it stands in the order of a run.
struct PlannedCell {
    std::string grid;
    int cell = 0;
    double flops = 0; ///< multiply-adds × 2
};

} // namespace patchbay
