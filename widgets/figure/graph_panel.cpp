#include "marks.h"

#include "colour_map.h"
#include "figure_font.h"
#include "theme.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace patchbay::widgets::figure {

namespace {

/// Heads in rows by layer, the logits on top; an arrow from sender to receiver, as thick as its effect is strong.
class GraphPanel final : public Panel {
public:
    GraphPanel(const GraphView &view, const PanelStyle &style) : Panel(style), m_view(view)
    {
        for (const GraphNode &node : view.nodes)
            addNode(node.head, node.role);
        for (const GraphEdge &edge : view.edges) {
            addNode(edge.from, {});
            if (edge.to.valid())
                addNode(edge.to, {});
            m_logits = m_logits || !edge.to.valid();
            m_groups = m_groups || std::any_of(view.edges.begin(), view.edges.end(), [&](const GraphEdge &other) {
                           return other.to != edge.to && measuredTogether(edge, other);
                       });
            m_strongest = std::max(m_strongest, strength(edge));
        }
        for (auto &[layer, nodes] : m_layers)
            std::sort(nodes.begin(), nodes.end(),
                      [](const GraphNode &a, const GraphNode &b) { return a.head < b.head; });
        for (const auto &[layer, nodes] : m_layers)
            m_layerText = std::max(m_layerText, textWidth(QStringLiteral("Layer %1").arg(layer), m_style.small()));
    }

    Margins margins(double width) const override
    {
        return {leftMargin(), titleHeight(titleText(m_view.title), width), gap,
                double(legend(width).size()) * lineHeight(m_style.small()) + gap};
    }
    double plotHeight(double) const override { return double(m_layers.size() + (m_logits ? 1 : 0)) * rowPitch(); }
    bool stretches() const override { return true; }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top(), outer.width());
        const std::map<HeadId, QPointF> places = place(plot);
        const QPointF logits(plot.center().x(), plot.top() + rowPitch() / 2);
        for (const GraphEdge &edge : m_view.edges)
            drawEdge(scene, edge, places, logits);
        for (const auto &[layer, nodes] : m_layers) {
            textAtMiddle(scene, {plot.left() - gap * 1.5, places.at(nodes.front().head).y()},
                         QStringLiteral("Layer %1").arg(layer), m_style.small(), Align::Right, greyInk);
            for (const GraphNode &node : nodes)
                drawBox(scene, places.at(node.head), label(node.head), node.role, boxWidth(plot, nodes.size()));
        }
        if (m_logits)
            drawBox(scene, logits, QStringLiteral("Logits"), {}, 16);
        QVector<GraphEdge> named = m_view.edges;
        const auto sideways = [&](const GraphEdge &edge) {
            return std::abs((edge.to.valid() ? places.at(edge.to) : logits).x() - places.at(edge.from).x());
        };
        std::sort(named.begin(), named.end(), [&](const GraphEdge &a, const GraphEdge &b) {
            const double first = strength(a), second = strength(b);
            return first != second ? first > second : sideways(a) < sideways(b);
        });
        QVector<QRectF> boxes;
        if (m_logits)
            boxes << boxAt(logits, 16);
        for (const auto &[layer, nodes] : m_layers)
            for (const GraphNode &node : nodes)
                boxes << boxAt(places.at(node.head), boxWidth(plot, nodes.size()));
        drawEdgeLabels(scene, named, places, logits, boxes);
        const double small = m_style.small();
        double y = plot.bottom() + gap + capHeight(small);
        for (const QString &line : legend(plot.width() + leftMargin() + gap)) {
            scene.text({plot.left(), y}, line, small, Align::Left, greyInk);
            y += lineHeight(small);
        }
    }

