// What the two ends of a connection say to each other, as values and as frames.
#pragma once

#include "base/error.h"
#include "hub/listing.h"
#include "patching/event.h"
#include "remote/frame.h"
#include "requests/request.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace patchbay::remote {

/// Types of frames: the client sends those up to Ping, the server Hello and those from Pong on.
enum class Type : uint32_t {
    Hello = 1,    ///< the first of either side: who is there
    Request = 2,  ///< with an id of its own
    Cancel = 3,   ///< the request with this id
    Want = 4,     ///< the head whose cells are to be computed next
    Ping = 5,     ///< is answered at once, with the same id, whatever is computed
    Pong = 16,    ///< from the server, as are those that follow
    Beat = 17,    ///< sent where nothing else was for a while: the connection is there
    Event = 18,   ///< of the request with this id; Done and Failed are its last
    Dropped = 19, ///< the request with this id was superseded, or cancelled before it had anything to show
    Trouble = 20, ///< why the server ends: the client broke the rules
};

/// Who is there.
struct Hello {
    std::string program; ///< its version
    // What follows a server says.
    int cores = 0;       ///< that it may use
    uint64_t memory = 0; ///< bytes that it may use
    std::string device;  ///< "cpu"
    CacheListing cache;  ///< models of the Hugging Face cache there
};

/// A file that a request names, where the other side has not got it.
struct SentFile {
    std::string name; ///< as the request names it
    std::vector<uint8_t> bytes;
};

/// A request with how it behaves towards others (JobPolicy of the window's backend).
struct Asked {
    Request request;
    std::string tag = {};    ///< a new one of the same tag supersedes older ones; empty: none
    bool interrupts = false; ///< it also stops a running one of the same tag inside of a part
    std::vector<SentFile> files = {};
};

/// Says what cannot be read: one request is refused with it, the connection goes on.
class BadMessage : public Error {
public:
    using Error::Error;
};

Frame frame_of(const Hello &hello);
Frame frame_of(uint64_t id, const Asked &asked);
Frame frame_of(uint64_t id, const Event &event);
Frame frame_of_want(std::optional<Head> head);
Frame frame_of_trouble(const std::string &why);
/// A frame that says nothing but its type.
Frame plain_frame(Type type, uint64_t id = 0);

// The other way. from: who sent it. All throw BadMessage naming the place in it.
Hello hello_of(Frame frame, const std::string &from, const FrameLimits &limits = {});
Asked asked_of(Frame frame, const std::string &from, const FrameLimits &limits = {});
Event event_of(Frame frame, const std::string &from, const FrameLimits &limits = {});
std::optional<Head> wanted_of(Frame frame, const std::string &from);
std::string trouble_of(Frame frame, const std::string &from);

} // namespace patchbay::remote
