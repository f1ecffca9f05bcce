// The loop: receivers in the tray, sweeps that follow, walking upstream, the trail, comparing, undo; on the demo model.
#include "controllers/attention_maths.h"
#include "controllers/run_views.h"
#include "heatmap_widget.h"
#include "view_models.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"

#include <QComboBox>

#include <algorithm>
#include <tuple>

using namespace patchbay;
using widgets::HeadId;

class TestExplorer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_explorer = &m_window->explorer();
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        m_zRun = m_explorer->navigation.place().run;
    }

    void theTrayRunsByItselfAndTheWalkKeepsItsTrail()
    {
        PathController &paths = m_explorer->paths;
        paths.runFinalResidual();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        QCOMPARE(paths.trail().size(), 1);
        QVERIFY(paths.canWalk());

        m_window->actions().walk->trigger();
        const auto receivers = m_explorer->navigation.place().receivers;
        QVERIFY(!receivers.isEmpty());
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        QCOMPARE(paths.trail().size(), 2);
        QVERIFY(m_fixture.shown()->live);
        QCOMPARE(m_fixture.shown()->spec.as<PathPatch>()->receivers.nodes.size(), size_t(receivers.size()));

        // A receiver more: the sweep follows, the trail's last step is corrected.
        paths.add({receivers.front().head}, Site::V);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        QCOMPARE(paths.trail().size(), 2);
        QCOMPARE(m_fixture.shown()->spec.as<PathPatch>()->receivers.nodes.size(), size_t(receivers.size() + 1));

        paths.returnTo(0);
        QVERIFY(m_explorer->navigation.place().receivers.isEmpty());
        QVERIFY(m_fixture.shown()->spec.as<PathPatch>()->receivers.nodes.front().site == Site::ResidPost);
        QCOMPARE(paths.trail().size(), 2);
    }

    void aNewerLiveRunSupersedesAnOlderOne()
    {
        const int layers = m_explorer->document.setup()->config().n_layers;
        const int before = m_explorer->runs.rowCount();
        for (int head = 0; head < 5; ++head)
            m_explorer->paths.receive({{layers - 1, head}}, Site::K);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        QVERIFY(m_fixture.shown()->state == RunState::Done);
        QCOMPARE(m_fixture.shown()->spec.as<PathPatch>()->receivers.nodes.front().head, 4);
        QVERIFY2(m_explorer->runs.rowCount() <= before + 2, "superseded runs leave nothing behind");
    }

    void stoppedRunsContinue()
    {
        // Stopped by its own first news. They come twenty times a second, so the sweep has to be long enough for more
        // than one.
        m_fixture.chooseSites({Site::Q, Site::K, Site::V});
        const auto combos = m_window->findChildren<QComboBox *>();
        const auto positions = std::find_if(combos.begin(), combos.end(), [](const QComboBox *box) {
            return box->findData(QStringLiteral("each")) >= 0;
        });
        QVERIFY(positions != combos.end());
        (*positions)->setCurrentIndex((*positions)->findData(QStringLiteral("each")));
        const auto once = connect(&m_explorer->runs, &RunsStore::runChanged, this, [this](int run) {
            if (m_explorer->runs.find(run)->done > 0
                && m_explorer->runs.find(run)->done < m_explorer->runs.find(run)->total)
                m_window->actions().stop->trigger();
        });
        m_window->actions().run->trigger();
        const int id = m_explorer->navigation.place().run;
        QTRY_VERIFY_WITH_TIMEOUT(m_explorer->runs.find(id)->finished(), 60000);
        disconnect(once);
        QVERIFY2(m_explorer->runs.find(id)->state == RunState::Stopped,
                 "a sweep of 2160 cells tells of its first ones before its last");
        (*positions)->setCurrentIndex((*positions)->findData(QStringLiteral("all")));
        m_window->actions().continueRun->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_explorer->runs.find(id)->state == RunState::Done, 60000);
        for (const Grid &grid : m_explorer->runs.find(id)->result->grids)
            QVERIFY(
                std::all_of(grid.state.begin(), grid.state.end(), [](CellState s) { return s == CellState::Exact; }));
    }

    void onePromptAndTheMeanAgree()
    {
        const RunResult &result = *m_explorer->runs.find(m_zRun)->result;
        const auto mean = heatmapView(result);
        QVector<double> sum(mean.facets[0].values.size());
        const int prompts = result.grids[0].prompts;
        for (int p = 0; p < prompts; ++p) {
            const auto one = heatmapView(onePrompt(result, p));
            for (qsizetype i = 0; i < sum.size(); ++i)
                sum[i] += one.facets[0].values[i] / prompts;
        }
        for (qsizetype i = 0; i < sum.size(); ++i)
            QVERIFY(std::abs(sum[i] - mean.facets[0].values[i]) < 1e-3);
    }

    // Senders whose value becomes zero are patched into the flipped run when denoising: where nothing changes, each
    // prompt's effect is 0.
    void onePromptOfAZeroPathPatchIsCountedFromItsOwnBase()
    {
        RunResult result;
        PathPatch path;
        path.direction = Direction::Denoise;
        path.ablation = Ablation::Zero;
        result.spec = spec_of(path);
        result.baseline.clean = {5, 1, 2};
        result.baseline.flipped = {-1, -3, 0.5f};
        result.baseline.clean_mean = 8.0 / 3;
        result.baseline.flipped_mean = -3.5 / 3;
        Grid grid;
        grid.name = "path";
        grid.axes = {"layer", "head"};
        grid.shape = {1, 2};
        grid.prompts = 3;
        grid.direction = Direction::Denoise;
        grid.per_prompt = {-1, -3, 0.5f, -1 + 1, -3 + 2, 0.5f + 3}; // as the base run; one, two and three logits more
        grid.state.assign(2, CellState::Exact);
        result.grids = {grid};
        for (int prompt = 0; prompt < 3; ++prompt) {
            const auto view = heatmapView(onePrompt(result, prompt));
            QVERIFY(std::abs(view.facets[0].values[0]) < 1e-4);
            QVERIFY(std::abs(view.facets[0].values[1] - 100 * (prompt + 1) / result.baseline.gap()) < 1e-3);
        }
    }

    // What a snapshot calls changed is what the heatmap repaints: exactly the cells whose picture differs.
    void changedCellsAreWhereTheViewShowsThem()
    {
        RunResult result;
        result.baseline.clean_mean = 1;
        const auto add = [&](std::vector<std::string> axes, std::vector<int> shape) {
            Grid grid;
            grid.name = "denoise.z" + std::to_string(result.grids.size());
            grid.axes = std::move(axes);
            grid.shape = std::move(shape);
            grid.prompts = 1;
            int cells = 1;
            for (const int size : grid.shape)
                cells *= size;
            grid.per_prompt.assign(size_t(cells), 0);
            grid.state.assign(size_t(cells), CellState::Exact);
            result.grids.push_back(grid);
        };
        const auto check = [&] {
            const auto before = heatmapView(result);
            RunResult changed = result;
            ChangedCells cells = ChangedCells::none();
            for (size_t g = 0; g < changed.grids.size(); ++g)
                for (int cell = int(g); cell < changed.grids[g].cells(); cell += 3) {
                    changed.grids[g].per_prompt[size_t(cell)] = 1;
                    cells.add(int(g), {cell});
                }
            const auto after = heatmapView(changed);
            QVector<widgets::CellRef> differ;
            for (int f = 0; f < after.facets.size(); ++f)
                for (int i = 0; i < after.facets[f].values.size(); ++i)
                    if (after.facets[f].values[i] != before.facets[f].values[i])
                        differ << widgets::CellRef{f, i / after.facets[f].columns, i % after.facets[f].columns};
            QVector<widgets::CellRef> shown = shownCells(changed, cells);
            const auto order = [](const widgets::CellRef &a, const widgets::CellRef &b) {
                return std::tie(a.facet, a.row, a.column) < std::tie(b.facet, b.row, b.column);
            };
            std::sort(shown.begin(), shown.end(), order);
            QVERIFY(!differ.isEmpty());
            QCOMPARE(shown, differ);
        };
        add({}, {}); // a single run has no cell in a heatmap
        add({"layer", "head"}, {3, 4});
        add({"layer", "pos", "head"}, {3, 2, 4});
        add({"layer", "head"}, {3, 4});
        add({"layer", "pos"}, {3, 5}); // left out: its columns are no heads
        check();
        result.grids.clear();
        add({"layer", "pos"}, {3, 5});
        add({"layer"}, {3});
        check();
    }

    void aRunMinusItselfIsNothing()
    {
        Place place;
        place.run = place.comparedRun = m_zRun;
        const auto view = shownHeatmap(place, m_explorer->runs);
        QCOMPARE(view.facets.size(), 1);
        for (const double value : view.facets[0].values)
            QCOMPARE(value, 0.0);
    }

    void theTitleOfADifferenceSaysOnceWhatTheRunsShare()
    {
        QCOMPARE(
            differenceTitle(QStringLiteral("Patching of z, denoising"), QStringLiteral("Patching of v, denoising")),
            QStringLiteral("Difference: Patching of [z] − [v], denoising"));
        QCOMPARE(differenceTitle(QStringLiteral("mine"), QStringLiteral("yours")),
                 QStringLiteral("Difference: [mine] − [yours]"));
        QCOMPARE(differenceTitle(QStringLiteral("a run"), QStringLiteral("a run")),
                 QStringLiteral("Difference: a run − a run"));
    }

    void theMeanByRoleIsAttention()
    {
        m_explorer->navigation.select({{3, 0}}, {3, 0});
        m_explorer->attention.setPrompt(-1);
        QTRY_VERIFY_WITH_TIMEOUT(!m_explorer->attention.views().isEmpty()
                                     && m_explorer->attention.views().front().head == (HeadId{3, 0}),
                                 30000);
        const auto view = m_explorer->attention.views().front();
        QCOMPARE(view.size, 7);
        for (int row = 0; row < 6; ++row) {
            double sum = 0;
            for (int column = 0; column < view.size; ++column)
                sum += view.weights[row * view.size + column];
            QVERIFY2(std::abs(sum - 1) < 1e-3,
                     qPrintable(QStringLiteral("row %1 sums to %2").arg(view.tokens[row]).arg(sum)));
        }
        m_explorer->attention.setPrompt(0);
    }

    void differencesAndPatchedPatternsAreShown()
    {
        m_explorer->navigation.select({{1, 0}, {4, 1}}, {4, 1});
        m_explorer->attention.setSource(AttentionSource::CleanMinusFlipped);
        QTRY_VERIFY_WITH_TIMEOUT(
            !m_explorer->attention.views().isEmpty() && m_explorer->attention.views().front().difference, 30000);
        m_explorer->navigation.showRun(m_zRun);
        m_explorer->attention.setSource(AttentionSource::Patched);
        QTRY_VERIFY_WITH_TIMEOUT(!m_explorer->attention.views().isEmpty()
                                     && m_explorer->attention.views().front().title.contains(QStringLiteral("patched")),
                                 30000);
        // Patched patterns are plain, whatever the others are shown as; so is what they are compared with.
        m_explorer->attention.setKind(AttentionKind::ValueWeighted);
        m_explorer->attention.setSource(AttentionSource::PatchedMinusBase);
        QTRY_VERIFY_WITH_TIMEOUT(
            !m_explorer->attention.views().isEmpty() && m_explorer->attention.views().front().difference, 30000);
        const widgets::AttentionView difference = m_explorer->attention.views().front();
        QVERIFY(!difference.title.contains(QStringLiteral("value-weighted")));
        for (int row = 0; row < difference.size; ++row) {
            double sum = 0; // of two rows that each sum to 1
            for (int column = 0; column < difference.size; ++column)
                sum += difference.weights[row * difference.size + column];
            QVERIFY2(std::abs(sum) < 1e-3, qPrintable(QStringLiteral("row %1 sums to %2").arg(row).arg(sum)));
        }
        m_explorer->attention.setKind(AttentionKind::Plain);
        m_explorer->attention.setSource(AttentionSource::Clean);
    }

    // An ablation has the clean run as its base, whatever the direction of its specification says.
    void attentionAfterAnAblationIsComparedWithTheCleanRun()
    {
        ActPatch ablation;
        ablation.ablation = Ablation::Zero; // and its direction is denoising
        const int run = m_explorer->runner.run(spec_of(ablation));
        QTRY_VERIFY_WITH_TIMEOUT(m_explorer->runs.find(run) && m_explorer->runs.find(run)->finished(), 60000);
        m_explorer->navigation.showRun(run);
        m_explorer->navigation.select({{5, 0}, {0, 1}}, {0, 1}); // a head of layer 0 sees nothing of layer 5's output
        m_explorer->attention.setSource(AttentionSource::PatchedMinusBase);
        QTRY_VERIFY_WITH_TIMEOUT(!m_explorer->attention.views().isEmpty()
                                     && m_explorer->attention.views().front().difference
                                     && m_explorer->attention.views().front().head == (widgets::HeadId{0, 1}),
                                 30000);
        for (const float weight : m_explorer->attention.views().front().weights)
            QVERIFY(std::abs(weight) < 1e-4f);
        m_explorer->attention.setSource(AttentionSource::Clean);
    }

private:
    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    Explorer *m_explorer = nullptr;
    int m_zRun = -1;
};

QTEST_MAIN(TestExplorer)
#include "test_explorer.moc"
