// Interactive lines, or bands on top of one another, over the steps of a series: hover reads out, a click goes to a
// step.
#pragma once

#include "axes_plot.h"
#include "views.h"

namespace patchbay::widgets {

class LinesWidget : public AxesPlot {
    Q_OBJECT
public:
    explicit LinesWidget(QWidget *parent = nullptr);

    void setView(const LinesView &view);
    const LinesView &view() const { return m_view; }
    /// The step that is marked; nothing else changes.
    void setCurrent(int step);
    /// Several plots under each other line up: room for labels is the same in each.
    void setLabelWidth(int pixels);
    int labelWidth() const; ///< that this one needs

    QPointF pixelOfStep(int line, int step) const; ///< in widget pixels; for tests
    QSize sizeHint() const override { return {460, 260}; }
    QSize minimumSizeHint() const override { return {200, 90}; }

Q_SIGNALS:
    void stepClicked(int step);

protected:
    int markCount() const override { return int(m_view.lines.size() * m_view.x.size()); }
    int markAt(QPointF point) const override;
    HeadId headOf(int mark) const override { return m_view.lines[lineOf(mark)].head; }
    QPoint middleOf(int mark) const override { return pixelOfStep(lineOf(mark), stepOf(mark)).toPoint(); }
    QString readoutOf(int mark) const override;
    int keyboardMark() const override { return hover(); }
    QRect plotRoom() const override;
    void styleData(const Theme &theme) override;
    void relayout() override;
    void paintPlot(QPainter &painter, const Theme &theme) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    int lineOf(int mark) const { return mark / int(m_view.x.size()); }
    int stepOf(int mark) const { return mark % int(m_view.x.size()); }
    int nearestStep(double pixel) const;
    void drawGround(QPainter &painter) const;
    void drawLines(QPainter &painter) const;
    void drawBands(QPainter &painter) const;
    void drawLabels(QPainter &painter) const;
    void setTicks();

    LinesView m_view;
    QVector<double> m_places, m_edges; // of the steps
    QVector<QVector<double>> m_tops;   // of bands
    int m_labelWidth = 0;
    QPoint m_press{-1, -1};
};

} // namespace patchbay::widgets
