#include "lines_widget.h"

#include "colour_map.h"
#include "finite_view.h"
#include "lines_geometry.h"
#include "plot_canvas.h"
#include "view_text.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

constexpr double linesReach = 14; // pixels
constexpr int linesLabelGap = 8;
constexpr double bandAlpha = 0.18, dotRadius = 2.6;

LinesWidget::LinesWidget(QWidget *parent)
    : AxesPlot(tr("Lines over training"), tr("No series is open"), Qt::Horizontal | Qt::Vertical, parent)
{
    canvas()->xAxis->setTicker(QSharedPointer<QCPAxisTickerText>::create());
    canvas()->xAxis->setSubTicks(false);
    canvas()->addDrawing([this](QCPPainter &painter) { drawGround(painter); }, false);
    canvas()->addDrawing(
        [this](QCPPainter &painter) {
            if (m_view.stacked)
                drawBands(painter);
            else
                drawLines(painter);
            drawLabels(painter);
        },
        true);
}

void LinesWidget::setView(const LinesView &given)
{
    const LinesView view = finite(given);
    const bool sameAxes = view.x == m_view.x && view.logarithmic == m_view.logarithmic && view.unit == m_view.unit
        && view.title == m_view.title;
    m_view = view;
    m_places = stepPlaces(view);
    m_edges = stepEdges(view);
    m_tops = view.stacked ? bandTops(view) : QVector<QVector<double>>();
    canvas()->setAxisNames(view.xLabel, view.yLabel);
    PlotRange x =
        view.stacked && !m_edges.isEmpty() ? PlotRange{m_edges.front(), m_edges.back()} : paddedRange(m_places, false);
    PlotRange y = paddedRange(valueEnds(view), true);
    if (view.stacked)
        y.from = 0;
    setWhole(x, y, sameAxes);
    newView(view.title);
}

void LinesWidget::setCurrent(int step)
{
    if (step == m_view.current)
        return;
    m_view.current = step;
    repaintMarks();
}

int LinesWidget::labelWidth() const
{
    const QFontMetrics metrics(scaledFont(font(), 0.92));
    int widest = 0;
    for (const Line &line : m_view.lines)
        widest = std::max(widest, metrics.horizontalAdvance(line.label));
    return widest + 2 * linesLabelGap;
}

void LinesWidget::setLabelWidth(int pixels)
{
    if (pixels == m_labelWidth)
        return;
    m_labelWidth = pixels;
    relayout();
}

QPointF LinesWidget::pixelOfStep(int line, int step) const
{
    double value = m_view.lines[line].values.value(step, std::nan(""));
    if (m_view.stacked)
        value = m_tops[line][step] - value / 2;
    return pixelOf(m_places[step], value);
}

QRect LinesWidget::plotRoom() const
{
    const int line = fontMetrics().height(), top = 8 + (m_view.title.isEmpty() ? 0 : line + 4);
    return QRect(4, top, width() - 8, height() - top - line - 8);
}

void LinesWidget::styleData(const Theme &theme)
{
    canvas()->yAxis->grid()->setZeroLinePen(QPen(theme.line, 1));
    canvas()->xAxis->grid()->setVisible(false);
    // Beside the axes: the names of the lines.
    canvas()->axisRect()->setAutoMargins(QCP::msLeft | QCP::msTop | QCP::msBottom);
    canvas()->axisRect()->setMargins({0, 0, std::min(width() / 3, std::max(m_labelWidth, labelWidth())), 0});
}

void LinesWidget::setTicks()
{
    const auto ticker = canvas()->xAxis->ticker().dynamicCast<QCPAxisTickerText>();
    ticker->clear();
    const int most = std::clamp(plotRoom().width() / (4 * fontMetrics().height()), 2, 12);
    for (const StepTick &tick : stepTicks(m_view, xRange().from, xRange().to, most))
        ticker->addTick(tick.at, tick.text);
}

void LinesWidget::relayout()
{
    setTicks();
    AxesPlot::relayout();
}

int LinesWidget::nearestStep(double pixel) const
{
    int nearest = -1;
    double least = 0;
    for (int step = 0; step < m_places.size(); ++step) {
        const double far = std::abs(pixelOf(m_places[step], 0).x() - pixel);
        if (nearest < 0 || far < least) {
            nearest = step;
            least = far;
        }
    }
    return nearest;
}

