#include "series_views.h"

#include "analysis/roles.h"
#include "base/plain_text.h"
#include "view_models.h"
#include "view_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

using widgets::HeadId;
using widgets::HeatmapView;
using widgets::Line;
using widgets::LinesView;

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t usualHeads = 8;

QString text(const char *words)
{
    return QCoreApplication::translate("SeriesViews", words);
}

QString from(const std::string &utf8)
{
    return QString::fromStdString(utf8);
}

LinesView overSteps(const SeriesResults &series, bool logarithmic)
{
    LinesView view;
    view.xLabel = series.side_by_side ? text("Task") : series.numbered ? text("Step of training") : text("Checkpoint");
    view.logarithmic = logarithmic;
    for (const SeriesStepResult &step : series.steps) {
        view.names << from(step.name);
        view.x << step.number;
        view.gaps << (step.state == SeriesState::Gap           ? from(step.reason)
                          : step.state == SeriesState::Pending ? text("still to come")
                                                               : QString());
    }
    return view;
}

QVector<double> toVector(const std::vector<double> &values)
{
    return {values.begin(), values.end()};
}

QString stepName(const SeriesResults &series, const SeriesMeasures &measures)
{
    return from(series.steps[*measures.options.reference].name);
}

/// The last step that has a result; the number of steps where none has.
size_t lastResult(const SeriesResults &series, const SeriesMeasures &measures)
{
    for (size_t i = series.steps.size(); i-- > 0;)
        if (series.result(i, measures.options.part))
            return i;
    return series.steps.size();
}

const RunResult *anyResult(const SeriesResults &series, const SeriesMeasures &measures)
{
    const size_t last = lastResult(series, measures);
    return last < series.steps.size() ? series.result(last, measures.options.part).get() : nullptr;
}

HeatmapView viewOf(const SeriesMeasures &measures)
{
    HeatmapView view;
    view.unit = from(measures.heads.unit);
    view.colourLabel = facetTitle(measures.heads.quantity);
    return view;
}

widgets::HeatmapFacet facetAt(const SeriesResults &series, const SeriesMeasures &measures, size_t step)
{
    const HeadsOverSteps &heads = measures.heads;
    const HeadsOverSteps::Step &at = heads.steps[step];
    widgets::HeatmapFacet facet;
    facet.title = from(series.steps[step].name);
    if (series.steps[step].state == SeriesState::Gap)
        facet.title += text(" · nothing there");
    else if (series.steps[step].state == SeriesState::Pending)
        facet.title += text(" · to come");
    else if (at.blank)
        facet.title += text(" · small gap");
    facet.rows = heads.layers;
    facet.columns = heads.heads;
    for (int cell = 0; cell < heads.layers * heads.heads; ++cell) {
        const double value = at.values.empty() ? nothing : at.values[size_t(cell)];
        facet.values << value;
        facet.states << (std::isfinite(value) ? widgets::CellState::Exact
                             : at.blank       ? widgets::CellState::Undefined
                                              : widgets::CellState::Missing);
        if (!at.half_width.empty())
            facet.halfWidth << (std::isfinite(at.half_width[size_t(cell)]) ? at.half_width[size_t(cell)] : 0);
    }
    return facet;
}

} // namespace

QString measureTitle(const SeriesMeasures &measures)
{
    const HeadsOverSteps &heads = measures.heads;
    const QString what = facetTitle(heads.quantity);
    return heads.unit.empty()        ? what
        : heads.effect && !heads.raw ? text("%1 (% of gap)").replace(QLatin1String("%1"), what)
                                     : QStringLiteral("%1 (%2)").arg(what, from(heads.unit));
}

