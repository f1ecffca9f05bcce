// Colour maps, themes, numbers and ticks: exact values, no window.
#include "colour_map.h"
#include "pattern_image.h"
#include "theme.h"
#include "view_text.h"
#include "widgets/sample_views.h"

#include <QtTest>

#include <cmath>
#include <limits>
#include <random>

using namespace patchbay::widgets;

class TestColoursAndTexts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nothingHasTheColourOfTheGround();
    void longTextsHaveAScaleThatShowsThem();
    void divergingMaps();
    void clampingAndNaN();
    void attentionGround();
    void readableText();
    void limits();
    void endsOfAScale();
    void selectionHue();
    void numbers();
    void readouts();
    void ticks();
    void tokens();
};

void TestColoursAndTexts::nothingHasTheColourOfTheGround()
{
    const QColor dark(0x24, 0x27, 0x2c);
    for (const ColourMap map : {ColourMap::RdBu, ColourMap::PuOr}) {
        QCOMPARE(colourOn(dark, map, 0, 10), dark);
        QCOMPARE(colourOn(Qt::white, map, 3, 10), colourOf(map, 3, 10));
        for (const double sign : {-1.0, 1.0}) { // on dark grounds strength is lightness
            double before = dark.lightnessF();
            for (double value = 1; value <= 10; ++value) {
                const double now = colourOn(dark, map, sign * value, 10).lightnessF();
                QVERIFY(now > before);
                before = now;
            }
        }
        QVERIFY(colourOn(dark, map, 5, 10) != colourOn(dark, map, -5, 10));
    }
}

void TestColoursAndTexts::longTextsHaveAScaleThatShowsThem()
{
    // Every row looks at the first token with 0.9; the rest is spread.
    const auto pattern = [](int size) {
        QVector<float> weights(size * size);
        for (int row = 0; row < size; ++row)
            for (int column = 0; column <= row; ++column)
                weights[row * size + column] = column == 0 ? 0.9f : 0.1f / float(std::max(1, row));
        return weights;
    };
    const QVector<float> small = pattern(14), large = pattern(300);
    QCOMPARE(patternMaximum(small), 1.0);
    const double maximum = patternMaximum(large);
    QVERIFY2(maximum < 0.1, qPrintable(QString::number(maximum)));
    QCOMPARE(largestWeight(large), double(0.9f)); // what the scale says that it leaves out
    const QColor seen = QColor::fromRgb(attentionColour(0.1 / 150 / maximum, false, Qt::white));
    const QColor before = QColor::fromRgb(attentionColour(0.1 / 150, false, Qt::white));
    QVERIFY(seen.lightness() < before.lightness());
}

void TestColoursAndTexts::divergingMaps()
{
    for (ColourMap map : {ColourMap::RdBu, ColourMap::PuOr})
        QCOMPARE(colourAt(map, 0), qRgb(255, 255, 255));
    const QColor positive = QColor::fromRgb(colourAt(ColourMap::RdBu, 0.6)),
                 negative = QColor::fromRgb(colourAt(ColourMap::RdBu, -0.6));
    QVERIFY(positive.blue() > positive.red() + 60); // blue is positive
    QVERIFY(negative.red() > negative.blue() + 60);
    QCOMPARE(colourAt(ColourMap::RdBu, 1), qRgb(0x05, 0x30, 0x61));
    QCOMPARE(colourAt(ColourMap::RdBu, -1), qRgb(0x67, 0x00, 0x1f));
    QCOMPARE(colourAt(ColourMap::Viridis, 0), qRgb(0x44, 0x01, 0x54));
    QCOMPARE(colourAt(ColourMap::Viridis, 1), qRgb(0xfd, 0xe7, 0x25));
    // Halfway between two stops is their mean.
    QCOMPARE(colourAt(ColourMap::RdBu, 0.1), qRgb((0xff + 0xd1 + 1) / 2, (0xff + 0xe5 + 1) / 2, (0xff + 0xf0 + 1) / 2));
    QCOMPARE(colourOf(ColourMap::RdBu, 12, 20).rgb(), colourAt(ColourMap::RdBu, 0.6));
    // Farther from zero is darker, on both sides, all the way.
    for (int sign : {-1, 1}) {
        int before = 256;
        for (double t = 0; t <= 1.0001; t += 0.05) {
            const int grey = qGray(colourAt(ColourMap::RdBu, sign * t));
            QVERIFY2(grey < before, qPrintable(QString::number(sign * t)));
            before = grey;
        }
    }
}

