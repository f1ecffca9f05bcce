// The house's walls: core knows no Qt, widgets know no core, and LibTorch stays inside core.
#include "structure/include_graph.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using patchbay::structure::IncludeGraph;
using patchbay::structure::names_qt;
using patchbay::structure::names_torch;

namespace {

const QString source_dir = QStringLiteral(PATCHBAY_SOURCE_DIR);

bool is_public_core_header(const QString &file)
{
    return file.startsWith("core/") && file.endsWith(".h") && !file.contains("/detail/");
}

// What the compiler's preprocessor really opens for a header, with no include folder beyond core's own and the
// system's. An #include that it cannot find ends it; the message then says which.
QStringList opened_by_compiler(const QString &include_dir, const QString &file, QString &error)
{
    QProcess compiler;
    compiler.start(QStringLiteral(PATCHBAY_CXX), {"-std=c++20", "-M", "-x", "c++", "-I", include_dir, file});
    if (!compiler.waitForFinished(600000)) {
        error = "the compiler did not finish: " + compiler.errorString();
        return {};
    }
    if (compiler.exitCode() != 0)
        error = QString::fromLocal8Bit(compiler.readAllStandardError()).section(u'\n', 0, 2);
    return QString::fromLocal8Bit(compiler.readAllStandardOutput())
        .split(QRegularExpression("[\\s\\\\]+"), Qt::SkipEmptyParts);
}

bool is_torch_file(const QString &path)
{
    static const QRegularExpression torch(QStringLiteral("/(torch|ATen|c10|caffe2)/"));
    return torch.match(path).hasMatch();
}

void write(const QString &path, const QByteArray &text)
{
    QVERIFY(QDir().mkpath(QFileInfo(path).path()));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
}

} // namespace

class TestLayers : public QObject {
    Q_OBJECT
private:
    IncludeGraph m_tree{source_dir, {"app", "core", "widgets", "ui", "tests", "resources"}};

    // Fails with every file that breaks the rule, and the chain of #includes that does.
    template <typename Files, typename Wanted>
    void forbid(Files files, Wanted wanted, const char *rule)
    {
        int looked_at = 0;
        QStringList offenders;
        for (const QString &file : m_tree.files()) {
            if (!files(file))
                continue;
            ++looked_at;
            if (const QString chain = m_tree.chain(file, wanted); !chain.isEmpty())
                offenders.append(chain);
        }
        QVERIFY2(looked_at > 0, "no file was looked at: is PATCHBAY_SOURCE_DIR right?");
        QVERIFY2(offenders.isEmpty(), qPrintable(QString(rule) + ":\n    " + offenders.join("\n    ")));
    }

private Q_SLOTS:
    void corePublicHeadersAreFreeOfTorch()
    {
        forbid(
            is_public_core_header,
            [](const QString &include, const QString &file) {
                return names_torch(include) || file.contains("/detail/");
            },
            "a public header of core reaches LibTorch or a private header");
    }

    void coreIncludesNoQt()
    {
        forbid([](const QString &file) { return file.startsWith("core/"); },
               [](const QString &include, const QString &) { return names_qt(include); }, "core includes Qt");
    }

    void coreIncludesNoOtherLayer()
    {
        forbid([](const QString &file) { return file.startsWith("core/"); },
               [](const QString &, const QString &file) {
                   return file.startsWith("widgets/") || file.startsWith("ui/") || file.startsWith("app/");
               },
               "core includes a layer above it");
    }

    // What a model is and how a block computes rests on nobody who decides which rows are computed, and why.
    void coreBelowTheEngineDoesNotIncludeIt()
    {
        static const QRegularExpression below(QStringLiteral("^core/(base|io|text|task|model|block|device)/"));
        static const QRegularExpression engine(QStringLiteral("^core/(patching|requests|analysis)/"));
        forbid([](const QString &file) { return below.match(file).hasMatch(); },
               [](const QString &, const QString &file) { return engine.match(file).hasMatch(); },
               "a folder of core below the engine includes the engine or what stands on it");
        forbid([](const QString &file) { return file.startsWith("core/patching/"); },
               [](const QString &, const QString &file) {
                   return file.startsWith("core/requests/") || file.startsWith("core/analysis/");
               },
               "the engine includes what stands on it");
    }

    void widgetsIncludeQtOnly()
    {
        forbid([](const QString &file) { return file.startsWith("widgets/"); },
               [](const QString &, const QString &file) {
                   return file.startsWith("core/") || file.startsWith("ui/") || file.startsWith("app/");
               },
               "widgets include core or a layer above");
    }

    // Its header uses the bare words signals and slots, which ui and app have given up.
    void qcustomplotStaysInWidgets()
    {
        const auto plots = [](const QString &include, const QString &) {
            return include == QLatin1String("qcustomplot.h");
        };
        forbid([](const QString &file) { return !file.startsWith("widgets/"); }, plots,
               "a file outside widgets includes QCustomPlot");
        const QStringList files = m_tree.files();
        QVERIFY2(std::any_of(files.begin(), files.end(),
                             [&](const QString &file) { return !m_tree.chain(file, plots).isEmpty(); }),
                 "no file includes QCustomPlot: plots with axes stand on it");
    }

