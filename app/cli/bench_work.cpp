#include "bench_work.h"

#include "base/error.h"
#include "task/ioi_roles.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace patchbay::cli {

namespace {

ModelConfig pythia(int layers, int heads, int d_model)
{
    ModelConfig c;
    c.family = "gpt_neox";
    c.n_layers = layers;
    c.n_heads = c.n_kv_heads = heads;
    c.d_model = d_model;
    c.d_head = d_model / heads;
    c.d_mlp = 4 * d_model;
    c.d_vocab = 50304;
    c.n_ctx = 2048;
    c.parallel = true;
    c.rotary_dim = c.d_head / 4;
    return c;
}

ModelConfig gpt2()
{
    ModelConfig c;
    c.family = "gpt2";
    c.n_layers = c.n_heads = c.n_kv_heads = 12;
    c.d_model = 768;
    c.d_head = 64;
    c.d_mlp = 3072;
    c.d_vocab = 50257;
    c.n_ctx = 1024;
    c.activation = Activation::GeluNew;
    c.tied_embedding = true;
    return c;
}

// Where END is and how far S2 is before it: a sample of the same spread as the reference's mixed set of 70 with
// seed 42.
struct Layout {
    int end, distance;
};
constexpr Layout layouts[] = {{14, 4}, {13, 2}, {18, 6}, {14, 4}, {17, 5}, {16, 4}, {18, 6}, {14, 4}, {19, 6}, {13, 2},
                              {16, 4}, {14, 4}, {17, 5}, {18, 6}, {14, 4}, {16, 4}, {19, 6}, {13, 2}, {17, 4}, {14, 4}};
constexpr int layout_context = 20; // tokens of the longest

} // namespace

ModelConfig bench_geometry(const std::string &name)
{
    if (name == "pythia-70m")
        return pythia(6, 8, 512);
    if (name == "pythia-160m")
        return pythia(12, 12, 768);
    if (name == "pythia-410m")
        return pythia(24, 16, 1024);
    if (name == "gpt2")
        return gpt2();
    throw Error(name, "is not a geometry; one of pythia-70m, pythia-160m, pythia-410m, gpt2");
}

PromptBatch bench_batch(int prompts, int context, int64_t d_vocab, uint64_t seed)
{
    if (context < layout_context)
        throw Error("context", "must be at least " + std::to_string(layout_context) + " tokens");
    if (d_vocab < 8)
        throw Error("vocabulary", "must have at least 8 tokens");
    std::mt19937_64 random(seed);
    const auto token = [&] { return int64_t(((random() >> 32) * uint64_t(d_vocab)) >> 32); };
    const auto scaled = [&](int value) { return int(std::lround(double(value) * context / layout_context)); };
    PromptBatch batch;
    batch.prompts = prompts;
    batch.width = context;
    for (int p = 0; p < prompts; ++p) {
        const Layout &layout = layouts[size_t(p) % std::size(layouts)];
        const int end = std::min(scaled(layout.end + 1) - 1, context - 1);
        const int s2 = end - scaled(layout.distance);
        const int first = scaled(2), second = scaled(4);
        const int64_t io = token();
        int64_t s = token();
        while (s == io)
            s = token();
        const size_t row = batch.clean.size();
        for (int i = 0; i < context; ++i)
            batch.clean.push_back(i <= end ? token() : 0);
        const bool io_first = p % 2 == 0;
        batch.clean[row + size_t(io_first ? first : second)] = io;
        batch.clean[row + size_t(io_first ? second : first)] = s;
        batch.clean[row + size_t(s2)] = s;
        batch.flipped.insert(batch.flipped.end(), batch.clean.begin() + std::ptrdiff_t(row), batch.clean.end());
        batch.flipped[row + size_t(s2)] = io;
        batch.end.push_back(end);
        batch.io.push_back(io);
        batch.s.push_back(s);
        batch.roles[ioi::io].push_back(io_first ? first : second);
        batch.roles[ioi::s1].push_back(io_first ? second : first);
        batch.roles[ioi::s2].push_back(s2);
    }
    return batch;
}

std::vector<std::string> bench_works()
{
    return {"W1", "W2", "W3", "W4"};
}

RunSpec bench_spec(const std::string &work, const ModelConfig &config)
{
    RunSpec spec;
    spec.task.kind = "batch";
    ActPatch sweep;
    PathPatch path;
    path.direction = Direction::Noise;
    if (work == "W1") {
        spec.method = sweep;
    } else if (work == "W4") {
        sweep.sites = {Site::Z, Site::Q, Site::K, Site::V, Site::Pattern};
        spec.method = sweep;
    } else if (work == "W2") {
        path.receivers.nodes = {{Site::ResidPost, config.n_layers - 1, -1}};
        spec.method = path;
    } else if (work == "W3") {
        // Layers 8, 9 and 10 of 12, two heads each.
        const int first = config.n_layers * 2 / 3, heads = config.n_heads;
        std::vector<Node> &nodes = path.receivers.nodes;
        for (int i = 0; i < 6; ++i) {
            const Node node{Site::Q, std::min(first + i / 2, config.n_layers - 1), (1 + 5 * i) % heads};
            if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
                nodes.push_back(node);
        }
        spec.method = path;
    } else {
        throw Error(work, "is not a workload; one of W1, W2, W3, W4");
    }
    return spec;
}

} // namespace patchbay::cli
