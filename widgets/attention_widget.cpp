#include "attention_widget.h"

#include "finite_view.h"
#include "pattern_image.h"
#include "view_text.h"
#include "zoom_step.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

namespace {
constexpr int kLeastLabel = 36, kLeastMatrix = 110; // px
} // namespace

AttentionWidget::AttentionWidget(QWidget *parent)
    : QAbstractScrollArea(parent), m_emptyText(tr("Select a head to see its attention"))
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Attention pattern"));
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
}

void AttentionWidget::setView(const AttentionView &view)
{
    if (view.size != m_view.size)
        m_cell = 0;
    m_view = finite(view);
    m_image = {};
    if (m_row >= m_view.size || m_column >= m_view.size)
        m_row = m_column = -1;
    m_maximum = m_fixedMaximum > 0 ? m_fixedMaximum : patternMaximum(m_view.weights);
    m_largest = largestWeight(m_view.weights);
    setAccessibleName(view.title.isEmpty() ? tr("Attention pattern") : tr("Attention pattern of %1").arg(view.title));
    measure();
    setHover(m_row, m_column);
}

void AttentionWidget::setEmptyText(const QString &text)
{
    m_emptyText = text;
    viewport()->update();
}

void AttentionWidget::setScaleMaximum(double maximum)
{
    m_fixedMaximum = maximum;
    m_maximum = maximum > 0 ? maximum : patternMaximum(m_view.weights);
    m_image = {};
    measure();
}

void AttentionWidget::setCellSize(double pixels)
{
    zoomTo(pixels, geometryOfMatrix().area.center());
}

void AttentionWidget::setHighlight(int row, int column)
{
    setHover(std::clamp(row, -1, m_view.size - 1), std::clamp(column, -1, m_view.size - 1));
}

AttentionGeometry AttentionWidget::geometryOfMatrix() const
{
    return layoutAttention(m_view.size, viewport()->size(), m_frame, m_cell,
                           {horizontalScrollBar()->value(), verticalScrollBar()->value()});
}

QSize AttentionWidget::sizeHint() const
{
    return {480, 480};
}

QSize AttentionWidget::minimumSizeHint() const
{
    return {180, 180};
}

const QString &AttentionWidget::rowToken(int row) const
{
    static const QString none;
    const QStringList &tokens = m_view.rowTokens.isEmpty() ? m_view.tokens : m_view.rowTokens;
    return row >= 0 && row < tokens.size() ? tokens[row] : none;
}

void AttentionWidget::measure()
{
    const QFont small = scaledFont(font(), 0.88);
    QFont bold = small;
    bold.setBold(true); // hovered labels are bold: room for them from the start, so that nothing moves
    const QFontMetrics metrics(bold);
    int rowWidth = 0, columnWidth = 0;
    m_pillWidth = 0;
    for (int i = 0; i < m_view.size; ++i) {
        rowWidth = std::max(rowWidth, metrics.horizontalAdvance(visibleToken(rowToken(i))));
        if (i < m_view.tokens.size())
            columnWidth = std::max(columnWidth, metrics.horizontalAdvance(visibleToken(m_view.tokens[i])));
        if (i < m_view.roles.size())
            m_pillWidth =
                std::max(m_pillWidth, drawRolePill(nullptr, {}, m_view.roles[i], scaledFont(font(), 0.75), false));
    }
    const int lane = m_pillWidth ? m_pillWidth + 4 : 0;
    const int title = m_view.title.isEmpty() ? 0 : fontMetrics().height() + 6;
    // In a small view labels have no more than a part of it, and the colour bar gives way: pointing tells the weight.
    const auto most = [](int whole, int usual) { return std::clamp(whole / 4, kLeastLabel, usual); };
    m_frame.left = 10 + std::min(rowWidth, most(viewport()->width(), 140)) + lane + 6;
    m_frame.top = 8 + title + std::min(columnWidth, most(viewport()->height(), 110)) + lane + 6;
    m_frame.right = 14 + 10 + 6
        + metrics.horizontalAdvance(m_view.difference ? QStringLiteral("−0.25") : QStringLiteral("0.25")) + 6;
    m_scale = viewport()->width() - m_frame.left - m_frame.right >= kLeastMatrix;
    if (!m_scale)
        m_frame.right = 10;
    m_frame.bottom = fontMetrics().height() + 10;
    updateScrollBars();
    viewport()->update();
}

void AttentionWidget::updateScrollBars()
{
    const AttentionGeometry geometry = geometryOfMatrix();
    for (QScrollBar *bar : {horizontalScrollBar(), verticalScrollBar()}) {
        const int page = bar == horizontalScrollBar() ? geometry.area.width() : geometry.area.height();
        bar->setPageStep(page);
        bar->setSingleStep(std::max(8, int(geometry.cell)));
        bar->setRange(0, m_cell > 0 ? std::max(0, geometry.extent() - page) : 0);
    }
}

