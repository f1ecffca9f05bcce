// Views as they can be drawn: a number that is none (nan, inf) never becomes a length, a place or a colour.
#pragma once

#include "views.h"

namespace patchbay::widgets {

/// Called once where a view comes in, by every widget and every panel of a figure. Arrays have the sizes that rows and
/// columns promise (missing cells are filled in); cells that were computed but are no number become
/// CellState::Undefined; their values are NaN, which the texts show as "–"; intervals that are none have no width;
/// points without a place are left out.
HeatmapView finite(const HeatmapView &view);
AttentionView finite(const AttentionView &view);
ScatterView finite(const ScatterView &view);
BarsView finite(const BarsView &view);
GraphView finite(const GraphView &view);
/// Edges to nodes that are not there are left out, and those whose score is no number.
EdgeGraphView finite(const EdgeGraphView &view);
/// Steps whose place is no number are left out.
LinesView finite(const LinesView &view);
inline TableView finite(const TableView &view)
{
    return view;
}

} // namespace patchbay::widgets
