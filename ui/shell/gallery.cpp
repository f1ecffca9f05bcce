#include "shell/gallery.h"

#include "main_window.h"
#include "shell/actions.h"
#include "shell/app_theme.h"
#include "shell/gallery_states.h"
#include "shell/gallery_views.h"
#include "shell/message_bar.h"
#include "shell/run_controls.h"
#include "shell/screenshot.h"
#include "views/attention_pane.h"

#include <QApplication>
#include <QDir>
#include <QDockWidget>
#include <QProcess>
#include <QSettings>
#include <QTemporaryDir>
#include <QTextStream>

#include <iterator>

namespace patchbay {

namespace {

class Gallery : public QObject {
public:
    Gallery(QString folder, std::function<void(int)> finished)
        : QObject(qApp), m_folder(std::move(folder)), m_finished(std::move(finished))
    {
    }

    void start()
    {
        if (!QDir().mkpath(m_folder)) {
            QTextStream(stderr) << "patchbay: " << m_folder << ": the folder cannot be made\n";
            m_finished(1);
            return;
        }
        theme(ThemeMode::Light);
    }

private:
    void theme(ThemeMode mode)
    {
        applyTheme(mode);
        m_theme = mode == ThemeMode::Dark ? QStringLiteral("dark") : QStringLiteral("light");
        drawPlainViews([this](QWidget &widget, QSize size, const QString &name) {
            widget.resize(size);
            save(widget, name);
        });
        m_window = std::make_unique<MainWindow>();
        m_window->resize(1280, 800);
        m_window->useDefaultLayout();
        m_window->show();
        go(journey(), [this, mode] { reopened(mode); });
    }

    // Closed and started again: it should look as it did at first.
    void reopened(ThemeMode mode)
    {
        m_window->useDefaultLayout();
        m_window->close();
        m_window.release()->deleteLater();
        m_window = std::make_unique<MainWindow>();
        m_window->show();
        m_window->start(QStringLiteral("demo"));
        go({{QStringLiteral("the baseline"), {}, [this] { return m_window->explorer().document.ready(); }},
            moment(),
            {QStringLiteral("reopened"), [this] { picture(QStringLiteral("window-reopened")); }, {}}},
           [this, mode] {
               m_window.release()->deleteLater();
               if (mode == ThemeMode::Light)
                   theme(ThemeMode::Dark);
               else
                   atTwiceTheScale();
           });
    }

    void go(std::vector<Step> journey, const std::function<void()> &then)
    {
        auto *steps = new Steps(std::move(journey), m_window.get());
        connect(steps, &Steps::failed, this, [this](const QString &step) {
            QTextStream(stderr) << "patchbay: the gallery stopped: " << step << " did not come; "
                                << m_window->messages().text() << '\n';
            m_finished(1);
        });
        connect(steps, &Steps::done, this, then);
        steps->start();
    }

    std::vector<Step> journey()
    {
        Explorer &explorer = m_window->explorer();
        Actions &actions = m_window->actions();
        const auto idle = [&] { return explorer.runner.activeRun() < 0 && explorer.navigation.place().run >= 0; };
        std::vector<Step> steps;
        const auto then = [&](std::vector<Step> more) {
            std::move(more.begin(), more.end(), std::back_inserter(steps));
        };
        then(docks(QStringLiteral("empty")));
        then({{QStringLiteral("the baseline"),
               [this] {
                   picture(QStringLiteral("window-empty"));
                   m_window->start(QStringLiteral("demo"));
               },
               [&] { return explorer.document.ready(); }}});
        const auto take = [this](const QString &name) { picture(name); };
        then(firstStarts(*m_window, take));
        then({{QStringLiteral("a running sweep"),
               [this] {
                   ActPatch sweep;
                   sweep.sites = {Site::Z, Site::Q, Site::K, Site::V, Site::Pattern};
                   m_window->controls().setSpec(spec_of(sweep));
                   m_window->actions().run->trigger();
               },
               [&] {
                   const RunEntry *run = explorer.runs.find(explorer.navigation.place().run);
                   return run && run->result && run->done > 0;
               }},
              {QStringLiteral("the sweep under way"), [this] { picture(QStringLiteral("window-running")); }, {}}});
        then(docks(QStringLiteral("running")));
        then({{QStringLiteral("the end of the sweep"), {}, idle}});
        then(firstMinutes(*m_window));
        then({moment(),
              {QStringLiteral("direct effects"),
               [this, &explorer] {
                   picture(QStringLiteral("window-done"));
                   explorer.paths.runFinalResidual();
               },
               idle},
              {QStringLiteral("paths into the name movers"), [&actions] { actions.walk->trigger(); }, idle},
              {QStringLiteral("the heads' roles"),
               [&actions] {
                   actions.addToCircuit->trigger();
                   actions.findRoles->trigger();
               },
               idle},
              {QStringLiteral("a circuit"),
               [this, &actions] {
                   actions.takeCircuit->trigger();
                   m_window->docking().raise(QStringLiteral("circuit"));
               },
               {}},
              moment(),
              {QStringLiteral("a mask"),
               [this, &explorer] {
                   picture(QStringLiteral("window-circuit"));
                   explorer.navigation.showRun(explorer.runs.entries()[1].id);
                   explorer.navigation.setMask({0, HeadGroup::withRole(explorer.roles.roles().value(0))});
               },
               {}},
              moment(),
              {QStringLiteral("a difference"),
               [this, &actions, &explorer] {
                   picture(QStringLiteral("window-mask"));
                   explorer.navigation.setMask({});
                   actions.compareRun->trigger();
               },
               {}},
              moment(),
              {QStringLiteral("one prompt, as text"),
               [this, &explorer] {
                   picture(QStringLiteral("window-difference"));
                   explorer.navigation.showPrompt(3);
                   m_window->attentionPane().showText(true);
               },
               {}},
              moment(),
              {QStringLiteral("every dock"), [this] { picture(QStringLiteral("window-prompt")); }, {}}});
        then(docks(QStringLiteral("done")));
        then(analyses());
        then(edgesOfModel(*m_window, take));
        then(trainingSeries(*m_window, take));
        then({{QStringLiteral("heads that copy"),
               [&explorer] {
                   explorer.paths.runFinalResidual();
                   explorer.navigation.setMask({75, std::nullopt, QStringLiteral("copy.positive")});
               },
               {}},
              moment(),
              {QStringLiteral("a small screen"),
               [this] {
                   picture(QStringLiteral("window-copying"));
                   m_window->resize(1024, 700);
                   m_window->useDefaultLayout();
               },
               {}},
              moment(),
              {QStringLiteral("the usual size"),
               [this] {
                   picture(QStringLiteral("window-1024x700"));
                   m_window->resize(1280, 800);
                   m_window->useDefaultLayout();
               },
               {}}});
        then(lockedRange(*m_window, take));
        then(triedPrompt(*m_window, take));
        then(bothTasks(*m_window, take));
        then({{QStringLiteral("an error"),
               [&explorer] { explorer.document.openModel(QStringLiteral("/nonexistent/pythia-160m")); },
               [this] { return m_window->messages().isVisible(); }},
              {QStringLiteral("a failed run"),
               [this, &explorer] {
                   picture(QStringLiteral("window-error"));
                   explorer.runner.run(spec_of(Analysis{"ablate", {{99, 0}}, nullptr}));
               },
               [idle, &explorer] { return idle() && explorer.runs.entries().front().state == RunState::Failed; }},
              moment(),
              {QStringLiteral("the last picture"), [this] { picture(QStringLiteral("window-failed-run")); }, {}}});
        then(docks(QStringLiteral("error")));
        return steps;
    }

