#include "zoomed_heatmap.h"

#include "colour_map.h"
#include "zoom_step.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

namespace {

constexpr double fewestCells = 4; // of the longer side

template <typename T>
QVector<T> cropped(const QVector<T> &values, const HeatmapFacet &whole, const QRect &cells)
{
    QVector<T> out;
    if (values.size() != qsizetype(whole.rows) * whole.columns)
        return out;
    for (int row = cells.top(); row <= cells.bottom(); ++row)
        out += values.mid(qsizetype(row) * whole.columns + cells.left(), cells.width());
    return out;
}

QStringList croppedTicks(const QStringList &ticks, int first, int count)
{
    if (!ticks.isEmpty())
        return ticks.mid(first, count);
    QStringList out;
    for (int i = first; i < first + count; ++i)
        out << QString::number(i);
    return out;
}

} // namespace

HeatmapView croppedTo(const QRect &cells, const HeatmapView &whole)
{
    HeatmapView view = whole;
    view.limit = colourLimit(whole);
    view.xTicks = croppedTicks(whole.xTicks, cells.left(), cells.width());
    view.yTicks = croppedTicks(whole.yTicks, cells.top(), cells.height());
    for (qsizetype i = 0; i < view.facets.size(); ++i) {
        const HeatmapFacet &all = whole.facets[i];
        HeatmapFacet &facet = view.facets[i];
        const QRect inside = cells.intersected(QRect(0, 0, all.columns, all.rows));
        facet.rows = inside.height();
        facet.columns = inside.width();
        facet.values = cropped(all.values, all, inside);
        facet.states = cropped(all.states, all, inside);
        facet.halfWidth = cropped(all.halfWidth, all, inside);
        facet.standings = cropped(all.standings, all, inside);
    }
    view.masked.clear();
    for (const HeadId &one : whole.masked)
        if (one.layer >= cells.top() && one.layer <= cells.bottom()
            && (one.head < 0 || (one.head >= cells.left() && one.head <= cells.right())))
            view.masked << HeadId{one.layer - cells.top(), one.head < 0 ? -1 : one.head - cells.left()};
    return view;
}

ZoomedHeatmap::ZoomedHeatmap(QWidget *parent) : HeatmapWidget(parent)
{
    connect(this, &HeatmapWidget::cellClicked, this, [this](int, int row, int column) {
        const QRect cells = shownCells();
        Q_EMIT cellPicked(row + cells.top(), column + cells.left());
    });
}

QSize ZoomedHeatmap::wholeSize() const
{
    QSize size;
    for (const HeatmapFacet &facet : m_whole.facets)
        size = size.isValid() ? size.expandedTo({facet.columns, facet.rows}) : QSize(facet.columns, facet.rows);
    return size.isValid() ? size : QSize(0, 0);
}

void ZoomedHeatmap::setWhole(const HeatmapView &whole)
{
    const QSize before = wholeSize();
    m_whole = whole;
    if (wholeSize() != before) {
        m_scale = 1;
        m_first = {};
    }
    refresh();
}

QRect ZoomedHeatmap::shownCells() const
{
    const QSize size = wholeSize();
    if (size.isEmpty())
        return {};
    const auto side = [this](int count, double first) {
        const int shown = std::clamp(int(std::lround(count / m_scale)), 1, count);
        return std::pair{std::clamp(int(std::lround(first)), 0, count - shown), shown};
    };
    const auto [left, columns] = side(size.width(), m_first.x());
    const auto [top, rows] = side(size.height(), m_first.y());
    return {left, top, columns, rows};
}

void ZoomedHeatmap::refresh()
{
    const QRect cells = shownCells();
    if (!zoomed() || cells.isNull()) {
        HeatmapWidget::setView(m_whole);
        return;
    }
    setSelection({}); // it names cells by where they are shown
    HeatmapWidget::setView(croppedTo(cells, m_whole));
}

void ZoomedHeatmap::zoom(double factor, QPointF fixed)
{
    const QSize size = wholeSize();
    if (size.isEmpty())
        return;
    const double most = std::max(1.0, std::max(size.width(), size.height()) / fewestCells);
    const double scale = std::clamp(m_scale * factor, 1.0, most);
    if (scale == m_scale)
        return;
    // Where in the cells that are shown, of their width and height.
    const FacetLayout *place = layoutGeometry().facets.isEmpty() ? nullptr : &layoutGeometry().facets.first();
    for (const FacetLayout &facet : layoutGeometry().facets)
        if (facet.cells.contains(fixed.toPoint()))
            place = &facet;
    QPointF share(0.5, 0.5);
    if (place && !place->cells.isEmpty())
        share = {std::clamp((fixed.x() - place->cells.left()) / place->cells.width(), 0.0, 1.0),
                 std::clamp((fixed.y() - place->cells.top()) / place->cells.height(), 0.0, 1.0)};
    const QSizeF before = QSizeF(size) / m_scale, after = QSizeF(size) / scale;
    m_first += QPointF(share.x() * (before.width() - after.width()), share.y() * (before.height() - after.height()));
    m_scale = scale;
    pan(0, 0);
}

void ZoomedHeatmap::pan(double columns, double rows)
{
    const QSizeF size = wholeSize();
    const auto kept = [this](double first, double count) {
        return std::clamp(first, 0.0, std::max(0.0, count - count / m_scale));
    };
    m_first = {kept(m_first.x() + columns, size.width()), kept(m_first.y() + rows, size.height())};
    refresh();
}

void ZoomedHeatmap::showAll()
{
    if (!zoomed())
        return;
    m_scale = 1;
    m_first = {};
    refresh();
}

void ZoomedHeatmap::wheelEvent(QWheelEvent *event)
{
    if (m_whole.facets.isEmpty() || event->angleDelta().y() == 0)
        return HeatmapWidget::wheelEvent(event);
    zoom(zoomOf(*event), event->position());
    event->accept();
}

void ZoomedHeatmap::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::MiddleButton)
        m_panFrom = event->position();
    HeatmapWidget::mousePressEvent(event);
}

void ZoomedHeatmap::mouseMoveEvent(QMouseEvent *event)
{
    if (!m_panFrom || !(event->buttons() & Qt::MiddleButton) || layoutGeometry().facets.isEmpty())
        return HeatmapWidget::mouseMoveEvent(event);
    const FacetLayout &facet = layoutGeometry().facets.first();
    const QPointF way = event->position() - *m_panFrom;
    m_panFrom = event->position();
    pan(-way.x() * facet.columns / std::max(1, facet.cells.width()),
        -way.y() * facet.rows / std::max(1, facet.cells.height()));
}

void ZoomedHeatmap::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() == Qt::MiddleButton)
        m_panFrom.reset();
    HeatmapWidget::mouseReleaseEvent(event);
}

void ZoomedHeatmap::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton && zoomed())
        return showAll();
    HeatmapWidget::mouseDoubleClickEvent(event);
}

void ZoomedHeatmap::keyPressEvent(QKeyEvent *event)
{
    const QPointF middle =
        layoutGeometry().facets.isEmpty() ? QPointF() : QRectF(layoutGeometry().facets.first().cells).center();
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoom(zoomStep, middle);
    case Qt::Key_Minus:
        return zoom(1 / zoomStep, middle);
    case Qt::Key_0:
        return showAll();
    default:
        HeatmapWidget::keyPressEvent(event);
    }
}

} // namespace patchbay::widgets
