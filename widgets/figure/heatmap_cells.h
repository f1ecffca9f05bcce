// Cells of a printed heatmap that are no plain colour, and the legend that says what they are.
#pragma once

#include "panel.h"

namespace patchbay::widgets::figure {

enum class CellLook { Estimated, Missing, Undefined, Masked, Noise };

/// `filled` reaches a little under the next cells, `rect` is the cell itself, both in mm.
/// Stroked once where nothing is known, crossed where there is no such number.
void drawEmpty(Scene &scene, const QRectF &rect, const QRectF &filled, bool undefined);
/// Grey with stripes: no value looks like that, in print without colour either.
void drawMasked(Scene &scene, const QRectF &rect, const QRectF &filled);
/// The corner of an estimate on a cell of that colour.
void drawEstimate(Scene &scene, const QRectF &rect, const QColor &colour);
/// Plain grey, of values within noise.
QColor noiseColour();

/// A legend's entries in lines no wider than width (mm).
QVector<QVector<CellLook>> entryLines(const QVector<CellLook> &looks, double points, double width);
/// Draws them from the left of `outer`, the last line at `bottom`.
void drawCellLegend(Scene &scene, const QVector<CellLook> &looks, double points, const QRectF &outer, double bottom);

} // namespace patchbay::widgets::figure
