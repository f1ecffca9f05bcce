#include "attention_thumbnails.h"

#include "colour_map.h"
#include "finite_view.h"
#include "pattern_image.h"
#include "theme.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>

namespace patchbay::widgets {

constexpr int tileMargin = 10, tilePadding = 5;

AttentionThumbnails::AttentionThumbnails(QWidget *parent)
    : QAbstractScrollArea(parent), m_emptyText(tr("Select heads to see their attention"))
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Attention of the selected heads"));
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
}

void AttentionThumbnails::setViews(const QVector<AttentionView> &views)
{
    QVector<QImage> images(views.size());
    for (int i = 0; i < views.size(); ++i) {
        for (int old = 0; old < m_views.size(); ++old) {
            if (m_views[old].weights.constData() == views[i].weights.constData() && m_views[old].size == views[i].size
                && m_views[old].difference == views[i].difference)
                images[i] = m_images[old];
        }
    }
    m_views.clear();
    for (const AttentionView &view : views)
        m_views << finite(view);
    m_images = images;
    m_hover = -1;
    updateScrollBar();
    viewport()->update();
}

void AttentionThumbnails::setEmptyText(const QString &text)
{
    m_emptyText = text;
    viewport()->update();
}

void AttentionThumbnails::setThumbnailSize(int pixels)
{
    m_edge = std::clamp(pixels, 48, 400);
    m_images.fill({});
    updateScrollBar();
    viewport()->update();
}

void AttentionThumbnails::setColumn(int pixels)
{
    constexpr int kBeside = 44; // its margins, and the scroll bar
    if (maximumWidth() == pixels + kBeside)
        return;
    setThumbnailSize(pixels);
    setFixedWidth(pixels + kBeside);
}

void AttentionThumbnails::setSelection(const QVector<HeadId> &heads)
{
    m_selection = heads;
    viewport()->update();
}

void AttentionThumbnails::setCurrent(HeadId head)
{
    m_current = head;
    viewport()->update();
}

QSize AttentionThumbnails::tileSize() const
{
    return {m_edge + 2 * tilePadding, m_edge + 2 * tilePadding + QFontMetrics(font()).height() + 2};
}

int AttentionThumbnails::columns() const
{
    return std::max(1, (viewport()->width() - tileMargin + 2) / (tileSize().width() + 2));
}

QRect AttentionThumbnails::tileRect(int index) const
{
    const QSize tile = tileSize();
    return QRect(QPoint(tileMargin / 2 + (index % columns()) * (tile.width() + 2),
                        tileMargin / 2 + (index / columns()) * (tile.height() + 2) - verticalScrollBar()->value()),
                 tile);
}

int AttentionThumbnails::tileAt(QPoint point) const
{
    for (int i = 0; i < m_views.size(); ++i) {
        if (tileRect(i).contains(point))
            return i;
    }
    return -1;
}

int AttentionThumbnails::indexOf(HeadId head) const
{
    for (int i = 0; i < m_views.size(); ++i) {
        if (m_views[i].head == head)
            return i;
    }
    return -1;
}

void AttentionThumbnails::updateScrollBar()
{
    const int rows = (int(m_views.size()) + columns() - 1) / columns();
    const int height = tileMargin + rows * (tileSize().height() + 2);
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(tileSize().height() / 3);
    verticalScrollBar()->setRange(0, std::max(0, height - viewport()->height()));
}

