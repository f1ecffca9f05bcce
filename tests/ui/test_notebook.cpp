// The notebook, cell by cell and in its order, in the real window: once by mouse, once by keyboard alone. What is on
// screen is compared with what the command line says, and how it was done makes the handbook's page.
#include "notebook_hands.h"

#include "analysis/roles.h"
#include "attention_widget.h"
#include "controllers/masks.h"
#include "scatter_widget.h"
#include "table_widget.h"
#include "view_models.h"
#include "view_text.h"
#include "views/attention_pane.h"
#include "views/mask_control.h"
#include "views/result_views.h"
#include "views/scatter_pane.h"

#include <QDoubleSpinBox>
#include <QFrame>
#include <QProcess>
#include <QToolButton>

#include <algorithm>
#include <cmath>

using namespace patchbay;
using widgets::HeadId;

namespace {

constexpr double kClose = 2e-3; // % of the gap, or of a copy score: other kernels round otherwise

struct PageRow {
    QString cells, step, mouse, keys, command;
};

double effect(const RunResult &result, const Grid &grid, int cell)
{
    return normalised(grid, cell, result.baseline) * effect_unit(result.baseline).factor;
}

QString dottedList(const QVector<HeadId> &heads, const QString &before = {})
{
    QStringList list;
    for (const HeadId &head : heads)
        list << before + QString::fromStdString(dotted(fromHeadId(head)));
    return list.join(QLatin1Char(','));
}

} // namespace