void AttentionWidget::zoomTo(double cell, QPoint fixed)
{
    const AttentionGeometry before = geometryOfMatrix();
    const double fit = fittingCell(m_view.size, before.area.size());
    // Zooming out ends at the fit, where the matrix follows the window's size again.
    const double wanted = cell <= fit ? 0 : std::min(cell, 96.0);
    const double x = (fixed.x() - before.area.left() + before.scroll.x()) / before.cell;
    const double y = (fixed.y() - before.area.top() + before.scroll.y()) / before.cell;
    m_cell = wanted;
    updateScrollBars();
    if (wanted > 0) {
        horizontalScrollBar()->setValue(int(std::lround(x * wanted)) - (fixed.x() - before.area.left()));
        verticalScrollBar()->setValue(int(std::lround(y * wanted)) - (fixed.y() - before.area.top()));
    }
    viewport()->update();
}

QString AttentionWidget::place(const QString &token, int index) const
{
    const QString role = index < m_view.roles.size() ? m_view.roles[index] : QString();
    return visibleToken(token)
        + (role.isEmpty() ? QStringLiteral(" (%1)").arg(index) : QStringLiteral(" (%1, %2)").arg(index).arg(role));
}

void AttentionWidget::setHover(int row, int column)
{
    const bool moved = row != m_row || column != m_column;
    m_row = row;
    m_column = column;
    m_readout.clear();
    if (m_view.size > 0 && row >= 0 && column >= 0) {
        const qsizetype cell = qsizetype(row) * m_view.size + column;
        const double weight = cell < m_view.weights.size() ? m_view.weights[cell] : 0;
        m_readout = (m_view.quantity.isEmpty() ? tr("%1 looks at %2:  %3") : tr("%1 → %2:  %3"))
                        .arg(place(rowToken(row), row), place(m_view.tokens.value(column), column),
                             m_view.difference ? signedNumber(weight, 3) : QString::number(weight, 'f', 3));
    }
    setAccessibleDescription(m_readout);
    viewport()->update();
    if (moved)
        Q_EMIT hovered(row, column);
}

void AttentionWidget::resizeEvent(QResizeEvent *)
{
    measure();
}

void AttentionWidget::scrollContentsBy(int, int)
{
    viewport()->update();
}

void AttentionWidget::mouseMoveEvent(QMouseEvent *event)
{
    const AttentionGeometry geometry = geometryOfMatrix();
    const QPoint point = event->position().toPoint();
    const int row = geometry.rowAt(point.y()), column = geometry.columnAt(point.x());
    const bool scale = onScale(geometry, point);
    viewport()->setCursor(scale ? Qt::PointingHandCursor : Qt::ArrowCursor);
    viewport()->setToolTip(scale ? tr("Click for more contrast") : QString());
    // On a label only that row or column is marked.
    const bool onRowLabel = point.x() < geometry.area.left(), onColumnLabel = point.y() < geometry.area.top();
    if (row >= 0 && column >= 0)
        setHover(row, column);
    else
        setHover(onRowLabel ? row : -1, onColumnLabel ? column : -1);
}

void AttentionWidget::mousePressEvent(QMouseEvent *event)
{
    const AttentionGeometry geometry = geometryOfMatrix();
    if (event->button() == Qt::LeftButton && onScale(geometry, event->position().toPoint())) {
        for (double step : {0.5, 0.2, 0.1, 0.05}) {
            if (step < m_maximum * 0.99)
                return setScaleMaximum(step);
        }
        return setScaleMaximum(0);
    }
    const int row = geometry.rowAt(event->position().toPoint().y()),
              column = geometry.columnAt(event->position().toPoint().x());
    if (event->button() == Qt::LeftButton && row >= 0 && column >= 0)
        Q_EMIT clicked(row, column);
}

void AttentionWidget::mouseDoubleClickEvent(QMouseEvent *)
{
    setCellSize(0);
}

void AttentionWidget::wheelEvent(QWheelEvent *event)
{
    if (!(event->modifiers() & Qt::ControlModifier) || m_view.size == 0) {
        QAbstractScrollArea::wheelEvent(event);
        return;
    }
    zoomTo(geometryOfMatrix().cell * zoomOf(*event), event->position().toPoint());
    event->accept();
}

void AttentionWidget::keyPressEvent(QKeyEvent *event)
{
    const int last = m_view.size - 1;
    const auto step = [&](int rows, int columns) {
        if (last < 0)
            return;
        // Without a cell yet the keyboard starts at the last destination, END in most tasks.
        setHover(m_row < 0 ? last : std::clamp(m_row + rows, 0, last),
                 m_column < 0 ? 0 : std::clamp(m_column + columns, 0, last));
    };
    switch (event->key()) {
    case Qt::Key_Left:
        return step(0, -1);
    case Qt::Key_Right:
        return step(0, 1);
    case Qt::Key_Up:
        return step(-1, 0);
    case Qt::Key_Down:
        return step(1, 0);
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return setCellSize(geometryOfMatrix().cell * 1.25);
    case Qt::Key_Minus:
        return setCellSize(geometryOfMatrix().cell / 1.25);
    case Qt::Key_0:
        return setCellSize(0);
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

bool AttentionWidget::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::Leave)
        setHover(-1, -1);
    return QAbstractScrollArea::viewportEvent(event);
}

void AttentionWidget::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange
        || event->type() == QEvent::StyleChange)
        measure();
}

void AttentionWidget::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void AttentionWidget::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

} // namespace patchbay::widgets
