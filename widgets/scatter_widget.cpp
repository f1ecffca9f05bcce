#include "scatter_widget.h"

#include "plot_canvas.h"
#include "point_labels.h"
#include "view_text.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace patchbay::widgets {

constexpr double scatterReach = 12;

ScatterWidget::ScatterWidget(QWidget *parent)
    : AxesPlot(tr("Scatter plot"), tr("No run yet"), Qt::Horizontal | Qt::Vertical, parent)
{
    // The legend stands above the axes, as wide as it is: in a row of the grid it would be stretched.
    m_legendRow = new QCPLayoutInset;
    canvas()->plotLayout()->insertRow(0);
    canvas()->plotLayout()->addElement(0, 0, m_legendRow);
    m_legendRow->addElement(canvas()->legend, Qt::AlignLeft | Qt::AlignTop);
    auto *left = new QCPMarginGroup(canvas());
    m_legendRow->setMarginGroup(QCP::msLeft, left);
    canvas()->axisRect()->setMarginGroup(QCP::msLeft, left);
    canvas()->legend->setIconSize(8, 8);
    canvas()->legend->setMargins({0, 0, 0, 4});
    canvas()->legend->setColumnSpacing(14);
    canvas()->legend->setRowSpacing(0);
    canvas()->addDrawing([this](QCPPainter &painter) { drawMarks(painter); }, true);
}

void ScatterWidget::setView(const ScatterView &view)
{
    const bool sameAxes = view.title == m_view.title && view.xLabel == m_view.xLabel && view.yLabel == m_view.yLabel;
    m_view = view;
    m_oneHead = view.points.size() > 1
        && std::all_of(view.points.begin(), view.points.end(),
                       [&](const ScatterPoint &point) { return point.head == view.points.first().head; });
    QVector<QVector<double>> x(std::max<qsizetype>(view.series.size(), 1)), y(x.size());
    QVector<double> allX, allY;
    for (const ScatterPoint &point : view.points) {
        if (!canBeDrawn(point.x) || !canBeDrawn(point.y))
            continue;
        const auto series = std::clamp<qsizetype>(point.series, 0, x.size() - 1);
        x[series] << point.x;
        y[series] << point.y;
        allX << point.x;
        allY << point.y;
    }
    canvas()->legend->clearItems();
    while (canvas()->graphCount() > x.size())
        canvas()->removeGraph(canvas()->graphCount() - 1);
    for (int i = 0; i < x.size(); ++i) {
        QCPGraph *graph = i < canvas()->graphCount() ? canvas()->graph(i) : canvas()->addGraph();
        graph->setLineStyle(QCPGraph::lsNone);
        graph->setPen(Qt::NoPen);
        graph->setAdaptiveSampling(false); // every head is drawn
        graph->setData(x[i], y[i]);
        graph->setName(view.series.value(i));
        if (view.series.size() > 1)
            graph->addToLegend();
    }
    canvas()->clearItems();
    if (view.diagonal) {
        auto *line = new QCPItemStraightLine(canvas());
        line->point1->setCoords(0, 0);
        line->point2->setCoords(1, 1);
    }
    canvas()->setAxisNames(view.xLabel, view.yLabel);
    setWhole(paddedRange(allX, view.zeroLines), paddedRange(allY, view.zeroLines), sameAxes);
    newView(view.title);
}

void ScatterWidget::setOutlierLabels(int count)
{
    m_outliers = count;
    repaintMarks();
}

QPointF ScatterWidget::pixelOf(int point) const
{
    return pixelOf(m_view.points[point].x, m_view.points[point].y);
}

QString ScatterWidget::pointName(const ScatterPoint &point) const
{
    return point.label.isEmpty() ? label(point.head) : point.label;
}

bool ScatterWidget::isSelected(int point) const
{
    return !m_oneHead && m_selection.contains(m_view.points[point].head);
}

double ScatterWidget::radius() const
{
    return m_view.points.size() > 1000 ? 2.5 : m_view.points.size() > 200 ? 3 : 4;
}

QRect ScatterWidget::plotRoom() const
{
    const int line = fontMetrics().height(), top = 8 + (m_view.title.isEmpty() ? 0 : line + 4);
    return QRect(4, top, width() - 16, height() - top - line - 8);
}

