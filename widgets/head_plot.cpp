#include "head_plot.h"

#include "view_text.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

namespace patchbay::widgets {

HeadPlot::HeadPlot(const QString &kind, const QString &emptyText, QWidget *parent)
    : QWidget(parent), m_kind(kind), m_emptyText(emptyText)
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(kind);
}

void HeadPlot::setEmptyText(const QString &text)
{
    m_emptyText = text;
    update();
}

void HeadPlot::setSelection(const QVector<HeadId> &heads)
{
    if (m_selection.assign(heads))
        repaintMarks();
}

void HeadPlot::newView(const QString &title)
{
    m_hover = -1;
    m_readout.clear();
    setAccessibleName(title.isEmpty() ? m_kind : m_kind + QStringLiteral(": ") + title);
    relayout();
}

void HeadPlot::setHover(int mark)
{
    if (mark == m_hover)
        return;
    m_hover = mark;
    setReadout(mark >= 0 ? readoutOf(mark) : QString());
    Q_EMIT hovered(mark >= 0 ? headOf(mark) : HeadId{});
}

void HeadPlot::setReadout(const QString &text)
{
    m_readout = text;
    setAccessibleDescription(text);
    repaintMarks();
}

void HeadPlot::finishSelection(bool changed)
{
    repaintMarks();
    if (changed)
        Q_EMIT selectionChanged(m_selection.heads);
}

void HeadPlot::drawTitle(QPainter &painter, const Theme &theme, const QString &title, int margin) const
{
    const QRect lane(margin, 8, width() - 2 * margin, fontMetrics().height());
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(theme.text);
    painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter, fittedText(painter.fontMetrics(), title, lane.width()));
    painter.setFont(font());
}

void HeadPlot::drawReadout(QPainter &painter, const Theme &theme, const QString &hint) const
{
    const int line = fontMetrics().height();
    const QRect lane(8, height() - line - 5, width() - 16, line);
    painter.setFont(font());
    painter.setPen(m_readout.isEmpty() ? theme.dimText : theme.text);
    painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter,
                     fittedText(painter.fontMetrics(), m_readout.isEmpty() ? hint : m_readout, lane.width()));
}

void HeadPlot::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme theme = Theme::of(palette());
    if (markCount() == 0) {
        drawEmptyState(painter, rect(), m_emptyText, theme);
    } else {
        painter.fillRect(rect(), theme.background);
        paintPlot(painter, theme);
    }
    if (hasFocus())
        drawFocusFrame(painter, rect(), theme);
}

void HeadPlot::resizeEvent(QResizeEvent *)
{
    relayout();
}

void HeadPlot::mouseMoveEvent(QMouseEvent *event)
{
    setHover(markAt(event->position()));
}

void HeadPlot::mouseDoubleClickEvent(QMouseEvent *event)
{
    const int mark = markAt(event->position());
    if (mark >= 0 && headOf(mark).valid())
        Q_EMIT activated(headOf(mark));
}

void HeadPlot::leaveEvent(QEvent *)
{
    setHover(-1);
}

void HeadPlot::keyPressEvent(QKeyEvent *event)
{
    const int mark = keyboardMark();
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && mark >= 0 && headOf(mark).valid())
        Q_EMIT activated(headOf(mark));
    else
        QWidget::keyPressEvent(event);
}

void HeadPlot::contextMenuEvent(QContextMenuEvent *event)
{
    const bool keyboard = event->reason() == QContextMenuEvent::Keyboard;
    const int mark = keyboard ? keyboardMark() : markAt(event->pos());
    if (mark >= 0 && headOf(mark).valid())
        Q_EMIT contextMenuRequested(headOf(mark), keyboard ? mapToGlobal(middleOf(mark)) : event->globalPos());
}

void HeadPlot::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange
        || event->type() == QEvent::StyleChange)
        relayout();
}

void HeadPlot::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    repaintMarks();
}

void HeadPlot::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    repaintMarks();
}

} // namespace patchbay::widgets
