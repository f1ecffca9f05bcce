// A wall of small attention patterns, one per head; a click enlarges one.
#pragma once

#include "views.h"

#include <QAbstractScrollArea>
#include <QImage>

namespace patchbay::widgets {

class AttentionThumbnails : public QAbstractScrollArea {
    Q_OBJECT
public:
    explicit AttentionThumbnails(QWidget *parent = nullptr);

    /// Patterns in the order shown. Unchanged patterns (same shared data) keep their picture.
    void setViews(const QVector<AttentionView> &views);
    void setEmptyText(const QString &text);
    void setThumbnailSize(int pixels);               ///< edge of a pattern, 48 … 400
    void setColumn(int pixels);                      ///< one column of patterns of that edge, beside an enlarged one
    void setSelection(const QVector<HeadId> &heads); ///< drawn in the selection colour; emits nothing
    void setCurrent(HeadId head);                    ///< the enlarged one, drawn with a thick frame; emits nothing
    HeadId current() const { return m_current; }

    /// The tile of a pattern in viewport pixels at the present scroll position; for tests.
    QRect tileRect(int index) const;
    int tileAt(QPoint point) const; ///< -1: none

    QSize sizeHint() const override { return {420, 200}; }

Q_SIGNALS:
    void clicked(patchbay::widgets::HeadId head);
    void activated(patchbay::widgets::HeadId head); ///< double click or Enter
    void hovered(patchbay::widgets::HeadId head);   ///< invalid when the pointer leaves
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
    int columns() const;
    QSize tileSize() const;
    int indexOf(HeadId head) const;
    void setHover(int index);
    void updateScrollBar();
    void go(int index);

    QVector<AttentionView> m_views;
    QVector<QImage> m_images; // null: to be drawn
    QColor m_ground;
    QString m_emptyText;
    QVector<HeadId> m_selection;
    HeadId m_current;
    int m_edge = 96, m_hover = -1;
};

} // namespace patchbay::widgets
