// Which figure or table shows a step.
#include "amounts_text.h"
#include "report/report.h"

#include "analysis/analysis.h"
#include "analysis/selection.h"
#include "base/error.h"
#include "base/head.h"
#include "colour_map.h"
#include "view_models_parts.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace patchbay {

using nlohmann::json;
using widgets::FigureSheet;

namespace {

constexpr double fullWidth = 170;
constexpr double leastLimit = 1; ///< % of the gap that the colour scale reaches at least

FigureSheet sheetOf(widgets::FigureContent content, double width, int labels = -1)
{
    FigureSheet sheet;
    sheet.spec.width = width;
    sheet.spec.showTitle = false;
    sheet.spec.topLabels = labels;
    sheet.panels << std::move(content);
    return sheet;
}

FigureSheet heatmapSheet(widgets::HeatmapView view)
{
    if (view.facets.isEmpty())
        throw Error("result", "it has no sweep over heads or layers to draw as a heatmap");
    FigureSheet sheet = sheetOf(view, view.facets.size() == 1 ? 110 : view.facets.size() == 2 ? 150 : fullWidth);
    // Effects that are next to nothing shall look like it.
    if (!view.facets.isEmpty() && view.unit == QLatin1String("%") && widgets::colourLimit(view) < leastLimit)
        sheet.spec.limit = leastLimit;
    return sheet;
}

/// The heatmap of another step, with every head masked that this one did not choose.
FigureSheet maskedSheet(const ReportSource &source, const ReportStep &step)
{
    const std::string id = step.view.value("of", std::string());
    const ReportStep *of = source.step(id);
    if (!of || !of->result)
        throw Error("step \"" + step.id + "\"", "the step \"" + id + "\" whose heatmap it masks has no result");
    widgets::HeatmapView view = heatmapView(*of->result, {{}, true});
    QVector<widgets::HeadId> chosen;
    for (const json &one : step.result->summary.value("heads", json::array()))
        chosen << toHeadId(parse_head(one.at("head").get<std::string>()));
    if (!view.facets.isEmpty())
        for (int layer = 0; layer < view.facets.front().rows; ++layer)
            for (int head = 0; head < view.facets.front().columns; ++head)
                if (!chosen.contains(widgets::HeadId{layer, head}))
                    view.masked << widgets::HeadId{layer, head};
    return heatmapSheet(view);
}

/// The heads that a step chose, by its first criterion; intervals where that has a value for every prompt.
FigureSheet barsSheet(const ReportSource &source, const ReportStep &step)
{
    if (step.kind != "select")
        return sheetOf(barsView(*step.result), 120);
    const json &criterion = step.body.at("criteria").at(0);
    const ReportStep *from = source.step(criterion.value("from", std::string()));
    const Grid *grid = from && from->result ? from->result->grid(criterion.value("quantity", std::string())) : nullptr;
    widgets::BarsView view;
    const std::optional<Stability> stable =
        grid && can_be_ranked(*grid) ? std::optional(stability(*grid, from->result->baseline)) : std::nullopt;
    view.top = stable ? stable->top : 0;
    const EffectUnit effect = from && from->result ? effect_unit(from->result->baseline) : EffectUnit();
    double total = 0;
    for (const json &one : step.result->summary.at("heads")) {
        const Head head = parse_head(one.at("head").get<std::string>());
        const json &evidence = one.at("evidence").at(0);
        widgets::Bar bar{toHeadId(head), widgets::label(toHeadId(head)), evidence.at("value").get<double>(), 0};
        total += bar.value;
        if (from && from->result) {
            const std::string quantity = criterion.value("quantity", std::string());
            const double half = half_width_of(*from->result, quantity, head);
            bar.halfWidth = std::isnan(half) ? 0 : half;
        }
        if (stable && grid->axes == std::vector<std::string>{"layer", "head"} && head.layer < grid->shape[0]
            && head.head < grid->shape[1])
            bar.standing = standingOf(*stable, grid->index(head.layer, head.head));
        const QString unit = QString::fromStdString(evidence.value("unit", std::string()));
        view.valueLabel = QString::fromStdString(evidence.at("quantity").get<std::string>());
        view.valueLabel[0] = view.valueLabel[0].toUpper();
        if (!unit.isEmpty())
            view.valueLabel +=
                unit == QLatin1String("%") && grid ? QStringLiteral(" (% of gap)") : QStringLiteral(" (%1)").arg(unit);
        view.bars << bar;
    }
    if (grid && effect.share)
        view.totalText = typographic(
            QStringLiteral("Total of %1: %2 %").arg(countedText(view.bars.size(), "head")).arg(total, 0, 'f', 1));
    return sheetOf(view, 120);
}

FigureSheet attentionSheet(const ReportStep &step)
{
    FigureSheet sheet;
    sheet.spec.width = fullWidth;
    sheet.spec.points = 7.5;
    const bool listed = textsAreListed(*step.result); // of each head the first token of its list, in its text
    QVector<widgets::HeadId> heads;
    for (const widgets::AttentionView &view : attentionViews(*step.result)) {
        if (!listed || !heads.contains(view.head))
            sheet.panels << view;
        heads << view.head;
    }
    sheet.columns = sheet.panels.size() == 1 || listed ? 1 : 2;
    if (listed)
        sheet.spec.attention = widgets::FigureSpec::Attention::Text;
    else if (sheet.panels.size() == 1)
        sheet.spec.width = 100;
    return sheet;
}

FigureSheet scatterSheet(const ReportStep &step)
{
    widgets::ScatterView view = scatterView(*step.result);
    // Heads by two effects in one unit: the text speaks of the diagonal. Prompts by attention and contribution have
    // none.
    view.diagonal = !step.result->grids.empty();
    return sheetOf(std::move(view), 95);
}

QString number(const json &value, int decimals)
{
    return value.is_number() ? typographic(QString::number(value.get<double>(), 'f', decimals))
                             : QStringLiteral("\u2013");
}

QString headText(const json &row)
{
    return QString::fromStdString(label(parse_head(row.at("head").get<std::string>())));
}

/// Tables of the analyses in words and units of a paper.
widgets::TableView tableOf(const RunResult &result)
{
    const json &summary = result.summary;
    widgets::TableView table;
    if (summary.is_object() && summary.contains("roles")) {
        table.columns = QStringList{QStringLiteral("Head"), QStringLiteral("Role"), QStringLiteral("Evidence")};
        for (const json &one : summary.at("roles")) {
            const QString numbers = QString::fromStdString(to_string(evidence_from_json(one.at("evidence"))));
            table.rows << QStringList{headText(one), QString::fromStdString(one.at("role").get<std::string>()),
                                      typographic(numbers)};
        }
        // What is no role here, by what it lacks.
        for (const auto &[key, words] : {std::pair{"detector_only", " (detector only)"}, std::pair{"released", ""}})
            for (const json &one : summary.value(key, json::array()))
                table.rows << QStringList{
                    headText(one), QString::fromStdString(one.at("role").get<std::string>() + words),
                    typographic(QString::fromStdString(to_string(evidence_from_json(one.at("evidence")))))};
        return table;
    }
    if (summary.is_object() && summary.contains("candidates")) {
        table.columns =
            QStringList{QStringLiteral("Head"), QStringLiteral("Attention END \u2192 S2"),
                        QStringLiteral("Change of logit difference"),
                        QStringLiteral("Name movers\u2019 attention to S1"), QStringLiteral("\u2026 to IO")};
        for (const json &one : summary.at("candidates"))
            table.rows << QStringList{headText(one), number(one.value("attention_s2", json()), 3),
                                      number(one.value("logit_diff_change", json()), 3),
                                      number(one.value("name_mover_s1_attention_change", json()), 3),
                                      number(one.value("name_mover_io_attention_change", json()), 3)};
        return table;
    }
    if (summary.is_object() && summary.contains("backup_heads")) {
        table.columns = QStringList{QStringLiteral("Head"),
                                    QStringLiteral("What it does"),
                                    QStringLiteral("By how much (logits)"),
                                    QStringLiteral("Share of the clean logit difference (%)"),
                                    QStringLiteral("Direct attribution before"),
                                    QStringLiteral("Own change"),
                                    QStringLiteral("By the norm\u2019s scale")};
        for (const auto &[key, words] : {std::pair{"backup_heads", "writes more for the answer"},
                                         std::pair{"released_heads", "stops suppressing"}})
            for (const json &one : summary.value(key, json::array())) {
                const json share = one.value("share_of_logit_diff", json());
                table.rows << QStringList{headText(one),
                                          QString::fromLatin1(words),
                                          number(one.value("change", json()), 3),
                                          number(share.is_number() ? json(100 * share.get<double>()) : share, 1),
                                          number(one.value("before", json()), 3),
                                          number(one.value("own_change", json()), 3),
                                          number(one.value("scale_change", json()), 3)};
            }
        return table;
    }
    table = tableView(result);
    table.title.clear();
    for (QString &column : table.columns)
        if (!column.isEmpty())
            column[0] = column[0].toUpper();
    for (QStringList &row : table.rows)
        for (QString &cell : row)
            cell = typographic(cell);
    return table;
}

} // namespace

