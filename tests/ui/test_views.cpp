// What the pointer and the keyboard do in the views of the real window, and that one selection is in all of them.
#include "attention_text_widget.h"
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "docks/run_delegate.h"
#include "heatmap_widget.h"
#include "patching/controls.h"
#include "scatter_widget.h"
#include "view_models.h"
#include "views/attention_pane.h"
#include "views/bars_pane.h"
#include "views/heatmap_pane.h"
#include "views/scatter_pane.h"
#include "window_fixture.h"

#include <QClipboard>
#include <QComboBox>
#include <QDockWidget>
#include <QLabel>
#include <QSlider>

#include <algorithm>
#include <cmath>

using namespace patchbay;
using widgets::HeadId;

class TestViews : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_fixture.chooseSites({Site::Z, Site::Pattern});
        m_window->actions().run->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        m_heatmap = m_window->heatmapPane().heatmap();
    }

    // Quiet where the run's controls are what they must be, loud where one is not; captions say it, too.
    void theMarkOfTheControls()
    {
        QLabel *mark = m_window->heatmapPane().controlsMark();
        QVERIFY(mark->isVisible());
        QCOMPARE(mark->text(), QStringLiteral("✓"));
        QVERIFY2(mark->toolTip().startsWith(QStringLiteral("Controls: own values +0.0 %, everything +100.0 %, ")),
                 qPrintable(mark->toolTip()));
        const int id = m_fixture.shown()->id;
        const RunResultPtr whole = m_fixture.shown()->result;
        QVERIFY(resultCaption(*whole).contains(QStringLiteral("Controls: own values")));
        const auto show = [&](const RunResultPtr &result) {
            ChangedCells all;
            all.all = true;
            m_window->explorer().runs.update(
                id, [&](RunEntry &entry) { entry.result = result; }, all);
        };
        RunResult broken = *whole;
        std::vector<float> own = broken.arrays.at(control_own).floats();
        for (float &value : own)
            value += 0.5f;
        broken.arrays[control_own] = {broken.arrays.at(control_own).shape, own};
        show(std::make_shared<const RunResult>(broken));
        QVERIFY2(mark->text().contains(QStringLiteral("control failed")), qPrintable(mark->text()));
        QVERIFY(mark->toolTip().startsWith(QStringLiteral("CONTROL FAILED: ")));
        QVERIFY(resultCaption(broken).contains(QStringLiteral("CONTROL FAILED: ")));
        broken.arrays.clear(); // of an earlier version
        show(std::make_shared<const RunResult>(broken));
        QVERIFY(!mark->isVisible());
        show(whole);
        QCOMPARE(mark->text(), QStringLiteral("✓"));
    }

    void rubberBandShiftAndArrows()
    {
        const QPoint from = cell({1, 1}), to = cell({2, 3});
        QTest::mousePress(m_heatmap, Qt::LeftButton, {}, from);
        drag(m_heatmap, (from + to) / 2);
        drag(m_heatmap, to);
        QTest::mouseRelease(m_heatmap, Qt::LeftButton, {}, to);
        QCOMPARE(place().heads.size(), 6);
        QVERIFY(place().heads.contains(HeadId{1, 2}) && place().heads.contains(HeadId{2, 3}));
        QTest::mouseClick(m_heatmap, Qt::LeftButton, {}, cell({0, 0}));
        QTest::mouseClick(m_heatmap, Qt::LeftButton, Qt::ShiftModifier, cell({1, 1}));
        QCOMPARE(place().heads.size(), 4);
        QTest::keyClick(m_heatmap, Qt::Key_Down);
        QCOMPARE(place().heads, QVector<HeadId>{(HeadId{2, 1})});
        QTest::keyClick(m_heatmap, Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(place().heads.size(), 2);
    }

    void bothFacetsHaveOneScaleAndValuesAreCopied()
    {
        const auto &view = m_heatmap->view();
        QCOMPARE(view.facets.size(), 2);
        navigation().select({{1, 4}}, {1, 4});
        m_window->actions().copyValues->trigger();
        const QStringList fields = QApplication::clipboard()->text().split(QLatin1Char('\t'));
        QCOMPARE(fields.size(), 3); // the head and a value from each facet
        QCOMPARE(fields[0], QStringLiteral("L1H4"));
    }

    void theReadOutNamesTheInterval()
    {
        drag(m_heatmap, cell({1, 4}), Qt::NoButton);
        QVERIFY(m_heatmap->readout().contains(QStringLiteral("exact")));
        QTRY_VERIFY2_WITH_TIMEOUT(m_heatmap->readout().contains(QStringLiteral("±")), qPrintable(m_heatmap->readout()),
                                  20000);
    }

    void everyViewIsReachedByKeyboard()
    {
        for (QAction *go : m_window->actions().goTo) {
            m_window->setFocus();
            if (go->shortcut().isEmpty()) // there are more than ten; the palette has them all
                go->trigger();
            else
                QTest::keyClick(m_window, Qt::Key(go->shortcut()[0].key()), Qt::AltModifier);
            const QString name = go->data().toString();
            const QWidget *focus = m_window->focusWidget();
            const QWidget *goal = name == QStringLiteral("heatmap")
                ? m_heatmap
                : static_cast<QWidget *>(m_window->findChild<QDockWidget *>(name));
            QVERIFY2(goal && focus && (focus == goal || goal->isAncestorOf(focus)), qPrintable(name));
        }
    }

    void aLassoAroundTheFarthestPointSelectsItEverywhere()
    {
        m_window->docking().reveal(QStringLiteral("scatter"));
        auto *scatter = m_window->scatterPane().scatter();
        QTRY_VERIFY_WITH_TIMEOUT(!scatter->view().points.isEmpty() && scatter->isVisible(), 5000);
        int far = 0;
        for (int i = 0; i < scatter->view().points.size(); ++i)
            if (scatter->view().points[i].y > scatter->view().points[far].y)
                far = i;
        const HeadId strongest = scatter->view().points[far].head;
        const QPoint at = scatter->pixelOf(far).toPoint();
        const int reach = 5;
        QTest::mousePress(scatter, Qt::LeftButton, {}, at + QPoint(-reach, -3 * reach));
        for (const QPoint &corner : {QPoint(reach, -3 * reach), QPoint(reach, reach), QPoint(-reach, reach)})
            drag(scatter, at + corner);
        QTest::mouseRelease(scatter, Qt::LeftButton, {}, at + QPoint(-reach, reach));
        QVERIFY(place().heads.contains(strongest));
        QCOMPARE(m_heatmap->selection(), place().heads);
        QCOMPARE(scatter->selection(), place().heads);
        QCOMPARE(m_window->barsPane().bars()->selection(), place().heads);
        drag(scatter, at, Qt::NoButton);
        QVERIFY2(scatter->readout().startsWith(label(strongest)), qPrintable(scatter->readout()));
    }

    void barsHaveATotalAndSelect()
    {
        m_window->docking().reveal(QStringLiteral("bars"));
        auto *bars = m_window->barsPane().bars();
        QTRY_VERIFY_WITH_TIMEOUT(!bars->view().bars.isEmpty() && bars->isVisible(), 5000);
        QVERIFY2(bars->view().totalText.contains(QStringLiteral("Total of 15")), qPrintable(bars->view().totalText));
        double total = 0;
        for (const auto &bar : bars->view().bars)
            total += bar.value;
        QVERIFY2(bars->view().totalText.contains(QString::number(std::abs(total), 'f', 1)),
                 qPrintable(bars->view().totalText));
        QTest::mouseClick(bars, Qt::LeftButton, {}, bars->rowRect(1).center());
        QCOMPARE(place().heads, QVector<HeadId>{bars->view().bars[1].head});
        QCOMPARE(m_heatmap->selection(), place().heads);
        QTest::keyClick(bars, Qt::Key_Down);
        QCOMPARE(place().heads, QVector<HeadId>{bars->view().bars[2].head});
    }

    // The options of the bars, while the quantities of the run that has just come on view are still to be listed.
    void barsOfARunThatHasJustCome()
    {
        const int sweep = place().run;
        const widgets::BarsView before = m_window->barsPane().bars()->view();
        m_window->explorer().runner.run(spec_of(Analysis{"dla", {}, nullptr}));
        QTRY_VERIFY(m_fixture.idle() && place().run != sweep
                    && m_window->barsPane().bars()->view().unit == QStringLiteral("logits"));
        navigation().showRun(sweep);
        QComboBox *sign = nullptr, *effect = nullptr;
        for (QComboBox *box : m_window->barsPane().findChildren<QComboBox *>())
            (box->accessibleName() == QStringLiteral("Which sign") ? sign : effect) = box;
        QVERIFY(sign && effect);
        sign->setCurrentIndex(1);
        const auto &shown = m_window->barsPane().bars()->view();
        QCOMPARE(shown.unit, before.unit);
        QVERIFY(!shown.bars.isEmpty());
        for (const widgets::Bar &bar : shown.bars)
            QVERIFY(bar.value > 0);
        sign->setCurrentIndex(0);
        const RunResult &result = *m_window->explorer().runs.find(sweep)->result;
        QCOMPARE(shown.totalText, barsView(result, effect->currentData().toString().toStdString()).totalText);
    }

    void thumbnailsMatrixTextAndWeights()
    {
        AttentionPane &pane = m_window->attentionPane();
        navigation().select({{1, 0}, {1, 4}, {2, 1}}, {2, 1});
        QTRY_COMPARE_WITH_TIMEOUT(m_window->explorer().attention.views().size(), 3, 20000);
        QVERIFY(pane.thumbnails()->isVisible());
        const auto plain = pane.matrix()->view();
        QCOMPARE(plain.head, (HeadId{2, 1}));
        m_window->explorer().attention.setKind(AttentionKind::ValueWeighted);
        QTRY_VERIFY_WITH_TIMEOUT(pane.matrix()->view().title.contains(QStringLiteral("value-weighted")), 20000);
        QVERIFY(pane.matrix()->view().weights != plain.weights);
        m_window->explorer().attention.setKind(AttentionKind::Plain);
        // A click on a row of the matrix is the token that the text stays at.
        pane.showText(true);
        QVERIFY(pane.text()->isVisible());
        const int end = int(plain.tokens.size()) - 1;
        Q_EMIT pane.matrix()->clicked(end, 0);
        QCOMPARE(pane.text()->locked(), end);
        QVERIFY2(pane.text()->readout().contains(QStringLiteral("END"))
                     && pane.text()->readout().contains(QStringLiteral("IO")),
                 qPrintable(pane.text()->readout()));
        pane.text()->setMode(widgets::AttentionTextWidget::Mode::WhoLooksAtIt);
        QVERIFY(pane.text()->readout() != QString());
        pane.showText(false);
        for (const auto source : {AttentionSource::Flipped, AttentionSource::CleanMinusFlipped,
                                  AttentionSource::Patched, AttentionSource::PatchedMinusBase}) {
            const QString before = pane.matrix()->view().title;
            m_window->explorer().attention.setSource(source);
            QTRY_VERIFY_WITH_TIMEOUT(pane.matrix()->view().title != before, 20000);
        }
        QVERIFY(pane.matrix()->view().difference);
        m_window->explorer().attention.setSource(AttentionSource::Clean);
    }

    void theSliderChoosesAPromptForEveryView()
    {
        auto *slider = m_window->heatmapPane().findChild<QSlider *>(QStringLiteral("prompt"));
        QVERIFY(slider && slider->maximum() == 69);
        const int steps = navigation().undoStack().index();
        for (int prompt : {1, 2, 3})
            slider->setValue(prompt);
        QCOMPARE(place().prompt, 3);
        QVERIFY(m_heatmap->view().title.contains(QStringLiteral("prompt 4")));
        QCOMPARE(m_window->explorer().attention.prompt(), 3);
        QCOMPARE(navigation().undoStack().index(), steps + 1); // one drag, one step
        m_window->actions().meanPrompt->trigger();
        QCOMPARE(place().prompt, -1);
        m_window->actions().previousPrompt->trigger();
        QCOMPARE(place().prompt, 69);
        m_window->actions().meanPrompt->trigger();
    }

    // Nobody has chosen axes: two directions, or the same of two tasks, are not set against each other.
    void theScatterPairsOneDirectionOfOneTask()
    {
        RunsStore &runs = m_window->explorer().runs;
        const RunEntry base = *runs.find(place().run);
        QCOMPARE(base.result->grids.size(), size_t(2));
        const auto boxes = m_window->scatterPane().findChildren<QComboBox *>();
        const auto named = [&](const QString &name) {
            return *std::find_if(boxes.begin(), boxes.end(),
                                 [&](const QComboBox *box) { return box->accessibleName() == name; });
        };
        const auto *x = named(QStringLiteral("Horizontal axis"));
        const auto *y = named(QStringLiteral("Vertical axis"));
        QVector<int> added;
        // A run with one grid, like the one on view in everything else.
        const auto add = [&](const std::string &site, Direction direction, int64_t seed) {
            RunEntry entry = base;
            entry.name =
                QStringLiteral("%1, seed %2").arg(direction == Direction::Noise ? "noising" : "denoising").arg(seed);
            RunResult result = *base.result;
            result.grids.resize(1);
            result.grids[0].name = (direction == Direction::Noise ? "noise." : "denoise.") + site;
            result.grids[0].direction = direction;
            ActPatch sweep = *entry.spec.as<ActPatch>();
            sweep.direction = direction;
            entry.spec.method = sweep;
            entry.spec.task.seed = seed;
            result.spec = entry.spec;
            entry.result = std::make_shared<const RunResult>(result);
            entry.halfWidths.clear();
            added << runs.add(entry);
            if (seed == base.spec.task.seed) // a run of another task would bring that
                navigation().showRun(added.back());
        };
        const int64_t seed = base.spec.task.seed;
        const auto both = [&] { return y->currentText() + QStringLiteral(" | ") + x->currentText(); };
        const auto text = [&](const char *site, const QString &run) {
            return QStringLiteral("%1 · %2").arg(QLatin1String(site), run);
        };
        const QString own =
            text("Output (z)", shortName(base)) + QStringLiteral(" | ") + text("Pattern", shortName(base));
        add("z", Direction::Noise, seed);
        QTRY_COMPARE(y->count(), 3);
        QCOMPARE(both(), own);
        add("z", Direction::Denoise, seed + 1);
        add("pattern", Direction::Noise, seed);
        QTRY_COMPARE(y->count(), 4); // those of another task are not offered
        const QString noising = QStringLiteral("noising, seed %1").arg(seed);
        QCOMPARE(both(), text("Pattern", noising) + QStringLiteral(" | ") + text("Output (z)", noising));
        for (const int run : added)
            runs.remove(run);
        navigation().showRun(base.id);
        QTRY_COMPARE(y->count(), 2);
    }

    void everyRunIsItsOwnStepBack()
    {
        const int first = place().run;
        m_window->explorer().paths.runFinalResidual();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && place().run != first, 60000);
        const int second = place().run;
        m_fixture.chooseSites({Site::V});
        m_window->actions().run->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && place().run != second, 60000);
        m_window->actions().undo->trigger();
        QCOMPARE(place().run, second);
        m_window->actions().undo->trigger();
        QCOMPARE(place().run, first);
    }

private:
    Navigation &navigation() { return m_window->explorer().navigation; }
    const Place &place() { return navigation().place(); }
    QPoint cell(HeadId head) const { return m_heatmap->layoutGeometry().cellRect({0, head.layer, head.head}).center(); }
    void drag(QWidget *widget, QPoint to, Qt::MouseButtons buttons = Qt::LeftButton)
    {
        QMouseEvent event(QEvent::MouseMove, to, widget->mapToGlobal(to), Qt::NoButton, buttons, Qt::NoModifier);
        QCoreApplication::sendEvent(widget, &event);
    }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    widgets::HeatmapWidget *m_heatmap = nullptr;
};

QTEST_MAIN(TestViews)
#include "test_views.moc"
