// Every analysis and every step of the recipe has a view in the centre that shows its numbers.
#include "analysis/registry.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "edge_graph_widget.h"
#include "graph_widget.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "scatter_widget.h"
#include "table_widget.h"
#include "view_models.h"
#include "view_text.h"
#include "views/bars_pane.h"
#include "views/circuit_pane.h"
#include "views/curve_pane.h"
#include "views/edge_matrix_pane.h"
#include "views/edges_pane.h"
#include "views/heatmap_pane.h"
#include "views/result_views.h"
#include "window_fixture.h"
#include "zoomed_heatmap.h"

#include <QComboBox>
#include <QHeaderView>
#include <QTableView>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

using namespace patchbay;
using widgets::HeadId;

class TestEveryResult : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY((m_window = m_fixture.openReady()));
        m_centre = m_window->findChild<HeatmapPane *>();
        QVERIFY(m_centre);
    }

    void tablesAreSortedByWhatTheyHold()
    {
        using widgets::comesBefore;
        QVERIFY(comesBefore(QStringLiteral("L2H10"), QStringLiteral("L10H2")));
        QVERIFY(comesBefore(QStringLiteral("L2H3"), QStringLiteral("L2H10")));
        QVERIFY(comesBefore(QStringLiteral("−11.0 %"), QStringLiteral("−2.0 %")));
        QVERIFY(comesBefore(QStringLiteral("9.5"), QStringLiteral("+10.1")));
        QVERIFY(comesBefore(QStringLiteral("1e-05"), QStringLiteral("0.001")));
        QVERIFY(comesBefore(QStringLiteral("12"), QStringLiteral("induction")));
        QVERIFY(!comesBefore(QStringLiteral("name mover"), QStringLiteral("induction")));
    }

    // Columns fit what is in them when the table comes into view, long texts have the rest, and no title is cut.
    void columnsHaveRoomForTheirTitles()
    {
        widgets::TableWidget table;
        table.resize(760, 260);
        table.show();
        widgets::TableView view;
        view.columns = {QStringLiteral("Head"), QStringLiteral("Logit diff change"),
                        QStringLiteral("Name mover IO attention change"),
                        QStringLiteral("Name mover S1 attention change")};
        view.rows << QStringList{QStringLiteral("L2H2"), QStringLiteral("\u22120.001"), QStringLiteral("0.0004"),
                                 QStringLiteral("0.0003")};
        table.setView(view);
        auto *shown = table.findChild<QTableView *>();
        const auto titlesFit = [&] {
            const QFontMetrics metrics(shown->horizontalHeader()->font());
            for (int i = 0; i < view.columns.size(); ++i)
                if (shown->columnWidth(i) < metrics.horizontalAdvance(view.columns[i]) + 16)
                    return false;
            return true;
        };
        QTRY_VERIFY(shown->isVisible() && titlesFit());
        table.resize(420, 260); // it scrolls then
        QTRY_VERIFY(titlesFit() && shown->horizontalHeader()->length() > shown->viewport()->width());
        view.columns = {QStringLiteral("Head"), QStringLiteral("Evidence"), QStringLiteral("Role")};
        view.rows[0] = {QStringLiteral("L1H0"), QString(QStringLiteral("attention END\u2192S2 0.630 ")).repeated(9),
                        QStringLiteral("S-inhibition")};
        table.setView({});
        table.resize(760, 260);
        table.setView(view);
        QTRY_VERIFY(shown->columnWidth(1) > 500);
        QTRY_VERIFY(shown->horizontalHeader()->length() <= shown->viewport()->width());
    }

    void everyAnalysis_data()
    {
        QTest::addColumn<QString>("name");
        for (const AnalysisInfo *analysis : analyses())
            if (analysis->name != "imported") // asks for a file: test_opened_files gives it one
                QTest::newRow(analysis->name.c_str()) << QString::fromStdString(analysis->name);
    }

    void everyAnalysis()
    {
        QFETCH(QString, name);
        const AnalysisInfo &info = *find_analysis(name.toStdString());
        Navigation &navigation = m_window->explorer().navigation;
        navigation.select({{1, 4}, {1, 0}}, {1, 0});
        if (std::any_of(info.parameters.begin(), info.parameters.end(), [](const Parameter &p) { return p.required; })
            && !m_window->explorer().roles.known()) {
            m_window->actions().findRoles->trigger(); // name movers are asked for
            QTRY_VERIFY(m_fixture.idle() && m_window->explorer().roles.known());
            QVERIFY(!m_window->explorer().roles.headsWith(QStringLiteral("name mover")).isEmpty());
        }
        auto *action = m_window->findChild<QAction *>(QStringLiteral("analyse-") + name);
        QVERIFY2(action && action->isEnabled(), "in the menu and the palette");
        const int before = navigation.place().run;
        action->trigger();
        QTRY_VERIFY(m_fixture.idle() && (navigation.place().run != before || name == QLatin1String("roles")));
        const RunEntry *run = m_fixture.shown();
        QVERIFY2(run->state == RunState::Done, qPrintable(run->message));
        QCOMPARE(QString::fromStdString(run->spec.as<Analysis>()->name), name);
        everyViewShows(*run->result);
        if (QTest::currentTestFailed())
            return;
        // Every number that the analysis says it yields for heads or layers can be ranked.
        std::set<std::string> ranked;
        for (const std::string &one : barsNames(*run->result))
            ranked.insert(one);
        for (const auto &[array, values] : run->result->arrays) {
            const Quantity known = quantity_named(array);
            if (known.draw == Quantity::Draw::Heads || known.draw == Quantity::Draw::Layers)
                QVERIFY2(!known.known() || ranked.contains(array), array.c_str());
        }
    }

    void barsOfAnAnalysisAreInItsUnitWithIntervals()
    {
        m_window->explorer().navigation.select({{1, 4}}, {1, 4});
        m_window->actions().ablate->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->spec.is<Analysis>()
                    && m_fixture.shown()->spec.as<Analysis>()->name == "ablate");
        auto *pane = m_window->findChild<BarsPane *>();
        const auto &bars = pane->findChild<widgets::BarsWidget *>()->view();
        QTRY_VERIFY(!bars.bars.isEmpty() && bars.unit == QStringLiteral("logits"));
        QVERIFY2(bars.valueLabel.contains(QStringLiteral("Change in direct attribution")), qPrintable(bars.valueLabel));
        const RunResult &result = *m_fixture.shown()->result;
        const Array &change = result.arrays.at("ablate.dla_change");
        const int64_t prompts = change.shape[2];
        for (const widgets::Bar &bar : bars.bars) {
            const auto first = change.floats().begin() + (bar.head.layer * change.shape[1] + bar.head.head) * prompts;
            QVERIFY(std::abs(bar.value - std::accumulate(first, first + prompts, 0.0) / double(prompts)) < 1e-9);
            QVERIFY(!(bar.head == HeadId{1, 4})); // it was taken out
        }
        QVERIFY(bars.bars.front().halfWidth > 0);
        const double before = result.summary.at("logit_diff_before"), after = result.summary.at("logit_diff_after");
        const QString percent = QStringLiteral("%");
        QVERIFY2(bars.totalText.contains(widgets::valueWithUnit((after - before) / before * 100, percent)),
                 qPrintable(bars.totalText));
        QVERIFY2(
            bars.totalText.contains(widgets::valueWithUnit((after - before) / result.baseline.gap() * 100, percent)),
            qPrintable(bars.totalText));
    }

    void everyStepOfTheRecipe()
    {
        Explorer &explorer = m_window->explorer();
        RecipeController &recipe = explorer.recipe;
        recipe.runAll();
        QTRY_VERIFY_WITH_TIMEOUT(!recipe.busy(), 180000);
        for (int step = 0; step < recipe.steps(); ++step) {
            if (recipe.outcome(step).state != StepState::Done)
                continue;
            const std::string &id = recipe.recipe().steps[size_t(step)].id;
            QVERIFY2(recipe.show(step), id.c_str());
            QVERIFY2(m_fixture.shown() && m_fixture.shown()->result, id.c_str());
            const auto view = recipe.recipe().steps[size_t(step)].body.value("view", nlohmann::json());
            const QVector<ViewChoice> choices = viewChoices(*m_fixture.shown()->result);
            if ((view == "table" || (view.is_object() && view.value("kind", "") == "table"))
                && std::any_of(choices.cbegin(), choices.cend(),
                               [](const ViewChoice &choice) { return choice.key.startsWith(QStringLiteral("table")); }))
                QVERIFY2(m_centre->others()->table()->isVisible(), id.c_str());
            everyViewShows(*m_fixture.shown()->result);
            QVERIFY2(!QTest::currentTestFailed(), id.c_str());
        }
    }

    void circuitAndItsTableSayTheSame()
    {
        Explorer &explorer = m_window->explorer();
        const RecipeController &recipe = explorer.recipe;
        QVERIFY(recipe.circuit());
        const auto &steps = recipe.recipe().steps;
        const auto step = std::find_if(steps.begin(), steps.end(),
                                       [](const RecipeStep &one) { return one.kind == StepKind::Circuit; });
        QVERIFY(step != steps.end() && explorer.recipe.show(int(step - steps.begin())));
        const auto found = graphView(*recipe.circuit());
        const auto &shown = m_window->findChild<CircuitPane *>()->shown().view;
        QTRY_COMPARE(shown.nodes.size(), found.nodes.size());
        QVector<HeadId> heads;
        for (const widgets::GraphNode &node : found.nodes)
            heads << node.head;
        std::sort(heads.begin(), heads.end());
        QCOMPARE(explorer.navigation.place().circuit, heads);
        for (const widgets::GraphEdge &edge : found.edges)
            QTRY_VERIFY(std::any_of(shown.edges.cbegin(), shown.edges.cend(), [&](const auto &other) {
                return other.from == edge.from && other.to == edge.to && other.site == edge.site
                    && std::abs(other.effect - edge.effect) < 1e-9;
            }));
        QVERIFY(shown.edges.size() <= found.edges.size());
        const widgets::TableWidget *table = m_centre->others()->table();
        QCOMPARE(table->view().rows.size(), found.nodes.size());
        QCOMPARE(table->view().columns.front(), QStringLiteral("Head"));
    }

    void aRowIsAHead()
    {
        widgets::TableWidget *table = m_centre->others()->table();
        QVERIFY(table->isVisible());
        table->sortBy(0, Qt::DescendingOrder);
        const QStringList last = table->shownRow(0);
        table->sortBy(0, Qt::AscendingOrder);
        const QStringList first = table->shownRow(0);
        QVERIFY(widgets::comesBefore(first[0], last[0]));
        const QTableView *rows = table->table();
        const QModelIndex second = rows->model()->index(1, 0);
        QTest::mouseClick(rows->viewport(), Qt::LeftButton, {}, rows->visualRect(second).center());
        const Place &place = m_window->explorer().navigation.place();
        QCOMPARE(place.heads.size(), 1);
        QCOMPARE(label(place.current), second.data().toString());
        // And back: a head that is selected elsewhere is marked here.
        const HeadId other = table->view().heads.front();
        m_window->explorer().navigation.select({other}, other);
        QCOMPARE(table->selection(), QVector<HeadId>{other});
        QCOMPARE(rows->selectionModel()->selectedRows().size(), 1);
        QCOMPARE(rows->selectionModel()->selectedRows().front().data().toString(), label(other));
    }

