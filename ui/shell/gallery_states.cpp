#include "shell/gallery_states.h"

#include "heatmap_widget.h"
#include "main_window.h"
#include "shell/actions.h"
#include "shell/run_controls.h"
#include "shell/window_files.h"
#include "views/heatmap_pane.h"
#include "views/try_pane.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QFile>
#include <QLineEdit>
#include <QTemporaryDir>

#include <memory>

namespace patchbay {

namespace {

bool rests(MainWindow &window)
{
    const Explorer &explorer = window.explorer();
    return explorer.runner.activeRun() < 0 && explorer.document.ready() && !explorer.document.loading();
}

QString field(const std::string &text)
{
    return QLatin1Char('"') + QString::fromStdString(text).replace(QLatin1Char('"'), QStringLiteral("\"\""))
        + QLatin1Char('"');
}

/// Some pairs of the task on view as a file of somebody's own.
QString ownPrompts(const QTemporaryDir &folder, const Setup &setup)
{
    constexpr size_t few = 12;
    QFile file(folder.filePath(QStringLiteral("my-prompts.csv")));
    if (!file.open(QIODevice::WriteOnly))
        return {};
    file.write("clean,flipped,answer,wrong\n");
    for (size_t i = 0; i < std::min(setup.pairs.size(), few); ++i) {
        const PromptPair &pair = setup.pairs[i];
        const QStringList row{field(pair.clean), field(pair.flipped), field(pair.answer), field(pair.wrong)};
        file.write(row.join(QLatin1Char(',')).toUtf8() + '\n');
    }
    return file.fileName();
}

void runOutputs(MainWindow &window)
{
    ActPatch sweep;
    sweep.sites = {Site::Z};
    window.controls().setSpec(spec_of(sweep));
    window.actions().run->trigger();
}

} // namespace

Step moment()
{
    auto clock = std::make_shared<QElapsedTimer>();
    return {QStringLiteral("a moment"), [clock] { clock->start(); }, [clock] { return clock->elapsed() > 400; }};
}

std::vector<Step> firstStarts(MainWindow &window, const TakePicture &picture)
{
    std::vector<Step> steps;
    for (const QSize size : {QSize(1024, 700), QSize(1920, 1080), QSize(1280, 800)}) {
        const QString name = QStringLiteral("window-first-%1x%2").arg(size.width()).arg(size.height());
        steps.push_back({name,
                         [&window, size] {
                             window.resize(size);
                             window.useDefaultLayout();
                         },
                         {}});
        steps.push_back(moment());
        steps.push_back({name, [picture, name] { picture(name); }, {}});
    }
    return steps;
}

std::vector<Step> bothTasks(MainWindow &window, const TakePicture &picture)
{
    Explorer &explorer = window.explorer();
    const auto folder = std::make_shared<QTemporaryDir>();
    const auto idle = [&window] { return rests(window); };
    const QString imported = QStringLiteral("window-imported"), both = QStringLiteral("window-both-tasks"),
                  back = QStringLiteral("window-task-undone");
    return {{imported,
             [&explorer, folder] { openDropped(explorer.document, ownPrompts(*folder, *explorer.document.setup())); },
             [&explorer, idle] { return idle() && explorer.document.setup()->task_ref.kind == "pairs"; }},
            moment(),
            {imported, [picture, imported] { picture(imported); }, {}},
            {both, [&window] { runOutputs(window); }, idle},
            moment(),
            {both,
             [&window, picture, both] {
                 picture(both);
                 window.docking().raise(QStringLiteral("runs"));
             },
             {}},
            {both,
             [&window, picture, both] {
                 picture(both + QStringLiteral("-runs"));
                 window.docking().raise(QStringLiteral("heads"));
                 // The run and its view are steps, too.
                 while (window.explorer().document.setup()->task_ref.kind == "pairs"
                        && !window.explorer().document.loading() && window.actions().undo->isEnabled())
                     window.actions().undo->trigger();
             },
             [&explorer, idle] { return idle() && explorer.document.setup()->task_ref.kind == "ioi"; }},
            moment(),
            {back, [picture, back] { picture(back); }, {}}};
}

std::vector<Step> triedPrompt(MainWindow &window, const TakePicture &picture)
{
    TryController &trying = window.explorer().trying;
    const auto answered = [&trying](const QString &flipped) {
        return
            [&trying, flipped] { return trying.trial() && trying.trial()->question.flipped == flipped.toStdString(); };
    };
    const QString flipped = QStringLiteral("Before Felix and Lars left the church, Lars wrote a long letter to"),
                  longer = QStringLiteral("Before Felix and Lars left the church, Lars wrote a long letter today to"),
                  tried = QStringLiteral("window-try"), unequal = QStringLiteral("window-try-unequal");
    const auto type = [&window](const QString &counterpart) {
        TryPane &pane = window.tryPane();
        pane.clean()->setText(QStringLiteral("Before Felix and Lars left the church, Felix wrote a long letter to"));
        pane.flipped()->setText(counterpart);
        Q_EMIT pane.flipped()->textEdited(counterpart);
    };
    return {{tried,
             [&window, type, flipped] {
                 window.docking().raise(QStringLiteral("try"));
                 window.explorer().navigation.select({widgets::HeadId{2, 2}}, {2, 2});
                 type(flipped);
             },
             answered(flipped)},
            moment(),
            {unequal,
             [picture, tried, type, longer] {
                 picture(tried);
                 type(longer);
             },
             answered(longer)},
            moment(),
            {unequal, [picture, unequal] { picture(unequal); }, {}}};
}

std::vector<Step> lockedRange(MainWindow &window, const TakePicture &picture)
{
    RangePanel *panel = window.heatmapPane().rangePanel();
    const QString locked = QStringLiteral("window-range-locked");
    return {{locked, [&window] { runOutputs(window); }, [&window] { return rests(window); }},
            {locked,
             [&window, panel] {
                 const widgets::HeatmapView &view = window.heatmapPane().heatmap()->view();
                 panel->open({0, false, view.unit}, view.limit, {});
                 panel->limit()->setValue(80);
                 panel->lock()->setChecked(true);
                 panel->hide();
             },
             {}},
            moment(),
            {locked,
             [picture, locked, panel] {
                 picture(locked);
                 panel->automatic()->click();
             },
             {}},
            moment()};
}

} // namespace patchbay
