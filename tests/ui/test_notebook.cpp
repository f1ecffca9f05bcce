// The notebook, cell by cell and in its order, in the real window: once by mouse, once by keyboard alone. What is on
// screen is compared with what the command line says, and how it was done makes the handbook's page.
#include "notebook_comparison.h"
#include "notebook_page.h"

#include "scatter_widget.h"
#include "table_widget.h"
#include "views/result_views.h"
#include "views/scatter_pane.h"

using namespace patchbay;
using widgets::HeadId;

class TestNotebook : public QObject, NotebookComparison {
    Q_OBJECT
private Q_SLOTS:
    void byMouse() { walk<MouseHand>(); }

    void byKeyboard() { walk<KeyHand>(); }

    // docs/handbook/notebook.md says what was done here; with PATCHBAY_WRITE_HANDBOOK=1 this writes it.
    void theHandbookSaysSo()
    {
        if (m_rows.isEmpty())
            QSKIP("byMouse and byKeyboard were not run");
        QFile page(QStringLiteral(PATCHBAY_SOURCE_DIR "/docs/handbook/notebook.md"));
        if (qEnvironmentVariableIsSet("PATCHBAY_WRITE_HANDBOOK")) {
            QVERIFY(page.open(QIODevice::WriteOnly));
            page.write(notebookPage(m_rows).toUtf8());
            return;
        }
        QVERIFY(page.open(QIODevice::ReadOnly));
        QCOMPARE(QString::fromUtf8(page.readAll()), notebookPage(m_rows));
    }

private:
    template <class Hands>
    void walk()
    {
        WindowFixture fixture;
        m_fixture = &fixture;
        QVERIFY((m_window = fixture.openReady()));
        Hands hands(fixture, *m_window);
        m_hand = &hands;
        m_row = 0;
        m_keyboard = std::is_same_v<Hands, KeyHand>;
        for (const auto step : {&TestNotebook::outputs, &TestNotebook::parts, &TestNotebook::directEffects,
                                &TestNotebook::strongestDirectEffects, &TestNotebook::attentionOfTheStrongest,
                                &TestNotebook::opposingDirectEffects, &TestNotebook::attentionOfTheOpposing,
                                &TestNotebook::outputAgainstPattern, &TestNotebook::headsThatCopy,
                                &TestNotebook::headsThatCopyNegatively, &TestNotebook::roles, &TestNotebook::ablation,
                                &TestNotebook::queriesOfTheMovers, &TestNotebook::attentionOfTheirSenders,
                                &TestNotebook::sInhibition, &TestNotebook::valuesOfOne, &TestNotebook::valuesOfAll}) {
            (this->*step)();
            if (QTest::currentTestFailed())
                return;
        }
    }

    // [14, 15]
    void outputs()
    {
        m_hand->command(m_window->actions().run);
        await();
        const QString command = QStringLiteral("act-patch --sites z --direction denoise");
        heatmapIs(tool(command));
        done(QStringLiteral("14–15"), QStringLiteral("Patching the output of every head"), command);
    }

    // [16, 17]
    void parts()
    {
        for (const char *site : {"q", "k", "v", "pattern"})
            m_hand->press(siteButton(QString::fromLatin1(site)));
        m_hand->command(m_window->actions().run);
        await();
        const QString command = QStringLiteral("act-patch --sites z,q,k,v,pattern --direction denoise");
        m_parts = tool(command);
        heatmapIs(m_parts);
        QCOMPARE(heatmap().facets.size(), 5);
        m_partsRun = m_fixture->shown()->id;
        done(QStringLiteral("16–17"), QStringLiteral("… and of its query, key, value and pattern"), command);
    }

    // [21, 22]
    void directEffects()
    {
        m_hand->choose(control(QStringLiteral("Method")), 1);
        m_hand->command(m_window->actions().run);
        await();
        const QString command = QStringLiteral("path-patch --receivers resid_post:%1 --direction noise")
                                    .arg(m_parts.grids.front().shape[0] - 1);
        m_direct = tool(command);
        heatmapIs(m_direct);
        m_directRun = m_fixture->shown()->id;
        done(QStringLiteral("21–22"), QStringLiteral("Direct effect: every head into the final residual stream"),
             command);
    }

