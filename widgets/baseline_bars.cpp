#include "baseline_bars.h"

#include "colour_map.h"
#include "view_text.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay::widgets {

BaselineBars::BaselineBars(QWidget *parent) : QWidget(parent), m_emptyText(tr("No baseline yet"))
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(tr("Baseline per prompt"));
}

void BaselineBars::setView(const BaselineView &view)
{
    m_view = view;
    m_hover = -1;
    m_readout.clear();
    relayout();
}

void BaselineBars::setEmptyText(const QString &text)
{
    m_emptyText = text;
    update();
}

void BaselineBars::setCurrent(int prompt)
{
    m_current = prompt;
    update();
}

void BaselineBars::relayout()
{
    m_axes.y = paddedRange(m_view.clean + m_view.flipped, true);
    m_axes.x = {0, double(std::max<qsizetype>(1, m_view.clean.size()))};
    const int line = fontMetrics().height();
    const AxisRoom room = axisRoom(m_axes.y, font(), height() - 2 * line - 30);
    const int left = 8 + room.left - line; // no axis name at the side: the heading says what the bars are
    m_axes.area = QRect(left, 8 + line + 4, std::max(10, width() - left - 10), std::max(10, height() - 2 * line - 26));
    update();
}

QRect BaselineBars::slotRect(int prompt) const
{
    const double each = double(m_axes.area.width()) / double(std::max<qsizetype>(1, m_view.clean.size()));
    const int from = m_axes.area.left() + int(std::lround(prompt * each)), to = m_axes.area.left() + int(std::lround((prompt + 1) * each));
    return QRect(from, m_axes.area.top(), std::max(1, to - from), m_axes.area.height());
}

int BaselineBars::promptAt(QPoint point) const
{
    if (!m_axes.area.contains(point) || m_view.clean.isEmpty())
        return -1;
    const double each = double(m_axes.area.width()) / double(m_view.clean.size());
    for (int prompt = int((point.x() - m_axes.area.left()) / each) - 1, end = prompt + 3; prompt < end; ++prompt) {
        if (prompt >= 0 && prompt < m_view.clean.size() && slotRect(prompt).contains(point))
            return prompt;
    }
    return -1;
}

QString BaselineBars::textOf(int prompt) const
{
    QString text = m_view.names.value(prompt, tr("Prompt %1").arg(prompt + 1)) + tr(":  clean %1").arg(valueWithUnit(m_view.clean[prompt], {}));
    if (prompt < m_view.flipped.size())
        text += tr(", flipped %1").arg(valueWithUnit(m_view.flipped[prompt], {}));
    if (m_view.excluded.value(prompt))
        text += tr("  (excluded)");
    return text;
}

