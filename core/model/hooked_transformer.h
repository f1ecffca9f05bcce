// The model run plainly, with every TransformerLens hook point readable and changeable. Clear rather than fast: the
// sweep engine (patching/) is the fast one, and is tested against this.
#pragma once

#include "base/array.h"
#include "base/cancel.h"
#include "model/model.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace patchbay {

/// Token ids [prompts, pos], row-major.
struct Tokens {
    int prompts = 0;
    int width = 0;
    std::vector<int64_t> ids;
};

/// A change at one hook point while the model runs.
struct Intervention {
    enum class Kind {
        Replace, ///< by values
        Add,     ///< values are added
        Zero,
        Mean ///< by the activation's own mean over prompts, at each position
    };
    std::string hook; ///< full name, such as "blocks.9.attn.hook_z"
    Kind kind = Kind::Replace;
    Array values; ///< Replace, Add: the shape of the whole activation (only the chosen heads and positions are read)
    std::vector<int>
        heads; ///< empty: all. For hook_k and hook_v of a grouped model: KV heads, or query heads when per_query_head
    std::vector<std::vector<int>>
        positions; ///< one list a prompt, or one list for all prompts; empty: all. Query positions for patterns
    bool per_query_head = false; ///< grouped models: hook_k / hook_v of single query heads (values [P, T, H, d]); see
                                 ///< DESIGN, grouped KV heads
};

class HookedTransformer {
public:
    explicit HookedTransformer(std::shared_ptr<const Model> model);

    /// Every hook point this model has, in the order in which a run reaches them.
    std::vector<std::string> hook_names() const;
    /// Those that match a glob (* and ?) or are named in full. Throws Error when nothing matches.
    std::vector<std::string> match(const std::vector<std::string> &globs) const;

    struct Output {
        Array logits;   ///< [prompts, pos, vocab]; empty unless asked for
        ArrayMap cache; ///< one array per kept hook, batch first, shapes as TransformerLens has them
    };
    struct Options {
        std::vector<std::string> keep; ///< hook names whose activations are kept
        bool logits = true;
        bool ungroup_kv = false; ///< keep hook_k, hook_v, hook_rot_k per query head (TransformerLens:
                                 ///< ungroup_grouped_query_attention)
        /// Queries, keys and values each run the first norm on their own per-head inputs, and its hooks have the value
        /// input's shape [P, T, heads, ..] (TransformerLens: use_split_qkv_input). Without it hook_q_input and its like
        /// can be read and changed too.
        bool split_qkv = false;
        std::vector<Intervention> interventions;
    };
    /// One forward pass. A pattern or z changed by an intervention is what the rest of the pass sees.
    /// Throws Error for token ids outside the vocabulary, prompts longer than the context, unknown hook names or wrong
    /// value shapes.
    Output run(const Tokens &tokens, const Options &options, const CancelToken &cancel = {}) const;

    const Model &model() const { return *m_model; }

private:
    std::shared_ptr<const Model> m_model;
};

} // namespace patchbay
