#include "head_selection.h"

#include <algorithm>
#include <utility>

namespace patchbay::widgets {

bool HeadSelection::click(HeadId head, Qt::KeyboardModifiers modifiers)
{
    if (!head.valid())
        return modifiers & (Qt::ControlModifier | Qt::ShiftModifier) ? false : clear();
    if ((modifiers & Qt::ShiftModifier) && anchor.valid()) {
        current = head;
        return selectBlock(anchor, head, modifiers & Qt::ControlModifier);
    }
    current = anchor = head;
    if (modifiers & Qt::ControlModifier) {
        if (!heads.removeOne(head))
            heads.append(head);
        return true;
    }
    const QVector<HeadId> before = std::exchange(heads, {head});
    return before != heads;
}

bool HeadSelection::selectBlock(HeadId from, HeadId to, bool add)
{
    const QVector<HeadId> before = heads;
    if (!add)
        heads.clear();
    for (int layer = std::min(from.layer, to.layer); layer <= std::max(from.layer, to.layer); ++layer) {
        for (int head = std::min(from.head, to.head); head <= std::max(from.head, to.head); ++head) {
            if (!add || !heads.contains(HeadId{layer, head}))
                heads.append(HeadId{layer, head});
        }
    }
    return before != heads;
}

HeadId HeadSelection::stepped(int rowStep, int columnStep, int rows, int columns) const
{
    if (!current.valid())
        return {0, 0};
    return {std::clamp(current.layer + rowStep, 0, rows - 1), std::clamp(current.head + columnStep, 0, columns - 1)};
}

void HeadSelection::go(int rowStep, int columnStep, int rows, int columns)
{
    if (rows > 0 && columns > 0)
        current = anchor = stepped(rowStep, columnStep, rows, columns);
}

bool HeadSelection::move(int rowStep, int columnStep, int rows, int columns, bool extend)
{
    if (rows <= 0 || columns <= 0)
        return false;
    return moveTo(stepped(rowStep, columnStep, rows, columns), extend && current.valid());
}

bool HeadSelection::moveTo(HeadId head, bool extend)
{
    current = head;
    if (extend && anchor.valid())
        return selectBlock(anchor, head, false);
    anchor = head;
    const QVector<HeadId> before = std::exchange(heads, {head});
    return before != heads;
}

bool HeadSelection::clear()
{
    const bool changed = !heads.isEmpty();
    heads.clear();
    anchor = {};
    return changed;
}

bool HeadSelection::assign(const QVector<HeadId> &selected)
{
    const bool changed = heads != selected;
    heads = selected;
    if (!heads.isEmpty() && !heads.contains(current))
        anchor = current = heads.last();
    return changed;
}

} // namespace patchbay::widgets
