// What the view models of scatters, bars and tables have in common: cells of grids, effects and shares as texts.
#pragma once

#include "view_models.h"

#include <vector>

namespace patchbay {

/// An effect as normalised() gives it, in its unit; a dash where there is none.
QString effectText(double effect, const EffectUnit &unit);
/// A share as "12.3 %"; a dash where there is none.
QString percentText(double share);

widgets::HeadId cellHead(const Grid &grid, int cell);
QString cellLabel(const Grid &grid, int cell);
/// The grid of that name, the first over heads or layers without one. Throws Error that says which there are.
const Grid &gridNamed(const RunResult &result, const std::string &name);
/// The n strongest cells by sign, strongest first; ties by cell so that the order is the same every time.
std::vector<int> strongestCells(const Grid &grid, const Baseline &baseline, int n, Sign sign);
/// "Output (z) (% of gap)", "Output (z) (logits)".
QString withUnit(const QString &what, const Baseline &baseline);
widgets::Standing standingOf(const Stability &stability, int cell);
/// Names of a result's arrays that have one number a head, in the order in which their analysis declares them.
std::vector<std::string> headArrays(const RunResult &result);

} // namespace patchbay
