#include "bars_widget.h"

#include "colour_map.h"
#include "view_text.h"

#include <QCoreApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

constexpr int barsMargin = 10, barsGap = 8;

BarsWidget::BarsWidget(QWidget *parent) : HeadPlot(tr("Bars"), tr("No run yet"), parent), m_scroll(new QScrollBar(this))
{
    m_scroll->hide();
    connect(m_scroll, &QScrollBar::valueChanged, this, qOverload<>(&QWidget::update));
}

void BarsWidget::setView(const BarsView &view)
{
    m_view = view;
    m_current = std::min(m_current, int(view.bars.size()) - 1);
    newView(view.title);
}

void BarsWidget::setUnit(const QString &unit)
{
    m_unit = unit;
    relayout();
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
    m_labelWidth = std::min(m_labelWidth + 2, width() / 3); // advances are rounded: a text of just this width would be cut
    m_range = paddedRange(ends, true);
    if (!m_view.bars.isEmpty() && m_range.from > -0.07 * m_range.span())
        m_range.from = 0; // no negative bar: no empty strip beside the labels
    if (!m_view.bars.isEmpty() && m_range.to < 0.07 * m_range.span())
        m_range.to = 0;
    const int line = metrics.height();
    m_top = 8 + (m_view.title.isEmpty() ? 0 : line + 6) + (m_view.valueLabel.isEmpty() ? 0 : line + 2);
    m_bottom = m_view.totalText.isEmpty() ? 8 : line + 14;
    const int room = height() - m_top - m_bottom;
    const int count = std::max(1, int(m_view.bars.size()));
    m_rowHeight = std::clamp(room / count, line + 4, line + 14);
    const int hidden = std::max(0, m_rowHeight * int(m_view.bars.size()) - room);
    m_scroll->setPageStep(std::max(1, room));
    m_scroll->setSingleStep(m_rowHeight);
    m_scroll->setRange(0, hidden);
    m_scroll->setVisible(hidden > 0);
    m_scroll->setGeometry(width() - m_scroll->sizeHint().width(), m_top, m_scroll->sizeHint().width(), std::max(0, room));
    update();
}

int BarsWidget::roomWidth() const
{
    return width() - (m_scroll->maximum() > 0 ? m_scroll->sizeHint().width() : 0);
}

int BarsWidget::pixelOf(double value) const
{
    const int left = barsMargin + m_labelWidth + barsGap;
    const int length = std::max(10, roomWidth() - left - barsGap - m_valueWidth - barsMargin);
    return left + int(std::lround((value - m_range.from) / m_range.span() * length));
}

QRect BarsWidget::rowRect(int bar) const
{
    return QRect(0, m_top + bar * m_rowHeight - m_scroll->value(), roomWidth(), m_rowHeight);
}

QRect BarsWidget::barRect(int bar) const
{
    const QRect row = rowRect(bar);
    const int from = pixelOf(std::min(0.0, m_view.bars[bar].value)), to = pixelOf(std::max(0.0, m_view.bars[bar].value));
    const int inset = std::max(2, m_rowHeight / 6);
    return QRect(from, row.top() + inset, std::max(1, to - from), row.height() - 2 * inset);
}

int BarsWidget::markAt(QPointF point) const
{
    if (point.y() < m_top || point.y() >= height() - m_bottom)
        return -1;
    const int row = (int(point.y()) - m_top + m_scroll->value()) / m_rowHeight;
    return row < m_view.bars.size() ? row : -1;
}

QString BarsWidget::readoutOf(int mark) const
{
    const Bar &bar = m_view.bars[mark];
    return (bar.label.isEmpty() ? label(bar.head) : bar.label) + QLatin1Char(' ') + valueText(bar);
}

void BarsWidget::paintPlot(QPainter &painter, const Theme &theme)
{
    const int line = fontMetrics().height(), room = width() - 2 * barsMargin;
    drawTitle(painter, theme, m_view.title, barsMargin);
    painter.setPen(theme.dimText);
    painter.drawText(QRect(barsMargin, m_top - line - 2, room, line), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(m_view.valueLabel, Qt::ElideRight, room));
    painter.save();
    painter.setClipRect(0, m_top, width(), height() - m_top - m_bottom);
    for (int i = 0; i < m_view.bars.size(); ++i)
        drawBar(painter, theme, i);
    painter.setPen(theme.line);
    painter.drawLine(pixelOf(0), m_top, pixelOf(0), std::min(rowRect(int(m_view.bars.size()) - 1).bottom(), height()));
    painter.restore();
    if (!m_view.totalText.isEmpty()) {
        painter.setPen(theme.text);
        painter.drawText(QRect(barsMargin, height() - line - 7, room, line), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(m_view.totalText, Qt::ElideRight, room));
    }
}

void BarsWidget::drawBar(QPainter &painter, const Theme &theme, int index)
{
    const Bar &bar = m_view.bars[index];
    const QRect row = rowRect(index), body = barRect(index);
    const bool selected = m_selection.contains(bar.head);
    if (selected || index == hover())
        painter.fillRect(row, mixed(theme.background, selected ? theme.selection : theme.text, selected ? 0.16 : 0.06));
    if (hasFocus() && index == m_current) {
        painter.setPen(QPen(theme.selection, 1, Qt::DotLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(row.adjusted(2, 0, -3, -1));
    }
    painter.fillRect(body, bar.value < 0 ? theme.negative : theme.positive);
    if (selected)
        painter.fillRect(QRect(0, row.top(), 4, row.height()), theme.selection);
    if (bar.halfWidth > 0) {
        const int from = pixelOf(bar.value - bar.halfWidth), to = pixelOf(bar.value + bar.halfWidth), y = row.center().y();
        // A casing keeps the whisker readable where it lies on the bar.
        painter.setPen(QPen(theme.background, 3));
        painter.drawLine(from, y, to, y);
        painter.setPen(QPen(theme.text, 1));
        painter.drawLine(from, y, to, y);
        painter.drawLine(from, y - 3, from, y + 3);
        painter.drawLine(to, y - 3, to, y + 3);
    }
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(selected ? bold : font());
    painter.setPen(theme.text);
    painter.drawText(QRect(barsMargin, row.top(), m_labelWidth, row.height()), Qt::AlignRight | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(bar.label.isEmpty() ? label(bar.head) : bar.label, Qt::ElideRight, m_labelWidth));
    painter.setFont(font());
    painter.setPen(theme.dimText);
    painter.drawText(QRect(row.right() + 1 - barsMargin - m_valueWidth, row.top(), m_valueWidth, row.height()), Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, valueText(bar));
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
    setReadout(readoutOf(bar));
    const QRect row = rowRect(bar);
    if (row.top() < m_top)
        m_scroll->setValue(m_scroll->value() - (m_top - row.top()));
    else if (row.bottom() > height() - m_bottom)
        m_scroll->setValue(m_scroll->value() + row.bottom() - height() + m_bottom);
    finishSelection(changed);
    Q_EMIT barClicked(bar);
    Q_EMIT clicked(head);
}

void BarsWidget::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton)
        pick(markAt(event->position()), event->modifiers());
}

void BarsWidget::wheelEvent(QWheelEvent *event)
{
    QCoreApplication::sendEvent(m_scroll, event);
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
    default:
        HeadPlot::keyPressEvent(event);
    }
}

} // namespace patchbay::widgets
