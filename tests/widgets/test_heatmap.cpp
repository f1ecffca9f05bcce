// Heatmap: cell ↔ pixel and selection as plain logic, then the widget's signals, read-out and repaint times.
#include "colour_map.h"
#include "heatmap_widget.h"
#include "theme.h"
#include "view_text.h"
#include "widgets/sample_views.h"
#include "zoomed_heatmap.h"

#include <QContextMenuEvent>
#include <QFontMetrics>
#include <QSignalSpy>
#include <QtTest>

#include <cmath>
#include <ctime>

using namespace patchbay::widgets;

namespace {

const HeatmapMetrics plainMetrics{14, 17, 7, 0, 30};

void move(QWidget &widget, QPoint point, Qt::MouseButtons buttons = Qt::NoButton)
{
    QMouseEvent event(QEvent::MouseMove, point, widget.mapToGlobal(point), Qt::NoButton, buttons, Qt::NoModifier);
    QCoreApplication::sendEvent(&widget, &event);
}

QPoint centre(const HeatmapWidget &widget, int facet, int row, int column)
{
    return widget.layoutGeometry().cellRect({facet, row, column}).center();
}

} // namespace

class TestHeatmap : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void textsShortenByWords();
    void sumsGiveWayToValues();
    void valuesStayAsLongAsTheyCan();
    void everyPixelOfACellFindsIt_data();
    void everyPixelOfACellFindsIt();
    void nothingOverlaps_data() { everyPixelOfACellFindsIt_data(); }
    void nothingOverlaps();
    void tickSteps();
    void bandCorners();
    void selectionLogic();
    void clicksAndReadout();
    void rubberBand();
    void keyboard();
    void selectionFromOutside();
    void contextMenu();
    void positionsAsColumns();
    void whatIsMaskedLooksLikeNoValue_data();
    void whatIsMaskedLooksLikeNoValue();
    void statesLookDifferent();
    void onlyChangedCellsRepaint();
    void repaintTime();
    void theWheelZoomsAtThePointer();
};

void TestHeatmap::textsShortenByWords()
{
    const QFontMetrics metrics{QFont()};
    const QString whole = QStringLiteral("Ablation of L1H3 and L1H4 · logit diff +6.41 → +2.10");
    QCOMPARE(fittedText(metrics, whole, 10000), whole);
    const QString clause = QStringLiteral("Ablation of L1H3 and L1H4");
    QCOMPARE(fittedText(metrics, whole, metrics.horizontalAdvance(clause) + 2), clause);
    for (int width = metrics.horizontalAdvance(QStringLiteral("Ablation")); width < 400; width += 7) {
        const QString text = fittedText(metrics, whole, width);
        QVERIFY(metrics.horizontalAdvance(text) <= width);
        QVERIFY(!text.isEmpty() && whole.startsWith(text) && !text.contains(QChar(0x2026)));
        QVERIFY(text == whole || whole[text.size()].isSpace()); // no word is cut
    }
}

// On a small screen values stay as long as they can: the margins with sums go first.
void TestHeatmap::sumsGiveWayToValues()
{
    const HeatmapView view = samples::heatmap(2, 6, 8);
    const HeatmapMetrics metrics = HeatmapMetrics::of(QFont(), view);
    bool gaveWay = false;
    for (int height = 500; height > 120; height -= 4) {
        const HeatmapLayout with = layoutHeatmap(view, {600, height}, metrics, true),
                            without = layoutHeatmap(view, {600, height}, metrics, false);
        const auto holds = [&](const HeatmapLayout &layout) {
            return cellText(QFont(), view, layout.facets.front().cellRect(0, 0).size()).decimals >= 0;
        };
        QCOMPARE(holds(with), holds(without));
        gaveWay = gaveWay || (holds(with) && with.facets.front().rowSums.isEmpty());
    }
    QVERIFY(gaveWay);
    QVERIFY(!layoutHeatmap(view, {900, 600}, metrics, true).facets.front().rowSums.isEmpty());
}

