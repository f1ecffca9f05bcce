// Texts of the views: numbers with sign and unit, visible spaces, hover read-outs, axis ticks.
#pragma once

#include "views.h"

QT_BEGIN_NAMESPACE
class QFontMetrics;
QT_END_NAMESPACE

namespace patchbay::widgets {

/// value with a sign (U+2212 for minus), fixed decimals; "–" for what is no number.
QString signedNumber(double value, int decimals);

/// "+23.4 %" (one decimal) for percentages, three significant digits and the unit otherwise.
QString valueWithUnit(double value, const QString &unit);

/// A token with leading and inner spaces shown as "·", line feeds as "↵", tabs as "→".
QString visibleToken(const QString &token);

/// What of a text fits into a width: all of it, else without its last clauses (after "·", ";", ":" or ","), else
/// without its last words; an ellipsis only where not even the first word fits.
QString fittedText(const QFontMetrics &metrics, const QString &text, int width);

/// The name of a cell: "L9H6", or "L9 · token" where columns are positions, or "L9" for a single column.
QString cellName(const HeatmapView &view, const HeatmapFacet &facet, int row, int column);

/// "L9H6  +23.4 % (exact, ±1.2 bootstrap)"; with the facet's title before it when there are several facets.
QString cellReadout(const HeatmapView &view, int facet, int row, int column);

/// "98 % · 1–3": the same in a column; empty where it is not known.
QString standingColumn(const Standing &standing);
/// "top 10 in 98 % of resamples, rank 1 to 3"; empty where it is not known.
QString standingText(const Standing &standing, int top);

/// The head that a cell stands for: (row, column), or (row, -1) where columns are not heads.
HeadId cellHead(const HeatmapView &view, int row, int column);

/// Sums over the numbers of a facet's row or column; NaN when none is there.
double rowSum(const HeatmapFacet &facet, int row);
double columnSum(const HeatmapFacet &facet, int column);

/// Round tick values (steps of 1, 2, 2.5, 5 × 10^k) inside [from, to], at most `count` of them: those of QCustomPlot
/// (plot_ticker.h).
QVector<double> niceTicks(double from, double to, int count);

/// Decimals needed to print ticks that far apart.
int tickDecimals(double step);

/// Of a colour bar's tick: the number, or what the place is called (HeatmapView::valueNames).
QString barTickText(const HeatmapView &view, double tick, int decimals);

/// Tick label: minus as U+2212, no sign for positive numbers.
QString tickText(double value, int decimals);

} // namespace patchbay::widgets
