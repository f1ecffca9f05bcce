// Scatters, bars, tables and graphs from results.
#include "view_models.h"

#include "base/error.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace patchbay {

namespace {

/// An effect as normalised() gives it, in its unit; a dash where there is none.
QString effectText(double effect, const EffectUnit &unit)
{
    if (!std::isfinite(effect))
        return QStringLiteral("\u2013");
    return QString::fromStdString(effect_text(effect, unit))
        .remove(QLatin1Char('+'))
        .replace(QLatin1Char('-'), QString(QChar(0x2212)));
}

QString percent(double share)
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

/// The n strongest cells by sign, strongest first; ties by cell so that the order is the same every time.
std::vector<int> strongest(const Grid &grid, const Baseline &baseline, int n, Sign sign)
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

/// "Output (z) (% of gap)", "Output (z) (logits)".
QString withUnit(const QString &what, const Baseline &baseline)
{
    return QStringLiteral("%1 (%2)").arg(
        what, effect_unit(baseline).share ? QStringLiteral("% of gap") : effectUnit(baseline));
}

QString effectLabel(const RunResult &result)
{
    return withUnit(result.spec.is<Attribution>() ? QStringLiteral("Estimated effect")
                                                  : QString::fromUtf8(metrics().front().effect_label),
                    result.baseline);
}

QString cellText(const nlohmann::json &value)
{
    if (value.is_string())
        return QString::fromStdString(value.get<std::string>());
    if (value.is_number_float() && !std::isfinite(value.get<double>()))
        return QStringLiteral("\u2013");
    if (value.is_number_float())
        return QString::number(value.get<double>(), 'g', 4);
    if (value.is_null())
        return {};
    return QString::fromStdString(value.dump());
}

/// "name_mover_s1_attention_change" as a person writes it.
QString columnTitle(const std::string &key)
{
    QString title = QString::fromStdString(key).replace(QLatin1Char('_'), QLatin1Char(' '));
    if (!title.isEmpty())
        title[0] = title[0].toUpper();
    static const QRegularExpression role(QStringLiteral("\\b(io|s1|s2|dla)\\b"));
    for (QRegularExpressionMatch match = role.match(title); match.hasMatch();
         match = role.match(title, match.capturedEnd()))
        title.replace(match.capturedStart(), match.capturedLength(), match.captured().toUpper());
    return title;
}

/// Heads are kept as "9.6" and shown as "L9H6"; other words stay.
QString headText(const nlohmann::json &json)
{
    if (json.is_string()) {
        try {
            return QString::fromStdString(label(parse_head(json.get<std::string>())));
        } catch (const Error &) {
            return cellText(json);
        }
    }
    return cellText(json);
}

bool tableOf(const nlohmann::json &json, widgets::TableView &view)
{
    if (json.is_object() && json.contains("columns") && json.contains("rows")) {
        for (const auto &column : json["columns"])
            view.columns << cellText(column);
        for (const auto &row : json["rows"]) {
            QStringList cells;
            for (const auto &cell : row)
                cells << cellText(cell);
            view.rows << cells;
        }
        return !view.columns.isEmpty();
    }
    if (json.is_array() && !json.empty() && json.front().is_object()) {
        std::vector<std::string> keys; // the head first, the rest by name
        for (const auto &[key, value] : json.front().items())
            keys.insert(key == "head" ? keys.begin() : keys.end(), key);
        for (const std::string &key : keys)
            view.columns << columnTitle(key);
        for (const auto &row : json) {
            QStringList cells;
            for (const std::string &key : keys)
                cells << (key == "head" ? headText(row.value(key, nlohmann::json()))
                                        : cellText(row.value(key, nlohmann::json())));
            view.rows << cells;
        }
        return true;
    }
    if (json.is_object()) {
        for (const auto &[key, value] : json.items()) {
            if ((value.is_array() || value.is_object()) && tableOf(value, view))
                return true;
        }
    }
    return false;
}

} // namespace

widgets::ScatterView scatterView(const Grid &x, const Grid &y, const Baseline &xBaseline, const Baseline &yBaseline)
{
    if (x.shape != y.shape)
        throw Error(x.name + ", " + y.name, "the two grids are not over the same heads");
    widgets::ScatterView view;
    view.xLabel = withUnit(facetTitle(x.name), xBaseline);
    view.yLabel = withUnit(facetTitle(y.name), yBaseline);
    view.title = QStringLiteral("%1 against %2").arg(facetTitle(y.name), facetTitle(x.name).toLower());
    for (const auto &[prefix, words] : {std::pair{"denoise.", ", denoising"}, std::pair{"noise.", ", noising"}})
        if (x.name.starts_with(prefix) && y.name.starts_with(prefix))
            view.title += QLatin1String(words);
    for (int cell = 0; cell < x.cells(); ++cell) {
        const double vx = normalised(x, cell, xBaseline) * effect_unit(xBaseline).factor;
        const double vy = normalised(y, cell, yBaseline) * effect_unit(yBaseline).factor;
        if (std::isfinite(vx) && std::isfinite(vy))
            view.points << widgets::ScatterPoint{cellHead(x, cell), cellLabel(x, cell), vx, vy, 0};
    }
    return view;
}

