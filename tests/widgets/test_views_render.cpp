// Every view paints something sensible in light and dark, at 1x and 2x, small and large.
// With PATCHBAY_PICTURES=DIR the pictures are written there, to be looked at.
#include "attention_text_widget.h"
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "edge_graph_widget.h"
#include "graph_widget.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "scatter_widget.h"
#include "theme.h"
#include "widgets/edge_graph_sample.h"
#include "widgets/lines_sample.h"
#include "widgets/sample_views.h"

#include <QApplication>
#include <QDir>
#include <QImage>
#include <QPainter>
#include <QSet>
#include <QtTest>

using namespace patchbay::widgets;

namespace {

QPalette darkPalette()
{
    QPalette palette(QColor(0x2b, 0x2b, 0x2e));
    palette.setColor(QPalette::Base, QColor(0x1e, 0x1e, 0x21));
    palette.setColor(QPalette::AlternateBase, QColor(0x28, 0x28, 0x2b));
    palette.setColor(QPalette::Window, QColor(0x2b, 0x2b, 0x2e));
    for (auto role : {QPalette::Text, QPalette::WindowText, QPalette::ButtonText})
        palette.setColor(role, QColor(0xe6, 0xe6, 0xe6));
    return palette;
}

QImage picture(QWidget &widget, QSize size, int scale, bool dark)
{
    widget.setPalette(dark ? darkPalette() : QPalette(QColor(0xf2, 0xf2, 0xf2)));
    widget.setAttribute(Qt::WA_DontShowOnScreen);
    widget.resize(size);
    widget.show();
    QImage image(size * scale, QImage::Format_RGB32);
    image.setDevicePixelRatio(scale);
    image.fill(Qt::magenta); // shows through wherever a view forgets to paint
    widget.render(&image);
    return image;
}

void keep(const QImage &image, const QString &name)
{
    const QString folder = qEnvironmentVariable("PATCHBAY_PICTURES");
    if (!folder.isEmpty()) {
        QVERIFY(QDir().mkpath(folder));
        QVERIFY(image.save(folder + '/' + name + ".png"));
    }
}

/// Distinct colours, and whether the marker colour is left anywhere.
int colours(const QImage &image, bool *unpainted)
{
    QSet<QRgb> seen;
    for (int y = 0; y < image.height(); ++y) {
        const auto *line = reinterpret_cast<const QRgb *>(image.constScanLine(y));
        for (int x = 0; x < image.width(); ++x)
            seen.insert(line[x]);
    }
    *unpainted = seen.contains(QColor(Qt::magenta).rgb());
    return int(seen.size());
}

void check(QWidget &widget, QSize size, const QString &name, int leastColours = 20)
{
    for (bool dark : {false, true}) {
        for (int scale : {1, 2}) {
            const QImage image = picture(widget, size, scale, dark);
            keep(image, QStringLiteral("%1-%2-%3x").arg(name, dark ? "dark" : "light").arg(scale));
            bool unpainted = false;
            const int count = colours(image, &unpainted);
            QVERIFY2(!unpainted, qPrintable(name + " leaves pixels unpainted"));
            QVERIFY2(count >= leastColours, qPrintable(QStringLiteral("%1 has only %2 colours").arg(name).arg(count)));
            const QColor ground = Theme::of(widget.palette()).background;
            QVERIFY(dark == (ground.lightness() < 128));
        }
    }
}

} // namespace

class TestViewsRender : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void heatmap_data();
    void heatmap();
    void heatmapEmpty();
    void attention_data();
    void attention();
    void attentionText();
    void thumbnails();
    void scatter();
    void bars();
    void graph();
    void edgeGraph_data();
    void edgeGraph();
    void lines();
};

void TestViewsRender::heatmap_data()
{
    QTest::addColumn<int>("facets");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("columns");
    QTest::addColumn<double>("done");
    QTest::addColumn<QSize>("size");
    QTest::newRow("6x8") << 1 << 6 << 8 << 1.0 << QSize(700, 460);
    QTest::newRow("6x8-two-running") << 2 << 6 << 8 << 0.5 << QSize(1000, 420);
    QTest::newRow("30x32") << 1 << 30 << 32 << 1.0 << QSize(900, 700);
    QTest::newRow("30x32-five") << 5 << 30 << 32 << 1.0 << QSize(1280, 800);
    QTest::newRow("48x64-running") << 1 << 48 << 64 << 0.6 << QSize(900, 640);
    QTest::newRow("12x12-small") << 2 << 12 << 12 << 0.7 << QSize(420, 240);
}

void TestViewsRender::heatmap()
{
    QFETCH(int, facets);
    QFETCH(int, rows);
    QFETCH(int, columns);
    QFETCH(double, done);
    QFETCH(QSize, size);
    HeatmapWidget widget;
    HeatmapView view = samples::heatmap(facets, rows, columns, done);
    if (facets == 2)
        view.masked = {{0, 0}, {1, 1}, {2, 2}, {3, 3}};
    widget.resize(size);
    widget.setView(view);
    widget.setSelection({{3, 3}, {4, 1}});
    const QPoint cell = widget.layoutGeometry().cellRect({0, 2, 5}).center();
    QTest::mouseMove(&widget, cell);
    QMouseEvent move(QEvent::MouseMove, cell, widget.mapToGlobal(cell), Qt::NoButton, Qt::NoButton, Qt::NoModifier);
    QApplication::sendEvent(&widget, &move);
    check(widget, size, QStringLiteral("heatmap-") + QTest::currentDataTag());
}

