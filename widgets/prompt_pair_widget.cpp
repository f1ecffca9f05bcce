#include "prompt_pair_widget.h"

#include "theme.h"

#include <QEvent>
#include <QPainter>

#include <algorithm>

namespace patchbay::widgets {

PromptPairWidget::PromptPairWidget(QWidget *parent) : QWidget(parent)
{
    setAccessibleName(tr("Prompt pair"));
    setAttribute(Qt::WA_OpaquePaintEvent);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void PromptPairWidget::setPair(TokenStrip clean, TokenStrip flipped)
{
    if (clean.differs.isEmpty())
        clean.differs = differingTokens(clean.tokens, flipped.tokens);
    if (flipped.differs.isEmpty())
        flipped.differs = differingTokens(flipped.tokens, clean.tokens);
    m_clean = std::move(clean);
    m_flipped = std::move(flipped);
    setAccessibleDescription(tr("Clean: %1 Flipped: %2").arg(m_clean.tokens.join(QString()), m_flipped.tokens.join(QString())));
    setToolTip(m_clean.tokens.join(QString()) + '\n' + m_flipped.tokens.join(QString()));
    updateGeometry();
    update();
}

void PromptPairWidget::clear()
{
    m_clean = m_flipped = {};
    setAccessibleDescription({});
    setToolTip({});
    update();
}

QSize PromptPairWidget::sizeHint() const
{
    const int line = tokenStripSize({}, font()).height();
    const int names = fontMetrics().horizontalAdvance(tr("flipped")) + 16;
    return {names + std::max({200, tokenStripSize(m_clean, font()).width(), tokenStripSize(m_flipped, font()).width()}), 2 * line + 8};
}

QSize PromptPairWidget::minimumSizeHint() const
{
    return {120, sizeHint().height()};
}

void PromptPairWidget::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme theme = Theme::of(palette());
    painter.fillRect(rect(), theme.background);
    if (m_clean.tokens.isEmpty() && m_flipped.tokens.isEmpty()) {
        drawEmptyState(painter, rect(), tr("No prompt"), theme);
        return;
    }
    const int names = std::max(fontMetrics().horizontalAdvance(tr("clean")), fontMetrics().horizontalAdvance(tr("flipped")));
    const int line = (height() - 8) / 2;
    for (int i : {0, 1}) {
        const QRect lane(8, 4 + i * line, width() - 16, line);
        painter.setFont(font());
        painter.setPen(theme.dimText);
        painter.drawText(QRect(lane.left(), lane.top(), names, line), Qt::AlignRight | Qt::AlignVCenter, i ? tr("flipped") : tr("clean"));
        drawTokenStrip(painter, lane.adjusted(names + 6, 0, 0, 0), i ? m_flipped : m_clean, font(), palette());
    }
}

void PromptPairWidget::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        updateGeometry();
}

} // namespace patchbay::widgets
