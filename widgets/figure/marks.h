// Pieces that several panels draw the same way: axes, colour bars, labels that keep out of each other's way.
#pragma once

#include "panel.h"

#include <functional>
#include <utility>

namespace patchbay::widgets::figure {

/// A value axis: data range → mm.
struct Axis {
    double from = 0, to = 1; ///< data
    double at0 = 0, at1 = 1; ///< mm of from and to
    QVector<double> ticks;
    int decimals = 0;
    double operator()(double value) const { return at0 + (value - from) / (to - from) * (at1 - at0); }
};
/// Range of the values, widened to whole ticks where that costs little, with room at the ends. Never empty.
Axis axisFor(const QVector<double> &values, int tickCount, bool includeZero);

double widestTick(const Axis &axis, double points);
void drawXAxis(Scene &scene, const Axis &axis, double y, double points);
void drawYAxis(Scene &scene, const Axis &axis, double x, double points);

/// A vertical scale. Only the part of the range that the data uses is drawn when all values have one sign.
struct ColourBar {
    double from = -1, to = 1;
    QString label;
    std::function<QColor(double)> colour;
    double points = 7;
    QStringList names = {}; ///< of places, in place of numbers (HeatmapView::valueNames)
    /// The label in lines that stand beside one another, none longer than room (mm) unless a word is.
    QStringList labelLines(double room) const;
    double width(double room) const; ///< mm, with ticks and label, from its left edge
    double overhang() const;         ///< mm that the outermost ticks' numbers stick out above and below the bar
    /// room: from where to where the label may reach, mm down the sheet; lines: as many as width() made room for.
    void draw(Scene &scene, double left, double top, double height, std::pair<double, double> room,
              qsizetype lines) const;

private:
    QVector<double> ticks(int count = 5) const;
    QString tickName(double tick, int decimals) const;
};

/// Text with its middle at y.
void textAtMiddle(Scene &scene, QPointF at, const QString &text, double points, Align align, const QColor &colour = ink,
                  bool bold = false);

/// A label that is never cut: in lines within a room, in smaller type only where that many lines do not hold it.
struct FittedText {
    QStringList lines;
    double points = 8;
};
FittedText fitted(const QString &text, double points, double room, qsizetype lines = 1);

/// Places labels beside points so that they overlap neither one another nor (where avoidable) a point.
class LabelPlacer {
public:
    LabelPlacer(const QRectF &area, double points) : m_area(area), m_points(points) { }
    void avoid(const QRectF &rect) { m_taken << rect; }
    /// Draws the label near `at`, `distance` mm off, with a thin leader where it had to go far; leaves it out when
    /// there is no room.
    bool place(Scene &scene, QPointF at, double distance, const QString &text, const QColor &colour = ink);

private:
    QRectF m_area;
    double m_points;
    QVector<QRectF> m_taken, m_labels;
};

} // namespace patchbay::widgets::figure
