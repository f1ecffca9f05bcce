#include "controllers/run_views.h"

#include "view_models.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

using widgets::HeatmapFacet;
using widgets::HeatmapView;

RunResult onePrompt(const RunResult &result, int prompt)
{
    RunResult one = result;
    for (Grid &grid : one.grids) {
        if (prompt < 0 || prompt >= grid.prompts)
            continue;
        const bool fromClean = !base_is_flipped(result.spec);
        const Baseline &base = result.baseline;
        const double own = fromClean ? base.clean[size_t(prompt)] : base.flipped[size_t(prompt)];
        const double mean = fromClean ? base.clean_mean : base.flipped_mean;
        std::vector<float> values(grid.state.size());
        for (int cell = 0; cell < grid.cells(); ++cell)
            values[size_t(cell)] = float(grid.cell(cell)[size_t(prompt)] - own + mean);
        grid.per_prompt = std::move(values);
        grid.prompts = 1;
        grid.estimate.clear(); // estimates are of the mean only
        for (CellState &state : grid.state)
            if (state == CellState::Estimated)
                state = CellState::Missing;
    }
    return one;
}

HeatmapView difference(const HeatmapView &a, const HeatmapView &b)
{
    HeatmapView view = a;
    view.facets.clear();
    view.limit = 0;
    const bool single = a.facets.size() == 1 && b.facets.size() == 1;
    for (const HeatmapFacet &left : a.facets) {
        const auto right = std::find_if(b.facets.cbegin(), b.facets.cend(), [&](const HeatmapFacet &f) {
            return (single || f.title == left.title) && f.rows == left.rows && f.columns == left.columns;
        });
        if (right == b.facets.cend())
            continue;
        HeatmapFacet facet = left;
        facet.halfWidth.clear();
        for (qsizetype i = 0; i < facet.values.size(); ++i) {
            facet.values[i] -= right->values[i];
            facet.states[i] = std::min(left.states[i], right->states[i]);
        }
        view.facets << facet;
    }
    return view;
}

namespace {
/// Intervals of the mean over prompts, where each facet is one grid.
void addIntervals(HeatmapView &view, const RunEntry &entry)
{
    qsizetype facet = 0;
    for (size_t i = 0; i < entry.halfWidths.size() && facet < view.facets.size(); ++i) {
        const Grid &grid = entry.result->grids[i];
        if (grid.shape.empty())
            continue;
        HeatmapFacet &shown = view.facets[facet++];
        if (grid.shape.size() > 2 || qsizetype(entry.halfWidths[i].size()) != shown.values.size())
            return;
        for (const double width : entry.halfWidths[i])
            shown.halfWidth << width * effect_unit(entry.result->baseline).factor;
    }
}
} // namespace

QString differenceTitle(const QString &a, const QString &b)
{
    const QStringList left = a.split(QLatin1Char(' ')), right = b.split(QLatin1Char(' '));
    const qsizetype shorter = std::min(left.size(), right.size());
    qsizetype front = 0, back = 0;
    while (front < shorter && left[front] == right[front])
        ++front;
    while (back < shorter - front && left[left.size() - 1 - back] == right[right.size() - 1 - back])
        ++back;
    if (front == shorter || back == shorter || front + back == shorter) // nothing would be left of one of them
        return RunsStore::tr("Difference: %1 − %2").arg(a, b);
    const auto middle = [&](const QStringList &words) {
        return words.mid(front, words.size() - front - back).join(QLatin1Char(' '));
    };
    QString one = middle(left), other = middle(right), comma;
    if (one.endsWith(QLatin1Char(',')) && other.endsWith(QLatin1Char(','))) {
        one.chop(1);
        other.chop(1);
        comma = QStringLiteral(",");
    }
    QStringList words = left.first(front);
    words << QStringLiteral("[%1] − [%2]").arg(one, other) + comma;
    words += left.last(back);
    return RunsStore::tr("Difference: %1").arg(words.join(QLatin1Char(' ')));
}

HeatmapView shownHeatmap(const Place &place, const RunsStore &store)
{
    const RunEntry *run = store.find(place.run);
    if (!run || !run->result)
        return {};
    const auto viewOf = [&](const RunEntry &entry) {
        HeatmapView view =
            place.prompt < 0 ? heatmapView(*entry.result) : heatmapView(onePrompt(*entry.result, place.prompt));
        if (place.prompt < 0)
            addIntervals(view, entry);
        else
            view.title += QStringLiteral(" · ") + RunsStore::tr("prompt %1").arg(place.prompt + 1);
        return view;
    };
    HeatmapView view = viewOf(*run);
    const RunEntry *other = store.find(place.comparedRun);
    if (other && other->result) {
        view = difference(view, viewOf(*other));
        view.title = differenceTitle(run->name, other->name);
    }
    return view;
}

