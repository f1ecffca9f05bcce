#include "marks.h"

#include "colour_map.h"
#include "figure_font.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>

namespace patchbay::widgets::figure {

namespace {

/// Lying bars, strongest on top, with intervals and the total below.
class BarsPanel final : public Panel {
public:
    BarsPanel(const BarsView &view, const PanelStyle &style) : Panel(style), m_view(view)
    {
        QVector<double> ends;
        for (const Bar &bar : view.bars) {
            ends << bar.value - bar.halfWidth << bar.value + bar.halfWidth;
            m_names = std::max(m_names, textWidth(nameOf(bar), style.small()));
            m_largest = std::isnan(bar.value) ? m_largest : std::max(m_largest, std::abs(bar.value));
        }
        for (const Bar &bar : view.bars)
            m_numbers = std::max(m_numbers, textWidth(number(bar), style.small()));
        for (const Bar &bar : view.bars)
            m_standings = std::max(m_standings, textWidth(standingColumn(bar.standing), style.small()));
        if (m_standings > 0)
            m_standings = std::max(m_standings, textWidth(heading(), style.small()));
        m_axis = axisFor(ends, spec().width < 60 ? 4 : 6, true);
    }

    Margins margins(double width) const override
    {
        const double small = m_style.small();
        Margins m{m_names + gap, titleHeight(titleText(m_view.title), width) + headroom(),
                  (spec().values ? m_numbers + gap * 2 : gap * 2) + (m_standings > 0 ? m_standings + gap : 0), 0};
        m.bottom = tickLength + gap * 0.6 + lineHeight(small) + lineHeight(spec().points)
            + double(total(width + m.left - m.right).lines.size()) * lineHeight(spec().points);
        return m;
    }
    double plotHeight(double) const override { return std::max(1, int(m_view.bars.size())) * pitch() + gap; }
    bool stretches() const override { return true; }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        const double small = m_style.small();
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top() - headroom(), outer.width());
        if (m_standings > 0)
            scene.text({outer.right(), plot.top() - gap * 0.5}, heading(), small, Align::Right, greyInk);
        Axis axis = m_axis;
        axis.at0 = plot.left();
        axis.at1 = plot.right();
        const double step = std::min((plot.height() - gap) / std::max(1, int(m_view.bars.size())), pitch() * 1.6);
        for (const double tick : axis.ticks)
            scene.line({axis(tick), plot.top()}, {axis(tick), plot.bottom()}, QColor(0xe6, 0xe6, 0xe6), hairline);
        for (int i = 0; i < m_view.bars.size(); ++i) {
            const Bar &bar = m_view.bars[i];
            const double middle = plot.top() + gap / 2 + (i + 0.5) * step, thick = step * 0.68;
            const double zero = axis(0), end = std::isnan(bar.value) ? zero : axis(bar.value);
            // The tone of the heatmap's scale at 70 %: positive and negative look alike in every figure.
            const QColor colour = colourOf(spec().colourMap == ColourMap::PuOr ? ColourMap::PuOr : ColourMap::RdBu,
                                           bar.value < 0 ? -0.7 : 0.7, 1);
            scene.rect(QRectF(QPointF(std::min(zero, end), middle - thick / 2),
                              QPointF(std::max(zero, end), middle + thick / 2)),
                       bar.withinNoise() ? faintInk : colour);
            scene.hover(QRectF(plot.left(), middle - step / 2, plot.width(), step), readout(bar));
            double reach = std::max(end, zero);
            if (bar.halfWidth > 0) {
                const double low = axis(bar.value - bar.halfWidth), high = axis(bar.value + bar.halfWidth),
                             cap = thick * 0.22;
                scene.line({low, middle}, {high, middle}, ink, 0.18);
                scene.line({low, middle - cap}, {low, middle + cap}, ink, 0.18);
                scene.line({high, middle - cap}, {high, middle + cap}, ink, 0.18);
                reach = std::max(reach, high);
            }
            textAtMiddle(scene, {plot.left() - gap * 0.8, middle}, nameOf(bar), small, Align::Right);
            textAtMiddle(scene, {outer.right(), middle}, standingColumn(bar.standing), small, Align::Right, greyInk);
            if (spec().values || std::isnan(bar.value))
                textAtMiddle(scene, {reach + gap * 0.7, middle}, number(bar), small, Align::Left);
        }
        if (axis.from <= 0 && axis.to >= 0)
            scene.line({axis(0), plot.top()}, {axis(0), plot.bottom()}, ink, 0.18);
        scene.line(plot.bottomLeft(), plot.bottomRight(), ink, hairline);
        drawXAxis(scene, axis, plot.bottom(), small);
        double y = plot.bottom() + tickLength + gap * 0.6 + lineHeight(small) + capHeight(spec().points) + gap * 0.2;
        const FittedText name = fitted(m_view.valueLabel, spec().points, 2 * (plot.center().x() - outer.left()));
        scene.text({plot.center().x(), y}, name.lines.value(0), name.points, Align::Centre);
        y += lineHeight(spec().points);
        const FittedText below = total(2 * (plot.center().x() - outer.left()));
        for (const QString &line : below.lines) {
            scene.text({plot.center().x(), y}, line, below.points, Align::Centre, greyInk);
            y += lineHeight(spec().points);
        }
    }

private:
    /// What stands below, centred on the plot, in a room of this width.
    FittedText total(double room) const
    {
        return m_view.totalText.isEmpty() ? FittedText{} : fitted(m_view.totalText, spec().points, room, 2);
    }
    double pitch() const { return lineHeight(m_style.small()) * 1.12; }
    /// Effects in % are large numbers, in logits small ones.
    QString number(const Bar &bar) const
    {
        return std::isnan(bar.value) ? QStringLiteral("not defined") : signedNumber(bar.value, m_largest < 5 ? 2 : 1);
    }
    QString readout(const Bar &bar) const
    {
        return nameOf(bar) + QStringLiteral("  ") + number(bar)
            + (bar.halfWidth > 0
                   ? QStringLiteral(" \u00b1 ") + QString::number(bar.halfWidth, 'f', m_largest < 5 ? 2 : 1)
                   : QString())
            + (bar.withinNoise() ? QStringLiteral(", within noise") : QString())
            + (bar.standing.known() ? QStringLiteral(", ") + standingText(bar.standing, m_view.top) : QString());
    }
    /// Over the column of the standings: share of the resamples, and ranks.
    QString heading() const { return QStringLiteral("in top %1 \u00b7 rank").arg(m_view.top); }
    double headroom() const { return m_standings > 0 ? lineHeight(m_style.small()) : 0; }
    static QString nameOf(const Bar &bar) { return bar.label.isEmpty() ? label(bar.head) : bar.label; }

    BarsView m_view;
    Axis m_axis;
    double m_names = 0, m_numbers = 0, m_largest = 0, m_standings = 0;
};

} // namespace

std::unique_ptr<Panel> makeBarsPanel(const BarsView &view, const PanelStyle &style)
{
    return std::make_unique<BarsPanel>(view, style);
}

} // namespace patchbay::widgets::figure
