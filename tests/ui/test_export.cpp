// Export from results: results become views, and the dialog writes what it shows.
#include "base/error.h"
#include "export/export_dialog.h"
#include "export/export_files.h"
#include "export/figure_options.h"
#include "export_samples.h"

#include <QApplication>
#include <QClipboard>
#include <QMimeData>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace patchbay;

class TestExport : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    QString path(const QString &name) const { return m_dir.filePath(name); }

private Q_SLOTS:
    void initTestCase() { useOwnSettings(QStringLiteral("test-export")); }

    void heatmapsHaveTheResultsNumbers()
    {
        const RunResult result = sweep();
        const widgets::HeatmapView view = heatmapView(result, {{}, true});
        QCOMPARE(view.facets.size(), 2);
        QCOMPARE(view.facets[0].title, QStringLiteral("Output (z)"));
        QVERIFY(view.title.contains(QLatin1String("denoising")));
        for (int cell = 0; cell < 30; ++cell) {
            double mean = 0;
            for (const float value : result.grids[0].cell(cell))
                mean += double(value) / 7;
            const double expected = (mean - result.baseline.flipped_mean)
                / (result.baseline.clean_mean - result.baseline.flipped_mean) * 100;
            QVERIFY(std::abs(view.facets[0].values[cell] - expected) < 1e-6);
            QVERIFY(view.facets[0].halfWidth[cell] > 0);
        }
        RunResult partial = result;
        partial.grids[0].state[3] = CellState::Missing;
        const widgets::HeatmapView shown = heatmapView(partial);
        QVERIFY(std::isnan(shown.facets[0].values[3]));
        QVERIFY(shown.facets[0].states[3] == widgets::CellState::Missing);
    }

    void barsAreTheStrongestWithTheirTotal()
    {
        const RunResult result = sweep();
        const widgets::BarsView bars = barsView(result, "denoise.z", 4, Sign::Positive);
        QCOMPARE(bars.bars.size(), 4);
        double total = 0;
        for (int i = 0; i < 4; ++i) {
            QVERIFY(i == 0 || bars.bars[i].value <= bars.bars[i - 1].value);
            total += bars.bars[i].value;
            QCOMPARE(bars.bars[i].label, widgets::label(bars.bars[i].head));
            const int cell = bars.bars[i].head.layer * 5 + bars.bars[i].head.head;
            QVERIFY(std::abs(normalised(result.grids[0], cell, result.baseline) * 100 - bars.bars[i].value) < 1e-9);
        }
        const QString sum = QStringLiteral("Total of 4 heads: %1 %").arg(total, 0, 'f', 1);
        QVERIFY2(bars.totalText.startsWith(sum + QStringLiteral("; halves of the prompts agree on ")),
                 qPrintable(bars.totalText));
        QVERIFY_EXCEPTION_THROWN(barsView(result, "denoise.q"), Error);
    }

    void scattersPairTheSameHeads()
    {
        const widgets::ScatterView view = scatterView(sweep({"pattern", "z"}));
        QCOMPARE(view.points.size(), 30);
        QVERIFY(view.xLabel.startsWith(QLatin1String("Pattern")));
        QVERIFY(view.yLabel.startsWith(QLatin1String("Output")));
        QVERIFY_EXCEPTION_THROWN(scatterView(sweep({"z"})), Error);
    }

    void analysisArraysBecomeHeatmapsOfTheirUnit()
    {
        RunResult result = sweep();
        result.grids.clear();
        result.arrays["dla"] = {{2, 3, 2}, std::vector<float>{1, 3, 0, 0, 5, 5, 1, 1, 2, 2, -4, -4}};
        result.arrays["copy.positive"] = {{2, 3}, std::vector<float>{0, 50, 100, 0, 0, 75}};
        const widgets::HeatmapView copy = heatmapView(result);
        QCOMPARE(copy.facets.size(), 1); // never two units on one scale
        QCOMPARE(copy.unit, QStringLiteral("%"));
        const widgets::HeatmapView dla = heatmapView(result, {{"dla"}, false});
        QCOMPARE(dla.unit, QStringLiteral("logits"));
        QCOMPARE(dla.facets[0].values, (QVector<double>{2, 0, 5, 1, 2, -4}));
    }

    void tablesComeFromSummariesOrTheStrongestHeads()
    {
        RunResult result = sweep();
        QCOMPARE(tableView(result, 3).rows.size(), 6);
        result.summary = nlohmann::json::parse(
            R"({"columns": ["Head", "Role"], "rows": [["L5H1", "Name mover"], ["L4H0", "S-inhibition"]]})");
        QCOMPARE(tableView(result).rows[1], (QStringList{QStringLiteral("L4H0"), QStringLiteral("S-inhibition")}));
        result.summary = nlohmann::json::parse(
            R"({"nodes": [{"head": "5.1", "role": "Name mover"}, {"head": "L4H0", "role": "S-inhibition"}],
            "edges": [{"from": "4.0", "to": "5.1", "site": "q", "effect": 12.5, "half_width": 13}, {"from": "5.1", "to": "logits", "effect": 40}]})");
        const widgets::GraphView graph = graphView(result);
        QCOMPARE(graph.edges.size(), 2);
        QVERIFY(!graph.edges[1].to.valid());
        QVERIFY(graph.edges[0].withinNoise() && !graph.edges[1].withinNoise());
        QCOMPARE(graph.layers, 6);
    }

    void facetsAreChosenByName()
    {
        const RunResult result = sweep({"z", "q", "pattern"});
        QCOMPARE(facetIndices(result, {"pattern", "denoise.z"}), (QVector<int>{2, 0}));
        QVERIFY_EXCEPTION_THROWN(facetIndices(result, {"k"}), Error);
    }

    void theDialogWritesWhatItShowsAndRemembers()
    {
        const RunResultPtr result = shared(sweep());
        const QString file = path(QStringLiteral("dialog.pdf"));
        {
            ExportDialog dialog(figureSubject(result, {}), {shared(sweep({"q"}))});
            dialog.show();
            QVERIFY(QTest::qWaitForWindowExposed(&dialog));
            widgets::FigureSpec spec = dialog.options().spec();
            QCOMPARE(spec.width, 85.0);
            spec.width = 174;
            spec.points = 7;
            spec.colourMap = widgets::ColourMap::PuOr;
            spec.values = true;
            spec.facets = {1};
            spec.title = QStringLiteral("Only here");
            dialog.options().setSpec(spec);
            QCOMPARE(dialog.sheet().spec.facets, QVector<int>{1});
            QSignalSpy done(&dialog, &ExportDialog::exported);
            dialog.saveTo(file);
            QVERIFY(done.wait(60000));
            QCOMPARE(done[0][0].toStringList().front(), file);
            exportFigure(path(QStringLiteral("direct.pdf")), dialog.subjects(), dialog.options().spec(), false);
            QVERIFY(bytesOf(file) == bytesOf(path(QStringLiteral("direct.pdf"))));
            QSignalSpy failed(&dialog, &ExportDialog::failed);
            dialog.saveTo(path(QStringLiteral("missing/folder/x.pdf")));
            QVERIFY(failed.wait(60000));
            QVERIFY(failed[0][0].toString().contains(QLatin1String("does not exist")));
            QSignalSpy copied(&dialog, &ExportDialog::copied);
            dialog.copyToClipboard();
            QVERIFY(copied.wait(20000));
            const QMimeData *data = QApplication::clipboard()->mimeData();
            QVERIFY(data->hasImage());
            QVERIFY(data->data(QStringLiteral("image/svg+xml")).contains("Only here"));
            QVERIFY(data->data(QStringLiteral("application/pdf")).startsWith("%PDF"));
            const QString picture = qEnvironmentVariable("PATCHBAY_FIGURES_DIR");
            if (!picture.isEmpty())
                dialog.grab().save(picture + QStringLiteral("/dialog.png"));
        }
        const widgets::FigureSpec remembered = rememberedSpec(FigureView::Heatmap);
        QCOMPARE(remembered.width, 174.0);
        QCOMPARE(remembered.points, 7.0);
        QVERIFY(remembered.colourMap == widgets::ColourMap::PuOr);
        QVERIFY(remembered.title.isEmpty());
        QCOMPARE(rememberedSpec(FigureView::Scatter).width, 85.0); // each view for itself
        // The facets come back for a run that offers the same ones, and for no other.
        QCOMPARE(FigureOptions(figureSubject(result, {})).spec().facets, QVector<int>{1});
        QVERIFY(FigureOptions(figureSubject(shared(sweep({"z", "q"})), {})).spec().facets.isEmpty());
    }

    void pinnedRunsKeepTheChosenFacets()
    {
        FigureChoices choices;
        choices.facets = QStringList{QStringLiteral("Pattern")};
        const auto titles = [&](const std::vector<std::string> &sites) {
            QStringList all;
            const FigureSubject subject = figureSubject(shared(sweep(sites)), choices);
            for (const widgets::HeatmapFacet &facet : std::get<widgets::HeatmapView>(subject.content).facets)
                all << facet.title;
            return all;
        };
        QCOMPARE(titles({"z", "q", "pattern"}), QStringList{QStringLiteral("Pattern")});
        QCOMPARE(titles({"pattern", "z"}), QStringList{QStringLiteral("Pattern")});
        QCOMPARE(titles({"z", "q"}).size(), 2); // it has none of them: shown whole
    }

    void captionsOfPanelsNameTheirLetters()
    {
        const RunResultPtr one = shared(sweep()), other = shared(sweep({"q"}));
        FigureChoices scatter;
        scatter.view = FigureView::Scatter;
        const QString caption =
            figureMetadata({figureSubject(one, {}), figureSubject(one, scatter), figureSubject(other, {})}).caption;
        QCOMPARE(caption, QStringLiteral("a, b: %1 c: %2").arg(resultCaption(*one), resultCaption(*other)));
        QCOMPARE(figureMetadata({figureSubject(one, {})}).caption, resultCaption(*one));
    }
};

QTEST_MAIN(TestExport)
#include "test_export.moc"
