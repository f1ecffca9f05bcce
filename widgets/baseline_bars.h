// Compact baseline panel: per prompt the clean and the flipped logit difference, with their means.
#pragma once

#include "plot_axes.h"
#include "views.h"

#include <QWidget>

namespace patchbay::widgets {

class BaselineBars : public QWidget {
    Q_OBJECT
public:
    explicit BaselineBars(QWidget *parent = nullptr);

    void setView(const BaselineView &view);
    const BaselineView &view() const { return m_view; }
    void setEmptyText(const QString &text);
    void setCurrent(int prompt); ///< marked prompt, -1: none; emits nothing

    QString readout() const { return m_readout; }
    QRect slotRect(int prompt) const; ///< the prompt's share of the width, in widget pixels
    int promptAt(QPoint point) const; ///< -1: none

    QSize sizeHint() const override { return {360, 150}; }
    QSize minimumSizeHint() const override { return {160, 100}; }

Q_SIGNALS:
    void hovered(int prompt);
    void clicked(int prompt);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    void relayout();
    void setHover(int prompt);
    QString textOf(int prompt) const;

    BaselineView m_view;
    PlotAxes m_axes;
    QString m_emptyText, m_readout;
    int m_hover = -1, m_current = -1;
};

} // namespace patchbay::widgets
