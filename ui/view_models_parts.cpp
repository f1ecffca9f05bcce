#include "view_models_parts.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

QString effectText(double effect, const EffectUnit &unit)
{
    if (!std::isfinite(effect))
        return QStringLiteral("\u2013");
    return QString::fromStdString(effect_text(effect, unit))
        .remove(QLatin1Char('+'))
        .replace(QLatin1Char('-'), QString(QChar(0x2212)));
}

QString percentText(double share)
{
    if (!std::isfinite(share))
        return QStringLiteral("\u2013");
    return QStringLiteral("%1%2 %")
        .arg(share < 0 ? QStringLiteral("\u2212") : QString())
        .arg(std::abs(share) * 100, 0, 'f', 1);
}

widgets::HeadId cellHead(const Grid &grid, int cell)
{
    const CellPlace place = grid.at(cell);
    return {place.layer, place.head};
}

QString cellLabel(const Grid &grid, int cell)
{
    return QString::fromStdString(label(grid.at(cell)));
}

QString withUnit(const QString &what, const Baseline &baseline)
{
    return QStringLiteral("%1 (%2)").arg(
        what, effect_unit(baseline).share ? QStringLiteral("% of gap") : effectUnit(baseline));
}

const Grid &gridNamed(const RunResult &result, const std::string &name)
{
    if (name.empty()) {
        for (const Grid &grid : result.grids) {
            if (!grid.shape.empty())
                return grid;
        }
        throw Error("result", "it has no sweep over heads or layers to draw");
    }
    if (const Grid *grid = result.grid(name))
        return *grid;
    std::string known;
    for (const Grid &grid : result.grids)
        known += (known.empty() ? "" : ", ") + grid.name;
    throw Error(name, "the result has no such grid (it has: " + known + ")");
}

std::vector<int> strongestCells(const Grid &grid, const Baseline &baseline, int n, Sign sign)
{
    std::vector<std::pair<double, int>> cells;
    for (int cell = 0; cell < grid.cells(); ++cell) {
        const double value = normalised(grid, cell, baseline);
        if (!std::isfinite(value) || (sign == Sign::Positive && value <= 0) || (sign == Sign::Negative && value >= 0))
            continue;
        cells.emplace_back(-std::abs(value), cell);
    }
    std::sort(cells.begin(), cells.end());
    std::vector<int> best;
    for (size_t i = 0; i < cells.size() && best.size() < size_t(std::max(n, 0)); ++i)
        best.push_back(cells[i].second);
    return best;
}

} // namespace patchbay
