#include "view_text.h"

#include <QFontMetrics>
#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay::widgets {

QString signedNumber(double value, int decimals)
{
    if (!std::isfinite(value))
        return QStringLiteral("–");
    const QString digits = QString::number(std::abs(value), 'f', decimals);
    // A value that rounds to zero has no sign.
    const bool zero = std::all_of(digits.begin(), digits.end(), [](QChar c) { return c == '0' || c == '.'; });
    return zero ? digits : (value < 0 ? QChar(0x2212) : QChar('+')) + digits;
}

QString valueWithUnit(double value, const QString &unit)
{
    if (unit == QLatin1String("%"))
        return signedNumber(value, 1) + QStringLiteral(" %");
    const double size = std::abs(value);
    const int decimals = !std::isfinite(value) || size >= 100 ? 1 : size >= 1 || size == 0 ? 2 : 3;
    return signedNumber(value, decimals) + (unit.isEmpty() ? QString() : ' ' + unit);
}

QString visibleToken(const QString &token)
{
    QString text;
    text.reserve(token.size());
    for (QChar c : token) {
        if (c == ' ')
            text += QChar(0x00b7);
        else if (c == '\n')
            text += QChar(0x21b5);
        else if (c == '\t')
            text += QChar(0x2192);
        else if (c != '\r')
            text += c;
    }
    return text;
}

QString fittedText(const QFontMetrics &metrics, const QString &text, int width)
{
    const auto fits = [&](const QString &part) { return metrics.horizontalAdvance(part) <= width; };
    if (fits(text))
        return text;
    static const QRegularExpression ends(QStringLiteral("\\s+·|[;:,](?=\\s)|\\s+\\(|\\s"));
    const auto longest = [&](bool clausesOnly) {
        QString best;
        for (QRegularExpressionMatchIterator it = ends.globalMatch(text); it.hasNext();) {
            const QRegularExpressionMatch end = it.next();
            const QString part = text.left(end.capturedStart());
            if (!part.isEmpty() && fits(part) && (!clausesOnly || !end.captured().trimmed().isEmpty()))
                best = part;
        }
        return best;
    };
    // A clause that leaves most of the room empty says less than some words more.
    const QString clause = longest(true), words = longest(false);
    if (2 * metrics.horizontalAdvance(clause) >= width)
        return clause;
    return words.isEmpty() ? metrics.elidedText(text, Qt::ElideRight, width) : words;
}

QString cellName(const HeatmapView &view, const HeatmapFacet &facet, int row, int column)
{
    if (view.columnsAreHeads)
        return label(HeadId{row, column});
    if (row < view.yTicks.size())
        return view.yTicks[row] + QStringLiteral(" → ") + view.xTicks.value(column, QString::number(column));
    const QString layer = label(HeadId{row, -1});
    if (facet.columns <= 1)
        return layer;
    const QString place = column < view.xTicks.size() ? visibleToken(view.xTicks[column]) : QString::number(column);
    return layer + QStringLiteral(" · ") + place;
}

QString standingColumn(const Standing &standing)
{
    if (!standing.known())
        return {};
    const QString rank = standing.bestRank == standing.worstRank
        ? QString::number(standing.bestRank)
        : QStringLiteral("%1\u2013%2").arg(standing.bestRank).arg(standing.worstRank);
    return QStringLiteral("%1 % \u00b7 %2").arg(QString::number(standing.amongTop * 100, 'f', 0), rank);
}

QString standingText(const Standing &standing, int top)
{
    if (!standing.known())
        return {};
    const QString rank = standing.bestRank == standing.worstRank
        ? QString::number(standing.bestRank)
        : QStringLiteral("%1 to %2").arg(standing.bestRank).arg(standing.worstRank);
    return QStringLiteral("top %1 in %2 % of resamples, rank %3")
        .arg(top)
        .arg(standing.amongTop * 100, 0, 'f', 0)
        .arg(rank);
}

QString cellReadout(const HeatmapView &view, int facetIndex, int row, int column)
{
    if (facetIndex < 0 || facetIndex >= view.facets.size())
        return {};
    const HeatmapFacet &facet = view.facets[facetIndex];
    if (row < 0 || row >= facet.rows || column < 0 || column >= facet.columns)
        return {};
    const qsizetype cell = qsizetype(row) * facet.columns + column;
    const double value = cell < facet.values.size() ? facet.values[cell] : std::numeric_limits<double>::quiet_NaN();
    CellState state = cell < facet.states.size() ? facet.states[cell] : CellState::Exact;
    if (std::isnan(value) && state != CellState::Undefined)
        state = CellState::Missing;

    QString text = cellName(view, facet, row, column) + QStringLiteral("  ");
    if (state == CellState::Missing) {
        text += QStringLiteral("not yet computed");
    } else if (state == CellState::Undefined) {
        text += QStringLiteral("not defined");
    } else if (!view.valueNames.isEmpty()) {
        text += view.valueNames.value(int(value));
    } else {
        text += valueWithUnit(value, view.unit) + QStringLiteral(" (")
            + (state == CellState::Exact ? QStringLiteral("exact") : QStringLiteral("estimate"));
        const double half = cell < facet.halfWidth.size() ? facet.halfWidth[cell] : 0;
        if (half > 0)
            text += QStringLiteral(", ±%1 bootstrap").arg(half, 0, 'f', view.unit == QLatin1String("%") ? 1 : 2);
        if (facet.withinNoise(cell))
            text += QStringLiteral(", within noise");
        if (const QString standing = standingText(facet.standings.value(cell), view.top); !standing.isEmpty())
            text += QStringLiteral(", ") + standing;
        text += ')';
    }
    if (view.isMasked(row, column))
        text += QStringLiteral(" \u00b7 masked");
    return view.facets.size() > 1 && !facet.title.isEmpty() ? facet.title + QStringLiteral(":  ") + text : text;
}

HeadId cellHead(const HeatmapView &view, int row, int column)
{
    return view.columnsAreHeads ? HeadId{row, column} : HeadId{row, -1};
}

static double sumOfCells(const HeatmapFacet &facet, int first, int stride, int count)
{
    double sum = 0;
    bool any = false;
    for (int i = 0; i < count; ++i) {
        const qsizetype cell = first + qsizetype(i) * stride;
        if (cell < facet.values.size() && std::isfinite(facet.values[cell])) {
            sum += facet.values[cell];
            any = true;
        }
    }
    return any ? sum : std::numeric_limits<double>::quiet_NaN();
}

double rowSum(const HeatmapFacet &facet, int row)
{
    return sumOfCells(facet, row * facet.columns, 1, facet.columns);
}

double columnSum(const HeatmapFacet &facet, int column)
{
    return sumOfCells(facet, column, facet.columns, facet.rows);
}

int tickDecimals(double step)
{
    for (int decimals = 0; decimals < 12; ++decimals) {
        const double scaled = std::abs(step) * std::pow(10, decimals);
        if (scaled >= 1 - 1e-9 && std::abs(scaled - std::round(scaled)) < 1e-6)
            return decimals;
    }
    return 12;
}

QString tickText(double value, int decimals)
{
    const QString text = signedNumber(value, decimals);
    return text.startsWith('+') ? text.mid(1) : text;
}

QString barTickText(const HeatmapView &view, double tick, int decimals)
{
    if (view.valueNames.isEmpty())
        return tickText(tick, decimals);
    return tick == std::floor(tick) && tick >= 0 ? view.valueNames.value(int(tick)) : QString();
}

} // namespace patchbay::widgets
