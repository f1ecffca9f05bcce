// Random draws that are the same on every machine and cheap enough for a thousand resamples under the mouse.
#pragma once

#include <cstdint>

namespace patchbay::detail {

/// SplitMix64.
class Draws {
public:
    explicit Draws(uint64_t seed) : m_state(seed) { }
    int below(int limit)
    {
        uint64_t x = m_state += 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        x ^= x >> 31;
        return static_cast<int>(((x >> 32) * uint64_t(limit)) >> 32);
    }

private:
    uint64_t m_state;
};

} // namespace patchbay::detail
