// Scatter, bars, graph, prompt lines and baseline bars: their geometry as plain logic, then signals and selection.
#include "bars_widget.h"
#include "graph_widget.h"
#include "point_labels.h"
#include "scatter_widget.h"
#include "widgets/sample_views.h"

#include <QScrollBar>
#include <QSignalSpy>
#include <QtTest>

using namespace patchbay::widgets;

namespace {

void move(QWidget &widget, QPointF point, Qt::MouseButtons buttons = Qt::NoButton)
{
    QMouseEvent event(QEvent::MouseMove, point, widget.mapToGlobal(point), Qt::NoButton, buttons, Qt::NoModifier);
    QCoreApplication::sendEvent(&widget, &event);
}

void wheel(QWidget &widget, QPointF point, int notches, Qt::KeyboardModifiers modifiers = {})
{
    QWheelEvent event(point, widget.mapToGlobal(point), {}, {0, notches}, Qt::NoButton, modifiers, Qt::NoScrollPhase,
                      false);
    QCoreApplication::sendEvent(&widget, &event);
}

} // namespace

class TestPlots : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ranges();
    void nearest();
    void lassoPoints();
    void outlierPoints();
    void labelsDoNotOverlap();
    void scatterHoverAndClick();
    void scatterLasso();
    void scatterOfOneHead();
    void scatterZoom();
    void scatterRectangleAndPan();
    void scatterKeepsItsZoom();
    void numbersWithoutEnd();
    void barGeometry();
    void barSelection();
    void barZoom();
    void barsWithinNoiseAreGrey();
    void graphLayers();
    void graphHoverAndClick();
};

void TestPlots::ranges()
{
    const PlotRange range = paddedRange({2, 10, std::nan("")}, false);
    QVERIFY(range.from < 2 && range.from > 1 && range.to > 10 && range.to < 11);
    QVERIFY(paddedRange({2, 10}, true).from < 0);
    QCOMPARE(paddedRange({}, true).span(), 1.0);
    QVERIFY(paddedRange({4, 4}, false).span() > 1);
    // Numbers that would break an axis count for nothing, and numbers that are as good as one another get an axis all
    // the same.
    const double inf = std::numeric_limits<double>::infinity();
    QCOMPARE(paddedRange({2, 10, inf, -inf, 1e300}, false).to, range.to);
    QVERIFY(paddedRange({1e10, 1e10 + 1e-6}, false).span() > 1e9);
}

void TestPlots::nearest()
{
    const QVector<QPointF> points{{0, 0}, {10, 0}, {10, 0}, {50, 50}};
    QCOMPARE(nearestPoint(points, {9, 1}, 5), 2); // the one on top
    QCOMPARE(nearestPoint(points, {2, 2}, 5), 0);
    QCOMPARE(nearestPoint(points, {30, 30}, 5), -1);
}

void TestPlots::lassoPoints()
{
    const QVector<QPointF> points{{1, 1}, {5, 5}, {9, 9}, {5, 1}};
    QCOMPARE(pointsInLasso(points, QPolygonF({{4, 4}, {10, 4}, {10, 10}, {4, 10}})), (QVector<int>{1, 2}));
    // A concave lasso leaves out what lies in its notch.
    QCOMPARE(pointsInLasso(points, QPolygonF({{0, 0}, {10, 0}, {10, 10}, {5, 3}, {0, 10}})), (QVector<int>{0, 3}));
    QVERIFY(pointsInLasso(points, QPolygonF({{0, 0}, {10, 10}})).isEmpty());
}

void TestPlots::outlierPoints()
{
    QVector<QPointF> points;
    for (int i = 0; i < 40; ++i)
        points.append({0.1 * (i % 5), 0.1 * (i % 7)});
    points.append({30, 0});
    points.append({0, 10});
    QCOMPARE(outliers(points, 5), (QVector<int>{40, 41}));
    QCOMPARE(outliers(points, 1), (QVector<int>{40}));
    QVERIFY(outliers({}, 3).isEmpty());
    QVERIFY(outliers({{1, 1}}, 3).isEmpty());
}

