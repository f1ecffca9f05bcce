// Attention: pixels of a pattern, geometry at any zoom, labels that thin out, and the three widgets.
#include "attention_text_widget.h"
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "colour_map.h"
#include "pattern_image.h"
#include "widgets/sample_views.h"

#include <QScrollBar>
#include <QSignalSpy>
#include <QtTest>

#include <ctime>

using namespace patchbay::widgets;

namespace {

void move(QWidget &widget, QPoint point)
{
    QMouseEvent event(QEvent::MouseMove, point, widget.mapToGlobal(point), Qt::NoButton, Qt::NoButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&widget, &event);
}

} // namespace

class TestAttention : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void pixelsOfAPattern();
    void thinStripesSurvive();
    void maximum();
    void geometry_data();
    void geometry();
    void thinning();
    void flow();
    void matrixHover();
    void matrixZoom();
    void contrast();
    void textLocks();
    void thumbnailsClick();
    void repaintTime();
};

void TestAttention::pixelsOfAPattern()
{
    const QVector<float> weights{1, 0, 0.25f, 0.75f};
    const QImage image = renderPattern(weights, 2, QRectF(0, 0, 2, 2), QSize(8, 8), {1, false, Qt::white});
    QCOMPARE(image.pixel(0, 0), attentionColour(1, false));
    QCOMPARE(image.pixel(3, 3), attentionColour(1, false));
    QCOMPARE(image.pixel(4, 3), qRgb(255, 255, 255));
    QVERIFY(qGray(image.pixel(5, 7)) < qGray(image.pixel(2, 7)));
    // Only the lower right cell.
    const QImage part = renderPattern(weights, 2, QRectF(1, 1, 1, 1), QSize(3, 3), {1, false, Qt::white});
    QCOMPARE(part.pixel(0, 0), image.pixel(7, 7));
    QCOMPARE(part.pixel(2, 2), image.pixel(7, 7));
    const QImage signs = renderPattern({-1, 0, 0, 1}, 2, QRectF(0, 0, 2, 2), QSize(2, 2), {1, true, Qt::white});
    QVERIFY(qRed(signs.pixel(0, 0)) > qBlue(signs.pixel(0, 0)) && qBlue(signs.pixel(1, 1)) > qRed(signs.pixel(1, 1)));
    // A pattern shorter than size² is refused, not read beyond its end.
    QCOMPARE(renderPattern({1, 2}, 2, QRectF(0, 0, 2, 2), QSize(2, 2), {1, false, Qt::white}).pixel(0, 0),
             qRgb(255, 255, 255));
}

void TestAttention::thinStripesSurvive()
{
    // One column of 512 in 100 pixels still shows in every row.
    constexpr int size = 512;
    QVector<float> weights(size * size, 0);
    for (int row = 0; row < size; ++row)
        weights[row * size + 301] = 1;
    const QImage image = renderPattern(weights, size, QRectF(0, 0, size, size), QSize(100, 100), {1, false, Qt::white});
    for (int y = 0; y < 100; ++y) {
        int marked = 0;
        for (int x = 0; x < 100; ++x)
            marked += image.pixel(x, y) == attentionColour(1, false);
        QCOMPARE(marked, 1);
    }
}

void TestAttention::maximum()
{
    QCOMPARE(patternMaximum({0.93f}), 1.0);
    QCOMPARE(patternMaximum({-0.3f, 0.1f}), 0.5);
    QCOMPARE(patternMaximum({0.01f}), 0.1);
    QCOMPARE(patternMaximum({}), 1.0);
    QCOMPARE(patternMaximum({3.2f}), 5.0);
}

void TestAttention::geometry_data()
{
    QTest::addColumn<int>("size");
    QTest::addColumn<double>("cell");
    QTest::addColumn<QPoint>("scroll");
    QTest::newRow("fitted 15") << 15 << 0.0 << QPoint(0, 0);
    QTest::newRow("fitted 512") << 512 << 0.0 << QPoint(0, 0);
    QTest::newRow("zoomed and scrolled") << 300 << 13.7 << QPoint(900, 2000);
    QTest::newRow("scrolled beyond the end") << 40 << 20.0 << QPoint(99999, 99999);
}

