#include "marks.h"

#include "figure_font.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>

namespace patchbay::widgets::figure {

Axis axisFor(const QVector<double> &values, int tickCount, bool includeZero)
{
    double low = includeZero ? 0 : std::numeric_limits<double>::infinity();
    double high = includeZero ? 0 : -std::numeric_limits<double>::infinity();
    for (const double value : values) {
        if (std::isfinite(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (!(high >= low))
        low = 0, high = 1;
    if (high == low) {
        const double room = low == 0 ? 1 : std::abs(low) * 0.5;
        low -= room;
        high += room;
    }
    const double room = (high - low) * 0.06;
    Axis axis;
    axis.from = includeZero && low == 0 ? 0 : low - room;
    axis.to = includeZero && high == 0 ? 0 : high + room;
    axis.ticks = niceTicks(axis.from, axis.to, tickCount);
    axis.decimals = axis.ticks.size() > 1 ? tickDecimals(axis.ticks[1] - axis.ticks[0]) : 1;
    return axis;
}

double widestTick(const Axis &axis, double points)
{
    double widest = 0;
    for (const double tick : axis.ticks)
        widest = std::max(widest, textWidth(tickText(tick, axis.decimals), points));
    return widest;
}

void textAtMiddle(Scene &scene, QPointF at, const QString &text, double points, Align align, const QColor &colour,
                  bool bold)
{
    scene.text(at + QPointF(0, capHeight(points) / 2), text, points, align, colour, bold);
}

void drawXAxis(Scene &scene, const Axis &axis, double y, double points)
{
    for (const double tick : axis.ticks) {
        const double x = axis(tick);
        scene.line({x, y}, {x, y + tickLength}, ink, hairline);
        scene.text({x, y + tickLength + gap * 0.6 + capHeight(points)}, tickText(tick, axis.decimals), points,
                   Align::Centre);
    }
}

void drawYAxis(Scene &scene, const Axis &axis, double x, double points)
{
    for (const double tick : axis.ticks) {
        const double y = axis(tick);
        scene.line({x - tickLength, y}, {x, y}, ink, hairline);
        textAtMiddle(scene, {x - tickLength - gap * 0.6, y}, tickText(tick, axis.decimals), points, Align::Right);
    }
}

namespace {

constexpr double barWidth = 2.4;

double longest(const QStringList &lines, double points)
{
    double width = 0;
    for (const QString &line : lines)
        width = std::max(width, textWidth(line, points));
    return width;
}

/// Wrapped, with a unit in brackets on the line of the word before it.
QStringList unitKept(QString text, double points, double room)
{
    const qsizetype unit = text.lastIndexOf(QLatin1String(" ("));
    constexpr QChar noBreak(0x00a0);
    if (unit > 0 && text.endsWith(QLatin1Char(')')))
        text[unit] = noBreak;
    QStringList lines = wrapped(text, points, false, room);
    return lines.replaceInStrings(QString(noBreak), QStringLiteral(" "));
}

} // namespace

FittedText fitted(const QString &text, double points, double room, qsizetype lines)
{
    FittedText fit{unitKept(text, points, room), points};
    while (fit.points > 2
           && (fit.lines.size() > std::max<qsizetype>(1, lines) || longest(fit.lines, fit.points) > room + 0.01)) {
        fit.points -= 0.25;
        fit.lines = unitKept(text, fit.points, room);
    }
    return fit;
}

QVector<double> ColourBar::ticks(int count) const
{
    return niceTicks(from, to, count);
}

QString ColourBar::tickName(double tick, int decimals) const
{
    if (names.isEmpty())
        return tickText(tick, decimals);
    return tick == std::floor(tick) && tick >= 0 ? names.value(int(tick)) : QString();
}

QStringList ColourBar::labelLines(double room) const
{
    return label.isEmpty() ? QStringList() : unitKept(label, points, room);
}

double ColourBar::width(double room) const
{
    const QVector<double> marks = ticks();
    const int decimals = marks.size() > 1 ? tickDecimals(marks[1] - marks[0]) : 1;
    double widest = 0;
    for (const double tick : marks)
        widest = std::max(widest, textWidth(tickName(tick, decimals), points));
    const qsizetype lines = labelLines(room).size();
    return barWidth + tickLength + gap * 0.6 + widest + (lines > 0 ? gap + double(lines) * lineHeight(points) : 0);
}

double ColourBar::overhang() const
{
    return capHeight(points) / 2 + 0.15;
}

void ColourBar::draw(Scene &scene, double left, double top, double height, std::pair<double, double> room,
                     qsizetype lines) const
{
    // Steps of a third of a millimetre or finer: no print shows them, and it stays a handful of vector rectangles.
    const int steps = std::clamp(int(std::ceil(height * 3)), 32, 256);
    const double step = height / steps;
    for (int i = 0; i < steps; ++i) {
        const double value = to - (i + 0.5) / steps * (to - from);
        scene.rect(QRectF(left, top + i * step, barWidth, i + 1 < steps ? step * 1.5 : step), colour(value));
    }
    scene.frame(QRectF(left, top, barWidth, height), ink, hairline);
    // As many as stand clear of one another.
    QVector<double> marks = ticks();
    for (int count = 4;
         count >= 1 && marks.size() > 2 && (marks[1] - marks[0]) / (to - from) * height < lineHeight(points); --count)
        marks = ticks(count);
    if (marks.size() > 2 && (marks[1] - marks[0]) / (to - from) * height < lineHeight(points))
        marks = {marks.front(), marks.back()};
    const int decimals = marks.size() > 1 ? tickDecimals(marks[1] - marks[0]) : 1;
    double widest = 0;
    for (const double tick : marks) {
        const double y = top + (to - tick) / (to - from) * height;
        const QString text = tickName(tick, decimals);
        scene.line({left + barWidth, y}, {left + barWidth + tickLength, y}, ink, hairline);
        textAtMiddle(scene, {left + barWidth + tickLength + gap * 0.6, y}, text, points, Align::Left);
        widest = std::max(widest, textWidth(text, points));
    }
    if (label.isEmpty())
        return;
    const FittedText text = fitted(label, points, room.second - room.first, lines);
    const double half = longest(text.lines, text.points) / 2;
    const double middle = std::max(room.first + half, std::min(top + height / 2, room.second - half));
    double x = left + barWidth + tickLength + gap * 1.6 + widest + capHeight(text.points);
    for (const QString &line : text.lines) {
        scene.text({x, middle}, line, text.points, Align::Centre, ink, false, 90);
        x += lineHeight(text.points);
    }
}

bool LabelPlacer::place(Scene &scene, QPointF at, double distance, const QString &text, const QColor &colour)
{
    const double width = textWidth(text, m_points), height = capHeight(m_points) * 1.25;
    const double d = distance + 0.3;
    // Beside, above, below, at the corners; then the same further out, with a leader.
    QVector<QPointF> corners;
    for (const double reach : {d, d + 2.2, d + 4.5}) {
        const double diagonal = reach * 0.7;
        corners << QPointF(reach, -height / 2) << QPointF(-reach - width, -height / 2)
                << QPointF(-width / 2, -reach - height) << QPointF(-width / 2, reach)
                << QPointF(diagonal, -diagonal - height) << QPointF(-diagonal - width, -diagonal - height)
                << QPointF(diagonal, diagonal) << QPointF(-diagonal - width, diagonal);
    }
    const auto clashes = [](const QVector<QRectF> &taken, const QRectF &box) {
        return std::count_if(taken.begin(), taken.end(), [&](const QRectF &other) { return other.intersects(box); });
    };
    int best = -1;
    qsizetype bestClashes = 1000;
    for (int i = 0; i < corners.size(); ++i) {
        const QRectF box(at + corners[i], QSizeF(width, height));
        if (!m_area.contains(box) || clashes(m_labels, box.adjusted(-0.4, -0.2, 0.4, 0.2)))
            continue;
        const qsizetype covered = clashes(m_taken, box);
        if (covered < bestClashes) {
            best = i;
            bestClashes = covered;
            if (covered == 0)
                break;
        }
    }
    if (best < 0)
        return false;
    const QRectF box(at + corners[best], QSizeF(width, height));
    if (best >= 8) {
        const QPointF near(std::clamp(at.x(), box.left(), box.right()), std::clamp(at.y(), box.top(), box.bottom()));
        const QPointF way = near - at;
        const double length = std::hypot(way.x(), way.y());
        scene.line(at + way * std::min(1.0, distance / length), near - way * std::min(0.5, 0.25 / length), greyInk,
                   hairline);
    }
    m_labels << box;
    scene.text({box.left(), box.bottom() - (height - capHeight(m_points)) / 2}, text, m_points, Align::Left, colour);
    return true;
}

} // namespace patchbay::widgets::figure
