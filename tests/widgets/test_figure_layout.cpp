// Figures as they are laid out: every text inside the sheet, no text over another, whatever the size, the type and the panels.
#include "widgets/figure_samples.h"

#include "figure/figure_font.h"
#include "figure/panel.h"

#include <QTest>

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

/// The first text that leaves the sheet or lies over another; empty: none does.
QString troubleIn(const FigureSheet &sheet)
{
    const Scene scene = layoutSheet(sheet);
    const QRectF page = QRectF(QPointF(), scene.size).adjusted(-0.02, -0.02, 0.02, 0.02);
    const QVector<TextMark> texts = textsOf(scene);
    for (int i = 0; i < texts.size(); ++i) {
        const QRectF box = boxOf(texts[i]);
        if (!page.contains(box))
            return QStringLiteral("\"%1\" leaves the sheet of %2 x %3 mm: %4 to %5 across, %6 to %7 down").arg(texts[i].text).arg(scene.size.width()).arg(scene.size.height())
                .arg(box.left()).arg(box.right()).arg(box.top()).arg(box.bottom());
        for (int j = i + 1; j < texts.size(); ++j)
            if (const QRectF common = box & boxOf(texts[j]); common.width() > 0.15 && common.height() > 0.15)
                return QStringLiteral("\"%1\" and \"%2\" lie over each other at %3, %4").arg(texts[i].text, texts[j].text).arg(common.x()).arg(common.y());
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
    all << std::pair{QStringLiteral("small heatmap"), FigureContent(samples::heatmap(1, 6, 8))} << std::pair{QStringLiteral("small facets"), FigureContent(samples::heatmap(5, 6, 8))}
        << std::pair{QStringLiteral("two facets"), FigureContent(samples::heatmap(2, 6, 8))} << std::pair{QStringLiteral("layers"), FigureContent(layers())}
        << std::pair{QStringLiteral("flat heatmap"), FigureContent(samples::heatmap(1, 2, 16))} << std::pair{QStringLiteral("deep heatmap"), FigureContent(samples::heatmap(1, 32, 32))};
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
                    QVERIFY2(trouble.isEmpty(), qPrintable(QStringLiteral("%1 mm, %2 pt, %3: %4").arg(width).arg(points).arg(title ? QStringLiteral("title") : QStringLiteral("no title"), trouble)));
                }
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
            sheet.spec.caption = QStringLiteral("Activations of every head replaced by those of the clean run, one head at a time. Model pythia-160m, n = 70.");
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