    /// Every analysis, as the view that it has first.
    std::vector<Step> analyses()
    {
        Explorer &explorer = m_window->explorer();
        std::vector<Step> steps;
        for (QAction *action : m_window->actions().analyses) {
            steps.push_back({action->text(), [action] { action->trigger(); },
                             [&explorer] { return explorer.runner.activeRun() < 0; }});
            steps.push_back(moment());
            steps.push_back(
                {action->text(), [this, action] { picture(QStringLiteral("window-") + action->objectName()); }, {}});
        }
        return steps;
    }

    /// A picture of every dock, on top of its tabs.
    std::vector<Step> docks(const QString &state)
    {
        std::vector<Step> steps;
        for (QDockWidget *dock : m_window->findChildren<QDockWidget *>()) {
            steps.push_back({dock->objectName(), [this, dock] { m_window->docking().raise(dock->objectName()); },
                             [dock] { return dock->widget()->isVisible(); }});
            steps.push_back({dock->objectName(),
                             [this, dock, state] {
                                 save(*dock->widget(), QStringLiteral("dock-%1-%2").arg(dock->objectName(), state));
                             },
                             {}});
        }
        return steps;
    }

    // Qt reads the scale when it starts: the same pictures at 2x come from a second program.
    void atTwiceTheScale()
    {
        if (qEnvironmentVariableIsSet("QT_SCALE_FACTOR")) {
            m_finished(m_failed ? 1 : 0);
            return;
        }
        auto *again = new QProcess(this);
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("QT_SCALE_FACTOR"), QStringLiteral("2"));
        again->setProcessEnvironment(environment);
        again->setProcessChannelMode(QProcess::ForwardedChannels);
        connect(again, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart)
                m_finished(1);
        });
        connect(again, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
            m_finished(m_failed || status != QProcess::NormalExit ? 1 : code);
        });
        again->start(QCoreApplication::applicationFilePath(), {QStringLiteral("--gallery"), m_folder});
    }

    void picture(const QString &name) { save(*m_window, name); }
    void save(QWidget &widget, const QString &name)
    {
        const QString scale = widget.devicePixelRatioF() > 1 ? QStringLiteral("@2x") : QString();
        const QString file = QStringLiteral("%1/%2-%3%4.png").arg(m_folder, name, m_theme, scale);
        if (!widget.grab().save(file, "PNG")) {
            QTextStream(stderr) << "patchbay: " << file << ": the picture could not be written\n";
            m_failed = true;
        }
    }

    QString m_folder, m_theme;
    std::function<void(int)> m_finished;
    std::unique_ptr<MainWindow> m_window;
    bool m_failed = false;
};

} // namespace

void makeGallery(const QString &folder, std::function<void(int)> finished)
{
    QGuiApplication::setQuitOnLastWindowClosed(false); // the pictures at 2x are still to come then
    // Windows are closed and opened again here: the user's own layout is not touched.
    static const QTemporaryDir settings;
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, settings.path());
    (new Gallery(folder, std::move(finished)))->start();
}

} // namespace patchbay
