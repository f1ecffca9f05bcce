#include "shell/export_flow.h"

#include "attention_text_widget.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "edge_graph_widget.h"
#include "edge_views.h"
#include "export/export_dialog.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "main_window.h"
#include "scatter_widget.h"
#include "shell/message_bar.h"
#include "table_widget.h"
#include "views/attention_pane.h"
#include "views/bars_pane.h"
#include "views/circuit_pane.h"
#include "views/curve_pane.h"
#include "views/edge_matrix_pane.h"
#include "views/edges_pane.h"
#include "views/heatmap_pane.h"
#include "views/result_views.h"
#include "views/scatter_pane.h"
#include "views/series_pane.h"

#include <algorithm>

namespace patchbay {

FigureView activeView(const MainWindow &window)
{
    const QWidget *focus = window.focusWidget(); // also while a menu or the palette has the keyboard
    for (; focus; focus = focus->parentWidget()) {
        if (qobject_cast<const AttentionPane *>(focus))
            return FigureView::Attention;
        if (qobject_cast<const ScatterPane *>(focus))
            return FigureView::Scatter;
        if (qobject_cast<const BarsPane *>(focus))
            return FigureView::Bars;
        if (qobject_cast<const CircuitPane *>(focus))
            return FigureView::Graph;
        if (qobject_cast<const SeriesPane *>(focus))
            return FigureView::Lines;
    }
    return FigureView::Heatmap;
}

namespace {

/// What the centre shows, when that is not the heatmap. False: it is empty.
bool takeCentre(const ResultViews &views, FigureSubject &subject)
{
    const QWidget *shown = views.currentWidget();
    const QWidget *focus = views.window()->focusWidget();
    if (views.text()->isVisible() && focus && views.text()->isAncestorOf(focus)) {
        subject.view = FigureView::Attention;
        subject.content = views.text()->view();
        subject.caption = attentionCaption(views.text()->view(), subject.result.get());
        return views.text()->view().size > 0;
    }
    if (shown == views.table() || shown->isAncestorOf(views.table())) {
        subject.view = FigureView::Table;
        subject.content = views.table()->view();
        return !views.table()->view().rows.isEmpty();
    }
    if (shown == views.bars()) {
        subject.view = FigureView::Bars;
        subject.content = views.bars()->view();
        return !views.bars()->view().bars.isEmpty();
    }
    if (shown == views.scatter()) {
        subject.view = FigureView::Scatter;
        subject.content = views.scatter()->view();
        return !views.scatter()->view().points.isEmpty();
    }
    subject.view = FigureView::Attention;
    subject.content = views.matrix()->view();
    subject.caption = attentionCaption(views.matrix()->view(), subject.result.get());
    return views.matrix()->view().size > 0;
}

/// Gives facets that have no intervals yet those of the result.
void addIntervals(widgets::HeatmapView &view, const RunResult &result)
{
    const auto without = [](const widgets::HeatmapFacet &facet) { return facet.halfWidth.isEmpty(); };
    if (std::none_of(view.facets.begin(), view.facets.end(), without))
        return;
    const widgets::HeatmapView whole = heatmapView(result, {{}, true});
    for (qsizetype i = 0; i < view.facets.size() && view.facets.size() == whole.facets.size(); ++i)
        if (without(view.facets[i]) && view.facets[i].values.size() == whole.facets[i].values.size())
            view.facets[i].halfWidth = whole.facets[i].halfWidth;
}

/// The page about edges in the centre. False: another page is on view, or it is empty.
bool edgeSubject(MainWindow &window, FigureSubject &subject)
{
    HeatmapPane &pane = window.heatmapPane();
    EdgesController &edges = window.explorer().edges;
    const auto &numbers = edges.numbers();
    if (pane.page() == pane.curve()) {
        subject.view = FigureView::Lines;
        subject.content = pane.curve()->lines()->view();
        subject.caption = curveCaption(edges.curves());
        return !pane.curve()->lines()->view().lines.isEmpty();
    }
    const bool graph = pane.page() == pane.edges();
    if (!numbers || edges.kept().empty() || (!graph && pane.page() != pane.edgeMatrix()))
        return false;
    subject.result = edges.source();
    subject.caption = edgesCaption(*numbers, edges.kept(), subject.result.get());
    if (graph) {
        subject.view = FigureView::Graph;
        widgets::EdgeGraphView view = pane.edges()->graph()->view();
        view.title = pane.edges()->graphTitle();
        subject.content = std::move(view);
        return !pane.edges()->graph()->view().nodes.isEmpty();
    }
    subject.view = FigureView::Heatmap;
    subject.content = pane.edgeMatrix()->shown().view;
    return !pane.edgeMatrix()->shown().view.facets.isEmpty();
}

} // namespace

std::optional<FigureSubject> shownSubject(MainWindow &window, FigureView view)
{
    Explorer &explorer = window.explorer();
    const RunEntry *run = explorer.runs.find(explorer.navigation.place().run);
    FigureSubject subject;
    subject.view = view;
    subject.result = run ? run->result : nullptr;
    switch (view) {
    case FigureView::Attention: {
        const auto &shown = window.attentionPane().matrix()->view();
        if (shown.size == 0)
            return std::nullopt;
        subject.content = shown;
        subject.caption = attentionCaption(shown, subject.result.get());
        const AttentionController &attention = explorer.attention;
        const bool oneRun =
            attention.source() == AttentionSource::Clean || attention.source() == AttentionSource::Flipped;
        if (subject.result && oneRun && attention.prompt() >= 0)
            subject.spec = attentionSpec(subject.result->spec, fromHeadId(shown.head), attention.prompt(),
                                         attention.source() == AttentionSource::Flipped,
                                         attention.kind() == AttentionKind::ValueWeighted);
        break;
    }
    case FigureView::Scatter: {
        const auto &shown = window.scatterPane().scatter()->view();
        if (shown.points.isEmpty())
            return std::nullopt;
        subject.content = shown;
        break;
    }
    case FigureView::Bars: {
        const auto &shown = window.barsPane().bars()->view();
        if (shown.bars.isEmpty())
            return std::nullopt;
        subject.content = shown;
        break;
    }
    case FigureView::Graph: {
        const CircuitGraph &shown = window.circuitPane().shown();
        if (shown.view.nodes.isEmpty())
            return std::nullopt;
        subject.content = shown.view;
        subject.result = shown.newest;
        break;
    }
    default: {
        if (edgeSubject(window, subject))
            return subject;
        if (const QWidget *page = window.heatmapPane().page(); page == window.heatmapPane().edges()
            || page == window.heatmapPane().edgeMatrix() || page == window.heatmapPane().curve())
            return std::nullopt;
        if (const ResultViews *others = window.heatmapPane().others(); others->isVisible())
            return takeCentre(*others, subject) ? std::optional(subject) : std::nullopt;
        const auto &shown = window.heatmapPane().heatmap()->view();
        if (shown.facets.isEmpty())
            return std::nullopt;
        subject.view = FigureView::Heatmap;
        widgets::HeatmapView view = shown;
        const Place &place = explorer.navigation.place();
        if (subject.result && place.prompt < 0 && !explorer.runs.find(place.comparedRun))
            addIntervals(view, *subject.result); // on view they come some moments after the run
        subject.content = view;
    }
    }
    return subject;
}

void openExportDialog(MainWindow &window, FigureView view)
{
    std::vector<FigureSubject> beside;
    std::optional<FigureSubject> subject;
    if (view == FigureView::Lines) {
        if (beside = window.seriesPane().subjects(); !beside.empty()) {
            subject = std::move(beside.front());
            beside.erase(beside.begin());
        }
    } else {
        subject = shownSubject(window, view);
    }
    if (!subject) {
        window.messages().showFailure(MainWindow::tr("Nothing to export"),
                                      {{}, MainWindow::tr("this view is empty"), MainWindow::tr("Run a sweep first.")});
        return;
    }
    std::vector<RunResultPtr> pinned;
    for (const RunEntry &entry : window.explorer().runs.entries())
        if (entry.pinned && entry.result)
            pinned.push_back(entry.result);
    auto *dialog = new ExportDialog(std::move(*subject), std::move(pinned), std::move(beside), &window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(dialog, &ExportDialog::exported, &window,
                     [&window](const QStringList &files) { window.messages().showWritten(files); });
    dialog->open();
}

} // namespace patchbay
