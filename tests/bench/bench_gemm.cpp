// Matrix products at the shapes that the engine multiplies.
#include "before_libraries.h"
#include "block/gemm_rate.h"
#include "block/matrix_units.h"
#include "patching/session.h"

#include <benchmark/benchmark.h>

#include <algorithm>

namespace {

struct Shape {
    const char *use;
    int rows, columns, inner;
};

// d_model 768, 12 heads of 64, d_mlp 3072; rows of one, two and four cells of 70 prompts, and of END alone.
constexpr Shape shapes[] = {
    {"qkv, one cell", 385, 2304, 768},
    {"qkv, four cells", 1536, 2304, 768},
    {"W_O", 1536, 768, 768},
    {"W_in, one cell", 385, 3072, 768},
    {"W_in, four cells", 1536, 3072, 768},
    {"W_out, one cell", 385, 768, 3072},
    {"W_out, four cells", 1536, 768, 3072},
    {"END rows, W_in", 70, 3072, 768},
    {"END rows, W_out", 70, 768, 3072},
    {"one head's columns", 385, 64, 768},
    {"one head's rank, W_in", 385, 3072, 64},
    {"one head through W_in", 64, 3072, 768},
};

void product(benchmark::State &state, const Shape &shape, std::optional<patchbay::Precision> precision)
{
    double rate = 0;
    for (auto _ : state)
        rate = std::max(rate, patchbay::gemm_rate(shape.rows, shape.columns, shape.inner, precision));
    state.counters["flops_per_second"] = rate;
}

} // namespace

int main(int argc, char **argv)
{
    patchbay::set_threads(0);
    using patchbay::Precision;
    std::vector<std::optional<Precision>> precisions{std::nullopt};
    if (patchbay::has_matrix_units())
        precisions.insert(precisions.end(), {Precision::Strict, Precision::Split, Precision::Bf16});
    for (const Shape &shape : shapes)
        for (const auto &precision : precisions) {
            const std::string in = precision ? name(*precision) : "float32";
            benchmark::RegisterBenchmark((shape.use + (", " + in)).c_str(), product, shape, precision)
                ->Iterations(3)
                ->Unit(benchmark::kMillisecond);
        }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
