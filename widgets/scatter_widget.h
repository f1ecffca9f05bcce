// Interactive scatter of heads (or prompts): hover names a point, click and lasso select.
#pragma once

#include "head_selection.h"
#include "plot_axes.h"
#include "views.h"

#include <QPolygonF>
#include <QWidget>

namespace patchbay::widgets {

class ScatterWidget : public QWidget {
    Q_OBJECT
public:
    explicit ScatterWidget(QWidget *parent = nullptr);

    void setView(const ScatterView &view);
    const ScatterView &view() const { return m_view; }
    void setEmptyText(const QString &text);
    void setOutlierLabels(int count); ///< how many far-out points are named besides the selected ones

    /// Points of these heads are drawn as selected; emits nothing. Without effect where all points are of one head
    /// (one point per prompt).
    void setSelection(const QVector<HeadId> &heads);
    QVector<HeadId> selection() const { return m_selection.heads; }

    QString readout() const { return m_readout; }
    QPointF pixelOf(int point) const; ///< in widget pixels; for tests

    QSize sizeHint() const override { return {460, 400}; }
    QSize minimumSizeHint() const override { return {200, 160}; }

Q_SIGNALS:
    void hovered(patchbay::widgets::HeadId head); ///< invalid when the pointer leaves the points
    void pointClicked(int index);
    void clicked(patchbay::widgets::HeadId head);
    void activated(patchbay::widgets::HeadId head);
    void selectionChanged(const QVector<patchbay::widgets::HeadId> &heads); ///< by the user only
    void contextMenuRequested(patchbay::widgets::HeadId head, const QPoint &globalPosition);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    void relayout();
    void setHover(int point);
    void finishSelection(bool changed);
    bool isSelected(int point) const;
    QString pointName(const ScatterPoint &point) const;
    void drawPoints(QPainter &painter, const Theme &theme);
    void drawLegend(QPainter &painter, const Theme &theme);

    ScatterView m_view;
    PlotAxes m_axes;
    QVector<QPointF> m_pixels; // one per point
    QString m_emptyText, m_readout;
    HeadSelection m_selection;
    bool m_oneHead = false;    // all points are of one head: they are prompts, not heads
    int m_outliers = 8, m_hover = -1;
    QPoint m_press{-1, -1};
    QPolygonF m_lasso;
};

} // namespace patchbay::widgets
