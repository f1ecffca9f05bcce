#include "view_models.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace patchbay {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// What no view can draw is missing there.
double finite(double value)
{
    return std::isfinite(value) ? value : missing;
}

widgets::CellState toView(CellState state)
{
    switch (state) {
    case CellState::Exact: return widgets::CellState::Exact;
    case CellState::Estimated: return widgets::CellState::Estimated;
    case CellState::Missing: break;
    }
    return widgets::CellState::Missing;
}

/// Arrays of analyses that have one number a head, with what people call them.
struct KnownArray {
    std::string_view name; ///< exact, or a prefix when it ends in a dot
    const char *title, *unit, *colourLabel;
};
constexpr std::array knownArrays{
    KnownArray{"copy.positive", "Copy score", "%", "Copy score"},
    KnownArray{"copy.negative", "Negative score", "%", "Copy score"},
    KnownArray{"dla", "Direct logit attribution", "logits", "Direct effect on logit difference"},
    KnownArray{"ablate.dla", "Direct logit attribution, ablated", "logits", "Direct effect on logit difference"},
    KnownArray{"ablate.dla_change", "Change in direct attribution", "logits", "Direct effect on logit difference"},
    KnownArray{"attention.end_to_io", "END \u2192 IO", "", "Attention"},
    KnownArray{"attention.end_to_s1", "END \u2192 S1", "", "Attention"},
    KnownArray{"attention.end_to_s2", "END \u2192 S2", "", "Attention"},
    KnownArray{"detector.previous_token", "Previous token", "", "Attention on the pattern"},
    KnownArray{"detector.duplicate_token", "Duplicate token", "", "Attention on the pattern"},
    KnownArray{"detector.induction", "Induction", "", "Attention on the pattern"},
    KnownArray{"roles.direct", "Direct effect", "%", "Logit diff variation"},
    KnownArray{"roles.queries", "Through the name movers' queries", "%", "Logit diff variation"},
    KnownArray{"attribution.", "Estimate", "logits", "Estimated logit diff variation"},
    KnownArray{"attr.", "Estimate", "logits", "Estimated logit diff variation"},
};

const KnownArray *knownArray(std::string_view name)
{
    for (const KnownArray &known : knownArrays) {
        if (name == known.name || (known.name.back() == '.' && name.starts_with(known.name) && !name.ends_with(".per_prompt")))
            return &known;
    }
    return nullptr;
}

bool isHeadArray(const std::string &name, const Array &array)
{
    return knownArray(name) && array.is_float() && (array.shape.size() == 2 || array.shape.size() == 3) && array.count() > 0;
}

/// Names of a result's arrays that have one number a head, in the order in which people name them: IO before S, positive before negative.
std::vector<std::string> headArrays(const RunResult &result)
{
    std::vector<std::string> names;
    for (const auto &[name, array] : result.arrays)
        if (isHeadArray(name, array))
            names.push_back(name);
    std::stable_sort(names.begin(), names.end(), [](const std::string &a, const std::string &b) { return knownArray(a) < knownArray(b); });
    return names;
}

/// [layer, head] or the mean of [layer, head, prompt].
widgets::HeatmapFacet arrayFacet(const std::string &name, const Array &array)
{
    widgets::HeatmapFacet facet;
    facet.title = facetTitle(name);
    facet.rows = int(array.shape[0]);
    facet.columns = int(array.shape[1]);
    const int prompts = array.shape.size() == 3 ? int(array.shape[2]) : 1;
    const std::vector<float> &values = array.floats();
    for (int cell = 0; cell < facet.rows * facet.columns; ++cell) {
        double sum = 0;
        for (int prompt = 0; prompt < prompts; ++prompt)
            sum += values[size_t(cell) * size_t(prompts) + size_t(prompt)];
        const double mean = finite(sum / prompts);
        facet.values << mean;
        facet.states << (std::isnan(mean) ? widgets::CellState::Missing : widgets::CellState::Exact);
    }
    return facet;
}

bool selected(const HeatmapOptions &options, const std::string &name)
{
    return options.facets.empty() || std::find(options.facets.begin(), options.facets.end(), name) != options.facets.end();
}

QString siteTitle(std::string_view site)
{
    constexpr std::array<std::pair<std::string_view, const char *>, 10> titles{{
        {"z", "Output (z)"}, {"q", "Query (q)"}, {"k", "Key (k)"}, {"v", "Value (v)"}, {"pattern", "Pattern"}, {"result", "Result"},
        {"attn_out", "Attention output"}, {"mlp_out", "MLP output"}, {"resid_pre", "Residual before"}, {"resid_post", "Residual after"},
    }};
    for (const auto &[name, title] : titles) {
        if (site == name)
            return QString::fromUtf8(title);
    }
    return QString::fromUtf8(site.data(), qsizetype(site.size()));
}

} // namespace

QString effectUnit(const Baseline &baseline)
{
    return QString::fromStdString(effect_unit(baseline).symbol);
}

widgets::HeadId toHeadId(Head head)
{
    return {head.layer, head.head};
}

Head fromHeadId(widgets::HeadId id)
{
    return {id.layer, id.head};
}