void ScatterWidget::styleData(const Theme &theme)
{
    const QPen zero = m_view.zeroLines ? QPen(theme.line, 1) : QPen(theme.faintLine, 1);
    canvas()->xAxis->grid()->setZeroLinePen(zero);
    canvas()->yAxis->grid()->setZeroLinePen(zero);
    for (int i = 0; i < canvas()->graphCount(); ++i) {
        QColor colour = seriesColour(i, theme.dark);
        colour.setAlphaF(0.72f);
        canvas()->graph(i)->setScatterStyle(
            QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(Qt::NoPen), colour, 2 * radius()));
    }
    for (int i = 0; i < canvas()->itemCount(); ++i)
        static_cast<QCPItemStraightLine *>(canvas()->item(i))->setPen(QPen(theme.line, 1, Qt::DashLine));
    QCPLegend *legend = canvas()->legend;
    legend->setVisible(legend->itemCount() > 0);
    int widest = 1;
    for (int i = 0; i < legend->itemCount(); ++i)
        widest = std::max(widest, legend->item(i)->minimumOuterSizeHint().width() + legend->columnSpacing());
    legend->setWrap(std::max(1, (plotRoom().width() - 60) / widest));
    legend->setFillOrder(QCPLegend::foColumnsFirst); // arranges them anew
    const int high = legend->itemCount() > 0 ? legend->minimumOuterSizeHint().height() : 0;
    m_legendRow->setMinimumSize(0, high);
    m_legendRow->setMaximumSize(QWIDGETSIZE_MAX, high);
}

void ScatterWidget::placed()
{
    m_shown.clear();
    m_pixels.clear();
    for (int i = 0; i < m_view.points.size(); ++i) {
        const ScatterPoint &point = m_view.points[i];
        if (!canBeDrawn(point.x) || !canBeDrawn(point.y))
            continue;
        const QPointF pixel = pixelOf(i);
        if (QRectF(plotArea()).adjusted(-1, -1, 1, 1).contains(pixel)) {
            m_shown << i;
            m_pixels << pixel;
        }
    }
}

int ScatterWidget::markAt(QPointF point) const
{
    return m_shown.value(nearestPoint(m_pixels, point, scatterReach), -1);
}

QString ScatterWidget::readoutOf(int mark) const
{
    const ScatterPoint &at = m_view.points[mark];
    const QString text =
        QStringLiteral("%1   %2: %3   %4: %5")
            .arg(pointName(at), m_view.xLabel, valueWithUnit(at.x, {}), m_view.yLabel, valueWithUnit(at.y, {}));
    return m_view.series.size() > 1 ? text + QStringLiteral("   ") + m_view.series.value(at.series) : text;
}

void ScatterWidget::paintPlot(QPainter &painter, const Theme &theme)
{
    drawTitle(painter, theme, m_view.title, 8);
    drawReadout(painter, theme,
                m_oneHead ? tr("Point at a dot to name it") : tr("Drag around points to select them; the wheel zooms"));
}