// Smaller, then with fewer decimals, then not at all; never larger than the cell.
void TestHeatmap::valuesStayAsLongAsTheyCan()
{
    HeatmapView view = samples::heatmap(1, 6, 8);
    view.unit = QStringLiteral("%");
    CellText before = cellText(QFont(), view, {200, 100});
    QCOMPARE(before.decimals, 1);
    QSet<double> sizes;
    int smallest = 200;
    for (int width = 200; width > 0; --width) {
        const CellText now = cellText(QFont(), view, {width, 100});
        QVERIFY(now.decimals <= 1 && (now.decimals < 0 || now.size >= 0.5));
        QVERIFY2(now.decimals >= 0 || cellText(QFont(), view, {width - 1, 100}).decimals < 0, "they do not come back");
        if (now.decimals >= 0) {
            smallest = width;
            sizes << now.size;
        }
    }
    QCOMPARE(sizes.size(), 2);
    // Two digits and a sign, at little more than their own width.
    QVERIFY(smallest <= QFontMetrics(scaledFont(QFont(), 0.68)).horizontalAdvance(QStringLiteral("\u221200")) + 4);
    QCOMPARE(HeatmapMetrics::of(QFont(), view).value.width(), smallest);
    view.facets.front().values[0] = 12345; // no cell has room for such numbers
    QCOMPARE(cellText(QFont(), view, {200, 100}).decimals, -1);
}

void TestHeatmap::everyPixelOfACellFindsIt_data()
{
    QTest::addColumn<int>("facets");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("columns");
    QTest::addColumn<QSize>("size");
    QTest::newRow("6x8") << 1 << 6 << 8 << QSize(640, 420);
    QTest::newRow("48x64") << 1 << 48 << 64 << QSize(640, 420);
    QTest::newRow("48x64 tiny") << 1 << 48 << 64 << QSize(200, 150);
    QTest::newRow("30x32 five facets") << 5 << 30 << 32 << QSize(1280, 800);
    QTest::newRow("12x12 four facets, narrow") << 4 << 12 << 12 << QSize(320, 900);
}

void TestHeatmap::everyPixelOfACellFindsIt()
{
    QFETCH(int, facets);
    QFETCH(int, rows);
    QFETCH(int, columns);
    QFETCH(QSize, size);
    const HeatmapView view = samples::heatmap(facets, rows, columns);
    for (bool margins : {false, true}) {
        const HeatmapLayout layout = layoutHeatmap(view, size, plainMetrics, margins);
        QCOMPARE(layout.facets.size(), facets);
        for (int facet = 0; facet < facets; ++facet) {
            for (int row = 0; row < rows; ++row) {
                for (int column = 0; column < columns; ++column) {
                    const CellRef cell{facet, row, column};
                    const QRect rect = layout.cellRect(cell);
                    if (rect.isEmpty())
                        continue; // cells below a pixel share one
                    QCOMPARE(layout.cellAt(rect.topLeft()), cell);
                    QCOMPARE(layout.cellAt(rect.bottomRight()), cell);
                }
            }
            const QRect cells = layout.facets[facet].cells;
            QVERIFY(!layout.cellAt(cells.topLeft() - QPoint(1, 0)).valid());
            QVERIFY(!layout.cellAt(cells.bottomRight() + QPoint(0, 1)).valid());
        }
        // Row 0 is on top.
        QVERIFY(layout.cellRect({0, 0, 0}).top() <= layout.cellRect({0, rows - 1, 0}).top());
    }
}

void TestHeatmap::nothingOverlaps()
{
    QFETCH(int, facets);
    QFETCH(int, rows);
    QFETCH(int, columns);
    QFETCH(QSize, size);
    const HeatmapLayout layout = layoutHeatmap(samples::heatmap(facets, rows, columns), size, plainMetrics, true);
    QVector<QRect> parts{layout.title, layout.readout, layout.colourBar, layout.colourLabel};
    for (const FacetLayout &facet : layout.facets)
        parts << facet.cells << facet.rowSums << facet.columnSums << facet.xTicks << facet.yTicks;
    for (int i = 0; i < parts.size(); ++i) {
        if (size.width() > 300 && !parts[i].isEmpty())
            QVERIFY2(QRect(QPoint(0, 0), size).contains(parts[i]),
                     qPrintable(QString("part %1 leaves the widget").arg(i)));
        for (int j = i + 1; j < parts.size(); ++j)
            QVERIFY2(!parts[i].intersects(parts[j]), qPrintable(QString("parts %1 and %2 overlap").arg(i).arg(j)));
    }
}

void TestHeatmap::tickSteps()
{
    QCOMPARE(tickStep(30, 14), 1);
    QCOMPARE(tickStep(7, 14), 2);
    QCOMPARE(tickStep(3, 14), 5);
    QCOMPARE(tickStep(1.5, 14), 10);
}

