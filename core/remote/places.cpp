#include "remote/places.h"

#include "base/config_dir.h"
#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "io/array_files.h"
#include "patching/session.h"

#include <algorithm>
#include <chrono>

namespace patchbay::remote {

namespace fs = std::filesystem;

namespace {

constexpr const char *places_format = "patchbay-places";

std::string names_of(const std::vector<Place> &places)
{
    std::vector<std::string> names;
    for (const Place &place : places)
        names.push_back(place.name);
    return names.empty() ? "there is none yet (patchbay-cli places add NAME COMMAND)" : "there are " + listed(names);
}

auto found(std::vector<Place> &places, const std::string &name)
{
    const auto at = std::find_if(places.begin(), places.end(), [&](const Place &one) { return one.name == name; });
    if (at == places.end())
        throw Error(name, "is no place to compute: " + names_of(places));
    return at;
}

void write_places(const std::vector<Place> &places)
{
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Place &place : places)
        list.push_back({{"name", place.name}, {"command", place.command}});
    const nlohmann::ordered_json out{{"format", places_format}, {"places", std::move(list)}};
    const fs::path file = places_file();
    std::error_code failed;
    fs::create_directories(file.parent_path(), failed);
    if (failed)
        throw Error(file.parent_path().string(), "cannot be made: " + failed.message());
    write_file(file, out.dump(1) + "\n");
}

void check_text(const std::string &text, const std::string &what)
{
    if (trimmed(text).empty())
        throw Error(what, "is empty");
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
        throw Error(what, in_quotes(text) + " holds characters that no line has");
}

} // namespace

fs::path places_file()
{
    return config_folder() / "places.json";
}

std::vector<Place> read_places()
{
    const fs::path file = places_file();
    if (std::error_code ignored; !fs::exists(file, ignored))
        return {};
    const nlohmann::json json = read_json_file(file);
    const JsonField all(json, file.string());
    if (all.at("format").text() != places_format)
        all.at("format").fail(std::string("should be \"") + places_format + "\"");
    std::vector<Place> places;
    for (const JsonField &one : all.at("places").items())
        places.push_back({one.at("name").text(), one.at("command").text()});
    return places;
}

Place place_named(const std::string &name)
{
    std::vector<Place> places = read_places();
    return *found(places, name);
}

void put_place(const Place &place)
{
    check_text(place.name, "the name of a place");
    check_text(place.command, "the command of a place");
    std::vector<Place> places = read_places();
    const auto same =
        std::find_if(places.begin(), places.end(), [&](const Place &one) { return one.name == place.name; });
    if (same == places.end())
        places.push_back(place);
    else
        *same = place;
    write_places(places);
}

void remove_place(const std::string &name)
{
    std::vector<Place> places = read_places();
    places.erase(found(places, name));
    write_places(places);
}

Command command_of(const Place &place, Asking asking)
{
    Command command;
    command.words = {"/bin/sh", "-c", place.command};
    command.name = place.name;
    command.apart = asking == Asking::Window;
    if (command.apart)
        command.environment = {{"SSH_ASKPASS_REQUIRE", "force"}};
    return command;
}

PlaceTest test_place(const Command &command, const CancelToken &cancel)
{
    Client client(command, {}, cancel);
    const auto begin = std::chrono::steady_clock::now();
    client.ping(1);
    for (;;) {
        cancel.check();
        const std::optional<Client::News> news = client.poll(std::chrono::milliseconds(50));
        if (!news)
            continue;
        if (const Lost *lost = std::get_if<Lost>(&news->what))
            throw Error("", lost->why);
        if (std::holds_alternative<Client::Pong>(news->what))
            return {client.server(), std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
    }
}

std::vector<std::pair<std::string, std::string>> facts(const PlaceTest &test)
{
    const Hello &there = test.there;
    std::vector<std::pair<std::string, std::string>> out{
        {"Version",
         there.program
             + (there.program == program_version()
                    ? ""
                    : "; this one is " + program_version() + ", and their results may differ in rounding")},
        {"Cores", std::to_string(there.cores)},
        {"Memory", size_text(there.memory)},
        {"Device", there.device},
        {"Answers", "in " + fixed_text(1000 * test.round_trip, 1) + " ms"}};
    for (const CachedModel &model : there.cache.models)
        for (const CachedSnapshot &one : model.snapshots)
            out.emplace_back("Model",
                             one.reference + ", " + size_text(one.bytes)
                                 + (one.problem.empty() ? "" : ", cannot be opened: " + one.problem));
    if (there.cache.models.empty())
        out.emplace_back("Models", "none in " + there.cache.folder.string());
    return out;
}

} // namespace patchbay::remote
