#include "bars_widget.h"

#include "colour_map.h"
#include "view_text.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

constexpr int barsMargin = 10, barsGap = 8;

BarsWidget::BarsWidget(QWidget *parent) : QAbstractScrollArea(parent), m_emptyText(tr("No run yet"))
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Bars"));
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
}

void BarsWidget::setView(const BarsView &view)
{
    m_view = view;
    m_hover = -1;
    m_current = std::min(m_current, int(view.bars.size()) - 1);
    setAccessibleName(view.title.isEmpty() ? tr("Bars") : tr("Bars: %1").arg(view.title));
    relayout();
}

void BarsWidget::setEmptyText(const QString &text)
{
    m_emptyText = text;
    viewport()->update();
}

void BarsWidget::setUnit(const QString &unit)
{
    m_unit = unit;
    relayout();
}

void BarsWidget::setSelection(const QVector<HeadId> &heads)
{
    if (m_selection.assign(heads))
        viewport()->update();
}

QString BarsWidget::valueText(const Bar &bar) const
{
    const QString half = bar.halfWidth > 0 ? QStringLiteral(" ±%1").arg(bar.halfWidth, 0, 'f', m_unit == QLatin1String("%") ? 1 : 2) : QString();
    const QString value = valueWithUnit(bar.value, m_unit);
    if (m_unit.isEmpty() || half.isEmpty() || !value.endsWith(m_unit))
        return value + half;
    return value.left(value.size() - m_unit.size() - 1) + half + ' ' + m_unit;
}

void BarsWidget::relayout()
{
    const QFontMetrics metrics(font());
    QVector<double> ends;
    m_labelWidth = m_valueWidth = 0;
    QFont bold = font();
    bold.setBold(true);
    const QFontMetrics boldMetrics(bold);
    for (const Bar &bar : m_view.bars) {
        ends << bar.value - bar.halfWidth << bar.value + bar.halfWidth;
        m_labelWidth = std::max(m_labelWidth, boldMetrics.horizontalAdvance(bar.label.isEmpty() ? label(bar.head) : bar.label));
        m_valueWidth = std::max(m_valueWidth, metrics.horizontalAdvance(valueText(bar)));
    }
    m_labelWidth = std::min(m_labelWidth, viewport()->width() / 3);
    m_range = paddedRange(ends, true);
    if (!m_view.bars.isEmpty() && m_range.from > -0.07 * m_range.span())
        m_range.from = 0; // no negative bar: no empty strip beside the labels
    if (!m_view.bars.isEmpty() && m_range.to < 0.07 * m_range.span())
        m_range.to = 0;
    const int line = metrics.height();
    m_top = 8 + (m_view.title.isEmpty() ? 0 : line + 6) + (m_view.valueLabel.isEmpty() ? 0 : line + 2);
    m_bottom = m_view.totalText.isEmpty() ? 8 : line + 14;
    const int room = viewport()->height() - m_top - m_bottom;
    const int count = std::max(1, int(m_view.bars.size()));
    m_rowHeight = std::clamp(room / count, line + 4, line + 14);
    verticalScrollBar()->setPageStep(std::max(1, room));
    verticalScrollBar()->setSingleStep(m_rowHeight);
    verticalScrollBar()->setRange(0, std::max(0, m_rowHeight * int(m_view.bars.size()) - room));
    viewport()->update();
}

QRect BarsWidget::rowRect(int bar) const
{
    return QRect(0, m_top + bar * m_rowHeight - verticalScrollBar()->value(), viewport()->width(), m_rowHeight);
}

QRect BarsWidget::barRect(int bar) const
{
    const QRect row = rowRect(bar);
    const int left = barsMargin + m_labelWidth + barsGap;
    const int length = std::max(10, viewport()->width() - left - barsGap - m_valueWidth - barsMargin);
    const auto place = [&](double value) { return left + int(std::lround((value - m_range.from) / m_range.span() * length)); };
    const int from = place(std::min(0.0, m_view.bars[bar].value)), to = place(std::max(0.0, m_view.bars[bar].value));
    const int inset = std::max(2, m_rowHeight / 6);
    return QRect(from, row.top() + inset, std::max(1, to - from), row.height() - 2 * inset);
}

