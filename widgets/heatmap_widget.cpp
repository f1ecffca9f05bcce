#include "heatmap_widget.h"

#include "colour_map.h"
#include "finite_view.h"
#include "view_text.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPaintEvent>
#include <QPainter>

#include <algorithm>

namespace patchbay::widgets {

HeatmapWidget::HeatmapWidget(QWidget *parent) : QWidget(parent), m_emptyText(tr("No run yet"))
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(tr("Heatmap"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    relayout();
}

void HeatmapWidget::setView(const HeatmapView &view)
{
    const bool headsBefore = m_view.columnsAreHeads;
    m_view = finite(view);
    m_limit = colourLimit(m_view);
    if (headsBefore != m_view.columnsAreHeads)
        m_selection = {};
    if (m_hover.valid()
        && (m_hover.facet >= m_view.facets.size() || m_hover.row >= m_view.facets[m_hover.facet].rows
            || m_hover.column >= m_view.facets[m_hover.facet].columns))
        m_hover = {};
    m_facet = std::clamp(m_facet, 0, std::max(0, int(m_view.facets.size()) - 1));
    relayout();
    setAccessibleName(m_view.title.isEmpty() ? tr("Heatmap") : tr("Heatmap: %1").arg(m_view.title));
    updateReadout();
}

static bool sameFrame(const HeatmapView &a, const HeatmapView &b)
{
    return a.title == b.title && a.columnsAreHeads == b.columnsAreHeads && a.masked == b.masked
        && std::equal(a.facets.cbegin(), a.facets.cend(), b.facets.cbegin(), b.facets.cend(),
                      [](const HeatmapFacet &x, const HeatmapFacet &y) {
                          return x.title == y.title && x.rows == y.rows && x.columns == y.columns;
                      });
}

void HeatmapWidget::updateCells(const HeatmapView &view, const QVector<CellRef> &changed)
{
    if (!sameFrame(m_view, view) || colourLimit(view) != m_limit
        || colourEnds(view, m_map, m_limit) != colourEnds(m_view, m_map, m_limit)) {
        setView(view);
        return;
    }
    m_view = finite(view);
    repaintCells(changed);
    updateReadout();
}

void HeatmapWidget::repaintCells(const QVector<CellRef> &changed)
{
    constexpr int manyCells = 128; // beyond this single cells cost more than the facet
    if (changed.isEmpty() || (m_stale.size() == 1 && m_stale.front() == rect()))
        return;
    QVector<QVector<QRect>> byFacet(m_layout.facets.size());
    for (const CellRef &cell : changed)
        if (cell.valid() && cell.facet < byFacet.size())
            byFacet[cell.facet] << m_layout.cellRect(cell);
    for (int facet = 0; facet < byFacet.size(); ++facet) {
        const FacetLayout &place = m_layout.facets[facet];
        if (byFacet[facet].isEmpty())
            continue;
        m_stale += byFacet[facet].size() > manyCells ? QVector<QRect>{place.cells} : byFacet[facet];
        for (const QRect &part :
             {place.rowSums, place.columnSums, m_layout.readout}) { // the legend of states may lose an entry
            if (!part.isEmpty() && !m_stale.contains(part))
                m_stale += part;
        }
    }
    // Views may come faster than paints; what piles up is then drawn as a whole.
    if (m_stale.size() > 4 * manyCells)
        m_stale = {rect()};
    update();
}

void HeatmapWidget::setEmptyText(const QString &text)
{
    m_emptyText = text;
    update();
}

void HeatmapWidget::setColourMap(ColourMap map)
{
    m_map = map;
    repaintAll();
}

void HeatmapWidget::setSumsVisible(bool visible)
{
    m_sums = visible;
    relayout();
}

void HeatmapWidget::setCellTextsVisible(bool visible)
{
    m_cellTexts = visible;
    repaintAll();
}

QVector<HeadId> HeatmapWidget::outward(const QVector<HeadId> &cells) const
{
    QVector<HeadId> heads;
    for (HeadId cell : cells) {
        const HeadId head = cellHead(m_view, cell.layer, cell.head);
        if (!heads.contains(head))
            heads.append(head);
    }
    return heads;
}

QVector<HeadId> HeatmapWidget::selection() const
{
    return outward(m_selection.heads);
}

void HeatmapWidget::setSelection(const QVector<HeadId> &heads)
{
    // Where columns are positions, heads of other views have no cell of their own here.
    if (m_view.columnsAreHeads && m_selection.assign(heads)) {
        updateReadout();
        update();
    }
}

const HeatmapLayout &HeatmapWidget::layoutGeometry() const
{
    return m_layout;
}

QSize HeatmapWidget::sizeHint() const
{
    return {640, 420};
}

QSize HeatmapWidget::minimumSizeHint() const
{
    return {200, 150};
}

HeatmapScene HeatmapWidget::scene() const
{
    return {m_view, m_layout, Theme::of(palette()), font(), m_map, m_limit, m_cellTexts, true};
}

void HeatmapWidget::relayout()
{
    m_layout = layoutHeatmap(m_view, size(), HeatmapMetrics::of(font(), m_view), m_sums);
    repaintAll();
}

void HeatmapWidget::repaintAll()
{
    m_stale = {rect()};
    update();
}

void HeatmapWidget::paintEvent(QPaintEvent *event)
{
    QPainter painter(this);
    const HeatmapScene now = scene();
    if (m_view.facets.isEmpty()) {
        drawEmptyState(painter, rect(), m_emptyText, now.theme);
    } else {
        const qreal ratio = devicePixelRatioF();
        const QSize pixels = (QSizeF(size()) * ratio).toSize();
        if (m_buffer.size() != pixels || m_buffer.devicePixelRatio() != ratio) {
            m_buffer = QPixmap(pixels);
            m_buffer.setDevicePixelRatio(ratio);
            m_stale = {rect()};
        }
        if (!m_stale.isEmpty()) {
            QPainter buffer(&m_buffer);
            for (const QRect &part : m_stale)
                paintHeatmap(buffer, now, part);
            m_stale.clear();
        }
        painter.drawPixmap(
            event->rect(), m_buffer,
            QRectF(QPointF(event->rect().topLeft()) * ratio, QSizeF(event->rect().size()) * ratio).toRect());
        paintHeatmapMarks(painter, now,
                          {m_hover, m_selection.heads, hasFocus() ? m_selection.current : HeadId{}, m_band, m_readout,
                           m_readoutIsHint});
    }
    if (hasFocus())
        drawFocusFrame(painter, rect(), now.theme);
}

void HeatmapWidget::resizeEvent(QResizeEvent *)
{
    relayout();
}

int HeatmapWidget::currentFacet() const
{
    return std::clamp(m_hover.valid() ? m_hover.facet : m_facet, 0, std::max(0, int(m_view.facets.size()) - 1));
}

void HeatmapWidget::updateReadout(QPoint point)
{
    QString text;
    bool hint = false;
    const HeadId current = m_selection.heads.isEmpty() ? HeadId{} : m_selection.current;
    if (m_hover.valid()) {
        text = cellReadout(m_view, m_hover.facet, m_hover.row, m_hover.column);
    } else if (point.x() >= 0) {
        for (const FacetLayout &place : m_layout.facets) {
            const HeatmapFacet &facet = m_view.facets[&place - m_layout.facets.constData()];
            const int row = place.rowAt(point.y()), column = place.columnAt(point.x());
            if (place.rowSums.contains(point) && row >= 0)
                text = tr("Layer %1, all columns: sum %2").arg(row).arg(valueWithUnit(rowSum(facet, row), m_view.unit));
            else if (place.columnSums.contains(point) && column >= 0)
                text = tr("%1 %2, all layers: sum %3")
                           .arg(m_view.xLabel)
                           .arg(column < m_view.xTicks.size() ? visibleToken(m_view.xTicks[column])
                                                              : QString::number(column))
                           .arg(valueWithUnit(columnSum(facet, column), m_view.unit));
        }
    }
    if (text.isEmpty() && current.valid()) {
        text = cellReadout(m_view, currentFacet(), current.layer, current.head);
        if (m_selection.heads.size() > 1)
            text += tr("   %1 selected").arg(m_selection.heads.size());
    }
    if (text.isEmpty() && !m_view.facets.isEmpty()) {
        text = m_view.columnsAreHeads ? tr("Click heads to select them; Enter shows their attention")
                                      : tr("Point at a cell to read its value");
        hint = true;
    }
    if (text == m_readout && hint == m_readoutIsHint)
        return;
    m_readout = text;
    m_readoutIsHint = hint;
    setAccessibleDescription(text);
    update(m_layout.readout);
}

void HeatmapWidget::setHover(CellRef cell, QPoint point)
{
    if (cell == m_hover) {
        if (!cell.valid())
            updateReadout(point);
        return;
    }
    m_hover = cell;
    if (cell.valid())
        m_facet = cell.facet;
    updateReadout(point);
    update();
    if (cell.valid())
        Q_EMIT hovered(cellHead(m_view, cell.row, cell.column), cell.facet);
    else
        Q_EMIT hovered(HeadId{}, -1);
}

void HeatmapWidget::finishSelection(bool changed)
{
    updateReadout();
    update();
    if (changed)
        Q_EMIT selectionChanged(selection());
}

void HeatmapWidget::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange
        || event->type() == QEvent::StyleChange)
        relayout();
}

} // namespace patchbay::widgets
