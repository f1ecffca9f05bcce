// The random numbers of Python's random.Random, so that the same seed draws the same prompts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace patchbay {

/// The Mersenne Twister MT19937, seeded and read as CPython does. Seeding with an integer is not that of std::mt19937.
class PythonRandom {
public:
    /// The sign of the seed is ignored.
    explicit PythonRandom(int64_t seed);

    /// The next 32 bits.
    uint32_t word();
    /// The next word's highest bits, 1 to 32 of them.
    uint32_t getrandbits(int bits);
    /// A double in [0, 1), of 53 bits.
    double random();
    /// An integer from 0 to n - 1; n is at least 1.
    uint32_t below(uint32_t n);
    /// An integer from low to high, both included.
    int64_t randint(int64_t low, int64_t high) { return low + below(static_cast<uint32_t>(high - low + 1)); }

    /// An element of a list that is not empty.
    template <typename T>
    const T &choice(const std::vector<T> &list)
    {
        return list[below(static_cast<uint32_t>(list.size()))];
    }
    template <typename T>
    void shuffle(std::vector<T> &list)
    {
        for (size_t i = list.size(); i-- > 1;)
            std::swap(list[i], list[below(static_cast<uint32_t>(i + 1))]);
    }

private:
    static constexpr size_t size = 624;
    void refill();
    std::array<uint32_t, size> m_state{};
    size_t m_next = size;
};

} // namespace patchbay