LinesView headLines(const SeriesResults &series, const SeriesMeasures &measures, const QVector<HeadId> &chosen,
                    bool logarithmic)
{
    const HeadsOverSteps &heads = measures.heads;
    LinesView view = overSteps(series, logarithmic);
    view.title = chosen.isEmpty() ? text("The strongest heads") : text("The selected heads");
    view.yLabel = measureTitle(measures);
    view.unit = from(heads.unit);
    std::vector<Head> shown;
    for (const HeadId &id : chosen)
        if (id.head >= 0 && id.layer < heads.layers && id.head < heads.heads)
            shown.push_back(fromHeadId(id));
    if (shown.empty())
        shown = strongest_heads(heads, usualHeads);
    for (const Head &head : shown) {
        Line line{toHeadId(head), widgets::label(toHeadId(head)), {}, {}, {}};
        for (size_t i = 0; i < heads.steps.size(); ++i) {
            line.values << heads.at(i, head);
            const double half = heads.half_width(i, head);
            line.halfWidth << (std::isfinite(half) ? half : 0);
        }
        view.lines << line;
    }
    if (const std::string note = blank_note(series, heads); !note.empty())
        view.xLabel += QStringLiteral(" · ") + text("no percentages where the gap is small");
    return view;
}

LinesView baselineLines(const SeriesResults &series, const SeriesMeasures &measures, bool logarithmic)
{
    LinesView view = overSteps(series, logarithmic);
    Line clean{{}, text("clean"), {}, {}, {}}, flipped{{}, text("flipped"), {}, {}, {}};
    for (const auto &at : measures.baselines) {
        clean.values << (at ? at->clean : nothing);
        clean.halfWidth << (at ? at->clean_half : 0);
        flipped.values << (at ? at->flipped : nothing);
        flipped.halfWidth << (at ? at->flipped_half : 0);
        clean.notes
            << (at ? text("%1 % right").replace(QLatin1String("%1"), QString::number(100 * at->accuracy, 'f', 0))
                   : QString());
    }
    view.lines = {clean, flipped};
    if (const RunResult *result = anyResult(series, measures)) {
        const MetricInfo &metric = info(result->baseline.metric);
        QString name = from(title(metric));
        view.yLabel = name;
        view.unit = from(metric.unit);
    }
    return view;
}

LinesView likenessLines(const SeriesResults &series, const SeriesMeasures &measures, bool logarithmic)
{
    LinesView view = overSteps(series, logarithmic);
    view.title = text("Likeness to %1").arg(stepName(series, measures));
    view.yLabel = text("Jaccard index");
    view.lines = {{{}, text("top %1").arg(measures.options.top), toVector(measures.alike.top), {}, {}},
                  {{}, text("weighted"), toVector(measures.alike.weighted), {}, {}},
                  {{}, text("top, step before"), toVector(measures.alike.top_before), {}, {}},
                  {{}, text("weighted, before"), toVector(measures.alike.weighted_before), {}, {}}};
    return view;
}

LinesView roleBands(const SeriesResults &series, const SeriesMeasures &measures, bool logarithmic)
{
    LinesView view = overSteps(series, logarithmic);
    view.title = text("Heads with a role");
    view.yLabel = text("Heads");
    view.stacked = true;
    for (const char *role : head_roles) {
        Line line{{}, QString::fromUtf8(role), {}, {}, {}};
        bool any = false;
        for (const auto &at : measures.roles) {
            QStringList heads;
            if (at)
                for (const RoleAtStep &one : *at)
                    if (one.role == role)
                        heads << from(label(one.head));
            any = any || !heads.isEmpty();
            line.values << (at ? double(heads.size()) : nothing);
            line.notes << heads.join(QLatin1Char(' '));
        }
        if (any)
            view.lines << line;
    }
    return view;
}

HeatmapView smallHeatmaps(const SeriesResults &series, const SeriesMeasures &measures)
{
    HeatmapView view = viewOf(measures);
    view.title = measureTitle(measures) + (series.side_by_side ? text(", side by side") : text(" over training"));
    for (size_t i = 0; i < series.steps.size(); ++i)
        view.facets << facetAt(series, measures, i);
    return view;
}

size_t comparedStep(const SeriesMeasures &measures, int step)
{
    const size_t reference = *measures.options.reference;
    if (step >= 0 && size_t(step) != reference)
        return size_t(step);
    const std::vector<HeadsOverSteps::Step> &steps = measures.heads.steps;
    for (size_t i = 0; i < steps.size(); ++i)
        if (i != reference && !steps[i].values.empty())
            return i;
    return reference;
}

