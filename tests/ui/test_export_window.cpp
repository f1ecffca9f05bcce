// What the window exports is what the command line draws from the saved result, byte for byte.
#include "ui/window_fixture.h"

#include "attention_widget.h"
#include "export/export_files.h"
#include "io/array_files.h"
#include "scatter_widget.h"
#include "shell/export_flow.h"
#include "views/attention_pane.h"
#include "views/scatter_pane.h"

#include <QProcess>

#include <algorithm>

using namespace patchbay;

class TestExportWindow : public QObject {
    Q_OBJECT

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    QTemporaryDir m_dir;
    QString path(const QString &name) const { return m_dir.filePath(name); }

    static QByteArray bytesOf(const QString &file)
    {
        QFile in(file);
        return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray("MISSING ") + file.toUtf8();
    }

    /// Exports what is on view, and has the command line draw the same from the result's file.
    void compare(FigureView view, const QStringList &choices)
    {
        QTRY_VERIFY_WITH_TIMEOUT(shownSubject(*m_window, view), 10000);
        const auto subject = shownSubject(*m_window, view);
        for (const char *type : {"svg", "pdf", "png"}) {
            const QString here = path(QStringLiteral("window.")) + QLatin1String(type),
                          there = path(QStringLiteral("command.")) + QLatin1String(type);
            widgets::FigureSpec spec;
            spec.dpi = 300;
            exportFigure(here, {*subject}, spec, false);
            QProcess process;
            process.start(QStringLiteral(PATCHBAY_BINARY_DIR "/bin/patchbay"),
                          QStringList{QStringLiteral("figure"), path(QStringLiteral("result.safetensors")),
                                      QStringLiteral("--dpi"), QStringLiteral("300"), QStringLiteral("--view"),
                                      name(view), QStringLiteral("--out"), there}
                              + choices);
            QVERIFY(process.waitForFinished(60000));
            QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
            const QByteArray window = bytesOf(here), command = bytesOf(there);
            const auto differ =
                std::mismatch(window.begin(), window.end(), command.begin(), command.end()).first - window.begin();
            QVERIFY2(window == command,
                     (here.toUtf8() + ": " + window.mid(differ - 60, 120) + "\n and: " + command.mid(differ - 60, 120))
                         .constData());
            QVERIFY(bytesOf(here).size() > 1000);
        }
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!QFile::exists(QStringLiteral(PATCHBAY_BINARY_DIR "/bin/patchbay")))
            QSKIP("the program patchbay is not built");
        QVERIFY((m_window = m_fixture.openReady()));
        m_fixture.chooseSites({Site::Pattern, Site::Z});
        m_window->actions().run->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture.idle() && m_fixture.shown() && m_fixture.shown()->result
                                     && m_fixture.shown()->result->complete
                                     && m_fixture.shown()->result->grids.size() == 2,
                                 60000);
        save_result(path(QStringLiteral("result.safetensors")).toStdString(), *m_fixture.shown()->result);
    }

    void heatmap() { compare(FigureView::Heatmap, {}); }
    void scatter()
    {
        // The view follows a run with a little delay: wait for the finished numbers.
        const widgets::ScatterView expected = scatterView(*m_fixture.shown()->result);
        const auto same = [](const widgets::ScatterPoint &a, const widgets::ScatterPoint &b) {
            return a.x == b.x && a.y == b.y;
        };
        QTRY_VERIFY_WITH_TIMEOUT(([&] {
                                     const auto &points = m_window->scatterPane().scatter()->view().points;
                                     return std::equal(points.begin(), points.end(), expected.points.begin(),
                                                       expected.points.end(), same);
                                 })(),
                                 10000);
        compare(FigureView::Scatter, {});
    }
    void attention()
    {
        m_window->explorer().navigation.select({{2, 1}}, {2, 1});
        m_window->explorer().attention.setPrompt(3);
        QTRY_VERIFY_WITH_TIMEOUT(
            !m_window->explorer().attention.views().isEmpty()
                && m_window->attentionPane().matrix()->view().title.contains(QStringLiteral("prompt 4")),
            20000);
        compare(FigureView::Attention,
                {QStringLiteral("--head"), QStringLiteral("2.1"), QStringLiteral("--prompt"), QStringLiteral("3")});
        // The figure says how to have its numbers again.
        const RunSpec spec = run_spec_from_json(
            nlohmann::json::parse(widgets::readEmbeddedSpec(path(QStringLiteral("window.pdf"))).toStdString()));
        QVERIFY(spec.is<Analysis>());
        QCOMPARE(spec.as<Analysis>()->name, std::string("attention-patterns"));
        QVERIFY(spec.as<Analysis>()->heads == (std::vector<Head>{{2, 1}}));
    }
    void cleanupTestCase() { m_fixture.close(); }
};

QTEST_MAIN(TestExportWindow)
#include "test_export_window.moc"
