// Edges in the window: from a start to a verified circuit of the demo model with its faithfulness curve, by clicks; and
// what the graph, the matrix, the curve and the files do.
#include "bars_widget.h"
#include "edge_graph_widget.h"
#include "edge_views.h"
#include "edges/circuit_file.h"
#include "export/export_files.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "shell/export_flow.h"
#include "shell/window_files.h"
#include "views/curve_pane.h"
#include "views/edge_matrix_pane.h"
#include "views/edges_pane.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"
#include "zoomed_heatmap.h"

#include <QComboBox>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QStandardPaths>
#include <QToolButton>

#include <cmath>

using namespace patchbay;
using widgets::EdgeGraphWidget;

class TestEdgeWindow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QVERIFY((m_window = m_fixture.openReady()));
        QDir(QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + QStringLiteral("/circuits"))
            .removeRecursively();
    }

    // Three clicks: the menu, its entry, and the curve's button; a fourth goes back to the graph.
    void fromAStartToAVerifiedCircuit()
    {
        int clicks = 0;
        QMenu *menu = nullptr;
        for (QAction *one : m_window->menuBar()->actions())
            if (one->text().remove(QLatin1Char('&')) == QStringLiteral("Circuit"))
                menu = one->menu();
        QVERIFY(menu);
        menu->popup(m_window->pos());
        ++clicks;
        QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(m_window->actions().findEdges).center());
        ++clicks;
        menu->hide();
        QTRY_VERIFY(m_fixture.idle() && edges().fit());
        QVERIFY(pane().isVisible());
        QVERIFY(!graph().view().edges.isEmpty() && edges().edgeCount() > 50);
        // Verified: run, and the same as the analysis says of these edges.
        QVERIFY(edges().fit()->faithfulness > 0.85);
        QVERIFY(pane().status()->text().contains(QStringLiteral("(run)")));
        QTest::mouseClick(pane().curve(), Qt::LeftButton);
        ++clicks;
        QTRY_VERIFY(m_fixture.idle() && !curve().view().lines.isEmpty());
        QVERIFY(m_window->heatmapPane().page() == m_window->heatmapPane().curve());
        QCOMPARE(curve().view().lines.size(), 2);
        QVERIFY(curve().view().lines[0].label.contains(QStringLiteral("CMD")));
        QVERIFY(curve().view().lines[1].label.contains(QStringLiteral("CPR")));
        QVERIFY(std::abs(curve().view().lines[0].values.back() - 1) < 1e-3);
        QVERIFY(clicks < 10);
        picture("curve");
        back();
        picture("graph");
    }

    void theThresholdIsFollowedAtOnceAndThenRun()
    {
        QSlider *slider = pane().slider();
        const qint64 before = edges().asked();
        const int steps = m_window->explorer().navigation.undoStack().count();
        // A drag: every step moves graph, count and guess before it returns.
        for (int place = 150; place <= 300; place += 30) {
            QElapsedTimer clock;
            clock.start();
            slider->setValue(place);
            m_slowest = std::max(m_slowest, clock.elapsed());
            QVERIFY(edges().asked() > 0);
            const qint64 inside = std::count_if(graph().view().edges.begin(), graph().view().edges.end(),
                                                [](const auto &edge) { return edge.inside; });
            QCOMPARE(inside, edges().edgeCount());
            QCOMPARE(qint64(pane().top()->value()), edges().asked());
            if (!edges().fit() && edges().edgeCount() > 0)
                QVERIFY(pane().status()->text().contains(QStringLiteral("≈")));
        }
        qInfo("slowest step of the drag: %lld ms", m_slowest);
        const double guess = edges().guess().faithfulness;
        QTRY_VERIFY(edges().fit());
        QVERIFY(std::abs(edges().fit()->faithfulness - guess) < 0.1);
        QVERIFY(pane().status()->text().contains(QStringLiteral("(run)")));
        // One step to undo, and what was known of the circuit before is there at once.
        QCOMPARE(m_window->explorer().navigation.undoStack().count(), steps + 1);
        m_window->actions().undo->trigger();
        QCOMPARE(edges().asked(), before);
        QVERIFY(edges().fit());
        m_window->actions().redo->trigger();
        pane().top()->setValue(40);
        QCOMPARE(edges().asked(), 40);
        QVERIFY(graph().view().edges.size() <= 40);
        pane().bySign()->click();
        QVERIFY(edges().bySign());
        QTRY_VERIFY(edges().fit());
        pane().bySign()->click();
        QTRY_VERIFY(edges().fit());
    }

    void aClickedNodeShowsItsEdges()
    {
        int node = -1; // of a head, the first
        for (int i = 0; i < graph().view().nodes.size() && node < 0; ++i)
            if (graph().view().nodes[i].kind == widgets::EdgeGraphNode::Kind::Head)
                node = i;
        QVERIFY(node >= 0);
        const QPoint at = (graph().layoutGeometry().nodes[node].center() + graph().origin()).toPoint();
        QTest::mouseClick(&graph(), Qt::LeftButton, {}, at);
        QCOMPARE(graph().currentNode(), node);
        QCOMPARE(m_window->explorer().navigation.place().current, graph().view().nodes[node].head);
        QVERIFY(pane().bars()->isVisible());
        QVERIFY(pane().bars()->view().bars.size() >= 12);
        QTRY_VERIFY(!m_window->explorer().attention.views().isEmpty());
        // What is outside comes on demand, around the node.
        const qsizetype inside = graph().view().edges.size();
        pane().outside()->click();
        QVERIFY(graph().view().edges.size() > inside);
        for (const widgets::EdgeGraphEdge &edge : graph().view().edges)
            QVERIFY(edge.inside || edge.from == graph().currentNode() || edge.to == graph().currentNode());
        picture("node");
        pane().outside()->click();
        QCOMPARE(graph().view().edges.size(), inside);
    }

    void aClickedEdgeIsPatchedAndTakenOut()
    {
        int edge = -1;
        for (int i = 0; i < graph().view().edges.size() && edge < 0; ++i) {
            const QPointF middle = graph().layoutGeometry().edges[i].at(0.5);
            if (graph().layoutGeometry().nodeAt(middle) < 0 && graph().layoutGeometry().edgeAt(middle, 2) == i)
                edge = i;
        }
        QVERIFY(edge >= 0);
        const QPoint at = (graph().layoutGeometry().edges[edge].at(0.5) + graph().origin()).toPoint();
        QTest::mouseClick(&graph(), Qt::LeftButton, {}, at);
        QVERIFY(edges().currentEdge());
        const Edge clicked = *edges().currentEdge();
        const size_t cell = edges().numbers()->graph.cell(clicked);
        QCOMPARE(graph().view().edges[graph().currentEdge()].id, qint64(cell));
        QVERIFY(pane().edgeText()->text().contains(QStringLiteral("not computed")));
        QVERIFY(m_window->actions().patchEdge->isEnabled());
        m_window->actions().patchEdge->trigger();
        QTRY_VERIFY(edges().numbers()->isExact(cell));
        QVERIFY(pane().edgeText()->text().contains(QStringLiteral("exact: ")));
        QVERIFY(graph().view().edges[graph().currentEdge()].exact);
        QVERIFY(!m_window->actions().patchEdge->isEnabled());
        // The same number as the run of that edge alone.
        const auto alone = edgeNumbers(*m_window->explorer().runs.entries().front().result);
        QVERIFY(alone && alone->exactCount() == 1 && alone->exact[cell] == edges().numbers()->exact[cell]);
        picture("edge");
        const qint64 before = edges().edgeCount();
        m_window->actions().removeEdge->trigger();
        QVERIFY(!edges().has(clicked) && edges().edgeCount() < before);
        QVERIFY(m_window->actions().addEdge->isEnabled());
        m_window->actions().addEdge->trigger();
        QCOMPARE(edges().edgeCount(), before);
        m_window->actions().undo->trigger();
        QVERIFY(!edges().has(clicked));
        m_window->actions().undo->trigger();
        QCOMPARE(edges().edgeCount(), before);
    }

    void keysReachEverything()
    {
        graph().setFocus();
        QTest::keyClick(&graph(), Qt::Key_Escape);
        QCOMPARE(edges().currentNode(), -2);
        QTest::keyClick(&graph(), Qt::Key_Up);
        QVERIFY(graph().currentNode() >= 0);
        QTest::keyClick(&graph(), Qt::Key_Up);
        QVERIFY(graph().currentNode() > 0);
        QTest::keyClick(&graph(), Qt::Key_PageDown);
        QVERIFY(graph().currentEdge() >= 0 && edges().currentEdge());
        const int first = graph().currentEdge();
        QTest::keyClick(&graph(), Qt::Key_PageDown);
        QVERIFY(graph().currentEdge() != first);
        const qint64 before = edges().edgeCount();
        QTest::keyClick(&graph(), Qt::Key_Delete);
        QVERIFY(edges().edgeCount() < before);
        m_window->actions().undo->trigger();
        QTest::keyClick(&graph(), Qt::Key_Plus);
        QVERIFY(graph().zoomFactor() > 1);
        QTest::keyClick(&graph(), Qt::Key_0);
        QCOMPARE(graph().zoomFactor(), 1.0);
    }

    void theMatrixSaysTheSame()
    {
        m_window->explorer().navigation.showAs(QStringLiteral("edge-matrix"));
        EdgeMatrixPane &matrix = *m_window->heatmapPane().edgeMatrix();
        QVERIFY(matrix.isVisible());
        const widgets::HeatmapView view = matrix.heatmap()->view();
        QCOMPARE(view.facets.size(), 1);
        int inside = 0;
        for (size_t w = 0; w < matrix.shown().writers.size(); ++w)
            for (size_t r = 0; r < matrix.shown().readers.size(); ++r)
                inside += edges().has({matrix.shown().writers[w], matrix.shown().readers[r]});
        QCOMPARE(qint64(inside), edges().edgeCount());
        matrix.mask()->click();
        const auto &masked = matrix.heatmap()->view();
        int real = 0;
        for (const widgets::CellState state : masked.facets[0].states)
            real += state != widgets::CellState::Undefined;
        QCOMPARE(qint64(masked.masked.size()), real - edges().edgeCount());
        matrix.part()->setCurrentIndex(1); // all edges
        QCOMPARE(matrix.heatmap()->view().facets[0].rows, edges().numbers()->graph.writers());
        QCOMPARE(matrix.heatmap()->view().facets[0].columns, edges().numbers()->graph.readers());
        picture("matrix");
        matrix.part()->setCurrentIndex(2); // layers; a click goes into two of them
        QCOMPARE(matrix.heatmap()->view().facets[0].rows, edges().numbers()->graph.layers() + 1);
        Q_EMIT matrix.heatmap()->cellClicked(0, 1, 1);
        QCOMPARE(matrix.heatmap()->view().facets[0].columns, edges().numbers()->graph.first_reader(1));
        Q_EMIT matrix.heatmap()->cellClicked(0, 0, 0);
        matrix.part()->setCurrentIndex(0);
        matrix.mask()->click();
    }

    void everythingIsExported()
    {
        QTemporaryDir out;
        for (const auto &[view, name, mark] :
             {std::tuple{"edge-matrix", "matrix", "estimate"}, {"edge-graph", "graph", "estimate"}}) {
            m_window->explorer().navigation.showAs(QString::fromLatin1(view));
            const auto subject = shownSubject(*m_window, FigureView::Heatmap);
            QVERIFY(subject);
            QVERIFY(subject->captionText().contains(QLatin1String(mark)));
            for (const char *type : {"pdf", "svg", "png"}) {
                const QString file =
                    out.filePath(QStringLiteral("%1.%2").arg(QLatin1String(name), QLatin1String(type)));
                QVERIFY(exportFigure(file, {*subject}, {}, true).size() >= 2);
                QVERIFY(QFile(file).size() > 2000);
            }
        }
        keepPictures(out);
        // The JSON of EAP-IG goes out and comes back, by the way of a dropped file, too.
        const QString json = out.filePath(QStringLiteral("circuit.json")), csv = out.filePath(QStringLiteral("c.csv"));
        edges().save(json);
        edges().save(csv);
        QVERIFY(kindOf(json) == FileKind::Edges);
        const ScoredGraph read = read_scored_graph(json.toStdString(), edges().numbers()->graph);
        QVERIFY(read.circuit.kept == edges().kept());
        QFile table(csv);
        QVERIFY(table.open(QIODevice::ReadOnly));
        QCOMPARE(qint64(table.readAll().count('\n')), edges().edgeCount() + 1);
        const EdgeMask kept = edges().kept();
        pane().top()->setValue(90);
        QVERIFY(!(edges().kept() == kept));
        edges().open(json);
        QVERIFY(edges().kept() == kept);
        QTRY_VERIFY(edges().fit());
        QVERIFY(kindOf(out.filePath(QStringLiteral("c.csv"))) == FileKind::Other);
        m_window->explorer().navigation.showAs(QStringLiteral("edge-graph"));
    }

    // It says nothing of scores, but exact values that are computed later are of this task all the same.
    void aCircuitWithoutScoresIsOpenedFirst()
    {
        QTemporaryDir out;
        const QString file = out.filePath(QStringLiteral("circuit.json"));
        WindowFixture fixture;
        MainWindow *window = fixture.openReady();
        QVERIFY(window);
        EdgesController &other = window->explorer().edges;
        const Setup &setup = *window->explorer().document.setup();
        const EdgeGraph graph(setup.config());
        EdgeMask kept(graph.cells());
        kept[graph.cell(*graph.find("a0.h0->logits"))] = kept[graph.cell(*graph.find("input->a0.h0<v>"))] = 1;
        write_scored_graph(file.toStdString(), {graph, setup.config().d_model, {}, {"", kept}, false});
        QVERIFY(!other.numbers());
        other.open(file);
        QVERIFY(other.numbers());
        QVERIFY(other.kept() == kept);
        QCOMPARE(other.numbers()->scale, setup.baseline.scale());
        QCOMPARE(other.numbers()->unit.symbol, effect_unit(setup.baseline).symbol);
        QTRY_VERIFY(other.fit());
    }

    void circuitsAreKeptByName()
    {
        QTRY_VERIFY(edges().ranked());
        const EdgeMask kept = edges().kept();
        edges().keepAs(QStringLiteral("my circuit / 1"));
        QCOMPARE(edges().named().size(), 1);
        pane().top()->setValue(120);
        QVERIFY(!(edges().kept() == kept));
        edges().showNamed(QStringLiteral("my circuit / 1"));
        QVERIFY(edges().kept() == kept);
        m_window->actions().undo->trigger();
        QVERIFY(!(edges().kept() == kept));
        edges().forget(QStringLiteral("my circuit / 1"));
        QVERIFY(edges().named().isEmpty());
    }

    // Other values than the other run's go by the plain gradient, and the circuit is run with them.
    void otherScoresAreAnotherRun()
    {
        EdgeChoice choice;
        choice.replacement = EdgeReplacement::Zero;
        edges().setChoice(choice);
        QVERIFY(edges().choice().method == EdgeMethod::Eap);
        QVERIFY(!pane().method()->isEnabled());
        pane().find()->click();
        QTRY_VERIFY(m_fixture.idle() && edges().numbers()->choice.replacement == EdgeReplacement::Zero);
        // Little of what the strongest do reaches the logits without the rest.
        QTRY_VERIFY(edges().ranked());
        QVERIFY(edges().edgeCount() > 0 || pane().status()->text().contains(QStringLiteral("none of them")));
        pane().top()->setValue(2000);
        QTRY_VERIFY(edges().fit());
        QVERIFY(edges().numbers()->exactCount() == 0); // those before were of other values
    }

