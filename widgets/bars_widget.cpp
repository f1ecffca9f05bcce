#include "bars_widget.h"

#include "colour_map.h"
#include "plot_canvas.h"
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
constexpr double barShare = 0.66; // of a row

// Positive and negative bars; an invisible graph that carries the whiskers; and the whiskers, with a casing that keeps
// them readable on the bars.
enum BarsPart { Positive, Negative, Noise, Middles, Casing, Whisker };

BarsWidget::BarsWidget(QWidget *parent)
    : AxesPlot(tr("Bars"), tr("No run yet"), Qt::Horizontal, parent), m_scroll(new QScrollBar(this))
{
    m_scroll->hide();
    connect(m_scroll, &QScrollBar::valueChanged, this, [this] {
        showRows();
        repaintMarks();
    });
    QCPAxis *rows = canvas()->yAxis, *values = canvas()->xAxis;
    rows->setRangeReversed(true);
    rows->setTickLabels(false); // names and numbers have columns of their own
    rows->grid()->setVisible(false);
    for (QCPAxis *axis : {rows, canvas()->yAxis2, canvas()->xAxis2})
        axis->setVisible(false);
    canvas()->axisRect()->setAutoMargins(QCP::msBottom);
    for (int i = 0; i < 3; ++i)
        new QCPBars(rows, values);
    QCPGraph *middles = canvas()->addGraph(rows, values);
    middles->setLineStyle(QCPGraph::lsNone);
    for (int i = 0; i < 2; ++i) {
        auto *whiskers = new QCPErrorBars(rows, values);
        whiskers->setDataPlottable(middles);
        whiskers->setSymbolGap(0);
        whiskers->setWhiskerWidth(i == 0 ? 0 : 7);
        whiskers->setAntialiased(false);
    }
    auto *zero = new QCPItemStraightLine(canvas());
    zero->point1->setCoords(0, 0);
    zero->point2->setCoords(0, 1);
    zero->setAntialiased(false);
    canvas()->addDrawing([this](QCPPainter &painter) { drawGround(painter); }, false);
    canvas()->addDrawing([this](QCPPainter &painter) { drawTexts(painter); }, true);
}

void BarsWidget::setView(const BarsView &view)
{
    const bool sameAxis = view.title == m_view.title && view.valueLabel == m_view.valueLabel;
    m_view = view;
    m_current = std::min(m_current, int(view.bars.size()) - 1);
    m_reach = std::min(m_reach, int(view.bars.size()) - 1);
    QVector<double> ends, rows, values, halves;
    QVector<double> positiveRows, positive, negativeRows, negative, noiseRows, noise;
    for (int i = 0; i < view.bars.size(); ++i) {
        const double value = view.bars[i].value,
                     half = canBeDrawn(view.bars[i].halfWidth) ? std::abs(view.bars[i].halfWidth) : 0;
        if (!canBeDrawn(value))
            continue;
        ends << value - half << value + half;
        const bool within = half > 0 && view.bars[i].withinNoise();
        (within ? noiseRows : value < 0 ? negativeRows : positiveRows) << i;
        (within ? noise : value < 0 ? negative : positive) << value;
        if (half > 0) {
            rows << i;
            values << value;
            halves << half;
        }
    }
    static_cast<QCPBars *>(canvas()->plottable(Positive))->setData(positiveRows, positive, true);
    static_cast<QCPBars *>(canvas()->plottable(Negative))->setData(negativeRows, negative, true);
    static_cast<QCPBars *>(canvas()->plottable(Noise))->setData(noiseRows, noise, true);
    static_cast<QCPGraph *>(canvas()->plottable(Middles))->setData(rows, values, true);
    static_cast<QCPErrorBars *>(canvas()->plottable(Casing))->setData(halves);
    static_cast<QCPErrorBars *>(canvas()->plottable(Whisker))->setData(halves);
    m_values = paddedRange(ends, true);
    if (!view.bars.isEmpty() && m_values.from > -0.07 * m_values.span())
        m_values.from = 0; // no negative bar: no empty strip beside the labels
    if (!view.bars.isEmpty() && m_values.to < 0.07 * m_values.span())
        m_values.to = 0;
    canvas()->setAxisNames(view.valueLabel, {});
    setWhole(m_values, yRange(), sameAxis);
    newView(view.title);
}

QString BarsWidget::nameOf(const Bar &bar) const
{
    return bar.label.isEmpty() ? label(bar.head) : bar.label;
}

QString BarsWidget::valueText(const Bar &bar) const
{
    const QString half = bar.halfWidth > 0
        ? QStringLiteral(" ±%1").arg(bar.halfWidth, 0, 'f', m_view.unit == QLatin1String("%") ? 1 : 2)
        : QString();
    const QString value = valueWithUnit(bar.value, m_view.unit);
    if (m_view.unit.isEmpty() || half.isEmpty() || !value.endsWith(m_view.unit))
        return value + half;
    return value.left(value.size() - m_view.unit.size() - 1) + half + ' ' + m_view.unit;
}

