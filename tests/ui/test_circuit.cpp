// The circuit that the user puts together, and masks by role: on the demo model, whose circuit is known
// (resources/demo-model/README.md).
#include "controllers/run_views.h"
#include "graph_widget.h"
#include "heatmap_widget.h"
#include "shell/export_flow.h"
#include "shell/kept_circuits.h"
#include "view_models.h"
#include "views/circuit_pane.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"

#include <QComboBox>
#include <QDoubleSpinBox>

#include <algorithm>

using namespace patchbay;
using widgets::HeadId;

class TestCircuit : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_window->explorer().paths.runFinalResidual();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        m_direct = place().run;
    }

    void headsAreAddedFromTheSelection()
    {
        Actions &actions = m_window->actions();
        QVERIFY(!actions.addToCircuit->isEnabled());
        QVERIFY(actions.headActions().contains(actions.addToCircuit));
        navigation().select({mover, inhibitor}, inhibitor);
        actions.addToCircuit->trigger();
        QCOMPARE(place().circuit, (QVector<HeadId>{inhibitor, mover})); // by layer
        QVERIFY(!actions.addToCircuit->isEnabled());
        const auto &nodes = graph()->view().nodes;
        QCOMPARE(nodes.size(), 2);
        QCOMPARE(nodes[0].head, inhibitor);
        navigation().select({{5, 5}}, {5, 5});
        actions.addToCircuit->trigger();
        QCOMPARE(graph()->view().nodes.size(), 3);
        QCOMPARE(m_window->circuitPane().shown().withoutEffect, QVector<HeadId>{(HeadId{5, 5})});
        actions.undo->trigger();
        QCOMPARE(place().circuit.size(), 2);
        QCOMPARE(graph()->view().nodes.size(), 2);
        actions.redo->trigger();
        QCOMPARE(place().circuit.size(), 3);
        actions.removeFromCircuit->trigger();
        QCOMPARE(place().circuit, (QVector<HeadId>{inhibitor, mover}));
    }

    void pathsAreThoseOfTheRuns()
    {
        const auto &edges = graph()->view().edges;
        QCOMPARE(edges.size(), 2); // both write to the logits
        for (const auto &edge : edges) {
            QVERIFY(!edge.to.valid());
            QCOMPARE(edge.effect, effectIn(m_direct, edge.from));
        }
        // A sweep into several receivers, then into one of them: the narrower one is what an edge means.
        m_window->explorer().paths.receive({mover, {2, 3}}, Site::Q);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && place().run != m_direct, 60000);
        const int both = place().run;
        QTRY_COMPARE_WITH_TIMEOUT(effectOf(inhibitor, mover), effectIn(both, inhibitor), 5000);
        m_window->explorer().paths.receive({mover}, Site::Q);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && place().run != both, 60000);
        const double alone = effectIn(place().run, inhibitor);
        QVERIFY(std::abs(alone - effectIn(both, inhibitor)) > 0.1);
        QTRY_COMPARE_WITH_TIMEOUT(effectOf(inhibitor, mover), alone, 5000);
        m_window->explorer().runner.remove(place().run);
        QTRY_COMPARE_WITH_TIMEOUT(effectOf(inhibitor, mover), effectIn(both, inhibitor), 5000);
        auto *least = m_window->circuitPane().findChild<QDoubleSpinBox *>();
        least->setValue(100);
        QVERIFY(graph()->view().edges.isEmpty());
        least->setValue(1);
    }

    void theGraphSharesTheSelectionAndIsExported()
    {
        m_window->docking().reveal(QStringLiteral("circuit"));
        QTRY_VERIFY(graph()->isVisible() && graph()->height() > 60);
        const int node = int(std::find_if(graph()->view().nodes.begin(), graph()->view().nodes.end(),
                                          [](const auto &n) { return n.head == mover; })
                             - graph()->view().nodes.begin());
        QTest::mouseClick(graph(), Qt::LeftButton, {}, graph()->nodeRect(node).center());
        QCOMPARE(place().heads, QVector<HeadId>{mover});
        QCOMPARE(m_window->heatmapPane().heatmap()->selection(), QVector<HeadId>{mover});
        graph()->setFocus();
        QCOMPARE(activeView(*m_window), FigureView::Graph);
        const auto subject = shownSubject(*m_window, FigureView::Graph);
        QVERIFY(subject && std::holds_alternative<widgets::GraphView>(subject->content) && subject->result);
        m_window->actions().selectCircuit->trigger();
        QCOMPARE(place().heads, place().circuit);
    }

    void rolesAreFoundAndMaskTheHeatmap()
    {
        navigation().showRun(m_direct);
        QComboBox *mask = &m_fixture.part<QComboBox>("shown-heads");
        const int find = mask->findText(QStringLiteral("Find"), Qt::MatchStartsWith);
        QVERIFY(find > 0);
        choose(mask, find);
        QCOMPARE(place().run, m_direct); // what is on view stays
        QTRY_VERIFY_WITH_TIMEOUT(m_window->explorer().roles.known(), 120000);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        const auto movers = m_window->explorer().roles.headsWith(QStringLiteral("name mover"));
        QVERIFY(movers.contains(mover));
        choose(mask, mask->findText(QStringLiteral("name mover ("), Qt::MatchStartsWith));
        const auto &view = m_window->heatmapPane().heatmap()->view();
        const qsizetype all = view.facets.front().values.size();
        QCOMPARE(view.masked.size(), all - movers.size());
        for (const HeadId &head : movers)
            QVERIFY(!view.masked.contains(head));
        // With a threshold beside it: fading adds up.
        m_fixture.part<QDoubleSpinBox>("fade-below").setValue(100);
        QCOMPARE(m_window->heatmapPane().heatmap()->view().masked.size(), all);
        m_window->actions().undo->trigger();
        QCOMPARE(m_fixture.part<QDoubleSpinBox>("fade-below").value(), 0.0);
        m_window->actions().undo->trigger();
        QVERIFY(m_window->heatmapPane().heatmap()->view().masked.isEmpty());
        QCOMPARE(mask->currentIndex(), 0);
        choose(mask, mask->findText(QStringLiteral("the circuit"), Qt::MatchStartsWith));
        QCOMPARE(m_window->heatmapPane().heatmap()->view().masked.size(), all - place().circuit.size());
        navigation().setMask({});
        QTRY_VERIFY(std::any_of(graph()->view().nodes.begin(), graph()->view().nodes.end(),
                                [](const auto &n) { return n.role.contains(QStringLiteral("name mover")); }));
    }

    void theHeadsOfARolesRunBecomeTheCircuit()
    {
        m_window->actions().findRoles->trigger(); // known: shown at once
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        QVERIFY(m_fixture.shown()->spec.is<Analysis>() && m_fixture.shown()->spec.as<Analysis>()->name == "roles");
        QVERIFY(!m_window->heatmapPane().heatmap()->view().facets.isEmpty());
        m_window->actions().takeCircuit->trigger();
        for (const HeadId &head : m_window->explorer().roles.allHeads())
            QVERIFY(place().circuit.contains(head));
        m_window->actions().clearCircuit->trigger();
        QVERIFY(place().circuit.isEmpty() && graph()->view().nodes.isEmpty());
    }

    void theCircuitIsKeptForTheNextStart()
    {
        navigation().addToCircuit({mover, inhibitor});
        m_fixture.close();
        QVERIFY((m_window = m_fixture.openReady()));
        QCOMPARE(place().circuit, (QVector<HeadId>{inhibitor, mover}));
        QCOMPARE(graph()->view().nodes.size(), 2);
        QVERIFY(!m_window->actions().undo->isEnabled()); // nothing was done yet
        // What is kept belongs to the model's weights and is checked against its shape.
        const Setup &setup = *m_window->explorer().document.setup();
        QSettings().setValue(QStringLiteral("circuits/") + QString::fromStdString(setup.model_ref.sha256),
                             QStringList{QStringLiteral("L5H7"), QStringLiteral("L6H0"), QStringLiteral("L0H8"),
                                         QStringLiteral("nonsense"), QStringLiteral("L5H7")});
        QCOMPARE(keptCircuit(setup), (QVector<HeadId>{{5, 7}}));
        m_window->actions().clearCircuit->trigger();
        QVERIFY(keptCircuit(setup).isEmpty());
    }

private:
    static constexpr HeadId mover{2, 1}, inhibitor{1, 4};
    Navigation &navigation() { return m_window->explorer().navigation; }
    const Place &place() { return navigation().place(); }
    widgets::GraphWidget *graph() { return m_window->circuitPane().graph(); }
    void choose(QComboBox *box, int index)
    {
        box->setCurrentIndex(index);
        Q_EMIT box->activated(index);
    }
    double effectIn(int run, HeadId head)
    {
        const RunResult &result = *m_window->explorer().runs.find(run)->result;
        return normalised(result.grids[0], result.grids[0].index(head.layer, head.head), result.baseline) * 100;
    }
    double effectOf(HeadId from, HeadId to)
    {
        for (const auto &edge : graph()->view().edges)
            if (edge.from == from && edge.to == to)
                return edge.effect;
        return 0;
    }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    int m_direct = -1;
};

QTEST_MAIN(TestCircuit)
#include "test_circuit.moc"
