#include "marks.h"

#include "colour_map.h"
#include "figure_font.h"
#include "theme.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace patchbay::widgets::figure {

namespace {

constexpr double longestToken = 20;

/// What the weights are.
QString quantityOf(const AttentionView &view)
{
    return !view.quantity.isEmpty() ? view.quantity
        : view.difference           ? QStringLiteral("Attention difference")
                                    : QStringLiteral("Attention");
}

/// Attention goes to 1; other numbers as far as they do.
double scaleOf(const AttentionView &view)
{
    double most = 0;
    for (const float weight : view.weights)
        if (std::isfinite(weight))
            most = std::max(most, std::abs(double(weight)));
    return view.quantity.isEmpty() || most == 0 ? 1 : most;
}

QColor weightColour(const AttentionView &view, double weight, double scale)
{
    return QColor::fromRgba(attentionColour(weight / scale, view.difference));
}

/// Where the colours begin and end: one side of zero where all weights are there.
std::pair<double, double> rangeOf(const AttentionView &view)
{
    const double scale = scaleOf(view);
    const bool never = std::none_of(view.weights.begin(), view.weights.end(), [](float weight) { return weight > 0; });
    return {view.difference ? -scale : 0, view.difference && !view.quantity.isEmpty() && never ? 0 : scale};
}

ColourBar attentionBar(const AttentionView &view, const PanelStyle &style)
{
    ColourBar bar;
    std::tie(bar.from, bar.to) = rangeOf(view);
    bar.label = quantityOf(view);
    bar.colour = [difference = view.difference, scale = scaleOf(view)](double weight) {
        return QColor::fromRgba(attentionColour(weight / scale, difference));
    };
    bar.points = style.small();
    return bar;
}

double weightAt(const AttentionView &view, int row, int column)
{
    return double(view.weights.value(qsizetype(row) * view.size + column));
}

class AttentionPanel final : public Panel {
public:
    AttentionPanel(const AttentionView &view, const PanelStyle &style)
        : Panel(style), m_view(view), m_scale(scaleOf(view))
    {
        for (int i = 0; i < view.size; ++i) {
            m_columnText = std::max(m_columnText, tokenWidth(view.tokens, i));
            m_rowText = std::max(m_rowText, tokenWidth(rowTokens(), i));
        }
    }

    Margins margins(double width) const override
    {
        const double axis = lineHeight(spec().points) + gap * 0.4;
        Margins m{axis + m_rowText + gap, titleHeight(titleText(m_view.title), width) + headroom(), gap * 0.5,
                  gap + m_columnText + axis};
        if (m_style.colourBar) {
            const ColourBar bar = attentionBar(m_view, m_style);
            m.right = gap * 1.8 + bar.width(1e6);
            m.right = gap * 1.8 + bar.width(headroom() + plotHeight(std::max(10.0, width - m.left - m.right)));
        }
        return m;
    }

    double plotHeight(double plotWidth) const override { return std::min(plotWidth, largest()); }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top() - headroom(), outer.width());
        if (m_view.size == 0)
            return;
        const double cell = std::min({plot.width(), plot.height(), largest()}) / m_view.size;
        const QRectF frame(plot.topLeft(), QSizeF(cell, cell) * m_view.size);
        for (int row = 0; row < m_view.size; ++row) {
            for (int column = 0; column < m_view.size; ++column) {
                const double weight = weightAt(m_view, row, column);
                if (column <= row)
                    scene.hover(
                        QRectF(frame.left() + column * cell, frame.top() + row * cell, cell, cell),
                        QStringLiteral("%1 \u2192 %2  %3")
                            .arg(visibleToken(rowTokens().value(row)), visibleToken(m_view.tokens.value(column)),
                                 std::isnan(weight) ? QStringLiteral("\u2013") : QString::number(weight, 'f', 3)));
                // What lies after the destination cannot be seen: left empty, as is what has no number. White is the
                // page's own.
                const QColor colour = weightColour(m_view, weight, m_scale);
                if ((column > row && weight == 0) || std::isnan(weight) || colour == QColor(Qt::white))
                    continue;
                const double right = column + 1 < m_view.size && column < row ? 0.04 : 0,
                             below = row + 1 < m_view.size ? 0.04 : 0;
                scene.rect(QRectF(frame.left() + column * cell, frame.top() + row * cell, cell + right, cell + below),
                           colour);
            }
        }
        // The staircase where the future begins keeps white cells apart from no cells.
        QPolygonF stairs;
        for (int i = 0; i < m_view.size; ++i)
            stairs << frame.topLeft() + QPointF((i + 1) * cell, i * cell)
                   << frame.topLeft() + QPointF((i + 1) * cell, (i + 1) * cell);
        scene.marks << PathMark{stairs, faintInk, hairline, {}, false};
        if (spec().values)
            drawValues(scene, frame, cell);
        scene.frame(frame, ink, hairline);
        drawTokens(scene, frame, cell);
        const double axis = lineHeight(spec().points);
        scene.text({frame.center().x(), frame.bottom() + gap + m_columnText + axis - gap * 0.2},
                   QStringLiteral("Source (attended to)"), spec().points, Align::Centre);
        scene.text({frame.left() - gap - m_rowText - gap * 0.6, frame.center().y()}, QStringLiteral("Destination"),
                   fitted(QStringLiteral("Destination"), spec().points, frame.height()).points, Align::Centre, ink,
                   false, 90);
        if (m_style.colourBar) {
            const ColourBar bar = attentionBar(m_view, m_style);
            const qsizetype lines =
                qRound((margins(outer.width()).right - gap * 1.8 - bar.width(1e6)) / lineHeight(bar.points)) + 1;
            bar.draw(scene, frame.right() + gap * 1.8, frame.top(), std::min(frame.height(), 45.0),
                     {frame.top() - headroom(), frame.bottom()}, lines);
        }
    }

