#include "shell/gallery.h"

#include "attention_text_widget.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "heatmap_widget.h"
#include "main_window.h"
#include "scatter_widget.h"
#include "shell/actions.h"
#include "shell/app_theme.h"
#include "shell/gallery_views.h"
#include "shell/message_bar.h"
#include "shell/run_controls.h"
#include "shell/screenshot.h"
#include "views/attention_pane.h"
#include "views/heatmap_pane.h"

#include <QApplication>
#include <QDir>
#include <QTextStream>

namespace patchbay {

namespace {

class Gallery : public QObject {
public:
    Gallery(QString folder, std::function<void(int)> finished) : QObject(qApp), m_folder(std::move(folder)), m_finished(std::move(finished)) {}

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
        plainViews();
        m_window = std::make_unique<MainWindow>();
        m_window->resize(1280, 800);
        m_window->useDefaultLayout();
        m_window->show();
        auto *steps = new Steps(journey(), m_window.get());
        connect(steps, &Steps::failed, this, [this](const QString &step) {
            QTextStream(stderr) << "patchbay: the gallery stopped: " << step << " did not come; " << m_window->messages().text() << '\n';
            m_finished(1);
        });
        connect(steps, &Steps::done, this, [this, mode] {
            m_window.release()->deleteLater();
            if (mode == ThemeMode::Light)
                theme(ThemeMode::Dark);
            else
                m_finished(m_failed ? 1 : 0);
        });
        steps->start();
    }

    void plainViews()
    {
        for (const auto &[layers, heads] : {std::pair{6, 8}, std::pair{30, 32}}) {
            for (const auto &[facets, missing, state] : {std::tuple{1, 0.0, "done"}, std::tuple{1, 0.6, "running"}, std::tuple{5, 0.0, "facets"}}) {
                widgets::HeatmapWidget heatmap;
                heatmap.setView(galleryHeatmap(layers, heads, facets, missing));
                heatmap.setSelection({{1, 2}, {2, 3}});
                picture(heatmap, {860, 520}, QStringLiteral("heatmap-%1x%2-%3").arg(layers).arg(heads).arg(QLatin1String(state)));
            }
        }
        for (const int tokens : {15, 300}) {
            widgets::AttentionWidget matrix;
            matrix.setView(galleryAttention(tokens));
            picture(matrix, {620, 560}, QStringLiteral("attention-%1").arg(tokens));
            widgets::AttentionTextWidget text;
            text.setView(galleryAttention(tokens));
            text.setLocked(std::min(tokens, 15) - 1);
            picture(text, {620, 360}, QStringLiteral("attention-text-%1").arg(tokens));
        }
        widgets::ScatterWidget scatter;
        scatter.setView(galleryScatter(144));
        picture(scatter, {520, 420}, QStringLiteral("scatter"));
        widgets::BarsWidget bars;
        bars.setView(galleryBars(15));
        picture(bars, {520, 460}, QStringLiteral("bars"));
    }

    std::vector<Step> journey()
    {
        Explorer &explorer = m_window->explorer();
        const auto idle = [&] { return explorer.runner.activeRun() < 0 && explorer.navigation.place().run >= 0; };
        std::vector<Step> steps{
            {QStringLiteral("an empty window"), [this] { picture(QStringLiteral("window-loading")); m_window->start(QStringLiteral("demo")); }, {}},
            {QStringLiteral("the baseline"), {}, [&] { return explorer.document.ready(); }},
            {QStringLiteral("a running sweep"),
             [this] {
                 picture(QStringLiteral("window-ready"));
                 RunSpec spec = m_window->controls().spec();
                 spec.method = Method::ActPatch;
                 spec.sites = {Site::Z, Site::Q, Site::K, Site::V, Site::Pattern};
                 m_window->controls().setSpec(spec);
                 m_window->actions().run->trigger();
             },
             [&] {
                 const RunEntry *run = explorer.runs.find(explorer.navigation.place().run);
                 return run && run->result && run->done > 0;
             }},
            {QStringLiteral("the end of the sweep"), [this] { picture(QStringLiteral("window-running")); }, idle},
        };
        for (Step &step : firstMinutes(*m_window))
            steps.push_back(std::move(step));
        steps.push_back(pause());
        steps.push_back({QStringLiteral("a path patch"),
                         [this] {
                             picture(QStringLiteral("window-done"));
                             m_window->actions().receive[0]->trigger();
                         },
                         idle});
        steps.push_back(pause());
        steps.push_back({QStringLiteral("text and an error"),
                         [this] {
                             picture(QStringLiteral("window-path"));
                             m_window->attentionPane().showText(true);
                             m_window->docking().reveal(QStringLiteral("prompts"));
                             m_window->explorer().document.openModel(QStringLiteral("/nonexistent/pythia-160m"));
                         },
                         [this] { return m_window->messages().isVisible(); }});
        steps.push_back({QStringLiteral("the last picture"), [this] { picture(QStringLiteral("window-error")); }, {}});
        return steps;
    }

    /// The charts refresh a moment after a run's end.
    Step pause()
    {
        auto clock = std::make_shared<QElapsedTimer>();
        return {QStringLiteral("a moment"), [clock] { clock->start(); }, [clock] { return clock->elapsed() > 400; }};
    }

    void picture(const QString &name)
    {
        save(*m_window, name);
    }
    void picture(QWidget &widget, QSize size, const QString &name)
    {
        widget.resize(size);
        save(widget, name);
    }
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
    (new Gallery(folder, std::move(finished)))->start();
}

} // namespace patchbay