void TestHeatmap::bandCorners()
{
    const HeatmapLayout layout = layoutHeatmap(samples::heatmap(2, 6, 8), QSize(900, 420), plainMetrics, true);
    CellRef from, to;
    const QRect band(layout.cellRect({1, 1, 2}).center(), layout.cellRect({1, 3, 4}).center());
    QVERIFY(layout.cellsIn(band, band.topLeft(), &from, &to));
    QCOMPARE(from, (CellRef{1, 1, 2}));
    QCOMPARE(to, (CellRef{1, 3, 4}));
    // Started beside the cells and reaching into the first facet.
    const QRect outside(QPoint(0, 0), layout.cellRect({0, 0, 1}).center());
    QVERIFY(layout.cellsIn(outside, QPoint(0, 0), &from, &to));
    QCOMPARE(to, (CellRef{0, 0, 1}));
    QVERIFY(!layout.cellsIn(QRect(0, 0, 3, 3), QPoint(0, 0), &from, &to));
}

void TestHeatmap::selectionLogic()
{
    HeadSelection selection;
    QVERIFY(selection.click({2, 3}, Qt::NoModifier));
    QVERIFY(!selection.click({2, 3}, Qt::NoModifier));
    QVERIFY(selection.click({4, 5}, Qt::ControlModifier));
    QCOMPARE(selection.heads, (QVector<HeadId>{{2, 3}, {4, 5}}));
    QVERIFY(selection.click({2, 3}, Qt::ControlModifier));
    QCOMPARE(selection.heads, (QVector<HeadId>{{4, 5}}));
    selection.click({1, 1}, Qt::NoModifier);
    QVERIFY(selection.click({2, 3}, Qt::ShiftModifier));
    QCOMPARE(selection.heads.size(), 6); // 2 layers × 3 heads
    QVERIFY(selection.click({0, 0}, Qt::ShiftModifier));
    QCOMPARE(selection.heads, (QVector<HeadId>{{0, 0}, {0, 1}, {1, 0}, {1, 1}})); // the anchor stays at L1H1
    QVERIFY(selection.move(-1, 0, 6, 8, false) == true);
    QCOMPARE(selection.heads, (QVector<HeadId>{{0, 0}})); // at the border it stays
    QVERIFY(selection.move(0, 1, 6, 8, true));
    QCOMPARE(selection.heads, (QVector<HeadId>{{0, 0}, {0, 1}}));
    QVERIFY(selection.click({}, Qt::NoModifier));
    QVERIFY(selection.heads.isEmpty());
    QVERIFY(!selection.assign({}));
    QVERIFY(selection.assign({{3, 3}}));
    QCOMPARE(selection.current, (HeadId{3, 3}));
}

void TestHeatmap::clicksAndReadout()
{
    HeatmapWidget widget;
    widget.resize(900, 420);
    QVERIFY(widget.readout().isEmpty());
    widget.setView(samples::heatmap(2, 6, 8));
    QSignalSpy hovered(&widget, &HeatmapWidget::hovered), clicked(&widget, &HeatmapWidget::clicked);
    QSignalSpy changed(&widget, &HeatmapWidget::selectionChanged), activated(&widget, &HeatmapWidget::activated);
    move(widget, centre(widget, 1, 4, 2));
    QCOMPARE(hovered.count(), 1);
    QCOMPARE(hovered[0][0].value<HeadId>(), (HeadId{4, 2}));
    QCOMPARE(hovered[0][1].toInt(), 1);
    QVERIFY(widget.readout().startsWith("Query (q):  L4H2  "));
    QVERIFY(widget.readout().contains("exact"));
    move(widget, centre(widget, 1, 4, 2) + QPoint(1, 0));
    QCOMPARE(hovered.count(), 1); // same cell, no new signal

    QTest::mouseClick(&widget, Qt::LeftButton, {}, centre(widget, 0, 3, 3));
    QTest::mouseClick(&widget, Qt::LeftButton, Qt::ControlModifier, centre(widget, 1, 5, 7));
    QCOMPARE(widget.selection(), (QVector<HeadId>{{3, 3}, {5, 7}}));
    QCOMPARE(changed.count(), 2);
    QCOMPARE(clicked.count(), 2);
    QTest::mouseDClick(&widget, Qt::LeftButton, {}, centre(widget, 0, 1, 1));
    QCOMPARE(activated.count(), 1);
    // Margins read out sums.
    const FacetLayout &facet = widget.layoutGeometry().facets[0];
    move(widget, QPoint(facet.rowSums.center().x(), facet.cellRect(2, 0).center().y()));
    QVERIFY2(widget.readout().startsWith("Layer 2, all columns: sum "), qPrintable(widget.readout()));
    move(widget, QPoint(facet.cellRect(0, 6).center().x(), facet.columnSums.center().y()));
    QVERIFY2(widget.readout().startsWith("Head 6, all layers: sum "), qPrintable(widget.readout()));
    QCOMPARE(widget.accessibleDescription(), widget.readout());
    QVERIFY(widget.accessibleName().contains("Activation patching"));
}

