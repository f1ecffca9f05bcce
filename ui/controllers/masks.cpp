#include "controllers/masks.h"

#include "analysis/registry.h"
#include "analysis/roles.h"
#include "base/error.h"
#include "task/ioi_roles.h"
#include "view_models.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace patchbay {

using widgets::HeatmapFacet;
using widgets::HeatmapView;

namespace {

bool sameSubject(const RunEntry &a, const RunEntry &b)
{
    return a.spec.model == b.spec.model && a.spec.task == b.spec.task;
}

/// The newest finished run that has a quantity of an analysis.
const RunEntry *runWith(const std::string &quantity, const RunEntry &like, const RunsStore &store)
{
    for (const RunEntry &entry : store.entries())
        if (entry.result && entry.state == RunState::Done && sameSubject(entry, like)
            && entry.result->arrays.contains(quantity))
            return &entry;
    return nullptr;
}

/// The marks of the roles have thresholds; they are where one begins.
double usualThreshold(const std::string &quantity)
{
    const RoleThresholds thresholds;
    if (quantity.starts_with("copy."))
        return thresholds.copy_score;
    if (quantity.starts_with("attention."))
        return thresholds.attention_io;
    return quantity.starts_with("detector.") ? thresholds.detector : 0;
}

/// The quantities that an entry stands for: of a name with a star those of the roles that the task's runs know, before
/// there are any of IOI's; none of a whole family.
std::vector<std::string> namesOf(const std::string &entry, const RunEntry &shown, const RunsStore &store)
{
    const size_t star = entry.find('*');
    if (star == std::string::npos)
        return entry.ends_with('.') ? std::vector<std::string>{} : std::vector<std::string>{entry};
    std::vector<std::string> names;
    std::set<std::string> roles;
    for (const RunEntry &one : store.entries())
        if (one.result && sameSubject(one, shown))
            for (const auto &[name, array] : one.result->arrays)
                if (name.starts_with(entry.substr(0, star)) && name.ends_with(entry.substr(star + 1)))
                    roles.insert(name.substr(star, name.size() - (entry.size() - 1)));
    if (roles.empty() && is_generated(shown.spec.task) && info(shown.spec.task).patterns)
        for (const ioi::RoleInfo &one : ioi::roles)
            roles.insert(one.role);
    for (const std::string &role : roles)
        names.push_back(std::string(entry).replace(star, 1, role));
    return names;
}

void fade(HeatmapView &view, const std::function<bool(int row, int column)> &out)
{
    if (!view.columnsAreHeads || view.facets.isEmpty())
        return;
    const HeatmapFacet &first = view.facets.front();
    for (int row = 0; row < first.rows; ++row)
        for (int column = 0; column < first.columns; ++column)
            if (const widgets::HeadId head{row, column}; !view.masked.contains(head) && out(row, column))
                view.masked << head;
}

/// Smaller than the threshold in every facet.
void fadeSmall(HeatmapView &view, double threshold)
{
    const HeatmapView all = view;
    fade(view, [&](int row, int column) {
        return std::all_of(all.facets.cbegin(), all.facets.cend(), [&](const HeatmapFacet &facet) {
            const double value =
                facet.values.value(row * facet.columns + column, std::numeric_limits<double>::quiet_NaN());
            return !(std::abs(value) >= threshold);
        });
    });
}

/// A run of the store and the name of its grid, of a key such as "7/path".
std::pair<const RunEntry *, std::string> gridOf(const QString &key, const RunsStore &store)
{
    const qsizetype slash = key.indexOf(QLatin1Char('/'));
    return {slash > 0 ? store.find(key.left(slash).toInt()) : nullptr, key.mid(slash + 1).toStdString()};
}

} // namespace