private:
    EdgesController &edges() { return m_window->explorer().edges; }
    EdgesPane &pane() { return *m_window->heatmapPane().edges(); }
    EdgeGraphWidget &graph() { return *pane().graph(); }
    widgets::LinesWidget &curve() { return *m_window->heatmapPane().curve()->lines(); }
    /// The scores' run again, as its graph.
    void back()
    {
        const auto &entries = m_window->explorer().runs.entries();
        for (const RunEntry &entry : entries)
            if (entry.result == edges().source())
                m_window->explorer().navigation.showRun(entry.id);
        QVERIFY(pane().isVisible());
    }
    void picture(const char *name)
    {
        const QString folder = qEnvironmentVariable("PATCHBAY_PICTURES");
        if (folder.isEmpty())
            return;
        QVERIFY(QDir().mkpath(folder));
        QVERIFY(m_window->grab().save(folder + QStringLiteral("/edges-%1.png").arg(QLatin1String(name))));
    }
    static void keepPictures(const QTemporaryDir &from)
    {
        const QString folder = qEnvironmentVariable("PATCHBAY_PICTURES");
        for (const char *name : {"graph.png", "matrix.png"})
            if (!folder.isEmpty())
                QFile::copy(from.filePath(QLatin1String(name)),
                            folder + QStringLiteral("/figure-") + QLatin1String(name));
    }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    qint64 m_slowest = 0;
};

QTEST_MAIN(TestEdgeWindow)
#include "test_edge_window.moc"