class TestNotebook : public QObject {
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
            page.write(handbookPage().toUtf8());
            return;
        }
        QVERIFY(page.open(QIODevice::ReadOnly));
        QCOMPARE(QString::fromUtf8(page.readAll()), handbookPage());
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
        fadedBy(QStringLiteral("copy.positive"));
        done(QStringLiteral("25–26"), QStringLiteral("Name movers: direct effects of the heads that copy"), command);
    }

    // [25]
    void headsThatCopyNegatively()
    {
        fadedBy(QStringLiteral("copy.negative"));
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

    // What the command line says to this.
    RunResult tool(const QString &command)
    {
        const QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("result.safetensors"));
        QProcess process;
        process.start(QStringLiteral(PATCHBAY_BINARY_DIR "/bin/patchbay-cli"),
                      command.split(QLatin1Char(' '))
                          + QStringList{QStringLiteral("--quiet"), QStringLiteral("--out"), file});
        if (!process.waitForFinished(300000) || process.exitCode() != 0)
            QTest::qFail(command.toUtf8() + ": " + process.readAllStandardError(), __FILE__, __LINE__);
        return QTest::currentTestFailed() ? RunResult{} : load_result(file.toStdString());
    }

    void await()
    {
        QTRY_VERIFY(m_fixture->idle() && m_fixture->shown()->finished());
        QVERIFY(m_fixture->shown()->state == RunState::Done);
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

    void heatmapIs(const RunResult &result)
    {
        QVERIFY(m_window->heatmapPane().heatmap()->isVisible());
        QCOMPARE(size_t(heatmap().facets.size()), result.grids.size());
        for (size_t i = 0; i < result.grids.size(); ++i) {
            const Grid &grid = result.grids[i];
            const widgets::HeatmapFacet &facet = heatmap().facets[qsizetype(i)];
            if (result.grids.size() > 1)
                QCOMPARE(facet.title, facetTitle(grid.name));
            QCOMPARE(facet.rows * facet.columns, grid.cells());
            for (int cell = 0; cell < grid.cells(); ++cell) {
                const double shown = facet.values[grid.at(cell).layer * facet.columns + grid.at(cell).head];
                QVERIFY2(std::abs(shown - effect(result, grid, cell)) < kClose,
                         qPrintable(QStringLiteral("step %1, %2: %3, by the command line %4")
                                        .arg(m_row + 1)
                                        .arg(QString::fromStdString(to_json(m_fixture->shown()->spec).dump()))
                                        .arg(shown)
                                        .arg(effect(result, grid, cell))));
            }
        }
    }

    // By their values alone, the strongest first.
    static QVector<HeadId> strongest(const RunResult &result, int n, Sign sign)
    {
        const Grid &grid = result.grids.front();
        QVector<std::pair<double, HeadId>> all;
        for (int cell = 0; cell < grid.cells(); ++cell)
            all << std::pair{effect(result, grid, cell) * (sign == Sign::Negative ? 1 : -1),
                             HeadId{grid.at(cell).layer, grid.at(cell).head}};
        std::sort(all.begin(), all.end());
        QVector<HeadId> heads;
        for (const auto &[value, head] : all)
            if (heads.size() < n && value < 0)
                heads << head;
        return heads;
    }

    void barsAre(const RunResult &result, Sign sign)
    {
        const auto *bars = m_fixture->part<BarsPane>().findChild<widgets::BarsWidget *>();
        const QVector<HeadId> heads = strongest(result, 15, sign);
        const Grid &grid = result.grids.front();
        const auto shown = [&] {
            QVector<HeadId> all;
            for (const widgets::Bar &bar : bars->view().bars)
                all << bar.head;
            return all;
        };
        QTRY_COMPARE(shown(), heads);
        for (const widgets::Bar &bar : bars->view().bars)
            QVERIFY(std::abs(bar.value - effect(result, grid, grid.index(bar.head.layer, bar.head.head))) < kClose);
    }

    static QString attentionCommand(const QVector<HeadId> &heads, int prompt)
    {
        return QStringLiteral("analyse attention-patterns --heads %1 --prompt %2").arg(dottedList(heads)).arg(prompt);
    }

    // Prompts are counted from 1 in the window, from 0 in options.
    void attentionAt(int prompt, const QVector<HeadId> &heads)
    {
        m_hand->set(control<QSpinBox>(QStringLiteral("Prompt of the attention view")), prompt);
        const auto wanted = attentionViews(tool(attentionCommand(heads, prompt - 1)));
        const auto &shown = m_window->explorer().attention.views();
        QTRY_VERIFY(shown.size() == wanted.size() && m_window->explorer().attention.prompt() == prompt - 1
                    && shown.front().tokens == wanted.front().tokens);
        for (const widgets::AttentionView &view : wanted) {
            const auto same =
                std::find_if(shown.begin(), shown.end(), [&](const auto &other) { return other.head == view.head; });
            QVERIFY(same != shown.end());
            QCOMPARE(same->weights.size(), view.weights.size());
            for (qsizetype i = 0; i < view.weights.size(); ++i)
                QVERIFY(std::abs(same->weights[i] - view.weights[i]) < 1e-4);
        }
    }

    void fadedBy(const QString &quantity)
    {
        MaskControl *mask = m_window->heatmapPane().mask();
        m_hand->press(mask->button());
        QVERIFY(mask->panel()->isVisible());
        m_hand->choose(mask->quantity(), mask->quantity()->findData(quantity));
        m_hand->leave(mask->panel());
        QTRY_VERIFY(!mask->panel()->isVisible());
        const Array &scores = m_copies.arrays.at(quantity.toStdString());
        const int64_t heads = scores.shape[1], prompts = scores.count() / (scores.shape[0] * heads);
        QVector<HeadId> faded;
        for (int64_t cell = 0; cell < scores.shape[0] * heads; ++cell) {
            double sum = 0;
            for (int64_t p = 0; p < prompts; ++p)
                sum += scores.floats()[size_t(cell * prompts + p)];
            if (std::abs(sum / double(prompts)) < 75)
                faded << HeadId{int(cell / heads), int(cell % heads)};
        }
        const auto shown = [this] {
            QVector<HeadId> all = heatmap().masked;
            std::sort(all.begin(), all.end());
            return all;
        };
        QTRY_COMPARE(shown(), faded);
        QCOMPARE(m_fixture->shown()->id, m_directRun);
    }

    const widgets::HeatmapView &heatmap() const { return m_window->heatmapPane().heatmap()->view(); }
    const Place &place() const { return m_window->explorer().navigation.place(); }
    QVector<HeadId> movers() const
    {
        QVector<HeadId> heads = m_window->explorer().roles.headsWith(QString::fromUtf8(name_mover_role));
        std::sort(heads.begin(), heads.end());
        return heads;
    }
    QString shownView() const
    {
        return viewChoices(*m_fixture->shown()->result).at(m_window->heatmapPane().viewChoice()->currentIndex()).key;
    }
    template <class Control = QComboBox>
    Control *control(const QString &name) const
    {
        for (Control *one : m_window->findChildren<Control *>())
            if (one->accessibleName() == name)
                return one;
        qFatal("the window has no control %s", qPrintable(name));
    }
    QComboBox *sign() const { return control(QStringLiteral("Which sign")); }
    QToolButton *siteButton(const QString &site) const
    {
        for (QToolButton *one : m_window->controls().findChildren<QToolButton *>())
            if (one->text() == site)
                return one;
        qFatal("the toolbar has no %s", qPrintable(site));
    }

    void done(const QString &cells, const QString &step, const QString &command)
    {
        if (!m_keyboard)
            m_rows << PageRow{cells, step, m_hand->told(), {}, command};
        else if (m_row < m_rows.size())
            m_rows[m_row].keys = m_hand->told();
        ++m_row;
    }

    QString handbookPage() const
    {
        QString page = QStringLiteral(
            "# The notebook, step by step\n\n[Handbook](README.md) · before: [First steps](first-steps.md)\n\n"
            "Whoever knows the usual notebook of the IOI circuit finds its steps here: where they are in the window, "
            "by "
            "mouse and by keyboard alone, and on the\ncommand line. The heads are those of the demo model, with 70 "
            "prompts. A test goes this way at every change and compares what is on screen with\nwhat the command line "
            "says; it also writes this page.\n\n| Cells | Step | By mouse | By keyboard | `patchbay-cli` "
            "|\n|---|---|---|---|---|\n");
        for (const PageRow &row : m_rows)
            page += QStringLiteral("| %1 | %2 | %3 | %4 | %5 |\n")
                        .arg(row.cells, row.step, row.mouse, row.keys,
                             row.command.isEmpty() ? QString() : QStringLiteral("`%1`").arg(row.command));
        return page
            + QStringLiteral("\nThe bars, the scatter and the mask show a run that is there already, so they need no "
                             "command of their own; `patchbay figure` draws them from its file.\n");
    }

    WindowFixture *m_fixture = nullptr;
    MainWindow *m_window = nullptr;
    Hand *m_hand = nullptr;
    bool m_keyboard = false;
    int m_row = 0;
    QVector<PageRow> m_rows;
    RunResult m_parts, m_direct, m_copies, m_queries;
    QVector<HeadId> m_candidates;
    int m_partsRun = -1, m_directRun = -1;
};

QTEST_MAIN(TestNotebook)
#include "test_notebook.moc"