private:
    /// Goes through the views that the centre offers for the run on view, by its own chooser.
    void everyViewShows(const RunResult &result)
    {
        const QVector<ViewChoice> choices = viewChoices(result);
        QVERIFY2(!choices.isEmpty(), "there is a view");
        QComboBox *chooser = m_centre->viewChoice();
        QCOMPARE(chooser->count(), choices.size());
        for (int i = 0; i < choices.size(); ++i) {
            chooser->setCurrentIndex(i);
            Q_EMIT chooser->activated(i);
            showsNumbers(result, choices[i].key);
            if (QTest::currentTestFailed())
                return;
        }
        chooser->setCurrentIndex(0);
        Q_EMIT chooser->activated(0);
    }

    void showsNumbers(const RunResult &result, const QString &key)
    {
        ResultViews *others = m_centre->others();
        const QByteArray about = key.toUtf8();
        if (key == QLatin1String("heatmap")) {
            QVERIFY(m_centre->heatmap()->isVisible());
            const auto &view = m_centre->heatmap()->view();
            const auto wanted = heatmapView(result);
            QVERIFY2(!view.facets.isEmpty(), about);
            QCOMPARE(view.facets.size(), wanted.facets.size());
            QVERIFY(std::any_of(view.facets.front().values.cbegin(), view.facets.front().values.cend(),
                                [](double value) { return std::isfinite(value); }));
            return;
        }
        if (key.startsWith(QStringLiteral("edge-"))) {
            if (key == QLatin1String("edge-graph")) {
                QTRY_VERIFY2(m_centre->edges()->isVisible() && !m_centre->edges()->graph()->view().edges.isEmpty(),
                             about);
            } else if (key == QLatin1String("edge-matrix")) {
                QTRY_VERIFY2(m_centre->edgeMatrix()->isVisible()
                                 && !m_centre->edgeMatrix()->heatmap()->view().facets.isEmpty(),
                             about);
            } else {
                QVERIFY2(m_centre->curve()->isVisible() && !m_centre->curve()->lines()->view().lines.isEmpty(), about);
            }
            return;
        }
        QVERIFY2(others->isVisible() && !m_centre->heatmap()->isVisible(), about);
        if (key == QLatin1String("bars")) {
            QCOMPARE(others->currentWidget(), others->bars());
            QVERIFY2(!others->bars()->view().bars.isEmpty(), about);
        } else if (key == QLatin1String("scatter")) {
            QCOMPARE(others->currentWidget(), others->scatter());
            QVERIFY2(!others->scatter()->view().points.isEmpty(), about);
        } else if (key == QLatin1String("attention")) {
            QVERIFY2(others->matrix()->isVisible() && others->matrix()->view().size > 0, about);
        } else {
            QVERIFY2(others->table()->isVisible(), about);
            const auto &table = others->table()->view();
            QVERIFY2(!table.rows.isEmpty() && others->table()->table()->isVisible(), about);
            for (const QStringList &row : table.rows)
                QCOMPARE(row.size(), table.columns.size());
            for (int row = 0; row < table.heads.size(); ++row)
                if (table.heads[row].valid())
                    QVERIFY2(table.rows[row].front().startsWith(label(table.heads[row])), about);
        }
    }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    HeatmapPane *m_centre = nullptr;
};

QTEST_MAIN(TestEveryResult)
#include "test_every_result.moc"
