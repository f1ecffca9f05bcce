// Figures as files, opened with tools that know nothing of this program.
#include "widgets/figure_samples.h"

#include <QDir>
#include <QFile>
#include <QImage>
#include <QJsonDocument>
#include <QPainter>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>
#include <QtEndian>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace patchbay::widgets;

class TestFigureFiles : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;

    QString path(const QString &name) const { return m_dir.filePath(name); }

    static QByteArray run(const QString &program, const QStringList &arguments)
    {
        QProcess process;
        process.start(program, arguments);
        if (!process.waitForFinished(60000) || process.exitCode() != 0)
            return "FAILED " + program.toUtf8() + ": " + process.readAllStandardError();
        return process.readAllStandardOutput();
    }

    static QByteArray bytesOf(const QString &file)
    {
        QFile in(file);
        return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray("MISSING");
    }

private Q_SLOTS:
    void pdfIsNoNewerThanLatexTakes()
    {
        // pdflatex warns about, and journals refuse, what is newer than 1.5.
        for (const auto &[name, content] : samples::all())
            QVERIFY2(figurePdf(samples::sheetOf(content), samples::metadata()).startsWith("%PDF-1.4\n"),
                     qPrintable(name));
    }

    void initTestCase()
    {
        // For looking at: PATCHBAY_FIGURES_DIR=DIR keeps one file of each kind and width.
        const QString folder = qEnvironmentVariable("PATCHBAY_FIGURES_DIR");
        if (folder.isEmpty())
            return;
        QDir().mkpath(folder);
        for (const auto &[name, content] : samples::all()) {
            for (const double width : {85.0, 174.0}) {
                for (const char *type : {"pdf", "svg", "png"})
                    writeFigure(
                        QStringLiteral("%1/%2-%3.%4").arg(folder, name).arg(int(width)).arg(QLatin1String(type)),
                        samples::sheetOf(content, width), samples::metadata());
            }
        }
        FigureSheet text = samples::sheetOf(samples::attention());
        text.spec.attention = FigureSpec::Attention::Text;
        writeFigure(folder + QStringLiteral("/attention-text-85.pdf"), text, samples::metadata());
        FigureSheet values = samples::sheetOf(samples::heatmap());
        values.spec.values = true;
        values.spec.topLabels = 3;
        values.spec.showCaption = true;
        values.spec.caption = QStringLiteral("Activations of every head\u2019s output replaced by those of the clean "
                                             "run, one head at a time. Model pythia-160m, n = 70.");
        writeFigure(folder + QStringLiteral("/values-85.pdf"), values, samples::metadata());
        values.spec.values = false;
        values.spec.topLabels = 5;
        HeatmapView partial = samples::heatmap();
        for (int i = 0; i < 40; ++i)
            partial.facets[0].states[i] = i < 20 ? CellState::Missing : CellState::Estimated;
        for (int i = 0; i < 20; ++i)
            partial.facets[0].values[i] = qQNaN();
        values.panels = {partial};
        writeFigure(folder + QStringLiteral("/labels-85.pdf"), values, samples::metadata());
        FigureSheet panels;
        panels.spec.width = 174;
        panels.panels = {samples::heatmap(), samples::heatmap(1, 12, 12), samples::scatter(), samples::bars()};
        writeFigure(folder + QStringLiteral("/panels-174.pdf"), panels, samples::metadata());
    }

    void everyKindIsAnEmbeddedFontPdf_data()
    {
        QTest::addColumn<int>("kind");
        const auto all = samples::all();
        for (int i = 0; i < all.size(); ++i)
            QTest::newRow(qPrintable(all[i].first)) << i;
    }
    void everyKindIsAnEmbeddedFontPdf()
    {
        QFETCH(int, kind);
        for (const double width : {85.0, 174.0}) {
            const QString file = path(QStringLiteral("kind.pdf"));
            writeFigure(file, samples::sheetOf(samples::all()[kind].second, width), samples::metadata());
            const QList<QByteArray> fonts = run(QStringLiteral("pdffonts"), {file}).trimmed().split('\n');
            QVERIFY2(fonts.size() >= 3, fonts.join('\n').constData());
            for (const QByteArray &font : fonts.mid(2)) {
                QVERIFY2(font.contains("+LiberationSans"), font.constData());
                const QList<QByteArray> words = font.simplified().split(' ');
                QCOMPARE(words.mid(words.size() - 5, 3),
                         (QList<QByteArray>{"yes", "yes", "yes"})); // embedded, subset, unicode
            }
            QCOMPARE(run(QStringLiteral("pdfimages"), {QStringLiteral("-list"), file}).trimmed().split('\n').size(),
                     2); // only the header
            const QByteArray info = run(QStringLiteral("pdfinfo"), {file});
            const double points = info.mid(info.indexOf("Page size:") + 10).trimmed().split(' ')[0].toDouble();
            QVERIFY2(qAbs(points - width / 25.4 * 72) < 0.1, info.constData());
        }
    }

    void textIsText()
    {
        FigureSheet sheet = samples::sheetOf(samples::heatmap(5), 174);
        writeFigure(path(QStringLiteral("t.pdf")), sheet, samples::metadata());
        const QByteArray text = run(QStringLiteral("pdftotext"),
                                    {QStringLiteral("-layout"), path(QStringLiteral("t.pdf")), QStringLiteral("-")});
        for (const char *word :
             {"Head", "Layer", "Output (z)", "Pattern", "Logit diff variation (%)", "10", "denoising"})
            QVERIFY2(text.contains(word), qPrintable(QString::fromUtf8(text) + QLatin1String(word)));
        writeFigure(path(QStringLiteral("s.pdf")), samples::sheetOf(samples::bars()), samples::metadata());
        QVERIFY(
            run(QStringLiteral("pdftotext"), {path(QStringLiteral("s.pdf")), QStringLiteral("-")}).contains("L11H0"));
        QCOMPARE(run(QStringLiteral("pdftotext"), {path(QStringLiteral("s.pdf")), QStringLiteral("-")})
                     .contains("Total of 15 heads"),
                 true);
    }

    void arrowsMeasuredTogetherShareOneNumber()
    {
        GraphView view;
        view.nodes = {{{0, 0}, "sender"}, {{1, 0}, "a"}, {{1, 1}, "b"}, {{1, 2}, "c"}};
        view.edges = {{{0, 0}, {1, 0}, "q", 23},
                      {{0, 0}, {1, 1}, "q", 23},
                      {{0, 0}, {1, 2}, "v", 31},
                      {{1, 0}, {}, "", 47},
                      {{1, 1}, {}, "", 47}};
        const auto text = [&] {
            writeFigure(path(QStringLiteral("g.pdf")), samples::sheetOf(view, 174), samples::metadata());
            return run(QStringLiteral("pdftotext"), {path(QStringLiteral("g.pdf")), QStringLiteral("-")});
        };
        const QByteArray together = text();
        QCOMPARE(together.count("q +23"), 1);
        QCOMPARE(together.count("v +31"), 1);
        QCOMPARE(together.count("+47"), 2); // two heads that happen to be as strong
        QVERIFY(together.contains("share one number"));
        view.edges[1].effect = 24;
        const QByteArray apart = text();
        QVERIFY(apart.contains("q +23") && apart.contains("q +24") && !apart.contains("share one number"));
    }

    void cellsHaveTheColoursOfTheirValues_data()
    {
        QTest::addColumn<QString>("type");
        for (const char *type : {"pdf", "svg", "png"})
            QTest::newRow(type) << QString::fromLatin1(type);
    }
    void cellsHaveTheColoursOfTheirValues()
    {
        QFETCH(QString, type);
        const int layers = 12, heads = 12;
        HeatmapView view = samples::heatmap(1, layers, heads);
        HeatmapFacet &facet = view.facets[0];
        for (int i = 0; i < facet.values.size(); ++i)
            facet.values[i] = -40 + 80.0 * i / (facet.values.size() - 1);
        FigureSheet sheet = samples::sheetOf(view);
        sheet.spec.limit = 50;
        sheet.spec.dpi = 600;
        const QString file = path(QStringLiteral("colours.") + type), png = path(QStringLiteral("pixels.png"));
        writeFigure(file, sheet, samples::metadata());
        if (type == QLatin1String("pdf"))
            run(QStringLiteral("pdftoppm"),
                {QStringLiteral("-r"), QStringLiteral("600"), QStringLiteral("-png"), QStringLiteral("-singlefile"),
                 file, path(QStringLiteral("pixels"))});
        else if (type == QLatin1String("svg"))
            run(QStringLiteral("rsvg-convert"),
                {QStringLiteral("-d"), QStringLiteral("600"), QStringLiteral("-p"), QStringLiteral("600"),
                 QStringLiteral("-o"), png, file});
        const QImage image(type == QLatin1String("png") ? file : png);
        QVERIFY(!image.isNull());
        const QRect cells = cellArea(image, facet, 50);
        QVERIFY2(cells.width() > 500 && cells.height() > 500,
                 qPrintable(QStringLiteral("%1 x %2").arg(cells.width()).arg(cells.height())));
        int worst = 0;
        for (int i = 0; i < facet.values.size(); ++i) {
            const QPoint at(cells.left() + int((i % heads + 0.5) * cells.width() / heads),
                            cells.top() + int((i / heads + 0.5) * cells.height() / layers));
            worst = std::max(worst, distance(image.pixelColor(at), expected(facet.values[i], 50)));
        }
        QVERIFY2(worst <= 1, qPrintable(QString::number(worst)));
    }

    void everyExportIsTheSameBytes()
    {
        for (const auto &[name, content] : samples::all()) {
            for (const char *type : {"pdf", "svg", "png"}) {
                const QString first = path(QStringLiteral("one.") + QLatin1String(type)),
                              second = path(QStringLiteral("two.") + QLatin1String(type));
                FigureSheet sheet = samples::sheetOf(content);
                sheet.spec.dpi = 300;
                writeFigure(first, sheet, samples::metadata());
                writeFigure(second, sheet, samples::metadata());
                QVERIFY2(bytesOf(first) == bytesOf(second), qPrintable(name));
                QVERIFY(bytesOf(first).size() > 1000);
            }
        }
    }

    void theRunSpecComesBack()
    {
        for (const char *type : {"pdf", "svg", "png"}) {
            const QString file = path(QStringLiteral("spec.") + QLatin1String(type));
            writeFigure(file, samples::sheetOf(samples::heatmap()), samples::metadata());
            QCOMPARE(readEmbeddedSpec(file), samples::metadata().runSpec);
            QVERIFY(QJsonDocument::fromJson(readEmbeddedSpec(file)).isObject());
        }
        // The attachment of the PDF is the same bytes.
        run(QStringLiteral("pdfdetach"),
            {QStringLiteral("-save"), QStringLiteral("1"), QStringLiteral("-o"), path(QStringLiteral("attached.json")),
             path(QStringLiteral("spec.pdf"))});
        QCOMPARE(bytesOf(path(QStringLiteral("attached.json"))), samples::metadata().runSpec);
        QFile other(path(QStringLiteral("other.pdf")));
        QVERIFY(other.open(QIODevice::WriteOnly));
        other.write("%PDF-1.4 nothing of ours");
        other.close();
        QVERIFY_EXCEPTION_THROWN(readEmbeddedSpec(other.fileName()), FigureError);
        QVERIFY_EXCEPTION_THROWN(readEmbeddedSpec(path(QStringLiteral("nowhere.pdf"))), FigureError);
    }

    void svgIsWellFormedAndRenders()
    {
        for (const auto &[name, content] : samples::all()) {
            const QString file = path(QStringLiteral("x.svg"));
            writeFigure(file, samples::sheetOf(content), samples::metadata());
            QXmlStreamReader xml(bytesOf(file));
            int texts = 0;
            while (!xml.atEnd())
                texts += xml.readNext() == QXmlStreamReader::StartElement && xml.name() == QLatin1String("text");
            QVERIFY2(!xml.hasError(), qPrintable(name + xml.errorString()));
            QVERIFY2(texts > 5, qPrintable(name));
            QVERIFY(!bytesOf(file).contains("<image"));
            QVERIFY(bytesOf(file).contains("@font-face"));
            const QByteArray png = run(QStringLiteral("rsvg-convert"), {file});
            QVERIFY2(png.startsWith("\x89PNG"), png.constData());
            QVERIFY(figureInlineSvg(samples::sheetOf(content)).startsWith(QLatin1String("<svg")));
        }
    }

    void pngKnowsItsSize()
    {
        FigureSheet sheet = samples::sheetOf(samples::heatmap());
        sheet.spec.dpi = 300;
        writeFigure(path(QStringLiteral("size.png")), sheet, samples::metadata());
        const QByteArray bytes = bytesOf(path(QStringLiteral("size.png")));
        const qsizetype at = bytes.indexOf("pHYs");
        QVERIFY(at > 0);
        QCOMPARE(qFromBigEndian<quint32>(bytes.constData() + at + 4), 11811U); // 300 dpi in pixels a metre
        QCOMPARE(qFromBigEndian<quint32>(bytes.constData() + at + 8), 11811U);
        QCOMPARE(int(bytes[at + 12]), 1);
        const QImage image(path(QStringLiteral("size.png")));
        QCOMPARE(image.width(), int(std::lround(85 / 25.4 * 300)));
        QVERIFY(image.text(QStringLiteral("RunSpec")).contains(QLatin1String("act_patch")));
        // Chunk checksums, by another reader.
        const QByteArray python =
            run(QStringLiteral("python3"),
                {QStringLiteral("-c"),
                 QStringLiteral(
                     "import sys,zlib,struct\nb=open(sys.argv[1],'rb').read();i=8;n=[]\n"
                     "while i<len(b):\n l,=struct.unpack('>I',b[i:i+4]);c=struct.unpack('>I',b[i+8+l:i+12+l])[0]\n"
                     " assert zlib.crc32(b[i+4:i+8+l])==c,b[i+4:i+8]\n n.append(b[i+4:i+8].decode());i+=12+l\nprint(' "
                     "'.join(n))"),
                 path(QStringLiteral("size.png"))});
        QVERIFY2(python.startsWith("IHDR iTXt") && python.trimmed().endsWith("IEND"), python.constData());
    }

    void errorsNameFileAndCauseAndLeaveEarlierFilesAlone()
    {
        const FigureSheet sheet = samples::sheetOf(samples::table());
        const auto message = [&](const QString &file) {
            try {
                writeFigure(file, sheet, {});
            } catch (const FigureError &error) {
                return QString::fromUtf8(error.what());
            }
            return QStringLiteral("written");
        };
        QVERIFY(message(path(QStringLiteral("no/such/fig.pdf"))).contains(QLatin1String("does not exist")));
        QVERIFY(!QDir(path(QStringLiteral("no"))).exists());
        QVERIFY(message(path(QStringLiteral("fig.gif"))).contains(QLatin1String(".pdf, .svg or .png")));
        writeFigure(path(QStringLiteral("file.pdf")), sheet, {});
        const QString under = message(path(QStringLiteral("file.pdf/fig.pdf")));
        QVERIFY2(under.contains(QLatin1String("is a file, not a folder")), qPrintable(under));
        QVERIFY(QDir().mkpath(path(QStringLiteral("folder.pdf"))));
        QVERIFY(message(path(QStringLiteral("folder.pdf"))).contains(QLatin1String("is a folder")));
        // A pipe stands for devices, which a test had better not lose.
        QCOMPARE(::mkfifo(path(QStringLiteral("pipe")).toUtf8().constData(), 0600), 0);
        QVERIFY(QFile::link(path(QStringLiteral("pipe")), path(QStringLiteral("link.pdf"))));
        QVERIFY(message(path(QStringLiteral("link.pdf"))).contains(QLatin1String("is a device or pipe")));
        QVERIFY(QFileInfo(path(QStringLiteral("pipe"))).exists() && !QFileInfo(path(QStringLiteral("pipe"))).isFile());
        const QString unwritable = message(QStringLiteral("/proc/fig.pdf"));
        QVERIFY2(unwritable.startsWith(QLatin1String("/proc/fig.pdf: ")), qPrintable(unwritable));
        QVERIFY(unwritable.size() > 20);
    }

    void aFullDiskLeavesTheEarlierFile()
    {
        const QString disk = path(QStringLiteral("small disk"));
        QVERIFY(QDir().mkpath(disk));
        if (::mount("tmpfs", disk.toUtf8().constData(), "tmpfs", 0, "size=64k") != 0)
            QSKIP("a small disk can only be mounted as root");
        const QString file = disk + QStringLiteral("/fig.pdf");
        QString message;
        QByteArray before, after;
        QStringList entries;
        try {
            writeFigure(file, samples::sheetOf(samples::table()), {});
            before = bytesOf(file);
            QFile filler(disk + QStringLiteral("/filler"));
            if (filler.open(QIODevice::WriteOnly | QIODevice::Unbuffered)) {
                while (filler.write(QByteArray(4096, 'x')) == 4096) {
                }
            }
            filler.close();
            writeFigure(file, samples::sheetOf(samples::heatmap(5)), {});
        } catch (const FigureError &error) {
            message = QString::fromUtf8(error.what());
        }
        after = bytesOf(file);
        entries = QDir(disk).entryList(QDir::Files | QDir::Hidden);
        ::umount(disk.toUtf8().constData());
        QVERIFY2(message.contains(QLatin1String("fig.pdf")) && message.contains(QLatin1String("space")),
                 qPrintable(message));
        QVERIFY(before.size() > 1000);
        QVERIFY(before == after);
        QCOMPARE(entries, (QStringList{QStringLiteral("fig.pdf"), QStringLiteral("filler")}));
    }

