// The recipe as a checklist: run, looked at, skipped, edited with an error, on the demo model.
#include "docks/recipe_dock.h"
#include "docks/recipe_model.h"
#include "docks/step_dialog.h"
#include "report/report.h"
#include "shell/message_bar.h"
#include "window_fixture.h"

#include <QDesktopServices>
#include <QFileDialog>
#include <QLabel>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>

using namespace patchbay;

class TestRecipeDock : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_window = &m_fixture.open();
        m_window->docking().reveal(QStringLiteral("recipe"));
        m_dock = m_window->findChild<RecipeDock *>();
        QVERIFY(m_dock);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready(), 60000);
    }
    void cleanup() { m_fixture.close(); }

    void runAllFindsTheNameMoversAndShowsThem()
    {
        RecipeController &recipe = m_window->explorer().recipe;
        QCOMPARE(m_dock->list()->model()->rowCount(), recipe.steps());
        QVERIFY(recipe.steps() > 20);
        m_dock->runAllButton()->click();
        QVERIFY(recipe.busy());
        QVERIFY(m_window->actions().stop->isEnabled());
        QCOMPARE(m_dock->runAllButton()->text(), QStringLiteral("Stop"));
        // How far the whole of it is: never backwards, to its end, with the time left.
        double share = 0;
        bool never = true, timed = false;
        const auto watch = connect(&recipe, &RecipeController::changed, m_dock, [&] {
            if (!recipe.busy() || recipe.share() < 0)
                return;
            never = never && recipe.share() >= share - 0.02; // a step may turn out to be more work than was thought
            share = recipe.share();
            timed = timed || recipe.progressText().contains(QStringLiteral("left"));
        });
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 180000);
        disconnect(watch);
        QVERIFY(never);
        QVERIFY2(share > 0.9 && share <= 1, qPrintable(QString::number(share)));
        QVERIFY(timed);
        QCOMPARE(recipe.finished(), recipe.steps());
        for (int step = 0; step < recipe.steps(); ++step)
            QVERIFY2(recipe.outcome(step).state != StepState::Failed, recipe.outcome(step).message.c_str());

        const int movers = step("name-movers"), direct = step("direct");
        QVERIFY(recipe.outcome(movers).state == StepState::Done);
        QVERIFY(!recipe.outcome(movers).heads.empty());
        // One click on a step shows its result: here a table of the heads, which are selected.
        const QModelIndex index = m_dock->list()->model()->index(movers, 0);
        m_dock->list()->scrollTo(index);
        QTest::mouseClick(m_dock->list()->viewport(), Qt::LeftButton, {}, m_dock->list()->visualRect(index).center());
        QVERIFY(m_fixture.shown());
        QCOMPARE(m_fixture.shown()->result, recipe.outcome(movers).result);
        QCOMPARE(size_t(m_window->explorer().navigation.place().heads.size()), recipe.outcome(movers).heads.size());
        const int runs = m_window->explorer().runs.rowCount();
        QVERIFY(recipe.show(direct)); // the same run, not another one
        QCOMPARE(m_window->explorer().runs.rowCount(), runs);
        const QByteArray folder = qgetenv("PATCHBAY_SHOTS");
        if (!folder.isEmpty())
            for (const auto mode : {ThemeMode::Light, ThemeMode::Dark}) {
                applyTheme(mode);
                QTest::qWait(400);
                m_window->grab().save(
                    QString::fromLocal8Bit(folder)
                    + (mode == ThemeMode::Dark ? QStringLiteral("/dark.png") : QStringLiteral("/light.png")));
            }

        // Running a step again leaves those that use it pending, and only those.
        recipe.run(movers);
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 60000);
        QVERIFY(recipe.outcome(movers).state == StepState::Done);
        QVERIFY(recipe.outcome(step("name-mover-queries")).state == StepState::Pending);
        QVERIFY(recipe.outcome(step("circuit")).state == StepState::Pending);
        QVERIFY(recipe.outcome(step("detectors")).state == StepState::Done);

        // From a step on: it and all that come after it, again.
        select("detectors");
        m_dock->runFromButton()->click();
        QVERIFY(recipe.outcome(step("circuit")).state == StepState::Pending);
        QVERIFY(recipe.outcome(movers).state == StepState::Done);
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 60000);
        QVERIFY(recipe.outcome(step("circuit")).state == StepState::Done);
        QVERIFY(recipe.outcome(step("query-contributors")).state == StepState::Done); // a step that the circuit uses
    }

    // Whoever watches sees the steps as they come, and whoever looks elsewhere is left there.
    void finishedStepsAreShownAsTheyCome()
    {
        RecipeController &recipe = m_window->explorer().recipe;
        const Navigation &navigation = m_window->explorer().navigation;
        QSet<int> shown;
        connect(&navigation, &Navigation::runChanged, m_dock, [&] { shown << navigation.place().run; });
        recipe.run(step("top-negative"));
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 60000);
        QVERIFY(m_fixture.shown() && m_fixture.shown()->result == recipe.outcome(step("direct")).result);
        QVERIFY(!shown.isEmpty());
        const int direct = navigation.place().run;
        recipe.runAll();
        m_window->explorer().navigation.select({{0, 0}}, {0, 0}); // looks elsewhere
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 180000);
        QCOMPARE(navigation.place().run, direct);
        QCOMPARE(navigation.place().heads, (QVector<widgets::HeadId>{{0, 0}}));
    }

    void aStepRunsAfterThoseItUsesAndCanBeSkipped()
    {
        RecipeController &recipe = m_window->explorer().recipe;
        select("top-negative");
        m_dock->runStepButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 60000);
        QVERIFY(recipe.outcome(step("direct")).state == StepState::Done);
        QVERIFY(recipe.outcome(step("outputs")).state == StepState::Pending);
        select("direct");
        m_dock->skipButton()->click();
        QVERIFY(recipe.outcome(step("direct")).state == StepState::Skipped);
        QVERIFY(recipe.outcome(step("top-negative")).state == StepState::Pending);
        QVERIFY(!recipe.show(step("direct")));
        // What rests on a skipped step has nothing to do, and says so.
        select("top-negative");
        m_dock->runStepButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 60000);
        QVERIFY(recipe.outcome(step("top-negative")).state == StepState::Nothing);
        QVERIFY(recipe.outcome(step("top-negative")).message.find("direct") != std::string::npos);
        const QString said = recipe.messageOf(step("top-negative"));
        QVERIFY2(said.contains(QStringLiteral("“Direct effect on the logits”")) && !said.contains(QLatin1Char('"')),
                 qPrintable(said)); // no ids where people read
        select("direct");
        m_dock->skipButton()->click();
        QVERIFY(recipe.outcome(step("direct")).state == StepState::Pending);
    }

    void anEditWithAnErrorKeepsTheStep()
    {
        RecipeController &recipe = m_window->explorer().recipe;
        const int at = step("copying-heads");
        select("copying-heads");
        const QString before = recipe.jsonOf(at);
        m_dock->editButton()->click();
        auto *dialog = m_dock->findChild<StepDialog *>();
        QVERIFY(dialog && dialog->isVisible());
        dialog->editor()->setPlainText(QStringLiteral("{\"id\": "));
        dialog->accept();
        QVERIFY(dialog->isVisible());
        QVERIFY(dialog->problem().contains(QStringLiteral("JSON")));
        QCOMPARE(recipe.jsonOf(at), before);
        dialog->editor()->setPlainText(
            QString(before).replace(QStringLiteral("\"from\": \"copying\""), QStringLiteral("\"from\": \"nowhere\"")));
        dialog->accept();
        QVERIFY(dialog->problem().contains(QStringLiteral("nowhere")));
        QCOMPARE(recipe.jsonOf(at), before);
        dialog->editor()->setPlainText(QString(before).replace(QStringLiteral("75"), QStringLiteral("101")));
        dialog->accept();
        QVERIFY(!dialog->isVisible());
        QVERIFY(recipe.jsonOf(at).contains(QStringLiteral("101")));
        recipe.run(at);
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 60000);
        QVERIFY2(recipe.outcome(at).state == StepState::Nothing, "no copy score is above 100 %");
    }

    void stoppingLeavesTheStepPending()
    {
        RecipeController &recipe = m_window->explorer().recipe;
        m_dock->runAllButton()->click();
        m_dock->runAllButton()->click(); // is Stop now
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 60000);
        QVERIFY(recipe.finished() < recipe.steps());
    }

    // What the command line's `report` draws, from a folder that is asked for.
    void theReportIsDrawnIntoAFolder()
    {
        RecipeController &recipe = m_window->explorer().recipe;
        QVERIFY(!m_dock->reportButton()->isVisible()); // nothing is done yet
        QVERIFY(!m_window->actions().drawReport->isEnabled());
        recipe.run(step("top-negative"));
        QTRY_VERIFY(!recipe.busy());
        QVERIFY(m_dock->reportButton()->isVisible());
        const QTemporaryDir empty, full, foreign;
        drawInto(empty.path());
        QTRY_VERIFY(m_window->messages().text().contains(QStringLiteral("report.pdf")));
        QVERIFY(m_dock->reportButton()->isEnabled());
        const QByteArray page = contents(empty.filePath(QStringLiteral("report.html")));
        QVERIFY(page.contains("L") && page.contains("Direct effect on the logits"));
        QVERIFY(contents(empty.filePath(QStringLiteral("report.pdf"))).startsWith("%PDF"));
        writeReport(empty.path().toStdString());
        QCOMPARE(contents(empty.filePath(QStringLiteral("report.html"))), page);

        // The names of the files open them.
        QDesktopServices::setUrlHandler(QStringLiteral("file"), this, "opened");
        auto *text = m_window->messages().findChild<QLabel *>(QStringLiteral("message"));
        QVERIFY(text);
        const QRegularExpression address(QStringLiteral("href=\"([^\"]+report\\.html)\""));
        Q_EMIT text->linkActivated(address.match(text->text()).captured(1));
        QDesktopServices::unsetUrlHandler(QStringLiteral("file"));
        QCOMPARE(m_opened.toLocalFile(), empty.filePath(QStringLiteral("report.html")));

        // Twenty files do not go among others, and other results are not written over.
        QFile other(full.filePath(QStringLiteral("letter.txt")));
        QVERIFY(other.open(QIODevice::WriteOnly));
        drawInto(full.path());
        QTRY_VERIFY(QFile::exists(full.filePath(QStringLiteral("ioi-circuit/report.pdf"))));
        QFile index(foreign.filePath(QStringLiteral("recipe.json")));
        QVERIFY(index.open(QIODevice::WriteOnly));
        index.write(R"({"format": "patchbay-recipe-run", "recipe": {"name": "another"}})");
        index.close();
        drawInto(foreign.path());
        QTRY_VERIFY(m_window->messages().text().contains(QStringLiteral("results of another recipe")));
        QVERIFY2(m_window->messages().text().contains(QStringLiteral("The report was not drawn"))
                     && m_window->messages().text().contains(foreign.path()),
                 qPrintable(m_window->messages().text()));
        QCOMPARE(QDir(foreign.path()).entryList(QDir::Files), QStringList{QStringLiteral("recipe.json")});
        QTRY_VERIFY(m_dock->reportButton()->isEnabled());
    }

    void opened(const QUrl &url) { m_opened = url; }

private:
    void drawInto(const QString &folder)
    {
        QTRY_VERIFY(m_dock->reportButton()->isEnabled());
        m_dock->reportButton()->click();
        auto *dialog = m_window->findChild<QFileDialog *>();
        QVERIFY(dialog && dialog->isVisible());
        dialog->setDirectory(folder);
        dialog->selectFile(folder);
        QMetaObject::invokeMethod(dialog, "accept");
        QTRY_VERIFY(!m_window->findChild<QFileDialog *>());
    }
    static QByteArray contents(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    int step(const char *id) const
    {
        const auto &steps = m_window->explorer().recipe.recipe().steps;
        const auto it = std::find_if(steps.begin(), steps.end(), [id](const RecipeStep &s) { return s.id == id; });
        return it == steps.end() ? -1 : int(it - steps.begin());
    }
    void select(const char *id) { m_dock->list()->setCurrentIndex(m_dock->list()->model()->index(step(id), 0)); }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    RecipeDock *m_dock = nullptr;
    QUrl m_opened;
};

QTEST_MAIN(TestRecipeDock)
#include "test_recipe_dock.moc"
