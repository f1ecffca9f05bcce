#include "marks.h"

#include "colour_map.h"
#include "edge_graph_layout.h"
#include "figure_font.h"
#include "theme.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace patchbay::widgets::figure {

namespace {

using Kind = EdgeGraphNode::Kind;

constexpr double thinEdge = 0.12, thickEdge = 0.75; // mm of the weakest and the strongest edge
constexpr double perLayer = 8.5, mostGraphHeight = 210;
constexpr double leastPoints = 4;

/// A circuit of edges: layers upward, width and colour by score, estimates dashed.
class EdgeGraphPanel final : public Panel {
public:
    EdgeGraphPanel(const EdgeGraphView &view, const PanelStyle &style)
        : Panel(style), m_view(view), m_largest(largestScore(view))
    {
        std::set<int> layers;
        for (const EdgeGraphNode &node : view.nodes)
            if (node.head.valid())
                layers.insert(node.head.layer);
        m_rows = int(layers.size()) + 2;
        for (const int layer : layers)
            m_layerText = std::max(m_layerText, textWidth(layerName(layer), m_style.small()));
    }

    Margins margins(double width) const override
    {
        return {m_layerText + gap * 1.5, titleHeight(titleText(m_view.title), width), gap,
                double(legend(width).size()) * lineHeight(m_style.small()) + gap};
    }
    double plotHeight(double) const override { return std::min(mostGraphHeight, std::max(30.0, m_rows * perLayer)); }
    bool stretches() const override { return true; }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top(), outer.width());
        EdgeGraphLayout layout = layoutEdgeGraph(m_view, plot.size(), box(), 0);
        for (QRectF &node : layout.nodes)
            node.translate(plot.topLeft());
        for (GraphCurve &curve : layout.edges)
            for (QPointF *point : {&curve.from, &curve.control1, &curve.control2, &curve.to})
                *point += plot.topLeft();
        for (GraphLane &lane : layout.lanes) {
            lane.rect.translate(plot.topLeft());
            if (lane.layer % 2 == 0)
                scene.rect(lane.rect, QColor(0xf7, 0xf7, 0xf7));
            textAtMiddle(scene, {plot.left() - gap * 1.5, lane.rect.center().y()}, layerName(lane.layer),
                         m_style.small(), Align::Right, greyInk);
        }
        for (const int edge : drawingOrder(m_view))
            drawEdge(scene, m_view.edges[edge], layout.edges[edge]);
        for (int node = 0; node < m_view.nodes.size(); ++node)
            drawNode(scene, node, layout.nodes[node]);
        const double small = m_style.small();
        double y = plot.bottom() + gap + capHeight(small);
        for (const QString &line : legend(outer.width())) {
            scene.text({plot.left(), y}, line, small, Align::Left, greyInk);
            y += lineHeight(small);
        }
    }

private:
    static QString layerName(int layer) { return QStringLiteral("Layer %1").arg(layer); }

    QStringList legend(double width) const
    {
        const auto any = [&](bool exact) {
            return std::any_of(m_view.edges.begin(), m_view.edges.end(),
                               [exact](const EdgeGraphEdge &edge) { return edge.exact == exact; });
        };
        QString text =
            QStringLiteral("Blue: the metric grows when the edge is changed, red: it falls; wider: more (up to "
                           "%1)")
                .arg(valueWithUnit(m_largest, m_view.unit).remove(QLatin1Char('+')));
        if (any(false))
            text += any(true) ? QStringLiteral("; solid: exact, dashed: estimated by %1").arg(m_view.estimateName)
                              : QStringLiteral("; all estimated by %1").arg(m_view.estimateName);
        else
            text += QStringLiteral("; all exact");
        text += QStringLiteral("; at a head: q, k, v from the left");
        if (m_view.leftOut > 0)
            text += QStringLiteral("; %1 weaker edges are not drawn").arg(m_view.leftOut);
        return wrapped(text, m_style.small(), false, width - m_layerText - gap * 2);
    }

    QSizeF box() const
    {
        double wide = 0;
        bool roles = false;
        for (const EdgeGraphNode &node : m_view.nodes) {
            if (node.head.valid())
                wide = std::max(wide, textWidth(nodeName(node), spec().points, true));
            wide = std::max(wide, std::min(20.0, textWidth(node.role, m_style.small())));
            roles = roles || !node.role.isEmpty();
        }
        return {wide + 2, lineHeight(spec().points) + (roles ? lineHeight(m_style.small()) : 0) + 0.8};
    }

    void drawEdge(Scene &scene, const EdgeGraphEdge &edge, const GraphCurve &curve) const
    {
        const double strength = edgeStrength(m_view, edge, m_largest),
                     width = thinEdge + (thickEdge - thinEdge) * strength;
        QColor colour = mixed(colourOf(ColourMap::RdBu, edge.score < 0 ? -0.8 : 0.8, 1), Qt::white,
                              0.5 * (1 - strength) + (edge.inside ? 0 : 0.25));
        QPolygonF line;
        constexpr int parts = 20;
        for (int i = 0; i <= parts; ++i)
            line << curve.at(double(i) / parts);
        scene.marks << PathMark{line, colour, width, {}, !edge.exact};
        scene.dot(curve.to, 0.22 + width / 2, colour);
    }

    void drawNode(Scene &scene, int index, const QRectF &rect) const
    {
        const EdgeGraphNode &node = m_view.nodes[index];
        const bool head = node.kind == Kind::Head;
        scene.frame(rect, node.inside ? ink : faintInk, head ? 0.18 : 0.12,
                    !node.inside ? QColor(Qt::white)
                        : head   ? QColor(0xfd, 0xfd, 0xfd)
                                 : QColor(0xe9, 0xe9, 0xe9));
        scene.hover(rect, nodeReadout(m_view, index));
        if (head)
            for (const double port : {0.2, 0.5, 0.8}) {
                const double x = rect.left() + port * rect.width();
                scene.line({x, rect.bottom() - std::min(0.6, rect.height() / 5)}, {x, rect.bottom()}, greyInk, 0.1);
            }
        const QColor colour = node.inside ? ink : greyInk;
        const double roleHigh = lineHeight(m_style.small());
        const bool role = !node.role.isEmpty() && rect.height() >= lineHeight(spec().points) + roleHigh
            && rect.width() >= textWidth(node.role, m_style.small()) + 0.6;
        for (double points = spec().points; points >= leastPoints; points -= 0.5)
            for (const QString &name : {nodeName(node), shortNodeName(node)}) {
                if (textWidth(name, points, true) + 0.6 > rect.width() || capHeight(points) + 0.8 > rect.height())
                    continue;
                const double middle = rect.center().y() - (role ? roleHigh / 2 : 0);
                textAtMiddle(scene, {rect.center().x(), middle}, name, points, Align::Centre, colour, true);
                if (role)
                    textAtMiddle(scene, {rect.center().x(), middle + (lineHeight(points) + roleHigh) / 2}, node.role,
                                 m_style.small(), Align::Centre, colour);
                return;
            }
    }

    EdgeGraphView m_view;
    double m_largest = 0, m_layerText = 0;
    int m_rows = 2;
};

} // namespace

std::unique_ptr<Panel> makeEdgeGraphPanel(const EdgeGraphView &view, const PanelStyle &style)
{
    return std::make_unique<EdgeGraphPanel>(view, style);
}

} // namespace patchbay::widgets::figure
