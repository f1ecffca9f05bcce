// Interactive scatter of heads (or prompts): hover names a point, click and lasso select.
#pragma once

#include "axes_plot.h"
#include "views.h"

#include <QPolygonF>

class QCPLayoutInset;

namespace patchbay::widgets {

class ScatterWidget : public AxesPlot {
    Q_OBJECT
public:
    explicit ScatterWidget(QWidget *parent = nullptr);

    void setView(const ScatterView &view);
    const ScatterView &view() const { return m_view; }
    void setOutlierLabels(int count); ///< how many far-out points are named besides the selected ones

    using AxesPlot::pixelOf;
    QPointF pixelOf(int point) const; ///< in widget pixels; for tests

    QSize sizeHint() const override { return {460, 400}; }
    QSize minimumSizeHint() const override { return {200, 160}; }

Q_SIGNALS:
    void pointClicked(int index);

protected:
    int markCount() const override { return int(m_view.points.size()); }
    int markAt(QPointF point) const override;
    HeadId headOf(int mark) const override { return m_view.points[mark].head; }
    QPoint middleOf(int mark) const override { return pixelOf(mark).toPoint(); }
    QString readoutOf(int mark) const override;
    int keyboardMark() const override { return hover(); }
    QRect plotRoom() const override;
    void styleData(const Theme &theme) override;
    void placed() override;
    void paintPlot(QPainter &painter, const Theme &theme) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    bool isSelected(int point) const;
    QString pointName(const ScatterPoint &point) const;
    double radius() const;
    void drawMarks(QPainter &painter);
    void drawNames(QPainter &painter, const Theme &theme, const QVector<int> &selected);

    ScatterView m_view;
    QCPLayoutInset *m_legendRow; // of the canvas
    QVector<int> m_shown;        // points inside the axes,
    QVector<QPointF> m_pixels;   // and where each of them is
    bool m_oneHead = false;      // all points are of one head: they are prompts, and cannot be selected
    int m_outliers = 8;
    QPoint m_press{-1, -1};
    QPolygonF m_lasso;
};

} // namespace patchbay::widgets
