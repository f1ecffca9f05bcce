#include "shell/gallery_states.h"

#include "edge_graph_widget.h"
#include "main_window.h"
#include "views/edges_pane.h"
#include "views/heatmap_pane.h"

namespace patchbay {

std::vector<Step> edgesOfModel(MainWindow &window, const TakePicture &picture)
{
    Explorer &explorer = window.explorer();
    const auto idle = [&explorer] { return explorer.runner.activeRun() < 0; };
    const auto as = [&explorer](const char *view) {
        return [&explorer, view] { explorer.navigation.showAs(QString::fromLatin1(view)); };
    };
    const auto take = [picture](const char *name) {
        return [picture, name] { picture(QStringLiteral("window-edges-") + QLatin1String(name)); };
    };
    const QString name = QStringLiteral("edges");
    return {{name, [&explorer] { explorer.edges.find(); },
             [idle, &explorer] { return idle() && explorer.edges.fit().has_value(); }},
            {name, as("edge-graph"), {}},
            moment(),
            {name, take("graph"), {}},
            {name,
             [&window] {
                 widgets::EdgeGraphWidget *graph = window.heatmapPane().edges()->graph();
                 graph->setCurrentNode(int(graph->view().nodes.size()) / 2);
                 Q_EMIT graph->nodeClicked(graph->currentNode());
             },
             {}},
            moment(),
            {name, take("node"), {}},
            {name, as("edge-matrix"), {}},
            moment(),
            {name, take("matrix"), {}},
            {name, [&explorer] { explorer.edges.runCurve(); }, idle},
            moment(),
            {name, take("curve"), {}}};
}

} // namespace patchbay
