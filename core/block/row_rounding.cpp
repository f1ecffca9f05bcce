#include "block/detail/row_rounding.h"

#include "block/detail/gemm.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>

namespace patchbay::detail {

namespace {

constexpr int64_t most_rows = 1536, most_columns = 2048;

std::vector<float> random_numbers(int64_t count, std::mt19937 &random)
{
    std::vector<float> numbers(static_cast<size_t>(count));
    for (float &number : numbers)
        number = float(random() % 65536) / 16384.f - 2;
    return numbers;
}

/// compute(first, rows, out) → out [rows, width] of the rows first … first + rows − 1.
bool same_alone(int64_t width, const std::function<void(int64_t first, int64_t rows, float *out)> &compute)
{
    std::vector<float> together(size_t(most_rows * width)), alone(together.size());
    compute(0, most_rows, together.data());
    int64_t first = 0;
    for (const int64_t rows : {1, 2, 3, 5, 7, 8, 13, 18, 31, 32, 48, 100, 190, 333, 500, 1000}) {
        compute(first, rows, alone.data());
        if (std::memcmp(alone.data(), together.data() + first * width, size_t(rows * width) * sizeof(float)) != 0)
            return false;
        first = (first + 17) % 500;
    }
    return true;
}

} // namespace

bool rows_round_alike(const Block &block, const std::vector<std::pair<int64_t, int64_t>> &products)
{
    constexpr int64_t longest_vectors = 32; // elements that LibTorch's loops take at once
    const BlockTraits &t = block.traits();
    if (t.d_mlp % longest_vectors != 0)
        return false;
    std::mt19937 random(1);
    for (const auto &[inner, all_columns] : products) {
        const int64_t k = inner, n = std::min(all_columns, most_columns);
        const std::vector<float> a = random_numbers(most_rows * k, random), b = random_numbers(k * n, random);
        if (!same_alone(n, [&](int64_t first, int64_t rows, float *out) {
                gemm(rows, n, k, a.data() + first * k, k, b.data(), n, out, n);
            }))
            return false;
    }
    const int64_t D = t.d_model, HD = t.q_width(), S = t.qkv_width();
    const std::vector<float> x = random_numbers(most_rows * D, random), z = random_numbers(most_rows * HD, random);
    std::vector<float> normed(x.size());
    BlockBuffers work;
    const auto project = [&](int64_t first, int64_t rows, float *out) {
        block.attn_norm().apply(x.data() + first * D, normed.data(), rows);
        block.project(normed.data(), D, rows, 0, S, out, S);
    };
    const auto write = [&](int64_t first, int64_t rows, float *out) {
        block.write(z.data() + first * HD, rows, out, false, work);
    };
    const auto mlp = [&](int64_t first, int64_t rows, float *out) {
        block.mlp_norm().apply(x.data() + first * D, normed.data(), rows);
        block.mlp(normed.data(), rows, out, false, work);
    };
    return same_alone(S, project) && same_alone(D, write) && (t.d_mlp == 0 || same_alone(D, mlp));
}

} // namespace patchbay::detail
