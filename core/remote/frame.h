// Messages as bytes: how two ends of a stream cut it into frames. Pure functions of bytes; what a frame says is for
// message.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::remote {

/// Each side begins with these bytes and the version, as a number of four bytes. All numbers are little-endian.
inline constexpr std::string_view magic = "PATCHBAY";
/// Of the frames and of what stands in them: both sides must have the same.
inline constexpr uint32_t protocol_version = 1;

/// Header: type (4 bytes), number of arrays (4), id (8), length of the JSON (8), and of each array (8 each); then the
/// JSON, then the arrays.
struct Frame {
    uint32_t type = 0;
    uint64_t id = 0;                 ///< of the request that it belongs to; 0: of none
    std::string json;                ///< UTF-8; may be empty
    std::vector<std::string> arrays; ///< raw numbers, which the JSON says the kind of
    /// Bytes of what it holds, without the header.
    uint64_t bytes() const;
};

/// What is let in, and sent at all.
struct FrameLimits {
    uint64_t json_bytes = uint64_t(64) << 20;
    uint32_t arrays = uint32_t(1) << 20;
    uint64_t array_bytes = uint64_t(1) << 30; ///< of all arrays of a frame together
    /// Values that a result may have for cells that it does not send: room is made for them without a byte arriving.
    uint64_t missing_values = uint64_t(1) << 27;
};
/// Why a frame is too large for them; empty where it is not.
std::string why_too_large(const Frame &frame, const FrameLimits &limits);

/// What a side begins with.
std::string greeting(uint32_t version = protocol_version);
/// Appends a frame's bytes.
void append_frame(std::string &bytes, const Frame &frame);

/// Takes bytes as they arrive, in pieces of any size, and gives frames. It holds no more memory than what has arrived.
class FrameDecoder {
public:
    /// from: who sends, for messages.
    explicit FrameDecoder(std::string from, const FrameLimits &limits = {}) : m_from(std::move(from)), m_limits(limits)
    {
    }
    void feed(std::string_view bytes);
    /// The next whole frame; nothing until more has arrived. Throws Error where the stream does not begin with the
    /// magic bytes, is of another version, or a frame is too large; after that nothing can be read any more.
    std::optional<Frame> next();
    /// Whether the other side has begun as it should.
    bool greeted() const { return m_greeted; }
    /// Whether the stream would break off within the greeting or a frame if it ended here.
    bool within() const { return m_at < m_bytes.size(); }

private:
    std::string_view rest() const { return std::string_view(m_bytes).substr(m_at); }
    bool read_greeting();

    std::string m_from;
    FrameLimits m_limits;
    std::string m_bytes;
    size_t m_at = 0;     ///< up to where it has been read
    size_t m_needed = 0; ///< bytes without which the next frame need not be looked at
    bool m_greeted = false;
};

} // namespace patchbay::remote
