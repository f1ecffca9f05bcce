#include "edges/circuit.h"

#include "patching/detail/draws.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

Inclusion inclusion(const EdgeGraph &graph, std::span<const float> per_prompt, int prompts, int64_t n, EdgeOrder order,
                    int samples, uint64_t seed)
{
    Inclusion out{std::vector<float>(graph.cells()), std::vector<float>(size_t(graph.writers()))};
    detail::Draws draws(seed);
    std::vector<float> scores(graph.cells()), times(static_cast<size_t>(prompts));
    for (int sample = 0; sample < samples; ++sample) {
        std::fill(times.begin(), times.end(), 0.f);
        for (int i = 0; i < prompts; ++i)
            times[size_t(draws.below(prompts))] += 1;
        for (int w = 0; w < graph.writers(); ++w)
            for (int r = 0; r < graph.readers(); ++r) {
                if (!graph.is_edge({w, r}))
                    continue;
                const size_t cell = graph.cell({w, r});
                const float *own = per_prompt.data() + cell * size_t(prompts);
                float sum = 0;
                for (int p = 0; p < prompts; ++p)
                    sum += times[size_t(p)] * own[p];
                scores[cell] = sum;
            }
        const EdgeMask kept = pruned(graph, top_edges(graph, scores, n, order));
        for (size_t i = 0; i < kept.size(); ++i)
            out.edges[i] += kept[i];
        for (const int node : nodes_of(graph, kept))
            out.nodes[size_t(node)] += 1;
    }
    for (std::vector<float> *counts : {&out.edges, &out.nodes})
        for (float &value : *counts)
            value /= float(std::max(samples, 1));
    return out;
}

} // namespace patchbay