HeatmapView twoSteps(const SeriesResults &series, const SeriesMeasures &measures, size_t step)
{
    HeatmapView view = viewOf(measures);
    view.title = QStringLiteral("%1: %2, %3")
                     .arg(measureTitle(measures), stepName(series, measures), from(series.steps[step].name));
    view.facets << facetAt(series, measures, *measures.options.reference) << facetAt(series, measures, step);
    widgets::HeatmapFacet more = view.facets[1];
    more.title = QStringLiteral("%1 \u2212 %2").arg(from(series.steps[step].name), stepName(series, measures));
    more.halfWidth.clear(); // of a difference it is another
    for (qsizetype cell = 0; cell < more.values.size(); ++cell) {
        more.values[cell] -= view.facets[0].values[cell];
        if (view.facets[0].states[cell] != widgets::CellState::Exact)
            more.states[cell] = view.facets[0].states[cell];
    }
    view.facets << more;
    return view;
}

widgets::ScatterView twoStepsScatter(const SeriesResults &series, const SeriesMeasures &measures, size_t step)
{
    const HeadsOverSteps &heads = measures.heads;
    const size_t reference = *measures.options.reference;
    widgets::ScatterView view;
    view.title = measureTitle(measures);
    const QString unit = heads.unit.empty() ? QString()
        : heads.effect && !heads.raw        ? text(" (% of gap)")
                                            : QStringLiteral(" (%1)").arg(from(heads.unit));
    view.xLabel = stepName(series, measures) + unit;
    view.yLabel = from(series.steps[step].name) + unit;
    view.diagonal = true;
    for (int cell = 0; cell < heads.layers * heads.heads; ++cell) {
        const Head head = heads.head(size_t(cell));
        const double x = heads.at(reference, head), y = heads.at(step, head);
        if (std::isfinite(x) && std::isfinite(y))
            view.points << widgets::ScatterPoint{toHeadId(head), widgets::label(toHeadId(head)), x, y, 0};
    }
    return view;
}

HeatmapView firstStepMap(const SeriesResults &series, const SeriesMeasures &measures)
{
    HeatmapView view;
    const QString unit = from(measures.heads.unit);
    view.title = text("First step at which a head reaches %1")
                     .arg(QString::fromStdString(short_text(measures.options.threshold, 3))
                          + (unit.isEmpty() ? QString() : QLatin1Char(' ') + unit));
    view.unit.clear();
    view.colourLabel = text("First step");
    // The earlier, the larger: 1 is the last step.
    const int steps = int(series.steps.size());
    view.valueNames << QString();
    for (int i = steps; i-- > 0;)
        view.valueNames << from(series.steps[size_t(i)].name);
    view.limit = steps;
    widgets::HeatmapFacet facet;
    facet.rows = measures.heads.layers;
    facet.columns = measures.heads.heads;
    for (const std::optional<size_t> &first : measures.first) {
        facet.values << (first ? double(steps - int(*first)) : nothing);
        facet.states << (first ? widgets::CellState::Exact : widgets::CellState::Undefined);
    }
    view.facets << facet;
    return view;
}

QString seriesCaption(const SeriesResults &series, const SeriesMeasures &measures)
{
    const RunResult *result = anyResult(series, measures);
    QString out = from(series.title) + QStringLiteral(". ")
        + text("%1 steps, %2 to %3.")
              .arg(series.steps.size())
              .arg(from(series.steps.front().name), from(series.steps.back().name));
    if (const std::string note = blank_note(series, measures.heads); !note.empty())
        out += QLatin1Char(' ') + from(note);
    out += QLatin1Char(' ') + text("Intervals: 95 %, bootstrap over prompts.");
    return result
        ? out + text(" At %1: ").arg(from(series.steps[lastResult(series, measures)].name)) + resultCaption(*result)
        : out;
}

} // namespace patchbay
