#include "marks.h"

#include "colour_map.h"
#include "figure_font.h"
#include "graph_layout.h"
#include "theme.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace patchbay::widgets::figure {

namespace {

constexpr double mostHeight = 200; ///< mm of rows: with title, legend and a caption that is a page
constexpr double mostRoleWidth = 26, sides = 1.8;
constexpr qsizetype mostNumbers = 40; ///< beyond that, numbers hide what they name

/// How boxes are written: the role below the head's name or beside it, and the type size. Deeper circuits take smaller
/// forms; nothing is cut in any.
struct Form {
    bool below = true;
    double points = 8;
    QSizeF box;
    double rolePoints() const { return std::max(points - 1, points * 0.85); }
    double leastGap() const { return capHeight(points) * 2; } ///< between rows: an arrow's number has to fit
};

/// Heads in rows by layer, the logits on top; an arrow from sender to receiver, as thick as its effect is strong.
class GraphPanel final : public Panel {
public:
    GraphPanel(const GraphView &view, const PanelStyle &style) : Panel(style), m_view(view)
    {
        m_view.nodes.clear();
        std::set<HeadId> known;
        const auto add = [&](HeadId head, const QString &role) {
            if (known.insert(head).second)
                m_view.nodes << GraphNode{head, role};
        };
        for (const GraphNode &node : view.nodes)
            add(node.head, node.role);
        for (const GraphEdge &edge : view.edges) {
            add(edge.from, {});
            if (edge.to.valid())
                add(edge.to, {});
            m_strongest = std::max(m_strongest, strength(edge));
            m_noise = m_noise || edge.withinNoise();
        }
        for (qsizetype i = 0; i < view.edges.size() && !m_groups; ++i)
            for (qsizetype j = 0; j < i && !m_groups; ++j)
                m_groups = view.edges[j].to != view.edges[i].to && measuredTogether(view.edges[i], view.edges[j]);
        std::set<int> layers;
        for (const GraphNode &node : m_view.nodes) {
            layers.insert(node.head.layer);
            m_layerText = std::max(m_layerText, textWidth(layerName(node.head.layer), m_style.small()));
        }
        m_folded = !layers.empty()
            && (*layers.rbegin() - *layers.begin() + 1 > int(layers.size()) || *layers.begin() > 0
                || *layers.rbegin() + 1 < m_view.layers);
    }

    Margins margins(double width) const override
    {
        return {leftMargin(), titleHeight(titleText(m_view.title), width), gap,
                double(legend(width).size()) * lineHeight(m_style.small()) + gap};
    }

    double plotHeight(double plotWidth) const override
    {
        const Form form = formFor(plotWidth, mostHeight);
        const int rows = rowsOf(form, plotWidth);
        // More room between the rows where more arrows with their numbers have to pass.
        const double wanted = std::clamp(6.0 + 0.4 * double(m_view.edges.size()), 9.0, 18.0);
        const double room = rows > 0 ? mostHeight / rows - form.box.height() : wanted;
        return rows * (form.box.height() + std::max(form.leastGap(), std::min(wanted, room)));
    }
    bool stretches() const override { return true; }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top(), outer.width());
        const Form form = formFor(plot.width(), plot.height());
        const GraphLayout layout = placed(form, plot);
        drawLanes(scene, layout, plot);
        for (const qsizetype edge : byStrength(false))
            drawEdge(scene, m_view.edges[edge], layout.edges[edge]);
        for (qsizetype i = 0; i < m_view.nodes.size(); ++i) {
            drawBox(scene, layout.nodes[i], form, label(m_view.nodes[i].head), m_view.nodes[i].role);
            scene.hover(layout.nodes[i], readout(m_view.nodes[i]));
        }
        if (!layout.logits.isNull())
            drawBox(scene, layout.logits, form, QStringLiteral("Logits"), {});
        drawNumbers(scene, layout, form, plot);
        const double small = m_style.small();
        double y = plot.bottom() + gap + capHeight(small);
        for (const QString &line : legend(plot.width() + leftMargin() + gap)) {
            scene.text({plot.left(), y}, line, small, Align::Left, greyInk);
            y += lineHeight(small);
        }
    }