void TestHeatmap::rubberBand()
{
    HeatmapWidget widget;
    widget.resize(640, 420);
    widget.setView(samples::heatmap(1, 6, 8));
    QSignalSpy changed(&widget, &HeatmapWidget::selectionChanged);
    const QPoint from = centre(widget, 0, 1, 1), to = centre(widget, 0, 2, 3);
    QTest::mousePress(&widget, Qt::LeftButton, {}, from);
    move(widget, (from + to) / 2, Qt::LeftButton);
    move(widget, to, Qt::LeftButton);
    QTest::mouseRelease(&widget, Qt::LeftButton, {}, to);
    QCOMPARE(widget.selection(), (QVector<HeadId>{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {2, 2}, {2, 3}}));
    QCOMPARE(changed.count(), 1);
}

void TestHeatmap::keyboard()
{
    HeatmapWidget widget;
    widget.resize(640, 420);
    widget.setView(samples::heatmap(1, 6, 8));
    QSignalSpy activated(&widget, &HeatmapWidget::activated);
    QTest::keyClick(&widget, Qt::Key_Down);
    QCOMPARE(widget.selection(), (QVector<HeadId>{{0, 0}}));
    QTest::keyClick(&widget, Qt::Key_Down);
    QTest::keyClick(&widget, Qt::Key_End);
    QCOMPARE(widget.selection(), (QVector<HeadId>{{1, 7}}));
    QTest::keyClick(&widget, Qt::Key_Home, Qt::ShiftModifier);
    QCOMPARE(widget.selection().size(), 8);
    QTest::keyClick(&widget, Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(widget.selection(), (QVector<HeadId>{{5, 7}}));
    QVERIFY(widget.readout().startsWith("L5H7"));
    QTest::keyClick(&widget, Qt::Key_Return);
    QCOMPARE(activated.count(), 1);
    QCOMPARE(activated[0][0].value<HeadId>(), (HeadId{5, 7}));
    QTest::keyClick(&widget, Qt::Key_Escape);
    QVERIFY(widget.selection().isEmpty());
}

void TestHeatmap::selectionFromOutside()
{
    HeatmapWidget widget;
    widget.setView(samples::heatmap(1, 6, 8));
    QSignalSpy changed(&widget, &HeatmapWidget::selectionChanged);
    widget.setSelection({{1, 2}, {3, 4}});
    QCOMPARE(widget.selection(), (QVector<HeadId>{{1, 2}, {3, 4}}));
    QCOMPARE(changed.count(), 0); // no echo
    widget.setView(samples::heatmap(2, 6, 8));
    QCOMPARE(widget.selection().size(), 2); // a new run keeps it
}

void TestHeatmap::contextMenu()
{
    HeatmapWidget widget;
    widget.resize(640, 420);
    widget.setView(samples::heatmap(1, 6, 8));
    widget.setSelection({{0, 0}, {2, 2}});
    QSignalSpy wanted(&widget, &HeatmapWidget::contextMenuRequested);
    const auto ask = [&](int row, int column) {
        const QPoint point = centre(widget, 0, row, column);
        QContextMenuEvent event(QContextMenuEvent::Mouse, point, widget.mapToGlobal(point));
        QCoreApplication::sendEvent(&widget, &event);
    };
    ask(2, 2);
    QCOMPARE(widget.selection().size(), 2); // inside the selection: it stays
    ask(4, 4);
    QCOMPARE(widget.selection(), (QVector<HeadId>{{4, 4}}));
    QCOMPARE(wanted.count(), 2);
    QCOMPARE(wanted[1][0].value<HeadId>(), (HeadId{4, 4}));
}

void TestHeatmap::positionsAsColumns()
{
    HeatmapWidget widget;
    widget.resize(640, 420);
    HeatmapView view = samples::heatmap(1, 6, 15);
    view.columnsAreHeads = false;
    view.xTicks = samples::tokens(15);
    widget.setView(view);
    QSignalSpy clicked(&widget, &HeatmapWidget::clicked), cell(&widget, &HeatmapWidget::cellClicked);
    QTest::mouseClick(&widget, Qt::LeftButton, {}, centre(widget, 0, 3, 2));
    QCOMPARE(clicked[0][0].value<HeadId>(), (HeadId{3, -1}));
    QCOMPARE(cell[0][2].toInt(), 2);
    QCOMPARE(widget.selection(), (QVector<HeadId>{{3, -1}}));
    QVERIFY(widget.readout().startsWith(QString::fromUtf8("L3 · ·Mary")));
}

void TestHeatmap::whatIsMaskedLooksLikeNoValue_data()
{
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << false;
    QTest::newRow("dark") << true;
}

void TestHeatmap::whatIsMaskedLooksLikeNoValue()
{
    QFETCH(bool, dark);
    HeatmapView view = samples::heatmap(1, 3, 6);
    view.limit = 10;
    HeatmapFacet &facet = view.facets[0];
    facet.states.fill(CellState::Exact);
    facet.values = {10, 1, -1, -10, 0.2, 0, 10, 1, -1, -10, 0.2, 0, 3, 3, 3, 3, 3, 3};
    facet.halfWidth.fill(0.5, 18);
    for (int head = 0; head < 6; ++head)
        view.masked << HeadId{1, head};
    HeatmapWidget widget;
    QPalette palette;
    palette.setColor(QPalette::Base, dark ? QColor(24, 24, 24) : QColor(Qt::white));
    palette.setColor(QPalette::Window, dark ? QColor(32, 32, 32) : QColor(240, 240, 240));
    palette.setColor(QPalette::Text, dark ? QColor(230, 230, 230) : QColor(20, 20, 20));
    palette.setColor(QPalette::WindowText, palette.color(QPalette::Text));
    widget.setPalette(palette);
    widget.resize(640, 420);
    widget.setView(view);
    const QImage image = widget.grab().toImage();
    const auto look = [&](int row, int column) { // the colours within a cell
        const QRect cell = widget.layoutGeometry().cellRect({0, row, column}).adjusted(2, 2, -3, -3);
        QSet<QRgb> colours;
        for (int y = cell.top(); y <= cell.bottom(); ++y)
            for (int x = cell.left(); x <= cell.right(); ++x)
                colours.insert(image.pixel(x, y));
        return colours;
    };
    QVERIFY(look(1, 0).size() == 2); // ground and stripes, and no number
    for (int head = 0; head < 6; ++head) {
        QCOMPARE(look(1, head), look(1, 0)); // strong or weak: the same
        for (const QRgb colour : look(1, head)) {
            QVERIFY(std::abs(qRed(colour) - qBlue(colour)) <= 2); // no hue, which no eye could take for one
            for (int column = 0; column < 6; ++column) // the colours of values are others, and of another lightness
                if (const QColor ground =
                        image.pixelColor(widget.layoutGeometry().cellRect({0, 0, column}).topLeft() + QPoint(3, 3));
                    column != 0 && column != 3)
                    QVERIFY(std::abs(qGray(colour) - qGray(ground.rgb())) > 8);
        }
    }
    // What is within noise is plain grey, whatever its sign; what is not has a hue.
    const auto ground = [&](int column) {
        return image.pixelColor(widget.layoutGeometry().cellRect({0, 0, column}).topLeft() + QPoint(3, 3));
    };
    QCOMPARE(ground(4), ground(5));
    QVERIFY(std::abs(ground(4).red() - ground(4).blue()) <= 2 && ground(4) != palette.color(QPalette::Base));
    QVERIFY(ground(1).blue() > ground(1).red() + 10 && ground(2).red() > ground(2).blue() + 10);
    // The numbers stay in the read-out.
    QVERIFY(cellReadout(view, 0, 1, 0).contains(QStringLiteral("+10.0 %")));
    QVERIFY(cellReadout(view, 0, 1, 0).endsWith(QStringLiteral("masked")));
    QVERIFY(cellReadout(view, 0, 0, 4).contains(QStringLiteral("within noise")));
    QVERIFY(!cellReadout(view, 0, 0, 0).contains(QStringLiteral("noise"))
            && !cellReadout(view, 0, 0, 0).contains(QStringLiteral("masked")));
}

void TestHeatmap::statesLookDifferent()
{
    HeatmapView view = samples::heatmap(1, 2, 4);
    HeatmapFacet &facet = view.facets[0];
    view.limit = 10;
    facet.values.fill(6);
    facet.states.fill(CellState::Exact);
    facet.states[1] = CellState::Estimated;
    facet.values[2] = std::numeric_limits<double>::quiet_NaN();
    facet.states[2] = CellState::Missing;
    view.masked = {{0, 3}};
    HeatmapWidget widget;
    widget.setCellTextsVisible(false);
    widget.resize(640, 420);
    widget.setView(view);
    const QImage image = widget.grab().toImage();
    const auto pixel = [&](int row, int column) { return image.pixelColor(centre(widget, 0, row, column)); };
    QCOMPARE(pixel(0, 0).rgb(), colourAt(ColourMap::RdBu, 0.6));
    QVERIFY(pixel(0, 1) != pixel(0, 0) && pixel(0, 3) != pixel(0, 0) && pixel(0, 3) != pixel(0, 1));
    QVERIFY(pixel(0, 1).blue() > pixel(0, 1).red() + 20); // an estimate keeps its hue
    // The estimate's marked corner, and the hatching of the missing cell: more than one colour inside.
    const QRect estimate = widget.layoutGeometry().cellRect({0, 0, 1});
    QVERIFY(image.pixelColor(estimate.topRight() + QPoint(-2, 1)) != pixel(0, 1));
    QSet<QRgb> hatched;
    const QRect missing = widget.layoutGeometry().cellRect({0, 0, 2}).adjusted(2, 2, -2, -2);
    for (int x = missing.left(); x <= missing.right(); ++x)
        hatched.insert(image.pixel(x, missing.center().y()));
    QVERIFY(hatched.size() >= 2);
}

void TestHeatmap::onlyChangedCellsRepaint()
{
    HeatmapView view = samples::heatmap(1, 6, 8, 0.5);
    view.limit = 20;
    HeatmapWidget widget;
    widget.resize(640, 420);
    widget.setView(view);
    widget.grab();
    view.facets[0].values[47] = 18;
    view.facets[0].states[47] = CellState::Exact;
    view.facets[0].values[0] = -18; // nobody says so: what is not named is not painted
    widget.updateCells(view, {{0, 5, 7}});
    QVERIFY(widget.grab().toImage().pixel(centre(widget, 0, 0, 0) - QPoint(0, 14)) != colourAt(ColourMap::RdBu, 0.05));
    widget.updateCells(view, {{0, 0, 0}});
    // Painted in part, it looks exactly like painted whole.
    const QImage part = widget.grab().toImage();
    HeatmapWidget fresh;
    fresh.resize(640, 420);
    fresh.setView(view);
    QCOMPARE(part, fresh.grab().toImage());
    QCOMPARE(part.pixel(centre(widget, 0, 5, 7) - QPoint(0, 14)), colourAt(ColourMap::RdBu, 0.9));
}

void TestHeatmap::repaintTime()
{
    HeatmapWidget widget;
    widget.resize(1280, 800);
    HeatmapView view = samples::heatmap(1, 48, 64);
    QImage target(widget.size(), QImage::Format_RGB32);
    double full = 1e9, hover = 1e9;
    for (int i = 0; i < 15; ++i) {
        view.limit = 20 + i; // a new scale: every cell changes
        widget.setView(view);
        std::clock_t start = std::clock(); // processor time: other programs' work does not count
        widget.render(&target);
        full = std::min(full, (std::clock() - start) * 1e3 / CLOCKS_PER_SEC);
        move(widget, centre(widget, 0, i, i));
        start = std::clock();
        widget.render(&target);
        hover = std::min(hover, (std::clock() - start) * 1e3 / CLOCKS_PER_SEC);
    }
    qInfo("48 x 64 heatmap at 1280 x 800: full repaint %.2f ms, repaint while hovering %.2f ms (best of 15)", full,
          hover);
    QVERIFY(full > 0 && hover > 0);
    QCOMPARE(target.pixel(widget.layoutGeometry().cellRect({0, 30, 40}).center()),
             colourOf(ColourMap::RdBu, view.facets[0].values[30 * 64 + 40], view.limit).rgb());
}

// What is under the pointer stays there, named and coloured as before; clicks are of the whole.
void TestHeatmap::theWheelZoomsAtThePointer()
{
    HeatmapView view;
    view.columnsAreHeads = false;
    HeatmapFacet facet;
    facet.rows = 30;
    facet.columns = 40;
    for (int row = 0; row < facet.rows; ++row)
        for (int column = 0; column < facet.columns; ++column) {
            facet.values << row + column / 100.0;
            facet.states << CellState::Exact;
        }
    view.facets << facet;
    for (int row = 0; row < facet.rows; ++row)
        view.yTicks << QStringLiteral("w%1").arg(row);
    for (int column = 0; column < facet.columns; ++column)
        view.xTicks << QStringLiteral("r%1").arg(column);
    view.masked << HeadId{20, 30};
    ZoomedHeatmap widget;
    widget.resize(700, 500);
    widget.setWhole(view);
    const double end = widget.colourEnd();
    QSignalSpy picked(&widget, &ZoomedHeatmap::cellPicked);
    const auto wheel = [&](QPoint at, int notches) {
        QWheelEvent event(at, widget.mapToGlobal(at), {}, {0, 120 * notches}, Qt::NoButton, Qt::NoModifier,
                          Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(&widget, &event);
    };
    const QPoint at = centre(widget, 0, 20, 30);
    for (int notch = 0; notch < 6; ++notch)
        wheel(at, 1);
    QVERIFY(widget.zoomed());
    const QRect cells = widget.shownCells();
    QCOMPARE(cells.size(), QSize(int(std::lround(40 / std::pow(1.2, 6))), int(std::lround(30 / std::pow(1.2, 6)))));
    QVERIFY(cells.contains(30, 20));
    const CellRef under = widget.layoutGeometry().cellAt(at);
    QVERIFY(std::abs(under.row + cells.top() - 20) <= 1 && std::abs(under.column + cells.left() - 30) <= 1);
    QCOMPARE(widget.colourEnd(), end);
    QVERIFY(widget.view().isMasked(20 - cells.top(), 30 - cells.left()));
    move(widget, centre(widget, 0, 0, 0));
    QVERIFY2(widget.readout().contains(QStringLiteral("w%1").arg(cells.top()))
                 && widget.readout().contains(QStringLiteral("r%1").arg(cells.left())),
             qPrintable(widget.readout()));
    QTest::mouseClick(&widget, Qt::LeftButton, {}, centre(widget, 0, 1, 2));
    QCOMPARE(picked.size(), 1);
    QCOMPARE(picked[0], (QVariantList{cells.top() + 1, cells.left() + 2}));
    // Newer numbers of the same shape keep the zoom; the middle button moves, no further than there are cells.
    view.facets[0].values[0] = 5;
    widget.setWhole(view);
    QCOMPARE(widget.shownCells(), cells);
    QTest::mousePress(&widget, Qt::MiddleButton, {}, at);
    move(widget, at + QPoint(5000, 5000), Qt::MiddleButton);
    QTest::mouseRelease(&widget, Qt::MiddleButton, {}, at);
    QCOMPARE(widget.shownCells(), QRect(QPoint(0, 0), cells.size()));
    QTest::keyClick(&widget, Qt::Key_Minus);
    QVERIFY(widget.shownCells().width() > cells.width());
    QTest::mouseDClick(&widget, Qt::LeftButton, {}, at);
    QVERIFY(!widget.zoomed());
    QCOMPARE(widget.view().facets[0].values, view.facets[0].values);
    wheel(at, -3); // the whole is the least
    QCOMPARE(widget.shownCells(), QRect(0, 0, 40, 30));
    for (int notch = 0; notch < 40; ++notch)
        wheel(at, 1);
    QCOMPARE(widget.shownCells().width(), 4);
    widget.setWhole(view);
    view.facets[0].rows = 15; // of another shape: the whole
    view.facets[0].values.resize(15 * 40);
    view.facets[0].states.resize(15 * 40);
    widget.setWhole(view);
    QCOMPARE(widget.shownCells(), QRect(0, 0, 40, 15));
}

QTEST_MAIN(TestHeatmap)
#include "test_heatmap.moc"