void TestAttention::geometry()
{
    QFETCH(int, size);
    QFETCH(double, cell);
    QFETCH(QPoint, scroll);
    const AttentionGeometry geometry = layoutAttention(size, QSize(600, 500), AttentionFrame{}, cell, scroll);
    QVERIFY(geometry.visible().isValid());
    QVERIFY(geometry.area.contains(geometry.visible()));
    int found = 0;
    for (int i = 0; i < size; ++i) {
        const QRect rect = geometry.cellRect(i, i);
        if (!geometry.area.contains(rect.center()) || geometry.cell < 1)
            continue;
        QCOMPARE(geometry.rowAt(rect.center().y()), i);
        QCOMPARE(geometry.columnAt(rect.center().x()), i);
        ++found;
    }
    QVERIFY(found > 0 || geometry.cell < 1 || scroll.x() != scroll.y());
    QCOMPARE(geometry.rowAt(geometry.area.top() - 1), -1);
    QCOMPARE(geometry.columnAt(geometry.area.right() + 1), -1);
    const QRectF cells = geometry.visibleCells();
    QVERIFY(cells.left() >= 0 && cells.right() <= size + 1 && cells.width() > 0);
    if (cell == 0)
        QVERIFY(cells.width() > size - 1); // fitted: all of it
}

void TestAttention::thinning()
{
    for (double spacing : {0.9, 3.0, 11.0, 40.0}) {
        const QVector<bool> shown = thinLabels(300, spacing, 12, {7, 299});
        QVERIFY(shown[7] && shown[299]);
        int last = -1000, count = 0;
        for (int i = 0; i < shown.size(); ++i) {
            if (!shown[i])
                continue;
            QVERIFY((i - last) * spacing >= 12 || last < 0);
            last = i;
            ++count;
        }
        QVERIFY(count >= std::min(300.0, 300 * spacing / 12 / 2)); // and not thinner than needed
    }
    QCOMPARE(thinLabels(5, 20, 12, {-1}).count(true), 5);
}

void TestAttention::flow()
{
    const auto advance = [](const QString &text) { return int(text.size()) * 10; };
    const TokenFlow text = layoutTokens({"one", " two", "\n", " three", " four"}, 100, 20, advance);
    QCOMPARE(text.boxes[1], QRect(30, 0, 40, 20));
    QCOMPARE(text.boxes[3].topLeft(), QPoint(0, 20)); // after the line feed
    QCOMPARE(text.boxes[4].topLeft(), QPoint(0, 40)); // would not fit
    QCOMPARE(text.height, 60);
    QCOMPARE(text.tokenAt(QPoint(35, 10)), 1);
    QCOMPARE(text.tokenAt(QPoint(95, 10)), -1);
}

void TestAttention::matrixHover()
{
    AttentionWidget widget;
    widget.resize(560, 560);
    AttentionView view = samples::attention(15);
    widget.setView(view);
    QSignalSpy hovered(&widget, &AttentionWidget::hovered), clicked(&widget, &AttentionWidget::clicked);
    const AttentionGeometry geometry = widget.geometryOfMatrix();
    move(*widget.viewport(), geometry.cellRect(14, 2).center());
    QCOMPARE(hovered.last()[0].toInt(), 14);
    QCOMPARE(hovered.last()[1].toInt(), 2);
    QCOMPARE(widget.readout(),
             QString::fromUtf8("·to (14, END) looks at ·Mary (2, IO):  %1").arg(view.weights[14 * 15 + 2], 0, 'f', 3));
    move(*widget.viewport(), QPoint(5, geometry.cellRect(10, 0).center().y())); // on a row's label
    QCOMPARE(hovered.last()[0].toInt(), 10);
    QCOMPARE(hovered.last()[1].toInt(), -1);
    QTest::mouseClick(widget.viewport(), Qt::LeftButton, {}, geometry.cellRect(3, 1).center());
    QCOMPARE(clicked.count(), 1);
    QTest::keyClick(&widget, Qt::Key_Up);
    QCOMPARE(widget.accessibleDescription(), widget.readout());
    QVERIFY(!widget.readout().isEmpty());
}

