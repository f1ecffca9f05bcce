// Figures as they are laid out: every text inside the sheet, no text over another, whatever the size, the type and the
// panels.
#include "widgets/figure_samples.h"

#include "figure/figure_font.h"
#include "figure/panel.h"
#include "view_text.h"

#include <QTest>

#include <algorithm>
#include <cmath>

using namespace patchbay::widgets;
using namespace patchbay::widgets::figure;

namespace {

/// From baseline to the height of capitals: where ink is. Descenders may reach below.
QRectF boxOf(const TextMark &mark)
{
    const double width = textWidth(mark.text, mark.points, mark.bold), height = capHeight(mark.points);
    const double before = mark.align == Align::Left ? 0 : mark.align == Align::Centre ? width / 2 : width;
    if (mark.angle == 90) // reads upwards: what comes before lies below
        return {mark.at.x() - height, mark.at.y() + before - width, height, width};
    return {mark.at.x() - before, mark.at.y() - height, width, height};
}

QVector<TextMark> textsOf(const Scene &scene)
{
    QVector<TextMark> texts;
    for (const Mark &mark : scene.marks)
        if (const auto *text = std::get_if<TextMark>(&mark))
            texts << *text;
    return texts;
}

/// Whether a mark lies on a page, and where it stands is a number.
struct OnPage {
    QRectF page;
    bool has(QPointF point) const
    {
        return std::isfinite(point.x()) && std::isfinite(point.y()) && page.contains(point);
    }
    bool operator()(const RectMark &mark) const
    {
        return has(mark.rect.topLeft()) && has(mark.rect.bottomRight()) && mark.fill.alpha() == 255;
    }
    bool operator()(const PathMark &mark) const
    {
        return std::isfinite(mark.width)
            && std::all_of(mark.points.begin(), mark.points.end(), [this](QPointF point) { return has(point); });
    }
    bool operator()(const DotMark &mark) const { return has(mark.centre) && std::isfinite(mark.radius); }
    bool operator()(const TextMark &mark) const { return has(mark.at) && mark.points >= 2; }
};

/// What stands beside the scale, read upwards and from left to right.
QString scaleName(const FigureSheet &sheet)
{
    QString name;
    for (const TextMark &text : textsOf(layoutSheet(sheet)))
        if (text.angle == 90 && text.text != QLatin1String("Layer"))
            name += (name.isEmpty() ? QString() : QStringLiteral(" ")) + text.text;
    return name;
}

/// The first text that leaves the sheet or lies over another; empty: none does.
QString troubleIn(const FigureSheet &sheet)
{
    const Scene scene = layoutSheet(sheet);
    const QRectF page = QRectF(QPointF(), scene.size).adjusted(-0.02, -0.02, 0.02, 0.02);
    const QVector<TextMark> texts = textsOf(scene);
    for (int i = 0; i < texts.size(); ++i) {
        const QRectF box = boxOf(texts[i]);
        if (!page.contains(box))
            return QStringLiteral("\"%1\" leaves the sheet of %2 x %3 mm: %4 to %5 across, %6 to %7 down")
                .arg(texts[i].text)
                .arg(scene.size.width())
                .arg(scene.size.height())
                .arg(box.left())
                .arg(box.right())
                .arg(box.top())
                .arg(box.bottom());
        for (int j = i + 1; j < texts.size(); ++j)
            if (const QRectF common = box & boxOf(texts[j]); common.width() > 0.15 && common.height() > 0.15)
                return QStringLiteral("\"%1\" and \"%2\" lie over each other at %3, %4")
                    .arg(texts[i].text, texts[j].text)
                    .arg(common.x())
                    .arg(common.y());
    }
    return {};
}

HeatmapView layers()
{
    HeatmapView view = samples::heatmap(1, 12, 1);
    view.columnsAreHeads = false;
    view.xLabel.clear();
    return view;
}

QVector<std::pair<QString, FigureContent>> kinds()
{
    auto all = samples::all();
    all << std::pair{QStringLiteral("small heatmap"), FigureContent(samples::heatmap(1, 6, 8))}
        << std::pair{QStringLiteral("small facets"), FigureContent(samples::heatmap(5, 6, 8))}
        << std::pair{QStringLiteral("two facets"), FigureContent(samples::heatmap(2, 6, 8))}
        << std::pair{QStringLiteral("layers"), FigureContent(layers())}
        << std::pair{QStringLiteral("flat heatmap"), FigureContent(samples::heatmap(1, 2, 16))}
        << std::pair{QStringLiteral("deep heatmap"), FigureContent(samples::heatmap(1, 32, 32))};
    return all;
}

} // namespace

