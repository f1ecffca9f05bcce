#include "marks.h"

#include "colour_map.h"
#include "figure_font.h"
#include "lines_geometry.h"
#include "theme.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay::widgets::figure {

namespace {

constexpr double lineWidth = 0.35, dot = 0.5, labelGap = 1.2;

/// Lines with their intervals, or bands on top of one another, over the steps of a series; named at their ends.
class LinesPanel final : public Panel {
public:
    LinesPanel(const LinesView &view, const PanelStyle &style)
        : Panel(style), m_view(view), m_places(stepPlaces(view)), m_edges(stepEdges(view))
    {
        m_y = axisFor(valueEnds(view), spec().width < 60 ? 4 : 6, true);
        if (view.stacked)
            m_y.from = 0;
        if (!m_places.isEmpty()) {
            const double first = view.stacked ? m_edges.front() : m_places.front(),
                         last = view.stacked ? m_edges.back() : m_places.back();
            const double air = view.stacked ? 0 : std::max(1e-9, (last - first) * 0.02);
            m_x.from = first - air;
            m_x.to = last > first ? last + air : first + 1;
        }
        for (const Line &line : view.lines)
            m_names = std::max(m_names, textWidth(line.label, style.small()));
    }

    Margins margins(double width) const override
    {
        const double small = m_style.small();
        return {lineHeight(spec().points) + gap * 0.6 + widestTick(m_y, small) + tickLength + gap * 0.6,
                titleHeight(titleText(m_view.title), width) + gap, m_names + labelGap + gap,
                tickLength + gap * 0.6 + lineHeight(small) + lineHeight(spec().points) + noteHeight()};
    }
    double plotHeight(double plotWidth) const override { return std::min(plotWidth * 0.62, 70.0); }
    bool stretches() const override { return true; }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        const double small = m_style.small();
        const Margins m = margins(outer.width());
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top() - gap, outer.width());
        Axis x = m_x, y = m_y;
        x.at0 = plot.left();
        x.at1 = plot.right();
        y.at0 = plot.bottom();
        y.at1 = plot.top();
        for (int step = 0; step < m_view.gaps.size() && step + 1 < m_edges.size(); ++step)
            if (!m_view.gaps[step].isEmpty()) {
                const double left = std::max(plot.left(), x(m_edges[step])),
                             right = std::min(plot.right(), x(m_edges[step + 1]));
                const QRectF slab(left, plot.top(), right - left, plot.height());
                scene.rect(slab, QColor(0xee, 0xee, 0xee));
                scene.hover(slab, m_view.names.value(step) + QStringLiteral(": ") + m_view.gaps[step]);
            }
        if (y.from < 0 && y.to > 0)
            scene.line({plot.left(), y(0)}, {plot.right(), y(0)}, faintInk, 0.18);
        if (m_view.stacked)
            drawBands(scene, x, y);
        else
            drawLines(scene, x, y);
        scene.frame(plot, ink, hairline);
        for (const StepTick &tick : stepTicks(m_view, x.from, x.to, std::clamp(int(plot.width() / 12), 2, 10))) {
            scene.line({x(tick.at), plot.bottom()}, {x(tick.at), plot.bottom() + tickLength}, ink, hairline);
            scene.text({x(tick.at), plot.bottom() + tickLength + gap * 0.6 + capHeight(small)}, tick.text, small,
                       Align::Centre);
        }
        drawYAxis(scene, y, plot.left(), small);
        drawNames(scene, plot, y);
        const double labelY =
            plot.bottom() + tickLength + gap * 0.6 + lineHeight(small) + capHeight(spec().points) + gap * 0.2;
        scene.text({plot.center().x(), labelY}, m_view.xLabel, spec().points, Align::Centre);
        const FittedText name = fitted(m_view.yLabel, spec().points, plot.height() * 1.15);
        scene.text({plot.left() - m.left + capHeight(spec().points) + gap * 0.2, plot.center().y()},
                   name.lines.value(0), name.points, Align::Centre, ink, false, 90);
        if (noteHeight() > 0)
            scene.text({plot.left(), labelY + lineHeight(small)}, QStringLiteral("Grey: no result there"), small,
                       Align::Left, greyInk);
    }