private:
    static int distance(const QColor &a, const QColor &b)
    {
        return std::max({std::abs(a.red() - b.red()), std::abs(a.green() - b.green()), std::abs(a.blue() - b.blue())});
    }

    /// ColorBrewer RdBu with 11 classes and a white middle, written down here once more: independent of the code under
    /// test.
    static QColor expected(double value, double limit)
    {
        static const QRgb stops[] = {0x67001f, 0xb2182b, 0xd6604d, 0xf4a582, 0xfddbc7, 0xffffff,
                                     0xd1e5f0, 0x92c5de, 0x4393c3, 0x2166ac, 0x053061};
        const double at = (value / limit + 1) / 2 * 10;
        const int low = std::clamp(int(at), 0, 9);
        const auto mix = [&](int shift) {
            const int a = stops[low] >> shift & 255, b = stops[low + 1] >> shift & 255;
            return int(std::lround(a + (b - a) * (at - low)));
        };
        return {mix(16), mix(8), mix(0)};
    }

    /// The rectangle of the cells, from the first one: the only place in the left half with its colour.
    static QRect cellArea(const QImage &image, const HeatmapFacet &facet, double limit)
    {
        const QColor first = expected(facet.values.front(), limit);
        QRect cell;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width() / 2; ++x)
                if (distance(image.pixelColor(x, y), first) <= 1)
                    cell |= QRect(x, y, 1, 1);
        return {cell.topLeft(), QSize(cell.width() * facet.columns, cell.height() * facet.rows)};
    }
};

QTEST_MAIN(TestFigureFiles)
#include "test_figure_files.moc"