int BarsWidget::rowAt(QPoint point) const
{
    if (point.y() < m_top || point.y() >= viewport()->height() - m_bottom)
        return -1;
    const int row = (point.y() - m_top + verticalScrollBar()->value()) / m_rowHeight;
    return row < m_view.bars.size() ? row : -1;
}

void BarsWidget::paintEvent(QPaintEvent *)
{
    QPainter painter(viewport());
    const Theme theme = Theme::of(palette());
    const QRect whole = viewport()->rect();
    if (m_view.bars.isEmpty()) {
        drawEmptyState(painter, whole, m_emptyText, theme);
        if (hasFocus())
            drawFocusFrame(painter, whole, theme);
        return;
    }
    painter.fillRect(whole, theme.background);
    const int line = fontMetrics().height();
    QFont bold = font();
    bold.setBold(true);
    painter.setPen(theme.text);
    painter.setFont(bold);
    painter.drawText(QRect(barsMargin, 8, whole.width() - 2 * barsMargin, line), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(m_view.title, Qt::ElideRight, whole.width() - 2 * barsMargin));
    painter.setFont(font());
    painter.setPen(theme.dimText);
    painter.drawText(QRect(barsMargin, m_top - line - 2, whole.width() - 2 * barsMargin, line), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(m_view.valueLabel, Qt::ElideRight, whole.width() - 2 * barsMargin));

    painter.save();
    painter.setClipRect(0, m_top, whole.width(), whole.height() - m_top - m_bottom);
    const int left = barsMargin + m_labelWidth + barsGap;
    const int length = std::max(10, whole.width() - left - barsGap - m_valueWidth - barsMargin);
    const auto place = [&](double value) { return left + int(std::lround((value - m_range.from) / m_range.span() * length)); };
    for (int i = 0; i < m_view.bars.size(); ++i) {
        const Bar &bar = m_view.bars[i];
        const QRect row = rowRect(i), body = barRect(i);
        const bool selected = m_selection.contains(bar.head);
        if (selected || i == m_hover)
            painter.fillRect(row, mixed(theme.background, selected ? theme.selection : theme.text, selected ? 0.16 : 0.06));
        if (hasFocus() && i == m_current) {
            painter.setPen(QPen(theme.selection, 1, Qt::DotLine));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(row.adjusted(2, 0, -3, -1));
        }
        painter.fillRect(body, bar.value < 0 ? theme.negative : theme.positive);
        if (selected)
            painter.fillRect(QRect(0, row.top(), 4, row.height()), theme.selection);
        if (bar.halfWidth > 0) {
            const int from = place(bar.value - bar.halfWidth), to = place(bar.value + bar.halfWidth), y = row.center().y();
            // A casing keeps the whisker readable where it lies on the bar.
            painter.setPen(QPen(theme.background, 3));
            painter.drawLine(from, y, to, y);
            painter.setPen(QPen(theme.text, 1));
            painter.drawLine(from, y, to, y);
            painter.drawLine(from, y - 3, from, y + 3);
            painter.drawLine(to, y - 3, to, y + 3);
        }
        painter.setFont(selected ? bold : font());
        painter.setPen(theme.text);
        painter.drawText(QRect(barsMargin, row.top(), m_labelWidth, row.height()), Qt::AlignRight | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(bar.label.isEmpty() ? label(bar.head) : bar.label, Qt::ElideRight, m_labelWidth));
        painter.setFont(font());
        painter.setPen(theme.dimText);
        painter.drawText(QRect(whole.width() - barsMargin - m_valueWidth, row.top(), m_valueWidth, row.height()), Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, valueText(bar));
    }
    painter.setPen(theme.line);
    painter.drawLine(place(0), m_top, place(0), std::min(rowRect(int(m_view.bars.size()) - 1).bottom(), whole.bottom()));
    painter.restore();
    if (!m_view.totalText.isEmpty()) {
        painter.setPen(theme.text);
        painter.drawText(QRect(barsMargin, whole.bottom() - line - 6, whole.width() - 2 * barsMargin, line), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(m_view.totalText, Qt::ElideRight, whole.width() - 2 * barsMargin));
    }
    if (hasFocus())
        drawFocusFrame(painter, whole, theme);
}

