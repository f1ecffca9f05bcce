// Attention of heads: in the cached runs, and in a patched run, which is carried out plainly, with interventions, since
// one run is all it takes.
#include "block/detail/kernels.h"
#include "model/check_head.h"
#include "model/detail/hook_points.h"
#include "model/hooked_transformer.h"
#include "patching/detail/session_impl.h"
#include "patching/detail/site_means.h"
#include "patching/detail/sweep_plan.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace patchbay {

using namespace detail;

namespace {

std::string hook_of(const Node &node)
{
    return block_hook(node.layer, info(node.site).hook);
}

Tokens tokens_of(const PromptBatch &batch, bool flipped)
{
    return {batch.prompts, batch.width, flipped ? batch.flipped : batch.clean};
}

} // namespace

std::vector<float> Session::Impl::attention_weights(const BatchRuns &runs, Head head, bool flipped_run,
                                                    AttentionKind kind, int prompt) const
{
    const ModelConfig &c = model->config();
    const Run &run = runs.run(flipped_run);
    std::vector<float> weights = runs.pattern(run, head.layer, head.head, prompt);
    if (kind != AttentionKind::ValueWeighted)
        return weights;
    // Each source's weight times the length of what it would write, relative to the prompt's longest.
    const int size = runs.layout().end[size_t(prompt)] + 1;
    const int64_t S = engine->traits().qkv_width();
    const float *v = run.qkv[size_t(head.layer)].data_ptr<float>() + runs.layout().row(prompt, 0) * S
        + engine->traits().v_column(head.head);
    std::vector<float> written(size_t(c.d_model)), length(static_cast<size_t>(size));
    for (int j = 0; j < size; ++j) {
        engine->block(head.layer)->write_head(head.head, v + j * S, S, 1, written.data(), false);
        length[size_t(j)] = std::sqrt(kernels().dot(written.data(), written.data(), c.d_model));
    }
    const float longest = std::max(1e-20f, *std::max_element(length.begin(), length.end()));
    for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j)
            weights[size_t(i * size + j)] *= length[size_t(j)] / longest;
    return weights;
}

std::vector<AttentionPattern> Session::Impl::empty_patterns(const std::vector<AttentionOf> &wanted) const
{
    std::vector<AttentionPattern> out;
    for (const AttentionOf &one : wanted) {
        check_head(one.head, model->config());
        AttentionPattern pattern;
        pattern.head = one.head;
        for (const int end : batch.end)
            pattern.sizes.push_back(end + 1);
        pattern.weights.resize(size_t(batch.prompts));
        out.push_back(std::move(pattern));
    }
    return out;
}

namespace {

class CachedReader : public AttentionReader {
public:
    explicit CachedReader(std::shared_ptr<const Session::Impl> session) : m(std::move(session)) { }

    // Nothing here may hand work to other threads: their number is a matter of the thread that computes.
    std::vector<AttentionPattern> attention(const std::vector<AttentionOf> &wanted,
                                            const CancelToken &cancel) const override
    {
        std::vector<AttentionPattern> out = m->empty_patterns(wanted);
        for (size_t i = 0; i < wanted.size(); ++i)
            for (int p = 0; p < m->batch.prompts; ++p) {
                cancel.check();
                out[i].weights[size_t(p)] =
                    m->attention_weights(m->groups[0].runs, wanted[i].head, wanted[i].flipped, wanted[i].kind, p);
            }
        return out;
    }

private:
    const std::shared_ptr<const Session::Impl> m;
};

} // namespace

std::shared_ptr<const AttentionReader> Session::attention_reader() const
{
    return !m->baselines.empty() && !m->groups.split() ? std::make_shared<const CachedReader>(m) : nullptr;
}