private:
    const QStringList &rowTokens() const { return m_view.rowTokens.isEmpty() ? m_view.tokens : m_view.rowTokens; }
    double headroom() const { return m_style.colourBar ? attentionBar(m_view, m_style).overhang() : 0; }
    double largest() const { return std::max(25.0, m_view.size * 7.0); }
    double points() const { return m_style.small(); }

    QString role(int i) const { return m_view.roles.value(i); }
    double roleWidth(int i) const
    {
        return role(i).isEmpty() ? 0 : textWidth(role(i), points() - 1.5, true) + gap * 0.7;
    }
    double tokenWidth(const QStringList &tokens, int i) const
    {
        return std::min(longestToken, textWidth(visibleToken(tokens.value(i)), points())) + roleWidth(i);
    }

    /// Token nearest the matrix, its role beyond it in the role's colour.
    void drawTokens(Scene &scene, const QRectF &frame, double cell) const
    {
        const int step = std::max(1, int(std::ceil(lineHeight(points()) * 0.78 / cell)));
        for (int i = 0; i < m_view.size; i += step) {
            const double offset = (i + 0.5) * cell;
            const QString column = elided(visibleToken(m_view.tokens.value(i)), points(), false, longestToken);
            const QString row = elided(visibleToken(rowTokens().value(i)), points(), false, longestToken);
            // In the corner of a matrix of many tokens the last row's text keeps off the first column's.
            const double half = capHeight(points()) / 2, x = frame.left() + offset + half,
                         y = frame.top() + std::min(offset, frame.height() - half + gap * 0.4);
            scene.text({x, frame.bottom() + gap * 0.7}, column, points(), Align::Right, ink, false, 90);
            textAtMiddle(scene, {frame.left() - gap * 0.7, y}, row, points(), Align::Right);
            if (role(i).isEmpty())
                continue;
            const QColor colour = roleColour(role(i), false);
            const double small = points() - 1.5;
            scene.text({x - (capHeight(points()) - capHeight(small)) / 2,
                        frame.bottom() + gap * 1.4 + textWidth(column, points())},
                       role(i), small, Align::Right, colour, true, 90);
            textAtMiddle(scene, {frame.left() - gap * 1.4 - textWidth(row, points()), y}, role(i), small, Align::Right,
                         colour, true);
        }
    }

    void drawValues(Scene &scene, const QRectF &frame, double cell) const
    {
        const double points = std::min(m_style.small(), cell * 0.9 / textWidth(QStringLiteral("0.00"), 1));
        if (points < 3.5)
            return;
        for (int row = 0; row < m_view.size; ++row) {
            for (int column = 0; column <= row; ++column) {
                const double weight = weightAt(m_view, row, column);
                if (!(std::abs(weight) >= 0.005))
                    continue;
                textAtMiddle(scene, frame.topLeft() + QPointF((column + 0.5) * cell, (row + 0.5) * cell),
                             m_view.difference ? signedNumber(weight, 2) : QString::number(weight, 'f', 2), points,
                             Align::Centre, textOn(weightColour(m_view, weight, m_scale)));
            }
        }
    }

    AttentionView m_view;
    const double m_scale;
    double m_columnText = 0, m_rowText = 0;
};

