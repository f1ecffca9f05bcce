// Export from results: conversions, the dialog, the numbers beside the figure, and the same bytes from the command line.
#include "base/error.h"
#include "export/export_dialog.h"
#include "export/export_files.h"
#include "export/figure_options.h"
#include "io/array_files.h"

#include <QApplication>
#include <QClipboard>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFile>
#include <QMap>
#include <QMimeData>
#include <QProcess>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <sys/mount.h>

#include <cmath>
#include <random>

using namespace patchbay;

namespace {

/// A finished sweep of 6 layers of 5 heads on 7 prompts, with seeded numbers.
RunResult sweep(const std::vector<std::string> &sites = {"z", "pattern"})
{
    constexpr int layers = 6, heads = 5, prompts = 7;
    std::mt19937 random(11);
    std::normal_distribution<float> normal(0, 1);
    RunResult result;
    result.spec.sites.clear();
    for (const std::string &site : sites)
        result.spec.sites.push_back(parse_site(site));
    result.version = "0.1.0";
    result.model_sha256 = "abc123";
    result.complete = true;
    Baseline &b = result.baseline;
    for (int p = 0; p < prompts; ++p) {
        b.clean.push_back(3 + 0.1f * normal(random));
        b.flipped.push_back(-3 + 0.1f * normal(random));
        b.clean_rank0.push_back(1);
        b.flipped_rank0.push_back(0);
    }
    for (int p = 0; p < prompts; ++p) {
        b.clean_mean += double(b.clean[size_t(p)]) / prompts;
        b.flipped_mean += double(b.flipped[size_t(p)]) / prompts;
    }
    b.accuracy_clean = b.rank0_clean = 1;
    for (const std::string &site : sites) {
        Grid grid;
        grid.name = "denoise." + site;
        grid.axes = {"layer", "head"};
        grid.shape = {layers, heads};
        grid.prompts = prompts;
        grid.state.assign(size_t(layers * heads), CellState::Exact);
        for (int i = 0; i < layers * heads * prompts; ++i)
            grid.per_prompt.push_back(-3 + normal(random));
        result.grids.push_back(std::move(grid));
    }
    return result;
}

RunResultPtr shared(RunResult result)
{
    return std::make_shared<const RunResult>(std::move(result));
}

QByteArray bytesOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("MISSING ") + path.toUtf8();
}

QByteArray run(const QString &program, const QStringList &arguments, int expected = 0)
{
    QProcess process;
    process.start(program, arguments);
    if (!process.waitForFinished(120000) || process.exitCode() != expected)
        return "FAILED " + program.toUtf8() + " " + QByteArray::number(process.exitCode()) + ": " + process.readAllStandardError();
    return expected == 0 ? process.readAllStandardOutput() : process.readAllStandardError();
}

} // namespace