QString facetTitle(std::string_view name)
{
    if (const KnownArray *known = knownArray(name); known && known->name.back() != '.')
        return QString::fromUtf8(known->title);
    if (name == "path")
        return QStringLiteral("Path");
    std::string_view rest = name;
    const bool byPosition = rest.ends_with(".by_pos");
    if (byPosition)
        rest.remove_suffix(7);
    for (const std::string_view prefix : {"denoise.", "noise.", "zero.", "mean.", "resample.", "attribution.", "attr.denoise.", "attr.noise."}) {
        if (rest.starts_with(prefix)) {
            rest.remove_prefix(prefix.size());
            break;
        }
    }
    return byPosition ? siteTitle(rest) + QStringLiteral(" by position") : siteTitle(rest);
}

QVector<widgets::HeatmapFacet> heatmapFacets(const Grid &grid, const Baseline &baseline, bool intervals)
{
    if (grid.shape.empty())
        return {};
    const bool cube = grid.shape.size() == 3; // {layer, pos, head}
    const int rows = grid.shape[0];
    const int columns = cube ? grid.shape[2] : grid.shape.size() == 2 ? grid.shape[1] : 1;
    const int count = cube ? grid.shape[1] : 1;
    const EffectUnit unit = effect_unit(baseline);
    QVector<widgets::HeatmapFacet> facets;
    for (int position = 0; position < count; ++position) {
        widgets::HeatmapFacet facet;
        facet.title = cube ? QStringLiteral("%1, position %2").arg(facetTitle(grid.name)).arg(position) : facetTitle(grid.name);
        facet.rows = rows;
        facet.columns = columns;
        for (int row = 0; row < rows; ++row) {
            for (int column = 0; column < columns; ++column) {
                const int cell = (row * count + position) * columns + column;
                const double value = finite(normalised(grid, cell, baseline) * unit.factor);
                facet.values << value;
                facet.states << (std::isnan(value) ? widgets::CellState::Missing : toView(grid.state[size_t(cell)]));
                if (intervals)
                    facet.halfWidth << (grid.state[size_t(cell)] == CellState::Exact ? bootstrap_half_width(grid, cell, baseline) * unit.factor : missing);
            }
        }
        facets << facet;
    }
    return facets;
}

std::vector<std::string> heatmapFacetNames(const RunResult &result)
{
    std::vector<std::string> names;
    for (const Grid &grid : result.grids) {
        if (!grid.shape.empty())
            names.push_back(grid.name);
    }
    for (std::string &name : headArrays(result))
        names.push_back(std::move(name));
    return names;
}

widgets::HeatmapView heatmapView(const RunResult &result, const HeatmapOptions &options)
{
    widgets::HeatmapView view;
    view.title = resultTitle(result);
    view.colourLabel = QStringLiteral("Logit diff variation");
    bool first = true;
    for (const Grid &grid : result.grids) {
        if (grid.shape.empty() || !selected(options, grid.name))
            continue;
        const bool heads = grid.axes.size() > 1 && grid.axes.back() == "head";
        if (first) {
            view.columnsAreHeads = heads;
            view.xLabel = heads ? QStringLiteral("Head") : grid.axes.size() > 1 ? QStringLiteral("Position") : QString();
            if (grid.axes.size() == 1)
                view.xTicks = QStringList{QString()}; // one column: nothing to number
        } else if (heads != view.columnsAreHeads) {
            continue;
        }
        if (first) {
            view.unit = effectUnit(result.baseline);
            if (!effect_unit(result.baseline).share)
                view.colourLabel = QStringLiteral("Change of logit diff");
        }
        first = false;
        view.facets << heatmapFacets(grid, result.baseline, options.intervals);
    }
    const KnownArray *unit = nullptr;
    for (const std::string &name : headArrays(result)) {
        if (!view.facets.isEmpty() && !unit)
            break; // the grids' unit
        if (!selected(options, name))
            continue;
        const KnownArray *known = knownArray(name);
        if (unit && std::string_view(unit->colourLabel) != known->colourLabel)
            continue;
        unit = known;
        view.unit = QString::fromUtf8(known->unit);
        view.colourLabel = QString::fromUtf8(known->colourLabel);
        view.facets << arrayFacet(name, result.arrays.at(name));
    }
    if (view.facets.size() == 1)
        view.facets.front().title.clear(); // the view's title says it
    return view;
}

QVector<widgets::HeadId> strongestHeads(const widgets::HeatmapView &view, int n)
{
    QVector<std::pair<double, widgets::HeadId>> all;
    for (const widgets::HeatmapFacet &facet : view.facets) {
        for (int cell = 0; cell < facet.values.size(); ++cell) {
            if (std::isnan(facet.values[cell]))
                continue;
            const widgets::HeadId id{cell / facet.columns, view.columnsAreHeads ? cell % facet.columns : -1};
            all << std::pair{-std::abs(facet.values[cell]), id};
        }
    }
    std::sort(all.begin(), all.end());
    QVector<widgets::HeadId> heads;
    for (const auto &[strength, id] : all) {
        if (heads.size() >= n)
            break;
        if (!heads.contains(id))
            heads << id;
    }
    return heads;
}

} // namespace patchbay
