// patchbay: the desktop program.
#include "../before_libraries.h"
#include "close_on_signal.h"
#include "figure_command.h"
#include "main_window.h"
#include "project/project.h"
#include "report_command.h"
#include "shell/app_theme.h"
#include "shell/gallery.h"
#include "shell/project_flow.h"
#include "shell/screenshot.h"
#include "start_qt.h"
#include "window_options.h"

#include <QTimer>

namespace {

using namespace patchbay;

ThemeMode themeOf(const std::string &name)
{
    return name == "light" ? ThemeMode::Light
        : name == "dark"   ? ThemeMode::Dark
        : name == "system" ? ThemeMode::System
                           : savedThemeMode();
}

/// What the program does without its window: patchbay NAME …
struct Command {
    const char *name;
    int (*run)(int argc, char **argv);
};
constexpr Command kCommands[] = {{"figure", figure_command}, {"report", report_command}, {"recipe", recipe_command}};

const Command *commandNamed(const char *name)
{
    for (const Command &command : kCommands)
        if (qstrcmp(command.name, name) == 0)
            return &command;
    return nullptr;
}

/// What is on screen first. Nobody goes on with a project that nobody looks at.
void open(MainWindow &window, const WindowOptions &options)
{
    const QString model = QString::fromStdString(options.model.empty() ? "demo" : options.model);
    const QString file = QString::fromStdString(options.file);
    const bool project = !file.isEmpty() && is_project(options.file);
    if (options.unseen())
        window.start(model);
    else if (project)
        window.project().open(file);
    else if (options.model.empty() && !options.fresh && file.isEmpty())
        window.project().continueLast();
    else
        window.project().startNew(model);
    if (!file.isEmpty() && !project)
        window.openFirst(file);
}

} // namespace

int main(int argc, char **argv)
{
    if (const Command *command = commandNamed(argc > 1 ? argv[1] : "")) {
        const auto app = start_qt_unseen(argv);
        return command->run(argc - 1, argv + 1);
    }
    WindowOptions options;
    if (const std::optional<int> code = read_window_options(argc, argv, options))
        return *code;
    const bool unseen = options.unseen() && !options.platform_chosen && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM");
    const auto app = unseen ? start_qt_unseen(argv) : start_qt(argc, argv);
    applyTheme(themeOf(options.theme));
    const auto quit = [](int code) { QApplication::exit(code); };
    if (!options.gallery.empty()) {
        QTimer::singleShot(0, app.get(), [&] { makeGallery(QString::fromStdString(options.gallery), quit); });
        return QApplication::exec();
    }
    MainWindow window;
    closeWindowsOnSignals(app.get());
    if (options.width > 0 || !options.screenshot.empty()) {
        window.resize(options.width > 0 ? QSize(options.width, options.height) : QSize(1280, 800));
        window.useDefaultLayout();
    }
    window.show();
    open(window, options);
    if (!options.screenshot.empty())
        takeScreenshot(window, QString::fromStdString(options.screenshot), quit);
    return QApplication::exec();
}