QRect BarsWidget::plotRoom() const
{
    const int line = fontMetrics().height();
    const int top = 8 + (m_view.title.isEmpty() ? 0 : line + 6), bottom = m_view.totalText.isEmpty() ? 4 : line + 12;
    const int bar = m_scroll->maximum() > 0 ? m_scroll->sizeHint().width() : 0;
    return QRect(1, top, width() - 2 - bar, std::max(0, height() - top - bottom));
}

void BarsWidget::styleData(const Theme &theme)
{
    for (const auto &[part, colour] :
         {std::pair{Positive, theme.positive}, std::pair{Negative, theme.negative}, std::pair{Noise, theme.dimText}}) {
        auto *bars = static_cast<QCPBars *>(canvas()->plottable(part));
        bars->setPen(Qt::NoPen);
        bars->setBrush(colour);
        bars->setWidth(barShare);
        bars->setAntialiasedFill(false);
    }
    canvas()->plottable(Middles)->setPen(Qt::NoPen);
    canvas()->plottable(Casing)->setPen(QPen(theme.background, 3));
    canvas()->plottable(Whisker)->setPen(QPen(theme.text, 1));
    static_cast<QCPItemStraightLine *>(canvas()->item(0))->setPen(QPen(theme.line, 1));

    QFont bold = font();
    bold.setBold(true);
    const QFontMetrics metrics(font()), boldMetrics(bold);
    m_labelWidth = m_valueWidth = m_standingWidth = 0;
    for (const Bar &bar : m_view.bars) {
        m_labelWidth = std::max(m_labelWidth, boldMetrics.horizontalAdvance(nameOf(bar)));
        m_valueWidth = std::max(m_valueWidth, metrics.horizontalAdvance(valueText(bar)));
        m_standingWidth = std::max(m_standingWidth, metrics.horizontalAdvance(standingColumn(bar.standing)));
    }
    // In a narrow dock the bars need the room more; the readout says it all the same.
    m_standingWidth = m_standingWidth > 0 && width() > 5 * m_standingWidth ? m_standingWidth + 2 * barsGap : 0;
    m_labelWidth =
        std::min(m_labelWidth + 2, width() / 3); // advances are rounded: a text of just this width would be cut
    canvas()->axisRect()->setMargins(
        {barsMargin + m_labelWidth + barsGap, 0, barsGap + m_valueWidth + m_standingWidth + barsMargin, 0});
}

// The rows take their height and the scroll bar the rest of them; a scroll bar that comes or goes changes the room.
void BarsWidget::relayout()
{
    AxesPlot::relayout();
    const int room = plotArea().height(), line = fontMetrics().height(), count = std::max(1, int(m_view.bars.size()));
    m_rowHeight = std::clamp(room / count, line + 4, line + 14);
    const int hidden = std::max(0, m_rowHeight * int(m_view.bars.size()) - room);
    const bool changes = (hidden > 0) != (m_scroll->maximum() > 0);
    m_scroll->setPageStep(std::max(1, room));
    m_scroll->setSingleStep(m_rowHeight);
    m_scroll->setRange(0, hidden);
    m_scroll->setVisible(hidden > 0);
    m_scroll->setGeometry(width() - m_scroll->sizeHint().width(), plotArea().top(), m_scroll->sizeHint().width(),
                          std::max(0, room));
    if (changes)
        AxesPlot::relayout();
    showRows();
}

void BarsWidget::showRows()
{
    const double first = double(m_scroll->value()) / m_rowHeight - 0.5;
    canvas()->yAxis->setRange(first, first + double(std::max(1, plotArea().height())) / m_rowHeight);
}

QRect BarsWidget::rowRect(int bar) const
{
    return QRect(0, plotArea().top() + bar * m_rowHeight - m_scroll->value(), plotRoom().right(), m_rowHeight);
}

QRect BarsWidget::barRect(int bar) const
{
    const double value = m_view.bars[bar].value, half = barShare / 2;
    const QRectF body(pixelOf(std::min(0.0, value), bar - half), pixelOf(std::max(0.0, value), bar + half));
    return body.toRect();
}

int BarsWidget::markAt(QPointF point) const
{
    if (m_view.bars.isEmpty() || point.y() < plotArea().top() || point.y() > plotArea().bottom())
        return -1;
    const int row = (int(point.y()) - plotArea().top() + m_scroll->value()) / m_rowHeight;
    return row < m_view.bars.size() ? row : -1;
}