void AttentionThumbnails::paintEvent(QPaintEvent *event)
{
    QPainter painter(viewport());
    const Theme theme = Theme::of(palette());
    if (m_views.isEmpty()) {
        drawEmptyState(painter, viewport()->rect(), m_emptyText, theme);
        return;
    }
    painter.fillRect(event->rect(), theme.background);
    if (m_ground != theme.plot) {
        m_ground = theme.plot;
        m_images.fill({});
    }
    const qreal ratio = devicePixelRatioF();
    const QSize pixels = QSizeF(m_edge * ratio, m_edge * ratio).toSize();
    for (int i = 0; i < m_views.size(); ++i) {
        const QRect tile = tileRect(i);
        if (!tile.intersects(event->rect()))
            continue;
        const AttentionView &view = m_views[i];
        if (m_images[i].size() != pixels) {
            m_images[i] = renderPattern(view.weights, view.size, QRectF(0, 0, view.size, view.size), pixels,
                                        {patternMaximum(view.weights), view.difference, theme.plot});
            m_images[i].setDevicePixelRatio(ratio);
        }
        const bool selected = m_selection.contains(view.head), current = view.head == m_current;
        if (current || i == m_hover)
            painter.fillRect(tile,
                             mixed(theme.background, current ? theme.selection : theme.text, current ? 0.16 : 0.07));
        const QRect picture(tile.left() + tilePadding, tile.top() + tilePadding + painter.fontMetrics().height() + 2,
                            m_edge, m_edge);
        painter.drawImage(picture.topLeft(), m_images[i]);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(current ? theme.selection : theme.line, current ? 2 : 1));
        painter.drawRect(picture.adjusted(-1, -1, 0, 0));
        QFont name = font();
        name.setBold(selected || current);
        painter.setFont(name);
        painter.setPen(theme.text);
        const QString text = view.head.valid() ? label(view.head) : view.title;
        const QRect lane(picture.left(), tile.top() + tilePadding - 1, m_edge, painter.fontMetrics().height());
        if (selected) {
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.selection);
            painter.drawEllipse(QRectF(lane.right() - 8, lane.center().y() - 3, 7, 7));
            painter.setRenderHint(QPainter::Antialiasing, false);
            painter.setPen(theme.text);
        }
        painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(text, Qt::ElideRight, m_edge - (selected ? 12 : 0)));
    }
    if (hasFocus())
        drawFocusFrame(painter, viewport()->rect(), theme);
}

void AttentionThumbnails::resizeEvent(QResizeEvent *)
{
    updateScrollBar();
}

void AttentionThumbnails::setHover(int index)
{
    if (index == m_hover)
        return;
    m_hover = index;
    viewport()->setCursor(index >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    viewport()->setToolTip(index >= 0 ? m_views[index].title : QString());
    viewport()->update();
    Q_EMIT hovered(index >= 0 ? m_views[index].head : HeadId{});
}

void AttentionThumbnails::go(int index)
{
    if (m_views.isEmpty())
        return;
    index = std::clamp(index, 0, int(m_views.size()) - 1);
    m_current = m_views[index].head;
    const QRect tile = tileRect(index);
    if (tile.top() < 0)
        verticalScrollBar()->setValue(verticalScrollBar()->value() + tile.top());
    else if (tile.bottom() > viewport()->height())
        verticalScrollBar()->setValue(verticalScrollBar()->value() + tile.bottom() - viewport()->height()
                                      + tileMargin / 2);
    viewport()->update();
    Q_EMIT clicked(m_current);
}

void AttentionThumbnails::mouseMoveEvent(QMouseEvent *event)
{
    setHover(tileAt(event->position().toPoint()));
}

void AttentionThumbnails::mousePressEvent(QMouseEvent *event)
{
    const int index = tileAt(event->position().toPoint());
    if (event->button() == Qt::LeftButton && index >= 0)
        go(index);
}

void AttentionThumbnails::mouseDoubleClickEvent(QMouseEvent *event)
{
    const int index = tileAt(event->position().toPoint());
    if (index >= 0)
        Q_EMIT activated(m_views[index].head);
}

void AttentionThumbnails::keyPressEvent(QKeyEvent *event)
{
    const int at = indexOf(m_current);
    switch (event->key()) {
    case Qt::Key_Left:
        return go(at - 1);
    case Qt::Key_Right:
        return go(at + 1);
    case Qt::Key_Up:
        return go(at - columns() >= 0 ? at - columns() : at);
    case Qt::Key_Down:
        return go(at + columns() < m_views.size() ? at + columns() : at);
    case Qt::Key_Home:
        return go(0);
    case Qt::Key_End:
        return go(int(m_views.size()) - 1);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (at >= 0)
            Q_EMIT activated(m_current);
        return;
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

void AttentionThumbnails::contextMenuEvent(QContextMenuEvent *event)
{
    const bool keyboard = event->reason() == QContextMenuEvent::Keyboard;
    const int index = keyboard ? indexOf(m_current) : tileAt(event->pos());
    if (index >= 0)
        Q_EMIT contextMenuRequested(m_views[index].head,
                                    keyboard ? viewport()->mapToGlobal(tileRect(index).center()) : event->globalPos());
}

bool AttentionThumbnails::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::Leave)
        setHover(-1);
    return QAbstractScrollArea::viewportEvent(event);
}

void AttentionThumbnails::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        updateScrollBar();
}

void AttentionThumbnails::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void AttentionThumbnails::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

} // namespace patchbay::widgets
