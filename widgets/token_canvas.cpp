#include "token_canvas.h"

#include "colour_map.h"
#include "finite_view.h"
#include "pattern_image.h"
#include "theme.h"
#include "view_text.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>

namespace patchbay::widgets {

constexpr int canvasMargin = 12;

TokenCanvas::TokenCanvas(QWidget *parent)
    : QAbstractScrollArea(parent), m_emptyText(tr("Select a head to see its attention"))
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
}

void TokenCanvas::setView(const AttentionView &view)
{
    const bool sameText = view.tokens == m_view.tokens;
    m_view = finite(view);
    m_maximum = patternMaximum(m_view.weights);
    if (!sameText)
        m_hover = m_locked = -1;
    relayout();
    Q_EMIT focusTokenChanged(focusToken());
}

void TokenCanvas::setEmptyText(const QString &text)
{
    m_emptyText = text;
    viewport()->update();
}

void TokenCanvas::setShowsSources(bool sources)
{
    m_sources = sources;
    viewport()->update();
    Q_EMIT focusTokenChanged(focusToken());
}

void TokenCanvas::setLocked(int token)
{
    token = token < m_view.size ? token : -1;
    if (token == m_locked)
        return;
    m_locked = token;
    viewport()->update();
    Q_EMIT lockedChanged(token);
    Q_EMIT focusTokenChanged(focusToken());
}

int TokenCanvas::focusToken() const
{
    if (m_locked >= 0)
        return m_locked;
    if (m_hover >= 0)
        return m_hover;
    return m_view.focus >= 0 ? m_view.focus : int(m_view.roles.indexOf(QStringLiteral("END")));
}

double TokenCanvas::weightOf(int token) const
{
    const int focus = focusToken();
    if (focus < 0 || token < 0)
        return 0;
    const qsizetype cell = m_sources ? qsizetype(focus) * m_view.size + token : qsizetype(token) * m_view.size + focus;
    return m_view.weights.value(cell);
}

void TokenCanvas::relayout()
{
    const QFontMetrics metrics(font());
    const bool marks =
        std::any_of(m_view.roles.begin(), m_view.roles.end(), [](const QString &role) { return !role.isEmpty(); });
    m_markHeight = marks ? QFontMetrics(scaledFont(font(), 0.7)).height() + 1 : 0;
    const int line = metrics.height() + 8 + m_markHeight;
    m_flow = layoutTokens(m_view.tokens, viewport()->width() - 2 * canvasMargin, line,
                          [&](const QString &text) { return metrics.horizontalAdvance(text) + 5; });
    const int height = m_flow.height + 2 * canvasMargin;
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(line);
    verticalScrollBar()->setRange(0, std::max(0, height - viewport()->height()));
    viewport()->update();
}

int TokenCanvas::tokenAt(QPoint point) const
{
    return m_flow.tokenAt(point + QPoint(-canvasMargin, verticalScrollBar()->value() - canvasMargin));
}

void TokenCanvas::setHover(int token)
{
    if (token == m_hover)
        return;
    m_hover = token;
    viewport()->update();
    Q_EMIT hovered(token);
    Q_EMIT focusTokenChanged(focusToken());
}

void TokenCanvas::paintEvent(QPaintEvent *)
{
    QPainter painter(viewport());
    const Theme theme = Theme::of(palette());
    if (m_view.size <= 0) {
        drawEmptyState(painter, viewport()->rect(), m_emptyText, theme);
        return;
    }
    painter.fillRect(viewport()->rect(), theme.background);
    painter.setFont(font());
    const int focus = focusToken();
    const QPoint shift(canvasMargin, canvasMargin - verticalScrollBar()->value());
    const QFont markFont = scaledFont(font(), 0.7);
    for (int i = 0; i < m_flow.boxes.size() && i < m_view.size; ++i) {
        const QRect box = m_flow.boxes[i].translated(shift);
        if (box.bottom() < 0 || box.top() > viewport()->height())
            continue;
        const QRect body(box.left(), box.top() + m_markHeight, box.width() - 1, box.height() - m_markHeight - 3);
        QColor ground = theme.plot;
        if (focus >= 0)
            ground = QColor::fromRgb(attentionColour(weightOf(i) / m_maximum, m_view.difference, theme.plot));
        painter.fillRect(body, ground);
        painter.setPen(ground == theme.plot ? theme.text : textOn(ground));
        painter.drawText(body.adjusted(2, 0, 2, 0), Qt::AlignLeft | Qt::AlignVCenter | Qt::TextDontClip,
                         flowingToken(m_view.tokens[i]));
        if (i == focus) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(m_locked == i ? theme.selection : theme.hover, m_locked == i ? 2 : 1));
            painter.drawRect(body.adjusted(0, 0, -1, -1));
        }
        const QString role = m_view.roles.value(i);
        if (!role.isEmpty()) {
            const int width = drawRolePill(nullptr, {}, role, markFont, theme.dark);
            drawRolePill(&painter, QRect(body.center().x() - width / 2, box.top(), width, m_markHeight - 1), role,
                         markFont, theme.dark);
        }
    }
    if (hasFocus())
        drawFocusFrame(painter, viewport()->rect(), theme);
}

void TokenCanvas::resizeEvent(QResizeEvent *)
{
    relayout();
}

void TokenCanvas::mouseMoveEvent(QMouseEvent *event)
{
    setHover(tokenAt(event->position().toPoint()));
}

void TokenCanvas::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    const int token = tokenAt(event->position().toPoint());
    setLocked(token == m_locked ? -1 : token);
}

void TokenCanvas::keyPressEvent(QKeyEvent *event)
{
    const int last = m_view.size - 1, focus = focusToken();
    if (last >= 0 && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right)) {
        setLocked(std::clamp((focus < 0 ? last : focus) + (event->key() == Qt::Key_Left ? -1 : 1), 0, last));
        verticalScrollBar()->setValue(std::clamp(
            verticalScrollBar()->value(), m_flow.boxes[m_locked].bottom() + 2 * canvasMargin - viewport()->height(),
            std::max(m_flow.boxes[m_locked].bottom() + 2 * canvasMargin - viewport()->height(),
                     m_flow.boxes[m_locked].top())));
    } else if (event->key() == Qt::Key_Escape && m_locked >= 0) {
        setLocked(-1);
    } else {
        QAbstractScrollArea::keyPressEvent(event);
    }
}

bool TokenCanvas::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::Leave)
        setHover(-1);
    return QAbstractScrollArea::viewportEvent(event);
}

void TokenCanvas::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        relayout();
}

void TokenCanvas::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void TokenCanvas::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

} // namespace patchbay::widgets