void TestViewsRender::heatmapEmpty()
{
    HeatmapWidget widget;
    check(widget, QSize(400, 250), "heatmap-empty", 3);
}

void TestViewsRender::attention_data()
{
    QTest::addColumn<int>("size");
    QTest::addColumn<bool>("difference");
    QTest::addColumn<double>("cell");
    QTest::newRow("15") << 15 << false << 0.0;
    QTest::newRow("15-difference") << 15 << true << 0.0;
    QTest::newRow("300") << 300 << false << 0.0;
    QTest::newRow("300-zoomed") << 300 << false << 12.0;
}

void TestViewsRender::attention()
{
    QFETCH(int, size);
    QFETCH(bool, difference);
    QFETCH(double, cell);
    AttentionWidget widget;
    widget.resize(620, 640);
    widget.setView(samples::attention(size, 3, difference));
    widget.setCellSize(cell);
    widget.setHighlight(size - 1, 2);
    check(widget, QSize(620, 640), QStringLiteral("attention-") + QTest::currentDataTag());
}

void TestViewsRender::attentionText()
{
    AttentionTextWidget widget;
    widget.setView(samples::attention(15));
    check(widget, QSize(420, 200), "text-15");
    AttentionTextWidget longer;
    longer.setView(samples::attention(300, 4, true));
    longer.setMode(AttentionTextWidget::Mode::WhoLooksAtIt);
    longer.setLocked(2);
    check(longer, QSize(520, 300), "text-300-difference");
}

void TestViewsRender::thumbnails()
{
    QVector<AttentionView> views;
    for (int i = 0; i < 7; ++i) {
        views.append(samples::attention(i == 6 ? 300 : 15, unsigned(i)));
        views.last().head = {i, 2 * i};
    }
    AttentionThumbnails widget;
    widget.setViews(views);
    widget.setSelection({{0, 0}, {2, 4}});
    widget.setCurrent({2, 4});
    check(widget, QSize(480, 290), "thumbnails");
}

void TestViewsRender::scatter()
{
    ScatterWidget heads;
    heads.resize(560, 460);
    heads.setView(samples::scatter(144));
    heads.setSelection({{1, 5}, {3, 10}});
    check(heads, QSize(560, 460), "scatter-heads");
    ScatterWidget prompts;
    prompts.setView(samples::contribution(70));
    check(prompts, QSize(560, 460), "scatter-prompts");
    ScatterWidget runs;
    ScatterView two = samples::scatter(960);
    two.diagonal = true;
    runs.setView(two);
    check(runs, QSize(360, 300), "scatter-runs");
}

void TestViewsRender::bars()
{
    BarsWidget widget;
    widget.setView(samples::bars(15));
    widget.setSelection({{8, 5}, {6, 3}});
    check(widget, QSize(420, 420), "bars-15");
    BarsWidget few;
    few.setView(samples::bars(2));
    check(few, QSize(320, 220), "bars-2");
}

void TestViewsRender::graph()
{
    GraphWidget widget;
    widget.resize(640, 620);
    widget.setView(samples::graph());
    widget.setSelection({{9, 9}});
    check(widget, QSize(640, 620), "graph");
    const QPoint node = widget.nodeRect(6).center();
    QMouseEvent move(QEvent::MouseMove, node, widget.mapToGlobal(node), Qt::NoButton, Qt::NoButton, Qt::NoModifier);
    QApplication::sendEvent(&widget, &move);
    check(widget, QSize(420, 420), "graph-hover");
}

void TestViewsRender::edgeGraph_data()
{
    QTest::addColumn<int>("layers");
    QTest::addColumn<int>("heads");
    QTest::addColumn<int>("edges");
    QTest::newRow("6x8") << 6 << 8 << 40;
    QTest::newRow("12x12") << 12 << 12 << 120;
    QTest::newRow("30x32") << 30 << 32 << 300;
}

void TestViewsRender::edgeGraph()
{
    QFETCH(int, layers);
    QFETCH(int, heads);
    QFETCH(int, edges);
    EdgeGraphWidget graph;
    graph.setView(samples::edgeGraph(layers, heads, edges));
    const QString name = QStringLiteral("edge-graph-%1x%2").arg(layers).arg(heads);
    check(graph, {900, 640}, name);
    const int head = int(graph.view().nodes.size()) / 2;
    graph.setCurrentNode(head);
    check(graph, {900, 640}, name + QStringLiteral("-node"));
}

void TestViewsRender::lines()
{
    for (const bool stacked : {false, true}) {
        LinesWidget widget;
        LinesView view = samples::lines(stacked);
        view.logarithmic = stacked;
        widget.setView(view);
        widget.setSelection({{1, 6}});
        check(widget, QSize(560, 320), stacked ? QStringLiteral("bands") : QStringLiteral("lines"), 12);
    }
}

QTEST_MAIN(TestViewsRender)
#include "test_views_render.moc"