private:
    static QString layerName(int layer) { return QStringLiteral("Layer %1").arg(layer); }
    double leftMargin() const { return m_layerText + gap * 1.5; }

    /// For a panel that is width mm wide with everything.
    QStringList legend(double width) const
    {
        QString text = QStringLiteral("Effects in %1; blue raises, red lowers")
                           .arg(m_view.unit == QLatin1String("%") ? QStringLiteral("% of the clean\u2013flipped gap")
                                                                  : m_view.unit);
        if (m_noise)
            text += QStringLiteral("; grey: within noise");
        if (m_groups)
            text += QStringLiteral("; receivers patched together share one number");
        if (m_folded)
            text += QStringLiteral("; layers without heads are left out");
        return wrapped(text, m_style.small(), false, width - leftMargin() - gap);
    }

    /// Arrows into several receivers of one run have one effect.
    static bool measuredTogether(const GraphEdge &a, const GraphEdge &b)
    {
        return a.from == b.from && a.site == b.site && a.effect == b.effect && a.to.valid() && b.to.valid();
    }

    static QStringList roleLines(const QString &role, const Form &form)
    {
        return role.isEmpty() ? QStringList() : wrapped(role, form.rolePoints(), false, mostRoleWidth);
    }

    /// A form with the box that holds every name and role whole.
    Form measured(bool below, double points) const
    {
        Form form{below, points, {}};
        double width = textWidth(QStringLiteral("Logits"), points, true);
        qsizetype lines = 0;
        for (const GraphNode &node : m_view.nodes) {
            const double name = textWidth(label(node.head), points, true);
            if (below) {
                const QStringList role = roleLines(node.role, form);
                for (const QString &line : role)
                    width = std::max(width, textWidth(line, form.rolePoints()));
                width = std::max(width, name);
                lines = std::max(lines, role.size());
            } else {
                width =
                    std::max(width, name + (node.role.isEmpty() ? 0 : gap + textWidth(node.role, form.rolePoints())));
            }
        }
        form.box = QSizeF(width + sides,
                          lineHeight(points) + double(lines) * lineHeight(form.rolePoints()) + capHeight(points) * 0.5);
        return form;
    }

    int rowsOf(const Form &form, double plotWidth) const { return graphRows(m_view, plotWidth, form.box.width(), 0); }

    /// The largest form in which all rows fit the height; the smallest where none does.
    Form formFor(double plotWidth, double height) const
    {
        Form form;
        for (double points = spec().points; points >= 3; points -= 0.5)
            for (const bool below : {true, false}) {
                form = measured(below, points);
                if (form.box.width() * 1.08 <= plotWidth
                    && rowsOf(form, plotWidth) * (form.box.height() + form.leastGap()) <= height + 0.01)
                    return form;
            }
        return form;
    }

    /// The screen's layout has the logits at the bottom, figures have them on top.
    GraphLayout placed(const Form &form, const QRectF &plot) const
    {
        GraphLayout layout = layoutGraph(m_view, plot.size(), form.box, 0);
        const auto point = [&](QPointF p) { return QPointF(plot.left() + p.x(), plot.bottom() - p.y()); };
        const auto rect = [&](const QRectF &r) { return r.isNull() ? r : QRectF(point(r.bottomLeft()), r.size()); };
        for (QRectF &node : layout.nodes)
            node = rect(node);
        for (GraphLane &lane : layout.lanes)
            lane.rect = rect(lane.rect);
        layout.logits = rect(layout.logits);
        for (GraphCurve &curve : layout.edges)
            if (!curve.from.isNull() || !curve.to.isNull())
                curve = {point(curve.from), point(curve.control1), point(curve.control2), point(curve.to)};
        return layout;
    }

    /// Names of the layers; three dots where layers without heads are folded away.
    void drawLanes(Scene &scene, const GraphLayout &layout, const QRectF &plot) const
    {
        const double right = plot.left() - gap * 1.5;
        for (qsizetype i = 0; i < layout.lanes.size(); ++i) {
            const GraphLane &lane = layout.lanes[i];
            textAtMiddle(scene, {right, lane.rect.center().y()}, layerName(lane.layer), m_style.small(), Align::Right,
                         greyInk);
            if (i + 1 < layout.lanes.size() && layout.lanes[i + 1].layer > lane.layer + 1)
                for (const double dy : {-0.7, 0.0, 0.7})
                    scene.dot({right - m_layerText / 2, lane.rect.top() + dy}, 0.16, greyInk);
        }
    }

    void drawBox(Scene &scene, const QRectF &box, const Form &form, const QString &name, const QString &role) const
    {
        scene.frame(box, ink, 0.2, QColor(0xf6, 0xf6, 0xf6));
        const double small = form.rolePoints(), line = lineHeight(small);
        const QPointF middle = box.center();
        if (!form.below && !role.isEmpty()) {
            const double wide = textWidth(name, form.points, true),
                         left = middle.x() - (wide + gap + textWidth(role, small)) / 2;
            textAtMiddle(scene, {left, middle.y()}, name, form.points, Align::Left, ink, true);
            textAtMiddle(scene, {left + wide + gap, middle.y()}, role, small, Align::Left);
            return;
        }
        const QStringList lines = roleLines(role, form);
        double y = middle.y() - double(lines.size()) * line / 2;
        textAtMiddle(scene, {middle.x(), y}, name, form.points, Align::Centre, ink, true);
        y += (lineHeight(form.points) + line) / 2;
        for (const QString &one : lines) {
            textAtMiddle(scene, {middle.x(), y}, one, small, Align::Centre);
            y += line;
        }
    }

    /// What a head sends, strongest first.
    QString readout(const GraphNode &node) const
    {
        QStringList sent;
        for (const qsizetype index : byStrength(true))
            if (const GraphEdge &edge = m_view.edges[index]; edge.from == node.head)
                sent << QStringLiteral("\u2192 %1 %2")
                            .arg(edge.to.valid() ? label(edge.to) + QLatin1Char(' ') + edge.site
                                                 : QStringLiteral("logits"),
                                 valueWithUnit(edge.effect, m_view.unit))
                        + (edge.withinNoise() ? QStringLiteral(" (within noise)") : QString());
        return QStringList{label(node.head), node.role, sent.join(QStringLiteral(", "))}
            .join(QStringLiteral("  "))
            .simplified();
    }

    static double strength(const GraphEdge &edge) { return std::isnan(edge.effect) ? 0 : std::abs(edge.effect); }

    QVector<qsizetype> byStrength(bool strongestFirst) const
    {
        QVector<qsizetype> order;
        for (qsizetype i = 0; i < m_view.edges.size(); ++i)
            order << i;
        std::stable_sort(order.begin(), order.end(), [&](qsizetype a, qsizetype b) {
            const double first = strength(m_view.edges[a]), second = strength(m_view.edges[b]);
            return strongestFirst ? first > second : first < second;
        });
        return order;
    }

    QColor colourOfEdge(const GraphEdge &edge) const
    {
        return std::isnan(edge.effect) || edge.withinNoise()
            ? greyInk
            : colourOf(ColourMap::RdBu, edge.effect < 0 ? -0.7 : 0.7, 1);
    }

    void drawEdge(Scene &scene, const GraphEdge &edge, const GraphCurve &curve) const
    {
        if (curve.from.isNull() && curve.to.isNull())
            return;
        const double share = m_strongest > 0 ? strength(edge) / m_strongest : 0, width = 0.15 + 0.75 * share,
                     head = 1.0 + width;
        // The curve ends in the arrow's head, which it meets at a right angle to the box.
        GraphCurve shaft = curve;
        shaft.to += QPointF(0, head * 0.8);
        shaft.control2 += QPointF(0, head * 0.8);
        QPolygonF line;
        constexpr int parts = 16;
        for (int i = 0; i <= parts; ++i)
            line << shaft.at(double(i) / parts);
        scene.marks << PathMark{line, colourOfEdge(edge), width, {}, false};
        scene.polygon(
            QPolygonF{curve.to, curve.to + QPointF(head * 0.42, head), curve.to + QPointF(-head * 0.42, head)},
            colourOfEdge(edge));
    }

    /// The strongest edges' numbers, each where it covers neither a box nor another number.
    void drawNumbers(Scene &scene, const GraphLayout &layout, const Form &form, const QRectF &plot) const
    {
        const double points = form.rolePoints();
        QVector<QRectF> taken = layout.nodes;
        if (!layout.logits.isNull())
            taken << layout.logits;
        QVector<GraphEdge> numbered; // one arrow of those that were measured together is enough
        for (const qsizetype index : byStrength(true)) {
            const GraphEdge &edge = m_view.edges[index];
            const GraphCurve &curve = layout.edges[index];
            if (numbered.size() >= mostNumbers || (curve.from.isNull() && curve.to.isNull())
                || std::any_of(numbered.begin(), numbered.end(),
                               [&](const GraphEdge &other) { return measuredTogether(edge, other); }))
                continue;
            const QString effect = signedNumber(edge.effect, m_view.unit == QLatin1String("%") ? 0 : 2);
            const QString text = edge.site.isEmpty() ? effect : QStringLiteral("%1 %2").arg(edge.site, effect);
            const QSizeF size(textWidth(text, points) + 0.6, capHeight(points) * 1.5);
            for (int step = 0; step <= 44; ++step) { // from the middle outwards
                const double along = 0.5 + (step % 2 ? -0.01 : 0.01) * ((step + 1) / 2 * 2);
                const QPointF at = curve.at(along);
                const QRectF box(at - QPointF(size.width() / 2, size.height() / 2), size);
                if (!plot.contains(box) || std::any_of(taken.begin(), taken.end(), [&](const QRectF &other) {
                        return other.intersects(box);
                    }))
                    continue;
                taken << box;
                numbered << edge;
                scene.rect(box, Qt::white);
                textAtMiddle(scene, at, text, points, Align::Centre, colourOfEdge(edge));
                break;
            }
        }
    }

    GraphView m_view; ///< with a node for every end of an edge
    double m_layerText = 0, m_strongest = 0;
    bool m_groups = false, m_folded = false, m_noise = false;
};

} // namespace

std::unique_ptr<Panel> makeGraphPanel(const GraphView &view, const PanelStyle &style)
{
    return std::make_unique<GraphPanel>(view, style);
}

} // namespace patchbay::widgets::figure