    // [26]
    void strongestDirectEffects()
    {
        m_hand->show(QStringLiteral("bars"));
        m_hand->choose(sign(), 2);
        barsAre(m_direct, Sign::Negative);
        done(QStringLiteral("26"), QStringLiteral("The heads that contribute most"), {});
    }

    // [27]
    void attentionOfTheStrongest()
    {
        m_hand->selectBars(10);
        const QVector<HeadId> heads = strongest(m_direct, 10, Sign::Negative);
        QCOMPARE(place().heads, heads);
        attentionAt(6, heads);
        done(QStringLiteral("27"), QStringLiteral("Their attention in one prompt"), attentionCommand(heads, 5));
    }

    // [28]
    void opposingDirectEffects()
    {
        m_hand->show(QStringLiteral("bars"));
        m_hand->choose(sign(), 1);
        barsAre(m_direct, Sign::Positive);
        done(QStringLiteral("28"), QStringLiteral("The heads that work against it"), {});
    }

    // [34]
    void attentionOfTheOpposing()
    {
        m_hand->selectBars(2);
        const QVector<HeadId> heads = strongest(m_direct, 2, Sign::Positive);
        QCOMPARE(place().heads, heads);
        attentionAt(1, heads);
        done(QStringLiteral("34"), QStringLiteral("Their attention"), attentionCommand(heads, 0));
    }

    // [23, 24]
    void outputAgainstPattern()
    {
        m_hand->showRun(m_partsRun);
        m_hand->show(QStringLiteral("scatter"));
        auto *scatter = m_window->scatterPane().findChild<widgets::ScatterWidget *>();
        const Grid &x = *m_parts.grid("denoise.pattern"), &y = *m_parts.grid("denoise.z");
        QTRY_COMPARE(scatter->view().points.size(), x.cells());
        for (const auto &point : scatter->view().points) {
            const int cell = x.index(point.head.layer, point.head.head);
            QVERIFY(std::abs(point.x - effect(m_parts, x, cell)) < kClose);
            QVERIFY(std::abs(point.y - effect(m_parts, y, cell)) < kClose);
        }
        done(QStringLiteral("23–24"), QStringLiteral("Output against attention: a point for each head"), {});
    }

    // [25, 26]
    void headsThatCopy()
    {
        m_hand->showRun(m_directRun);
        const QString command = QStringLiteral("analyse copy-scores");
        m_copies = tool(command);
        maskedBy(QStringLiteral("copy.positive"));
        done(QStringLiteral("25–26"), QStringLiteral("Name movers: direct effects of the heads that copy"), command);
    }

    // [25]
    void headsThatCopyNegatively()
    {
        maskedBy(QStringLiteral("copy.negative"));
        done(QStringLiteral("25"), QStringLiteral("Negative name movers: those that copy negatively"), {});
    }

    // [27]
    void roles()
    {
        m_hand->command(m_window->actions().findRoles);
        await();
        QTRY_VERIFY(!movers().isEmpty());
        const QString command = QStringLiteral("analyse roles");
        const RunResult result = tool(command);
        const auto &table = m_window->heatmapPane().others()->table()->view();
        QTRY_VERIFY(!table.rows.isEmpty());
        QCOMPARE(table.rows, tableNamed(result, shownView()).rows);
        done(QStringLiteral("27"), QStringLiteral("Which heads are name movers"), command);
    }

    // [28 to 30]
    void ablation()
    {
        m_hand->showRun(m_directRun);
        m_hand->select(movers());
        QCOMPARE(place().heads, movers());
        m_hand->command(m_window->actions().ablate);
        await();
        const QString command = QStringLiteral("analyse ablate --heads ") + dottedList(movers());
        const RunResult result = tool(command);
        m_hand->show(QStringLiteral("bars"));
        m_hand->choose(sign(), 0);
        auto *shown = m_fixture->part<BarsPane>().findChild<widgets::BarsWidget *>();
        const widgets::BarsView wanted = barsView(result);
        QTRY_COMPARE(shown->view().totalText, wanted.totalText);
        QVERIFY2(wanted.totalText.contains(QStringLiteral("of the clean logit diff")), qPrintable(wanted.totalText));
        QCOMPARE(shown->view().bars.size(), wanted.bars.size());
        for (int i = 0; i < wanted.bars.size(); ++i)
            QVERIFY(std::abs(shown->view().bars[i].value - wanted.bars[i].value) < kClose);
        done(QStringLiteral("28–30"), QStringLiteral("Backup heads: the name movers are taken out"), command);
    }