namespace {

/// Attention against contribution of one head, a point a prompt.
widgets::ScatterView contributionView(const RunResult &result)
{
    widgets::ScatterView view;
    view.title = resultTitle(result);
    const Analysis *analysis = result.spec.as<Analysis>();
    view.xLabel = !analysis || analysis->heads.empty()
        ? QStringLiteral("Attention from END")
        : QStringLiteral("Attention of %1 from END").arg(QString::fromStdString(label(analysis->heads.front())));
    view.yLabel = QStringLiteral("Contribution along the name (logits)");
    for (const auto &[role, name] : {std::pair{"io", "END \u2192 IO"}, std::pair{"s", "END \u2192 S"}}) {
        const auto x = result.arrays.find(std::string("attention.") + role),
                   y = result.arrays.find(std::string("contribution.") + role);
        if (x == result.arrays.end() || y == result.arrays.end() || x->second.count() != y->second.count())
            continue;
        for (int64_t prompt = 0; prompt < x->second.count(); ++prompt)
            if (const double vx = x->second.floats()[size_t(prompt)], vy = y->second.floats()[size_t(prompt)];
                std::isfinite(vx) && std::isfinite(vy))
                view.points << widgets::ScatterPoint{{}, {}, vx, vy, int(view.series.size())};
        view.series << QString::fromUtf8(name);
    }
    return view;
}

} // namespace

widgets::ScatterView scatterView(const RunResult &result, const std::string &xName, const std::string &yName)
{
    if (result.arrays.contains("contribution.io") && xName.empty() && yName.empty())
        return contributionView(result);
    const Grid *x = nullptr, *y = nullptr;
    if (!xName.empty() || !yName.empty()) {
        x = &gridNamed(result, xName);
        y = &gridNamed(result, yName);
    } else {
        for (const Grid &grid : result.grids) {
            if (grid.name.ends_with(".pattern"))
                x = &grid;
            else if (grid.name.ends_with(".z"))
                y = &grid;
        }
        if (!x || !y) {
            if (result.grids.size() < 2)
                throw Error(
                    "result",
                    "a scatter needs two grids over the same heads (run sites z and pattern, or give two results)");
            x = &result.grids[0];
            y = &result.grids[1];
        }
    }
    return scatterView(*x, *y, result.baseline, result.baseline);
}

namespace {

/// Layers of a logit lens in their order, or the strongest heads of an analysis' first [layer, head(, prompt)] array.
widgets::BarsView arrayBars(const RunResult &result, int n, Sign sign)
{
    widgets::BarsView view;
    view.title = resultTitle(result);
    if (const auto lens = result.arrays.find("lens.logit_diff");
        lens != result.arrays.end() && lens->second.shape.size() == 2) {
        view.valueLabel = QStringLiteral("Logit difference");
        const int64_t layers = lens->second.shape[0], prompts = std::max<int64_t>(1, lens->second.shape[1]);
        for (int64_t layer = 0; layer < layers; ++layer) {
            const auto first = lens->second.floats().begin() + layer * prompts;
            if (const double mean = std::accumulate(first, first + prompts, 0.0) / double(prompts); std::isfinite(mean))
                view.bars << widgets::Bar{{int(layer), -1}, widgets::label({int(layer), -1}), mean, 0};
        }
        return view;
    }
    const widgets::HeatmapView heatmap = heatmapView(result);
    if (heatmap.facets.isEmpty())
        throw Error("result", "it has no numbers for each head or layer to draw as bars");
    const widgets::HeatmapFacet &facet = heatmap.facets.front();
    view.valueLabel =
        heatmap.unit.isEmpty() ? heatmap.colourLabel : QStringLiteral("%1 (%2)").arg(heatmap.colourLabel, heatmap.unit);
    for (int cell = 0; cell < facet.values.size(); ++cell) {
        const double value = facet.values[cell];
        if (!std::isfinite(value) || value == 0 || (sign == Sign::Positive && value < 0)
            || (sign == Sign::Negative && value > 0))
            continue;
        const widgets::HeadId head{cell / facet.columns, cell % facet.columns};
        view.bars << widgets::Bar{head, widgets::label(head), value, 0};
    }
    std::stable_sort(view.bars.begin(), view.bars.end(), [](const widgets::Bar &a, const widgets::Bar &b) {
        return std::abs(a.value) > std::abs(b.value);
    });
    view.bars.resize(std::min<qsizetype>(view.bars.size(), n));
    return view;
}

} // namespace

