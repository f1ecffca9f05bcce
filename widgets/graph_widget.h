// Interactive circuit graph: heads by layer, edges by effect, the logits below; click selects, hover follows the edges.
#pragma once

#include "graph_layout.h"
#include "head_plot.h"

namespace patchbay::widgets {

class GraphWidget : public HeadPlot {
    Q_OBJECT
public:
    explicit GraphWidget(QWidget *parent = nullptr);

    void setView(const GraphView &view);
    const GraphView &view() const { return m_view; }

    /// Whether the widget asks for the height that all layers need, for use within a scroll area.
    void setGrows(bool grows);

    QRect nodeRect(int node) const; ///< in widget pixels; for tests

    QSize sizeHint() const override { return {520, 480}; }
    QSize minimumSizeHint() const override { return {220, 180}; }

Q_SIGNALS:
    void edgeClicked(int edge);

protected:
    int markCount() const override { return int(m_view.nodes.size()); }
    int markAt(QPointF point) const override { return m_layout.nodeAt(point - m_origin); }
    HeadId headOf(int mark) const override { return m_view.nodes[mark].head; }
    QPoint middleOf(int mark) const override { return nodeRect(mark).center(); }
    QString readoutOf(int mark) const override;
    int keyboardMark() const override { return nodeOf(m_view, m_selection.current); }
    void relayout() override;
    void paintPlot(QPainter &painter, const Theme &theme) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    void setEdge(int edge);
    void step(int layers, int across);
    void drawEdges(QPainter &painter, const Theme &theme);
    void drawNodes(QPainter &painter, const Theme &theme);
    void drawNode(QPainter &painter, const Theme &theme, const QRectF &rect, const QString &name, const QString &role,
                  bool selected, bool hovered, bool faded);
    bool edgeIsLit(const GraphEdge &edge, int index) const;
    QString edgeText(const GraphEdge &edge) const;

    GraphView m_view;
    GraphLayout m_layout; // relative to m_origin
    QPoint m_origin;
    int m_edge = -1; // under the pointer
    bool m_grows = false;
};

} // namespace patchbay::widgets
