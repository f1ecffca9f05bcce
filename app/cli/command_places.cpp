// patchbay-cli places: other machines to compute on, each a name and the command that starts the server there.
#include "remote/places.h"

#include "command.h"
#include "console.h"
#include "interrupt.h"
#include "options.h"

namespace patchbay::cli {

namespace {

using nlohmann::ordered_json;
using namespace remote;

struct Options {
    std::string name, command;
    OutputOptions output;
};

int list(const Options &, Console &console)
{
    ordered_json places = ordered_json::array();
    std::vector<std::vector<std::string>> rows;
    for (const Place &place : read_places()) {
        places.push_back({{"name", place.name}, {"command", place.command}});
        rows.push_back({place.name, place.command});
    }
    console.print({{"file", places_file().string()}, {"places", places}});
    if (rows.empty())
        console.say("there is no other place yet: patchbay-cli places add NAME COMMAND");
    for (const std::string &line : aligned(rows))
        console.say(line);
    return 0;
}

int add(const Options &options, Console &console)
{
    put_place({options.name, options.command});
    console.print({{"name", options.name}, {"command", options.command}});
    console.say("added; patchbay-cli places test " + options.name + " says what is there");
    return 0;
}

int remove(const Options &options, Console &console)
{
    remove_place(options.name);
    console.print({{"removed", options.name}});
    console.say("removed");
    return 0;
}

int test(const Options &options, Console &console)
{
    const PlaceTest found = test_place(command_of(place_named(options.name), Asking::Terminal), cancel_on_interrupt());
    const Hello &there = found.there;
    ordered_json models = ordered_json::array();
    for (const CachedModel &model : there.cache.models)
        for (const CachedSnapshot &one : model.snapshots)
            models.push_back({{"reference", one.reference}, {"opens", one.problem.empty()}, {"bytes", one.bytes}});
    console.print({{"name", options.name},
                   {"version", there.program},
                   {"own_version", program_version()},
                   {"cores", there.cores},
                   {"memory", there.memory},
                   {"device", there.device},
                   {"round_trip_seconds", found.round_trip},
                   {"cache", there.cache.folder.string()},
                   {"models", models}});
    std::vector<std::vector<std::string>> rows;
    for (const auto &[what, value] : facts(found))
        rows.push_back({what, value});
    for (const std::string &line : aligned(rows))
        console.say(line);
    return 0;
}

} // namespace

Runner add_places(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    using Run = int (*)(const Options &, Console &);
    const auto chosen = std::make_shared<Run>(list);
    app.require_subcommand(0, 1);
    const auto command = [&](const char *name, const char *help, Run run, bool named) {
        CLI::App *sub = app.add_subcommand(name, help);
        if (named)
            sub->add_option("name", options->name, "What the place is called")->required()->type_name("NAME");
        options->output.add(*sub, "");
        sub->callback([chosen, run] { *chosen = run; });
        return sub;
    };
    command("list", "The places that there are; also without a word", list, false);
    command("add", "Another place, or another command for one that is there", add, true)
        ->add_option("command", options->command,
                     "What starts the server there, as one word of the shell: \"ssh HOST patchbay-cli serve --stdio\"")
        ->required()
        ->type_name("COMMAND");
    command("remove", "Forget a place", remove, true);
    command("test", "Connect to a place: version, cores, memory, device and models there", test, true);
    app.footer("Commands that compute take --at NAME. Passwords and keys are ssh's own and never kept. Places are in "
               "places.json in the folder of the settings (~/.config/patchbay).");
    return [options, chosen] {
        Console console(options->output.json, options->output.quiet);
        return (*chosen)(*options, console);
    };
}

} // namespace patchbay::cli
