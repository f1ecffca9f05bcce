#include "lines_geometry.h"

#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace patchbay::widgets {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double smallestPositive(const LinesView &view)
{
    double smallest = 0;
    for (const double x : view.x)
        if (x > 0 && (smallest == 0 || x < smallest))
            smallest = x;
    return smallest;
}

/// Where what is not above zero stands on an axis of logarithms.
double placeOfZero(const LinesView &view)
{
    const double smallest = smallestPositive(view);
    if (smallest <= 0)
        return 0;
    const double span = std::log10(*std::max_element(view.x.begin(), view.x.end()) / smallest);
    return std::log10(smallest) - std::max(0.15, span * 0.12);
}

double placeOf(const LinesView &view, double x, double zero)
{
    return !view.logarithmic ? x : x > 0 ? std::log10(x) : zero;
}

QString countText(double number)
{
    if (number >= 1e6 && std::fmod(number, 1e5) == 0)
        return QString::number(number / 1e6) + QStringLiteral("M");
    if (number >= 1e4 && std::fmod(number, 100) == 0)
        return QString::number(number / 1e3) + QStringLiteral("k");
    return QString::number(number);
}

} // namespace

QVector<double> stepPlaces(const LinesView &view)
{
    QVector<double> places;
    const double zero = placeOfZero(view);
    for (const double x : view.x)
        places << placeOf(view, x, zero);
    return places;
}

QVector<double> stepEdges(const LinesView &view)
{
    const QVector<double> places = stepPlaces(view);
    QVector<double> edges;
    if (places.isEmpty())
        return edges;
    if (places.size() == 1)
        return {places[0] - 0.5, places[0] + 0.5};
    edges << places[0] - (places[1] - places[0]) / 2;
    for (qsizetype i = 1; i < places.size(); ++i)
        edges << (places[i - 1] + places[i]) / 2;
    const qsizetype last = places.size() - 1;
    edges << places[last] + (places[last] - places[last - 1]) / 2;
    return edges;
}

QVector<StepTick> stepTicks(const LinesView &view, double from, double to, int most)
{
    QVector<StepTick> ticks;
    if (!view.logarithmic) {
        for (const double at : niceTicks(from, to, most))
            ticks << StepTick{at, countText(at)};
        return ticks;
    }
    const double zero = placeOfZero(view);
    const auto inside = [&](double at) { return at >= from - 1e-9 && at <= to + 1e-9; };
    for (const std::initializer_list<int> &steps : {std::initializer_list<int>{1, 2, 5}, {1, 3}, {1}}) {
        ticks.clear();
        if (std::any_of(view.x.begin(), view.x.end(), [](double x) { return x <= 0; }) && inside(zero))
            ticks << StepTick{zero, QStringLiteral("0")};
        for (int power = int(std::floor(from)) - 1; power <= int(std::ceil(to)); ++power)
            for (const int step : steps) {
                const double number = step * std::pow(10.0, power), at = std::log10(number);
                if (inside(at) && at >= std::log10(smallestPositive(view)) - 1e-9)
                    ticks << StepTick{at, countText(number)};
            }
        if (ticks.size() <= most)
            break;
    }
    // Zero stands a little before the smallest step, which may be too near to name both.
    constexpr double apart = 0.5; // of the room that a tick has
    if (ticks.size() > 1 && ticks[1].at - ticks[0].at < apart * (to - from) / most)
        ticks.removeAt(1);
    return ticks;
}

QVector<QVector<double>> bandTops(const LinesView &view)
{
    QVector<QVector<double>> tops;
    QVector<double> below(view.x.size(), 0);
    for (const Line &line : view.lines) {
        for (qsizetype step = 0; step < below.size(); ++step)
            below[step] += std::isfinite(line.values.value(step, nothing)) ? line.values[step] : 0;
        tops << below;
    }
    for (qsizetype step = 0; step < below.size(); ++step)
        if (std::none_of(view.lines.begin(), view.lines.end(),
                         [&](const Line &line) { return std::isfinite(line.values.value(step, nothing)); }))
            for (QVector<double> &top : tops)
                top[step] = nothing;
    return tops;
}

QVector<double> valueEnds(const LinesView &view)
{
    if (view.stacked) {
        const QVector<QVector<double>> tops = bandTops(view);
        QVector<double> ends{0};
        return tops.isEmpty() ? ends : ends + tops.back();
    }
    QVector<double> ends;
    for (const Line &line : view.lines)
        for (qsizetype step = 0; step < line.values.size(); ++step) {
            const double half = line.halfWidth.value(step, 0);
            ends << line.values[step] - (std::isfinite(half) ? half : 0)
                 << line.values[step] + (std::isfinite(half) ? half : 0);
        }
    return ends;
}

int lastStep(const Line &line)
{
    for (qsizetype step = line.values.size(); step-- > 0;)
        if (std::isfinite(line.values[step]))
            return int(step);
    return -1;
}

QVector<double> spread(const QVector<double> &wanted, double each, double from, double to)
{
    QVector<qsizetype> order(wanted.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](qsizetype a, qsizetype b) { return wanted[a] < wanted[b]; });
    QVector<double> places = wanted;
    double next = from;
    for (const qsizetype i : order) {
        places[i] = std::max(wanted[i], next);
        next = places[i] + each;
    }
    double end = to;
    for (auto i = order.rbegin(); i != order.rend(); ++i) {
        places[*i] = std::min(places[*i], end);
        end = places[*i] - each;
    }
    return places;
}

QString lineReadout(const LinesView &view, int line, int step)
{
    if (line < 0 || line >= view.lines.size() || step < 0 || step >= view.x.size())
        return {};
    const Line &of = view.lines[line];
    const double value = of.values.value(step, nothing), half = of.halfWidth.value(step, 0);
    QString text = of.label + QStringLiteral("  ");
    if (std::isfinite(value)) {
        text += view.stacked ? QString::number(value) : valueWithUnit(value, view.unit);
        if (half > 0)
            text += QStringLiteral(" ±") + QString::number(half, 'f', view.unit == QLatin1String("%") ? 1 : 2);
    } else {
        text += view.gaps.value(step).isEmpty() ? QStringLiteral("–") : view.gaps.value(step);
    }
    text += QStringLiteral("  ") + view.names.value(step);
    return of.notes.value(step).isEmpty() ? text : text + QStringLiteral("  ") + of.notes.value(step);
}

} // namespace patchbay::widgets
