// From the click on a head to the numbers of its attention: what the worker computes on cached runs of a model of
// pythia-160m's geometry. The window adds the way to the worker and back and one repaint (bench_window).
#include "before_libraries.h"
#include "cli/bench_work.h"
#include "model/model.h"
#include "patching/session.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

namespace {

void click(benchmark::State &state, patchbay::AttentionKind kind)
{
    using namespace patchbay;
    const ModelConfig config = cli::bench_geometry("pythia-160m");
    static Session session(Model::random(config, 1), cli::bench_batch(70, 20, config.d_vocab, 1), Resources());
    session.baseline();
    std::vector<double> seconds;
    int head = 0;
    for (auto _ : state) {
        const auto start = std::chrono::steady_clock::now();
        benchmark::DoNotOptimize(session.attention({head / config.n_heads, head % config.n_heads}, false, kind));
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        head = (head + 7) % (config.n_layers * config.n_heads);
    }
    std::sort(seconds.begin(), seconds.end());
    state.counters["p95_ms"] = 1e3 * seconds[seconds.size() * 95 / 100];
}

} // namespace

BENCHMARK_CAPTURE(click, weights, patchbay::AttentionKind::Plain)->Iterations(300)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(click, value_weighted, patchbay::AttentionKind::ValueWeighted)
    ->Iterations(300)
    ->Unit(benchmark::kMillisecond);

int main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
