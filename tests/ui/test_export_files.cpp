// What export writes: the numbers beside the figure, full disks, and the same bytes from the command line.
#include "export/export_files.h"
#include "export_samples.h"
#include "io/array_files.h"

#include <QApplication>
#include <QDir>
#include <QMap>
#include <QTemporaryDir>
#include <QTest>

#include <sys/mount.h>

using namespace patchbay;

class TestExportFiles : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    QString path(const QString &name) const { return m_dir.filePath(name); }

private Q_SLOTS:
    void initTestCase() { useOwnSettings(QStringLiteral("test-export-files")); }

    void numbersBesideTheFigureAreTheDrawnOnes()
    {
        const RunResultPtr result = shared(sweep());
        widgets::FigureSpec spec;
        spec.values = true;
        const QStringList files =
            exportFigure(path(QStringLiteral("fig.pdf")), {figureSubject(result, {})}, spec, true);
        QCOMPARE(files,
                 (QStringList{path(QStringLiteral("fig.pdf")), path(QStringLiteral("fig.csv")),
                              path(QStringLiteral("fig.npz"))}));
        // numpy's view of the NPZ, in %, against the CSV's blocks and the labels in the PDF.
        const QByteArray python = run(
            QStringLiteral("python3"),
            {QStringLiteral("-c"),
             QStringLiteral("import sys,re,numpy as np\n"
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
                            "wanted=[x for k in ('denoise.z','denoise.pattern') for x in "
                            "np.round((npz[k+'.normalised'].astype(float)*100).ravel(),d)]\n"
                            "missing=[x for x in wanted if x!=0 and min(abs(x-y) for y in drawn)>10.0**-d*1.01]\n"
                            "assert not missing and len(drawn)>=len(wanted)-4,(missing,len(drawn),len(wanted))\n"
                            "print('equal')\n"),
             path(QStringLiteral("fig.npz")), path(QStringLiteral("fig.csv")),
             QString::fromUtf8(
                 run(QStringLiteral("pdftotext"), {path(QStringLiteral("fig.pdf")), QStringLiteral("-")}))});
        QCOMPARE(python.trimmed(), QByteArray("equal"));
        // The NPZ is a result like any other: the figure can be made again from it.
        const RunResultPtr again = shared(load_result(path(QStringLiteral("fig.npz")).toStdString()));
        exportFigure(path(QStringLiteral("again.pdf")), {figureSubject(again, {})}, spec, false);
        QVERIFY(bytesOf(path(QStringLiteral("again.pdf"))) == bytesOf(path(QStringLiteral("fig.pdf"))));
        QVERIFY(run_spec_from_json(
                    nlohmann::json::parse(widgets::readEmbeddedSpec(path(QStringLiteral("fig.pdf"))).toStdString()))
                == result->spec);
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

    void allPinnedRunsAtOnce()
    {
        RunResult empty = sweep();
        empty.grids.clear();
        const BatchReport report = exportAll(m_dir.path(), {shared(sweep()), shared(empty), shared(sweep({"q"}))}, {},
                                             {}, QStringLiteral("svg"), false);
        QCOMPARE(report.written.size(), 2);
        QCOMPARE(report.failed.size(), 1);
        QVERIFY(report.failed[0].contains(QLatin1String("no sweep")));
        QVERIFY(report.written[1].contains(QLatin1String("03-activation-patching-of-q-denoising.svg")));
        QVERIFY(bytesOf(report.written[1]).startsWith("<?xml"));
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
            before[disk + QStringLiteral("/fig.") + QLatin1String(type)] =
                bytesOf(disk + QStringLiteral("/fig.") + QLatin1String(type));
        QFile filler(disk + QStringLiteral("/filler"));
        if (filler.open(QIODevice::WriteOnly | QIODevice::Unbuffered))
            while (filler.write(QByteArray(4096, 'x')) == 4096) {
            }
        filler.close();
        const QString full = attempt();
        const QStringList entries = QDir(disk).entryList(QDir::Files | QDir::Hidden);
        bool same = true;
        for (auto it = before.cbegin(); it != before.cend(); ++it)
            same = same && bytesOf(it.key()) == it.value();
        QFile::remove(filler.fileName());
        const bool locked =
            ::mount("tmpfs", disk.toUtf8().constData(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=512k") == 0;
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
            const QString gui = path(QStringLiteral("gui.")) + QLatin1String(type),
                          cli = path(QStringLiteral("cli.")) + QLatin1String(type);
            exportFigure(gui, {figureSubject(shared(result), {})}, spec, false);
            const QByteArray said =
                run(program,
                    {QStringLiteral("figure"), file, QStringLiteral("--width"), QStringLiteral("85"),
                     QStringLiteral("--font"), QStringLiteral("7.5"), QStringLiteral("--values"),
                     QStringLiteral("--limit"), QStringLiteral("40"), QStringLiteral("--with-caption"),
                     QStringLiteral("--facets"), QStringLiteral("pattern"), QStringLiteral("--out"), cli});
            QCOMPARE(said.trimmed(), cli.toUtf8());
            QVERIFY2(bytesOf(gui) == bytesOf(cli), type);
            const QByteArray printed = run(program, {QStringLiteral("figure"), cli, QStringLiteral("--print-spec")});
            QVERIFY(run_spec_from_json(nlohmann::json::parse(printed.toStdString())) == result.spec);
        }
        const QByteArray sheet =
            run(program,
                {QStringLiteral("figure"), file, QStringLiteral("--view"), QStringLiteral("heatmap,scatter,bars,table"),
                 QStringLiteral("--width"), QStringLiteral("174"), QStringLiteral("--out"),
                 path(QStringLiteral("sheet.pdf")), QStringLiteral("--quiet")});
        QCOMPARE(sheet, QByteArray());
        QVERIFY(run(QStringLiteral("pdftotext"), {path(QStringLiteral("sheet.pdf")), QStringLiteral("-")})
                    .contains("Total of 15 heads"));
        QVERIFY(run(program,
                    {QStringLiteral("figure"), path(QStringLiteral("none.npz")), QStringLiteral("--out"),
                     path(QStringLiteral("x.pdf"))},
                    1)
                    .contains("none.npz"));
        QVERIFY(run(program,
                    {QStringLiteral("figure"), file, QStringLiteral("--view"), QStringLiteral("pie"),
                     QStringLiteral("--out"), path(QStringLiteral("x.pdf"))},
                    1)
                    .contains("pie"));
        QVERIFY(run(program, {QStringLiteral("figure"), file}, 2).contains("--out"));
    }
};

QTEST_MAIN(TestExportFiles)
#include "test_export_files.moc"
