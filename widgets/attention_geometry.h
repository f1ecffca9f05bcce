// Where everything of an attention matrix lies, at any zoom and scroll position; plain, testable without a window.
#pragma once

#include <QRect>
#include <QRectF>
#include <QVector>

namespace patchbay::widgets {

/// Space around the matrix, in pixels.
struct AttentionFrame {
    int left = 60;   ///< row labels
    int top = 60;    ///< column labels, with the title above
    int right = 50;  ///< colour bar
    int bottom = 24; ///< read-out
};

struct AttentionGeometry {
    int size = 0;    ///< tokens
    double cell = 1; ///< pixels per cell
    QRect area;      ///< where the matrix may be seen (the rest is labels)
    QPoint scroll;   ///< matrix pixels hidden to the left and above

    /// The matrix' visible part on the screen.
    QRect visible() const;
    /// The visible part in cells, for renderPattern.
    QRectF visibleCells() const;
    QRect cellRect(int row, int column) const; ///< may lie outside `area`
    int rowAt(int y) const;                    ///< -1 outside
    int columnAt(int x) const;
    int extent() const; ///< pixels of the whole matrix
};

/// The largest cell with which the matrix fits: whole pixels from 4 up, at most 56.
double fittingCell(int size, QSize area);

/// Geometry in a viewport; cell 0: fitted. Scroll is clamped to what is there.
AttentionGeometry layoutAttention(int size, QSize viewport, const AttentionFrame &frame, double cell, QPoint scroll);

/// Which of `count` labels to write when they are `spacing` apart and `line` high: the important ones first, the rest
/// evenly thinned, never two that touch. [count] of true / false.
QVector<bool> thinLabels(int count, double spacing, int line, const QVector<int> &important);

} // namespace patchbay::widgets
