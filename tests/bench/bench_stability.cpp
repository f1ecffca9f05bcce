// What is computed again from per-prompt values when a result is shown: ranks over resampled prompts, and intervals.
#include "patching/stability.h"

#include <benchmark/benchmark.h>

#include <random>

using namespace patchbay;

namespace {

/// 144 heads, 70 prompts.
struct Sweep {
    Sweep()
    {
        std::mt19937 random(1);
        std::normal_distribution<float> noise;
        grid.name = "denoise.z";
        grid.axes = {"layer", "head"};
        grid.shape = {12, 12};
        grid.prompts = 70;
        grid.state.assign(144, CellState::Exact);
        for (int cell = 0; cell < 144; ++cell) {
            const float mean = noise(random);
            for (int p = 0; p < grid.prompts; ++p)
                grid.per_prompt.push_back(mean + noise(random));
        }
        for (int p = 0; p < grid.prompts; ++p) {
            baseline.clean.push_back(3 + noise(random));
            baseline.flipped.push_back(-3 + noise(random));
        }
        baseline.clean_mean = 3;
        baseline.flipped_mean = -3;
    }
    Grid grid;
    Baseline baseline;
};

void ranks(benchmark::State &state)
{
    const Sweep sweep;
    for (auto _ : state)
        benchmark::DoNotOptimize(stability(sweep.grid, sweep.baseline, usual_top, 1000));
}

void intervals(benchmark::State &state)
{
    const Sweep sweep;
    for (auto _ : state)
        for (int cell = 0; cell < 144; ++cell)
            benchmark::DoNotOptimize(bootstrap_half_width(sweep.grid, cell, sweep.baseline, 1000));
}

} // namespace

BENCHMARK(ranks)->Name("ranks of 144 heads, 70 prompts, 1,000 resamples")->Unit(benchmark::kMillisecond);
BENCHMARK(intervals)->Name("intervals of the same")->Unit(benchmark::kMillisecond);
BENCHMARK_MAIN();
