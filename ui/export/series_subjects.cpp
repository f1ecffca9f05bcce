#include "export/series_subjects.h"

#include "base/names.h"
#include "series_views.h"

namespace patchbay {

namespace {

constexpr Names<SeriesLook, 8> looks{{{SeriesLook::Baseline, "baseline"},
                                      {SeriesLook::Heads, "heads"},
                                      {SeriesLook::Heatmaps, "heatmaps"},
                                      {SeriesLook::FirstSteps, "first-steps"},
                                      {SeriesLook::Likeness, "likeness"},
                                      {SeriesLook::Roles, "roles"},
                                      {SeriesLook::TwoSteps, "two-steps"},
                                      {SeriesLook::TwoStepsScatter, "two-steps-scatter"}}};

widgets::FigureContent contentOf(const SeriesResults &series, const SeriesMeasures &measures, SeriesLook look,
                                 const SeriesChoices &choices)
{
    const bool logarithmic = choices.logarithmic;
    const size_t step = comparedStep(measures, choices.step);
    switch (look) {
    case SeriesLook::Baseline:
        return baselineLines(series, measures, logarithmic);
    case SeriesLook::Heads:
        return headLines(series, measures, choices.heads, logarithmic);
    case SeriesLook::Heatmaps:
        return smallHeatmaps(series, measures);
    case SeriesLook::FirstSteps:
        return firstStepMap(series, measures);
    case SeriesLook::Likeness:
        return likenessLines(series, measures, logarithmic);
    case SeriesLook::TwoSteps:
        return twoSteps(series, measures, step);
    case SeriesLook::TwoStepsScatter:
        return twoStepsScatter(series, measures, step);
    case SeriesLook::Roles:
        break;
    }
    return roleBands(series, measures, logarithmic);
}

} // namespace

SeriesLook parseSeriesLook(const std::string &text)
{
    return parse_named(looks, text, "a view of a series");
}

std::string seriesLooks()
{
    return all_of(looks);
}

std::optional<FigureSubject> seriesSubject(const SeriesResults &series, const SeriesMeasures &measures, SeriesLook look,
                                           const SeriesChoices &choices)
{
    FigureSubject subject;
    subject.content = contentOf(series, measures, look, choices);
    const auto *lines = std::get_if<widgets::LinesView>(&subject.content);
    if (lines && lines->lines.isEmpty())
        return std::nullopt;
    subject.view = lines                                                ? FigureView::Lines
        : std::holds_alternative<widgets::ScatterView>(subject.content) ? FigureView::Scatter
                                                                        : FigureView::Heatmap;
    subject.caption = seriesCaption(series, measures);
    for (size_t i = series.steps.size(); i-- > 0 && !subject.spec;)
        if (const RunResultPtr result = series.result(i, measures.options.part)) // of all steps but for the model
            subject.spec = result->spec;
    return subject;
}

} // namespace patchbay
