#include "remote/frame.h"

#include "base/error.h"
#include "base/json_field.h"

#include <algorithm>

namespace patchbay::remote {

namespace {

constexpr size_t header_bytes = 24, length_bytes = 8;

template <class Number>
void append(std::string &bytes, Number number)
{
    for (size_t i = 0; i < sizeof(Number); ++i)
        bytes.push_back(char((number >> (8 * i)) & 0xff));
}

template <class Number>
Number number_at(std::string_view bytes, size_t at)
{
    Number number = 0;
    for (size_t i = 0; i < sizeof(Number); ++i)
        number |= Number(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    return number;
}

std::string too_large(const char *what, uint64_t has, uint64_t most)
{
    return "has " + std::to_string(has) + " " + what + ", more than the " + std::to_string(most) + " that are let in";
}

} // namespace

uint64_t Frame::bytes() const
{
    uint64_t sum = json.size();
    for (const std::string &array : arrays)
        sum += array.size();
    return sum;
}

std::string why_too_large(const Frame &frame, const FrameLimits &limits)
{
    if (frame.json.size() > limits.json_bytes)
        return too_large("bytes of JSON", frame.json.size(), limits.json_bytes);
    if (frame.arrays.size() > limits.arrays)
        return too_large("arrays", frame.arrays.size(), limits.arrays);
    if (const uint64_t bytes = frame.bytes() - frame.json.size(); bytes > limits.array_bytes)
        return too_large("bytes of arrays", bytes, limits.array_bytes);
    return {};
}

std::string greeting(uint32_t version)
{
    std::string bytes(magic);
    append(bytes, version);
    return bytes;
}

void append_frame(std::string &bytes, const Frame &frame)
{
    bytes.reserve(bytes.size() + header_bytes + length_bytes * frame.arrays.size() + frame.bytes());
    append(bytes, frame.type);
    append(bytes, uint32_t(frame.arrays.size()));
    append(bytes, frame.id);
    append(bytes, uint64_t(frame.json.size()));
    for (const std::string &array : frame.arrays)
        append(bytes, uint64_t(array.size()));
    bytes += frame.json;
    for (const std::string &array : frame.arrays)
        bytes += array;
}

void FrameDecoder::feed(std::string_view bytes)
{
    // What was read goes when it is the larger part: every byte is moved a few times at most.
    if (m_at > m_bytes.size() / 2) {
        m_bytes.erase(0, m_at);
        m_at = 0;
    }
    m_bytes += bytes;
}

// At its first wrong byte, so that a shell's greeting or an error message is not waited out.
bool FrameDecoder::read_greeting()
{
    const std::string_view begin = rest();
    if (const std::string_view had = begin.substr(0, magic.size()); had != magic.substr(0, had.size()))
        throw Error(m_from, "does not speak Patchbay's protocol: it began with " + in_quotes(begin));
    if (begin.size() < magic.size() + sizeof(protocol_version))
        return false;
    if (const auto version = number_at<uint32_t>(begin, magic.size()); version != protocol_version)
        throw Error(m_from,
                    "speaks version " + std::to_string(version) + " of the protocol, this program version "
                        + std::to_string(protocol_version) + ": both sides need the same release of Patchbay");
    m_at += magic.size() + sizeof(protocol_version);
    return m_greeted = true;
}

std::optional<Frame> FrameDecoder::next()
{
    if (!m_greeted && !read_greeting())
        return std::nullopt;
    const std::string_view bytes = rest();
    if (bytes.size() < std::max(header_bytes, m_needed))
        return std::nullopt;
    Frame frame;
    frame.type = number_at<uint32_t>(bytes, 0);
    const uint64_t arrays = number_at<uint32_t>(bytes, 4);
    frame.id = number_at<uint64_t>(bytes, 8);
    const uint64_t json = number_at<uint64_t>(bytes, 16);
    const auto refuse = [this](const std::string &why) { throw Error(m_from, "sent a frame that " + why); };
    if (json > m_limits.json_bytes)
        refuse(too_large("bytes of JSON", json, m_limits.json_bytes));
    if (arrays > m_limits.arrays)
        refuse(too_large("arrays", arrays, m_limits.arrays));
    const uint64_t body = header_bytes + length_bytes * arrays;
    uint64_t sum = 0; // each of its parts is at most the limit, so it cannot overflow
    for (uint64_t i = 0; i < arrays && header_bytes + length_bytes * (i + 1) <= bytes.size(); ++i) {
        const uint64_t length = number_at<uint64_t>(bytes, header_bytes + length_bytes * i);
        if (length > m_limits.array_bytes || (sum += length) > m_limits.array_bytes)
            refuse(too_large("bytes of arrays", std::max(length, sum), m_limits.array_bytes));
    }
    if (bytes.size() < body || bytes.size() - body < json + sum) {
        m_needed = bytes.size() < body ? body : body + json + sum;
        return std::nullopt;
    }
    frame.json = bytes.substr(body, json);
    size_t at = body + json;
    for (uint64_t i = 0; i < arrays; ++i) {
        const uint64_t length = number_at<uint64_t>(bytes, header_bytes + length_bytes * i);
        frame.arrays.emplace_back(bytes.substr(at, length));
        at += length;
    }
    m_at += at;
    m_needed = 0;
    return frame;
}

} // namespace patchbay::remote
