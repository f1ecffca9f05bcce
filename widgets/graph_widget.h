// Interactive circuit graph: heads by layer, edges by effect, the logits below; click selects, hover follows the edges.
#pragma once

#include "graph_layout.h"
#include "head_selection.h"
#include "theme.h"

#include <QWidget>

namespace patchbay::widgets {

class GraphWidget : public QWidget {
    Q_OBJECT
public:
    explicit GraphWidget(QWidget *parent = nullptr);

    void setView(const GraphView &view);
    const GraphView &view() const { return m_view; }
    void setEmptyText(const QString &text);
    void setUnit(const QString &unit); ///< of the effects, "%" unless told

    void setSelection(const QVector<HeadId> &heads); ///< emits nothing
    QVector<HeadId> selection() const { return m_selection.heads; }

    QString readout() const { return m_readout; }
    QRect nodeRect(int node) const; ///< in widget pixels; for tests

    QSize sizeHint() const override { return {520, 480}; }
    QSize minimumSizeHint() const override { return {220, 180}; }

Q_SIGNALS:
    void hovered(patchbay::widgets::HeadId head);
    void clicked(patchbay::widgets::HeadId head);
    void activated(patchbay::widgets::HeadId head);
    void edgeClicked(int edge);
    void selectionChanged(const QVector<patchbay::widgets::HeadId> &heads); ///< by the user only
    void contextMenuRequested(patchbay::widgets::HeadId head, const QPoint &globalPosition);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    void relayout();
    void setHover(int node, int edge);
    void finishSelection(bool changed);
    void step(int layers, int across);
    void drawEdges(QPainter &painter, const Theme &theme);
    void drawNodes(QPainter &painter, const Theme &theme);
    bool edgeIsLit(const GraphEdge &edge, int index) const;
    QString edgeText(const GraphEdge &edge) const;

    GraphView m_view;
    GraphLayout m_layout;     // relative to m_origin
    QPoint m_origin;
    QString m_emptyText, m_unit = QStringLiteral("%"), m_readout;
    HeadSelection m_selection;
    int m_node = -1, m_edge = -1; // under the pointer
};

} // namespace patchbay::widgets
