#include "block/row_rounding.h"

#include "block/detail/gemm.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace patchbay {

namespace {

constexpr int64_t most_rows = 1536, most_columns = 2048;

std::vector<float> random_numbers(size_t count, std::mt19937 &random)
{
    std::vector<float> numbers(count);
    for (float &number : numbers)
        number = float(random() % 65536) / 65536.f - 0.5f;
    return numbers;
}

} // namespace

bool rows_round_alike(const std::vector<std::pair<int64_t, int64_t>> &products)
{
    std::mt19937 random(1);
    for (const auto &[inner, all_columns] : products) {
        const int64_t columns = std::min(all_columns, most_columns);
        const std::vector<float> a = random_numbers(size_t(most_rows * inner), random),
                                 b = random_numbers(size_t(inner * columns), random);
        std::vector<float> together(size_t(most_rows * columns)), alone(together.size());
        detail::gemm(most_rows, columns, inner, a.data(), inner, b.data(), columns, together.data(), columns);
        for (const int64_t rows : {1, 2, 3, 5, 7, 8, 13, 18, 31, 32, 48, 100, 190, 333, 500, 1000, 1260})
            for (const int64_t first : {int64_t(0), int64_t(17)}) {
                detail::gemm(rows, columns, inner, a.data() + first * inner, inner, b.data(), columns, alone.data(),
                             columns);
                if (std::memcmp(alone.data(), together.data() + first * columns, size_t(rows * columns) * sizeof(float))
                    != 0)
                    return false;
            }
    }
    return true;
}

} // namespace patchbay
