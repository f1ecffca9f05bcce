#include "report/fill_pages.h"

#include <algorithm>
#include <limits>

namespace patchbay {

namespace {

constexpr double slack = 0.01;  // mm: sums of heights
constexpr double perPage = 0.5; // a page costs something: fewer are better
constexpr double lower = 0.4;   // figures as low as they go cost less than half a page of nothing
constexpr double broken = 50;   // what belongs together is torn only where it does not fit a page
constexpr double halfEmpty = 4;

double costOf(double natural, double least, double height, bool last)
{
    if (natural > height) {
        const double shrink = (natural - height) / std::max(slack, natural - least);
        return perPage + lower * shrink * shrink;
    }
    const double empty = (height - natural) / height;
    return perPage + (last ? 0 : empty * empty * 2 + (empty > 0.4 ? halfEmpty * empty : 0));
}

} // namespace

QVector<PagePlan> fillPages(const QVector<Box> &boxes, double height)
{
    const qsizetype count = boxes.size();
    QVector<double> best(count + 1, std::numeric_limits<double>::infinity());
    QVector<PagePlan> plan(count);
    best[count] = 0;
    for (qsizetype first = count - 1; first >= 0; --first) {
        double natural = 0, least = 0;
        for (qsizetype end = first + 1; end <= count; ++end) {
            const Box &box = boxes[end - 1];
            const double above = end - 1 == first ? box.again : box.before;
            natural += above + box.height;
            least += above + box.least;
            if (least > height + slack && end > first + 1)
                break;
            const double cost =
                best[end] + costOf(natural, least, height, end == count) + (end < count && box.keep ? broken : 0);
            if (cost < best[first]) {
                best[first] = cost;
                plan[first] = {first, end,
                               natural > height + slack && natural > least
                                   ? std::min(1.0, (natural - height) / (natural - least))
                                   : 0};
            }
        }
    }
    QVector<PagePlan> pages;
    for (qsizetype first = 0; first < count; first = plan[first].end)
        pages << plan[first];
    return pages;
}

} // namespace patchbay