int LinesWidget::markAt(QPointF point) const
{
    if (!QRectF(plotArea()).adjusted(-4, -4, 4, 4).contains(point))
        return -1;
    const int steps = int(m_view.x.size());
    if (m_view.stacked) {
        for (int step = 0; step < steps; ++step) {
            if (point.x() < pixelOf(m_edges[step], 0).x() || point.x() >= pixelOf(m_edges[step + 1], 0).x())
                continue;
            for (int line = 0; line < m_tops.size(); ++line)
                if (std::isfinite(m_tops[line][step]) && point.y() >= pixelOf(0, m_tops[line][step]).y())
                    return line * steps + step;
        }
        return -1;
    }
    int best = -1;
    double least = linesReach;
    for (int line = 0; line < m_view.lines.size(); ++line)
        for (int step = 0; step < steps; ++step) {
            const double value = m_view.lines[line].values.value(step, std::nan(""));
            if (!canBeDrawn(value))
                continue;
            const QPointF way = pixelOf(m_places[step], value) - point;
            if (const double far = std::hypot(way.x(), way.y()); far < least) {
                least = far;
                best = line * steps + step;
            }
        }
    return best;
}

QString LinesWidget::readoutOf(int mark) const
{
    return lineReadout(m_view, lineOf(mark), stepOf(mark));
}

void LinesWidget::paintPlot(QPainter &painter, const Theme &theme)
{
    drawTitle(painter, theme, m_view.title, 8);
    drawReadout(painter, theme, tr("Point at a line to read it; a click goes to its step"));
}

// Under the data: which steps have nothing, and which one is on view.
void LinesWidget::drawGround(QPainter &painter) const
{
    const Theme theme = Theme::of(palette());
    const QRect area = plotArea();
    painter.setClipRect(area);
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (int step = 0; step < m_view.gaps.size() && step + 1 < m_edges.size(); ++step) {
        if (m_view.gaps[step].isEmpty())
            continue;
        const double left = pixelOf(m_edges[step], 0).x(), right = pixelOf(m_edges[step + 1], 0).x();
        const QRectF slab(left, area.top(), std::max(3.0, right - left), area.height());
        painter.fillRect(slab, QBrush(theme.faintLine, Qt::BDiagPattern));
    }
    if (m_view.current >= 0 && m_view.current < m_places.size()) {
        const double x = pixelOf(m_places[m_view.current], 0).x();
        painter.fillRect(QRectF(x - 1, area.top(), 2, area.height()), mixed(theme.plot, theme.selection, 0.75));
    }
}

