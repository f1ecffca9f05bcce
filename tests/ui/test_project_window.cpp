// A project in the window: what was done comes back as it was, whoever ends the program, and nothing is written twice.
#include "attention_widget.h"
#include "heatmap_widget.h"
#include "project/contents.h"
#include "shell/message_bar.h"
#include "shell/project_flow.h"
#include "view_options.h"
#include "views/attention_pane.h"
#include "views/bars_pane.h"
#include "views/heatmap_pane.h"
#include "views/scatter_pane.h"
#include "window_fixture.h"

#include <QDir>
#include <QImage>
#include <QMessageBox>
#include <QPushButton>
#include <QSpinBox>
#include <QToolButton>

#include <algorithm>

using namespace patchbay;

class TestProjectWindow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void cleanup() { m_fixture.close(); }

    void theSamePictureComesBack()
    {
        const QString file = path("same");
        QVERIFY(begin(file));
        sweep({Site::Z, Site::Pattern});
        sweep({Site::V});
        Navigation &navigation = explorer().navigation;
        navigation.showRun(explorer().runs.entries().back().id);
        navigation.select({{1, 4}, {2, 2}, {0, 6}}, {2, 2});
        navigation.showPrompt(3);
        navigation.setMask({12.5, {}, {}});
        navigation.addToCircuit({{1, 4}, {2, 2}});
        nlohmann::json options = optionsOf(*m_window);
        options["bars.count"] = 7;
        options["attention.text"] = true;
        options["heatmap.sums"] = false;
        setOptions(*m_window, options);
        m_window->scatterPane().chooseAxes({explorer().runs.entries().front().id, "denoise.v"},
                                           {explorer().runs.entries().back().id, "denoise.z"});
        m_window->docking().raise(QStringLiteral("bars"));
        QTRY_COMPARE(explorer().attention.views().size(), 3);
        QTRY_VERIFY(std::all_of(explorer().runs.entries().begin(), explorer().runs.entries().end(),
                                [](const RunEntry &run) { return !run.halfWidths.empty(); }));
        const QImage before = settled();
        const Place place = navigation.place();
        options = optionsOf(*m_window);
        QCOMPARE(options.at("bars.count"), nlohmann::json(7));
        QVERIFY(m_window->close());
        m_fixture.close();

        QVERIFY(reopen(file));
        QTRY_COMPARE(explorer().attention.views().size(), 3);
        QCOMPARE(explorer().runs.rowCount(), 2);
        QVERIFY(explorer().navigation.place() == place);
        QVERIFY(!m_window->actions().undo->isEnabled());
        const nlohmann::json now = optionsOf(*m_window);
        QVERIFY2(now == options, nlohmann::json::diff(options, now).dump().c_str());
        m_window->messages().hide();
        const QImage after = settled();
        if (before != after) {
            before.save(QDir::temp().filePath(QStringLiteral("project-before.png")));
            after.save(QDir::temp().filePath(QStringLiteral("project-after.png")));
        }
        QVERIFY2(before == after, "the picture is the same");
    }

    // A sweep on its way when the window goes: its finished cells are there, and it goes on when asked to.
    void aStoppedRunGoesOn()
    {
        const QString file = path("stopped");
        QVERIFY(begin(file));
        sweep({Site::Z, Site::Q, Site::K, Site::V});
        const RunResultPtr whole = m_fixture.shown()->result;
        m_window->actions().deleteRun->trigger();
        QCOMPARE(explorer().runs.rowCount(), 0);
        m_fixture.chooseSites({Site::Z, Site::Q, Site::K, Site::V});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.shown() && m_fixture.shown()->done > 0);
        QVERIFY(m_window->close());
        m_fixture.close();

        QVERIFY(reopen(file));
        QCOMPARE(explorer().runs.rowCount(), 1);
        const RunEntry *run = m_fixture.shown();
        QVERIFY(run && run->result);
        if (run->state != RunState::Done) {
            QCOMPARE(run->state, RunState::Stopped);
            QVERIFY2(run->done > 0 && run->done <= run->total, // all of them where the controls were still to come
                     qPrintable(QStringLiteral("%1 of %2").arg(run->done).arg(run->total)));
            QVERIFY(m_window->actions().continueRun->isEnabled());
            m_window->actions().continueRun->trigger();
        }
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->state == RunState::Done);
        const RunResultPtr now = m_fixture.shown()->result;
        QCOMPARE(now->grids.size(), whole->grids.size());
        for (size_t grid = 0; grid < whole->grids.size(); ++grid)
            QVERIFY(now->grids[grid].per_prompt == whole->grids[grid].per_prompt);
        QVERIFY(m_window->close());
        m_fixture.close();
        const ProjectContents contents = contents_of(Project(file.toStdString(), Project::Open::Read));
        QCOMPARE(contents.runs.size(), size_t(1));
        QCOMPARE(contents.runs.front().state, std::string("done"));
        QVERIFY(contents.results.begin()->second->grids.front().per_prompt == whole->grids.front().per_prompt);
        QVERIFY(Project(file.toStdString(), Project::Open::Read).check().empty());
    }

    // Estimates are no exact cells, and yet all of their run.
    void aRunOfEstimatesComesBackDone()
    {
        const QString file = path("estimates");
        QVERIFY(begin(file));
        Attribution estimates;
        estimates.sites = {Site::Z};
        explorer().runner.run(spec_of(estimates));
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->state == RunState::Done);
        const int total = m_fixture.shown()->total;
        QVERIFY(total > 0 && m_fixture.shown()->done == total);
        QVERIFY(m_window->close());
        m_fixture.close();
        QVERIFY(reopen(file));
        QCOMPARE(m_fixture.shown()->state, RunState::Done);
        QCOMPARE(m_fixture.shown()->total, total);
        QCOMPARE(m_fixture.shown()->done, total);
    }

    void aSecondWindowOnlyReads()
    {
        const QString file = path("twice");
        QVERIFY(begin(file));
        sweep({Site::Z});
        // What is on view is written a moment after it changed.
        const auto keptRun = [&file] {
            const auto states = Project(file.toStdString(), Project::Open::Read).states();
            const auto place = states.find("place");
            return place == states.end() ? -1 : nlohmann::json::parse(place->second).at("run").get<int>();
        };
        QTRY_COMPARE(keptRun(), 1);
        WindowFixture other;
        MainWindow &second = other.open();
        second.project().open(file);
        QTRY_VERIFY(second.explorer().project.isOpen());
        QVERIFY(second.explorer().project.readOnly());
        QVERIFY(second.windowTitle().contains(QStringLiteral("read-only")));
        QVERIFY(second.messages().text().contains(QStringLiteral("another window")));
        QTRY_VERIFY(other.ready() && other.shown() && other.shown()->result);
        other.chooseSites({Site::V});
        second.actions().run->trigger();
        QTRY_COMPARE(second.explorer().runs.rowCount(), 2);
        QTRY_VERIFY(other.idle());
        // A file of its own, with what the first has, and from then on it is written.
        const QString own = path("own");
        second.explorer().project.saveAs(own);
        QTRY_COMPARE(second.explorer().project.file(), own);
        QTRY_VERIFY(!second.explorer().project.busy());
        QVERIFY(!second.explorer().project.readOnly());
        QVERIFY(second.close());
        other.close();
        QCOMPARE(explorer().runs.rowCount(), 1);
        QVERIFY(explorer().project.flush());
        QCOMPARE(contents_of(Project(file.toStdString(), Project::Open::Read)).runs.size(), size_t(1));
    }

    void copiesAndFolders()
    {
        const QString file = path("first");
        QVERIFY(begin(file));
        sweep({Site::Z});
        ProjectController &project = explorer().project;
        project.setNote(QStringLiteral("head"), QStringLiteral("L1H4"), QStringLiteral("a name mover"));
        project.duplicate(path("copy"));
        QTRY_VERIFY(!project.busy());
        QCOMPARE(project.file(), file);
        project.saveAs(path("other"));
        QTRY_VERIFY(!project.busy());
        QCOMPARE(project.file(), path("other"));
        sweep({Site::V});
        project.exportTo(m_folder.filePath(QStringLiteral("exported")));
        QTRY_VERIFY(!project.busy());
        const auto runs = [](const QString &of) {
            return contents_of(Project(of.toStdString(), Project::Open::Read)).runs.size();
        };
        QVERIFY(project.flush());
        QCOMPARE(runs(file), size_t(1));
        QCOMPARE(runs(path("copy")), size_t(1));
        QCOMPARE(runs(path("other")), size_t(2));
        const QDir exported(m_folder.filePath(QStringLiteral("exported")));
        QCOMPARE(exported.entryList({QStringLiteral("run-*.safetensors")}).size(), 2);
        QVERIFY(exported.exists(QStringLiteral("project.json")));
        project.duplicate(path("copy")); // there already: said, and nothing is lost
        QTRY_VERIFY(!project.busy());
        QVERIFY(m_window->messages().text().contains(QStringLiteral("copy.patchbay")));
        QCOMPARE(runs(path("copy")), size_t(1));
    }

    void whatCannotBeReadIsOffered()
    {
        QMessageBox *ask = askedAbout(path("damaged"), 0, QByteArray(40, 'x'));
        QVERIFY(ask);
        MainWindow &window = *m_window;
        QVERIFY2(ask->text().contains(QStringLiteral("damaged.patchbay")), qPrintable(ask->text()));
        ask->reject();
        QVERIFY(!window.explorer().project.isOpen());
    }

    void aNewerOneIsReadOnRequest()
    {
        // user_version in SQLite's header
        QMessageBox *ask = askedAbout(path("newer"), 60, QByteArray::fromHex("000003e7"));
        QVERIFY(ask);
        MainWindow &window = *m_window;
        QVERIFY(ask->text().contains(QStringLiteral("later version")));
        QPushButton *look = nullptr;
        for (QAbstractButton *button : ask->buttons())
            if (ask->buttonRole(button) == QMessageBox::AcceptRole)
                look = qobject_cast<QPushButton *>(button);
        QVERIFY(look);
        look->click();
        QTRY_VERIFY(window.explorer().project.isOpen());
        QVERIFY(window.explorer().project.readOnly());
        QCOMPARE(window.explorer().runs.rowCount(), 1);
    }

    void historySaysHow()
    {
        QVERIFY(begin(path("history")));
        sweep({Site::Z});
        const std::vector<HistoryEntry> &history = explorer().project.history();
        const auto run =
            std::find_if(history.begin(), history.end(), [](const HistoryEntry &entry) { return entry.run > 0; });
        QVERIFY(run != history.end());
        QVERIFY(run->command.starts_with("patchbay-cli act-patch --sites z"));
        QVERIFY(!run->time.empty() && !run->sentence.empty());
    }