/// The prompt as running text, each token on the colour of the attention that one destination gives it.
class AttentionTextPanel final : public Panel {
public:
    AttentionTextPanel(const AttentionView &view, const PanelStyle &style)
        : Panel(style), m_view(view), m_scale(scaleOf(view))
    {
        m_destination = spec().destination >= 0 && spec().destination < view.size ? spec().destination
            : view.focus >= 0                                                     ? view.focus
                                                                                  : view.size - 1;
    }

    Margins margins(double width) const override
    {
        return {0.3, titleHeight(titleText(m_view.title), width), 0.3, lineHeight(m_style.small()) * 2 + gap * 3};
    }
    double plotHeight(double plotWidth) const override { return flow(plotWidth, nullptr, {}); }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top(), outer.width());
        flow(plot.width(), &scene, plot.topLeft());
        const double small = m_style.small();
        // A lying scale under the text.
        const double top = plot.bottom() + gap * 1.6, height = 2.0, width = std::min(36.0, plot.width() * 0.4);
        const int steps = 96;
        const auto [from, to] = rangeOf(m_view);
        for (int i = 0; i < steps; ++i) {
            const double value = from + (i + 0.5) / steps * (to - from);
            scene.rect(QRectF(plot.left() + i * width / steps, top, width / steps * (i + 1 < steps ? 1.5 : 1), height),
                       weightColour(m_view, value, m_scale));
        }
        scene.frame(QRectF(plot.left(), top, width, height), ink, hairline);
        const int decimals = m_scale == 1 ? 0 : m_scale < 0.1 ? 3 : 2;
        const double numbersY = top + height + gap * 0.6 + capHeight(small);
        scene.text({plot.left(), numbersY}, tickText(from, decimals), small);
        scene.text({plot.left() + width, numbersY}, tickText(to, decimals), small, Align::Right);
        const QString what =
            QStringLiteral("%1 from \u201c%2\u201d%3")
                .arg(quantityOf(m_view),
                     visibleToken((m_view.rowTokens.isEmpty() ? m_view.tokens : m_view.rowTokens).value(m_destination)),
                     m_view.roles.value(m_destination).isEmpty()
                         ? QString()
                         : QStringLiteral(" (%1)").arg(m_view.roles[m_destination]));
        const double room = plot.width() - width - gap * 2;
        textAtMiddle(scene, {plot.left() + width + gap * 2, top + height / 2}, elided(what, small, false, room), small,
                     Align::Left);
    }

private:
    /// Sets the tokens line by line; draws them when there is a scene. Returns the height.
    double flow(double width, Scene *scene, QPointF corner) const
    {
        const double points = spec().points, small = points - 1.5;
        const double box = lineHeight(points) * 1.15, line = box + lineHeight(small) * 0.95 + gap * 0.4, pad = 0.35;
        double x = 0, y = 0;
        for (int i = 0; i < m_view.size; ++i) {
            const QString token = elided(visibleToken(m_view.tokens.value(i)), points, false, width - 2 * pad),
                          role = m_view.roles.value(i);
            const double wide =
                std::max(textWidth(token, points) + 2 * pad, role.isEmpty() ? 0 : textWidth(role, small, true) + pad);
            if (x > 0 && x + wide > width) {
                x = 0;
                y += line;
            }
            if (scene) {
                const double weight = weightAt(m_view, m_destination, i);
                const QColor ground = std::isnan(weight) ? QColor(Qt::white) : weightColour(m_view, weight, m_scale);
                const QRectF rect(corner + QPointF(x, y), QSizeF(wide, box));
                scene->rect(rect, ground);
                scene->frame(rect, i == m_destination ? ink : faintInk, i == m_destination ? 0.3 : hairline);
                textAtMiddle(*scene, rect.center() + QPointF(0, 0.05), token, points, Align::Centre, textOn(ground));
                if (!role.isEmpty())
                    scene->text({rect.center().x(), rect.bottom() + gap * 0.3 + capHeight(small)}, role, small,
                                Align::Centre, roleColour(role, false), true);
            }
            x += wide + 0.25;
        }
        return y + line;
    }

    AttentionView m_view;
    const double m_scale;
    int m_destination = 0;
};

} // namespace

std::unique_ptr<Panel> makeAttentionPanel(const AttentionView &view, const PanelStyle &style)
{
    return std::make_unique<AttentionPanel>(view, style);
}

std::unique_ptr<Panel> makeAttentionTextPanel(const AttentionView &view, const PanelStyle &style)
{
    return std::make_unique<AttentionTextPanel>(view, style);
}

} // namespace patchbay::widgets::figure
