// How fast the window answers: click → attention, also while a sweep runs, repaints, the longest gap of the event loop,
// and how soon it stops and closes.
//
//     bench_window                          the demo model
//     bench_window --geometry pythia-160m   random weights of that shape, in a folder that is removed again
//     bench_window MODEL_FOLDER
#include "attention_widget.h"
#include "bench/bench_clock.h"
#include "bench/random_folder.h"
#include "cli/bench_work.h"
#include "heatmap_widget.h"
#include "shell/gallery_views.h"
#include "ui/window_fixture.h"
#include "views/attention_pane.h"
#include "views/heatmap_pane.h"

#include <QApplication>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <random>

using namespace patchbay;
using widgets::HeadId;

namespace {

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

/// Processor time of the calling thread in ms.
double threadTime()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

/// How long the event loop was busy between two of its turns: by the clock, and in processor time, which is what of it
/// is this program's own on a machine that others use too.
class Beat {
public:
    Beat()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] {
            m_gaps << elapsed(m_clock) - m_last;
            m_busy << threadTime() - m_lastBusy;
            m_last = elapsed(m_clock);
            m_lastBusy = threadTime();
        });
        m_clock.start();
        m_lastBusy = threadTime();
        m_timer.start(1);
    }
    void say(const char *what)
    {
        m_timer.stop();
        if (m_gaps.isEmpty())
            return;
        const auto most = [](QVector<double> ms) { return *std::max_element(ms.begin(), ms.end()); };
        std::printf("%-52s longest %7.2f ms, of them busy %6.2f ms   of %lld in %.1f s\n", what, most(m_gaps),
                    most(m_busy), static_cast<long long>(m_gaps.size()), elapsed(m_clock) / 1000);
    }

private:
    QTimer m_timer;
    QElapsedTimer m_clock;
    QVector<double> m_gaps, m_busy; ///< ms
    double m_last = 0, m_lastBusy = 0;
};

const std::vector<Site> kAllSites{Site::Z, Site::Q, Site::K, Site::V, Site::Pattern};

bool sweeping(MainWindow &window, int least)
{
    const RunEntry *run = window.explorer().runs.find(window.explorer().runner.activeRun());
    return run && run->total > 0 && run->done >= least;
}

/// The clicks of a user who does not wait for the sweep, and the gaps of the event loop meanwhile.
void clicksDuringASweep(WindowFixture &fixture, MainWindow &window)
{
    fixture.chooseSites(kAllSites);
    window.actions().run->trigger();
    if (!QTest::qWaitFor([&] { return sweeping(window, 1); }, 600000))
        return;
    Beat beat;
    clicks(window, "click -> attention, during a sweep");
    beat.say("gaps of the event loop during these clicks");
    const bool inTime = sweeping(window, 1);
    window.actions().stop->trigger();
    (void)QTest::qWaitFor([&] { return fixture.idle(); }, 600000);
    if (!inTime)
        std::printf("    the sweep was over before the last of them\n");
}

void sweepGap(WindowFixture &fixture, MainWindow &window)
{
    fixture.chooseSites(kAllSites);
    Beat beat;
    window.actions().run->trigger();
    (void)QTest::qWaitFor([&] { return fixture.idle(); }, 1800000);
    beat.say("gaps of the event loop, five sweeps");
}

/// From Stop, pressed at any moment of a chunk, to a window that has nothing to wait for any more.
void stops(MainWindow &window)
{
    std::mt19937 random(1);
    QVector<double> times;
    for (int i = 0; i < 20; ++i) {
        ActPatch sweep; // one that nothing else here runs to its end
        sweep.sites = {kAllSites[size_t(i) % kAllSites.size()]};
        sweep.direction = Direction::Noise;
        window.explorer().runner.run(spec_of(sweep));
        if (!QTest::qWaitFor([&] { return sweeping(window, 1); }, 600000))
            return;
        QTest::qWait(int(random() % 400));
        if (window.explorer().runner.activeRun() < 0)
            continue; // a small model is done by then
        QElapsedTimer clock;
        clock.start();
        window.actions().stop->trigger();
        while (window.explorer().backend.pending() > 0 && clock.elapsed() < 60000)
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 1);
        times << elapsed(clock);
    }
    report("stop during a chunk -> nothing runs", times);
}

void closes(WindowFixture &fixture, MainWindow &window)
{
    ActPatch sweep; // one that has not been run yet
    sweep.sites = kAllSites;
    sweep.direction = Direction::Noise;
    window.explorer().runner.run(spec_of(sweep));
    (void)QTest::qWaitFor([&] { return sweeping(window, 1); }, 600000);
    QElapsedTimer clock;
    clock.start();
    window.close();
    fixture.close();
    std::printf("%-52s %7.2f ms\n", "close during a chunk -> everything is gone", elapsed(clock));
}

} // namespace

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // a file shows each line at once, too
    QApplication app(argc, argv);
    WindowFixture fixture;
    MainWindow &window = fixture.open();
    const auto setUp = [&] { return fixture.ready(); };
    if (!QTest::qWaitFor(setUp, 600000))
        return 1;
    const QTemporaryDir made;
    if (argc > 1) {
        QString folder = QString::fromLocal8Bit(argv[1]);
        if (argc > 2 && folder == QStringLiteral("--geometry")) {
            folder = made.filePath(QString::fromLocal8Bit(argv[2]));
            write_random_neox(folder.toStdString(), cli::bench_geometry(argv[2]), 1);
        }
        QElapsedTimer clock;
        clock.start();
        window.explorer().document.openModel(folder);
        if (!QTest::qWaitFor(setUp, 600000))
            return 1;
        std::printf("%-52s %7.2f s\n", "model opened, with its baseline", elapsed(clock) / 1000);
    }
    std::printf("%d prompts of up to %d tokens\n", window.explorer().document.setup()->batch.prompts,
                window.explorer().document.setup()->batch.width);
    clicksDuringASweep(fixture, window);
    stops(window);
    fixture.chooseSites({Site::Z});
    window.actions().run->trigger();
    if (!QTest::qWaitFor([&] { return fixture.idle(); }, 600000))
        return 1;
    window.explorer().attention.setSource(AttentionSource::Flipped);
    clicks(window, "click -> attention, first time");
    clicks(window, "click -> attention, pattern kept");
    repaints<widgets::HeatmapWidget>("heatmap of 48 x 64 heads, everything", galleryHeatmap(48, 64, 1, 0),
                                     galleryHeatmap(48, 64, 1, 0.3), {860, 640});
    repaints<widgets::AttentionWidget>("pattern of 512 tokens, everything", galleryAttention(512),
                                       galleryAttention(511), {700, 640});
    sweepGap(fixture, window);
    closes(fixture, window);
    return 0;
}