private:
    Explorer &explorer() { return m_window->explorer(); }
    QString path(const char *name) const
    {
        return m_folder.filePath(QString::fromLatin1(name) + QStringLiteral(".patchbay"));
    }
    bool begin(const QString &file)
    {
        m_window = m_fixture.openReady();
        if (!m_window)
            return false;
        explorer().project.create(file);
        return explorer().project.isOpen() && !explorer().project.readOnly();
    }
    /// As a start does: nothing is open before the project.
    bool reopen(const QString &file)
    {
        m_window = &m_fixture.openBare();
        m_window->project().open(file);
        return QTest::qWaitForWindowExposed(m_window, 60000)
            && QTest::qWaitFor([this] { return m_fixture.ready() && m_fixture.shown(); }, 60000);
    }
    void sweep(const std::vector<Site> &sites)
    {
        m_fixture.chooseSites(sites);
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown() && m_fixture.shown()->state == RunState::Done);
    }
    /// What the window asks when it opens a project, with a run in it, in which somebody has written; null: nothing.
    QMessageBox *askedAbout(const QString &file, int at, const QByteArray &bytes)
    {
        if (!begin(file))
            return nullptr;
        sweep({Site::Z});
        const bool closed = m_window->close();
        m_fixture.close();
        QFile changed(file);
        if (!closed || !changed.open(QIODevice::ReadWrite) || !changed.seek(at) || changed.write(bytes) < 0)
            return nullptr;
        changed.close();
        m_window = &m_fixture.open();
        m_window->project().open(file);
        QMessageBox *ask = nullptr;
        return QTest::qWaitFor([&] { return (ask = m_window->findChild<QMessageBox *>()) != nullptr; }, 60000)
            ? ask
            : nullptr;
    }
    /// After what is still to be laid out and painted.
    QImage settled()
    {
        QImage last, next = m_window->grab().toImage();
        for (int i = 0; i < 100 && (last != next || i < 20); ++i) {
            last = next;
            QTest::qWait(20);
            next = m_window->grab().toImage();
        }
        return next;
    }

    QTemporaryDir m_folder;
    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
};

QTEST_MAIN(TestProjectWindow)
#include "test_project_window.moc"
