// The text part of the attention text view: tokens shaded by how much one of them looks at, or is seen by, the others.
#pragma once

#include "token_flow.h"
#include "views.h"

#include <QAbstractScrollArea>

namespace patchbay::widgets {

class TokenCanvas : public QAbstractScrollArea {
    Q_OBJECT
public:
    explicit TokenCanvas(QWidget *parent = nullptr);

    void setView(const AttentionView &view);
    const AttentionView &view() const { return m_view; }
    void setEmptyText(const QString &text);
    /// true: shade where the token in focus looks; false: shade who looks at it.
    void setShowsSources(bool sources);
    bool showsSources() const { return m_sources; }
    void setLocked(int token);
    int locked() const { return m_locked; }
    /// The token whose attention is shown: the locked one, else the one under the pointer, else the one that the view
    /// is about, else END, else none (-1).
    int focusToken() const;
    /// Weight between the token in focus and another one, in the direction shown.
    double weightOf(int token) const;
    const TokenFlow &flow() const { return m_flow; } ///< in viewport pixels, unscrolled

Q_SIGNALS:
    void hovered(int token);
    void lockedChanged(int token);
    void focusTokenChanged(int token);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    void relayout();
    void setHover(int token);
    int tokenAt(QPoint point) const;

    AttentionView m_view;
    QString m_emptyText;
    TokenFlow m_flow;
    double m_maximum = 1;
    int m_markHeight = 0; // above each line, for role marks
    int m_hover = -1, m_locked = -1;
    bool m_sources = true;
};

} // namespace patchbay::widgets
