// From a result and a choice of view to a figure with its metadata: the same road for the window and the command line.
#pragma once

#include "figure/figure.h"
#include "patching/run_result.h"
#include "view_models.h"

#include <QStringList>

#include <optional>

namespace patchbay {

enum class FigureView { Heatmap, Attention, Scatter, Bars, Table, Graph, Lines };
/// "heatmap", "attention", "scatter", "bars", "table", "graph", "lines". Throws Error listing them.
FigureView parseFigureView(const std::string &text);
QString name(FigureView view);

/// Which numbers of a result a view shows.
struct FigureChoices {
    FigureView view = FigureView::Heatmap;
    std::string grid; ///< bars: whose; empty: the first
    std::string x, y; ///< scatter: grids; empty: pattern and z
    int top = 15;     ///< bars and tables: how many
    Sign sign = Sign::Both;
    double amongTop = 0; ///< heatmaps: heads that are among the strongest in fewer than so many % of the resamples of
                         ///< the prompts are masked
    QStringList facets;  ///< heatmaps: titles of those to show; none of them there, or empty: all
};

/// One thing that can be exported: a view as it is shown, and the run that it came from.
struct FigureSubject {
    FigureView view = FigureView::Heatmap;
    widgets::FigureContent content;
    RunResultPtr result;         ///< null where a view has none (attention of a head before any run)
    QString caption;             ///< offered; empty: resultCaption(*result)
    std::optional<RunSpec> spec; ///< what makes the content again where the result's own does not (attention)

    QString title() const;
    QString captionText() const;
};

/// Every view but attention, which needs the model (attentionSubject). Throws Error when the result does not have the
/// numbers.
FigureSubject figureSubject(RunResultPtr result, const FigureChoices &choices);
/// The analysis that gives the attention of a head on one prompt, on the model and task of another spec.
RunSpec attentionSpec(const RunSpec &of, Head head, int prompt, bool flipped, bool valueWeighted);
/// Leaves these facets of a heatmap, in this order.
void keepFacets(widgets::HeatmapView &view, const QVector<int> &indices);
/// Title, caption, RunSpec (a list for several, each once), program and hash of the weights, for the file.
widgets::FigureMetadata figureMetadata(const std::vector<FigureSubject> &subjects);
/// The sheet of these subjects. Facets are not chosen: see facetIndices.
widgets::FigureSheet figureSheet(const std::vector<FigureSubject> &subjects, const widgets::FigureSpec &spec,
                                 int columns = 0);

/// Positions in the heatmap of result of the facets with these names ("z", "denoise.z"). Throws Error naming what there
/// is.
QVector<int> facetIndices(const RunResult &result, const std::vector<std::string> &names);

} // namespace patchbay
