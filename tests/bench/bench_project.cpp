// How long a large project takes: from the file's name to its runs in the window, and a search through all of it.
//
//     bench_project [RUNS]    300 of a model of 32 × 32 heads, 70 prompts each, unless given
#include "bench/bench_clock.h"
#include "core/project_samples.h"
#include "project/contents.h"
#include "shell/project_flow.h"
#include "ui/window_fixture.h"

#include <QApplication>
#include <QLineEdit>

#include <algorithm>
#include <cstdio>
#include <string>

using namespace patchbay;

namespace {

constexpr int kLayers = 32, kHeads = 32, kPrompts = 70;

void fill(const QString &file, int runs)
{
    Project project(file.toStdString(), Project::Open::Create);
    RunResult whole = samples::empty_run(kLayers, kHeads, kPrompts);
    Cells all = samples::chunk(0, kLayers * kHeads, kPrompts);
    apply(whole, all);
    whole.complete = true;
    project.together([&] {
        for (int run = 1; run <= runs; ++run) {
            project.put(samples::row(run, whole, "done"));
            project.put_result(run, whole);
            project.put(ProjectNote{"run", std::to_string(run), "What run " + std::to_string(run) + " is for", ""});
        }
    });
}

} // namespace

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    QApplication app(argc, argv);
    const int runs = argc > 1 ? std::atoi(argv[1]) : 300;
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("large.patchbay"));
    fill(file, runs);
    std::printf("%d runs, %.0f MB\n", runs, double(QFileInfo(file).size()) / 1e6);
    WindowFixture fixture;
    for (int round = 0; round < 3; ++round) {
        MainWindow &window = fixture.openBare();
        if (!QTest::qWaitForWindowExposed(&window, 60000))
            return 1;
        QElapsedTimer clock, beat;
        double still = 0; // the longest time in which the window could not answer
        clock.start();
        beat.start();
        window.project().open(file);
        while (!window.explorer().project.isOpen()) {
            QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
            still = std::max(still, elapsed(beat));
            beat.restart();
        }
        std::printf("opened in %.0f ms, the window stood still for at most %.0f ms\n", elapsed(clock), still);
        window.actions().palette->trigger();
        auto *search = window.findChild<CommandPalette *>()->findChild<QLineEdit *>();
        double longest = 0;
        for (const char *text : {"r", "run 17", "what 2", "L9H6", "for"}) {
            clock.restart();
            search->setText(QString::fromLatin1(text));
            longest = std::max(longest, elapsed(clock));
        }
        std::printf("searched in at most %.1f ms\n", longest);
        fixture.close();
    }
    return 0;
}