std::vector<AttentionPattern> Session::attention(const std::vector<AttentionOf> &wanted, const CancelToken &cancel)
{
    const SignalsHeldOff held = m->enter();
    m->baseline(Metric::LogitDiff, cancel);
    std::vector<AttentionPattern> out = m->empty_patterns(wanted);
    m->groups.each(cancel, [&](int g) {
        const PromptGroup &group = m->groups[g];
        for (size_t i = 0; i < wanted.size(); ++i) {
            cancel.check();
            for (int p = 0; p < group.prompts(); ++p)
                out[i].weights[size_t(group.first + p)] =
                    m->attention_weights(group.runs, wanted[i].head, wanted[i].flipped, wanted[i].kind, p);
        }
    });
    return out;
}

AttentionPattern Session::attention(Head head, bool flipped_run, AttentionKind kind)
{
    return attention({AttentionOf{head, flipped_run, kind}}).front();
}

AttentionPattern Session::attention_patched(Head head, const RunSpec &spec, const std::vector<Node> &patched,
                                            const CancelToken &cancel)
{
    const SignalsHeldOff held = m->enter();
    m->baseline(Metric::LogitDiff, cancel);
    const ModelConfig &c = m->model->config();
    check_head(head, c);
    const bool base_flipped = base_is_flipped(spec), mean = ablation_of(spec) == Ablation::Mean;
    const HookedTransformer transformer(m->model);
    HookedTransformer::Options source_options;
    source_options.logits = false;
    source_options.ungroup_kv = c.grouped();
    for (const Node &node : patched)
        source_options.keep.push_back(hook_of(node));
    // What stands in for the nodes: the other run's values, or the clean run's means over the whole batch.
    const auto source = [&](const PromptGroup &group) {
        return transformer.run(tokens_of(group.runs.batch(), mean ? false : !base_flipped), source_options, cancel)
            .cache;
    };
    std::map<std::string, HookMeans> means;
    for (int g = 0; mean && g < m->groups.count(); ++g)
        for (const auto &[hook, values] : source(m->groups[g]))
            means[hook].add(values, m->groups[g].runs.layout().end);

    const std::string pattern_hook = block_hook(head.layer, "attn.hook_pattern");
    const auto rows =
        chosen_rows(positions_of(spec), m->batch, m->groups.layout(), first_rows(false, m->groups.layout()));
    AttentionPattern out;
    out.head = head;
    for (int g = 0; g < m->groups.count(); ++g) {
        const PromptGroup &group = m->groups[g];
        HookedTransformer::Options options;
        options.logits = false;
        options.keep = {pattern_hook};
        const bool zero = ablation_of(spec) == Ablation::Zero;
        const ArrayMap others = zero || mean ? ArrayMap() : source(group);
        for (const Node &node : patched) {
            Intervention change;
            change.hook = hook_of(node);
            change.kind = zero ? Intervention::Kind::Zero : Intervention::Kind::Replace;
            if (!zero)
                change.values = mean ? means.at(change.hook).spread(group.prompts()) : others.at(change.hook);
            if (node.head >= 0)
                change.heads = {node.head};
            change.per_query_head = c.grouped() && (node.site == Site::K || node.site == Site::V);
            if (positions_of(spec).kind != Positions::Kind::All)
                for (int p = 0; p < group.prompts(); ++p)
                    change.positions.push_back(rows->rows(group.first + p));
            options.interventions.push_back(std::move(change));
        }
        const Array pattern = transformer.run(tokens_of(group.runs.batch(), base_flipped), options, cancel)
                                  .cache.at(pattern_hook); // [P, H, T, T]
        const size_t T = size_t(m->batch.width);
        for (int p = 0; p < group.prompts(); ++p) {
            const size_t size = size_t(group.runs.layout().end[size_t(p)]) + 1;
            out.sizes.push_back(int(size));
            std::vector<float> weights(size * size);
            const float *from = pattern.floats().data() + (size_t(p) * size_t(c.n_heads) + size_t(head.head)) * T * T;
            for (size_t i = 0; i < size; ++i)
                std::copy_n(from + i * T, size, weights.begin() + std::ptrdiff_t(i * size));
            out.weights.push_back(std::move(weights));
        }
    }
    return out;
}

} // namespace patchbay
