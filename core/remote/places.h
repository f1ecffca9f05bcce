// Other places to compute, by name: each a command that starts the server there.
#pragma once

#include "remote/client.h"

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay::remote {

struct Place {
    std::string name;
    std::string command; ///< of a shell, such as "ssh host patchbay-cli serve --stdio"
    bool operator==(const Place &) const = default;
};

/// places.json in the folder of the program's settings; window and command line share it. It need not exist.
std::filesystem::path places_file();
/// In the order in which they were made; none where there is no file. Throws Error naming the file and what is wrong
/// with it.
std::vector<Place> read_places();
/// Throws Error naming those that there are.
Place place_named(const std::string &name);
/// Adds it, or gives the place of this name another command. Throws Error where name or command are empty or have
/// characters that no line has, or the file cannot be written.
void put_place(const Place &place);
/// Throws Error naming those that there are where it is none of them.
void remove_place(const std::string &name);

/// How a place is asked for what is typed in: passwords, whether a host is known.
enum class Asking {
    Terminal, ///< by the command itself, on the terminal
    Window,   ///< by the program that SSH_ASKPASS names; there is no terminal
};
/// What starts the server of a place, through /bin/sh.
Command command_of(const Place &place, Asking asking);

/// What is found at a place.
struct PlaceTest {
    Hello there;
    double round_trip = 0; ///< seconds from a ping to its answer
};
/// Connects and asks. Throws Error with the cause, Cancelled.
PlaceTest test_place(const Command &command, const CancelToken &cancel);
/// For people: what and how much of it, such as {"Cores", "16"}.
std::vector<std::pair<std::string, std::string>> facts(const PlaceTest &test);

} // namespace patchbay::remote
