// Tables from results: what an analysis concludes, and the numbers of a heatmap.
#include "view_models_parts.h"

#include "analysis/registry.h"
#include "analysis/selection.h"
#include "base/error.h"
#include "edge_views.h"
#include "view_text.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <optional>

namespace patchbay {

namespace {

QString minus(QString text)
{
    return text.startsWith(QLatin1Char('-')) ? text.replace(0, 1, QChar(0x2212)) : text;
}

QString cellText(const nlohmann::json &value)
{
    if (value.is_string())
        return QString::fromStdString(value.get<std::string>());
    if (value.is_number_float() && !std::isfinite(value.get<double>()))
        return QStringLiteral("\u2013");
    if (value.is_number_float())
        return minus(QString::number(value.get<double>(), 'g', 4));
    if (value.is_null())
        return {};
    if (value.is_array() && !value.empty() && value.front().is_object() && value.front().contains("quantity"))
        return QString::fromStdString(to_string(evidence_from_json(value)));
    return QString::fromStdString(value.dump());
}

QString upperFirst(QString text)
{
    if (!text.isEmpty())
        text[0] = text[0].toUpper();
    return text;
}

/// "name_mover_s1_attention_change" as a person writes it.
QString columnTitle(const std::string &key)
{
    QString title = upperFirst(QString::fromStdString(key).replace(QLatin1Char('_'), QLatin1Char(' ')));
    static const QRegularExpression role(QStringLiteral("\\b(io|s1|s2|dla)\\b"));
    for (QRegularExpressionMatch match = role.match(title); match.hasMatch();
         match = role.match(title, match.capturedEnd()))
        title.replace(match.capturedStart(), match.capturedLength(), match.captured().toUpper());
    return title;
}

/// The head that a text names: "L9H6", and as it is kept: "9.6".
std::optional<Head> headNamed(const QString &text)
{
    try {
        return parse_head(text.toStdString());
    } catch (const Error &) {
        return std::nullopt;
    }
}

/// Heads are kept as "9.6" and shown as "L9H6"; other words stay.
QString headText(const nlohmann::json &json)
{
    const QString text = cellText(json);
    const auto head = json.is_string() ? headNamed(text) : std::nullopt;
    return head ? QString::fromStdString(label(*head)) : text;
}

bool isTable(const nlohmann::json &json)
{
    return (json.is_object() && json.contains("columns") && json.contains("rows") && !json["columns"].empty())
        || (json.is_array() && !json.empty() && json.front().is_object());
}

void fillTable(const nlohmann::json &json, widgets::TableView &view)
{
    if (json.is_object()) {
        for (const auto &column : json["columns"])
            view.columns << upperFirst(cellText(column));
        for (const auto &row : json["rows"]) {
            QStringList cells;
            for (const auto &cell : row)
                cells << cellText(cell);
            view.rows << cells;
        }
    } else {
        std::vector<std::string> keys; // the head first, the rest by name
        for (const auto &[key, value] : json.front().items())
            keys.insert(key == "head" ? keys.begin() : keys.end(), key);
        for (const std::string &key : keys)
            view.columns << columnTitle(key);
        for (const auto &row : json) {
            QStringList cells;
            for (const std::string &key : keys) {
                const nlohmann::json value = row.value(key, nlohmann::json());
                cells << (value.is_string() ? headText(value) : cellText(value));
            }
            view.rows << cells;
        }
    }
    if (view.columns.front() != QLatin1String("Head"))
        return;
    for (const QStringList &row : std::as_const(view.rows)) {
        const auto head = headNamed(row.value(0));
        view.heads << (head ? toHeadId(*head) : widgets::HeadId{});
    }
}

/// Where the tables of a summary are: "" for itself, else the keys. A whole table in the summary says what its lists
/// of heads say.
std::vector<std::string> tableKeys(const nlohmann::json &summary)
{
    if (!summary.is_object())
        return isTable(summary) ? std::vector<std::string>{""} : std::vector<std::string>{};
    std::vector<std::string> keys;
    const bool whole = isTable(summary);
    if (whole)
        keys.push_back("");
    for (const auto &[key, value] : summary.items())
        if (isTable(value) && (!whole || value.is_object() || key == "edges"))
            keys.push_back(key);
    return keys;
}

const QString kTable = QStringLiteral("table");
const QString kMovers = QStringLiteral("movers");

QString keyOf(const std::string &name)
{
    return name.empty() ? kTable : kTable + QLatin1Char(':') + QString::fromStdString(name);
}

/// What each candidate of an S-inhibition test does to each name mover by itself.
std::optional<widgets::TableView> moversTable(const RunResult &result)
{
    const Analysis *analysis = result.spec.as<Analysis>();
    const auto array = [&](const char *role, const char *when) -> const Array * {
        const auto found = result.arrays.find(std::string("s2i.name_mover_attention_") + role + '.' + when);
        return found == result.arrays.end() || !found->second.is_float() ? nullptr : &found->second;
    };
    if (!analysis || !array("s1", "before") || !array("s1", "after"))
        return std::nullopt;
    const std::vector<Head> movers = heads_option(*analysis, "name_movers");
    const size_t candidates = analysis->heads.size(), count = movers.size(), prompts = result.baseline.clean.size();
    widgets::TableView view;
    view.title = resultTitle(result);
    view.columns = QStringList{QStringLiteral("Head"), QStringLiteral("Name mover")};
    for (size_t i = 0; i < candidates * count; ++i) {
        view.rows << QStringList{QString::fromStdString(label(analysis->heads[i / count])),
                                 QString::fromStdString(label(movers[i % count]))};
        view.heads << toHeadId(analysis->heads[i / count]);
    }
    for (const char *role : {"s1", "s2", "io"}) {
        const Array *before = array(role, "before"), *after = array(role, "after");
        if (!before || !after || size_t(before->count()) != count * prompts
            || size_t(after->count()) != candidates * count * prompts)
            continue;
        const QString name = QString::fromLatin1(role).toUpper();
        view.columns << QStringLiteral("END\u2192%1 before").arg(name) << QStringLiteral("END\u2192%1 after").arg(name)
                     << QStringLiteral("Change");
        const auto mean = [prompts](const Array &of, size_t entry) {
            double sum = 0;
            for (size_t p = 0; p < prompts; ++p)
                sum += of.floats()[entry * prompts + p];
            return sum / double(prompts);
        };
        for (size_t i = 0; i < candidates * count; ++i) {
            const double was = mean(*before, i % count), is = mean(*after, i);
            view.rows[qsizetype(i)] << QString::number(was, 'f', 3) << QString::number(is, 'f', 3)
                                    << widgets::signedNumber(is - was, 3);
        }
    }
    return view;
}

} // namespace

bool textsAreListed(const RunResult &result)
{
    const nlohmann::json &summary = result.summary;
    return summary.is_object() && summary.contains("matrices") && isTable(summary)
        && summary.at("matrices").contains("views")
        && summary.at("matrices").at("views").size() == summary["rows"].size();
}

namespace {
/// What its matrices over tokens are of; not known where it has none.
Quantity matrixOf(const RunResult &result)
{
    for (const auto &[name, array] : result.arrays)
        if (Quantity known = quantity_named(name); known.draw == Quantity::Draw::Matrix)
            return known;
    return {};
}
} // namespace

QVector<ViewChoice> viewChoices(const RunResult &result)
{
    QVector<ViewChoice> choices, tables;
    for (const std::string &name : tableKeys(result.summary))
        tables << ViewChoice{keyOf(name), name.empty() ? QStringLiteral("Table") : columnTitle(name)};
    if (moversTable(result))
        tables << ViewChoice{kMovers, QStringLiteral("Per name mover")};
    if (hasCurve(result))
        choices << ViewChoice{QStringLiteral("edge-curve"), QStringLiteral("Faithfulness")};
    if (hasEdges(result))
        choices << ViewChoice{QStringLiteral("edge-graph"), QStringLiteral("Graph of edges")}
                << ViewChoice{QStringLiteral("edge-matrix"), QStringLiteral("Edge matrix")};
    const bool heads = !heatmapFacetNames(result).empty();
    const auto draws = [&](Quantity::Draw draw) {
        return std::any_of(result.arrays.begin(), result.arrays.end(),
                           [draw](const auto &one) { return quantity_named(one.first).draw == draw; });
    };
    // Roles are read as words; their marks come second.
    const bool words = result.summary.is_object() && result.summary.contains("roles");
    if (words)
        choices << tables;
    if (heads)
        choices << ViewChoice{QStringLiteral("heatmap"), QStringLiteral("Heatmap")};
    if (textsAreListed(result))
        tables.front().title = QStringLiteral("Texts");
    else if (const Quantity matrix = matrixOf(result); matrix.known())
        choices << ViewChoice{QStringLiteral("attention"), QString::fromStdString(matrix.title)};
    if (draws(Quantity::Draw::Points))
        choices << ViewChoice{QStringLiteral("scatter"), QStringLiteral("Scatter")};
    if (draws(Quantity::Draw::Layers))
        choices << ViewChoice{QStringLiteral("bars"), QStringLiteral("Bars")};
    if (!words)
        choices << tables;
    if (heads)
        choices << ViewChoice{QStringLiteral("cells"), QStringLiteral("All values")};
    return choices;
}

widgets::TableView tableNamed(const RunResult &result, const QString &key)
{
    widgets::TableView view;
    view.title = resultTitle(result);
    if (key == kMovers)
        return moversTable(result).value_or(view);
    for (const std::string &name : tableKeys(result.summary))
        if (keyOf(name) == key) {
            fillTable(name.empty() ? result.summary : result.summary[name], view);
            break;
        }
    return view;
}

widgets::TableView cellsTable(const widgets::HeatmapView &heatmap)
{
    widgets::TableView view;
    view.title = heatmap.title;
    if (heatmap.facets.isEmpty())
        return view;
    const widgets::HeatmapFacet &first = heatmap.facets.front();
    view.columns << (heatmap.columnsAreHeads ? QStringLiteral("Head") : QStringLiteral("Cell"));
    for (const widgets::HeatmapFacet &facet : heatmap.facets) {
        view.columns << (facet.title.isEmpty() ? heatmap.colourLabel : facet.title);
        if (!facet.halfWidth.isEmpty())
            view.columns << QStringLiteral("95 %");
    }
    for (int cell = 0; cell < first.rows * first.columns; ++cell) {
        const int row = cell / first.columns, column = cell % first.columns;
        QStringList texts{widgets::cellName(heatmap, first, row, column)};
        QVector<int> grey;
        bool any = false;
        for (const widgets::HeatmapFacet &facet : heatmap.facets) {
            const double value = facet.values.value(cell, std::nan(""));
            any = any || std::isfinite(value);
            const bool estimate = facet.states.value(cell) == widgets::CellState::Estimated;
            texts << (std::isfinite(value) ? widgets::valueWithUnit(value, heatmap.unit)
                              + (estimate ? QStringLiteral(" est.") : QString())
                                           : QStringLiteral("\u2013"));
            if (facet.withinNoise(cell))
                grey << int(texts.size()) - 1;
            if (facet.halfWidth.isEmpty())
                continue;
            const double half = facet.halfWidth.value(cell, std::nan(""));
            texts << (std::isfinite(half) ? QStringLiteral("\u00b1")
                              + widgets::valueWithUnit(half, heatmap.unit).remove(QLatin1Char('+'))
                                          : QString());
        }
        if (!any)
            continue;
        view.rows << texts;
        view.grey << grey;
        view.heads << widgets::cellHead(heatmap, row, column);
    }
    return view;
}

widgets::TableView tableView(const RunResult &result, int n)
{
    if (const auto keys = tableKeys(result.summary); !keys.empty())
        return tableNamed(result, keyOf(keys.front()));
    widgets::TableView view;
    view.title = resultTitle(result);
    const EffectUnit unit = effect_unit(result.baseline);
    view.columns = QStringList{QStringLiteral("Site"), QStringLiteral("Head"), QStringLiteral("Effect"),
                               QStringLiteral("95 % interval")};
    for (const Grid &grid : result.grids) {
        if (grid.shape.empty())
            continue;
        for (const int cell : strongestCells(grid, result.baseline, n, Sign::Both)) {
            const bool exact = grid.state[size_t(cell)] == CellState::Exact;
            const double effect = normalised(grid, cell, result.baseline),
                         half = exact ? bootstrap_half_width(grid, cell, result.baseline) : 0;
            view.rows << QStringList{facetTitle(grid.name), cellLabel(grid, cell), effectText(effect, unit),
                                     exact ? QStringLiteral("\u00b1") + effectText(half, unit)
                                           : QStringLiteral("estimate")};
            view.grey << (widgets::withinNoise(effect, half) ? QVector<int>{2} : QVector<int>{});
        }
    }
    if (view.rows.isEmpty()) {
        view.columns = QStringList{QStringLiteral("Run"), QStringLiteral("Logit diff"), QStringLiteral("Accuracy"),
                                   QStringLiteral("Rank-0 rate")};
        const Baseline &b = result.baseline;
        view.rows << QStringList{QStringLiteral("Clean"), QString::number(b.clean_mean, 'f', 3),
                                 percentText(b.accuracy_clean), percentText(b.rank0_clean)}
                  << QStringList{QStringLiteral("Flipped"), QString::number(b.flipped_mean, 'f', 3),
                                 percentText(b.accuracy_flipped), percentText(b.rank0_flipped)};
    }
    return view;
}

} // namespace patchbay