void TestAttention::matrixZoom()
{
    AttentionWidget widget;
    widget.setAttribute(Qt::WA_DontShowOnScreen);
    widget.resize(560, 560);
    widget.show();
    widget.setView(samples::attention(300));
    const AttentionGeometry fitted = widget.geometryOfMatrix();
    QVERIFY(fitted.extent() <= fitted.area.width() + 1);
    const QPoint at = fitted.area.center();
    const int row = fitted.rowAt(at.y());
    for (int i = 0; i < 12; ++i) {
        QWheelEvent wheel(at, widget.viewport()->mapToGlobal(at), {}, QPoint(0, 120), Qt::NoButton, Qt::ControlModifier,
                          Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(widget.viewport(), &wheel);
    }
    const AttentionGeometry zoomed = widget.geometryOfMatrix();
    QVERIFY(zoomed.cell > fitted.cell * 5);
    QVERIFY(std::abs(zoomed.rowAt(at.y()) - row) <= 2); // the cell under the pointer stays there
    QTest::keyClick(&widget, Qt::Key_0);
    QCOMPARE(widget.geometryOfMatrix().cell, fitted.cell);
}

void TestAttention::contrast()
{
    AttentionWidget widget;
    widget.resize(560, 560);
    AttentionView view = samples::attention(15);
    view.weights.fill(0.04f);
    widget.setView(view);
    const auto pixel = [&] {
        return widget.grab().toImage().pixel(widget.geometryOfMatrix().cellRect(5, 5).center() + QPoint(6, 8));
    };
    widget.setScaleMaximum(1);
    const int pale = qGray(pixel());
    const QRect seen = widget.geometryOfMatrix().visible();
    QTest::mouseClick(widget.viewport(), Qt::LeftButton, {},
                      QPoint(seen.right() + 19, seen.top() + 20)); // on the colour scale
    QVERIFY(qGray(pixel()) < pale);
}

void TestAttention::textLocks()
{
    AttentionTextWidget widget;
    widget.setAttribute(Qt::WA_DontShowOnScreen);
    widget.resize(500, 260);
    widget.show();
    widget.setView(samples::attention(15));
    QVERIFY2(widget.readout().startsWith(QString::fromUtf8("·to (14, END) looks at ·Mary (2, IO) ")),
             qPrintable(widget.readout()));
    QSignalSpy locked(&widget, &AttentionTextWidget::lockedChanged), hovered(&widget, &AttentionTextWidget::hovered);
    auto *canvas = widget.findChild<TokenCanvas *>();
    QVERIFY(canvas);
    const QPoint token = canvas->flow().boxes[10].center() + QPoint(12, 12);
    move(*canvas->viewport(), token);
    QCOMPARE(hovered.last()[0].toInt(), 10);
    QVERIFY(widget.readout().startsWith(QString::fromUtf8("·John (10, S2) looks at")));
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, token);
    QCOMPARE(widget.locked(), 10);
    move(*canvas->viewport(), canvas->flow().boxes[2].center() + QPoint(12, 12));
    QVERIFY(
        widget.readout().startsWith(QString::fromUtf8("·John (10, S2)"))); // locked: hovering elsewhere changes nothing
    widget.setMode(AttentionTextWidget::Mode::WhoLooksAtIt);
    QVERIFY(widget.readout().startsWith(QString::fromUtf8("·John (10, S2) is seen by")));
    QTest::mouseClick(canvas->viewport(), Qt::LeftButton, {}, token);
    QCOMPARE(widget.locked(), -1);
    QCOMPARE(locked.count(), 2);
}

void TestAttention::thumbnailsClick()
{
    AttentionThumbnails widget;
    widget.setAttribute(Qt::WA_DontShowOnScreen);
    widget.resize(300, 260);
    widget.show();
    QVector<AttentionView> views;
    for (int i = 0; i < 9; ++i) {
        views.append(samples::attention(15, unsigned(i)));
        views.last().head = {i, i};
    }
    widget.setViews(views);
    for (int i = 0; i < 9; ++i)
        QCOMPARE(widget.tileAt(widget.tileRect(i).center()), i);
    QSignalSpy clicked(&widget, &AttentionThumbnails::clicked), activated(&widget, &AttentionThumbnails::activated);
    QTest::mouseClick(widget.viewport(), Qt::LeftButton, {}, widget.tileRect(1).center());
    QCOMPARE(clicked.last()[0].value<HeadId>(), (HeadId{1, 1}));
    QTest::keyClick(&widget, Qt::Key_End);
    QCOMPARE(widget.current(), (HeadId{8, 8}));
    QVERIFY(widget.viewport()->rect().contains(widget.tileRect(8).center())); // scrolled into view
    QTest::keyClick(&widget, Qt::Key_Return);
    QCOMPARE(activated.count(), 1);
    widget.setCurrent({3, 3});
    QCOMPARE(clicked.count(), 2); // no echo
}

void TestAttention::repaintTime()
{
    AttentionWidget widget;
    widget.resize(1000, 1000);
    QImage target(widget.size(), QImage::Format_RGB32);
    double fresh = 1e9, hover = 1e9;
    const AttentionView views[] = {samples::attention(512, 1), samples::attention(512, 2)};
    for (int i = 0; i < 30; ++i) {
        widget.setView(views[i % 2]);
        std::clock_t start = std::clock(); // processor time: other programs' work does not count
        widget.render(&target);
        fresh = std::min(fresh, (std::clock() - start) * 1e3 / CLOCKS_PER_SEC);
        widget.setHighlight(i * 7, i);
        start = std::clock();
        widget.render(&target);
        hover = std::min(hover, (std::clock() - start) * 1e3 / CLOCKS_PER_SEC);
    }
    qInfo("512-token pattern at 1000 x 1000: first repaint %.2f ms, repaint while hovering %.2f ms (best of 30)", fresh,
          hover);
    const QRect seen = widget.geometryOfMatrix().visible();
    QVERIFY(target.pixel(seen.left() + 1, seen.bottom() - 20) != target.pixel(seen.right() - 20, seen.top() + 20));
}

QTEST_MAIN(TestAttention)
#include "test_attention.moc"
