// Attention as text: hover a token and see where it looks, or who looks at it; a click locks the token.
#pragma once

#include "token_canvas.h"

#include <QWidget>

QT_BEGIN_NAMESPACE
class QLabel;
class QToolButton;
QT_END_NAMESPACE

namespace patchbay::widgets {

class AttentionTextWidget : public QWidget {
    Q_OBJECT
public:
    enum class Mode { WhereItLooks, WhoLooksAtIt };

    explicit AttentionTextWidget(QWidget *parent = nullptr);

    void setView(const AttentionView &view); ///< keeps the locked token when the text is the same
    const AttentionView &view() const { return m_canvas->view(); }
    void setEmptyText(const QString &text);
    void setMode(Mode mode);
    Mode mode() const;
    void setLocked(int token); ///< -1: none
    int locked() const;

    /// "·to (14, END) looks at ·Mary (2, IO) 0.57, Then (0) 0.30, …": up to three, as many as fit in the line.
    QString readout() const;

    QSize sizeHint() const override { return {480, 260}; }

Q_SIGNALS:
    void hovered(int token); ///< -1: the pointer left
    void lockedChanged(int token);
    void modeChanged(Mode mode);

protected:
    void changeEvent(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void updateReadout();

    TokenCanvas *m_canvas;
    QToolButton *m_looks, *m_lookedAt;
    QLabel *m_readout;
};

} // namespace patchbay::widgets
