// What scatter, bars and graph have in common: marks that stand for heads, one of them under the pointer, some of them
// selected.
#pragma once

#include "head_selection.h"
#include "theme.h"

#include <QWidget>

namespace patchbay::widgets {

class HeadPlot : public QWidget {
    Q_OBJECT
public:
    void setEmptyText(const QString &text);          ///< in the middle while there are no marks
    void setSelection(const QVector<HeadId> &heads); ///< emits nothing
    QVector<HeadId> selection() const { return m_selection.heads; }
    /// What is said of the mark under the pointer; also the accessible description.
    QString readout() const { return m_readout; }

Q_SIGNALS:
    void hovered(patchbay::widgets::HeadId head); ///< invalid when the pointer leaves the marks
    void clicked(patchbay::widgets::HeadId head);
    void activated(patchbay::widgets::HeadId head);                         ///< Enter or double click
    void selectionChanged(const QVector<patchbay::widgets::HeadId> &heads); ///< by the user only
    void contextMenuRequested(patchbay::widgets::HeadId head, const QPoint &globalPosition);

protected:
    /// kind: "Scatter plot", the accessible name of a plot without a title.
    HeadPlot(const QString &kind, const QString &emptyText, QWidget *parent);

    virtual int markCount() const = 0;
    virtual int markAt(QPointF point) const = 0; ///< -1: none
    virtual HeadId headOf(int mark) const = 0;   ///< invalid for a mark that is no head
    virtual QPoint middleOf(int mark) const = 0; ///< where a menu asked for by the keyboard opens
    virtual QString readoutOf(int mark) const = 0;
    virtual int keyboardMark() const = 0; ///< the one that Enter and the menu key are about, -1: none
    virtual void relayout() = 0;
    virtual void paintPlot(QPainter &painter, const Theme &theme) = 0;
    virtual void repaintMarks() { update(); }

    /// For a new view: nothing is under the pointer any more.
    void newView(const QString &title);
    int hover() const { return m_hover; }
    void setHover(int mark);
    void setReadout(const QString &text);
    void finishSelection(bool changed);
    /// One line of bold text at the top.
    void drawTitle(QPainter &painter, const Theme &theme, const QString &title, int margin) const;
    /// The read-out's line at the bottom, with a hint while there is none.
    void drawReadout(QPainter &painter, const Theme &theme, const QString &hint) const;

    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

    HeadSelection m_selection;

private:
    QString m_kind, m_emptyText, m_readout;
    int m_hover = -1;
};

} // namespace patchbay::widgets
