// Painting of the attention matrix.
#include "attention_widget.h"

#include "colour_map.h"
#include "pattern_image.h"
#include "view_text.h"

#include <QPaintEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

void AttentionWidget::paintEvent(QPaintEvent *)
{
    QPainter painter(viewport());
    const Theme theme = Theme::of(palette());
    const QRect whole = viewport()->rect();
    if (m_view.size <= 0) {
        drawEmptyState(painter, whole, m_emptyText, theme);
    } else {
        painter.fillRect(whole, theme.background);
        const AttentionGeometry geometry = geometryOfMatrix();
        drawMatrix(painter, geometry, theme);
        drawLabels(painter, geometry, theme, true);
        drawLabels(painter, geometry, theme, false);
        drawScale(painter, geometry, theme);

        painter.setFont(font());
        QFont bold = font();
        bold.setBold(true);
        painter.setFont(bold);
        painter.setPen(theme.text);
        painter.drawText(QRect(10, 6, whole.width() - 20, painter.fontMetrics().height()),
                         Qt::AlignLeft | Qt::AlignVCenter,
                         fittedText(painter.fontMetrics(), m_view.title, whole.width() - 20));
        painter.setFont(font());
        const bool hint = m_readout.isEmpty();
        painter.setPen(hint ? theme.dimText : theme.text);
        const QRect lane(10, whole.bottom() - painter.fontMetrics().height() - 4, whole.width() - 20,
                         painter.fontMetrics().height());
        const QString text = !hint      ? m_readout
            : m_view.quantity.isEmpty() ? tr("Rows look at columns; Ctrl + wheel zooms")
                                        : tr("Rows are positions, columns the tokens before; Ctrl + wheel zooms");
        painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter, fittedText(painter.fontMetrics(), text, lane.width()));
    }
    if (hasFocus())
        drawFocusFrame(painter, whole, theme);
}

void AttentionWidget::drawMatrix(QPainter &painter, const AttentionGeometry &geometry, const Theme &theme)
{
    const QRect seen = geometry.visible();
    const QRectF cells = geometry.visibleCells();
    const qreal ratio = devicePixelRatioF();
    const QSize pixels = (QSizeF(seen.size()) * ratio).toSize();
    if (m_image.size() != pixels || m_imageCells != cells || m_imageGround != theme.plot) {
        m_image = renderPattern(m_view.weights, m_view.size, cells, pixels, {m_maximum, m_view.difference, theme.plot});
        m_image.setDevicePixelRatio(ratio);
        m_imageCells = cells;
        m_imageGround = theme.plot;
    }
    painter.drawImage(seen.topLeft(), m_image);

    painter.save();
    painter.setClipRect(seen.adjusted(-1, -1, 1, 1));
    const int firstRow = std::max(0, int(cells.top())), lastRow = std::min(m_view.size - 1, int(cells.bottom()));
    const int firstColumn = std::max(0, int(cells.left())), lastColumn = std::min(m_view.size - 1, int(cells.right()));
    if (geometry.cell >= 10) {
        painter.setPen(theme.faintLine);
        for (int row = firstRow; row <= lastRow; ++row)
            painter.drawLine(seen.left(), geometry.cellRect(row, 0).bottom(), seen.right(),
                             geometry.cellRect(row, 0).bottom());
        for (int column = firstColumn; column <= lastColumn; ++column)
            painter.drawLine(geometry.cellRect(0, column).right(), seen.top(), geometry.cellRect(0, column).right(),
                             seen.bottom());
    }
    const QFont tiny = scaledFont(font(), 0.75);
    if (geometry.cell
        >= QFontMetrics(tiny).horizontalAdvance(m_view.difference ? QStringLiteral("−0.00") : QStringLiteral("0.00"))
            + 5) {
        painter.setFont(tiny);
        for (int row = firstRow; row <= lastRow; ++row) {
            for (int column = firstColumn; column <= lastColumn; ++column) {
                const float weight = m_view.weights.value(qsizetype(row) * m_view.size + column);
                if (std::abs(weight) < 0.005f)
                    continue;
                painter.setPen(
                    textOn(QColor::fromRgb(attentionColour(weight / m_maximum, m_view.difference, theme.plot))));
                const QString text = m_view.difference ? signedNumber(weight, 2) : QString::number(weight, 'f', 2);
                painter.drawText(geometry.cellRect(row, column), Qt::AlignCenter, text);
            }
        }
    }
    painter.setPen(theme.line);
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(seen.adjusted(-1, -1, 0, 0));

    // Row and column under the pointer: ruled on both sides, so that the cells between keep their colours.
    painter.setPen(QPen(theme.hover, 1));
    if (m_row >= 0) {
        const QRect band = geometry.cellRect(m_row, 0);
        painter.drawLine(seen.left(), band.top() - 1, seen.right(), band.top() - 1);
        painter.drawLine(seen.left(), band.bottom() + (geometry.cell >= 10 ? 0 : 1), seen.right(),
                         band.bottom() + (geometry.cell >= 10 ? 0 : 1));
    }
    if (m_column >= 0) {
        const QRect band = geometry.cellRect(0, m_column);
        painter.drawLine(band.left() - 1, seen.top(), band.left() - 1, seen.bottom());
        painter.drawLine(band.right() + (geometry.cell >= 10 ? 0 : 1), seen.top(),
                         band.right() + (geometry.cell >= 10 ? 0 : 1), seen.bottom());
    }
    painter.restore();
}

