#include "docks/flow_row.h"

#include <algorithm>

namespace patchbay {

namespace {
bool grows(const QLayoutItem *item)
{
    return item->expandingDirections() & Qt::Horizontal;
}
} // namespace

FlowRow::~FlowRow()
{
    qDeleteAll(m_items);
}

QLayoutItem *FlowRow::takeAt(int index)
{
    return index >= 0 && index < m_items.size() ? m_items.takeAt(index) : nullptr;
}

int FlowRow::heightForWidth(int width) const
{
    return place(QRect(0, 0, width, 0), false);
}

QSize FlowRow::sizeHint() const
{
    int width = 0, height = 0;
    for (const QLayoutItem *item : m_items) {
        if (item->isEmpty())
            continue;
        width += item->sizeHint().width() + (width > 0 ? spacing() : 0);
        height = std::max(height, item->sizeHint().height());
    }
    const QMargins around = contentsMargins();
    return QSize(width, height).grownBy(around);
}

QSize FlowRow::minimumSize() const
{
    QSize size;
    for (const QLayoutItem *item : m_items)
        if (!item->isEmpty())
            size = size.expandedTo(item->minimumSize());
    return size.grownBy(contentsMargins());
}

void FlowRow::setGeometry(const QRect &rect)
{
    QLayout::setGeometry(rect);
    place(rect, true);
}

int FlowRow::place(const QRect &rect, bool move) const
{
    const QRect room = rect.marginsRemoved(contentsMargins());
    int y = room.top(), used = 0, height = 0;
    QVector<QLayoutItem *> row;
    const auto finish = [&] {
        if (move && !row.isEmpty())
            placeRow(row, QRect(room.left(), y, room.width(), height));
        row.clear();
    };
    for (QLayoutItem *item : m_items) {
        if (item->isEmpty()) // hidden
            continue;
        const int width = item->sizeHint().width();
        if (!row.isEmpty() && used + spacing() + width > room.width()) {
            finish();
            y += height + spacing();
            used = height = 0;
        }
        used += width + (row.isEmpty() ? 0 : spacing());
        height = std::max(height, item->sizeHint().height());
        row << item;
    }
    finish();
    return y + height + contentsMargins().bottom() - rect.top();
}

void FlowRow::placeRow(const QVector<QLayoutItem *> &row, const QRect &rect) const
{
    int free = rect.width() - int(row.size() - 1) * spacing();
    int growing = 0;
    for (const QLayoutItem *item : row) {
        free -= item->sizeHint().width();
        growing += grows(item) ? 1 : 0;
    }
    int x = rect.left();
    for (QLayoutItem *item : row) {
        int width = item->sizeHint().width();
        if (free > 0 && grows(item))
            width += free / growing;
        else if (free < 0) // one control that is wider than the row
            width = std::max(item->minimumSize().width(), width + free);
        item->setGeometry(QRect(x, rect.top(), width, rect.height()));
        x += width + spacing();
    }
}

} // namespace patchbay
