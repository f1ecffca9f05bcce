// Model and task in the real window: folders and files that are dropped, prompt pairs with their problems, what is kept
// for the next start.
#include "base/data_dir.h"
#include "docks/model_dock.h"
#include "docks/prompts_dock.h"
#include "heatmap_widget.h"
#include "io/array_files.h"
#include "scatter_widget.h"
#include "shell/message_bar.h"
#include "shell/recent_models.h"
#include "shell/task_menu.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QSlider>
#include <QTableView>

using namespace patchbay;

class TestTask : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        QVERIFY((m_window = m_fixture.openReady()));
    }

    void aDroppedFolderIsOpenedAndRemembered()
    {
        const QString copy = m_folder.filePath(QStringLiteral("my-model"));
        QVERIFY(QDir().mkpath(copy));
        const QDir demo(QString::fromStdString(data_path("demo-model").string()));
        for (const QString &file : demo.entryList(QDir::Files))
            QVERIFY(QFile::copy(demo.filePath(file), copy + QLatin1Char('/') + file));
        drop(copy);
        QVERIFY(document().loading());
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->model_ref.path == copy.toStdString(), 60000);
        QVERIFY(m_window->findChild<RecentModels *>()->folders().contains(copy));
        bool trusted = false;
        for (const QLabel *label : m_fixture.part<ModelDock>().findChildren<QLabel *>())
            trusted = trusted || label->text().contains(QStringLiteral("log-probs"));
        QVERIFY2(trusted, "the trust check is on view");
    }

    void droppedPairsSayWhatIsWrongWithThem()
    {
        const QString file = write(
            QStringLiteral("pairs.jsonl"),
            line("Then Logan and Ivan went to the store, Ivan gave a drink to",
                 "Then Logan and Ivan went to the store, Logan gave a drink to", " Logan", " Ivan")
                + line("Then Logan and Ivan went to the store, Ivan gave a drink to",
                       "Then Logan went to the store, Logan gave a drink to", " Logan", " Ivan")
                + line("Then Logan and Ivan went to the store, Ivan gave a drink to",
                       "Then Logan and Ivan went to the store, Logan gave a drink to", " Logan and Ivan", " Ivan"));
        drop(file);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->task_ref.kind == "pairs", 60000);
        PromptsModel &model = m_fixture.part<PromptsModel>();
        QCOMPARE(model.rowCount(), 3);
        QCOMPARE(document().setup()->batch.prompts, 1);
        QCOMPARE(problem(0), QString());
        QVERIFY2(problem(1).contains(QStringLiteral("token")), qPrintable(problem(1)));
        QVERIFY2(problem(2).contains(QStringLiteral("token")), qPrintable(problem(2)));
        QTableView *table = m_fixture.part<PromptsDock>().findChild<QTableView *>();
        QVERIFY(!table->isColumnHidden(PromptsModel::Problem));
        QCOMPARE(table->horizontalHeader()->visualIndex(PromptsModel::Problem), 1); // prompts are wider than the panel
        m_window->docking().raise(QStringLiteral("prompts"));
        for (const QLabel *label : m_fixture.part<PromptsDock>().findChildren<QLabel *>())
            QTRY_VERIFY2(label->width() >= label->sizeHint().width(), qPrintable(label->text()));
        QVERIFY(!(model.flags(model.index(1, PromptsModel::Use)) & Qt::ItemIsUserCheckable));
        // Mended in the table, it is in.
        model.setData(model.index(2, PromptsModel::Answer), QStringLiteral(" Logan"), Qt::EditRole);
        QTRY_COMPARE_WITH_TIMEOUT(document().setup()->batch.prompts, 2, 60000);
        QTRY_VERIFY(m_fixture.ready());
    }

    void pairsNameTheirPositions()
    {
        RunControls &controls = m_window->controls();
        const auto chosen = [&] { return to_string(positions_of(controls.spec())); };
        const auto choose = [&](const char *positions) {
            ActPatch sweep;
            sweep.positions = parse_positions(positions);
            controls.setSpec(spec_of(sweep));
        };
        const QByteArray pair = line("Then Logan and Ivan went to the store, Ivan gave a drink to",
                                     "Then Logan and Ivan went to the store, Logan gave a drink to", " Logan", " Ivan");
        const QByteArray roles = QByteArray(pair).replace("\"}", "\", \"roles\": {\"Verb\": 4}}");
        drop(write(QStringLiteral("roles.jsonl"), roles));
        QTRY_VERIFY(m_fixture.ready() && document().setup()->batch.roles.count("verb") == 1);
        choose("verb");
        QCOMPARE(chosen(), std::string("verb"));
        PromptsModel &model = m_fixture.part<PromptsModel>();
        QCOMPARE(model.tokens(0, false)[4].role, QStringLiteral("VERB"));
        QCOMPARE(model.tokens(0, true)[4].role, QStringLiteral("VERB"));
        // An edit of the flipped text keeps it; the clean text is what it counts the tokens of.
        model.setData(model.index(0, PromptsModel::Flipped),
                      QStringLiteral("Then Ivan and Ivan went to the store, Logan gave a drink to"), Qt::EditRole);
        QTRY_VERIFY(m_fixture.ready() && !document().setup()->task_ref.pairs.is_null());
        QVERIFY(document().setup()->batch.find_role("verb"));
        model.setData(model.index(0, PromptsModel::Clean),
                      QStringLiteral("Then Ivan and Logan went to the store, Ivan gave a drink to"), Qt::EditRole);
        QTRY_VERIFY(m_fixture.ready() && !document().setup()->batch.find_role("verb"));
        QVERIFY(document().setup()->batch.find_role("s2"));
        QCOMPARE(chosen(), std::string("all")); // no longer offered
        choose("s2");
        QCOMPARE(chosen(), std::string("s2"));
        choose("all");
    }

    void commaSeparatedPairs()
    {
        const QString file = write(QStringLiteral("pairs.csv"),
                                   "clean,flipped,answer,wrong\n"
                                   "\"Then Logan and Ivan went to the store, Ivan gave a drink to\",\"Then Logan and "
                                   "Ivan went to the store, Logan gave a drink to\",\" Logan\",\" Ivan\"\n");
        drop(file);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->task_ref.file == file.toStdString(), 60000);
        QCOMPARE(document().setup()->batch.prompts, 1);
        const auto tokens = m_fixture.part<PromptsModel>().tokens(0, false);
        QStringList roles;
        for (const ShownToken &token : tokens)
            if (!token.role.isEmpty())
                roles << token.role;
        QCOMPARE(
            roles,
            (QStringList{QStringLiteral("IO"), QStringLiteral("S1"), QStringLiteral("S2"), QStringLiteral("END")}));
    }

    void aFileWithoutUsablePairsLeavesEverythingAsItWas()
    {
        const auto before = document().setup();
        drop(write(QStringLiteral("none.jsonl"), line("one", "one two", " a", " b")));
        QTRY_VERIFY_WITH_TIMEOUT(m_window->messages().isVisible() && m_fixture.ready(), 60000);
        QCOMPARE(document().setup(), before);
        QVERIFY(m_window->messages().text().contains(QStringLiteral("none.jsonl")));
        m_window->messages().hide();
    }

    void aFileOfAnotherKindIsRefusedWithANextStep()
    {
        drop(write(QStringLiteral("notes.txt"), "hello"));
        QVERIFY(m_window->messages().isVisible());
        QVERIFY(m_window->messages().text().contains(QStringLiteral(".jsonl")));
    }

    void runsOfAnotherTaskStayToBeLookedAt()
    {
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        const int id = m_fixture.shown()->id;
        m_window->actions().openDemo->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->model_ref.path == "demo", 60000);
        QVERIFY(m_window->explorer().runs.find(id));
        QCOMPARE(m_window->explorer().navigation.place().run, -1); // another model: nothing of the old one is on view
    }

    void whetherPromptsBeginWithAToken()
    {
        m_window->actions().openDemo->trigger();
        TaskRef text;
        document().openTask(text);
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.kind == "ioi");
        QComboBox *choice = nullptr;
        for (QComboBox *box : m_fixture.part<ModelDock>().findChildren<QComboBox *>())
            if (box->accessibleName().contains(QStringLiteral("BOS")))
                choice = box;
        QVERIFY(choice && choice->isVisible());
        QCOMPARE(choice->currentText(), QStringLiteral("auto (no)"));
        const auto without = document().setup();
        choice->setCurrentIndex(1);
        Q_EMIT choice->activated(1);
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.bos == Bos::Yes);
        QCOMPARE(document().setup()->batch.width, without->batch.width + 1);
        QCOMPARE(document().setup()->clean_tokens[0][0], std::string("<|endoftext|>"));
        QVERIFY(document().setup()->task_ref.sha256 != without->task_ref.sha256);
        QCOMPARE(choice->currentText(), QStringLiteral("yes"));
        choice->setCurrentIndex(0);
        Q_EMIT choice->activated(0);
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.bos == Bos::No);
        QCOMPARE(document().setup()->task_ref.sha256, without->task_ref.sha256);
        QCOMPARE(document().task().bos, Bos::Auto); // for the next model
    }

    void aModelWithoutATokenizerOpensForTokenIds()
    {
        const QString folder = m_folder.filePath(QStringLiteral("no-tokenizer"));
        QVERIFY(QDir().mkpath(folder));
        const QDir demo(QString::fromStdString(data_path("demo-model").string()));
        for (const QString &file : demo.entryList(QDir::Files))
            if (!file.startsWith(QStringLiteral("tokenizer")))
                QVERIFY(QFile::copy(demo.filePath(file), folder + QLatin1Char('/') + file));
        write(QStringLiteral("no-tokenizer/tokenizer.json"), R"({"model": {"type": "Magic"}})");
        const PromptBatch before = document().setup()->batch;
        m_window->messages().hide();
        drop(folder);
        QTRY_VERIFY(!document().loading() && document().setup()->model_ref.path == folder.toStdString());
        QVERIFY(!m_window->messages().isVisible());
        QVERIFY(!document().ready());
        QVERIFY2(document().whyNoPrompts().contains(QStringLiteral("\"Magic\" is not supported")),
                 qPrintable(document().whyNoPrompts()));
        bool said = false;
        for (const QLabel *label : m_fixture.part<ModelDock>().findChildren<QLabel *>())
            said = said || (label->isVisible() && label->text() == document().whyNoPrompts());
        QVERIFY2(said, "the dock says why there are no prompts");
        QVERIFY(!m_window->actions().run->isEnabled());
        m_window->actions().nextPrompt->trigger(); // nothing to step through
        QCOMPARE(m_fixture.part<PromptsModel>().rowCount(), 0);
        // With token ids everything is there, and the weights are not read again.
        const double loaded = document().setup()->trust.load_seconds;
        const QString file = m_folder.filePath(QStringLiteral("batch.safetensors"));
        const auto positions = [](const std::vector<int> &list) {
            return Array{{int64_t(list.size())}, std::vector<int64_t>(list.begin(), list.end())};
        };
        write_arrays(file.toStdString(),
                     {{"clean", Array{{before.prompts, before.width}, before.clean}},
                      {"flipped", Array{{before.prompts, before.width}, before.flipped}},
                      {"end", positions(before.end)},
                      {"io", Array{{before.prompts}, before.io}},
                      {"s", Array{{before.prompts}, before.s}}},
                     {});
        drop(file);
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.kind == "batch");
        QCOMPARE(document().setup()->batch.prompts, before.prompts);
        QCOMPARE(document().setup()->trust.load_seconds, loaded);
        QCOMPARE(document().whyNoPrompts(), QString());
        QVERIFY(m_window->actions().run->isEnabled());
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->state == RunState::Done);
        // Back to text: the model stays open without prompts; another one has them again.
        document().openTask(TaskRef());
        QTRY_VERIFY(!document().loading() && !document().ready());
        m_window->actions().openDemo->trigger();
        QTRY_VERIFY(m_fixture.ready() && document().setup()->model_ref.path == "demo");
    }

    // Nothing on screen is of two tasks, and the earlier task is one click or one undo away.
    void theWholeWindowIsAboutTheNewTask()
    {
        Explorer &explorer = m_window->explorer();
        m_fixture.chooseSites({Site::Z, Site::Pattern});
        m_window->actions().run->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        const TaskRef before = document().setup()->task_ref;
        const int earlier = m_fixture.shown()->id;
        explorer.navigation.select({{1, 4}}, {1, 4});
        explorer.navigation.showPrompt(0);

        const char *clean = "Then Logan and Ivan went to the store, Ivan gave a drink to",
                   *flipped = "Then Logan and Ivan went to the store, Logan gave a drink to";
        const QString file = write(QStringLiteral("new.jsonl"),
                                   line(clean, flipped, " Logan", " Ivan") + line(clean, flipped, " Logan", " Ivan")
                                       + line(clean, flipped, " Logan", " Ivan"));
        drop(file);
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->task_ref.file == file.toStdString(), 60000);
        auto *pane = m_window->findChild<HeatmapPane *>();
        QCOMPARE(explorer.navigation.place().run, -1);
        QCOMPARE(explorer.navigation.place().prompt, -1);
        QVERIFY(pane->heatmap()->view().facets.isEmpty());
        QCOMPARE(pane->findChild<QSlider *>(QStringLiteral("prompt"))->maximum(), 2);
        QTRY_VERIFY(m_window->findChild<widgets::ScatterWidget *>()->view().points.isEmpty());
        QCOMPARE(explorer.navigation.place().heads.size(), 1); // what fits stays

        m_window->actions().run->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle(), 60000);
        QVERIFY(m_fixture.shown()->id != earlier);
        QVERIFY2(pane->heatmap()->view().title.contains(QStringLiteral("new.jsonl")),
                 qPrintable(pane->heatmap()->view().title));
        const auto detail = [&](int run) {
            return explorer.runs.index(explorer.runs.row(run)).data(RunsStore::DetailRole).toString();
        };
        QVERIFY2(detail(m_fixture.shown()->id).contains(QStringLiteral("new.jsonl")), qPrintable(detail(earlier)));
        QVERIFY(!detail(earlier).contains(QStringLiteral("new.jsonl")));

        explorer.navigation.showRun(earlier); // as a click in the list
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->task_ref == before, 60000);
        QCOMPARE(explorer.navigation.place().run, earlier);
        m_window->actions().undo->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->task_ref.file == file.toStdString(), 60000);
        QVERIFY(explorer.navigation.place().run != earlier && explorer.navigation.place().run >= 0);

        // The list of tasks has both, and IOI in any case; one click goes there.
        auto *tasks = m_window->findChild<TaskMenu *>();
        QVERIFY(tasks && tasks->tasks().size() >= 2);
        QCOMPARE(tasks->tasks().front().kind, std::string("ioi"));
        QCOMPARE(size_t(tasks->actions().size()), tasks->tasks().size());
        tasks->actions().front()->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->task_ref.kind == "ioi", 60000);
        QVERIFY(tasks->actions().front()->isChecked());
    }

    // The list has every task that comes with the program; the demo model's second one opens with a click, and what is
    // asked of it is its own.
    void theListHasTheTasksThatComeWithIt()
    {
        auto *tasks = m_window->findChild<TaskMenu *>();
        const auto action = [&](const char *name) {
            const QList<QAction *> all = tasks->actions();
            const auto found = std::find_if(all.cbegin(), all.cend(), [&](const QAction *one) {
                return one->text().startsWith(QLatin1String(name));
            });
            return found == all.cend() ? nullptr : *found;
        };
        for (const TaskListing &one : shipped_task_listings())
            if (one.task.kind == "task")
                QVERIFY2(action(one.name.c_str()), one.name.c_str());
        QVERIFY2(action("strangers")->toolTip().startsWith(QStringLiteral("Strangers: ")),
                 qPrintable(action("strangers")->toolTip()));
        auto *order = m_fixture.part<ModelDock>().findChild<QComboBox *>();
        for (QComboBox *box : m_fixture.part<ModelDock>().findChildren<QComboBox *>())
            if (box->accessibleName() == QStringLiteral("Order of the names"))
                order = box;
        QVERIFY(!order->isHidden());
        action("strangers")->trigger();
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.file == "strangers");
        QVERIFY(order->isHidden());
        QCOMPARE(document().setup()->batch.prompts, 70);
        QVERIFY(document().setup()->baseline.accuracy_clean > 0.9);
        QVERIFY(action("strangers")->isChecked());
        QComboBox *positions = nullptr;
        for (QComboBox *box : m_window->controls().findChildren<QComboBox *>())
            if (box->accessibleName() == QStringLiteral("Positions"))
                positions = box;
        QVERIFY(positions && positions->findText(QStringLiteral("ACTOR")) >= 0
                && positions->findText(QStringLiteral("S2")) < 0);
        // One that this tokenizer cannot form says so, and the task stays.
        action("capital-of")->trigger();
        QTRY_VERIFY(m_window->messages().isVisible() && m_fixture.ready());
        QVERIFY2(m_window->messages().text().contains(QStringLiteral("cannot be formed with this tokenizer")),
                 qPrintable(m_window->messages().text()));
        QCOMPARE(document().setup()->task_ref.file, std::string("strangers"));
        document().openTask(TaskRef());
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.kind == "ioi");
        QVERIFY(!order->isHidden());
    }

    // Also where neither task has a run: the task itself is what undo brings back.
    void aTaskWithoutRunsIsOneUndoAway()
    {
        Explorer &explorer = m_window->explorer();
        QUndoStack &undo = explorer.navigation.undoStack();
        document().openTask(TaskRef());
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.kind == "ioi");
        for (const int id : runIds())
            explorer.runner.remove(id);
        const TaskRef before = document().setup()->task_ref, asked = document().task();
        explorer.navigation.showPrompt(3);
        const QString file =
            write(QStringLiteral("other.jsonl"),
                  line("Then Logan and Ivan went to the store, Ivan gave a drink to",
                       "Then Logan and Ivan went to the store, Logan gave a drink to", " Logan", " Ivan"));
        drop(file);
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.file == file.toStdString());
        QVERIFY2(undo.undoText().contains(QStringLiteral("other.jsonl")), qPrintable(undo.undoText()));
        m_window->actions().undo->trigger();
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref == before);
        QVERIFY(undo.canRedo());            // going back is no new step
        QCOMPARE(document().task(), asked); // the choice of a BOS token is the user's, not what it came to
        QCOMPARE(explorer.navigation.place().prompt, 3);
        QCOMPARE(explorer.attention.prompt(), 3);
        m_window->actions().redo->trigger();
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref.file == file.toStdString());
        m_window->actions().undo->trigger();
        QTRY_VERIFY(m_fixture.ready() && document().setup()->task_ref == before);

        // Where it is not there any more the task on view stays, and that is said.
        QVERIFY(QFile::remove(file));
        m_window->actions().redo->trigger();
        QTRY_VERIFY(m_fixture.ready() && explorer.navigation.place().task == document().task());
        QCOMPARE(document().setup()->task_ref, before);
        QVERIFY(m_window->messages().text().contains(QStringLiteral("other.jsonl")));
    }

    void importingAsksWhileARunGoesOn()
    {
        ActPatch sweep;
        sweep.sites = {Site::Q, Site::K, Site::V};
        m_window->findChild<RunControls *>()->setSpec(spec_of(sweep));
        m_window->actions().run->trigger();
        QVERIFY(m_window->explorer().runner.activeRun() >= 0);
        const int run = m_window->explorer().navigation.place().run;
        const auto before = document().setup();
        const QString file =
            write(QStringLiteral("later.jsonl"),
                  line("Then Logan and Ivan went to the store, Ivan gave a drink to",
                       "Then Logan and Ivan went to the store, Logan gave a drink to", " Logan", " Ivan"));
        drop(file);
        auto *ask = m_window->findChild<QMessageBox *>();
        QVERIFY(ask && ask->isVisible());
        QCOMPARE(document().setup(), before);
        QVERIFY(!document().loading());
        for (QAbstractButton *button : ask->buttons())
            if (button->text().contains(QStringLiteral("when it is done")))
                button->click();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.ready() && document().setup()->task_ref.file == file.toStdString(), 60000);
        QVERIFY(m_window->explorer().runs.find(run)->state == RunState::Done); // it was not stopped
    }

private:
    QVector<int> runIds() const
    {
        QVector<int> ids;
        for (const RunEntry &entry : m_window->explorer().runs.entries())
            ids << entry.id;
        return ids;
    }
    Document &document() { return m_window->explorer().document; }
    QString problem(int row)
    {
        return m_fixture.part<PromptsModel>().index(row, PromptsModel::Problem).data().toString();
    }
    static QByteArray line(const char *clean, const char *flipped, const char *answer, const char *wrong)
    {
        return QByteArray::fromStdString(
            nlohmann::json{{"clean", clean}, {"flipped", flipped}, {"answer", answer}, {"wrong", wrong}}.dump() + "\n");
    }
    QString write(const QString &name, const QByteArray &text)
    {
        QFile file(m_folder.filePath(name));
        return file.open(QIODevice::WriteOnly) && file.write(text) == text.size() ? file.fileName() : QString();
    }
    void drop(const QString &path)
    {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(path)});
        QDragEnterEvent enter(QPoint(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(m_window, &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent event(QPointF(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(m_window, &event);
    }

    QTemporaryDir m_folder;
    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
};

QTEST_MAIN(TestTask)
#include "test_task.moc"
