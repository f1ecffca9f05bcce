// What views are given when the gap vanishes: differences of logits with their unit, and nothing that is not finite.
#include "analysis/analysis.h"
#include "view_models.h"

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
