// Interactive horizontal bars, strongest head first, with whiskers and a total; a click selects.
#pragma once

#include "head_selection.h"
#include "plot_axes.h"
#include "views.h"

#include <QAbstractScrollArea>

namespace patchbay::widgets {

class BarsWidget : public QAbstractScrollArea {
    Q_OBJECT
public:
    explicit BarsWidget(QWidget *parent = nullptr);

    void setView(const BarsView &view);
    const BarsView &view() const { return m_view; }
    void setEmptyText(const QString &text);
    void setUnit(const QString &unit); ///< of the values, "%" unless told

    void setSelection(const QVector<HeadId> &heads); ///< emits nothing
    QVector<HeadId> selection() const { return m_selection.heads; }

    QRect rowRect(int bar) const; ///< in viewport pixels; for tests
    QRect barRect(int bar) const;
    int rowAt(QPoint point) const;

    QSize sizeHint() const override { return {360, 320}; }

Q_SIGNALS:
    void hovered(patchbay::widgets::HeadId head);
    void barClicked(int index);
    void clicked(patchbay::widgets::HeadId head);
    void activated(patchbay::widgets::HeadId head);
    void selectionChanged(const QVector<patchbay::widgets::HeadId> &heads); ///< by the user only
    void contextMenuRequested(patchbay::widgets::HeadId head, const QPoint &globalPosition);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    void relayout();
    void setHover(int bar);
    void pick(int bar, Qt::KeyboardModifiers modifiers);
    QString valueText(const Bar &bar) const;

    BarsView m_view;
    QString m_emptyText, m_unit = QStringLiteral("%");
    HeadSelection m_selection;
    PlotRange m_range;
    int m_top = 0, m_rowHeight = 22, m_labelWidth = 0, m_valueWidth = 0, m_bottom = 0;
    int m_hover = -1, m_current = -1;
};

} // namespace patchbay::widgets
