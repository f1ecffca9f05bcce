// Frames and the messages in them, as they arrive from the other end; what was read is written and read back as the
// same.
#include "fuzz/fuzz_input.h"
#include "remote/message.h"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace patchbay;
using namespace patchbay::remote;

// No room for what the bytes only claim.
constexpr FrameLimits limits{1 << 20, 1 << 12, 1 << 20, 1 << 16};

bool same(const Frame &a, const Frame &b)
{
    return a.type == b.type && a.id == b.id && a.json == b.json && a.arrays == b.arrays;
}

template <class Read, class Write>
void read_twice(const Frame &frame, Read read, Write write)
{
    fuzz::refuse_or_read([&] {
        const Frame once = write(read(frame));
        if (why_too_large(once, limits).empty() && !same(write(read(once)), once))
            std::abort();
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FrameDecoder decoder("input", limits);
    fuzz::refuse_or_read([&] {
        decoder.feed(greeting());
        const size_t piece = size > 0 ? 1 + size_t(data[size - 1]) * 16 : 1;
        for (size_t at = 0; at < size; at += piece) {
            decoder.feed(fuzz::text(data + at, std::min(piece, size - at)));
            while (const std::optional<Frame> frame = decoder.next()) {
                read_twice(
                    *frame, [](Frame f) { return asked_of(std::move(f), "input", limits); },
                    [&](const Asked &asked) { return frame_of(frame->id, asked); });
                read_twice(
                    *frame, [](Frame f) { return event_of(std::move(f), "input", limits); },
                    [&](const Event &event) { return frame_of(frame->id, event); });
                read_twice(
                    *frame, [](Frame f) { return hello_of(std::move(f), "input", limits); },
                    [](const Hello &hello) { return frame_of(hello); });
                fuzz::refuse_or_read([&] { wanted_of(*frame, "input"); });
            }
        }
    });
    FrameDecoder from_the_start("input", limits);
    fuzz::refuse_or_read([&] {
        from_the_start.feed(fuzz::text(data, size));
        from_the_start.next();
    });
    return 0;
}