void BaselineBars::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme theme = Theme::of(palette());
    if (m_view.clean.isEmpty()) {
        drawEmptyState(painter, rect(), m_emptyText, theme);
        if (hasFocus())
            drawFocusFrame(painter, rect(), theme);
        return;
    }
    painter.fillRect(rect(), theme.background);
    const int line = fontMetrics().height();
    // Heading that is the legend at the same time.
    int x = 8;
    const auto legend = [&](const QString &text, const QColor &colour) {
        painter.fillRect(QRect(x, 8 + line / 2 - 4, 9, 9), colour);
        painter.setPen(theme.text);
        const int wide = painter.fontMetrics().horizontalAdvance(text);
        painter.drawText(QRect(x + 14, 8, wide + 2, line), Qt::AlignLeft | Qt::AlignVCenter, text);
        x += wide + 14 + 16;
    };
    painter.setFont(scaledFont(font(), 0.92));
    legend(tr("clean %1").arg(valueWithUnit(m_view.cleanMean, {})), theme.positive);
    if (!m_view.flipped.isEmpty())
        legend(tr("flipped %1").arg(valueWithUnit(m_view.flippedMean, {})), theme.negative);
    painter.setPen(theme.dimText);
    const QString heading = tr("mean logit difference");
    if (x + painter.fontMetrics().horizontalAdvance(heading) < width() - 8)
        painter.drawText(QRect(x - 6, 8, width() - x, line), Qt::AlignLeft | Qt::AlignVCenter, heading);

    painter.setFont(scaledFont(font(), 0.88));
    const QVector<double> ticks = niceTicks(m_axes.y.from, m_axes.y.to, std::clamp(m_axes.area.height() / (2 * line), 2, 5));
    const int decimals = ticks.size() > 1 ? tickDecimals(ticks[1] - ticks[0]) : 1;
    for (double tick : ticks) {
        const int y = int(std::lround(m_axes.toPixel(0, tick).y()));
        painter.setPen(theme.faintLine);
        painter.drawLine(m_axes.area.left(), y, m_axes.area.right(), y);
        painter.setPen(theme.dimText);
        painter.drawText(QRect(0, y - line / 2, m_axes.area.left() - 5, line), Qt::AlignRight | Qt::AlignVCenter, tickText(tick, decimals));
    }
    const int zero = int(std::lround(m_axes.toPixel(0, 0).y()));
    for (int i = 0; i < m_view.clean.size(); ++i) {
        const QRect lane = slotRect(i);
        if (i == m_hover || i == m_current)
            painter.fillRect(lane, mixed(theme.background, i == m_current ? theme.selection : theme.text, i == m_current ? 0.28 : 0.12));
        const int inset = lane.width() >= 5 ? 1 : 0;
        const auto bar = [&](double value, QColor colour) {
            if (!std::isfinite(value))
                return;
            const int y = int(std::lround(m_axes.toPixel(0, value).y()));
            if (m_view.excluded.value(i))
                colour = mixed(colour, theme.background, 0.75);
            painter.fillRect(QRect(lane.left() + inset, std::min(zero, y), std::max(1, lane.width() - 2 * inset), std::max(1, std::abs(zero - y))), colour);
        };
        // Usually one points up and the other down; where both point the same way the shorter one is drawn on top.
        const double clean = m_view.clean[i], flipped = m_view.flipped.value(i, std::numeric_limits<double>::quiet_NaN());
        if (std::abs(clean) >= std::abs(flipped) || !std::isfinite(flipped)) {
            bar(clean, theme.positive);
            bar(flipped, theme.negative);
        } else {
            bar(flipped, theme.negative);
            bar(clean, theme.positive);
        }
    }
    painter.setPen(theme.line);
    painter.drawLine(m_axes.area.left(), zero, m_axes.area.right(), zero);
    const auto meanLine = [&](double mean, const QColor &colour) {
        if (!std::isfinite(mean))
            return;
        const int y = int(std::lround(m_axes.toPixel(0, mean).y()));
        painter.setPen(QPen(mixed(colour, theme.text, 0.55), 1, Qt::DashLine));
        painter.drawLine(m_axes.area.left(), y, m_axes.area.right(), y);
    };
    meanLine(m_view.cleanMean, theme.positive);
    if (!m_view.flipped.isEmpty())
        meanLine(m_view.flippedMean, theme.negative);

    painter.setFont(font());
    const bool hint = m_readout.isEmpty();
    painter.setPen(hint ? theme.dimText : theme.text);
    const QRect lane(8, height() - line - 4, width() - 16, line);
    QString text = hint ? tr("%1 prompts; point at a bar to name it").arg(m_view.clean.size()) : m_readout;
    if (hint && painter.fontMetrics().horizontalAdvance(text) > lane.width())
        text = tr("%1 prompts").arg(m_view.clean.size());
    painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(text, Qt::ElideRight, lane.width()));
    if (hasFocus())
        drawFocusFrame(painter, rect(), theme);
}

void BaselineBars::setHover(int prompt)
{
    if (prompt == m_hover)
        return;
    m_hover = prompt;
    m_readout = prompt >= 0 ? textOf(prompt) : QString();
    setAccessibleDescription(m_readout);
    update();
    Q_EMIT hovered(prompt);
}

void BaselineBars::resizeEvent(QResizeEvent *)
{
    relayout();
}

void BaselineBars::mouseMoveEvent(QMouseEvent *event)
{
    setHover(promptAt(event->position().toPoint()));
}

void BaselineBars::mousePressEvent(QMouseEvent *event)
{
    const int prompt = promptAt(event->position().toPoint());
    if (event->button() == Qt::LeftButton && prompt >= 0) {
        setCurrent(prompt);
        Q_EMIT clicked(prompt);
    }
}

void BaselineBars::leaveEvent(QEvent *)
{
    setHover(-1);
}

void BaselineBars::keyPressEvent(QKeyEvent *event)
{
    const int last = int(m_view.clean.size()) - 1;
    if (last >= 0 && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right)) {
        setCurrent(std::clamp(m_current + (event->key() == Qt::Key_Left ? -1 : 1), 0, last));
        setHover(m_current);
        Q_EMIT clicked(m_current);
    } else {
        QWidget::keyPressEvent(event);
    }
}

void BaselineBars::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        relayout();
}

void BaselineBars::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update();
}

void BaselineBars::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    update();
}

} // namespace patchbay::widgets