void TestColoursAndTexts::clampingAndNaN()
{
    QCOMPARE(colourAt(ColourMap::RdBu, 7), colourAt(ColourMap::RdBu, 1));
    QCOMPARE(colourAt(ColourMap::RdBu, -std::numeric_limits<double>::infinity()), colourAt(ColourMap::RdBu, -1));
    QCOMPARE(qAlpha(colourAt(ColourMap::RdBu, std::numeric_limits<double>::quiet_NaN())), 0);
    QCOMPARE(colourOf(ColourMap::RdBu, 0.5, 0).rgb(), colourAt(ColourMap::RdBu, 0.5));
}

void TestColoursAndTexts::attentionGround()
{
    for (QColor ground : {QColor(Qt::white), QColor(0x1e, 0x1e, 0x21), QColor(0xf4, 0xf1, 0xea)}) {
        QCOMPARE(attentionColour(0, false, ground), ground.rgb());
        QCOMPARE(attentionColour(0, true, ground), ground.rgb());
        // Strong weights stand out against the ground, and the signs differ.
        QVERIFY(std::abs(qGray(attentionColour(1, false, ground)) - qGray(ground.rgb())) > 90);
        QVERIFY(attentionColour(0.5, true, ground) != attentionColour(-0.5, true, ground));
        QCOMPARE(attentionColour(-3, false, ground), ground.rgb());
    }
}

void TestColoursAndTexts::readableText()
{
    QCOMPARE(textOn(Qt::white), QColor(Qt::black));
    QCOMPARE(textOn(QColor::fromRgb(colourAt(ColourMap::RdBu, 1))), QColor(Qt::white));
    QCOMPARE(textOn(QColor::fromRgb(colourAt(ColourMap::RdBu, 0.2))), QColor(Qt::black));
}

void TestColoursAndTexts::limits()
{
    HeatmapView view;
    QCOMPARE(colourLimit(view), 1.0);
    view.facets.append(HeatmapFacet{});
    view.facets[0].values = {1, -23.4, std::numeric_limits<double>::quiet_NaN()};
    QCOMPARE(largestMagnitude(view), 23.4);
    QCOMPARE(colourLimit(view), 25.0);
    view.facets[0].values = {0.0101};
    QVERIFY(qFuzzyCompare(colourLimit(view), 0.012));
    view.facets[0].values = {90};
    QCOMPARE(colourLimit(view), 100.0);
    view.limit = 7;
    QCOMPARE(colourLimit(view), 7.0);
}

void TestColoursAndTexts::endsOfAScale()
{
    using Ends = std::pair<double, double>;
    HeatmapView view;
    view.facets.append(HeatmapFacet{});
    const auto ends = [&](QVector<double> values, ColourMap map = ColourMap::RdBu) {
        view.facets[0].values = std::move(values);
        return colourEnds(view, map, 4);
    };
    QCOMPARE(ends({0, 0}), Ends(-4, 4));
    QCOMPARE(ends({1, -2, 3}), Ends(-4, 4));
    QCOMPARE(ends({0, 2, 3}), Ends(0, 4)); // an entropy
    QCOMPARE(ends({0, -2}), Ends(-4, 0));
    QCOMPARE(ends({1, -2}, ColourMap::Viridis), Ends(0, 4));
    view.facets[0].states = {CellState::Exact, CellState::Missing};
    QCOMPARE(ends({2, 0}), Ends(-4, 4)); // the second may still be anything
}

void TestColoursAndTexts::selectionHue()
{
    QPalette light(QColor(0xf0, 0xf0, 0xf0)), dark(QColor(0x20, 0x20, 0x20));
    dark.setColor(QPalette::WindowText, Qt::white);
    QVERIFY(!isDark(light));
    QVERIFY(isDark(dark));
    QCOMPARE(Theme::of(light).selection, selectionColour(light));
    QVERIFY(selectionColour(light) != selectionColour(dark));
    // The selection's hue is far from every hue of the data colours.
    for (double t : {-1.0, -0.5, 0.5, 1.0}) {
        const int hue = QColor::fromRgb(colourAt(ColourMap::RdBu, t)).hue();
        const int apart = std::abs(hue - selectionColour(light).hue());
        QVERIFY(std::min(apart, 360 - apart) > 40);
    }
}

void TestColoursAndTexts::numbers()
{
    QCOMPARE(signedNumber(23.44, 1), QStringLiteral("+23.4"));
    QCOMPARE(signedNumber(-0.5, 1), QString::fromUtf8("−0.5"));
    QCOMPARE(signedNumber(-0.04, 1), QStringLiteral("0.0"));
    QCOMPARE(signedNumber(std::numeric_limits<double>::quiet_NaN(), 1), QString::fromUtf8("–"));
    QCOMPARE(valueWithUnit(23.4, "%"), QStringLiteral("+23.4 %"));
    QCOMPARE(valueWithUnit(-1.234, ""), QString::fromUtf8("−1.23"));
    QCOMPARE(valueWithUnit(0.1234, "nats"), QStringLiteral("+0.123 nats"));
}

