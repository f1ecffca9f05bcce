#include "evaluation.h"

#include "copy_score.h"

#include <algorithm>

namespace patchbay::trainer {

namespace {

torch::Tensor logit_diff(const Network &network, const torch::Tensor &hidden, const Batch &b) // [batch]
{
    const auto logits = network.unembed(at_position(hidden, b.end)); // [batch, d_vocab]
    return (logits.gather(1, b.io.unsqueeze(1)) - logits.gather(1, b.s.unsqueeze(1))).squeeze(1);
}

double mean_diff(const Network &network, const torch::Tensor &ids, const Batch &b, const Hooks &hooks)
{
    return logit_diff(network, network.hidden(ids, hooks), b).mean().item<double>();
}

/// value with one head's entries taken from other; head is the dimension given.
torch::Tensor with_head(const torch::Tensor &value, const torch::Tensor &other, int64_t dim, int64_t head)
{
    auto out = value.clone();
    out.select(dim, head).copy_(other.select(dim, head));
    return out;
}

struct Runs {
    const Network &network;
    const Batch &batch;
    Trace clean, flipped;
    double clean_diff = 0, flipped_diff = 0;
    double gap() const { return clean_diff - flipped_diff; }
};

double denoise(const Runs &r, int64_t layer, int64_t head)
{
    Hooks hooks;
    hooks.z = [&](int64_t l, const torch::Tensor &z) {
        return l == layer ? with_head(z, r.clean.z[static_cast<size_t>(l)], 2, head) : z;
    };
    return (mean_diff(r.network, r.batch.flipped, r.batch, hooks) - r.flipped_diff) / r.gap();
}

/// All heads frozen as in the clean run, the sender's output from the flipped one, MLPs recomputed.
Hooks sender_hooks(const Runs &r, int64_t layer, int64_t head)
{
    Hooks hooks;
    hooks.z = [&r, layer, head](int64_t l, const torch::Tensor &) {
        const auto i = static_cast<size_t>(l);
        return l == layer ? with_head(r.clean.z[i], r.flipped.z[i], 2, head) : r.clean.z[i];
    };
    return hooks;
}

double direct(const Runs &r, int64_t layer, int64_t head)
{
    return (mean_diff(r.network, r.batch.ids, r.batch, sender_hooks(r, layer, head)) - r.clean_diff) / r.gap();
}

double to_queries(const Runs &r, const std::vector<HeadFigures> &receivers, int64_t layer, int64_t head)
{
    Trace recorded;
    Hooks hooks = sender_hooks(r, layer, head);
    hooks.trace = &recorded;
    r.network.hidden(r.batch.ids, hooks);
    Hooks replace;
    replace.q = [&](int64_t l, const torch::Tensor &q) {
        auto out = q;
        for (const HeadFigures &receiver : receivers) {
            if (receiver.layer == l)
                out = with_head(out, recorded.q[static_cast<size_t>(l)], 1, receiver.head);
        }
        return out;
    };
    return (mean_diff(r.network, r.batch.ids, r.batch, replace) - r.clean_diff) / r.gap();
}

double attention(const torch::Tensor &pattern, int64_t head, const torch::Tensor &from, const torch::Tensor &to)
{
    const auto rows = torch::arange(pattern.size(0));
    return pattern.index({rows, head, from, to}).mean().item<double>();
}

} // namespace

Evaluation evaluate(const Network &network, const Sentences &sentences, const Vocabulary &vocabulary, int64_t prompts,
                    uint64_t seed)
{
    torch::NoGradGuard no_grad;
    Random random(seed);
    std::vector<Example> examples(static_cast<size_t>(prompts));
    for (Example &example : examples)
        example = sentences.held_out(random, vocabulary);
    const Batch batch = make_batch(examples);

    Runs r{network, batch, {}, {}, 0, 0};
    Hooks trace_clean, trace_flipped;
    trace_clean.trace = &r.clean;
    trace_flipped.trace = &r.flipped;
    const auto hidden = network.hidden(batch.ids, trace_clean);
    const auto diff = logit_diff(network, hidden, batch);
    r.clean_diff = diff.mean().item<double>();
    r.flipped_diff = mean_diff(network, batch.flipped, batch, trace_flipped);

    Evaluation e;
    e.prompts = prompts;
    e.accuracy = (diff > 0).to(torch::kDouble).mean().item<double>();
    e.rank0 = (network.unembed(at_position(hidden, batch.end)).argmax(-1) == batch.io)
                  .to(torch::kDouble)
                  .mean()
                  .item<double>();
    e.clean = r.clean_diff;
    e.flipped = r.flipped_diff;
    const NetworkConfig &c = network.config();
    for (int64_t l = 0; l < c.layers; ++l) {
        const auto &pattern = r.clean.pattern[static_cast<size_t>(l)];
        for (int64_t h = 0; h < c.heads; ++h) {
            HeadFigures f;
            f.layer = l;
            f.head = h;
            f.denoise = denoise(r, l, h);
            f.direct = direct(r, l, h);
            f.end_io = attention(pattern, h, batch.end, batch.io_pos);
            f.end_s1 = attention(pattern, h, batch.end, batch.s1_pos);
            f.end_s2 = attention(pattern, h, batch.end, batch.s2_pos);
            f.s2_s1 = attention(pattern, h, batch.s2_pos, batch.s1_pos);
            const CopyScore copy = copy_score(network, r.clean.resid[0], batch, l, h);
            f.copy = copy.positive;
            f.negative_copy = copy.negative;
            e.heads.push_back(f);
        }
    }
    std::vector<HeadFigures> movers;
    for (size_t i = 0; i < e.heads.size(); ++i) {
        const HeadFigures &f = e.heads[i];
        if (f.direct <= -0.05 && f.end_io >= 0.3 && f.copy >= 75) {
            e.name_movers.push_back(i);
            movers.push_back(f);
        }
    }
    if (!movers.empty()) {
        for (HeadFigures &f : e.heads)
            f.to_queries = to_queries(r, movers, f.layer, f.head);
    }
    return e;
}

std::vector<std::string> shortcomings(const Evaluation &e)
{
    std::vector<std::string> out;
    const auto require = [&](bool met, const char *what) {
        if (!met)
            out.emplace_back(what);
    };
    const auto any = [&](const std::function<bool(const HeadFigures &)> &test) {
        return std::any_of(e.heads.begin(), e.heads.end(), test);
    };
    std::set<int64_t> layers;
    for (const HeadFigures &f : e.heads) {
        if (f.denoise > 0.05)
            layers.insert(f.layer);
    }
    require(e.accuracy >= 0.99, "accuracy is below 99 %");
    require(e.clean >= 5, "the clean logit difference is below +5");
    require(e.flipped <= -5, "the flipped logit difference is above -5");
    layers.erase(0);
    require(layers.size() >= 2, "heads with more than 5 % denoising effect are not in two layers after the first");
    require(any([](const HeadFigures &f) { return f.end_s2 >= 0.5 && f.denoise >= 0.1; }),
            "no head attends END to S2 and restores 10 %");
    require(any([](const HeadFigures &f) { return f.copy >= 75; }), "no head has a copy score of 75 %");
    require(!e.name_movers.empty(), "no head is a name mover: direct effect, attention to IO and copy score");
    require(any([](const HeadFigures &f) { return f.to_queries <= -0.1; }),
            "no head acts through the name movers' queries");
    return out;
}

} // namespace patchbay::trainer
