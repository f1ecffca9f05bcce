// Attention of a head in a patched run: carried out plainly, with interventions, since one run is all it takes.
#include "model/check_head.h"
#include "model/detail/hook_points.h"
#include "model/hooked_transformer.h"
#include "patching/detail/session_impl.h"
#include "patching/detail/sweep_plan.h"

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

AttentionPattern Session::attention_patched(Head head, const RunSpec &spec, const std::vector<Node> &patched,
                                            const CancelToken &cancel)
{
    const SignalsHeldOff held = m->enter();
    m->baseline(cancel);
    const ModelConfig &c = m->model->config();
    check_head(head, c);
    const bool base_flipped = base_is_flipped(spec);
    const HookedTransformer transformer(m->model);
    HookedTransformer::Options source_options;
    source_options.logits = false;
    source_options.ungroup_kv = c.grouped();
    for (const Node &node : patched)
        source_options.keep.push_back(hook_of(node));
    const ArrayMap source = transformer.run(tokens_of(m->batch, !base_flipped), source_options, cancel).cache;

    HookedTransformer::Options options;
    options.logits = false;
    const std::string pattern_hook = block_hook(head.layer, "attn.hook_pattern");
    options.keep = {pattern_hook};
    const auto rows = chosen_rows(positions_of(spec), m->batch, m->runs.layout(), first_rows(false, m->runs.layout()));
    for (const Node &node : patched) {
        Intervention change;
        change.hook = hook_of(node);
        change.kind = ablation_of(spec) == Ablation::Zero ? Intervention::Kind::Zero
            : ablation_of(spec) == Ablation::Mean         ? Intervention::Kind::Mean
                                                          : Intervention::Kind::Replace;
        if (change.kind == Intervention::Kind::Replace)
            change.values = source.at(change.hook);
        if (node.head >= 0)
            change.heads = {node.head};
        change.per_query_head = c.grouped() && (node.site == Site::K || node.site == Site::V);
        if (positions_of(spec).kind != Positions::Kind::All)
            for (int p = 0; p < m->batch.prompts; ++p)
                change.positions.push_back(rows->rows(p));
        options.interventions.push_back(std::move(change));
    }
    const Array pattern =
        transformer.run(tokens_of(m->batch, base_flipped), options, cancel).cache.at(pattern_hook); // [P, H, T, T]
    AttentionPattern out;
    out.head = head;
    const size_t T = size_t(m->batch.width);
    for (int p = 0; p < m->batch.prompts; ++p) {
        const size_t size = size_t(m->runs.layout().end[size_t(p)]) + 1;
        out.sizes.push_back(int(size));
        std::vector<float> weights(size * size);
        const float *from = pattern.floats().data() + (size_t(p) * size_t(c.n_heads) + size_t(head.head)) * T * T;
        for (size_t i = 0; i < size; ++i)
            std::copy_n(from + i * T, size, weights.begin() + std::ptrdiff_t(i * size));
        out.weights.push_back(std::move(weights));
    }
    return out;
}

} // namespace patchbay
