// Views at the edge of what there is, in the window's widgets: nothing crashes, nothing hangs, and what is no number is
// said.
#include "widgets/figure_samples.h"

#include "attention_text_widget.h"
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "colour_map.h"
#include "finite_view.h"
#include "edge_graph_widget.h"
#include "graph_widget.h"
#include "heatmap_geometry.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "scatter_widget.h"
#include "view_text.h"

#include <QPixmap>
#include <QTest>

#include <cmath>

using namespace patchbay::widgets;

namespace {

/// Every widget that can show the view, at a size that has room and at one that has none.
struct ShownEverywhere {
    template <typename Widget, typename View>
    static void show(const View &view)
    {
        for (const QSize size : {QSize(700, 500), QSize(90, 60)}) {
            Widget widget;
            widget.resize(size);
            if constexpr (std::is_same_v<Widget, AttentionThumbnails>)
                widget.setViews({view, view});
            else
                widget.setView(view);
            QVERIFY(!widget.grab().isNull());
            QTest::keyClick(&widget, Qt::Key_Right);
            QTest::keyClick(&widget, Qt::Key_Down);
            QTest::mouseMove(&widget, QPoint(size.width() / 3, size.height() / 3));
            QVERIFY(!widget.grab().isNull());
        }
    }
    void operator()(const HeatmapView &view) const { show<HeatmapWidget>(view); }
    void operator()(const AttentionView &view) const
    {
        show<AttentionWidget>(view);
        show<AttentionTextWidget>(view);
        show<AttentionThumbnails>(view);
    }
    void operator()(const ScatterView &view) const { show<ScatterWidget>(finite(view)); }
    void operator()(const BarsView &view) const { show<BarsWidget>(finite(view)); }
    void operator()(const GraphView &view) const { show<GraphWidget>(view); }
    void operator()(const LinesView &view) const { show<LinesWidget>(view); }
    void operator()(const EdgeGraphView &view) const { show<EdgeGraphWidget>(view); }
    void operator()(const TableView &) const { }
};

template <typename View>
View oddView(const QString &kind)
{
    for (const auto &[name, content] : samples::odd())
        if (name == kind)
            return std::get<View>(content);
    return {};
}

} // namespace

class TestOddViews : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyWidgetDrawsThem_data()
    {
        QTest::addColumn<int>("kind");
        const auto all = samples::odd();
        for (int i = 0; i < all.size(); ++i)
            QTest::newRow(qPrintable(all[i].first)) << i;
    }
    void everyWidgetDrawsThem()
    {
        QFETCH(int, kind);
        std::visit(ShownEverywhere{}, samples::odd()[kind].second);
    }

    void whatWasComputedAndIsNoNumberIsNotDefined()
    {
        const HeatmapView view = finite(oddView<HeatmapView>(QStringLiteral("partly undefined")));
        const HeatmapFacet &facet = view.facets[0];
        QVERIFY(facet.states[3] == CellState::Undefined && facet.states[5] == CellState::Undefined);
        QVERIFY(facet.states[7] == CellState::Missing && facet.states[9] == CellState::Estimated
                && facet.states[0] == CellState::Exact);
        QVERIFY(std::isnan(facet.values[3]) && facet.halfWidth[0] == 0);
        QVERIFY(cellReadout(view, 0, 0, 3).endsWith(QStringLiteral("not defined")));
        QVERIFY(cellReadout(view, 0, 0, 7).endsWith(QStringLiteral("not yet computed")));
        QVERIFY(std::isfinite(rowSum(facet, 0)) && std::isfinite(colourLimit(view)));

        const HeatmapView filled = finite(oddView<HeatmapView>(QStringLiteral("nothing")));
        QCOMPARE(filled.facets[0].values.size(), 8);
        QVERIFY(filled.facets[0].states[1] == CellState::Undefined && filled.facets[0].states[7] == CellState::Missing);
    }

    void textsSayThatThereIsNone()
    {
        for (const double value : {qQNaN(), qInf(), -qInf()}) {
            QCOMPARE(signedNumber(value, 1), QStringLiteral("\u2013"));
            QCOMPARE(valueWithUnit(value, QStringLiteral("%")), QStringLiteral("\u2013 %"));
        }
    }

    void ofEveryKindOnlyNumbersAreLeft()
    {
        const ScatterView scatter = finite(oddView<ScatterView>(QStringLiteral("lost points")));
        QCOMPARE(scatter.points.size(), samples::scatter().points.size() - 2);
        const BarsView bars = finite(oddView<BarsView>(QStringLiteral("lost bars")));
        QVERIFY(std::isnan(bars.bars[0].value) && bars.bars[0].halfWidth == 0 && bars.bars[1].halfWidth == 0
                && bars.bars[3].value == samples::bars().bars[3].value);
        const GraphView graph = finite(oddView<GraphView>(QStringLiteral("lost edges")));
        QVERIFY(std::isnan(graph.edges[0].effect) && std::isnan(graph.edges[1].effect)
                && graph.edges[5].effect == samples::graph().edges[5].effect);
        const AttentionView attention = finite(oddView<AttentionView>(QStringLiteral("holes in attention")));
        QCOMPARE(attention.weights.size(), attention.size * attention.size);
        QVERIFY(std::isnan(attention.weights[0]) && std::isnan(attention.weights[20]));
    }

    void wholeViewsAreNotCopied()
    {
        // Drawn at every snapshot of a sweep: arrays that need nothing stay shared.
        const HeatmapView view = samples::heatmap();
        QVERIFY(finite(view).facets[0].values.constData() == view.facets[0].values.constData());
        const AttentionView attention = samples::attention();
        QVERIFY(finite(attention).weights.constData() == attention.weights.constData());
    }

    void theScalesNameHasTheWholeHeight()
    {
        const HeatmapView flat = samples::heatmap(1, 1, 4);
        const HeatmapLayout layout = layoutHeatmap(flat, QSize(500, 300), HeatmapMetrics::of(QFont(), flat), false);
        QVERIFY(!layout.colourBar.isEmpty());
        QVERIFY(layout.colourLabel.height() > 200);
    }
};

QTEST_MAIN(TestOddViews)
#include "test_odd_views.moc"
