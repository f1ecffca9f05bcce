// The first two minutes of a user, from start to figure, with mouse and keyboard on the real window.
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "controllers/run_views.h"
#include "docks/heads_dock.h"
#include "docks/runs_dock.h"
#include "export/export_dialog.h"
#include "figure/figure.h"
#include "heatmap_widget.h"
#include "shell/message_bar.h"
#include "view_models.h"
#include "views/attention_pane.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"

#include <QListView>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>

#include <cmath>

using namespace patchbay;
using widgets::HeadId;

class TestJourney : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_heatmap = m_window->heatmapPane().heatmap();
    }

    void runTheSweep()
    {
        QTest::keyClick(m_window, Qt::Key_R, Qt::ControlModifier); // z, denoising, is what the toolbar says at first
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        QVERIFY(m_fixture.shown()->state == RunState::Done);
        QCOMPARE(m_fixture.shown()->spec.sweep()->sites, std::vector<Site>{Site::Z});
        m_sweep = m_fixture.shown()->id;
    }

    void pickTheThreeStrongestHeads()
    {
        m_strongest = strongestHeads(m_heatmap->view(), 3);
        QCOMPARE(m_strongest.size(), 3);
        for (const HeadId &head : std::as_const(m_strongest))
            QTest::mouseClick(m_heatmap, Qt::LeftButton,
                              head == m_strongest.front() ? Qt::NoModifier : Qt::ControlModifier, cell(head));
        QCOMPARE(place().heads, m_strongest);
    }

    void seeWhatTheyAttendTo()
    {
        AttentionPane &pane = m_window->attentionPane();
        QTRY_COMPARE_WITH_TIMEOUT(m_window->explorer().attention.views().size(), 3, 20000);
        QCOMPARE(pane.matrix()->view().head, m_strongest.back());
        QVERIFY(pane.thumbnails()->isVisible());
        QVERIFY(pane.matrix()->view().roles.contains(QStringLiteral("END")));
    }

    void makeThemReceivers()
    {
        auto *q = &m_fixture.part<QPushButton>("receive-q");
        QVERIFY(q->isEnabled());
        QTest::mouseClick(q, Qt::LeftButton);
        QCOMPARE(place().receivers.size(), 3);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && m_fixture.shown()->live, 60000);
        QVERIFY(m_fixture.shown()->state == RunState::Done);
        QCOMPARE(m_fixture.shown()->spec.as<PathPatch>()->receivers.nodes.size(), size_t(3));
    }

    // The demo model's strongest heads are in its second layer: nothing tells them where to look, and the window says
    // so.
    void aWalkThatLeadsNowhereSaysSo()
    {
        const Place before = place();
        QTest::keyClick(m_window, Qt::Key_U, Qt::ControlModifier);
        QTRY_VERIFY(m_window->messages().isVisible());
        QVERIFY(m_window->messages().text().contains(QStringLiteral("upstream")));
        QVERIFY(place() == before);
    }

    void walkUpstreamFromTheLogits()
    {
        QTest::keyClick(m_window, Qt::Key_F, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle()
                                     && m_fixture.shown()->spec.as<PathPatch>()->receivers.nodes.front().site
                                         == Site::ResidPost,
                                 60000);
        const int direct = place().run;
        const auto senders = strongestHeads(m_heatmap->view(), 3);
        QTest::keyClick(m_window, Qt::Key_U, Qt::ControlModifier);
        QCOMPARE(place().receivers.size(), 3);
        for (const Receiver &receiver : place().receivers)
            QVERIFY(senders.contains(receiver.head) && receiver.site == Site::Q);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && place().run != direct, 60000);
        QVERIFY(m_fixture.shown()->state == RunState::Done);
        QVERIFY2(m_window->explorer().paths.trail().size() >= 2, "the way back is kept");
        m_walk = place().run;
    }

    void ablateTheThreeFromTheirMenu()
    {
        m_window->explorer().navigation.select(m_strongest, m_strongest.back());
        QContextMenuEvent rightClick(QContextMenuEvent::Mouse, cell(m_strongest.front()),
                                     m_heatmap->mapToGlobal(cell(m_strongest.front())));
        QCoreApplication::sendEvent(m_heatmap, &rightClick);
        auto *menu = m_window->findChild<QMenu *>(QStringLiteral("head-menu"));
        QVERIFY(menu && menu->isVisible());
        QVERIFY(menu->actions().contains(m_window->actions().ablate));
        m_window->actions().ablate->trigger();
        menu->close();
        m_window->activateWindow(); // a window manager would give it the keyboard back
        QVERIFY(QTest::qWaitForWindowActive(m_window));
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && m_fixture.shown()->spec.is<Analysis>(), 60000);
        QVERIFY(m_fixture.shown()->state == RunState::Done);
        QCOMPARE(m_fixture.shown()->spec.as<Analysis>()->heads.size(), size_t(3));
        QVERIFY(shownHeatmap(place(), m_window->explorer().runs).title.contains(QStringLiteral("logit diff")));
    }

    void compareTwoRuns()
    {
        QListView *list = m_fixture.part<RunsDock>().findChild<QListView *>();
        const auto index = list->model()->index(m_window->explorer().runs.row(m_walk), 0);
        list->scrollTo(index);
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(index).center());
        QCOMPARE(place().run, m_walk);
        const auto a = m_heatmap->view();
        QVERIFY(m_window->actions().compareRun->isEnabled());
        QTest::keyClick(m_window, Qt::Key_B, Qt::ControlModifier);
        QVERIFY(place().comparedRun >= 0);
        const auto b = heatmapView(*m_window->explorer().runs.find(place().comparedRun)->result);
        const auto &shown = m_heatmap->view();
        QVERIFY(shown.title.startsWith(QStringLiteral("Difference")));
        for (qsizetype i = 0; i < shown.facets[0].values.size(); ++i)
            QVERIFY(std::abs(shown.facets[0].values[i] - (a.facets[0].values[i] - b.facets[0].values[i])) < 1e-9);
        m_window->actions().swapRuns->trigger();
        QCOMPARE(place().comparedRun, m_walk);
        m_window->actions().endComparison->trigger();
        QCOMPARE(place().comparedRun, -1);
    }

    void exportTheFigure()
    {
        m_window->explorer().navigation.showRun(m_sweep);
        m_heatmap->setFocus();
        QTest::keyClick(m_window, Qt::Key_E, Qt::ControlModifier);
        ExportDialog *dialog = nullptr;
        QTRY_VERIFY((dialog = m_window->findChild<ExportDialog *>()));
        const QTemporaryDir folder;
        QSignalSpy exported(dialog, &ExportDialog::exported);
        dialog->saveTo(folder.filePath(QStringLiteral("figure.pdf")));
        QTRY_COMPARE_WITH_TIMEOUT(exported.count(), 1, 60000);
        const auto spec = nlohmann::json::parse(
            widgets::readEmbeddedSpec(folder.filePath(QStringLiteral("figure.pdf"))).toStdString());
        QVERIFY(run_spec_from_json(spec) == m_window->explorer().runs.find(m_sweep)->spec);
        dialog->close();
    }

private:
    const Place &place() const { return m_window->explorer().navigation.place(); }
    QPoint cell(HeadId head) const { return m_heatmap->layoutGeometry().cellRect({0, head.layer, head.head}).center(); }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    widgets::HeatmapWidget *m_heatmap = nullptr;
    QVector<HeadId> m_strongest;
    int m_sweep = -1, m_walk = -1;
};

QTEST_MAIN(TestJourney)
#include "test_journey.moc"
