#include "shell/screenshot.h"

#include "heatmap_widget.h"
#include "main_window.h"
#include "shell/actions.h"
#include "shell/message_bar.h"
#include "shell/run_controls.h"
#include "views/attention_pane.h"
#include "views/heatmap_pane.h"

#include <QPixmap>
#include <QTextStream>

namespace patchbay {

namespace {

bool idle(MainWindow &window)
{
    return window.explorer().runner.activeRun() < 0 && !window.explorer().document.loading();
}

} // namespace

std::vector<Step> firstMinutes(MainWindow &window)
{
    Explorer &explorer = window.explorer();
    return {
        {QStringLiteral("the model and its baseline"), {}, [&] { return explorer.document.ready(); }},
        {QStringLiteral("activation patching of z and pattern"),
         [&] {
             ActPatch sweep;
             sweep.sites = {Site::Z, Site::Pattern};
             window.controls().setSpec(spec_of(sweep));
             window.actions().run->trigger();
         },
         [&] { return idle(window) && explorer.navigation.place().run >= 0; }},
        {QStringLiteral("the strongest heads"), [&] { window.actions().selectStrongest->trigger(); },
         [&] { return !explorer.attention.views().isEmpty(); }},
    };
}

void takeScreenshot(MainWindow &window, const QString &file, std::function<void(int)> finished)
{
    auto *steps = new Steps(firstMinutes(window), &window);
    const Explorer &explorer = window.explorer();
    QObject::connect(&explorer.document, &Document::loadingProgress, steps, &Steps::alive);
    QObject::connect(&explorer.runs, &RunsStore::runChanged, steps, &Steps::alive);
    QObject::connect(steps, &Steps::failed, &window, [&window, finished](const QString &step) {
        QTextStream(stderr) << "patchbay: no screenshot: " << step << " did not come; " << window.messages().text()
                            << '\n';
        finished(1);
    });
    QObject::connect(steps, &Steps::done, &window, [&window, file, finished] {
        // The charts refresh a moment after the run's end.
        QTimer::singleShot(400, &window, [&window, file, finished] {
            const bool saved = window.grab().save(file, "PNG");
            if (!saved)
                QTextStream(stderr) << "patchbay: " << file << ": the picture could not be written\n";
            finished(saved ? 0 : 1);
        });
    });
    steps->start();
}

} // namespace patchbay