void TestColoursAndTexts::readouts()
{
    HeatmapView view;
    HeatmapFacet facet;
    facet.title = "Output (z)";
    facet.rows = 10;
    facet.columns = 7;
    facet.values.fill(std::numeric_limits<double>::quiet_NaN(), 70);
    facet.states.fill(CellState::Missing, 70);
    facet.halfWidth.fill(0, 70);
    const int cell = 9 * 7 + 6;
    facet.values[cell] = 23.4;
    facet.states[cell] = CellState::Exact;
    facet.halfWidth[cell] = 1.2;
    facet.values[0] = -2;
    facet.states[0] = CellState::Estimated;
    view.facets = {facet};
    QCOMPARE(cellReadout(view, 0, 9, 6), QString::fromUtf8("L9H6  +23.4 % (exact, ±1.2 bootstrap)"));
    QCOMPARE(cellReadout(view, 0, 0, 0), QString::fromUtf8("L0H0  −2.0 % (estimate)"));
    QCOMPARE(cellReadout(view, 0, 1, 1), QStringLiteral("L1H1  not yet computed"));
    QCOMPARE(cellReadout(view, 0, 10, 0), QString());
    QCOMPARE(cellReadout(view, 1, 0, 0), QString());
    view.facets.append(facet);
    QVERIFY(cellReadout(view, 1, 9, 6).startsWith("Output (z):  L9H6"));
    view.columnsAreHeads = false;
    view.xTicks = {"The", " cat"};
    QCOMPARE(cellName(view, facet, 3, 1), QString::fromUtf8("L3 · ·cat"));
    QCOMPARE(cellHead(view, 3, 1), (HeadId{3, -1}));
    QVERIFY(std::abs(rowSum(facet, 9) - 23.4) < 1e-12);
    QVERIFY(std::isnan(rowSum(facet, 4)));
    QVERIFY(std::abs(columnSum(facet, 0) + 2) < 1e-12);
}

void TestColoursAndTexts::ticks()
{
    QCOMPARE(niceTicks(-30, 30, 9), (QVector<double>{-30, -20, -10, 0, 10, 20, 30}));
    QCOMPARE(niceTicks(0, 1, 5), (QVector<double>{0, 0.25, 0.5, 0.75, 1}));
    QVERIFY(niceTicks(1, 1, 5).isEmpty());
    for (double to : {0.003, 0.7, 12.0, 999.0}) {
        const auto ticks = niceTicks(-to, to, 7);
        QVERIFY(ticks.size() >= 3 && ticks.size() <= 7);
        QVERIFY(ticks.first() >= -to * 1.000001 && ticks.last() <= to * 1.000001);
    }
    // Of all steps of 1, 2, 2.5 and 5 × 10^k they have the finest that puts no more of them into the range.
    std::mt19937 random(7);
    std::uniform_real_distribution<double> unit(-1, 1);
    for (int i = 0; i < 4000; ++i) {
        const double size = std::pow(10, 6 * unit(random)), from = size * unit(random),
                     to = from + size * (1.001 + unit(random));
        const int count = 2 + i % 8;
        QVector<double> expected;
        for (double power = std::pow(10, std::floor(std::log10((to - from) / count)) - 1); expected.isEmpty();
             power *= 10)
            for (const double digit : {1.0, 2.0, 2.5, 5.0}) {
                const double step = digit * power, first = std::ceil(from / step - 1e-9),
                             last = std::floor(to / step + 1e-9);
                if (last - first + 1 > count)
                    continue;
                for (double tick = first; tick <= last; ++tick)
                    expected << tick * step;
                break;
            }
        const auto ticks = niceTicks(from, to, count);
        const QString what = QStringLiteral("%1 to %2, %3 ticks").arg(from, 0, 'g', 17).arg(to, 0, 'g', 17).arg(count);
        QVERIFY2(ticks.size() == expected.size(), qPrintable(what));
        for (qsizetype k = 0; k < ticks.size(); ++k)
            QVERIFY2(std::abs(ticks[k] - expected[k]) <= 1e-9 * size, qPrintable(what));
    }
    QCOMPARE(tickDecimals(10), 0);
    QCOMPARE(tickDecimals(0.25), 2);
    QCOMPARE(tickDecimals(2.5), 1);
    QCOMPARE(tickText(-0.5, 1), QString::fromUtf8("−0.5"));
    QCOMPARE(tickText(5, 0), QStringLiteral("5"));
}

void TestColoursAndTexts::tokens()
{
    QCOMPARE(visibleToken(" Mary"), QString::fromUtf8("·Mary"));
    QCOMPARE(visibleToken("\n"), QString::fromUtf8("↵"));
    QCOMPARE(visibleToken("a\tb"), QString::fromUtf8("a→b"));
}

QTEST_GUILESS_MAIN(TestColoursAndTexts)
#include "test_colours_and_texts.moc"