private:
    double noteHeight() const
    {
        const bool gaps = std::any_of(m_view.gaps.begin(), m_view.gaps.end(),
                                      [](const QString &reason) { return !reason.isEmpty(); });
        return gaps ? lineHeight(m_style.small()) : 0;
    }

    /// Intervals of all lines lie under all lines: none hides another.
    void drawLines(Scene &scene, const Axis &x, const Axis &y) const
    {
        for (const bool intervals : {true, false})
            for (int i = 0; i < m_view.lines.size(); ++i)
                drawLine(scene, x, y, i, intervals);
    }

    void drawLine(Scene &scene, const Axis &x, const Axis &y, int i, bool intervals) const
    {
        const Line &line = m_view.lines[i];
        const QColor colour = seriesColour(i, false);
        for (int first = 0; first < m_places.size();) {
            QPolygonF middle, low, high;
            int step = first;
            for (; step < m_places.size() && std::isfinite(line.values.value(step, none)); ++step) {
                const double half = line.halfWidth.value(step, 0), value = line.values[step];
                middle << QPointF(x(m_places[step]), y(value));
                low << QPointF(x(m_places[step]), y(value - (std::isfinite(half) ? half : 0)));
                high << QPointF(x(m_places[step]), y(value + (std::isfinite(half) ? half : 0)));
                if (!intervals)
                    scene.hover(QRectF(middle.back() - QPointF(1, 1), QSizeF(2, 2)), lineReadout(m_view, i, step));
            }
            first = std::max(step, first + 1);
            if (intervals && !line.halfWidth.isEmpty() && middle.size() > 1) {
                std::reverse(low.begin(), low.end());
                scene.polygon(high + low, mixed(Qt::white, colour, 0.22));
            }
            if (intervals)
                continue;
            if (middle.size() > 1)
                scene.marks << PathMark{middle, colour, lineWidth, {}, false};
            for (const QPointF &at : std::as_const(middle))
                scene.dot(at, dot, colour);
        }
    }

    void drawBands(Scene &scene, const Axis &x, const Axis &y) const
    {
        const QVector<QVector<double>> tops = bandTops(m_view);
        for (int i = 0; i < tops.size(); ++i)
            for (int step = 0; step < m_places.size(); ++step) {
                const double below = i > 0 ? tops[i - 1][step] : 0;
                if (!std::isfinite(tops[i][step]) || tops[i][step] <= below)
                    continue;
                const QRectF slab(QPointF(x(m_edges[step]), y(tops[i][step])), QPointF(x(m_edges[step + 1]), y(below)));
                scene.rect(slab, mixed(seriesColour(i, false), Qt::white, 0.25));
                scene.hover(slab, lineReadout(m_view, i, step));
            }
    }

    void drawNames(Scene &scene, const QRectF &plot, const Axis &y) const
    {
        const double small = m_style.small(), each = lineHeight(small) * 0.95;
        const QVector<QVector<double>> tops = m_view.stacked ? bandTops(m_view) : QVector<QVector<double>>();
        QVector<double> wanted;
        QVector<int> named;
        for (int i = 0; i < m_view.lines.size(); ++i) {
            const int last = lastStep(m_view.lines[i]);
            if (last < 0)
                continue;
            const double value = m_view.lines[i].values[last];
            named << i;
            wanted << std::clamp(y(m_view.stacked ? tops[i][last] - value / 2 : value), plot.top(), plot.bottom());
        }
        const QVector<double> places = spread(wanted, each, plot.top() + each / 2, plot.bottom() - each / 2);
        for (int i = 0; i < named.size(); ++i)
            textAtMiddle(scene, {plot.right() + labelGap, places[i]}, m_view.lines[named[i]].label, small, Align::Left,
                         mixed(seriesColour(named[i], false), ink, 0.25));
    }

    static constexpr double none = std::numeric_limits<double>::quiet_NaN();
    LinesView m_view;
    QVector<double> m_places, m_edges;
    Axis m_x, m_y;
    double m_names = 0;
};

} // namespace

std::unique_ptr<Panel> makeLinesPanel(const LinesView &view, const PanelStyle &style)
{
    return std::make_unique<LinesPanel>(view, style);
}

} // namespace patchbay::widgets::figure
