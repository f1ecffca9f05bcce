#include "task/python_random.h"

#include <algorithm>
#include <bit>

namespace patchbay {

PythonRandom::PythonRandom(int64_t seed)
{
    const uint64_t magnitude = seed < 0 ? 0 - static_cast<uint64_t>(seed) : static_cast<uint64_t>(seed);
    std::vector<uint32_t> key{static_cast<uint32_t>(magnitude)};
    if (magnitude >> 32)
        key.push_back(static_cast<uint32_t>(magnitude >> 32));

    auto &mt = m_state;
    mt[0] = 19650218;
    for (uint32_t i = 1; i < size; ++i)
        mt[i] = 1812433253U * (mt[i - 1] ^ (mt[i - 1] >> 30)) + i;
    size_t i = 1, j = 0;
    const auto advance = [&] {
        if (++i == size) {
            mt[0] = mt[size - 1];
            i = 1;
        }
    };
    for (size_t k = 0; k < std::max(size, key.size()); ++k) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1664525U)) + key[j] + static_cast<uint32_t>(j);
        advance();
        j = (j + 1) % key.size();
    }
    for (size_t k = 0; k < size - 1; ++k) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1566083941U)) - static_cast<uint32_t>(i);
        advance();
    }
    mt[0] = 0x80000000U;
}

void PythonRandom::refill()
{
    constexpr size_t half = 397;
    for (size_t i = 0; i < size; ++i) {
        const uint32_t mixed = (m_state[i] & 0x80000000U) | (m_state[(i + 1) % size] & 0x7fffffffU);
        m_state[i] = m_state[(i + half) % size] ^ (mixed >> 1) ^ (mixed & 1 ? 0x9908b0dfU : 0);
    }
    m_next = 0;
}

uint32_t PythonRandom::word()
{
    if (m_next == size)
        refill();
    uint32_t y = m_state[m_next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

uint32_t PythonRandom::getrandbits(int bits)
{
    return word() >> (32 - bits);
}

double PythonRandom::random()
{
    const uint32_t high = word() >> 5; // 27 bits
    const uint32_t low = word() >> 6;  // 26 bits
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

uint32_t PythonRandom::below(uint32_t n)
{
    // As many bits as n itself has, not n - 1: for a power of two, half of the words are thrown away, as in Python.
    const int bits = std::bit_width(n);
    uint32_t drawn = getrandbits(bits);
    while (drawn >= n)
        drawn = getrandbits(bits);
    return drawn;
}

} // namespace patchbay
