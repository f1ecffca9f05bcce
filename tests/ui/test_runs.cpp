// The runs dock: pin, rename, compare, delete, duplicate and edit, on the demo model; and what a failed run says.
#include "docks/runs_dock.h"
#include "heatmap_widget.h"
#include "shell/message_bar.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"

#include <QClipboard>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QToolButton>

using namespace patchbay;

class TestRuns : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_z = runOf(Direction::Denoise);
        m_noise = runOf(Direction::Noise);
        QCOMPARE(runs().rowCount(), 2);
    }

    void aClickShowsARun()
    {
        QTest::mouseClick(list()->viewport(), Qt::LeftButton, {}, rectOf(m_z).center());
        QCOMPARE(place().run, m_z);
        QVERIFY(list()
                    ->model()
                    ->index(runs().row(m_z), 0)
                    .data(RunsStore::DetailRole)
                    .toString()
                    .contains(QStringLiteral(" s")));
    }

    void renameInPlace()
    {
        m_window->actions().renameRun->trigger();
        QLineEdit *editor = nullptr;
        QTRY_VERIFY((editor = list()->findChild<QLineEdit *>()));
        editor->setText(QStringLiteral("what restores the answer"));
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE(runs().find(m_z)->name, QStringLiteral("what restores the answer"));
    }

    void pinnedRunsAreNotDeleted()
    {
        m_window->actions().pinRun->trigger();
        QVERIFY(runs().find(m_z)->pinned);
        QVERIFY(!m_window->actions().deleteRun->isEnabled());
        list()->setFocus();
        QTest::keyClick(list(), Qt::Key_Delete);
        QVERIFY(runs().find(m_z));
        m_window->actions().pinRun->trigger();
        QVERIFY(!runs().find(m_z)->pinned && m_window->actions().deleteRun->isEnabled());
    }

    void twoSelectedRunsAreCompared()
    {
        QTest::mouseClick(list()->viewport(), Qt::LeftButton, {}, rectOf(m_noise).center());
        QVERIFY(!difference()->isVisible());
        QTest::mouseClick(list()->viewport(), Qt::LeftButton, Qt::ControlModifier, rectOf(m_z).center());
        Q_EMIT list()->customContextMenuRequested(rectOf(m_z).center());
        auto *menu = m_fixture.part<RunsDock>().findChild<QMenu *>();
        QVERIFY(menu);
        QAction *compare = nullptr;
        for (QAction *action : menu->actions())
            if (action->text().startsWith(QStringLiteral("Compare")))
                compare = action;
        QVERIFY(compare);
        compare->trigger();
        menu->close();
        QVERIFY(place().run >= 0 && place().comparedRun >= 0 && place().run != place().comparedRun);
        // The two have differently named grids, but one each: they are compared.
        QCOMPARE(m_window->heatmapPane().heatmap()->view().facets.size(), 1);
        QVERIFY(difference()->isVisible());
        m_window->actions().endComparison->trigger();
        QVERIFY(!difference()->isVisible());
    }

    void duplicateAndEditChangesTheToolbarOnly()
    {
        m_window->explorer().navigation.showRun(m_noise);
        m_fixture.chooseSites({Site::Q, Site::K});
        const int before = runs().rowCount();
        m_window->actions().duplicateRun->trigger();
        const RunSpec spec = m_window->controls().spec();
        QCOMPARE(spec.sweep()->sites, std::vector<Site>{Site::Z});
        QVERIFY(direction_of(spec) == Direction::Noise);
        QCOMPARE(runs().rowCount(), before);
    }

    void aRunIsCopiedAsPython()
    {
        QClipboard &clipboard = *QGuiApplication::clipboard();
        clipboard.clear();
        m_window->explorer().navigation.showRun(m_noise);
        m_window->actions().copyScript->trigger();
        const QString text = clipboard.text();
        QVERIFY2(text.contains(QStringLiteral("TransformerBridge")), qPrintable(m_window->messages().text()));
        QVERIFY(text.contains(QStringLiteral("\"noise.z\": (\"attn.hook_z\"")));
        // Of an analysis of running text there is none, and what was copied stays.
        const int id = m_window->explorer().runner.run(spec_of(Analysis{"corpus", {{1, 1}}, nullptr}));
        QTRY_VERIFY(runs().find(id)->finished() && runs().find(id)->result);
        m_window->explorer().navigation.showRun(id);
        m_window->actions().copyScript->trigger();
        QVERIFY(m_window->messages().text().contains(QStringLiteral("There is no script of this run")));
        QCOMPARE(clipboard.text(), text);
        m_window->explorer().runner.remove(id);
        m_window->explorer().navigation.showRun(m_noise);
    }

    void aRunThatFailsSaysWhyAndWhatNext()
    {
        const int id = m_window->explorer().runner.run(spec_of(Analysis{"ablate", {{99, 0}}, nullptr}));
        QTRY_VERIFY_WITH_TIMEOUT(runs().find(id)->finished(), 20000);
        QVERIFY(runs().find(id)->state == RunState::Failed);
        QVERIFY(!runs().find(id)->message.isEmpty());
        QTRY_VERIFY(m_window->messages().isVisible());
        QVERIFY(m_window->messages().text().contains(runs().find(id)->message.toHtmlEscaped()));
        QVERIFY2(m_window->messages().text().count(QStringLiteral("<br>")) >= 2, "title, cause and next step");
        QVERIFY(m_window->actions().run->isEnabled());
    }

    void deletedRunsAreGoneFromTheViews()
    {
        m_window->explorer().navigation.showRun(m_noise);
        m_window->actions().deleteRun->trigger();
        QVERIFY(!runs().find(m_noise));
        QCOMPARE(place().run, -1);
        QVERIFY(m_window->heatmapPane().heatmap()->view().facets.isEmpty());
        m_window->explorer().navigation.showRun(m_z);
        m_window->explorer().navigation.select({{1, 1}}, {1, 1});
        // Back over the steps that showed it: it does not come back, and neither does an empty view.
        for (int i = 0; i < 4; ++i) {
            m_window->actions().undo->trigger();
            QVERIFY(place().run != m_noise);
        }
    }

private:
    RunsStore &runs() { return m_window->explorer().runs; }
    const Place &place() { return m_window->explorer().navigation.place(); }
    QListView *list() { return m_fixture.part<RunsDock>().findChild<QListView *>(); }
    QToolButton *difference()
    {
        const auto buttons = m_window->heatmapPane().findChildren<QToolButton *>();
        for (QToolButton *button : buttons)
            if (button->text() == QStringLiteral("A − B"))
                return button;
        return nullptr;
    }
    QRect rectOf(int id)
    {
        const auto index = list()->model()->index(runs().row(id), 0);
        list()->scrollTo(index);
        return list()->visualRect(index);
    }
    int runOf(Direction direction)
    {
        ActPatch sweep;
        sweep.direction = direction;
        const int id = m_window->explorer().runner.run(spec_of(sweep));
        if (!QTest::qWaitFor([&] { return m_fixture.idle(); }, 60000))
            return -1;
        return id;
    }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    int m_z = -1, m_noise = -1;
};

QTEST_MAIN(TestRuns)
#include "test_runs.moc"