void TestPlots::labelsDoNotOverlap()
{
    QVector<QPointF> anchors;
    QVector<QSizeF> sizes;
    for (int i = 0; i < 30; ++i) {
        anchors.append({100.0 + (i * 37) % 90, 100.0 + (i * 53) % 70});
        sizes.append({40, 12});
    }
    const QRectF bounds(80, 80, 160, 120);
    const QVector<QRectF> places = placeLabels(anchors, sizes, anchors, bounds, 6);
    int placed = 0;
    for (int i = 0; i < places.size(); ++i) {
        if (places[i].isNull())
            continue;
        ++placed;
        QVERIFY(bounds.contains(places[i]));
        QVERIFY(!places[i].contains(anchors[i]));
        for (int j = 0; j < i; ++j)
            QVERIFY(!places[i].intersects(places[j]));
    }
    QVERIFY(placed >= 5);
    QVERIFY(!places[0].isNull()); // the most important one first
}

void TestPlots::scatterHoverAndClick()
{
    ScatterWidget widget;
    widget.resize(560, 460);
    const ScatterView view = samples::scatter(144);
    widget.setView(view);
    QSignalSpy hovered(&widget, &ScatterWidget::hovered), changed(&widget, &ScatterWidget::selectionChanged),
        clicked(&widget, &ScatterWidget::clicked);
    move(widget, widget.pixelOf(17));
    QCOMPARE(hovered.last()[0].value<HeadId>(), (HeadId{1, 5}));
    QVERIFY(widget.readout().startsWith("L1H5"));
    QTest::mouseClick(&widget, Qt::LeftButton, {}, widget.pixelOf(17).toPoint());
    QCOMPARE(widget.selection(), (QVector<HeadId>{{1, 5}}));
    QCOMPARE(clicked.count(), 1);
    QCOMPARE(changed.count(), 1);
    widget.setSelection({{2, 2}});
    QCOMPARE(changed.count(), 1); // no echo
    QTest::mouseClick(&widget, Qt::LeftButton, Qt::ControlModifier, widget.pixelOf(17).toPoint());
    QCOMPARE(widget.selection(), (QVector<HeadId>{{2, 2}, {1, 5}}));
}

void TestPlots::scatterLasso()
{
    ScatterWidget widget;
    widget.resize(560, 460);
    ScatterView view;
    view.points = {{{0, 0}, "", -5, -5}, {{1, 1}, "", 5, 5}, {{2, 2}, "", 6, 5}};
    widget.setView(view);
    QSignalSpy changed(&widget, &ScatterWidget::selectionChanged);
    const QPointF a = widget.pixelOf(1), b = widget.pixelOf(2);
    QTest::mousePress(&widget, Qt::LeftButton, {}, (a + QPointF(-20, -20)).toPoint());
    for (const QPointF &corner : {b + QPointF(15, -20), b + QPointF(15, 20), a + QPointF(-20, 20)})
        move(widget, corner, Qt::LeftButton);
    QTest::mouseRelease(&widget, Qt::LeftButton, {}, (a + QPointF(-20, 20)).toPoint());
    QCOMPARE(widget.selection(), (QVector<HeadId>{{1, 1}, {2, 2}}));
    QCOMPARE(changed.count(), 1);
    QTest::keyClick(&widget, Qt::Key_Escape);
    QVERIFY(widget.selection().isEmpty());
}

void TestPlots::scatterOfOneHead()
{
    ScatterWidget widget;
    widget.resize(560, 460);
    widget.setView(samples::contribution(20));
    QSignalSpy changed(&widget, &ScatterWidget::selectionChanged), point(&widget, &ScatterWidget::pointClicked);
    QTest::mouseClick(&widget, Qt::LeftButton, {}, widget.pixelOf(4).toPoint());
    QCOMPARE(changed.count(), 0); // the points are prompts, not heads
    QCOMPARE(point.count(), 1);
    move(widget, widget.pixelOf(4));
    QVERIFY2(widget.readout().startsWith("Prompt "), qPrintable(widget.readout()));
}

