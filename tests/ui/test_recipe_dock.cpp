// The recipe as a checklist: run, looked at, skipped, edited with an error, on the demo model.
#include "docks/recipe_dock.h"
#include "docks/recipe_model.h"
#include "docks/step_dialog.h"
#include "window_fixture.h"

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

private:
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
};

QTEST_MAIN(TestRecipeDock)
#include "test_recipe_dock.moc"
