// Which boxes stand on which page, so that no page is half empty and what belongs together stays so.
#pragma once

#include "figure/panel.h"

#include <QString>
#include <QVector>

#include <functional>

namespace patchbay {

/// Something that is not broken over pages.
struct Box {
    double height = 0; ///< mm
    double least = 0;  ///< as low as it can be drawn; at most height
    double before = 0; ///< space above, dropped at the top of a page
    bool keep = false; ///< stays on the page of the box that follows
    QString anchor;    ///< of a heading
    int table = -1;    ///< a row of the table of this block, drawn with its neighbours; -1: none
    int row = 0;       ///< which one
    double again = 0;  ///< mm that it takes more at the top of a page: the table's head
    std::function<void(widgets::figure::Scene &, double left, double y, double height)> draw;
};

/// The boxes [first, end) of one page, and how far those that can be lower are: 0 not, 1 as low as they go.
struct PagePlan {
    qsizetype first = 0, end = 0;
    double shrink = 0;
};

/// The best way to fill pages of that height, all of them together: pages are filled by drawing what can be lower a
/// little lower, or by breaking elsewhere. Runs of kept boxes that are longer than a page are broken where they must.
QVector<PagePlan> fillPages(const QVector<Box> &boxes, double height);

} // namespace patchbay