widgets::BarsView barsView(const RunResult &result, const std::string &gridName, int n, Sign sign)
{
    if (result.grids.empty() && gridName.empty())
        return arrayBars(result, n, sign);
    const Grid &grid = gridNamed(result, gridName);
    widgets::BarsView view;
    view.title = resultTitle(result);
    view.valueLabel = effectLabel(result);
    const EffectUnit unit = effect_unit(result.baseline);
    double total = 0;
    for (const int cell : strongest(grid, result.baseline, n, sign)) {
        const double value = normalised(grid, cell, result.baseline);
        const bool exact = grid.state[size_t(cell)] == CellState::Exact;
        const double half = exact ? bootstrap_half_width(grid, cell, result.baseline) : 0;
        view.bars << widgets::Bar{cellHead(grid, cell), cellLabel(grid, cell), value * unit.factor,
                                  std::isnan(half) ? 0 : half * unit.factor};
        total += value;
    }
    const QString noun = grid.has_heads() ? QStringLiteral("heads") : QStringLiteral("cells");
    view.totalText = QStringLiteral("Total of %1 %2: %3").arg(view.bars.size()).arg(noun, effectText(total, unit));
    return view;
}

widgets::TableView tableView(const RunResult &result, int n)
{
    widgets::TableView view;
    view.title = resultTitle(result);
    if (tableOf(result.summary, view))
        return view;
    const EffectUnit unit = effect_unit(result.baseline);
    view.columns = QStringList{QStringLiteral("Site"), QStringLiteral("Head"), QStringLiteral("Effect"),
                               QStringLiteral("95 % interval")};
    for (const Grid &grid : result.grids) {
        if (grid.shape.empty())
            continue;
        for (const int cell : strongest(grid, result.baseline, n, Sign::Both)) {
            const bool exact = grid.state[size_t(cell)] == CellState::Exact;
            const QString interval = exact
                ? QStringLiteral("\u00b1") + effectText(bootstrap_half_width(grid, cell, result.baseline), unit)
                : QStringLiteral("estimate");
            view.rows << QStringList{facetTitle(grid.name), cellLabel(grid, cell),
                                     effectText(normalised(grid, cell, result.baseline), unit), interval};
        }
    }
    if (view.rows.isEmpty()) {
        view.columns = QStringList{QStringLiteral("Run"), QStringLiteral("Logit diff"), QStringLiteral("Accuracy"),
                                   QStringLiteral("Rank-0 rate")};
        const Baseline &b = result.baseline;
        view.rows << QStringList{QStringLiteral("Clean"), QString::number(b.clean_mean, 'f', 3),
                                 percent(b.accuracy_clean), percent(b.rank0_clean)}
                  << QStringList{QStringLiteral("Flipped"), QString::number(b.flipped_mean, 'f', 3),
                                 percent(b.accuracy_flipped), percent(b.rank0_flipped)};
    }
    return view;
}

widgets::GraphView graphView(const RunResult &result)
{
    const nlohmann::json &summary = result.summary;
    if (!summary.is_object() || !summary.contains("nodes"))
        throw Error("result", "it holds no circuit to draw (nodes and edges come from the roles analysis)");
    const auto headOf = [](const nlohmann::json &json, const char *key) {
        const auto found = json.find(key);
        return found == json.end() || !found->is_string() || found->get<std::string>().empty()
                || found->get<std::string>() == "logits"
            ? widgets::HeadId{}
            : toHeadId(parse_head(found->get<std::string>()));
    };
    widgets::GraphView view;
    view.title = resultTitle(result);
    for (const auto &node : summary["nodes"]) {
        view.nodes << widgets::GraphNode{headOf(node, "head"),
                                         QString::fromStdString(node.value("role", std::string()))};
        view.layers = std::max(view.layers, view.nodes.back().head.layer + 1);
    }
    for (const auto &edge : summary.value("edges", nlohmann::json::array())) {
        const auto effect = edge.find("effect");
        const double value = effect != edge.end() && effect->is_number() ? effect->get<double>() : 0.0;
        view.edges << widgets::GraphEdge{headOf(edge, "from"), headOf(edge, "to"),
                                         QString::fromStdString(edge.value("site", std::string())),
                                         std::isfinite(value) ? value : 0.0};
    }
    return view;
}

} // namespace patchbay
