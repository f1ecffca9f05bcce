// How fast the window answers: click → attention, repaints, and the longest gap of the event loop during a sweep.
//
//     bench_window [model folder]     (the demo model without one)
#include "attention_widget.h"
#include "heatmap_widget.h"
#include "shell/gallery_views.h"
#include "ui/window_fixture.h"
#include "views/attention_pane.h"
#include "views/heatmap_pane.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QTimer>

#include <algorithm>
#include <cstdio>

using namespace patchbay;
using widgets::HeadId;

namespace {

void report(const char *what, QVector<double> ms)
{
    if (ms.isEmpty())
        return;
    std::sort(ms.begin(), ms.end());
    std::printf("%-52s median %7.2f ms   p95 %7.2f ms   of %lld\n", what, ms[ms.size() / 2],
                ms[std::min(ms.size() - 1, ms.size() * 95 / 100)], static_cast<long long>(ms.size()));
}

double elapsed(const QElapsedTimer &clock)
{
    return double(clock.nsecsElapsed()) / 1e6;
}

/// From the press of the button to the pattern painted, on every head that is not on view yet.
void clicks(MainWindow &window, const char *what)
{
    auto *heatmap = window.heatmapPane().heatmap();
    auto *attention = window.attentionPane().matrix();
    const auto facet = heatmap->view().facets.value(0);
    QVector<double> times;
    for (int head = 0; head < facet.columns; ++head)
        for (int layer = 0; layer < std::min(facet.rows, 12); ++layer) {
            const HeadId wanted{layer, head};
            if (attention->view().head == wanted)
                continue;
            QElapsedTimer clock;
            clock.start();
            QTest::mouseClick(heatmap, Qt::LeftButton, {},
                              heatmap->layoutGeometry().cellRect({0, layer, head}).center());
            while (attention->view().head != wanted && clock.elapsed() < 5000)
                QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 20);
            attention->viewport()->repaint();
            times << elapsed(clock);
        }
    report(what, times);
}

template <class Widget, class View>
void repaints(const char *what, const View &a, const View &b, QSize size)
{
    Widget widget;
    widget.resize(size);
    widget.show();
    QVector<double> times;
    for (int i = 0; i < 60; ++i) {
        widget.setView(i % 2 ? a : b);
        QElapsedTimer clock;
        clock.start();
        widget.grab(); // everything, whatever the widget keeps
        times << elapsed(clock);
    }
    report(what, times);
}

void sweepGap(WindowFixture &fixture, MainWindow &window)
{
    fixture.chooseSites({Site::Z, Site::Q, Site::K, Site::V, Site::Pattern});
    QElapsedTimer clock;
    double last = 0, longest = 0;
    QTimer beat;
    beat.setTimerType(Qt::PreciseTimer);
    QObject::connect(&beat, &QTimer::timeout, &beat, [&] {
        longest = std::max(longest, elapsed(clock) - last);
        last = elapsed(clock);
    });
    clock.start();
    beat.start(1);
    window.actions().run->trigger();
    (void)QTest::qWaitFor([&] { return fixture.idle(); }, 600000);
    std::printf("%-52s %7.2f ms in %.1f s\n", "longest gap of the event loop, five sweeps", longest,
                elapsed(clock) / 1000);
}

} // namespace

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication app(argc, argv);
    WindowFixture fixture;
    MainWindow &window = fixture.open();
    const auto setUp = [&] { return fixture.ready(); };
    if (!QTest::qWaitFor(setUp, 600000))
        return 1;
    if (argc > 1) {
        window.explorer().document.openModel(QString::fromLocal8Bit(argv[1]));
        if (!QTest::qWaitFor(setUp, 600000))
            return 1;
    }
    fixture.chooseSites({Site::Z});
    window.actions().run->trigger();
    if (!QTest::qWaitFor([&] { return fixture.idle(); }, 600000))
        return 1;
    clicks(window, "click -> attention, first time");
    clicks(window, "click -> attention, pattern kept");
    repaints<widgets::HeatmapWidget>("heatmap of 48 x 64 heads, everything", galleryHeatmap(48, 64, 1, 0),
                                     galleryHeatmap(48, 64, 1, 0.3), {860, 640});
    repaints<widgets::AttentionWidget>("pattern of 512 tokens, everything", galleryAttention(512),
                                       galleryAttention(511), {700, 640});
    sweepGap(fixture, window);
    return 0;
}
