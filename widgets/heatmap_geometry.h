// Where everything of a heatmap lies: plain structs, computed from a size and font measures, testable without a window.
#pragma once

#include "views.h"

#include <QRect>
#include <QSize>

QT_BEGIN_NAMESPACE
class QFont;
QT_END_NAMESPACE

namespace patchbay::widgets {

/// A cell of one facet.
struct CellRef {
    int facet = -1, row = -1, column = -1;
    bool valid() const { return facet >= 0 && row >= 0 && column >= 0; }
    bool operator==(const CellRef &) const = default;
};

/// What the layout needs to know about the font, in pixels.
struct HeatmapMetrics {
    int line = 14;       ///< height of a line of tick text
    int titleLine = 17;  ///< height of a line of title text
    int digit = 7;       ///< width of a digit of tick text
    int widestTick = 0;  ///< width of the widest of the view's xTicks
    int widestRow = 0;   ///< the same of its yTicks
    int barText = 40;    ///< width of the widest colour bar tick
    QSize value{21, 16}; ///< the smallest cell that holds its value; empty: none does
    static HeatmapMetrics of(const QFont &font, const HeatmapView &view);
};

/// How values are written into cells.
struct CellText {
    int decimals = -1; ///< -1: there is no room
    double size = 0;   ///< of the widget's font
};
/// For cells of a size: a little smaller before there are fewer decimals, and both before they go.
CellText cellText(const QFont &font, const HeatmapView &view, QSize cell);

/// One facet: title, cells, tick lanes, and the margins with sums (empty rectangles where not shown).
struct FacetLayout {
    int rows = 0, columns = 0;
    QRect title, cells, xTicks, yTicks, rowSums, columnSums;
    int xTickStep = 1, yTickStep = 1; ///< every how many columns / rows a tick is written
    QVector<int> xEdges, yEdges;      ///< [columns + 1], [rows + 1] pixel edges

    QRect cellRect(int row, int column) const;
    int rowAt(int y) const;    ///< -1 outside
    int columnAt(int x) const; ///< -1 outside
};

struct HeatmapLayout {
    QRect title, readout, colourBar, colourLabel;
    QVector<FacetLayout> facets;
    bool rotatedTicks = false; ///< column ticks are token texts, written upwards

    CellRef cellAt(QPoint point) const;
    QRect cellRect(const CellRef &cell) const;
    /// The cells that a rubber band touches, as the two corners of a block in one facet (the one the band starts in).
    bool cellsIn(const QRect &band, QPoint start, CellRef *from, CellRef *to) const;
};

/// Lays out a view in `size`; margins: with row and column sums where there is room.
HeatmapLayout layoutHeatmap(const HeatmapView &view, QSize size, const HeatmapMetrics &metrics, bool margins);

/// Smallest of 1, 2, 5 × 10^k that keeps labels of `labelSize` apart when marks are `spacing` pixels apart.
int tickStep(double spacing, int labelSize);

} // namespace patchbay::widgets
