#include "remote/message.h"

#include "base/json_field.h"
#include "remote/detail/values.h"

#include <array>
#include <tuple>

namespace patchbay::remote {

template <Is<Hello> Value, class Visit>
void visit_fields(Value &v, Visit &&visit)
{
    visit("program", v.program);
    visit("cores", v.cores);
    visit("memory", v.memory);
    visit("device", v.device);
    visit("cache", v.cache);
}

template <Is<SentFile> Value, class Visit>
void visit_fields(Value &v, Visit &&visit)
{
    visit("name", v.name);
    visit("bytes", v.bytes);
}

namespace {

constexpr std::array<const char *, std::variant_size_v<Request>> request_kinds{
    "set_up",       "run",          "attention",     "patched_attention", "try",         "intervals",
    "stability",    "begin_recipe", "edit_step",     "skip_step",         "forget_step", "save_recipe",
    "run_step",     "list_cache",   "plan_download", "list_revisions",    "download",    "open_series",
    "begin_series", "series_step",  "end_series",    "measure_series"};
constexpr std::array<const char *, std::variant_size_v<Event>> event_kinds{"started", "cells", "progress", "done",
                                                                           "failed"};

std::string text_of(const json &value)
{
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class T>
Frame packed(Type type, uint64_t id, const T &value)
{
    Frame frame = plain_frame(type, id);
    frame.json = text_of(Packer(frame).pack(value));
    return frame;
}

/// {"kind": …, "value": its fields}.
template <class Variant, size_t N>
json packed_kind(Frame &frame, const std::array<const char *, N> &kinds, const Variant &value)
{
    return {{"kind", kinds[value.index()]},
            {"value", std::visit([&](const auto &one) { return Packer(frame).pack(one); }, value)}};
}

template <class Variant, size_t N, size_t... I>
Variant unpacked_kind(Unpacker &unpacker, const JsonField &at, const std::array<const char *, N> &kinds,
                      std::index_sequence<I...>)
{
    const JsonField kind = at.at("kind");
    const std::string name = kind.text();
    std::optional<Variant> out;
    const auto one = [&]<size_t Which>(std::integral_constant<size_t, Which>) {
        if (name == kinds[Which])
            out = unpacker.unpack<std::variant_alternative_t<Which, Variant>>(at.at("value"));
    };
    (one(std::integral_constant<size_t, I>{}), ...);
    if (!out)
        kind.fail(in_quotes(name) + " is of no kind that this program knows");
    return std::move(*out);
}

/// Runs a reader of a frame's message; whatever is wrong with it comes out as BadMessage.
template <class Read>
auto reading(Frame &frame, const std::string &from, const FrameLimits &limits, Read &&read)
{
    try {
        const json message = parse_message(frame.json, from);
        Unpacker unpacker(std::move(frame.arrays), limits);
        return read(unpacker, JsonField(message, from, "message"));
    } catch (const Error &error) {
        throw BadMessage(error.subject(), error.cause());
    } catch (const json::exception &error) {
        throw BadMessage(from, error.what());
    }
}

} // namespace

std::string Unpacker::take(const JsonField &at)
{
    const JsonField which = at.at("raw");
    const size_t index = size_t(which.integer(0, std::numeric_limits<int>::max()));
    if (index >= m_arrays.size() || m_taken[index])
        which.fail("is no array of this message, or of another value");
    m_taken[index] = true;
    return std::move(m_arrays[index]);
}

void Unpacker::read_array(const JsonField &at, Array &out)
{
    const std::string type = at.at("type").text();
    read(at.at("shape"), out.shape);
    size_t count = 0;
    if (type == "F32") {
        read(at.at("values"), out.values.emplace<0>());
        count = out.floats().size();
    } else if (type == "I64") {
        read(at.at("values"), out.values.emplace<1>());
        count = out.ints().size();
    } else {
        at.at("type").fail("should be F32 or I64");
    }
    uint64_t product = 1;
    for (const int64_t size : out.shape) {
        if (size < 0 || (size > 0 && product > (uint64_t(1) << 40) / uint64_t(size)))
            at.fail("has an absurd shape");
        product *= uint64_t(size);
    }
    if (product != count)
        at.fail("has another shape than values");
}

Frame plain_frame(Type type, uint64_t id)
{
    Frame frame;
    frame.type = uint32_t(type);
    frame.id = id;
    return frame;
}

Frame frame_of(const Hello &hello)
{
    return packed(Type::Hello, 0, hello);
}

Frame frame_of(uint64_t id, const Asked &asked)
{
    Frame frame = plain_frame(Type::Request, id);
    json message = packed_kind(frame, request_kinds, asked.request);
    message["tag"] = asked.tag;
    message["interrupts"] = asked.interrupts;
    message["files"] = Packer(frame).pack(asked.files);
    frame.json = text_of(message);
    return frame;
}

Frame frame_of(uint64_t id, const Event &event)
{
    Frame frame = plain_frame(Type::Event, id);
    frame.json = text_of(packed_kind(frame, event_kinds, event));
    return frame;
}

Frame frame_of_want(std::optional<Head> head)
{
    return packed(Type::Want, 0, head);
}

Frame frame_of_trouble(const std::string &why)
{
    return packed(Type::Trouble, 0, why);
}

Hello hello_of(Frame frame, const std::string &from, const FrameLimits &limits)
{
    return reading(frame, from, limits,
                   [](Unpacker &unpacker, const JsonField &at) { return unpacker.unpack<Hello>(at); });
}

Asked asked_of(Frame frame, const std::string &from, const FrameLimits &limits)
{
    return reading(frame, from, limits, [](Unpacker &unpacker, const JsonField &at) {
        return Asked{unpacked_kind<Request>(unpacker, at, request_kinds,
                                            std::make_index_sequence<std::variant_size_v<Request>>{}),
                     at.at("tag").text(), at.at("interrupts").flag(),
                     unpacker.unpack<std::vector<SentFile>>(at.at("files"))};
    });
}

Event event_of(Frame frame, const std::string &from, const FrameLimits &limits)
{
    return reading(frame, from, limits, [](Unpacker &unpacker, const JsonField &at) {
        return unpacked_kind<Event>(unpacker, at, event_kinds, std::make_index_sequence<std::variant_size_v<Event>>{});
    });
}

std::optional<Head> wanted_of(Frame frame, const std::string &from)
{
    return reading(frame, from, {},
                   [](Unpacker &unpacker, const JsonField &at) { return unpacker.unpack<std::optional<Head>>(at); });
}

std::string trouble_of(Frame frame, const std::string &from)
{
    return reading(frame, from, {}, [](Unpacker &, const JsonField &at) { return at.text(); });
}

} // namespace patchbay::remote
