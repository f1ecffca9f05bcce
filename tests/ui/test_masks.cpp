// What fades heads, how far colours go, and what each method was set to: chosen at the controls, said on screen.
#include "analysis/selection.h"
#include "colour_map.h"
#include "heatmap_widget.h"
#include "views/heatmap_pane.h"
#include "views/mask_control.h"
#include "views/range_panel.h"
#include "window_fixture.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFrame>
#include <QToolButton>

#include <cmath>

using namespace patchbay;
using widgets::HeadId;

class TestMasks : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_pane = m_window->findChild<HeatmapPane *>();
        m_mask = m_window->findChild<MaskControl *>();
        QVERIFY(m_pane && m_mask);
    }

    // The notebook's heatmap of direct effects with the heads that do not copy masked, by clicks.
    void directEffectsOfHeadsThatCopy()
    {
        m_window->actions().finalResidual->trigger();
        QTRY_VERIFY(m_fixture.idle());
        const int direct = m_fixture.shown()->id;
        QVERIFY(!m_mask->chip()->isVisible());
        QTest::mouseClick(m_mask->button(), Qt::LeftButton);
        QVERIFY(m_mask->panel()->isVisible());
        choose(m_mask->quantity(), m_mask->quantity()->findData(QStringLiteral("copy.positive")));
        QCOMPARE(m_mask->threshold()->value(), 75.0); // the threshold of copying
        QCOMPARE(m_mask->threshold()->suffix(), QStringLiteral(" %"));
        m_mask->panel()->hide();
        // It is measured, and the run on view stays.
        QTRY_VERIFY(m_window->explorer().runner.activeRun() < 0 && !masked().isEmpty());
        QCOMPARE(m_fixture.shown()->id, direct);
        const RunEntry &copies = m_window->explorer().runs.entries().front();
        QVERIFY(copies.result && copies.result->arrays.contains("copy.positive"));
        const HeadQuantity score = quantity(*copies.result, "copy.positive");
        for (int layer = 0; layer < score.layers; ++layer)
            for (int head = 0; head < score.heads; ++head)
                QCOMPARE(masked().contains(HeadId{layer, head}),
                         std::abs(score.values[size_t(layer * score.heads + head)]) < 75);
        QVERIFY(m_mask->chip()->isVisible());
        QVERIFY2(m_mask->chip()->text().contains(QStringLiteral("copy score ≥ 75 %")),
                 qPrintable(m_mask->chip()->text()));
    }

    void aMaskByAttention()
    {
        choose(m_mask->quantity(), m_mask->quantity()->findData(QStringLiteral("attention.end_to_io")));
        QCOMPARE(m_mask->threshold()->value(), 0.3);
        QCOMPARE(m_mask->threshold()->suffix(), QString());
        QTRY_VERIFY(m_window->explorer().runner.activeRun() < 0
                    && m_window->explorer().runs.entries().front().result->arrays.contains("attention.end_to_io"));
        const HeadQuantity seen = quantity(*m_window->explorer().runs.entries().front().result, "attention.end_to_io");
        for (int head = 0; head < seen.heads; ++head)
            QTRY_COMPARE(masked().contains(HeadId{1, head}), seen.values[size_t(seen.heads + head)] < 0.3);
        m_mask->threshold()->setValue(0.05); // typed
        for (int head = 0; head < seen.heads; ++head)
            QCOMPARE(masked().contains(HeadId{1, head}), seen.values[size_t(seen.heads + head)] < 0.05);
    }

    void aNewRunHasNoMask()
    {
        const int direct = m_fixture.shown()->id;
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->id != direct);
        QVERIFY(masked().isEmpty());
        QVERIFY(!m_mask->chip()->isVisible());
        // By another run's effects.
        const int other = m_mask->quantity()->findData(QStringLiteral("%1/path").arg(direct));
        QVERIFY(other > 0);
        choose(m_mask->quantity(), other);
        m_mask->threshold()->setValue(2);
        const RunResult &result = *m_window->explorer().runs.find(direct)->result;
        const Grid &grid = result.grids.front();
        for (int cell = 0; cell < grid.cells(); ++cell)
            QCOMPARE(masked().contains(HeadId{grid.at(cell).layer, grid.at(cell).head}),
                     std::abs(normalised(grid, cell, result.baseline)) < 0.02);
        // The earlier run comes back with the mask it had; a click on the chip takes it away.
        m_window->explorer().navigation.showRun(direct);
        QVERIFY(m_mask->chip()->isVisible() && !masked().isEmpty());
        QTest::mouseClick(m_mask->chip(), Qt::LeftButton);
        QVERIFY(!m_mask->chip()->isVisible() && masked().isEmpty());
        m_window->actions().undo->trigger();
        QVERIFY(m_mask->chip()->isVisible());
        m_window->actions().redo->trigger();
    }

    void coloursHaveAFloor()
    {
        widgets::HeatmapView view;
        view.facets = {{{}, 1, 2, {0.003, -0.001}, {widgets::CellState::Exact, widgets::CellState::Exact}, {}, {}}};
        view.floor = 1;
        QCOMPARE(widgets::colourLimit(view), 1.0);
        view.facets.front().values = {25, 0};
        QCOMPARE(widgets::colourLimit(view), 25.0);
        view.limit = 0.1; // what somebody asked for
        QCOMPARE(widgets::colourLimit(view), 0.1);
        QCOMPARE(m_pane->heatmap()->view().floor, 1.0); // % of the gap
    }

    void theRangeIsDraggedTypedAndLocked()
    {
        auto *heatmap = m_pane->heatmap();
        const double data = heatmap->colourEnd();
        const QRect bar = heatmap->layoutGeometry().colourBar;
        QVERIFY(!bar.isEmpty());
        const QPoint low = bar.center(), high = low - QPoint(0, bar.height() / 4);
        QTest::mousePress(heatmap, Qt::LeftButton, {}, low);
        QTest::mouseMove(heatmap, high);
        QTest::mouseRelease(heatmap, Qt::LeftButton, {}, high);
        QVERIFY2(heatmap->colourEnd() < data / 2, "upwards: smaller effects are seen");
        QVERIFY(heatmap->selection() == m_window->explorer().navigation.place().heads); // nothing was selected

        QTest::mouseClick(heatmap, Qt::LeftButton, {}, low);
        RangePanel *panel = m_pane->rangePanel();
        QVERIFY(panel->isVisible());
        panel->limit()->setValue(10);
        QCOMPARE(heatmap->colourEnd(), 10.0);
        panel->lock()->setChecked(true);
        panel->hide();
        QVERIFY(heatmap->view().limitLocked);
        // Other runs in this unit have the same range and say so; those in other units have their own.
        const auto &entries = m_window->explorer().runs.entries();
        for (const RunEntry &entry : entries) {
            m_window->explorer().navigation.showRun(entry.id);
            if (heatmap->view().facets.isEmpty())
                continue;
            const bool same = heatmap->view().unit == QLatin1String("%");
            QCOMPARE(heatmap->view().limitLocked, same);
            QCOMPARE(heatmap->view().limit, same ? 10.0 : 0.0);
        }
        QTest::mouseClick(heatmap, Qt::LeftButton, {}, heatmap->layoutGeometry().colourBar.center());
        panel->automatic()->click();
        panel->hide();
        QVERIFY(!heatmap->view().limitLocked);
        QCOMPARE(heatmap->view().limit, 0.0);
    }

    void everyMethodRemembersItsOwn()
    {
        RunControls &controls = *m_window->findChild<RunControls *>();
        const auto box = [&](const QString &name) {
            for (QComboBox *one : controls.findChildren<QComboBox *>())
                if (one->accessibleName() == name)
                    return one;
            return static_cast<QComboBox *>(nullptr);
        };
        QComboBox *method = box(QStringLiteral("Method")), *direction = box(QStringLiteral("Direction")),
                  *positions = box(QStringLiteral("Positions"));
        method->setCurrentIndex(0);
        QCOMPARE(direction_of(controls.spec()), Direction::Denoise);
        method->setCurrentIndex(1);
        QCOMPARE(direction_of(controls.spec()), Direction::Noise);
        positions->setCurrentIndex(positions->findData(QStringLiteral("end")));
        method->setCurrentIndex(0);
        QCOMPARE(direction_of(controls.spec()), Direction::Denoise);
        QCOMPARE(positions->currentData().toString(), QStringLiteral("all"));
        direction->setCurrentIndex(direction->findData(int(Direction::Noise)));
        method->setCurrentIndex(2);
        method->setCurrentIndex(1);
        QCOMPARE(positions->currentData().toString(), QStringLiteral("end"));
        method->setCurrentIndex(0);
        QCOMPARE(direction_of(controls.spec()), Direction::Noise);
        // Receivers that are clicked while the toolbar says activation patching are path patching, and so noising.
        positions->setCurrentIndex(0);
        m_window->explorer().navigation.select({{2, 6}}, {2, 6});
        m_window->actions().receive.front()->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->spec.is<PathPatch>());
        QCOMPARE(m_fixture.shown()->spec.as<PathPatch>()->direction, Direction::Noise);
        QCOMPARE(to_string(m_fixture.shown()->spec.as<PathPatch>()->positions), std::string("end"));
    }

    // The heads whose place does not hang on these prompts; found beside the run, and kept by the mask's control.
    void headsThatStay()
    {
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->spec.is<ActPatch>()
                    && !m_fixture.shown()->stabilities.empty());
        const int share = m_mask->quantity()->findData(QStringLiteral("among-top"));
        QVERIFY(share > 0);
        choose(m_mask->quantity(), share);
        QCOMPARE(m_mask->threshold()->value(), 95.0);
        const RunResult &result = *m_fixture.shown()->result;
        const Stability stable = stability(result.grids.front(), result.baseline);
        for (int cell = 0; cell < result.grids.front().cells(); ++cell) {
            const CellPlace place = result.grids.front().at(cell);
            QCOMPARE(masked().contains(HeadId{place.layer, place.head}), !(stable.among_top[size_t(cell)] >= 0.95));
        }
        QVERIFY2(m_mask->chip()->text().contains(QStringLiteral("95 %")), qPrintable(m_mask->chip()->text()));
        QTest::mouseClick(m_mask->chip(), Qt::LeftButton);
        QVERIFY(masked().isEmpty());
    }

private:
    const QVector<HeadId> &masked() const { return m_pane->heatmap()->view().masked; }
    static void choose(QComboBox *box, int index)
    {
        box->setCurrentIndex(index);
        Q_EMIT box->activated(index);
    }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    HeatmapPane *m_pane = nullptr;
    MaskControl *m_mask = nullptr;
};

QTEST_MAIN(TestMasks)
#include "test_masks.moc"
