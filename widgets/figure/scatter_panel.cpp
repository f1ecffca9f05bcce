#include "marks.h"

#include "figure_font.h"
#include "theme.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>

namespace patchbay::widgets::figure {

namespace {

class ScatterPanel final : public Panel {
public:
    ScatterPanel(const ScatterView &view, const PanelStyle &style) : Panel(style), m_view(view)
    {
        QVector<double> xs, ys;
        for (const ScatterPoint &point : view.points) {
            xs << point.x;
            ys << point.y;
        }
        if (view.diagonal) {
            const QVector<double> both = xs + ys;
            xs = ys = both;
        }
        const int ticks = spec().width < 60 ? 4 : 6;
        m_x = axisFor(xs, ticks, false);
        m_y = axisFor(ys, ticks, false);
    }

    Margins margins(double width) const override
    {
        const double small = m_style.small();
        const double lastTick = m_x.ticks.isEmpty() ? 0 : textWidth(QStringLiteral("\u22120.00"), small) / 2;
        return {lineHeight(spec().points) + gap * 0.6 + widestTick(m_y, small) + tickLength + gap * 0.6,
                titleHeight(titleText(m_view.title), width) + legendHeight(), std::max(gap, lastTick * 0.6),
                tickLength + gap * 0.6 + lineHeight(small) + lineHeight(spec().points)};
    }
    double plotHeight(double plotWidth) const override
    {
        return m_view.diagonal ? std::min(plotWidth, 110.0) : std::min(plotWidth * 0.78, 90.0);
    }
    bool stretches() const override { return !m_view.diagonal; }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        const double small = m_style.small();
        const Margins m = margins(plot.width());
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top() - legendHeight(), outer.width());
        drawLegend(scene, plot.left(), plot.top());
        Axis x = m_x, y = m_y;
        x.at0 = plot.left();
        x.at1 = plot.right();
        y.at0 = plot.bottom();
        y.at1 = plot.top();
        if (m_view.zeroLines) {
            if (x.from < 0 && x.to > 0)
                scene.line({x(0), plot.top()}, {x(0), plot.bottom()}, faintInk, 0.18);
            if (y.from < 0 && y.to > 0)
                scene.line({plot.left(), y(0)}, {plot.right(), y(0)}, faintInk, 0.18);
        }
        if (m_view.diagonal) {
            const double low = std::max(x.from, y.from), high = std::min(x.to, y.to);
            scene.dashedLine({x(low), y(low)}, {x(high), y(high)}, greyInk, 0.18);
        }
        constexpr double radius = 0.75;
        LabelPlacer placer(plot.adjusted(0.3, 0.3, -0.3, -0.3), small);
        for (const ScatterPoint &point : m_view.points) {
            const QPointF at(x(point.x), y(point.y));
            // A white rim keeps points apart that lie on each other.
            scene.dot(at, radius + 0.14, Qt::white);
            scene.dot(at, radius, seriesColour(point.series, false));
            placer.avoid(QRectF(at - QPointF(radius, radius), QSizeF(2 * radius, 2 * radius)));
            const QString name = point.head.valid() ? label(point.head)
                : point.label.isEmpty()             ? m_view.series.value(point.series)
                                                    : point.label;
            scene.hover(QRectF(at - QPointF(1, 1), QSizeF(2, 2)),
                        QStringLiteral("%1  x %2, y %3").arg(name, signedNumber(point.x, 2), signedNumber(point.y, 2)));
        }
        for (const int index : strongest()) {
            const ScatterPoint &point = m_view.points[index];
            placer.place(scene, {x(point.x), y(point.y)}, radius,
                         point.label.isEmpty() ? label(point.head) : point.label);
        }
        scene.frame(plot, ink, hairline);
        drawXAxis(scene, x, plot.bottom(), small);
        drawYAxis(scene, y, plot.left(), small);
        const double xLabelY =
            plot.bottom() + tickLength + gap * 0.6 + lineHeight(small) + capHeight(spec().points) + gap * 0.2;
        const FittedText xName = fitted(m_view.xLabel, spec().points, plot.width() + m.right * 2),
                         yName = fitted(m_view.yLabel, spec().points, plot.height() * 1.2);
        scene.text({plot.center().x(), xLabelY}, xName.lines.value(0), xName.points, Align::Centre);
        scene.text({plot.left() - m.left + capHeight(spec().points) + gap * 0.2, plot.center().y()},
                   yName.lines.value(0), yName.points, Align::Centre, ink, false, 90);
    }

private:
    double legendHeight() const { return m_view.series.size() > 1 ? lineHeight(m_style.small()) + gap * 0.4 : 0; }

    void drawLegend(Scene &scene, double left, double bottom) const
    {
        if (m_view.series.size() < 2)
            return;
        const double small = m_style.small();
        for (int i = 0; i < m_view.series.size(); ++i) {
            const double y = bottom - gap * 0.6 - capHeight(small) / 2;
            scene.dot({left + 0.8, y}, 0.8, seriesColour(i, false));
            textAtMiddle(scene, {left + 2.2, y}, m_view.series[i], small, Align::Left);
            left += 2.2 + textWidth(m_view.series[i], small) + gap * 3;
        }
    }

    /// Indices of the points furthest from the origin, each axis in its own scale.
    QVector<int> strongest() const
    {
        const int wanted = spec().topLabels < 0 ? 8 : spec().topLabels;
        QVector<std::pair<double, int>> order;
        for (int i = 0; i < m_view.points.size(); ++i) {
            const ScatterPoint &point = m_view.points[i];
            if (!point.head.valid() && point.label.isEmpty())
                continue;
            order << std::pair{-std::hypot(point.x / (m_x.to - m_x.from), point.y / (m_y.to - m_y.from)), i};
        }
        std::sort(order.begin(), order.end());
        QVector<int> indices;
        for (const auto &[distance, index] : order.mid(0, wanted))
            indices << index;
        return indices;
    }

    ScatterView m_view;
    Axis m_x, m_y;
};

} // namespace

std::unique_ptr<Panel> makeScatterPanel(const ScatterView &view, const PanelStyle &style)
{
    return std::make_unique<ScatterPanel>(view, style);
}

} // namespace patchbay::widgets::figure
