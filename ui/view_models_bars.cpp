// Bars from results: any quantity of heads or layers, in its own unit.
#include "amounts_text.h"
#include "view_models_parts.h"

#include "analysis/analysis.h"
#include "base/error.h"
#include "base/mean.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace {

bool wanted(double value, Sign sign)
{
    return std::isfinite(value) && value != 0 && (sign != Sign::Positive || value > 0)
        && (sign != Sign::Negative || value < 0);
}

std::vector<std::string> layerArrays(const RunResult &result)
{
    std::vector<std::string> names;
    for (const auto &[name, array] : result.arrays)
        if (const Quantity known = quantity_named(name); known.known() && known.draw == Quantity::Draw::Layers
            && array.is_float() && array.count() > 0 && !array.shape.empty() && array.shape.size() <= 2)
            names.push_back(name);
    return names;
}

/// Heads that an ablation took out: what they lose themselves is no answer to it.
bool takenOut(const RunResult &result, widgets::HeadId head)
{
    const Analysis *analysis = result.spec.as<Analysis>();
    return analysis && analysis->name == "ablate" && head.head >= 0
        && std::count(analysis->heads.begin(), analysis->heads.end(), fromHeadId(head)) > 0;
}

/// One entry of an array [entries, prompts].
std::vector<float> valuesOf(const Array &array, int64_t entry, int64_t prompts)
{
    const auto first = array.floats().begin() + entry * prompts;
    return {first, first + prompts};
}

/// Of the 95 % interval of the mean over prompts; 0 where there is none.
double halfWidth(const std::vector<float> &values)
{
    if (values.size() < 2)
        return 0;
    const Interval interval = bootstrap(values);
    return std::isfinite(interval.high - interval.low) ? (interval.high - interval.low) / 2 : 0;
}

/// The strongest heads of [layers, heads] or [layers, heads, prompts]; all layers of [layers] or [layers, prompts], in
/// their order.
widgets::BarsView arrayBars(const RunResult &result, const std::string &name, int n, Sign sign)
{
    const Quantity known = quantity_named(name);
    const Array &array = result.arrays.at(name);
    const bool layers = known.draw == Quantity::Draw::Layers;
    const int64_t heads = layers ? 1 : array.shape[1], cells = array.shape[0] * heads,
                  prompts = array.count() / std::max<int64_t>(1, cells);
    widgets::BarsView view;
    view.title = resultTitle(result);
    view.unit = QString::fromStdString(known.unit);
    view.valueLabel = QString::fromStdString(layers ? known.colour_label : known.title);
    if (!view.unit.isEmpty())
        view.valueLabel += QStringLiteral(" (%1)").arg(view.unit);
    std::vector<std::pair<widgets::Bar, int64_t>> bars;
    for (int64_t cell = 0; cell < cells; ++cell) {
        const widgets::HeadId head{int(cell / heads), layers ? -1 : int(cell % heads)};
        const widgets::Bar bar{head, widgets::label(head), mean_of(valuesOf(array, cell, prompts)), 0};
        if (layers ? std::isfinite(bar.value) : wanted(bar.value, sign) && !takenOut(result, head))
            bars.emplace_back(bar, cell);
    }
    if (!layers) {
        std::stable_sort(bars.begin(), bars.end(), [](const auto &a, const auto &b) {
            return std::abs(a.first.value) > std::abs(b.first.value);
        });
        bars.resize(std::min(bars.size(), size_t(std::max(n, 0))));
    }
    for (auto &[bar, cell] : bars) {
        bar.halfWidth = halfWidth(valuesOf(array, cell, prompts));
        view.bars << bar;
    }
    view.totalText = logitDiffText(result);
    return view;
}

