// Interactive horizontal bars, strongest head first, with whiskers and a total; a click selects.
#pragma once

#include "axes_plot.h"
#include "views.h"

QT_BEGIN_NAMESPACE
class QScrollBar;
QT_END_NAMESPACE

namespace patchbay::widgets {

class BarsWidget : public AxesPlot {
    Q_OBJECT
public:
    explicit BarsWidget(QWidget *parent = nullptr);

    void setView(const BarsView &view);
    const BarsView &view() const { return m_view; }

    QRect rowRect(int bar) const; ///< in widget pixels; for tests
    QRect barRect(int bar) const;
    int rowAt(QPoint point) const { return markAt(point); }
    QScrollBar *scrollBar() const { return m_scroll; }

    QSize sizeHint() const override { return {360, 320}; }

Q_SIGNALS:
    void barClicked(int index);

protected:
    int markCount() const override { return int(m_view.bars.size()); }
    int markAt(QPointF point) const override;
    HeadId headOf(int mark) const override { return m_view.bars[mark].head; }
    QPoint middleOf(int mark) const override { return rowRect(mark).center(); }
    QString readoutOf(int mark) const override;
    int keyboardMark() const override { return m_current; }
    QRect plotRoom() const override;
    void styleData(const Theme &theme) override;
    void relayout() override;
    void paintPlot(QPainter &painter, const Theme &theme) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    void showRows();
    void drawGround(QPainter &painter) const;
    void drawTexts(QPainter &painter) const;
    void pick(int bar, Qt::KeyboardModifiers modifiers);
    QString nameOf(const Bar &bar) const;
    QString valueText(const Bar &bar) const;

    BarsView m_view;
    QScrollBar *m_scroll;
    PlotRange m_values;
    int m_rowHeight = 22, m_labelWidth = 0, m_valueWidth = 0;
    int m_standingWidth = 0;          ///< of the column beyond the values, with its gap; 0: there is none
    int m_current = -1, m_reach = -1; ///< where the keyboard is; where a block that begins there ends
};

} // namespace patchbay::widgets