void TestPlots::scatterZoom()
{
    ScatterWidget widget;
    widget.resize(560, 460);
    widget.setView(samples::scatter(144));
    const PlotRange wholeX = widget.xRange(), wholeY = widget.yRange();
    const QPointF at = widget.pixelOf(17);
    wheel(widget, at, 120);
    QVERIFY(widget.zoomed());
    QVERIFY(widget.xRange().span() < wholeX.span() && widget.yRange().span() < wholeY.span());
    QVERIFY2(QLineF(widget.pixelOf(17), at).length() < 8,
             "what is under the pointer stays there, but for the room that ticks take");
    // What lies outside the axes is not under the pointer.
    for (int i = 0; i < 40; ++i)
        wheel(widget, widget.pixelOf(17), 120);
    int outside = 0;
    for (int i = 0; i < 144; ++i)
        outside += !widget.plotArea().contains(widget.pixelOf(i).toPoint());
    QVERIFY(outside > 100);
    move(widget, widget.pixelOf(17));
    QVERIFY(widget.readout().startsWith("L1H5"));
    // Never further out than the whole; back at once by double click or the key 0.
    for (int i = 0; i < 90; ++i)
        wheel(widget, QRectF(widget.plotArea()).center(), -120);
    QVERIFY(!widget.zoomed());
    QCOMPARE(widget.xRange(), wholeX);
    QTest::keyClick(&widget, Qt::Key_Plus);
    QVERIFY(widget.zoomed());
    QTest::keyClick(&widget, Qt::Key_0);
    QCOMPARE(widget.yRange(), wholeY);
    QTest::keyClick(&widget, Qt::Key_Plus);
    QTest::mouseDClick(&widget, Qt::LeftButton, {}, widget.plotArea().topLeft() + QPoint(3, 3));
    QVERIFY(!widget.zoomed());
}

void TestPlots::scatterRectangleAndPan()
{
    ScatterWidget widget;
    widget.resize(560, 460);
    widget.setView(samples::scatter(144));
    widget.setSelection({{2, 2}});
    const QPoint from = widget.plotArea().center() - QPoint(60, 40), to = widget.plotArea().center() + QPoint(60, 40);
    const QPointF corner = QPointF(widget.xRange().from, widget.yRange().from);
    QTest::mousePress(&widget, Qt::LeftButton, Qt::ShiftModifier, from);
    move(widget, (from + to) / 2, Qt::LeftButton);
    move(widget, to, Qt::LeftButton);
    QTest::mouseRelease(&widget, Qt::LeftButton, Qt::ShiftModifier, to);
    QVERIFY(widget.zoomed());
    QVERIFY(widget.xRange().from > corner.x() && widget.yRange().from > corner.y());
    QCOMPARE(widget.selection(), (QVector<HeadId>{{2, 2}})); // a rectangle to zoom into selects nothing
    const PlotRange before = widget.xRange();
    QTest::mousePress(&widget, Qt::MiddleButton, {}, from);
    move(widget, from + QPoint(-30, 0), Qt::MiddleButton);
    QTest::mouseRelease(&widget, Qt::MiddleButton, {}, from + QPoint(-30, 0));
    QVERIFY(widget.xRange().from > before.from);
    QVERIFY(std::abs(widget.xRange().span() - before.span()) < 1e-9 * before.span());
    QTest::keyClick(&widget, Qt::Key_Left, Qt::ShiftModifier);
    QVERIFY(widget.xRange().from < before.from + before.span());
    // Shift and a click without a drag adds to the selection, as Ctrl does.
    widget.showAll();
    QTest::mouseClick(&widget, Qt::LeftButton, Qt::ShiftModifier, widget.pixelOf(17).toPoint());
    QCOMPARE(widget.selection(), (QVector<HeadId>{{2, 2}, {1, 5}}));
}

// A running sweep brings new numbers several times a second.
void TestPlots::scatterKeepsItsZoom()
{
    ScatterWidget widget;
    widget.resize(560, 460);
    ScatterView view = samples::scatter(144);
    widget.setView(view);
    widget.zoom(3, QRectF(widget.plotArea()).center());
    const PlotRange x = widget.xRange();
    view.points[3].x += 0.01;
    widget.setView(view);
    QCOMPARE(widget.xRange(), x);
    view.xLabel = "Another effect";
    widget.setView(view);
    QVERIFY(!widget.zoomed());
}