QVector<widgets::CellRef> shownCells(const RunResult &result, const ChangedCells &changed)
{
    QVector<widgets::CellRef> cells;
    const Grid *first = nullptr;
    int facets = 0; // of the grids before
    for (size_t i = 0; i < result.grids.size(); ++i) {
        const Grid &grid = result.grids[i];
        if (grid.shape.empty() || (first && grid.has_heads() != first->has_heads()))
            continue;
        if (!first)
            first = &grid;
        const bool cube = grid.shape.size() == 3; // a facet for each position
        if (i < changed.cells.size())
            for (const int cell : changed.cells[i]) {
                const CellPlace place = grid.at(cell);
                const int column = cube || grid.has_heads() ? place.head : grid.shape.size() == 2 ? place.position : 0;
                cells << widgets::CellRef{facets + (cube ? place.position : 0), place.layer, column};
            }
        facets += cube ? grid.shape[1] : 1;
    }
    return cells;
}

namespace {
/// "name mover", "previous-token" … with their heads, a line a role.
QString rolesText(const RunEntry &entry)
{
    QStringList order;
    QHash<QString, QStringList> heads;
    for (const auto &one : entry.result->summary["roles"]) {
        const QString role = QString::fromStdString(one.value("role", std::string()));
        if (!order.contains(role))
            order << role;
        heads[role] << QString::fromStdString(label(parse_head(one.value("head", std::string("0.0")))));
    }
    QStringList lines{entry.name, {}};
    for (const QString &role : std::as_const(order))
        lines << role + QStringLiteral(":  ") + heads[role].join(QStringLiteral(", "));
    if (order.isEmpty())
        lines << RunsStore::tr("No head has the marks of a role on this task");
    return lines.join(QLatin1Char('\n'));
}

/// An analysis' table, for results that are no heatmap: a line a row.
QString tableText(const RunEntry &entry)
{
    constexpr qsizetype kRows = 14;
    const widgets::TableView table = tableView(*entry.result);
    QStringList lines{entry.name, {}, table.columns.join(QStringLiteral("   ·   "))};
    for (const QStringList &row : table.rows.first(std::min(table.rows.size(), kRows)))
        lines << row.join(QStringLiteral("   ·   "));
    if (table.rows.size() > kRows)
        lines << RunsStore::tr("and %1 more").arg(table.rows.size() - kRows);
    return lines.join(QLatin1Char('\n'));
}
} // namespace

QString singleRunText(const RunEntry &entry)
{
    if (entry.state == RunState::Done && entry.result && entry.result->grids.empty()
        && entry.result->summary.is_object() && entry.result->summary.contains("roles"))
        return rolesText(entry);
    if (entry.state == RunState::Done && entry.result && entry.result->grids.empty()
        && entry.result->summary.is_object() && entry.result->summary.contains("columns"))
        return tableText(entry);
    if (!entry.result || entry.result->grids.empty() || !entry.result->grids.front().axes.empty())
        return {};
    const Grid &grid = entry.result->grids.front();
    if (grid.cells() != 1 || grid.state.front() != CellState::Exact)
        return {};
    const Baseline &base = entry.result->baseline;
    const bool fromClean = !base_is_flipped(entry.spec);
    double mean = 0;
    for (const float v : grid.cell(0))
        mean += v / double(grid.prompts);
    const QString change =
        RunsStore::tr("%1\n\nLogit diff %2 → %3")
            .arg(entry.name, widgets::signedNumber(fromClean ? base.clean_mean : base.flipped_mean, 2),
                 widgets::signedNumber(mean, 2));
    if (!base.shares_make_sense())
        return change + QLatin1Char('\n') + QString::fromStdString(gap_note(base));
    return change
        + RunsStore::tr("\n%1 of the clean–flipped gap")
              .arg(widgets::valueWithUnit(normalised(grid, 0, base) * 100, QStringLiteral("%")));
}

void maskBelow(HeatmapView &view, double threshold)
{
    if (threshold <= 0 || !view.columnsAreHeads || view.facets.isEmpty())
        return;
    const HeatmapFacet &first = view.facets.front();
    for (int row = 0; row < first.rows; ++row)
        for (int column = 0; column < first.columns; ++column) {
            const bool small = std::all_of(view.facets.cbegin(), view.facets.cend(), [&](const HeatmapFacet &facet) {
                const double value =
                    facet.values.value(row * facet.columns + column, std::numeric_limits<double>::quiet_NaN());
                return !(std::abs(value) >= threshold);
            });
            if (small)
                view.masked << widgets::HeadId{row, column};
        }
}

void maskAllBut(HeatmapView &view, const QVector<widgets::HeadId> &heads)
{
    if (!view.columnsAreHeads || view.facets.isEmpty())
        return;
    const HeatmapFacet &first = view.facets.front();
    for (int row = 0; row < first.rows; ++row)
        for (int column = 0; column < first.columns; ++column)
            if (const widgets::HeadId head{row, column}; !heads.contains(head) && !view.masked.contains(head))
                view.masked << head;
}

} // namespace patchbay
