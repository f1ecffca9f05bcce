// Interactive graph of edges: layers upward, edges by score, estimates dashed; click a node or an edge, hover follows
// them; zoom and pan as in plots with axes.
#pragma once

#include "edge_graph_painter.h"
#include "head_plot.h"

#include <QPixmap>

#include <optional>

namespace patchbay::widgets {

class EdgeGraphWidget : public HeadPlot {
    Q_OBJECT
public:
    explicit EdgeGraphWidget(QWidget *parent = nullptr);

    /// The clicked node and edge stay where the new view has them; so does the zoom where the model is as large.
    void setView(const EdgeGraphView &view);
    const EdgeGraphView &view() const { return m_view; }
    const EdgeGraphLayout &layoutGeometry() const { return m_layout; } ///< relative to origin()
    QPointF origin() const;

    int currentNode() const { return m_node; } ///< clicked, -1: none
    int currentEdge() const { return m_edge; }
    /// Emits nothing; -1: none. An edge takes the place of a node and the other way round.
    void setCurrentNode(int node);
    void setCurrentEdge(int edge);

    double zoomFactor() const { return m_zoom; }
    void zoom(double factor, QPointF fixed); ///< above 1: nearer; what is at `fixed` stays there
    void pan(QPointF pixels);
    void showAll();

    QSize sizeHint() const override { return {640, 520}; }
    QSize minimumSizeHint() const override { return {220, 180}; }

Q_SIGNALS:
    void nodeClicked(int node); ///< -1: beside all of them
    void edgeClicked(int edge);
    void edgeActivated(int edge); ///< Enter or double click
    void edgeMenuRequested(int edge, const QPoint &globalPosition);
    void addRequested();    ///< Insert: the clicked edge into the circuit
    void removeRequested(); ///< Delete: out of it

protected:
    int markCount() const override { return int(m_view.nodes.size()); }
    int markAt(QPointF point) const override;
    HeadId headOf(int mark) const override;
    QPoint middleOf(int mark) const override;
    QString readoutOf(int mark) const override { return nodeReadout(m_view, mark); }
    int keyboardMark() const override { return m_node; }
    void relayout() override;
    void paintPlot(QPainter &painter, const Theme &theme) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;

private:
    QRectF area() const;
    EdgeGraphScene scene(const Theme &theme) const;
    int edgeAt(QPointF point) const;
    void setHoverEdge(int edge);
    void clampOffset();
    void stepNode(int up, int across);
    void stepEdge(int by);
    void pickNode(int node, Qt::KeyboardModifiers modifiers);
    void pickEdge(int edge);

    EdgeGraphView m_view;
    EdgeGraphLayout m_layout;
    int m_node = -1, m_edge = -1, m_hoverEdge = -1;
    int m_walked = -1; ///< the node whose edges the keys go through
    double m_zoom = 1;
    QPointF m_offset; ///< of what is on view in the whole, in pixels
    QPixmap m_buffer; ///< the graph without what is picked out
    QVector<HeadId> m_buffered;
    std::optional<QPoint> m_panFrom, m_boxFrom;
    QRect m_box; ///< to zoom into
};

} // namespace patchbay::widgets
