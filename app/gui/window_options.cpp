#include "window_options.h"

#include "patching/session.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

namespace patchbay {

namespace {

/// Qt's own options, which QApplication takes out of the command line; the first ones have a value.
constexpr std::array<std::string_view, 15> qt_values{
    "platform",    "platformpluginpath", "platformtheme", "plugin",  "qwindowgeometry",
    "qwindowicon", "qwindowtitle",       "icon",          "title",   "geometry",
    "style",       "stylesheet",         "session",       "display", "name"};
constexpr std::array<std::string_view, 5> qt_flags{"reverse", "nograb", "dograb", "sync", "widgetcount"};

template <typename Names>
bool is_one_of(const Names &names, std::string_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The arguments that are not Qt's, in the order that CLI11 takes a vector in: the last one first.
std::vector<std::string> own_arguments(int argc, char **argv, bool &platform)
{
    std::vector<std::string> own;
    for (int i = 1; i < argc; ++i) {
        std::string_view name = argv[i];
        if (name.starts_with("-"))
            name.remove_prefix(name.starts_with("--") ? 2 : 1);
        const std::string_view before = name.substr(0, name.find('='));
        if (argv[i][0] != '-' || !(is_one_of(qt_values, before) || is_one_of(qt_flags, name))) {
            own.insert(own.begin(), argv[i]);
            continue;
        }
        platform = platform || before == "platform";
        if (before == name && is_one_of(qt_values, name))
            ++i;
    }
    return own;
}

/// "1280x800"; empty when it is one, otherwise what is wrong, as CLI11 wants it from a check.
std::string read_size(const std::string &text, int &width, int &height)
{
    const char *const end = text.data() + text.size();
    const auto [middle, first] = std::from_chars(text.data(), end, width);
    if (first == std::errc() && middle != end && *middle == 'x') {
        const auto [last, second] = std::from_chars(middle + 1, end, height);
        if (second == std::errc() && last == end && std::min(width, height) > 0 && std::max(width, height) <= 16384)
            return {};
    }
    return text + " is not a size such as 1280x800";
}

} // namespace

std::optional<int> read_window_options(int argc, char **argv, WindowOptions &options)
{
    CLI::App app("Find circuits in transformer language models.\nWithout a window: patchbay figure --help, recipe "
                 "--help, report --help",
                 "patchbay");
    app.set_version_flag("-v,--version", "patchbay " + program_version());
    app.add_option(
           "--model", options.model,
           "Begin a new project with this Hugging Face folder, or a model of the Hugging Face cache by its name (demo: "
           "the embedded model)")
        ->type_name("DIR|NAME[@REVISION]");
    app.add_option("file", options.file,
                   "Open this project (.patchbay); or a result, a figure, prompts, a task file, the folder of a series "
                   "or of a recipe, in a new project. Without it, the last project comes back")
        ->type_name("FILE|DIR")
        ->check(CLI::ExistingPath); // a misspelt command is none
    app.add_flag("--new", options.fresh, "Begin a new project instead of going on with the last one");
    app.add_option("--screenshot", options.screenshot, "Run the first sweep, save a picture of the window, and quit")
        ->type_name("FILE");
    app.add_option("--gallery", options.gallery, "Draw every view in every state into this folder, and quit")
        ->type_name("DIR");
    app.add_option("--theme", options.theme, "light, dark or system")
        ->check(CLI::IsMember({"light", "dark", "system"}));
    std::string size;
    app.add_option("--size", size, "Size of the window, with its default layout")
        ->type_name("WxH")
        ->check([&options](const std::string &text) { return read_size(text, options.width, options.height); });
    app.footer("Exit codes: 0 done, 1 failed, 2 wrong usage.");
    try {
        app.parse(own_arguments(argc, argv, options.platform_chosen));
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return std::nullopt;
}

} // namespace patchbay