QString BarsWidget::readoutOf(int mark) const
{
    const QString standing = standingText(m_view.bars[mark].standing, m_view.top);
    return nameOf(m_view.bars[mark]) + QLatin1Char(' ') + valueText(m_view.bars[mark])
        + (standing.isEmpty() ? QString() : QStringLiteral(", ") + standing);
}

void BarsWidget::paintPlot(QPainter &painter, const Theme &theme)
{
    const int line = fontMetrics().height(), room = width() - 2 * barsMargin;
    drawTitle(painter, theme, m_view.title, barsMargin);
    painter.setPen(theme.text);
    painter.drawText(QRect(barsMargin, height() - line - 7, room, line), Qt::AlignLeft | Qt::AlignVCenter,
                     fittedText(painter.fontMetrics(), m_view.totalText, room));
}

// Under the bars: which rows are selected, under the pointer, and where the keyboard is.
void BarsWidget::drawGround(QPainter &painter) const
{
    const Theme theme = Theme::of(palette());
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setClipRect(0, plotArea().top(), width(), plotArea().height());
    for (int i = 0; i < m_view.bars.size(); ++i) {
        const QRect row = rowRect(i);
        const bool selected = m_selection.contains(m_view.bars[i].head);
        if (selected || i == hover())
            painter.fillRect(row,
                             mixed(theme.background, selected ? theme.selection : theme.text, selected ? 0.16 : 0.06));
        if (selected)
            painter.fillRect(QRect(0, row.top(), 5, row.height()), theme.selection);
        if (hasFocus() && i == m_current) {
            painter.setPen(QPen(theme.selection, 1, Qt::DotLine));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(row.adjusted(2, 0, -3, -1));
        }
    }
}

void BarsWidget::drawTexts(QPainter &painter) const
{
    const Theme theme = Theme::of(palette());
    painter.setClipRect(0, plotArea().top(), width(), plotArea().height());
    QFont bold = font();
    bold.setBold(true);
    for (int i = 0; i < m_view.bars.size(); ++i) {
        const Bar &bar = m_view.bars[i];
        const QRect row = rowRect(i);
        painter.setFont(m_selection.contains(bar.head) ? bold : font());
        painter.setPen(theme.text);
        painter.drawText(QRect(barsMargin, row.top(), m_labelWidth, row.height()), Qt::AlignRight | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(nameOf(bar), Qt::ElideRight, m_labelWidth));
        painter.setFont(font());
        painter.setPen(theme.dimText);
        const int right = row.right() + 1 - barsMargin;
        painter.drawText(QRect(right - m_standingWidth - m_valueWidth, row.top(), m_valueWidth, row.height()),
                         Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, valueText(bar));
        if (m_standingWidth > 0)
            painter.drawText(QRect(right - m_standingWidth, row.top(), m_standingWidth, row.height()),
                             Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, standingColumn(bar.standing));
    }
}

void BarsWidget::pick(int bar, Qt::KeyboardModifiers modifiers)
{
    if (bar < 0 || bar >= m_view.bars.size())
        return;
    const HeadId head = m_view.bars[bar].head;
    bool changed = false;
    m_reach = bar;
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
    const QRect row = rowRect(bar), room = plotArea();
    if (row.top() < room.top())
        m_scroll->setValue(m_scroll->value() - (room.top() - row.top()));
    else if (row.bottom() > room.bottom())
        m_scroll->setValue(m_scroll->value() + row.bottom() - room.bottom());
    finishSelection(changed);
    Q_EMIT barClicked(bar);
    Q_EMIT clicked(head);
}

// Shift selects from bar to bar here, so no rectangle is dragged.
void BarsWidget::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton)
        pick(markAt(event->position()), event->modifiers());
    else
        startDrag(*event);
}

void BarsWidget::mouseMoveEvent(QMouseEvent *event)
{
    if (!moveDrag(*event))
        AxesPlot::mouseMoveEvent(event);
}

void BarsWidget::mouseReleaseEvent(QMouseEvent *)
{
    endDrag();
}

void BarsWidget::wheelEvent(QWheelEvent *event)
{
    if (event->modifiers() & Qt::ControlModifier)
        AxesPlot::wheelEvent(event);
    else
        QCoreApplication::sendEvent(m_scroll, event);
}

void BarsWidget::keyPressEvent(QKeyEvent *event)
{
    const int last = int(m_view.bars.size()) - 1;
    const Qt::KeyboardModifiers extend = event->modifiers() & Qt::ShiftModifier;
    const int from = extend ? m_reach : m_current;
    switch (event->key()) {
    case Qt::Key_Up:
        return pick(std::max(0, from - 1), extend);
    case Qt::Key_Down:
        return pick(std::min(last, from + 1), extend);
    case Qt::Key_Home:
        return pick(0, extend);
    case Qt::Key_End:
        return pick(last, extend);
    default:
        AxesPlot::keyPressEvent(event);
    }
}

} // namespace patchbay::widgets