class TestFigureLayout : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nothingIsCutOrCovered_data()
    {
        QTest::addColumn<int>("kind");
        const auto all = kinds();
        for (int i = 0; i < all.size(); ++i)
            QTest::newRow(qPrintable(all[i].first)) << i;
    }
    void nothingIsCutOrCovered()
    {
        QFETCH(int, kind);
        for (const double width : {70.0, 85.0, 110.0, 174.0})
            for (const double points : {7.0, 8.0, 9.0})
                for (const bool title : {true, false}) {
                    FigureSheet sheet = samples::sheetOf(kinds()[kind].second, width);
                    sheet.spec.points = points;
                    sheet.spec.showTitle = title;
                    const QString trouble = troubleIn(sheet);
                    QVERIFY2(
                        trouble.isEmpty(),
                        qPrintable(QStringLiteral("%1 mm, %2 pt, %3: %4")
                                       .arg(width)
                                       .arg(points)
                                       .arg(title ? QStringLiteral("title") : QStringLiteral("no title"), trouble)));
                }
    }

    void oddViewsStayOnTheSheet_data()
    {
        QTest::addColumn<int>("kind");
        const auto all = samples::odd();
        for (int i = 0; i < all.size(); ++i)
            QTest::newRow(qPrintable(all[i].first)) << i;
    }
    void oddViewsStayOnTheSheet()
    {
        QFETCH(int, kind);
        const FigureContent content = samples::odd()[kind].second;
        for (const double width : {85.0, 174.0})
            for (const bool values : {false, true})
                for (const auto form : {FigureSpec::Attention::Matrix, FigureSpec::Attention::Text}) {
                    FigureSheet sheet = samples::sheetOf(content, width);
                    sheet.spec.values = values;
                    sheet.spec.topLabels = values ? 0 : 3;
                    sheet.spec.attention = form;
                    const Scene scene = layoutSheet(sheet);
                    QVERIFY(scene.size.width() == width && scene.size.height() > 0 && scene.size.height() < 1000);
                    const OnPage onPage{QRectF(QPointF(), scene.size).adjusted(-0.3, -0.3, 0.3, 0.3)};
                    for (const Mark &mark : scene.marks)
                        QVERIFY2(std::visit(onPage, mark),
                                 qPrintable(QStringLiteral("a mark of kind %1 at %2 mm").arg(mark.index()).arg(width)));
                    QVERIFY2(troubleIn(sheet).isEmpty(), qPrintable(troubleIn(sheet)));
                    if (form == FigureSpec::Attention::Matrix) {
                        const QByteArray pdf = figurePdf(sheet);
                        QVERIFY(!pdf.contains("nan") && !pdf.contains("inf "));
                    }
                }
    }

    void theScalesNameIsWhole_data()
    {
        QTest::addColumn<int>("layers");
        QTest::addColumn<int>("heads");
        for (const auto &[layers, heads] : {std::pair{1, 1}, {1, 4}, {2, 4}, {1, 12}, {2, 16}, {3, 32}, {12, 12}})
            QTest::addRow("%d x %d", layers, heads) << layers << heads;
    }
    void theScalesNameIsWhole()
    {
        QFETCH(int, layers);
        QFETCH(int, heads);
        for (const double width : {40.0, 70.0, 85.0, 110.0, 174.0})
            for (const double height : {0.0, 35.0})
                for (const QString &name :
                     {QStringLiteral("Logit diff variation"), QStringLiteral("Direct effect on logit difference")}) {
                    HeatmapView view = samples::heatmap(1, layers, heads);
                    view.colourLabel = name;
                    FigureSheet sheet = samples::sheetOf(view, width);
                    sheet.spec.height = height;
                    QCOMPARE(scaleName(sheet), name + QStringLiteral(" (%)"));
                    QVERIFY2(troubleIn(sheet).isEmpty(),
                             qPrintable(QStringLiteral("%1 x %2 mm: %3").arg(width).arg(height).arg(troubleIn(sheet))));
                }
    }

    void facetsNamesAreWhole()
    {
        for (const int heads : {1, 4, 12}) {
            HeatmapView view = samples::heatmap(5, 1, heads);
            view.facets[1].title = QStringLiteral("Through the name movers\u2019 queries");
            QString texts;
            for (const TextMark &text : textsOf(layoutSheet(samples::sheetOf(view, 85))))
                texts += text.text + QLatin1Char(' ');
            for (const HeatmapFacet &facet : view.facets)
                QVERIFY2(texts.contains(facet.title), qPrintable(texts));
            QVERIFY2(!texts.contains(QChar(0x2026)), qPrintable(texts));
        }
    }

    void whatIsNoNumberIsSaid()
    {
        const auto shows = [](const QString &kind, const QString &text) {
            for (const auto &[name, content] : samples::odd())
                if (name == kind)
                    for (const TextMark &mark : textsOf(layoutSheet(samples::sheetOf(content))))
                        if (mark.text.contains(text))
                            return true;
            return false;
        };
        QVERIFY(shows(QStringLiteral("undefined"), QStringLiteral("not defined")));
        QVERIFY(shows(QStringLiteral("partly undefined"), QStringLiteral("not defined")));
        QVERIFY(shows(QStringLiteral("partly undefined"), QStringLiteral("not computed")));
        QVERIFY(shows(QStringLiteral("lost bars"), QStringLiteral("not defined")));
        QVERIFY(shows(QStringLiteral("lost edges"), QStringLiteral("Effects in logits")));
        QVERIFY(!shows(QStringLiteral("one layer"), QStringLiteral("not defined")));
    }

    void maskedAndNoiseAreDrawnAndSaid()
    {
        HeatmapView view = samples::heatmap(1, 6, 8);
        HeatmapFacet &facet = view.facets[0];
        facet.halfWidth.fill(1, 48);
        facet.values.fill(5);
        facet.values[3] = 0.5; // within noise
        for (int head = 0; head < 8; ++head) {
            view.masked << HeadId{2, head};
            facet.values[2 * 8 + head] = head * 3 - 10; // strong and weak, all masked alike
        }
        facet.states[5] = CellState::Estimated;
        facet.states[6] = CellState::Undefined;
        facet.values[6] = std::numeric_limits<double>::quiet_NaN();
        for (const bool values : {false, true})
            for (const double width : {30.0, 40.0, 70.0, 85.0, 174.0}) {
                FigureSheet sheet = samples::sheetOf(view, width);
                sheet.spec.values = values;
                sheet.spec.topLabels = 3;
                QVERIFY2(width < 70 || troubleIn(sheet).isEmpty(), qPrintable(troubleIn(sheet)));
                const Scene scene = layoutSheet(sheet);
                QStringList words;
                for (const TextMark &text : textsOf(scene))
                    words << text.text;
                QVERIFY(words.contains(QStringLiteral("masked")) && words.contains(QStringLiteral("within noise")));
                QVERIFY(words.contains(QStringLiteral("estimate")) && words.contains(QStringLiteral("not defined")));
                QVERIFY(!words.contains(signedNumber(11, 1)) && !words.contains(QStringLiteral("L2H7")));
                int grey = 0, pale = 0; // the legend has one of each
                for (const Mark &mark : scene.marks)
                    if (const auto *rect = std::get_if<RectMark>(&mark)) {
                        grey += rect->fill == QColor(0xbc, 0xbc, 0xbc);
                        pale += rect->fill == QColor(0xe6, 0xe6, 0xe6);
                    }
                QCOMPARE(grey, 9);
                QCOMPARE(pale, 2);
            }
    }

    // Hairlines between cells as on screen, where cells are large enough for them.
    void bordersOfCells()
    {
        const auto lines = [](int rows, int columns) {
            const FigureSheet sheet = samples::sheetOf(samples::heatmap(1, rows, columns), 85);
            int inside = 0;
            for (const Mark &mark : layoutSheet(sheet).marks)
                if (const auto *path = std::get_if<PathMark>(&mark))
                    inside += path->points.size() == 2 && path->stroke == faintInk && !path->dashed;
            return inside;
        };
        QCOMPARE(lines(6, 8), 5 + 7);
        QCOMPARE(lines(48, 64), 0);
    }

    void greyCellsOfTables()
    {
        TableView view = samples::table();
        view.grey = {{}, {2}, {}};
        int grey = 0;
        for (const TextMark &text : textsOf(layoutSheet(samples::sheetOf(view, 174))))
            if (text.colour != QColor(Qt::black)) {
                QCOMPARE(text.text, view.rows[1][2]);
                ++grey;
            }
        QCOMPARE(grey, 1);
    }

    void charactersThatNoFontHasAreNamed()
    {
        QCOMPARE(printable(QStringLiteral("Mary \u2192 \u00b7"), false), QStringLiteral("Mary \u2192 \u00b7"));
        // A private character: no font has it.
        const char32_t own = 0x10fffd;
        const QString text = QStringLiteral("a") + QString::fromUcs4(&own, 1);
        QCOMPARE(printable(text, false), QStringLiteral("aU+10FFFD"));
        QVERIFY(textWidth(text, 8) > textWidth(QStringLiteral("aU+10"), 8));
        // Never half a character, and the mark of a token that goes on with one is in the figures' own font.
        const QString smiles = QString::fromUcs4(U"\U0001F642\U0001F642\U0001F642\U0001F642\U0001F642\U0001F642");
        for (double width = 1; width < textWidth(smiles, 8); width += 0.2) {
            const QString shorter = elided(smiles, 8, false, width);
            QCOMPARE(shorter.toUcs4().contains(0xfffd), false);
            QVERIFY(shorter.endsWith(QChar(0x2026)) && QString::fromUtf8(shorter.toUtf8()) == shorter);
        }
        QVERIFY(hasGlyphs(QStringLiteral("\u2039"), false));
    }

    void panelsKeepOutOfEachOthersWay()
    {
        FigureSheet sheet;
        for (const auto &[name, content] : kinds())
            if (!std::holds_alternative<TableView>(content))
                sheet.panels << content;
        for (const int columns : {1, 2}) {
            sheet.columns = columns;
            sheet.spec.width = columns == 1 ? 85 : 174;
            sheet.spec.showCaption = true;
            sheet.spec.caption = QStringLiteral("Activations of every head replaced by those of the clean run, one "
                                                "head at a time. Model pythia-160m, n = 70.");
            QVERIFY2(troubleIn(sheet).isEmpty(), qPrintable(troubleIn(sheet)));
        }
    }

    void panelsBeyondTheAlphabetHaveLettersOfTheirOwn()
    {
        QCOMPARE(panelLetter(0), QStringLiteral("a"));
        QCOMPARE(panelLetter(25), QStringLiteral("z"));
        QCOMPARE(panelLetter(26), QStringLiteral("aa"));
        QCOMPARE(panelLetter(53), QStringLiteral("bb"));
        FigureSheet sheet;
        sheet.spec.width = 174;
        for (int i = 0; i < 28; ++i)
            sheet.panels << samples::heatmap(1, 4, 4);
        QStringList letters;
        for (const TextMark &text : textsOf(layoutSheet(sheet)))
            if (text.bold && text.points == sheet.spec.points + 1)
                letters << text.text;
        QCOMPARE(letters.size(), 28);
        QCOMPARE(letters.removeDuplicates(), 0);
    }
};

QTEST_MAIN(TestFigureLayout)
#include "test_figure_layout.moc"
