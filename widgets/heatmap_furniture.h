// Titles, ticks, colour bar and legend of a heatmap: what is drawn around the cells. Private to the heatmap's painting.
#pragma once

#include "heatmap_painter.h"

namespace patchbay::widgets {

/// NaN and Missing where the facet has no such entry.
double valueAt(const HeatmapFacet &facet, int row, int column);
CellState stateAt(const HeatmapFacet &facet, int row, int column);

/// One tick with the painter's font and pen; column ticks are written upwards where they are token texts.
void drawXTick(QPainter &painter, const HeatmapScene &scene, const FacetLayout &place, int column);
void drawYTick(QPainter &painter, const HeatmapScene &scene, const FacetLayout &place, int row);

/// Title, ticks and axis names of one facet.
void drawFacetFurniture(QPainter &painter, const HeatmapScene &scene, int index);

void drawColourBar(QPainter &painter, const HeatmapScene &scene);

/// The legend of cell states at the right end of the read-out line, with an entry only for states that are there.
/// Returns its width in pixels; draws nothing when painter is null.
int drawStateLegend(QPainter *painter, const HeatmapScene &scene);

} // namespace patchbay::widgets
