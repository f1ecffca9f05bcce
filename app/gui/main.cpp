// patchbay: the desktop program.
#include "../blas_setup.h"
#include "../openmp_waiting.h"
#include "figure_command.h"
#include "main_window.h"
#include "report_command.h"
#include "shell/app_theme.h"
#include "shell/gallery.h"
#include "shell/screenshot.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QTimer>

#include <clocale>

namespace {

struct Options {
    QString model, screenshot, gallery, theme;
    QSize size;
};

Options parse(const QApplication &app)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Find circuits in transformer language models.\n"
                                                    "Without a window: patchbay figure --help, recipe --help, report --help"));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption model(QStringLiteral("model"), QStringLiteral("Open this Hugging Face folder (demo: the embedded model)."),
                                   QStringLiteral("DIR"), QStringLiteral("demo"));
    const QCommandLineOption screenshot(QStringLiteral("screenshot"),
                                        QStringLiteral("Run the first sweep, save a picture of the window, and quit."), QStringLiteral("FILE"));
    const QCommandLineOption gallery(QStringLiteral("gallery"), QStringLiteral("Draw every view in every state into this folder, and quit."),
                                     QStringLiteral("DIR"));
    const QCommandLineOption theme(QStringLiteral("theme"), QStringLiteral("light, dark or system."), QStringLiteral("NAME"));
    const QCommandLineOption size(QStringLiteral("size"), QStringLiteral("Size of the window, with its default layout."), QStringLiteral("WxH"));
    parser.addOptions({model, screenshot, gallery, theme, size});
    parser.process(app);
    Options options{parser.value(model), parser.value(screenshot), parser.value(gallery), parser.value(theme), {}};
    const QStringList parts = parser.value(size).split(QLatin1Char('x'));
    if (parts.size() == 2)
        options.size = {parts[0].toInt(), parts[1].toInt()};
    return options;
}

patchbay::ThemeMode themeOf(const QString &name)
{
    using patchbay::ThemeMode;
    return name == QStringLiteral("light")    ? ThemeMode::Light
           : name == QStringLiteral("dark")   ? ThemeMode::Dark
           : name == QStringLiteral("system") ? ThemeMode::System
                                              : patchbay::savedThemeMode();
}

/// What the program does without its window: patchbay NAME …
struct Command {
    const char *name;
    int (*run)(int argc, char **argv);
};
constexpr Command kCommands[] = {{"figure", patchbay::figure_command}, {"report", patchbay::report_command}, {"recipe", patchbay::recipe_command}};

const Command *commandNamed(const char *name)
{
    for (const Command &command : kCommands)
        if (qstrcmp(command.name, name) == 0)
            return &command;
    return nullptr;
}

bool headless(int argc, char **argv)
{
    if (!qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY") || qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        return false;
    for (int i = 1; i < argc; ++i)
        if (qstrncmp(argv[i], "--screenshot", 12) == 0 || qstrncmp(argv[i], "--gallery", 9) == 0)
            return true;
    return argc > 1 && commandNamed(argv[1]);
}

} // namespace

int main(int argc, char **argv)
{
    patchbay::correct_blas_core(argv);
    if (headless(argc, argv))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication app(argc, argv);
    std::setlocale(LC_NUMERIC, "C"); // it has set the user's, under which the C library writes "85,5"
    QApplication::setApplicationName(QStringLiteral("patchbay"));
    QApplication::setApplicationDisplayName(QStringLiteral("Patchbay"));
    QApplication::setOrganizationName(QStringLiteral("patchbay"));
    QApplication::setDesktopFileName(QStringLiteral("patchbay"));
    if (const Command *command = commandNamed(argc > 1 ? argv[1] : ""))
        return command->run(argc - 1, argv + 1);
    const Options options = parse(app);
    patchbay::applyTheme(themeOf(options.theme));
    const auto quit = [](int code) { QApplication::exit(code); };
    if (!options.gallery.isEmpty()) {
        QTimer::singleShot(0, &app, [&] { patchbay::makeGallery(options.gallery, quit); });
        return QApplication::exec();
    }
    patchbay::MainWindow window;
    if (options.size.isValid() || !options.screenshot.isEmpty()) {
        window.resize(options.size.isValid() ? options.size : QSize(1280, 800));
        window.useDefaultLayout();
    }
    window.show();
    window.start(options.model);
    if (!options.screenshot.isEmpty())
        patchbay::takeScreenshot(window, options.screenshot, quit);
    return QApplication::exec();
}
