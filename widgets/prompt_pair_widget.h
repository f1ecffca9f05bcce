// A clean prompt and its flipped counterpart, one above the other, with differing tokens and roles marked.
#pragma once

#include "token_strip.h"

#include <QWidget>

namespace patchbay::widgets {

class PromptPairWidget : public QWidget {
    Q_OBJECT
public:
    explicit PromptPairWidget(QWidget *parent = nullptr);

    /// differs is filled in from the two prompts where it is empty.
    void setPair(TokenStrip clean, TokenStrip flipped);
    void clear();

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    TokenStrip m_clean, m_flipped;
};

} // namespace patchbay::widgets
