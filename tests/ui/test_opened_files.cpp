// Saved results, figures and folders of recipes open in the window; notes and the search that finds them.
#include "docks/history_dock.h"
#include "docks/note_edit.h"
#include "docks/notes_dock.h"
#include "export/figure_subject.h"
#include "io/array_files.h"
#include "report/project_report.h"
#include "shell/command_palette.h"
#include "shell/message_bar.h"
#include "shell/project_flow.h"
#include "shell/window_files.h"
#include "task/task_list.h"
#include "window_fixture.h"

#include <QClipboard>
#include <QComboBox>
#include <QFile>
#include <QLineEdit>
#include <QListWidget>
#include <QToolButton>
#include <QXmlStreamReader>

#include <algorithm>

using namespace patchbay;

class TestOpenedFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->state == RunState::Done);
    }
    void cleanup() { m_fixture.close(); }

    void aResult()
    {
        const QString file = m_folder.filePath(QStringLiteral("z.safetensors"));
        QVERIFY(!saveResultTo(file, *m_fixture.shown()->result));
        QCOMPARE(kindOf(file), FileKind::Result);
        const RunResultPtr saved = m_fixture.shown()->result;
        QVERIFY(openOther());
        m_window->openPath(file);
        QTRY_VERIFY(m_fixture.ready() && m_fixture.shown() && m_fixture.shown()->result);
        QVERIFY(m_fixture.shown()->result->grids.front().per_prompt == saved->grids.front().per_prompt);
        QCOMPARE(m_fixture.shown()->state, RunState::Done);
        QTRY_COMPARE(explorer().document.setup()->task_ref.kind, std::string("ioi")); // its task is open again
        m_fixture.chooseSites({Site::Z});
        m_window->actions().run->trigger(); // known: nothing is computed twice
        QCOMPARE(explorer().runs.rowCount(), 2);
    }

    void aFigure()
    {
        const QString file = m_folder.filePath(QStringLiteral("z.pdf"));
        const FigureSubject subject = figureSubject(m_fixture.shown()->result, {});
        widgets::writeFigure(file, figureSheet({subject}, {}), figureMetadata({subject}));
        QCOMPARE(kindOf(file), FileKind::Figure);
        const RunSpec spec = m_fixture.shown()->spec;
        QVERIFY(openOther());
        const int before = explorer().runs.rowCount();
        m_window->openPath(file);
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->spec == spec);
        QCOMPARE(explorer().runs.rowCount(), before); // it was there
        QFile other(m_folder.filePath(QStringLiteral("other.png")));
        QVERIFY(other.open(QIODevice::WriteOnly));
        other.write("\x89PNG\r\n");
        other.close();
        m_window->openPath(other.fileName());
        QTRY_VERIFY(m_window->messages().text().contains(QStringLiteral("not a figure of this program")));
    }

    void notesAreFound()
    {
        auto &dock = m_fixture.part<NotesDock>();
        explorer().navigation.select({{1, 4}}, {1, 4});
        QCOMPARE(dock.about()->currentText(), QStringLiteral("L1H4"));
        dock.edit()->setPlainText(QStringLiteral("Copies the name; see L2H2 and Activation patching"));
        QTRY_COMPARE(explorer().project.note(QStringLiteral("head"), QStringLiteral("L1H4")).isEmpty(), false);
        QCOMPARE(dock.edit()->linkAt(dock.edit()->toPlainText().indexOf(QStringLiteral("2H2"))),
                 QStringLiteral("L2H2"));
        QVERIFY(dock.edit()->linkAt(0).isEmpty());
        Q_EMIT dock.edit()->linkFollowed(QStringLiteral("L2H2"));
        QCOMPARE(explorer().navigation.place().current, (widgets::HeadId{2, 2}));
        QVERIFY(dock.edit()->toPlainText().isEmpty()); // that head has none
        m_window->actions().palette->trigger();
        auto *palette = m_window->findChild<CommandPalette *>();
        palette->findChild<QLineEdit *>()->setText(QStringLiteral("copies name"));
        auto *list = palette->findChild<QListWidget *>();
        QVERIFY(list->count() > 0 && list->item(0)->text().startsWith(QStringLiteral("L1H4")));
        QTest::keyClick(palette->findChild<QLineEdit *>(), Qt::Key_Return);
        QCOMPARE(explorer().navigation.place().current, (widgets::HeadId{1, 4}));
        QVERIFY(dock.edit()->toPlainText().startsWith(QStringLiteral("Copies")));
        m_window->actions().palette->trigger();
        palette->findChild<QLineEdit *>()->setText(QStringLiteral("L3H5"));
        QCOMPARE(list->item(0)->text(), QStringLiteral("L3H5"));
        palette->hide();
        dock.edit()->clear();
        QTRY_VERIFY(explorer().project.notes().empty());
    }

    void historyGoesBack()
    {
        auto &dock = m_fixture.part<HistoryDock>();
        explorer().navigation.select({{1, 4}}, {1, 4});
        explorer().navigation.select({{2, 2}}, {2, 2});
        QListWidget *list = dock.list();
        const auto rowOf = [list](const QString &text) {
            for (int row = 0; row < list->count(); ++row)
                if (list->item(row)->text().contains(text))
                    return row;
            return -1;
        };
        QVERIFY(rowOf(QStringLiteral("L1H4")) >= 0 && rowOf(QStringLiteral("L2H2")) >= 0);
        Q_EMIT list->itemActivated(list->item(rowOf(QStringLiteral("L1H4"))));
        QCOMPARE(explorer().navigation.place().current, (widgets::HeadId{1, 4}));
        QVERIFY(m_window->actions().redo->isEnabled());
        dock.ledHere()->setChecked(true);
        int seen = 0;
        for (int row = 0; row < list->count(); ++row)
            seen += list->item(row)->isHidden() ? 0 : 1;
        QCOMPARE(seen, 2); // the model and task, and the run
        for (QToolButton *button : dock.findChildren<QToolButton *>())
            if (button->text() == QStringLiteral("Copy commands"))
                button->click();
        const QStringList commands = QGuiApplication::clipboard()->text().split(QLatin1Char('\n'));
        QCOMPARE(commands.size(), 2);
        QVERIFY(commands[0].startsWith(QStringLiteral("patchbay-cli baseline")));
        QVERIFY(commands[1].startsWith(QStringLiteral("patchbay-cli act-patch --sites z")));
    }

    void aPageForAReader()
    {
        const QString file = m_folder.filePath(QStringLiteral("read.patchbay"));
        explorer().project.create(file);
        m_fixture.chooseSites({Site::V});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->state == RunState::Done);
        explorer().project.setNote(QStringLiteral("head"), QStringLiteral("L1H4"), QStringLiteral("Moves <names>"));
        QVERIFY(explorer().project.flush());
        const QString page = m_folder.filePath(QStringLiteral("read.html"));
        writeForReader(page, contents_of(Project(file.toStdString(), Project::Open::Read)), QStringLiteral("Names"));
        QFile html(page);
        QVERIFY(html.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(html.readAll());
        for (const char *part : {"Names", "Moves &lt;names&gt;", "patchbay-cli act-patch --sites v", "<svg",
                                 "Figure 1.", "<figure data-attention=\"0\">", "id=\"attention-numbers\""})
            QVERIFY2(text.contains(QLatin1String(part)), part);
        for (const char *network : {"src=\"http", "href=\"http", "url(http"})
            QVERIFY2(!text.contains(QLatin1String(network)), network);
        QXmlStreamReader xml(text);
        while (!xml.atEnd())
            xml.readNext();
        QVERIFY2(!xml.hasError(), qPrintable(xml.errorString()));
    }

    // What a click on a head shows: computed where the model is here, otherwise what a run kept.
    void attentionBehindAPage()
    {
        const RunSpec of = spec_of(ActPatch());
        const ReaderAttention all = attentionForReader({}, of);
        QCOMPARE(all.heads.size(), 48);
        QVERIFY(all.prompts.size() > 1 && all.heads.first().size() == all.prompts.size());
        for (const QVector<QByteArray> &head : all.heads)
            for (qsizetype prompt = 0; prompt < head.size(); ++prompt) {
                const qsizetype size = all.prompts[prompt].tokens.size();
                QCOMPARE(head[prompt].size(), size * size);
                QCOMPARE(uchar(head[prompt][0]), uchar(255)); // the first token sees itself alone
            }
        RunSpec elsewhere = of;
        elsewhere.model.path = "/no/such/model";
        QVERIFY(attentionForReader({}, elsewhere).isEmpty());
        auto kept = std::make_shared<RunResult>();
        kept->spec = elsewhere;
        kept->spec.method = Analysis{"attention-patterns", {{1, 4}}, {{"prompt", 2}}};
        kept->summary = {{"prompt", 2}, {"tokens", {"a", "b"}}};
        kept->arrays["pattern.1.4"] = {{2, 2}, std::vector<float>{1, 0, 0.5f, 0.5f}};
        ProjectContents contents;
        contents.results[1] = kept;
        const ReaderAttention found = attentionForReader(contents, elsewhere);
        QCOMPARE(found.prompts.size(), 1);
        QCOMPARE(found.prompts.front().tokens, QStringList({QStringLiteral("a"), QStringLiteral("b")}));
        QCOMPARE(found.heads.value(QStringLiteral("1.4")).front(), QByteArray("\xff\x00\x80\x80", 4));
    }

    // What another program computed is a run beside the others; a file of token ids stays one.
    void numbersOfOtherPrograms()
    {
        const QString file = m_folder.filePath(QStringLiteral("numbers.npz"));
        std::vector<float> values(48, 0.f);
        values[12] = 7;
        write_arrays(file.toStdString(), {{"z", {{6, 8}, values}}});
        QCOMPARE(kindOf(file), FileKind::Numbers);
        m_window->openPath(file);
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->state == RunState::Done
                    && m_fixture.shown()->spec.is<Analysis>());
        QCOMPARE(m_fixture.shown()->spec.as<Analysis>()->name, std::string("imported"));
        QCOMPARE(m_fixture.shown()->result->arrays.at("imported.z").floats(), values);
        const QString ids = m_folder.filePath(QStringLiteral("ids.safetensors"));
        write_arrays(ids.toStdString(), {{"clean", {{1, 2}, std::vector<int64_t>{1, 2}}}});
        QCOMPARE(kindOf(ids), FileKind::Other);
    }

private:
    Explorer &explorer() { return m_window->explorer(); }
    /// Another task, so that what is opened has to bring its own.
    bool openOther()
    {
        explorer().document.openTask(task_named("strangers"));
        return QTest::qWaitFor(
            [this] { return m_fixture.ready() && explorer().document.setup()->task_ref.kind == "task"; }, 60000);
    }

    QTemporaryDir m_folder;
    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
};

QTEST_MAIN(TestOpenedFiles)
#include "test_opened_files.moc"