/// How the bars' cells stand among all when the prompts are drawn again.
void addStandings(widgets::BarsView &view, const Grid &grid, const std::vector<int> &cells, const Stability &stable)
{
    if (int(stable.among_top.size()) != grid.cells())
        return;
    view.top = stable.top;
    view.splitHalf = stable.split_half;
    for (size_t i = 0; i < cells.size(); ++i)
        view.bars[qsizetype(i)].standing = standingOf(stable, cells[i]);
    if (std::isfinite(view.splitHalf))
        view.totalText += QStringLiteral("; halves of the prompts agree on %1 % of the top %2")
                              .arg(view.splitHalf * 100, 0, 'f', 0)
                              .arg(view.top);
}

widgets::BarsView gridBars(const RunResult &result, const Grid &grid, int n, Sign sign, const Stabilities *known)
{
    widgets::BarsView view;
    view.title = resultTitle(result);
    view.unit = effectUnit(result.baseline);
    const MetricInfo &metric = info(result.baseline.metric);
    view.valueLabel = withUnit(result.spec.is<Attribution>() ? QStringLiteral("Estimated effect")
                                                             : QString::fromStdString(effect_label(metric)),
                               result.baseline);
    const EffectUnit unit = effect_unit(result.baseline);
    double total = 0;
    const std::vector<int> cells = strongestCells(grid, result.baseline, n, sign);
    for (const int cell : cells) {
        const double value = normalised(grid, cell, result.baseline);
        const bool exact = grid.state[size_t(cell)] == CellState::Exact;
        const double half = exact ? bootstrap_half_width(grid, cell, result.baseline) : 0;
        view.bars << widgets::Bar{cellHead(grid, cell), cellLabel(grid, cell), value * unit.factor,
                                  std::isnan(half) ? 0 : half * unit.factor};
        total += value;
    }
    view.totalText =
        QStringLiteral("Total of %1: %2")
            .arg(countedText(view.bars.size(), grid.has_heads() ? "head" : "cell"), effectText(total, unit));
    if (!known && can_be_ranked(grid))
        addStandings(view, grid, cells, stability(grid, result.baseline));
    else if (const auto found = known ? known->find(grid.name) : Stabilities::const_iterator();
             known && found != known->end())
        addStandings(view, grid, cells, found->second);
    return view;
}

} // namespace

QString logitDiffText(const RunResult &result)
{
    const nlohmann::json &about = result.summary;
    if (!about.is_object() || !about.contains("logit_diff_after"))
        return {};
    const double before = about.value("logit_diff_before", 0.0), after = about.value("logit_diff_after", 0.0);
    QStringList shares;
    if (!result.baseline.vanishes(before))
        shares << QStringLiteral("%1 of the clean logit diff")
                      .arg(widgets::valueWithUnit((after - before) / before * 100, QStringLiteral("%")));
    if (result.baseline.shares_make_sense())
        shares << QStringLiteral("%1 of the gap")
                      .arg(widgets::valueWithUnit((after - before) / result.baseline.gap() * 100, QStringLiteral("%")));
    const QString text = QStringLiteral("Logit diff %1 \u2192 %2")
                             .arg(widgets::signedNumber(before, 2), widgets::signedNumber(after, 2));
    return shares.isEmpty() ? text : text + QStringLiteral(": ") + shares.join(QStringLiteral(", "));
}

std::vector<std::string> barsNames(const RunResult &result)
{
    std::vector<std::string> names = heatmapFacetNames(result);
    for (std::string &name : layerArrays(result))
        names.push_back(std::move(name));
    return names;
}

widgets::BarsView barsView(const RunResult &result, const std::string &name, int n, Sign sign, const Stabilities *known)
{
    const std::vector<std::string> names = barsNames(result);
    if (name.empty() && names.empty())
        throw Error("result", "it has no numbers for each head or layer to draw as bars");
    const std::string &which = name.empty() ? names.front() : name;
    if (std::count(names.begin(), names.end(), which) > 0 && !result.grid(which))
        return arrayBars(result, which, n, sign);
    return gridBars(result, gridNamed(result, which), n, sign, known);
}

} // namespace patchbay
