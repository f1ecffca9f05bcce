// Draws a laid-out heatmap: the part that follows the data, and the part that follows the pointer and the selection.
#pragma once

#include "heatmap_geometry.h"
#include "theme.h"

#include <QFont>
#include <QVector>

QT_BEGIN_NAMESPACE
class QPainter;
QT_END_NAMESPACE

namespace patchbay::widgets {

/// What a heatmap is drawn from; refers to the widget's own values for the duration of a paint.
struct HeatmapScene {
    const HeatmapView &view;
    const HeatmapLayout &layout;
    Theme theme;
    QFont font;
    ColourMap map = ColourMap::RdBu;
    double limit = 1;
    bool cellTexts = true; ///< values in cells where they fit
    bool gaps = true;      ///< hairlines between cells where cells are large enough
};

/// What changes without new data.
struct HeatmapMarks {
    CellRef hover;            ///< crosshair, shown at the same cell of every facet
    QVector<HeadId> selected; ///< as (row, column)
    HeadId current;           ///< where the keyboard is, as (row, column)
    QRect band;               ///< rubber band or empty
    QString readout;
    bool readoutIsHint = false;
};

/// Colour of a cell as drawn: estimates lighter, values within noise grey. Missing cells have no colour of their own,
/// and masked ones that of fillMasked().
QColor cellColour(const HeatmapScene &scene, double value, CellState state, bool noise = false);

/// A masked cell: grey with stripes, which no value looks like, in whatever colours somebody sees.
void fillMasked(QPainter &painter, const HeatmapScene &scene, const QRect &rect);

/// Everything but marks, restricted to `clip`.
void paintHeatmap(QPainter &painter, const HeatmapScene &scene, const QRect &clip);

/// Crosshair, selection, rubber band and the read-out line.
void paintHeatmapMarks(QPainter &painter, const HeatmapScene &scene, const HeatmapMarks &marks);

} // namespace patchbay::widgets
