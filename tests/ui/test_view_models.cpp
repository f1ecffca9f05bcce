// What views are given when the gap vanishes: differences of logits with their unit, and nothing that is not finite.
#include "analysis/analysis.h"
#include "view_models.h"
#include "view_text.h"

#include <QtTest>

#include <cmath>
#include <limits>

using namespace patchbay;

namespace {

// Two mirrored pairs: the gap is exactly 0.
RunResult mirrored()
{
    RunResult result;
    result.baseline.clean = {2.0f, -2.0f};
    result.baseline.flipped = {-2.0f, 2.0f};
    for (const char *name : {"denoise.pattern", "denoise.z"}) {
        Grid grid;
        grid.name = name;
        grid.axes = {"layer", "head"};
        grid.shape = {1, 3};
        grid.prompts = 2;
        const float infinite = std::numeric_limits<float>::infinity();
        grid.per_prompt = {-1.5f, 2.0f, -2.0f, 1.0f, infinite, 0.0f};
        grid.state.assign(3, CellState::Exact);
        result.grids.push_back(grid);
    }
    return result;
}

} // namespace

class TestViewModels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void heatmap()
    {
        HeatmapOptions options;
        options.intervals = true;
        const widgets::HeatmapView view = heatmapView(mirrored(), options);
        QCOMPARE(view.unit, QStringLiteral("logits"));
        QCOMPARE(view.colourLabel, QStringLiteral("Change of logit diff"));
        const widgets::HeatmapFacet &facet = view.facets.at(0);
        QCOMPARE(facet.values[0], 0.25);
        QCOMPARE(facet.values[1], -0.5);
        QCOMPARE(facet.states[2], widgets::CellState::Missing); // infinite: nothing to draw
        QVERIFY(std::isnan(facet.values[2]));
        for (const double half : {facet.halfWidth[0], facet.halfWidth[1]})
            QVERIFY(std::isfinite(half));
    }

    // An analysis' values per prompt have intervals, too, where they can be on either side of zero.
    void intervalsOfAnalyses()
    {
        RunResult result;
        result.spec.method = Analysis{"dla", {}, {}};
        result.arrays = {
            {"dla", {{1, 3, 4}, std::vector<float>{1, 1.5f, 1, 1.5f, -2, 2.5f, 2, -2, -3, -3.5f, -3, -4}}},
            {"copy.positive", {{1, 3, 4}, std::vector<float>{0, 0, 0, 0, 0, 50, 0, 0, 100, 100, 100, 50}}}};
        HeatmapOptions options;
        options.intervals = true;
        options.facets = {"dla"};
        const widgets::HeatmapFacet facet = heatmapView(result, options).facets.at(0);
        QVERIFY(!facet.withinNoise(0) && facet.withinNoise(1) && !facet.withinNoise(2));
        QCOMPARE(facet.halfWidth[1], half_width_of(result, "dla", Head{0, 1}));
        options.facets = {"copy.positive"}; // never negative: none is within noise
        QVERIFY(heatmapView(result, options).facets.at(0).halfWidth.isEmpty());
        options = {};
        const HalfWidths known{{"dla", {0.5, 3, 0.25}}};
        options.known = &known; // found before: not computed again
        const widgets::HeatmapView shown = heatmapView(result, options);
        QCOMPARE(shown.facets.at(0).halfWidth, (QVector<double>{0.5, 3, 0.25}));
    }

    // A divergence from the run that it begins from is never below zero, and so never within noise.
    void divergencesHaveNoNoise()
    {
        RunResult result = mirrored();
        HeatmapOptions options;
        options.intervals = true;
        result.baseline.metric = Metric::Kl;
        for (Grid &grid : result.grids)
            grid.direction = Direction::Noise;
        const widgets::HeatmapView view = heatmapView(result, options);
        QVERIFY(view.facets.at(0).halfWidth.isEmpty());
        QCOMPARE(view.unit, QStringLiteral("nats"));
        QCOMPARE(view.colourLabel, QStringLiteral("Change of KL divergence"));
        for (Grid &grid : result.grids)
            grid.direction = Direction::Denoise; // back towards it, or further away
        QVERIFY(!heatmapView(result, options).facets.at(0).halfWidth.isEmpty());
    }

    void bars()
    {
        const widgets::BarsView view = barsView(mirrored(), "denoise.z");
        QCOMPARE(view.valueLabel, QStringLiteral("Logit diff variation (logits)"));
        QCOMPARE(view.bars.size(), 2);
        QCOMPARE(view.bars[0].value, -0.5);
        QCOMPARE(view.totalText, QStringLiteral("Total of 2 heads: \u22120.250 logits"));
    }

    // Eleven heads of three steady ones and eight that hang on the prompts: shares and ranks of the resamples in views.
    void rankings()
    {
        RunResult result;
        const int prompts = 6, heads = 12;
        result.baseline.clean.assign(prompts, 4);
        result.baseline.flipped.assign(prompts, 0);
        result.baseline.clean_mean = 4;
        Grid grid;
        grid.name = "denoise.z";
        grid.axes = {"layer", "head"};
        grid.shape = {1, heads};
        grid.prompts = prompts;
        for (int head = 0; head < heads; ++head)
            for (int p = 0; p < prompts; ++p)
                grid.per_prompt.push_back(head < 3 ? 3.f - float(head) : p == head % prompts ? 0.3f : 0.f);
        grid.state.assign(heads, CellState::Exact);
        result.grids = {grid};
        const Stability stable = stability(grid, result.baseline);
        widgets::BarsView bars = barsView(result);
        QCOMPARE(bars.top, 10);
        QVERIFY(bars.totalText.contains(QStringLiteral("; halves of the prompts agree on ")));
        for (const widgets::Bar &bar : bars.bars) {
            QCOMPARE(bar.standing.amongTop, stable.among_top[size_t(bar.head.head)]);
            QCOMPARE(bar.standing.worstRank, stable.worst_rank[size_t(bar.head.head)]);
        }
        QCOMPARE(widgets::standingColumn(bars.bars[0].standing), QStringLiteral("100 % \u00b7 1"));
        const Stabilities unknown;
        bars = barsView(result, {}, 15, Sign::Both, &unknown);
        QVERIFY(!bars.bars[0].standing.known() && bars.top == 0);

        HeatmapOptions options;
        const Stabilities known{{"denoise.z", stable}};
        options.stabilities = &known;
        widgets::HeatmapView view = heatmapView(result, options);
        QCOMPARE(view.facets[0].standings.size(), heads);
        QVERIFY(widgets::cellReadout(view, 0, 0, 1).contains(QStringLiteral("top 10 in 100 % of resamples, rank 2")));
        maskUnstable(view, 95);
        int masked = 0;
        for (int head = 0; head < heads; ++head) {
            QCOMPARE(view.isMasked(0, head), stable.among_top[size_t(head)] < 0.95);
            masked += view.isMasked(0, head);
        }
        QVERIFY(masked > 0 && masked < heads - 2);
        options.stabilities = &unknown;
        view = heatmapView(result, options);
        maskUnstable(view, 95);
        QVERIFY(view.masked.isEmpty()); // not known: nothing is left out
    }

    // What is kept over the tokens of texts is drawn from the result alone.
    void matricesOfTexts()
    {
        RunResult result;
        result.spec.method = Analysis{"cspa", {}, {}};
        result.arrays = {{"cspa.percent", {{1, 2}, std::vector<float>{80, 10}}},
                         {"cspa.suppressed.0.1", {{2, 2}, std::vector<float>{0, 0, -0.5f, 0}}}};
        result.summary = {
            {"texts", 3},
            {"by_text", {{"columns", {"text", "L0H1"}}, {"rows", {{"0", "80.0 %"}}}}},
            {"matrices",
             {{"views",
               nlohmann::json::array(
                   {{{"array", "cspa.suppressed.0.1"}, {"head", "0.1"}, {"text", 2}, {"tokens", {"a", " b"}}}})}}}};
        const QVector<ViewChoice> choices = viewChoices(result);
        QCOMPARE(choices.size(), 4);
        QCOMPARE(choices[1].title, QStringLiteral("Suppressed sources"));
        QCOMPARE(choices[2].title, QStringLiteral("By text"));
        const widgets::AttentionView view = attentionViews(result).front();
        QCOMPARE(view.title, QStringLiteral("L0H1 \u00b7 text 2 \u00b7 suppressed sources"));
        QCOMPARE(view.quantity, QStringLiteral("Change of the source token's logit (logits)"));
        QVERIFY(view.difference && view.weights[2] == -0.5f && view.tokens[1] == QStringLiteral(" b"));
        QVERIFY(resultCaption(result).contains(QStringLiteral("n = 3 texts")));
    }

    void scatterAndTable()
    {
        const widgets::ScatterView view = scatterView(mirrored());
        QCOMPARE(view.xLabel, QStringLiteral("Pattern (logits)"));
        QCOMPARE(view.points.size(), 2);
        const widgets::TableView table = tableView(mirrored());
        QCOMPARE(table.rows.size(), 4);
        QCOMPARE(table.rows[0][2], QStringLiteral("\u22120.500 logits"));
        for (const QStringList &row : table.rows)
            QVERIFY2(!row.join(' ').contains("inf") && !row.join(' ').contains("nan") && !row.join(' ').contains('%'),
                     qPrintable(row.join(' ')));
    }

    void caption()
    {
        const QString text = resultCaption(mirrored());
        QVERIFY2(text.contains("from the flipped run, in logits.") && !text.contains("0 %"), qPrintable(text));
        QCOMPARE(text.count("vanishes"), 1);
        QVERIFY(text.endsWith("not in % of the gap."));
        RunResult below = mirrored();
        below.baseline.clean_mean = -1;
        below.baseline.flipped_mean = 1;
        QVERIFY2(resultCaption(below).contains("is below 0"), qPrintable(resultCaption(below)));
        QVERIFY(resultCaption(below).contains(QStringLiteral("share of the gap")));
    }
};

QTEST_GUILESS_MAIN(TestViewModels)
#include "test_view_models.moc"