    // [44 to 46]
    void queriesOfTheMovers()
    {
        const QString command = QStringLiteral("path-patch --receivers %1 --direction noise")
                                    .arg(dottedList(movers(), QStringLiteral("q:")));
        m_queries = received(Site::Q, command);
        m_hand->show(QStringLiteral("bars"));
        m_hand->choose(sign(), 2);
        barsAre(m_queries, Sign::Negative);
        done(QStringLiteral("44–46"), QStringLiteral("Which heads act through the name movers' queries"), command);
    }

    // [47]
    void attentionOfTheirSenders()
    {
        m_candidates = strongest(m_queries, 2, Sign::Negative);
        m_hand->selectBars(2);
        QCOMPARE(place().heads, m_candidates);
        attentionAt(35, m_candidates);
        done(QStringLiteral("47"), QStringLiteral("Their attention"), attentionCommand(m_candidates, 34));
    }

    // [96 to 99]
    void sInhibition()
    {
        m_hand->choose(control(QStringLiteral("Method")), 2);
        QComboBox *analysis = control(QStringLiteral("Analysis"));
        m_hand->choose(analysis, analysis->findData(QStringLiteral("s2i")));
        m_hand->command(m_window->actions().run);
        await();
        const QString command = QStringLiteral("analyse s2i --heads %1 --name-movers %2")
                                    .arg(dottedList(m_candidates), dottedList(movers()));
        const RunResult result = tool(command);
        const auto &table = m_window->heatmapPane().others()->table()->view();
        QTRY_COMPARE(table.rows.size(), m_candidates.size());
        QCOMPARE(table.rows, tableNamed(result, shownView()).rows);
        done(QStringLiteral("96–99"), QStringLiteral("S-inhibition: each candidate is tested against the name movers"),
             command);
    }

    // [48 to 51]
    void valuesOfOne()
    {
        m_hand->showRun(m_directRun);
        m_hand->select({m_candidates.front()});
        const QString command = QStringLiteral("path-patch --receivers %1 --direction noise")
                                    .arg(dottedList({m_candidates.front()}, QStringLiteral("v:")));
        received(Site::V, command);
        done(QStringLiteral("48–51"), QStringLiteral("Which heads act through an S-inhibition head's values"), command);
    }

    // [62 to 65]
    void valuesOfAll()
    {
        m_hand->showRun(m_directRun);
        m_hand->select(m_candidates);
        const QString command = QStringLiteral("path-patch --receivers %1 --direction noise")
                                    .arg(dottedList(m_candidates, QStringLiteral("v:")));
        const RunResult result = received(Site::V, command);
        barsAre(result, Sign::Negative);
        m_hand->selectBars(2);
        attentionAt(46, strongest(result, 2, Sign::Negative));
        done(QStringLiteral("62–65"), QStringLiteral("… and through those of all of them; the senders' attention"),
             command);
    }

    RunResult received(Site site, const QString &command)
    {
        const QString into = QStringLiteral("receive-") + QString::fromStdString(name(site));
        m_hand->press(m_window->findChild<QPushButton *>(into), into);
        await();
        RunResult result = tool(command);
        heatmapIs(result);
        return result;
    }

    void done(const QString &cells, const QString &step, const QString &command)
    {
        if (!m_keyboard)
            m_rows << NotebookRow{cells, step, m_hand->told(), {}, command};
        else if (m_row < m_rows.size())
            m_rows[m_row].keys = m_hand->told();
        ++m_row;
    }

    bool m_keyboard = false;
    QVector<NotebookRow> m_rows;
    RunResult m_parts, m_direct, m_queries;
    QVector<HeadId> m_candidates;
    int m_partsRun = -1;
};

QTEST_MAIN(TestNotebook)
#include "test_notebook.moc"