// Neither NaN nor infinity reaches QCustomPlot, whose ranges they would break; the other points are drawn, named and
// picked as ever.
void TestPlots::numbersWithoutEnd()
{
    const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
    ScatterView view;
    view.points = {{{0, 0}, "", nan, 1},   {{0, 1}, "", 2, inf}, {{0, 2}, "", -inf, nan},
                   {{0, 3}, "", 1e300, 1}, {{0, 4}, "", 3, 4},   {{0, 5}, "", 5, 6}};
    ScatterWidget widget;
    widget.resize(560, 460);
    widget.setView(view);
    QVERIFY(widget.xRange().to < 6 && widget.yRange().to < 7);
    move(widget, widget.pixelOf(4));
    QVERIFY(widget.readout().startsWith("L0H4"));
    QTest::keyClick(&widget, Qt::Key_Right);
    QVERIFY(widget.readout().startsWith("L0H5"));
    QVERIFY(!widget.grab().isNull());
    view.points.resize(3);
    widget.setView(view);
    QVERIFY(std::isfinite(widget.xRange().span()));
    QVERIFY(!widget.grab().isNull());

    BarsView numbers;
    numbers.bars = {{{0, 0}, "", nan, 1}, {{0, 1}, "", inf, inf}, {{0, 2}, "", 3, nan}, {{0, 3}, "", -2, inf}};
    BarsWidget bars;
    bars.resize(420, 300);
    bars.setView(numbers);
    QVERIFY(bars.xRange().from < -2 && bars.xRange().from > -3 && bars.xRange().to > 3 && bars.xRange().to < 4);
    QVERIFY(!bars.grab().isNull());
    QTest::mouseClick(&bars, Qt::LeftButton, {}, bars.rowRect(2).center());
    QCOMPARE(bars.selection(), (QVector<HeadId>{{0, 2}}));
}

void TestPlots::barsWithinNoiseAreGrey()
{
    BarsView view;
    view.bars = {{{0, 0}, {}, 9, 2}, {{0, 1}, {}, -8, 0}, {{0, 2}, {}, 7, 8}, {{0, 3}, {}, -6, 6}};
    QVERIFY(!view.bars[0].withinNoise() && !view.bars[1].withinNoise()); // without an interval nothing is known
    QVERIFY(view.bars[2].withinNoise() && view.bars[3].withinNoise());
    BarsWidget widget;
    widget.resize(420, 200);
    widget.setView(view);
    const QImage image = widget.grab().toImage();
    const auto saturation = [&](int bar) {
        const QRect rect = widget.barRect(bar);
        return image.pixelColor(rect.center().x(), rect.top() + 2).saturation(); // beside the whisker
    };
    QVERIFY(saturation(0) > 60 && saturation(1) > 60);
    QVERIFY(saturation(2) < 30 && saturation(3) < 30);
}

void TestPlots::barZoom()
{
    BarsWidget widget;
    widget.setAttribute(Qt::WA_DontShowOnScreen);
    widget.resize(420, 200);
    widget.show();
    widget.setView(samples::bars(15));
    const PlotRange whole = widget.xRange();
    const QPointF at = widget.barRect(0).center();
    wheel(widget, at, -120); // scrolls
    QVERIFY(widget.scrollBar()->value() > 0 && !widget.zoomed());
    QVERIFY(widget.rowRect(0).top() < widget.plotArea().top());
    wheel(widget, at, 240, Qt::ControlModifier);
    QVERIFY(widget.zoomed() && widget.xRange().span() < whole.span());
    QCOMPARE(widget.rowAt(widget.rowRect(5).center()), 5);
    QTest::keyClick(&widget, Qt::Key_0);
    QCOMPARE(widget.xRange(), whole);
    // The keyboard's bar comes into view.
    QTest::keyClick(&widget, Qt::Key_End);
    QVERIFY(widget.rowRect(14).bottom() <= widget.plotArea().bottom() + 1);
}

void TestPlots::barGeometry()
{
    BarsWidget widget;
    widget.setAttribute(Qt::WA_DontShowOnScreen);
    widget.resize(420, 420);
    widget.show();
    const BarsView view = samples::bars(15);
    widget.setView(view);
    for (int i = 0; i < 15; ++i) {
        QCOMPARE(widget.rowAt(widget.rowRect(i).center()), i);
        QVERIFY(widget.rowRect(i).contains(widget.barRect(i)));
        QVERIFY(widget.rect().contains(widget.barRect(i)));
    }
    QCOMPARE(widget.barRect(0).left(), widget.barRect(1).left()); // both start at zero
    QVERIFY(widget.barRect(0).width() > 1.8 * widget.barRect(1).width());
    QVERIFY(widget.barRect(2).right() <= widget.barRect(0).left() + 1); // negative: to the left
    widget.resize(420, 200);
    QCOMPARE(widget.scrollBar()->maximum() > 0, true);
}

