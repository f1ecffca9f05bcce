// Which heads are selected, and how clicks, rubber bands and arrow keys change that; plain logic, no window.
#pragma once

#include "head_id.h"

#include <QVector>

namespace patchbay::widgets {

/// Every function returns whether `heads` changed. Heads are kept in the order in which they were selected.
struct HeadSelection {
    QVector<HeadId> heads;
    HeadId anchor;  ///< where a block selection starts
    HeadId current; ///< where the keyboard is

    bool contains(HeadId head) const { return heads.contains(head); }

    /// Plain: that head alone. Ctrl: in or out. Shift: the block from the anchor (Ctrl+Shift: added to the rest).
    bool click(HeadId head, Qt::KeyboardModifiers modifiers);

    /// All heads between two corners, in reading order.
    bool selectBlock(HeadId from, HeadId to, bool add);

    /// Moves the keyboard within rows × columns; the selection stays as it is.
    void go(int rowStep, int columnStep, int rows, int columns);

    /// Moves the keyboard within rows × columns and selects (extend: the block from the anchor).
    bool move(int rowStep, int columnStep, int rows, int columns, bool extend);
    bool moveTo(HeadId head, bool extend);
    /// Where such a step leads; the first cell where the keyboard is nowhere yet.
    HeadId stepped(int rowStep, int columnStep, int rows, int columns) const;

    bool clear();

    /// Takes over a selection from outside; the last head becomes the current one.
    bool assign(const QVector<HeadId> &selected);
};

} // namespace patchbay::widgets