    void privateHeadersOfCoreStayInCore()
    {
        forbid(
            [](const QString &file) {
                return file.startsWith("widgets/") || file.startsWith("ui/") || file.startsWith("app/");
            },
            [](const QString &include, const QString &file) {
                return names_torch(include) || (file.startsWith("core/") && file.contains("/detail/"));
            },
            "a file outside core includes LibTorch or a private header of core");
    }

    void noFileSeesBothQtAndTorch()
    {
        QStringList offenders;
        for (const QString &file : m_tree.files()) {
            const QString qt =
                m_tree.chain(file, [](const QString &include, const QString &) { return names_qt(include); });
            const QString torch =
                m_tree.chain(file, [](const QString &include, const QString &) { return names_torch(include); });
            if (!qt.isEmpty() && !torch.isEmpty())
                offenders.append(qt + "   and   " + torch);
        }
        QVERIFY2(offenders.isEmpty(), qPrintable("these see both Qt and LibTorch:\n    " + offenders.join("\n    ")));
    }

    void theLocaleIsSetInOnePlace()
    {
        // Qt's own QString::number, arg and toDouble are C's unless told otherwise by %L or a QLocale.
        static const QRegularExpression locale(QStringLiteral("\\bsetlocale\\b|\\bQLocale\\b(?!::c\\(\\)| &)|%L\\d"));
        int looked_at = 0;
        QStringList offenders;
        for (const QString &file : m_tree.files()) {
            if (file.startsWith("tests/") || file == QLatin1String("ui/shell/plain_numbers.cpp"))
                continue;
            ++looked_at;
            QFile source(source_dir + u'/' + file);
            QVERIFY(source.open(QIODevice::ReadOnly));
            int number = 0;
            for (const QString &line : QString::fromUtf8(source.readAll()).split(u'\n')) {
                ++number;
                if (locale.match(line.section(QStringLiteral("//"), 0, 0)).hasMatch())
                    offenders << file + ':' + QString::number(number) + ": " + line.trimmed();
            }
        }
        QVERIFY(looked_at > 100);
        QVERIFY2(offenders.isEmpty(),
                 qPrintable("these depend on the user's locale:\n    " + offenders.join("\n    ")));
    }

    void compilerFindsPublicHeadersFreeOfTorch()
    {
        QTemporaryDir folder;
        QByteArray all;
        for (const QString &file : m_tree.files())
            if (is_public_core_header(file))
                all += "#include \"" + file.mid(5).toUtf8() + "\"\n";
        QVERIFY(!all.isEmpty());
        write(folder.filePath("all.cpp"), all);
        QString error;
        const QStringList opened = opened_by_compiler(source_dir + "/core", folder.filePath("all.cpp"), error);
        QVERIFY2(error.isEmpty(),
                 qPrintable("core's public headers need more than core's folder and the system's:\n" + error));
        const QStringList torch = opened.filter(QRegularExpression("/(torch|ATen|c10|caffe2)/"));
        QVERIFY2(torch.isEmpty(), qPrintable("core's public headers make the compiler open " + torch.join(' ')));
        QVERIFY(opened.filter("core/base/head.h").size() == 1);
    }

    // The rules above must be able to fail: the same questions, asked of a small tree that breaks each of them.
    void rulesSeeOffenders()
    {
        QTemporaryDir folder;
        write(folder.filePath("core/bad.h"), "#include \"middle.h\"\n");
        write(folder.filePath("core/middle.h"), "#pragma once\n  #  include <ATen/ATen.h>\n");
        write(folder.filePath("core/qt.cpp"), "#include <QString>\n");
        write(folder.filePath("widgets/bad.cpp"), "#include \"bad.h\"\n#include <QtGui/QPainter>\n");
        const IncludeGraph tree(folder.path(), {"core", "widgets"});
        const auto torch = [](const QString &include, const QString &) { return names_torch(include); };
        const auto qt = [](const QString &include, const QString &) { return names_qt(include); };
        QCOMPARE(tree.files().size(), 4);
        QCOMPARE(tree.chain("core/bad.h", torch), QString("core/bad.h > core/middle.h > ATen/ATen.h"));
        QCOMPARE(tree.chain("core/bad.h", qt), QString());
        QCOMPARE(tree.chain("core/qt.cpp", qt), QString("core/qt.cpp > QString"));
        QCOMPARE(tree.chain("widgets/bad.cpp", qt), QString("widgets/bad.cpp > QtGui/QPainter"));
        QCOMPARE(tree.chain("widgets/bad.cpp", torch),
                 QString("widgets/bad.cpp > core/bad.h > core/middle.h > ATen/ATen.h"));
        QCOMPARE(tree.resolve("widgets/bad.cpp", "bad.h"), QString("core/bad.h"));
        QString error;
        const QStringList opened = opened_by_compiler(folder.filePath("core"), folder.filePath("core/bad.h"), error);
        const bool seen = !error.isEmpty() || std::any_of(opened.begin(), opened.end(), is_torch_file);
        QVERIFY2(seen, "the compiler opened nothing of LibTorch for a header that includes it");
    }

    void reportLongFiles()
    {
        for (const QString &file : m_tree.files())
            if (m_tree.lines(file) > 400)
                qWarning("%s has %d lines; aim for 100 to 300, one idea a file", qPrintable(file), m_tree.lines(file));
        QVERIFY(m_tree.lines("core/base/head.h") > 10);
    }
};

QTEST_GUILESS_MAIN(TestLayers)
#include "test_layers.moc"