class TestExport : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    QString path(const QString &name) const { return m_dir.filePath(name); }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QApplication::setOrganizationName(QStringLiteral("patchbay"));
        QApplication::setApplicationName(QStringLiteral("patchbay-test-export"));
        QSettings().clear();
    }

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
            const double expected = (mean - result.baseline.flipped_mean) / (result.baseline.clean_mean - result.baseline.flipped_mean) * 100;
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
        QCOMPARE(bars.totalText, QStringLiteral("Total of 4 heads: %1 %").arg(total, 0, 'f', 1));
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
        result.summary = nlohmann::json::parse(R"({"columns": ["Head", "Role"], "rows": [["L5H1", "Name mover"], ["L4H0", "S-inhibition"]]})");
        QCOMPARE(tableView(result).rows[1], (QStringList{QStringLiteral("L4H0"), QStringLiteral("S-inhibition")}));
        result.summary = nlohmann::json::parse(R"({"nodes": [{"head": "5.1", "role": "Name mover"}, {"head": "L4H0", "role": "S-inhibition"}],
            "edges": [{"from": "4.0", "to": "5.1", "site": "q", "effect": 12.5}, {"from": "5.1", "to": "logits", "effect": 40}]})");
        const widgets::GraphView graph = graphView(result);
        QCOMPARE(graph.edges.size(), 2);
        QVERIFY(!graph.edges[1].to.valid());
        QCOMPARE(graph.layers, 6);
    }

    void numbersBesideTheFigureAreTheDrawnOnes()
    {
        const RunResultPtr result = shared(sweep());
        widgets::FigureSpec spec;
        spec.values = true;
        const QStringList files = exportFigure(path(QStringLiteral("fig.pdf")), {figureSubject(result, {})}, spec, true);
        QCOMPARE(files, (QStringList{path(QStringLiteral("fig.pdf")), path(QStringLiteral("fig.csv")), path(QStringLiteral("fig.npz"))}));
        // numpy's view of the NPZ, in %, against the CSV's blocks and the labels in the PDF.
        const QByteArray python = run(QStringLiteral("python3"), {QStringLiteral("-c"), QStringLiteral(
            "import sys,re,numpy as np\n"
            "npz=np.load(sys.argv[1]); z=npz['denoise.z.normalised']*100\n"
            "assert npz['denoise.z'].shape==(6,5,7)\n"
            "mean=npz['denoise.z'].mean(-1); c=npz['clean'].mean(); f=npz['flipped'].mean()\n"
            "assert np.allclose((mean-f)/(c-f)*100,z,atol=1e-3)\n"
            "blocks={}; name=None\n"
            "for line in open(sys.argv[2]):\n"
            " cells=line.strip().split(',')\n"
            " try: blocks.setdefault(name,[]).append([float(x) for x in cells])\n"
            " except ValueError: name=line.strip()\n"
            "found=[b for b in blocks.values() if np.shape(b)==(6,5) and np.allclose(b,z,atol=1e-3)]\n"
            "assert found,blocks\n"
            "labels=re.findall(r'[+\\u2212]\\d+(?:\\.\\d+)?',sys.argv[3])\n"
            "d=len(labels[0].split('.')[1]) if '.' in labels[0] else 0\n"
            "drawn=sorted(float(x.replace('\\u2212','-')) for x in labels)\n"
            "wanted=[x for k in ('denoise.z','denoise.pattern') for x in np.round((npz[k+'.normalised'].astype(float)*100).ravel(),d)]\n"
            "missing=[x for x in wanted if x!=0 and min(abs(x-y) for y in drawn)>10.0**-d*1.01]\n"
            "assert not missing and len(drawn)>=len(wanted)-4,(missing,len(drawn),len(wanted))\n"
            "print('equal')\n"), path(QStringLiteral("fig.npz")), path(QStringLiteral("fig.csv")),
            QString::fromUtf8(run(QStringLiteral("pdftotext"), {path(QStringLiteral("fig.pdf")), QStringLiteral("-")}))});
        QCOMPARE(python.trimmed(), QByteArray("equal"));
        // The NPZ is a result like any other: the figure can be made again from it.
        const RunResultPtr again = shared(load_result(path(QStringLiteral("fig.npz")).toStdString()));
        exportFigure(path(QStringLiteral("again.pdf")), {figureSubject(again, {})}, spec, false);
        QVERIFY(bytesOf(path(QStringLiteral("again.pdf"))) == bytesOf(path(QStringLiteral("fig.pdf"))));
        QVERIFY(run_spec_from_json(nlohmann::json::parse(widgets::readEmbeddedSpec(path(QStringLiteral("fig.pdf"))).toStdString())) == result->spec);
    }

    void facetsAreChosenByName()
    {
        const RunResult result = sweep({"z", "q", "pattern"});
        QCOMPARE(facetIndices(result, {"pattern", "denoise.z"}), (QVector<int>{2, 0}));
        QVERIFY_EXCEPTION_THROWN(facetIndices(result, {"k"}), Error);
    }

    void allPinnedRunsAtOnce()
    {
        RunResult empty = sweep();
        empty.grids.clear();
        const BatchReport report = exportAll(m_dir.path(), {shared(sweep()), shared(empty), shared(sweep({"q"}))}, {}, {}, QStringLiteral("svg"), false);
        QCOMPARE(report.written.size(), 2);
        QCOMPARE(report.failed.size(), 1);
        QVERIFY(report.failed[0].contains(QLatin1String("no sweep")));
        QVERIFY(report.written[1].contains(QLatin1String("03-activation-patching-of-q-denoising.svg")));
        QVERIFY(bytesOf(report.written[1]).startsWith("<?xml"));
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
        const QString caption = figureMetadata({figureSubject(one, {}), figureSubject(one, scatter), figureSubject(other, {})}).caption;
        QCOMPARE(caption, QStringLiteral("a, b: %1 c: %2").arg(resultCaption(*one), resultCaption(*other)));
        QCOMPARE(figureMetadata({figureSubject(one, {})}).caption, resultCaption(*one));
    }

    void numbersOfAttentionAreAttention()
    {
        FigureSubject subject;
        subject.view = FigureView::Attention;
        widgets::AttentionView view;
        view.size = 2;
        view.tokens = QStringList{QStringLiteral("one"), QStringLiteral(" two")};
        view.weights = {1, 0, 0.25f, 0.75f};
        subject.content = view;
        subject.result = shared(sweep());
        exportFigure(path(QStringLiteral("look.svg")), {subject}, {}, true);
        const ArrayFile beside = read_arrays(path(QStringLiteral("look.npz")).toStdString());
        QCOMPARE(beside.arrays.size(), size_t(1));
        QCOMPARE(beside.arrays.at("attention").floats(), (std::vector<float>{1, 0, 0.25f, 0.75f}));
    }

    void aDiskThatIsFullOrLockedLeavesEarlierFiles()
    {
        const QString disk = path(QStringLiteral("small disk"));
        QVERIFY(QDir().mkpath(disk));
        if (::mount("tmpfs", disk.toUtf8().constData(), "tmpfs", 0, "size=512k") != 0)
            QSKIP("a small disk can only be mounted as root");
        const QString figure = disk + QStringLiteral("/fig.svg");
        const auto attempt = [&] {
            try {
                exportFigure(figure, {figureSubject(shared(sweep({"z", "q", "k", "v", "pattern"})), {})}, {}, true);
            } catch (const std::exception &error) {
                return QString::fromUtf8(error.what());
            }
            return QStringLiteral("written");
        };
        const QString first = attempt();
        QMap<QString, QByteArray> before;
        for (const char *type : {"svg", "csv", "npz"})
            before[disk + QStringLiteral("/fig.") + QLatin1String(type)] = bytesOf(disk + QStringLiteral("/fig.") + QLatin1String(type));
        QFile filler(disk + QStringLiteral("/filler"));
        if (filler.open(QIODevice::WriteOnly | QIODevice::Unbuffered))
            while (filler.write(QByteArray(4096, 'x')) == 4096) { }
        filler.close();
        const QString full = attempt();
        const QStringList entries = QDir(disk).entryList(QDir::Files | QDir::Hidden);
        bool same = true;
        for (auto it = before.cbegin(); it != before.cend(); ++it)
            same = same && bytesOf(it.key()) == it.value();
        QFile::remove(filler.fileName());
        const bool locked = ::mount("tmpfs", disk.toUtf8().constData(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=512k") == 0;
        const QString readOnly = attempt();
        const QStringList after = QDir(disk).entryList(QDir::Files | QDir::Hidden);
        ::umount(disk.toUtf8().constData());
        QCOMPARE(first, QStringLiteral("written"));
        QVERIFY2(full.contains(QLatin1String("fig.svg")) && full.contains(QLatin1String("space")), qPrintable(full));
        QVERIFY(same);
        const QStringList expected{QStringLiteral("fig.csv"), QStringLiteral("fig.npz"), QStringLiteral("fig.svg")};
        QCOMPARE(entries, QStringList(expected) << QStringLiteral("filler"));
        QVERIFY(locked);
        QVERIFY2(readOnly.contains(QLatin1String("fig.svg")), qPrintable(readOnly));
        QVERIFY(readOnly != full);
        QCOMPARE(after, expected);
    }

    void theCommandLineGivesTheSameBytes()
    {
        const QString program = QStringLiteral(PATCHBAY_BINARY_DIR "/bin/patchbay");
        if (!QFile::exists(program))
            QSKIP("the program patchbay is not built");
        const RunResult result = sweep();
        const QString file = path(QStringLiteral("result.safetensors"));
        save_result(file.toStdString(), result);
        widgets::FigureSpec spec;
        spec.points = 7.5;
        spec.values = true;
        spec.limit = 40;
        spec.showCaption = true;
        spec.caption = resultCaption(result);
        spec.facets = {1};
        for (const char *type : {"pdf", "svg", "png"}) {
            const QString gui = path(QStringLiteral("gui.")) + QLatin1String(type), cli = path(QStringLiteral("cli.")) + QLatin1String(type);
            exportFigure(gui, {figureSubject(shared(result), {})}, spec, false);
            const QByteArray said = run(program, {QStringLiteral("figure"), file, QStringLiteral("--width"), QStringLiteral("85"), QStringLiteral("--font"), QStringLiteral("7.5"),
                                                  QStringLiteral("--values"), QStringLiteral("--limit"), QStringLiteral("40"), QStringLiteral("--with-caption"),
                                                  QStringLiteral("--facets"), QStringLiteral("pattern"), QStringLiteral("--out"), cli});
            QCOMPARE(said.trimmed(), cli.toUtf8());
            QVERIFY2(bytesOf(gui) == bytesOf(cli), type);
            const QByteArray printed = run(program, {QStringLiteral("figure"), cli, QStringLiteral("--print-spec")});
            QVERIFY(run_spec_from_json(nlohmann::json::parse(printed.toStdString())) == result.spec);
        }
        const QByteArray sheet = run(program, {QStringLiteral("figure"), file, QStringLiteral("--view"), QStringLiteral("heatmap,scatter,bars,table"), QStringLiteral("--width"),
                                               QStringLiteral("174"), QStringLiteral("--out"), path(QStringLiteral("sheet.pdf")), QStringLiteral("--quiet")});
        QCOMPARE(sheet, QByteArray());
        QVERIFY(run(QStringLiteral("pdftotext"), {path(QStringLiteral("sheet.pdf")), QStringLiteral("-")}).contains("Total of 15 heads"));
        QVERIFY(run(program, {QStringLiteral("figure"), path(QStringLiteral("none.npz")), QStringLiteral("--out"), path(QStringLiteral("x.pdf"))}, 1).contains("none.npz"));
        QVERIFY(run(program, {QStringLiteral("figure"), file, QStringLiteral("--view"), QStringLiteral("pie"), QStringLiteral("--out"), path(QStringLiteral("x.pdf"))}, 1).contains("pie"));
        QVERIFY(run(program, {QStringLiteral("figure"), file}, 2).contains("--out"));
    }
};

QTEST_MAIN(TestExport)
#include "test_export.moc"
