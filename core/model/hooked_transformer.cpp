#include "model/hooked_transformer.h"

#include "base/amounts.h"
#include "base/check_index.h"
#include "base/error.h"
#include "base/signals.h"
#include "block/detail/gemm.h"
#include "model/detail/forward.h"
#include "model/detail/tensor_array.h"

#include <set>

namespace patchbay {

namespace {

void check_tokens(const Tokens &tokens, const ModelConfig &config)
{
    if (tokens.prompts < 1 || tokens.width < 1)
        throw Error("prompts", "there are no tokens");
    if (tokens.ids.size() != size_t(tokens.prompts) * size_t(tokens.width))
        throw Error("prompts",
                    counted(int64_t(tokens.ids.size()), "token id does", "token ids do") + " not fit "
                        + counted(tokens.prompts, "prompt") + " of " + std::to_string(tokens.width));
    if (tokens.width > config.n_ctx)
        throw Error("prompts",
                    "the longest prompt has " + std::to_string(tokens.width) + " tokens; this model's context is "
                        + std::to_string(config.n_ctx));
    for (size_t i = 0; i < tokens.ids.size(); ++i)
        if (tokens.ids[i] < 0 || tokens.ids[i] >= config.d_vocab)
            throw Error(prompt_name(int64_t(i / size_t(tokens.width))),
                        "token id " + std::to_string(tokens.ids[i]) + " at position "
                            + std::to_string(i % size_t(tokens.width)) + " is outside the vocabulary of "
                            + std::to_string(config.d_vocab));
}

} // namespace

HookedTransformer::HookedTransformer(std::shared_ptr<const Model> model) : m_model(std::move(model)) { }

std::vector<std::string> HookedTransformer::hook_names() const
{
    std::vector<std::string> out;
    for (HookPoint &point : hook_points(m_model->config()))
        out.push_back(std::move(point.name));
    return out;
}

std::vector<std::string> HookedTransformer::match(const std::vector<std::string> &globs) const
{
    const std::vector<std::string> names = hook_names();
    std::set<std::string> matched;
    for (const std::string &glob : globs) {
        bool any = false;
        for (const std::string &name : names)
            if (matches_glob(glob, name)) {
                matched.insert(name);
                any = true;
            }
        if (!any)
            throw Error(glob, "matches no hook point of this model; they are called like blocks.0.attn.hook_z");
    }
    std::vector<std::string> out;
    for (const std::string &name : names)
        if (matched.contains(name))
            out.push_back(name);
    return out;
}

HookedTransformer::Output HookedTransformer::run(const Tokens &tokens, const Options &options,
                                                 const CancelToken &cancel) const
{
    const SignalsHeldOff held;
    const ModelConfig &config = m_model->config();
    const Weights &weights = m_model->weights();
    check_tokens(tokens, config);
    Hooks hooks(config, options, tokens.prompts, tokens.width);
    const at::Tensor ids =
        at::from_blob(const_cast<int64_t *>(tokens.ids.data()), {tokens.prompts, tokens.width}, at::kLong);
    const at::Tensor x =
        forward(config, weights, ids, hooks, {options.ungroup_kv, options.split_qkv}, cancel); // [P, T, D]
    Output out;
    out.cache = hooks.take_cache();
    if (options.logits) {
        cancel.check();
        // Straight into the result: the logits are far larger than everything else.
        const int64_t rows = int64_t(tokens.prompts) * tokens.width;
        out.logits = {{tokens.prompts, tokens.width, config.d_vocab},
                      std::vector<float>(size_t(rows * config.d_vocab))};
        weights.logits(x.reshape({rows, config.d_model}), out.logits.floats().data());
        at::Tensor logits = at::from_blob(out.logits.floats().data(), {rows, config.d_vocab}, at::kFloat);
        cap_logits(config, logits);
    }
    return out;
}

} // namespace patchbay