void TestPlots::barSelection()
{
    BarsWidget widget;
    widget.setAttribute(Qt::WA_DontShowOnScreen);
    widget.resize(420, 420);
    widget.show();
    const BarsView view = samples::bars(8);
    widget.setView(view);
    QSignalSpy changed(&widget, &BarsWidget::selectionChanged), activated(&widget, &BarsWidget::activated);
    QTest::mouseClick(&widget, Qt::LeftButton, {}, widget.rowRect(3).center());
    QCOMPARE(widget.selection(), (QVector<HeadId>{view.bars[3].head}));
    QTest::mouseClick(&widget, Qt::LeftButton, Qt::ShiftModifier, widget.rowRect(5).center());
    QCOMPARE(widget.selection().size(), 3);
    QTest::keyClick(&widget, Qt::Key_Home);
    QCOMPARE(widget.selection(), (QVector<HeadId>{view.bars[0].head}));
    QTest::keyClick(&widget, Qt::Key_Return);
    QCOMPARE(activated.count(), 1);
    const auto before = changed.count();
    widget.setSelection({{1, 1}});
    QCOMPARE(changed.count(), before);
}

void TestPlots::graphLayers()
{
    const GraphView view = samples::graph();
    const GraphLayout layout = layoutGraph(view, QSizeF(640, 560), QSizeF(90, 34), 60);
    QCOMPARE(layout.nodes.size(), view.nodes.size());
    for (int i = 0; i < view.nodes.size(); ++i) {
        QVERIFY(QRectF(0, 0, 640, 560).contains(layout.nodes[i]));
        QCOMPARE(layout.nodeAt(layout.nodes[i].center()), i);
        for (int j = 0; j < i; ++j) {
            QVERIFY(!layout.nodes[i].intersects(layout.nodes[j]));
            // Layer 0 is on top, as in the heatmap.
            if (view.nodes[i].head.layer > view.nodes[j].head.layer)
                QVERIFY(layout.nodes[i].top() > layout.nodes[j].top());
        }
        QVERIFY(layout.logits.top() > layout.nodes[i].bottom());
    }
    for (int i = 0; i < view.edges.size(); ++i) {
        QVERIFY(layout.edges[i].from.y() < layout.edges[i].to.y());
        QVERIFY(layout.edges[i].distanceTo(layout.edges[i].at(0.5)) < 1);
    }
    QCOMPARE(layout.edgeAt(layout.edges[13].at(0.3), 3), 13);
    QCOMPARE(layout.edgeAt({1, 1}, 3), -1);
    QVERIFY(edgeWidth(-22, 22) > edgeWidth(4, 22));
    QCOMPARE(edgeWidth(5, 0), 1.2);
    // An edge to a head that is not in the graph has no curve, and no graph has no layout.
    GraphView loose = view;
    loose.edges.append({{2, 2}, {11, 11}, "q", 1});
    QVERIFY(layoutGraph(loose, QSizeF(640, 560), QSizeF(90, 34), 60).edges.last().to.isNull());
    QVERIFY(layoutGraph({}, QSizeF(640, 560), QSizeF(90, 34), 60).lanes.isEmpty());
}

void TestPlots::graphHoverAndClick()
{
    GraphWidget widget;
    widget.resize(640, 600);
    const GraphView view = samples::graph();
    widget.setView(view);
    QSignalSpy clicked(&widget, &GraphWidget::clicked), changed(&widget, &GraphWidget::selectionChanged);
    move(widget, widget.nodeRect(8).center());
    QCOMPARE(widget.readout(), QStringLiteral("L9H9  name mover   receives 3, sends 1"));
    QTest::mouseClick(&widget, Qt::LeftButton, {}, widget.nodeRect(8).center());
    QCOMPARE(widget.selection(), (QVector<HeadId>{{9, 9}}));
    QTest::keyClick(&widget, Qt::Key_Up);
    QCOMPARE(widget.selection(), (QVector<HeadId>{{8, 6}}));
    QCOMPARE(clicked.count(), 2);
    QCOMPARE(changed.count(), 2);
    widget.setSelection({});
    QCOMPARE(changed.count(), 2);
}

QTEST_MAIN(TestPlots)
#include "test_plots.moc"
