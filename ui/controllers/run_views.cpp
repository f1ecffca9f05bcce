#include "controllers/run_views.h"

#include "amounts_text.h"
#include "nouns/quantity.h"
#include "view_models.h"
#include "view_text.h"

#include <QFileInfo>

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

using widgets::HeatmapFacet;
using widgets::HeatmapView;

namespace {
/// An array of heads or layers whose last axis are the prompts of the task.
bool hasPrompts(const std::string &name, const Array &array, const RunResult &result)
{
    const Quantity known = quantity_named(name);
    const size_t axes = known.draw == Quantity::Draw::Heads ? 3 : known.draw == Quantity::Draw::Layers ? 2 : 0;
    return known.known() && axes > 0 && array.is_float() && array.shape.size() == axes
        && array.shape.back() == int64_t(result.baseline.clean.size());
}
} // namespace

bool hasPrompts(const RunResult &result)
{
    return std::any_of(result.grids.begin(), result.grids.end(), [](const Grid &grid) { return grid.prompts > 1; })
        || std::any_of(result.arrays.begin(), result.arrays.end(),
                       [&](const auto &one) { return hasPrompts(one.first, one.second, result); });
}

RunResult onePrompt(const RunResult &result, int prompt)
{
    RunResult one = result;
    for (auto &[name, array] : one.arrays) {
        if (prompt < 0 || !hasPrompts(name, array, result) || prompt >= array.shape.back())
            continue;
        const std::vector<float> all = array.floats();
        const size_t prompts = size_t(array.shape.back());
        std::vector<float> values;
        for (size_t i = size_t(prompt); i < all.size(); i += prompts)
            values.push_back(all[i]);
        array.shape.back() = 1;
        array.values = std::move(values);
    }
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
        facet.standings.clear();
        for (qsizetype i = 0; i < facet.values.size(); ++i) {
            facet.values[i] -= right->values[i];
            facet.states[i] = std::min(left.states[i], right->states[i]);
        }
        view.facets << facet;
    }
    return view;
}

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

QString taskName(const TaskRef &task)
{
    if (!task.pairs.is_null())
        return RunsStore::tr("edited pairs");
    const std::string kind =
        is_generated(task) && !task.file.empty() && task.file.find_first_of("./\\") == std::string::npos
        ? task.file // one that comes with the program
        : task.kind;
    if (!task.file.empty() && kind == task.kind)
        return QFileInfo(QString::fromStdString(task.file)).fileName();
    return RunsStore::tr("%1, %2, seed %3")
        .arg(kind == task.kind ? QString::fromStdString(kind).toUpper()
                               : QString::fromStdString(kind).replace(QStringLiteral("ioi"), QStringLiteral("IOI")))
        .arg(countedText(task.prompts - int(task.excluded.size()), "pair"))
        .arg(task.seed);
}

QString subjectWords(const QString &kind, const QString &subject)
{
    if (kind == QStringLiteral("prompt"))
        return RunsStore::tr("Prompt %1").arg(subject.toInt() + 1);
    if (kind == QStringLiteral("circuit"))
        return RunsStore::tr("Circuit %1").arg(subject);
    return kind == QStringLiteral("project") ? RunsStore::tr("The project") : subject;
}

bool severalTasks(const RunsStore &store)
{
    const auto &entries = store.entries();
    return std::any_of(entries.begin(), entries.end(),
                       [&](const RunEntry &entry) { return !(entry.spec.task == entries.front().spec.task); });
}

HeatmapView shownHeatmap(const Place &place, const RunsStore &store)
{
    const RunEntry *run = store.find(place.run);
    if (!run || !run->result)
        return {};
    const auto viewOf = [&](const RunEntry &entry) {
        HeatmapOptions options;
        options.known = &entry.halfWidths;
        options.stabilities = &entry.stabilities;
        HeatmapView view = place.prompt < 0 ? heatmapView(*entry.result, options)
                                            : heatmapView(onePrompt(*entry.result, place.prompt));
        if (place.prompt >= 0 && hasPrompts(*entry.result))
            view.title += QStringLiteral(" · ") + RunsStore::tr("prompt %1").arg(place.prompt + 1);
        return view;
    };
    HeatmapView view = viewOf(*run);
    if (severalTasks(store))
        view.title += QStringLiteral(" · ") + taskName(run->spec.task);
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

QString singleRunText(const RunEntry &entry)
{
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
    const QString change = RunsStore::tr("%1\n\n%2 %3 → %4")
                               .arg(entry.name, QString::fromStdString(title(info(base.metric))),
                                    widgets::signedNumber(fromClean ? base.clean_mean : base.flipped_mean, 2),
                                    widgets::signedNumber(mean, 2));
    if (!base.shares_make_sense())
        return change + QLatin1Char('\n') + QString::fromStdString(gap_note(base));
    return change
        + RunsStore::tr("\n%1 of the clean–flipped gap")
              .arg(widgets::valueWithUnit(normalised(grid, 0, base) * 100, QStringLiteral("%")));
}

QString stateOf(const RunEntry &entry)
{
    if (const QString text = singleRunText(entry); !text.isEmpty())
        return text;
    switch (entry.state) {
    case RunState::Failed:
        return RunsStore::tr("This run failed:\n%1").arg(entry.message);
    case RunState::Queued:
        return RunsStore::tr("%1\n\nWaiting for its turn").arg(entry.name);
    case RunState::Running:
        return entry.total > 0 ? RunsStore::tr("%1\n\nStep %2 of %3")
                                     .arg(entry.name)
                                     .arg(std::min(entry.done + 1, entry.total))
                                     .arg(entry.total)
                               : RunsStore::tr("%1\n\nStarting").arg(entry.name);
    case RunState::Stopped:
        return RunsStore::tr("%1\n\nStopped before there was a result").arg(entry.name);
    case RunState::Done:
        break;
    }
    return RunsStore::tr("%1\n\nNothing was found").arg(entry.name);
}

QString shownAs(const Place &place, const RunsStore &store)
{
    const RunEntry *run = store.find(place.run);
    if (!run || !run->result)
        return {};
    const QVector<ViewChoice> choices = viewChoices(*run->result);
    const auto chosen = std::any_of(choices.cbegin(), choices.cend(),
                                    [&](const ViewChoice &choice) { return choice.key == place.view; });
    return chosen ? place.view : choices.isEmpty() ? QString() : choices.front().key;
}

} // namespace patchbay