void AttentionWidget::drawLabels(QPainter &painter, const AttentionGeometry &geometry, const Theme &theme, bool rows)
{
    const QFont small = scaledFont(font(), 0.88), pill = scaledFont(font(), 0.75);
    QFont bold = small;
    bold.setBold(true);
    const int line = QFontMetrics(small).height() - 1;
    const int hovered = rows ? m_row : m_column;
    QVector<int> important{hovered};
    for (int i = 0; i < m_view.roles.size(); ++i) {
        if (!m_view.roles[i].isEmpty())
            important.append(i);
    }
    const QVector<bool> shown = thinLabels(m_view.size, geometry.cell, line, important);
    const int pillLane = m_pillWidth ? m_pillWidth + 4 : 0;
    const int length =
        (rows ? m_frame.left - 10 : m_frame.top - 8 - (m_view.title.isEmpty() ? 0 : fontMetrics().height() + 6)) - 6
        - pillLane;

    painter.save();
    // Columns are drawn as rows of a turned picture: u runs away from the matrix' first token, v is the label's
    // baseline axis.
    if (!rows) {
        painter.translate(0, geometry.area.top());
        painter.rotate(-90);
    }
    for (int i = 0; i < m_view.size; ++i) {
        const QRect cell = geometry.cellRect(rows ? i : 0, rows ? 0 : i);
        const int centre = rows ? cell.center().y() : cell.center().x();
        const int low = rows ? geometry.area.top() : geometry.area.left(),
                  high = rows ? geometry.area.bottom() : geometry.area.right();
        if (!shown[i] || centre < low || centre > high)
            continue;
        painter.setFont(i == hovered ? bold : small);
        painter.setPen(i == hovered ? theme.text : mixed(theme.text, theme.background, 0.2));
        const QString token = rows ? rowToken(i) : m_view.tokens.value(i);
        const QString text = painter.fontMetrics().elidedText(visibleToken(token), Qt::ElideRight, length);
        const QString role = m_view.roles.value(i);
        if (rows) {
            const QRect lane(10 + pillLane, centre - line / 2, length, line + 1);
            painter.drawText(lane, Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, text);
            drawRolePill(&painter, QRect(10, lane.top() + 1, m_pillWidth, line - 1), role, pill, theme.dark);
        } else {
            const QRect lane(6, centre - line / 2, length, line + 1);
            painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextDontClip, text);
            drawRolePill(&painter, QRect(6 + length + 5, lane.top() + 1, m_pillWidth, line - 1), role, pill,
                         theme.dark);
        }
    }
    painter.restore();
}

QRect AttentionWidget::scaleRect(const AttentionGeometry &geometry) const
{
    if (!m_scale)
        return {};
    const QRect seen = geometry.visible();
    return QRect(seen.right() + 14, seen.top(), 10, std::min(seen.height(), 160));
}

// With the numbers beside it.
bool AttentionWidget::onScale(const AttentionGeometry &geometry, QPoint point) const
{
    const QRect bar = scaleRect(geometry);
    return !bar.isEmpty() && bar.adjusted(-4, -4, 30, 4).contains(point);
}

void AttentionWidget::drawScale(QPainter &painter, const AttentionGeometry &geometry, const Theme &theme)
{
    const QRect bar = scaleRect(geometry);
    if (bar.isEmpty())
        return;
    const double low = m_view.difference ? -1 : 0;
    for (int y = bar.top(); y <= bar.bottom(); ++y) {
        const double t = 1 - (y - bar.top() + 0.5) / bar.height() * (1 - low);
        painter.fillRect(QRect(bar.left(), y, bar.width(), 1),
                         QColor::fromRgb(attentionColour(t, m_view.difference, theme.plot)));
    }
    painter.setPen(theme.line);
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(bar.adjusted(-1, -1, 0, 0));
    painter.setFont(scaledFont(font(), 0.88));
    painter.setPen(theme.dimText);
    const int line = painter.fontMetrics().height();
    for (double t : {1.0, (1 + low) / 2, low}) {
        const int y = bar.bottom() - int(std::lround((t - low) / (1 - low) * (bar.height() - 1)));
        const double value = t * m_maximum;
        // A scale that ends below the strongest weight says so.
        const bool open = t == 1.0 && m_largest > m_maximum * (1 + 1e-6);
        painter.drawText(
            QRect(bar.right() + 6, std::clamp(y - line / 2, bar.top() - 4, bar.bottom() + 5 - line), 60, line),
            Qt::AlignLeft | Qt::AlignVCenter,
            (open ? QStringLiteral("≥ ") : QString())
                + tickText(value, value == std::round(value) ? 0 : tickDecimals(value)));
    }
}

} // namespace patchbay::widgets