qsizetype shownRows(const ReportStep &step)
{
    const qsizetype all = step.result ? tableOf(*step.result).rows.size() : 0;
    const json rows = step.view.is_object() ? step.view.value("rows", json()) : json();
    return rows.is_number_unsigned() ? std::min(all, qsizetype(rows.get<uint64_t>())) : all;
}

namespace {
/// A step's heatmap; heads that its view's "among_top" leaves out are masked.
widgets::HeatmapView stableView(const ReportStep &step)
{
    widgets::HeatmapView view = heatmapView(*step.result, {{}, true});
    if (step.view.is_object() && step.view.contains("among_top") && step.view.at("among_top").is_number())
        maskUnstable(view, step.view.at("among_top").get<double>());
    return view;
}
} // namespace

QVector<FigureSheet> stepFigures(const ReportSource &source, const ReportStep &step)
{
    if (!step.result || step.view.is_null() || !step.done())
        return {};
    const std::string kind =
        step.view.is_string() ? step.view.get<std::string>() : step.view.value("kind", std::string());
    if (kind == "table") {
        widgets::TableView table = tableOf(*step.result);
        if (const qsizetype rows = shownRows(step); rows < table.rows.size()) {
            table.rows.resize(rows);
            table.heads.resize(std::min(rows, table.heads.size()));
        }
        return {sheetOf(std::move(table), fullWidth)};
    }
    if (kind == "heatmap")
        return {heatmapSheet(stableView(step))};
    if (kind == "masked-heatmap")
        return {maskedSheet(source, step)};
    if (kind == "bars")
        return {barsSheet(source, step)};
    if (kind == "attention")
        return {attentionSheet(step)};
    if (kind == "scatter")
        return {scatterSheet(step)};
    if (kind == "graph") {
        FigureSheet table = sheetOf(tableOf(*step.result), fullWidth);
        table.spec.points = 7.5;
        return {sheetOf(graphView(*step.result), fullWidth), table};
    }
    throw Error("step \"" + step.id + "\"",
                "its view \"" + kind
                    + "\" is not known (table, heatmap, masked-heatmap, bars, attention, scatter, graph)");
}

} // namespace patchbay