void LinesWidget::drawLines(QPainter &painter) const
{
    const Theme theme = Theme::of(palette());
    painter.setClipRect(QRectF(plotArea()).adjusted(-4, -4, 4, 4));
    painter.setRenderHint(QPainter::Antialiasing, true);
    const int under = hover() >= 0 ? lineOf(hover()) : -1;
    for (int i = 0; i < m_view.lines.size(); ++i) {
        const Line &line = m_view.lines[i];
        const QColor colour = seriesColour(i, theme.dark);
        const bool strong = i == under || m_selection.contains(line.head);
        QColor band = colour;
        band.setAlphaF(float(bandAlpha));
        // A part for each run of steps that have values.
        for (int first = 0; first < m_places.size();) {
            QPolygonF middle, low, high;
            int step = first;
            for (; step < m_places.size() && canBeDrawn(line.values.value(step, std::nan(""))); ++step) {
                const double half = line.halfWidth.value(step, 0), value = line.values[step];
                middle << pixelOf(m_places[step], value);
                low << pixelOf(m_places[step], value - (canBeDrawn(half) ? half : 0));
                high << pixelOf(m_places[step], value + (canBeDrawn(half) ? half : 0));
            }
            if (!line.halfWidth.isEmpty() && middle.size() > 1) {
                std::reverse(low.begin(), low.end());
                painter.setPen(Qt::NoPen);
                painter.setBrush(band);
                painter.drawPolygon(high + low);
            }
            painter.setPen(QPen(colour, strong ? 2.6 : 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            painter.setBrush(Qt::NoBrush);
            painter.drawPolyline(middle);
            painter.setPen(Qt::NoPen);
            painter.setBrush(colour);
            for (const QPointF &at : std::as_const(middle))
                painter.drawEllipse(at, dotRadius, dotRadius);
            first = std::max(step, first + 1);
        }
    }
    if (hover() >= 0 && m_view.lines.size() > under) {
        painter.setPen(QPen(theme.hover, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(pixelOfStep(under, stepOf(hover())), dotRadius + 3, dotRadius + 3);
    }
}

void LinesWidget::drawBands(QPainter &painter) const
{
    const Theme theme = Theme::of(palette());
    painter.setClipRect(plotArea());
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (int i = int(m_tops.size()); i-- > 0;)
        for (int step = 0; step < m_places.size(); ++step) {
            if (!canBeDrawn(m_tops[i][step]))
                continue;
            const double below = i > 0 ? m_tops[i - 1][step] : 0;
            if (m_tops[i][step] <= below)
                continue;
            const QRectF slab(pixelOf(m_edges[step], m_tops[i][step]), pixelOf(m_edges[step + 1], below));
            const bool lit = hover() == i * int(m_view.x.size()) + step;
            const QColor colour = mixed(seriesColour(i, theme.dark), theme.plot, lit ? 0 : 0.25);
            painter.fillRect(slab.toAlignedRect(), colour);
        }
    // The step on view, over the bands.
    if (m_view.current >= 0 && m_view.current < m_places.size()) {
        const double x = pixelOf(m_places[m_view.current], 0).x();
        painter.fillRect(QRectF(x - 1, plotArea().top(), 2, plotArea().height()), theme.selection);
    }
}

// Each line is named where it ends; bands in the middle of their last height.
void LinesWidget::drawLabels(QPainter &painter) const
{
    const Theme theme = Theme::of(palette());
    painter.setClipping(false);
    painter.setFont(scaledFont(font(), 0.92));
    const QRect area = plotArea();
    const int line = painter.fontMetrics().height();
    QVector<double> wanted;
    QVector<int> named;
    for (int i = 0; i < m_view.lines.size(); ++i) {
        const int last = lastStep(m_view.lines[i]);
        if (last < 0)
            continue;
        named << i;
        wanted << std::clamp(pixelOfStep(i, last).y(), double(area.top()), double(area.bottom()));
    }
    const QVector<double> places = spread(wanted, line - 1, area.top() + line / 2.0, area.bottom() - line / 2.0);
    QFont bold = painter.font(), plain = painter.font();
    bold.setBold(true);
    for (int i = 0; i < named.size(); ++i) {
        const Line &of = m_view.lines[named[i]];
        const int left = area.right() + linesLabelGap;
        painter.setFont(of.head.valid() && m_selection.contains(of.head) ? bold : plain);
        painter.setPen(mixed(seriesColour(named[i], theme.dark), theme.text, 0.25));
        painter.drawText(QRectF(left, places[i] - line / 2.0, width() - left, line), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(of.label, Qt::ElideRight, width() - left - 2));
    }
}

void LinesWidget::mouseMoveEvent(QMouseEvent *event)
{
    if (!moveDrag(*event))
        AxesPlot::mouseMoveEvent(event);
}

void LinesWidget::mousePressEvent(QMouseEvent *event)
{
    if (!startDrag(*event) && event->button() == Qt::LeftButton)
        m_press = event->position().toPoint();
}

void LinesWidget::mouseReleaseEvent(QMouseEvent *event)
{
    const QPoint press = std::exchange(m_press, {-1, -1});
    if (endDrag() || event->button() != Qt::LeftButton || press.x() < 0 || markCount() == 0)
        return;
    const int mark = markAt(event->position());
    const HeadId head = mark >= 0 ? headOf(mark) : HeadId{};
    if (head.valid())
        finishSelection(m_selection.click(head, event->modifiers()));
    if (plotArea().contains(event->position().toPoint()))
        Q_EMIT stepClicked(mark >= 0 ? stepOf(mark) : nearestStep(event->position().x()));
    if (head.valid())
        Q_EMIT clicked(head);
}

void LinesWidget::keyPressEvent(QKeyEvent *event)
{
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    const int steps = int(m_view.x.size()), at = m_view.current;
    if (!shift && steps > 0 && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right))
        Q_EMIT stepClicked(std::clamp(at + (event->key() == Qt::Key_Left ? -1 : 1), 0, steps - 1));
    else if (!shift && steps > 0 && event->key() == Qt::Key_Home)
        Q_EMIT stepClicked(0);
    else if (!shift && steps > 0 && event->key() == Qt::Key_End)
        Q_EMIT stepClicked(steps - 1);
    else
        AxesPlot::keyPressEvent(event);
}

} // namespace patchbay::widgets
