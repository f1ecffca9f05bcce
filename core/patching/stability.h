// How much a sweep's ranking hangs on these particular prompts, from the values that it has for each of them: nothing
// is computed again.
#pragma once

#include "patching/run_result.h"

#include <map>
#include <string>
#include <vector>

namespace patchbay {

struct Stability {
    int top = 0;     ///< how many of the strongest cells are asked about
    int samples = 0; ///< resamples of the prompts, with replacement
    /// [cells] share of the resamples in which the cell is among the `top` strongest by |effect|; NaN where it has no
    /// exact value, or one that is not finite.
    std::vector<double> among_top;
    /// [cells] ranks (1: the strongest) between which the cell is in 95 % of the resamples; 0 where among_top is NaN.
    std::vector<int> best_rank, worst_rank;
    /// Mean over the splits of the prompts into random halves of how many of the `top` strongest of one half are among
    /// those of the other, as a share; NaN with fewer than two prompts.
    double split_half = 0;
};

/// Of the grids of a result that can be ranked, by name.
using Stabilities = std::map<std::string, Stability>;

/// How many strongest cells are asked about where nobody says.
inline constexpr int usual_top = 10;

/// Whether a ranking of its cells says anything: there are more than `top`, with values for several prompts.
bool can_be_ranked(const Grid &grid, int top = usual_top);

/// Ranks by |mean over prompts of patched − base|, which orders cells as their effects do. Seeded: the same for the
/// same values. top is at most the number of exact cells. Milliseconds for 144 cells, 70 prompts and 1,000 samples.
Stability stability(const Grid &grid, const Baseline &baseline, int top = usual_top, int samples = 1000);

} // namespace patchbay