QVector<MaskQuantity> maskQuantities(const Place &place, const RunsStore &store)
{
    QVector<MaskQuantity> all{{{}, RunsStore::tr("what is on view"), {}, {}, 0}};
    const RunEntry *shown = store.find(place.run);
    if (!shown)
        return all;
    constexpr double usualShare = 95;
    if (shown->result && std::any_of(shown->result->grids.begin(), shown->result->grids.end(), [](const Grid &grid) {
            return grid.has_heads() && can_be_ranked(grid);
        }))
        all << MaskQuantity{amongTopKey,
                            RunsStore::tr("share of resamples in the top %1").arg(usual_top),
                            QStringLiteral("%"),
                            {},
                            usualShare};
    for (const AnalysisInfo *analysis : analyses())
        for (const Quantity &one : analysis->yields) {
            if (one.draw != Quantity::Draw::Heads || !analysis->heads.empty())
                continue;
            for (const std::string &name : namesOf(one.name, *shown, store)) {
                const Quantity known = quantity_named(name);
                const bool there = runWith(name, *shown, store) != nullptr;
                if (!there && analysis->name == "roles")
                    continue; // its marks are those of other runs
                all << MaskQuantity{QString::fromStdString(name), QString::fromStdString(known.words),
                                    QString::fromStdString(known.unit),
                                    there ? QString() : QString::fromStdString(analysis->name), usualThreshold(name)};
            }
        }
    for (const RunEntry &entry : store.entries()) {
        if (!entry.result || entry.id == shown->id || entry.state != RunState::Done || !sameSubject(entry, *shown))
            continue;
        for (const Grid &grid : entry.result->grids)
            if (grid.axes == std::vector<std::string>{"layer", "head"})
                all << MaskQuantity{QStringLiteral("%1/%2").arg(entry.id).arg(QString::fromStdString(grid.name)),
                                    entry.result->grids.size() == 1
                                        ? entry.name
                                        : QStringLiteral("%1 · %2").arg(facetTitle(grid.name), entry.name),
                                    effectUnit(entry.result->baseline),
                                    {},
                                    0};
    }
    return all;
}

void applyMask(HeatmapView &view, const Mask &mask, const RunEntry &shown, const RunsStore &store,
               const HeadRoles &roles)
{
    if (mask.below > 0 && mask.by == amongTopKey) {
        maskUnstable(view, mask.below);
    } else if (mask.below > 0 && mask.by.isEmpty()) {
        fadeSmall(view, mask.below);
    } else if (mask.below > 0) {
        auto [run, name] = gridOf(mask.by, store);
        if (!run) {
            name = mask.by.toStdString();
            run = runWith(name, shown, store);
        }
        if (run && run->result) {
            try {
                const HeadQuantity by = quantity(*run->result, name);
                fade(view, [&](int row, int column) {
                    return row < by.layers && column < by.heads
                        && !(std::abs(by.values[size_t(row * by.heads + column)]) >= mask.below);
                });
            } catch (const Error &) {
                // A file from elsewhere without what its analysis declares.
            }
        }
    }
    if (mask.but) {
        const QVector<widgets::HeadId> kept = roles.headsOf(*mask.but);
        fade(view, [&](int row, int column) { return !kept.contains({row, column}); });
    }
}

QString maskText(const Mask &mask, const QVector<MaskQuantity> &quantities)
{
    QStringList parts;
    if (mask.but)
        parts << (mask.but->kind == HeadGroup::Kind::Circuit         ? RunsStore::tr("the circuit")
                      : mask.but->kind == HeadGroup::Kind::Selection ? RunsStore::tr("the selection")
                                                                     : mask.but->role);
    if (mask.below > 0) {
        const auto by = std::find_if(quantities.cbegin(), quantities.cend(),
                                     [&](const MaskQuantity &one) { return one.key == mask.by; });
        const QString what = mask.by.isEmpty() ? RunsStore::tr("effect")
            : by == quantities.cend()          ? RunsStore::tr("another run")
                                               : by->title;
        const QString unit = by == quantities.cend() ? QString() : by->unit;
        parts << QStringLiteral("%1 ≥ %2%3")
                     .arg(what, QString::number(mask.below, 'g', 4),
                          unit.isEmpty() ? QString() : QLatin1Char(' ') + unit);
    }
    return parts.join(QStringLiteral(", "));
}

} // namespace patchbay
