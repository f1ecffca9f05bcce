// The commands of edges and of circuits of them.
#include "shell/actions.h"

namespace patchbay {

using widgets::HeadId;

void Actions::makeEdgeActions()
{
    EdgesController &edges = m_explorer.edges;
    const auto made = [this](const char *name, const QString &text, const QString &shortText, const QString &tip) {
        QAction *action = add(QString::fromLatin1(name), text, {}, tip);
        action->setIconText(shortText);
        return action;
    };
    findEdges = made("find-edges", tr("Score the &edges"), tr("Score"),
                     tr("Estimates what each head and MLP does through each reader of its output; the strongest edges "
                        "become a circuit, which is run"));
    edgeCurve = made("edge-curve", tr("Faithfulness cur&ve of the edges"), tr("Curve"),
                     tr("Runs circuits from 0.1 % to 100 % of all edges: faithfulness, CPR and CMD"));
    patchEdges = made("patch-edges", tr("Compute the circuit's edges e&xactly"), tr("Exact"),
                      tr("A run for each edge of the circuit, with that edge alone changed"));
    patchEdge = made("patch-edge", tr("&Patch the clicked edge"), tr("Patch"),
                     tr("Its exact value: the run in which it alone carries the other value"));
    addEdge = made("add-edge", tr("Add the clicked edge to the circuit"), tr("Add"),
                   tr("The clicked edge into the circuit of edges (Insert in the graph)"));
    removeEdge = made("remove-edge", tr("Take the clicked edge out of the circuit"), tr("Take out"),
                      tr("The clicked edge out of the circuit of edges (Delete in the graph)"));
    goToWriter = made("go-to-writer", tr("Go to the head that writes the clicked edge"), tr("Writer"),
                      tr("Selects the head that the clicked edge comes from"));
    goToReader = made("go-to-reader", tr("Go to the head that reads the clicked edge"), tr("Reader"),
                      tr("Selects the head that the clicked edge goes to"));
    keepEdges = made("keep-edges", tr("&Keep the circuit of edges as…"), tr("Keep"),
                     tr("Under a name, from one start to the next"));
    openEdges = made("open-edges", tr("Open a circuit of e&dges…"), tr("Open"),
                     tr("The JSON of EAP-IG and MIB: scores, a circuit, or both"));
    saveEdges = made("save-edges", tr("Save the circuit of ed&ges…"), tr("Save"),
                     tr("As the JSON of EAP-IG and MIB, or as a table (CSV)"));
    connect(findEdges, &QAction::triggered, &edges, &EdgesController::find);
    connect(edgeCurve, &QAction::triggered, &edges, &EdgesController::runCurve);
    connect(patchEdges, &QAction::triggered, &edges, &EdgesController::patchCircuit);
    const auto withEdge = [this, &edges](QAction *action, auto act) {
        connect(action, &QAction::triggered, this, [&edges, act] {
            if (const auto edge = edges.currentEdge())
                act(*edge);
        });
    };
    withEdge(patchEdge, [&edges](Edge edge) { edges.patch(edge); });
    withEdge(addEdge, [&edges](Edge edge) { edges.add(edge); });
    withEdge(removeEdge, [&edges](Edge edge) { edges.remove(edge); });
    const auto select = [this, &edges](int writer) {
        const EdgeWriter at = edges.numbers()->graph.writer(writer);
        const HeadId head{at.layer, at.head};
        m_explorer.navigation.select({head}, head);
        edges.setCurrentNode(writer);
    };
    withEdge(goToWriter, [select](Edge edge) { select(edge.writer); });
    withEdge(goToReader, [select, &edges](Edge edge) { select(edges.numbers()->graph.node(edge.reader)); });
    for (const auto signal :
         {&EdgesController::numbersChanged, &EdgesController::circuitChanged, &EdgesController::currentChanged})
        connect(&edges, signal, this, &Actions::updateEdgesEnabled);
}

QList<QAction *> Actions::edgeActions() const
{
    return {patchEdge, addEdge, removeEdge, goToWriter, goToReader};
}

void Actions::updateEdgesEnabled()
{
    const EdgesController &edges = m_explorer.edges;
    const bool ready = m_explorer.document.ready(), scored = edges.numbers() != nullptr, some = edges.edgeCount() > 0;
    for (QAction *action : {findEdges, edgeCurve, openEdges})
        action->setEnabled(ready);
    for (QAction *action : {patchEdges, keepEdges, saveEdges})
        action->setEnabled(ready && some);
    const auto edge = edges.currentEdge();
    const bool clicked = ready && scored && edge && edges.numbers()->graph.is_edge(*edge);
    const auto isHead = [&](int writer) {
        return writer >= 0 && edges.numbers()->graph.writer(writer).kind == EdgeWriter::Kind::Head;
    };
    patchEdge->setEnabled(clicked && !edges.numbers()->isExact(edges.numbers()->graph.cell(*edge)));
    addEdge->setEnabled(clicked && !edges.has(*edge));
    removeEdge->setEnabled(clicked && edges.has(*edge));
    goToWriter->setEnabled(clicked && isHead(edge->writer));
    goToReader->setEnabled(clicked && isHead(edges.numbers()->graph.node(edge->reader)));
}

} // namespace patchbay