private:
    double leftMargin() const { return m_layerText + gap * 1.5; }
    /// For a panel that is width mm wide with everything.
    QStringList legend(double width) const
    {
        QString text = QStringLiteral("Effects in %1; blue raises, red lowers")
                           .arg(m_view.unit == QLatin1String("%") ? QStringLiteral("% of the clean\u2013flipped gap")
                                                                  : m_view.unit);
        if (m_groups)
            text += QStringLiteral("; receivers patched together share one number");
        return wrapped(text, m_style.small(), false, width - leftMargin() - gap);
    }
    /// Arrows into several receivers of one run have one effect.
    static bool measuredTogether(const GraphEdge &a, const GraphEdge &b)
    {
        return a.from == b.from && a.site == b.site && a.effect == b.effect && a.to.valid() && b.to.valid();
    }
    /// More room between the rows where more arrows with their numbers have to pass.
    double rowPitch() const { return boxHeight() + std::clamp(6.0 + 0.4 * double(m_view.edges.size()), 9.0, 18.0); }
    double boxHeight() const { return lineHeight(spec().points) * (m_roles ? 2.0 : 1.3) + 0.6; }

    void addNode(HeadId head, const QString &role)
    {
        auto &row = m_layers[head.layer];
        const bool known =
            std::any_of(row.begin(), row.end(), [&](const GraphNode &node) { return node.head == head; });
        if (!known)
            row << GraphNode{head, role};
        m_roles = m_roles || !role.isEmpty();
    }

    static double boxWidth(const QRectF &plot, qsizetype count)
    {
        return std::min(23.0, plot.width() * 0.94 / double(std::max<qsizetype>(1, count)) - 1.0);
    }

    std::map<HeadId, QPointF> place(const QRectF &plot) const
    {
        std::map<HeadId, QPointF> places;
        const double rows = double(m_layers.size() + (m_logits ? 1 : 0));
        int row = 0;
        for (const auto &[layer, nodes] : m_layers) {
            const double y = plot.bottom() - (row + 0.5) * plot.height() / rows;
            // Rows with few heads lean left and right in turn, so that arrows pass beside the boxes between.
            const double lean = (nodes.size() < 3 ? 0.22 : 0.06) * (row % 2 ? 1 : -1);
            const double half = boxWidth(plot, nodes.size()) / 2;
            for (int i = 0; i < nodes.size(); ++i) {
                const double x = plot.left() + plot.width() * (i + 0.5 + lean) / double(nodes.size());
                places[nodes[i].head] = {
                    std::clamp(x, plot.left() + half, std::max(plot.left() + half, plot.right() - half)), y};
            }
            ++row;
        }
        return places;
    }

    QRectF boxAt(QPointF centre, double width) const
    {
        return {centre - QPointF(width / 2, boxHeight() / 2), QSizeF(width, boxHeight())};
    }

    /// Type size at which a head's name fits its box: smaller than chosen only where many heads share a narrow row.
    double fitting(const QString &name, double width) const
    {
        return std::min(spec().points, (width - 0.6) / textWidth(name, 1, true));
    }

    void drawBox(Scene &scene, QPointF centre, const QString &name, const QString &role, double width) const
    {
        const QRectF box = boxAt(centre, width);
        scene.frame(box, ink, 0.2, QColor(0xf6, 0xf6, 0xf6));
        if (role.isEmpty()) {
            textAtMiddle(scene, centre, name, fitting(name, width), Align::Centre, ink, true);
            return;
        }
        const double small = m_style.small() - 0.5;
        textAtMiddle(scene, centre - QPointF(0, lineHeight(spec().points) * 0.48), name, fitting(name, width),
                     Align::Centre, ink, true);
        textAtMiddle(scene, centre + QPointF(0, lineHeight(spec().points) * 0.5),
                     elided(role, small, false, width - 0.8), small, Align::Centre);
    }

    /// From the sender's upper side to the receiver's lower one.
    std::pair<QPointF, QPointF> ends(const GraphEdge &edge, const std::map<HeadId, QPointF> &places,
                                     QPointF logits) const
    {
        const QPointF up(0, boxHeight() / 2);
        return {places.at(edge.from) - up, (edge.to.valid() ? places.at(edge.to) : logits) + up};
    }

    static double strength(const GraphEdge &edge) { return std::isnan(edge.effect) ? 0 : std::abs(edge.effect); }

    QColor colourOfEdge(const GraphEdge &edge) const
    {
        return std::isnan(edge.effect) ? greyInk : colourOf(ColourMap::RdBu, edge.effect < 0 ? -0.7 : 0.7, 1);
    }

    void drawEdge(Scene &scene, const GraphEdge &edge, const std::map<HeadId, QPointF> &places, QPointF logits) const
    {
        const auto [from, to] = ends(edge, places, logits);
        const double share = m_strongest > 0 ? strength(edge) / m_strongest : 0, width = 0.15 + 0.75 * share,
                     head = 1.1 + width;
        const QPointF way = to - from;
        const double length = std::hypot(way.x(), way.y());
        if (length <= 0)
            return;
        const QPointF unit = way / length, side(-unit.y(), unit.x());
        scene.line(from, to - unit * head * 0.8, colourOfEdge(edge), width);
        scene.polygon(QPolygonF{to, to - unit * head + side * head * 0.42, to - unit * head - side * head * 0.42},
                      colourOfEdge(edge));
    }

    void drawEdgeLabels(Scene &scene, const QVector<GraphEdge> &edges, const std::map<HeadId, QPointF> &places,
                        QPointF logits, QVector<QRectF> taken) const
    {
        const double points = m_style.small() - 0.5;
        QVector<GraphEdge> numbered; // one arrow of those that were measured together is enough
        for (const GraphEdge &edge : edges) {
            if (std::any_of(numbered.begin(), numbered.end(),
                            [&](const GraphEdge &other) { return measuredTogether(edge, other); }))
                continue;
            const QString effect = signedNumber(edge.effect, m_view.unit == QLatin1String("%") ? 0 : 2);
            const QString text = edge.site.isEmpty() ? effect : QStringLiteral("%1 %2").arg(edge.site, effect);
            const QSizeF size(textWidth(text, points) + 0.6, capHeight(points) * 1.5);
            const auto [from, to] = ends(edge, places, logits);
            for (const double along : {0.5, 0.35, 0.65, 0.25, 0.75}) {
                const QPointF at = from + (to - from) * along;
                const QRectF box(at - QPointF(size.width() / 2, size.height() / 2), size);
                if (std::any_of(taken.begin(), taken.end(), [&](const QRectF &other) { return other.intersects(box); }))
                    continue;
                taken << box;
                numbered << edge;
                scene.rect(box, Qt::white);
                textAtMiddle(scene, at, text, points, Align::Centre, colourOfEdge(edge));
                break;
            }
        }
    }

    GraphView m_view;
    std::map<int, QVector<GraphNode>> m_layers;
    double m_layerText = 0, m_strongest = 0;
    bool m_logits = false, m_roles = false, m_groups = false;
};

} // namespace

std::unique_ptr<Panel> makeGraphPanel(const GraphView &view, const PanelStyle &style)
{
    return std::make_unique<GraphPanel>(view, style);
}

} // namespace patchbay::widgets::figure
