// How fast the scrubber is: from one step of a series to all views painted at the next, for every step back and forth.
//
//     bench_series                  the demo model's own training, all five sites
//     bench_series SERIES_FOLDER    one that is there
#include "analysis/series.h"
#include "bars_widget.h"
#include "bench/bench_clock.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "scatter_widget.h"
#include "ui/window_fixture.h"
#include "views/bars_pane.h"
#include "views/heatmap_pane.h"
#include "views/scatter_pane.h"
#include "views/series_pane.h"

#include <QApplication>

#include <algorithm>
#include <cstdio>

using namespace patchbay;

namespace {

void scrub(MainWindow &window, const char *dock)
{
    window.docking().raise(QString::fromLatin1(dock));
    QTest::qWait(300);
    SeriesController &series = window.explorer().series;
    QVector<double> moved, painted;
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < 2 * series.steps(); ++i) {
            const int step = i < series.steps() ? i : 2 * series.steps() - 1 - i;
            if (step == series.step())
                continue;
            QElapsedTimer clock;
            clock.start();
            series.setStep(step);
            moved << elapsed(clock);
            for (QWidget *widget : std::initializer_list<QWidget *>{
                     window.heatmapPane().heatmap(), window.barsPane().bars(), window.scatterPane().scatter(),
                     window.seriesPane().lines(), window.seriesPane().baseline(), window.seriesPane().heatmap()})
                if (widget->isVisible())
                    widget->repaint();
            painted << elapsed(clock);
            QCoreApplication::processEvents();
        }
    report((std::string(dock) + ": step -> every view has it").c_str(), moved);
    report((std::string(dock) + ": step -> every view painted").c_str(), painted);
}

} // namespace

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    QApplication app(argc, argv);
    WindowFixture fixture;
    MainWindow *window = fixture.openReady();
    if (!window)
        return 1;
    SeriesController &series = window->explorer().series;
    QTemporaryDir made;
    QElapsedTimer clock;
    clock.start();
    if (argc > 1) {
        window->openSeries(QString::fromLocal8Bit(argv[1]));
    } else {
        ActPatch sweep;
        sweep.sites = {Site::Z, Site::Q, Site::K, Site::V, Site::Pattern};
        SeriesPlan plan;
        plan.spec = window->explorer().runner.withDocument(spec_of(sweep));
        plan.task = plan.spec->task;
        plan.steps = series_of_folders({"demo@step{n}"});
        series.start(plan, made.filePath(QStringLiteral("series")));
        if (!QTest::qWaitFor([&] { return !series.running(); }, 600000))
            return 1;
    }
    if (!QTest::qWaitFor([&] { return series.measures() != nullptr; }, 600000))
        return 1;
    std::printf("%-52s %7.2f s, %d steps\n", argc > 1 ? "opened and measured" : "computed and measured",
                elapsed(clock) / 1000, series.steps());
    QTest::qWait(500);
    for (const char *dock : {"scatter", "bars", "series"})
        scrub(*window, dock);
    window->seriesPane().setLook(SeriesPane::Look::Heatmaps);
    scrub(*window, "series");
    return 0;
}