void BarsWidget::setHover(int bar)
{
    if (bar == m_hover)
        return;
    m_hover = bar;
    viewport()->update();
    Q_EMIT hovered(bar >= 0 ? m_view.bars[bar].head : HeadId{});
}

void BarsWidget::pick(int bar, Qt::KeyboardModifiers modifiers)
{
    if (bar < 0 || bar >= m_view.bars.size())
        return;
    const HeadId head = m_view.bars[bar].head;
    bool changed = false;
    if ((modifiers & Qt::ShiftModifier) && m_current >= 0) {
        QVector<HeadId> heads;
        for (int i = std::min(m_current, bar); i <= std::max(m_current, bar); ++i)
            heads.append(m_view.bars[i].head);
        changed = m_selection.assign(heads);
    } else {
        m_current = bar;
        changed = head.valid() && m_selection.click(head, modifiers & Qt::ControlModifier);
    }
    const Bar &at = m_view.bars[bar];
    setAccessibleDescription((at.label.isEmpty() ? label(head) : at.label) + ' ' + valueText(at));
    const QRect row = rowRect(bar);
    if (row.top() < m_top)
        verticalScrollBar()->setValue(verticalScrollBar()->value() - (m_top - row.top()));
    else if (row.bottom() > viewport()->height() - m_bottom)
        verticalScrollBar()->setValue(verticalScrollBar()->value() + row.bottom() - viewport()->height() + m_bottom);
    viewport()->update();
    if (changed)
        Q_EMIT selectionChanged(m_selection.heads);
    Q_EMIT barClicked(bar);
    Q_EMIT clicked(head);
}

void BarsWidget::resizeEvent(QResizeEvent *)
{
    relayout();
}

void BarsWidget::mouseMoveEvent(QMouseEvent *event)
{
    setHover(rowAt(event->position().toPoint()));
}

void BarsWidget::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton)
        pick(rowAt(event->position().toPoint()), event->modifiers());
}

void BarsWidget::mouseDoubleClickEvent(QMouseEvent *event)
{
    const int bar = rowAt(event->position().toPoint());
    if (bar >= 0 && m_view.bars[bar].head.valid())
        Q_EMIT activated(m_view.bars[bar].head);
}

void BarsWidget::keyPressEvent(QKeyEvent *event)
{
    const int last = int(m_view.bars.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Up:
        return pick(std::max(0, m_current - 1), {});
    case Qt::Key_Down:
        return pick(std::min(last, m_current + 1), {});
    case Qt::Key_Home:
        return pick(0, {});
    case Qt::Key_End:
        return pick(last, {});
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_current >= 0 && m_view.bars[m_current].head.valid())
            Q_EMIT activated(m_view.bars[m_current].head);
        return;
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

void BarsWidget::contextMenuEvent(QContextMenuEvent *event)
{
    const bool keyboard = event->reason() == QContextMenuEvent::Keyboard;
    const int bar = keyboard ? m_current : rowAt(event->pos());
    if (bar >= 0 && m_view.bars[bar].head.valid())
        Q_EMIT contextMenuRequested(m_view.bars[bar].head, keyboard ? viewport()->mapToGlobal(rowRect(bar).center()) : event->globalPos());
}

bool BarsWidget::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::Leave)
        setHover(-1);
    return QAbstractScrollArea::viewportEvent(event);
}

void BarsWidget::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange || event->type() == QEvent::PaletteChange)
        relayout();
}

void BarsWidget::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void BarsWidget::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

} // namespace patchbay::widgets
