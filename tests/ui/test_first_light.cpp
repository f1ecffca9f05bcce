// The main job end to end, on the real window: baseline, sweep, click, attention, path patch, export.
#include "attention_widget.h"
#include "controllers/run_views.h"
#include "export/export_dialog.h"
#include "figure/figure.h"
#include "heatmap_widget.h"
#include "view_models.h"
#include "views/attention_pane.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"

#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>

#include <algorithm>

using namespace patchbay;
using widgets::HeadId;

class TestFirstLight : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QElapsedTimer clock;
        clock.start();
        m_window = &m_fixture.open();
        QVERIFY(QTest::qWaitForWindowExposed(m_window));
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready(), 60000);
        qInfo("baseline on screen after %lld ms", static_cast<long long>(clock.elapsed()));
        QCOMPARE(m_window->explorer().document.setup()->batch.prompts, 70);
        QVERIFY(m_fixture.part<QLabel>("baseline-clean").text().startsWith(QLatin1Char('+')));
    }

    void theSweepFillsTheHeatmapWhileItComputes()
    {
        m_fixture.chooseSites({Site::Z});
        QVector<int> exact; // cells known at each snapshot
        connect(&m_window->explorer().runs, &RunsStore::runChanged, this, [&](int id) {
            const RunEntry *entry = m_window->explorer().runs.find(id);
            if (entry->result && !entry->result->grids.empty())
                exact << int(std::count(entry->result->grids[0].state.begin(), entry->result->grids[0].state.end(),
                                        CellState::Exact));
        });
        QTest::keyClick(m_window, Qt::Key_R, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        m_window->explorer().runs.disconnect(this);
        QVERIFY(m_fixture.shown()->state == RunState::Done);
        QVERIFY2(!exact.isEmpty() && exact.front() < exact.back(), "the first snapshot comes before the last cell");
        const auto &view = m_window->heatmapPane().heatmap()->view();
        QCOMPARE(view.facets.size(), 1);
        QVERIFY(!view.facets[0].states.contains(widgets::CellState::Missing));
    }

    void aClickShowsAttentionWithTokens()
    {
        auto *heatmap = m_window->heatmapPane().heatmap();
        m_strongest = strongestHeads(heatmap->view(), 1).value(0);
        QVERIFY(m_strongest.valid());
        const QRect cell = heatmap->layoutGeometry().cellRect({0, m_strongest.layer, m_strongest.head});
        QElapsedTimer clock;
        clock.start();
        QTest::mouseClick(heatmap, Qt::LeftButton, {}, cell.center());
        auto *attention = m_window->attentionPane().matrix();
        QTRY_COMPARE(attention->view().head, m_strongest);
        qInfo("attention %lld ms after the click", static_cast<long long>(clock.elapsed()));
        const Setup &setup = *m_window->explorer().document.setup();
        QCOMPARE(attention->view().tokens.size(), qsizetype(setup.batch.end[0] + 1));
        QCOMPARE(attention->view().tokens[0], QString::fromStdString(setup.batch.tokens[0][0]));
    }

    void pathPatchIntoItsQueries()
    {
        const int before = m_window->explorer().navigation.place().run;
        m_window->actions().receive[0]->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && m_window->explorer().navigation.place().run != before, 60000);
        const RunEntry *run = m_fixture.shown();
        QVERIFY2(run->state == RunState::Done, qPrintable(run->message));
        QVERIFY(run->spec.is<PathPatch>());
        QCOMPARE(run->spec.as<PathPatch>()->receivers.nodes.size(), size_t(1));
        QVERIFY((run->spec.as<PathPatch>()->receivers.nodes[0] == Node{Site::Q, m_strongest.layer, m_strongest.head}));
        QCOMPARE(m_window->heatmapPane().heatmap()->view().facets.size(), 1);
    }

    void theSameSpecAgainIsInstant()
    {
        const int runs = m_window->explorer().runs.rowCount();
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger();
        QVERIFY(m_fixture.idle());
        QCOMPARE(m_window->explorer().runs.rowCount(), runs);
        QVERIFY(m_fixture.shown()->spec.is<ActPatch>());
    }

    void undoGoesBack()
    {
        const Place now = m_window->explorer().navigation.place();
        m_window->actions().undo->trigger();
        QVERIFY(m_window->explorer().navigation.place().run != now.run);
        m_window->actions().redo->trigger();
        QVERIFY(m_window->explorer().navigation.place() == now);
    }

    void theFigureIsExportedAndReadBack()
    {
        m_window->heatmapPane().heatmap()->setFocus();
        QTest::keyClick(m_window, Qt::Key_E, Qt::ControlModifier);
        ExportDialog *dialog = nullptr;
        QTRY_VERIFY((dialog = m_window->findChild<ExportDialog *>()));
        const QTemporaryDir folder;
        for (const char *type : {"pdf", "svg", "png"}) {
            const QString file = folder.filePath(QStringLiteral("figure.") + QLatin1String(type));
            QSignalSpy exported(dialog, &ExportDialog::exported);
            dialog->saveTo(file);
            QTRY_COMPARE_WITH_TIMEOUT(exported.count(), 1, 60000);
            QVERIFY(QFileInfo(file).size() > 1000);
            const auto spec = nlohmann::json::parse(widgets::readEmbeddedSpec(file).toStdString());
            QVERIFY(run_spec_from_json(spec) == m_fixture.shown()->spec);
        }
        QFile pdf(folder.filePath(QStringLiteral("figure.pdf")));
        QVERIFY(pdf.open(QIODevice::ReadOnly));
        QVERIFY(pdf.read(5) == "%PDF-");
        dialog->close();
    }

    void closingDuringARunIsQuick()
    {
        m_fixture.chooseSites({Site::Q, Site::K, Site::V, Site::Pattern});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.shown()->state == RunState::Running || m_fixture.shown()->state == RunState::Done);
        QElapsedTimer clock;
        clock.start();
        m_fixture.close();
        // That nothing goes on meanwhile is seen where a chunk takes its time: test_closing.
        qInfo("closed in %lld ms", static_cast<long long>(clock.elapsed()));
        QVERIFY(clock.elapsed() < 60000);
    }

private:
    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    HeadId m_strongest;
};

QTEST_MAIN(TestFirstLight)
#include "test_first_light.moc"