// What changes with the pointer and the selection, over the dots of the graphs.
void ScatterWidget::drawMarks(QPainter &painter)
{
    const Theme theme = Theme::of(palette());
    painter.setClipRect(QRectF(plotArea()).adjusted(-radius(), -radius(), radius(), radius()));
    QVector<int> selected;
    for (const int i : m_shown)
        if (isSelected(i))
            selected.append(i);
    painter.setPen(QPen(theme.casing, 1));
    painter.setBrush(theme.selection);
    for (const int i : selected)
        painter.drawEllipse(pixelOf(i), radius() + 2, radius() + 2);
    if (m_shown.contains(hover())) {
        painter.setPen(QPen(theme.hover, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(pixelOf(hover()), radius() + 4, radius() + 4);
    }
    drawNames(painter, theme, selected);
    if (!m_lasso.isEmpty()) {
        QColor fill = theme.selection;
        fill.setAlphaF(0.15f);
        painter.setClipping(false);
        painter.setPen(QPen(theme.selection, 1.5));
        painter.setBrush(fill);
        painter.drawPolygon(m_lasso);
    }
}

// The point under the pointer, then the selected ones, then outliers, as far as they find room.
void ScatterWidget::drawNames(QPainter &painter, const Theme &theme, const QVector<int> &selected)
{
    QVector<int> named;
    if (m_shown.contains(hover()))
        named.append(hover());
    for (int i : selected.size() <= 40 ? selected : QVector<int>{})
        if (!named.contains(i))
            named.append(i);
    for (int i : m_oneHead ? QVector<int>{} : outliers(m_pixels, m_outliers))
        if (!named.contains(m_shown[i]))
            named.append(m_shown[i]);
    painter.setFont(scaledFont(font(), 0.88));
    QVector<QPointF> anchors;
    QVector<QSizeF> sizes;
    for (int i : named) {
        anchors.append(pixelOf(i));
        sizes.append(QSizeF(painter.fontMetrics().horizontalAdvance(pointName(m_view.points[i])) + 2,
                            painter.fontMetrics().height()));
    }
    const QVector<QRectF> places = placeLabels(anchors, sizes, m_pixels, plotArea(), radius() + 4);
    for (int i = 0; i < named.size(); ++i) {
        if (places[i].isNull())
            continue;
        painter.setPen(named[i] == hover() || isSelected(named[i]) ? theme.text : theme.dimText);
        painter.drawText(places[i], Qt::AlignCenter, pointName(m_view.points[named[i]]));
    }
}

void ScatterWidget::mouseMoveEvent(QMouseEvent *event)
{
    const QPoint point = event->position().toPoint();
    if (moveDrag(*event))
        return;
    if ((event->buttons() & Qt::LeftButton) && m_press.x() >= 0 && !m_oneHead
        && (!m_lasso.isEmpty() || (point - m_press).manhattanLength() >= QApplication::startDragDistance())) {
        if (m_lasso.isEmpty())
            m_lasso << m_press;
        m_lasso << point;
        repaintMarks();
        return;
    }
    AxesPlot::mouseMoveEvent(event);
}

void ScatterWidget::mousePressEvent(QMouseEvent *event)
{
    if (!startDrag(*event) && event->button() == Qt::LeftButton)
        m_press = event->position().toPoint();
}

void ScatterWidget::mouseReleaseEvent(QMouseEvent *event)
{
    const QPoint press = std::exchange(m_press, {-1, -1});
    if (endDrag() || event->button() != Qt::LeftButton || press.x() < 0)
        return;
    const QPolygonF lasso = std::exchange(m_lasso, {});
    if (!lasso.isEmpty()) {
        QVector<HeadId> heads = event->modifiers() & Qt::ControlModifier ? m_selection.heads : QVector<HeadId>{};
        for (const int i : pointsInLasso(m_pixels, lasso)) {
            const HeadId head = m_view.points[m_shown[i]].head;
            if (head.valid() && !heads.contains(head))
                heads.append(head);
        }
        finishSelection(m_selection.assign(heads));
        return;
    }
    const int point = markAt(event->position());
    const HeadId head = point >= 0 ? m_view.points[point].head : HeadId{};
    // Shift has no block to extend here: it adds, as Ctrl does.
    if (!m_oneHead)
        finishSelection(m_selection.click(
            head,
            event->modifiers() & Qt::ShiftModifier ? Qt::KeyboardModifiers(Qt::ControlModifier) : event->modifiers()));
    if (point >= 0) {
        Q_EMIT pointClicked(point);
        Q_EMIT clicked(head);
    }
}

void ScatterWidget::keyPressEvent(QKeyEvent *event)
{
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    if (!m_shown.isEmpty() && !shift && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right)) {
        // From point to point in the order of x.
        QVector<int> order = m_shown;
        std::stable_sort(order.begin(), order.end(),
                         [&](int a, int b) { return m_view.points[a].x < m_view.points[b].x; });
        const auto at = order.indexOf(hover());
        const auto next =
            at < 0 ? 0 : std::clamp<qsizetype>(at + (event->key() == Qt::Key_Left ? -1 : 1), 0, order.size() - 1);
        setHover(order[next]);
    } else if (event->key() == Qt::Key_Space && hover() >= 0 && !m_oneHead) {
        finishSelection(m_selection.click(m_view.points[hover()].head, event->modifiers()));
    } else if (event->key() == Qt::Key_Escape && (!m_selection.heads.isEmpty() || !m_lasso.isEmpty())) {
        m_lasso = {};
        m_press = {-1, -1};
        finishSelection(m_selection.clear());
    } else {
        AxesPlot::keyPressEvent(event);
    }
}

} // namespace patchbay::widgets
