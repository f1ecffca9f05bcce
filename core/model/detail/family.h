// What a model family is: which keys its config.json has and which tensors its checkpoints hold. Data alone, without
// LibTorch: config.cpp and read_weights.cpp carry it out. For core's sources only.
#pragma once

#include "model/config.h"

#include <string>
#include <vector>

namespace patchbay {

class ConfigKeys;

/// A tensor of Weights or LayerWeights, by its name there (model/detail/weights.h says what its shape is).
/// W_qkv, b_qkv: queries, keys and values in one. W_gate_in: W_gate and W_in in one. ln_embed: a norm of what W_E
/// gives.
enum class Weight {
    W_E,
    ln_embed_w,
    ln_embed_b,
    W_pos,
    ln_final_w,
    ln_final_b,
    W_U,
    b_U,
    ln1_w,
    ln1_b,
    ln2_w,
    ln2_b,
    ln1_post_w,
    ln1_post_b,
    ln2_post_w,
    ln2_post_b,
    q_norm,
    k_norm,
    W_Q,
    W_K,
    W_V,
    W_qkv,
    b_Q,
    b_K,
    b_V,
    b_qkv,
    W_O,
    b_O,
    W_in,
    W_gate,
    W_gate_in,
    b_in,
    b_gate,
    mid_norm_w,
    mid_norm_b,
    W_out,
    b_out
};

/// How it lies in the file.
enum class Layout {
    Plain,        ///< as here, heads side by side: vectors, embeddings, matrices [in, out]; of qkv, part after part
    Linear,       ///< a matrix [out, in], as torch.nn.Linear has it; of qkv, part after part
    PlainByHead,  ///< qkv alone: as Plain, but [KV head, (its q …, k, v), d_head] instead of parts
    LinearByHead, ///< qkv alone: as Linear, but [KV head, (its q …, k, v), d_head] instead of parts
    Stacked,      ///< attention alone: heads one after the other, [head, d_model, d_head] and [head, d_head, d_model]
    ForAllHeads,  ///< QK-norm alone: [d_head], the same for every head
    HeadRows,     ///< QK-norm alone: [head, d_head]
    OneEach,      ///< QK-norm alone: a tensor [d_head] a head, whose number stands for the # of the name
};

struct FamilyTensor {
    Weight weight;
    std::string name; ///< in the list's own place: below the prefix, below a layer, or alone
    Layout layout = Layout::Plain;
    int skipped_rows = 0; ///< Plain matrices: rows of the file before the first that is read
};

/// Biases that are named nowhere are zeros, norms' weights ones; so the list depends on the configuration alone.
struct FamilyTensors {
    std::vector<std::string> prefixes; ///< of everything but the head: the one that the file has, or none
    std::vector<FamilyTensor> stream;  ///< embeddings and final norm; W_E first
    std::string layers;                ///< "layers." for "layers.0.", "layers.1.", …
    std::vector<FamilyTensor> layer;
    std::vector<FamilyTensor> head; ///< unembedding; its matrix is not looked at where the embedding is tied
    std::vector<std::string>
        ignored; ///< how the names of tensors begin that a text does not reach (a picture's encoder)
    /// Multipliers of the configuration, moved into the weights as they are read: of W_E (but not of a tied W_U), of
    /// all that blocks write, of the logits.
    double embedding_scale = 1, residual_scale = 1, logit_scale = 1;
    bool norms_add_one = false; ///< the file holds the norms' weights less 1
};

/// One file of model/families, which CMake lists.
struct FamilyInfo {
    const char *name;  ///< its model_type in config.json
    const char *title; ///< for people
    /// All of ModelConfig but the family. Throws Error naming the file and the missing or unsupported key.
    ModelConfig (*read_config)(const ConfigKeys &keys);
    FamilyTensors (*tensors)(const ConfigKeys &keys);
    /// How the names of tensors end that are computed, not learned (causal masks, rotary tables), in older checkpoints.
    std::vector<std::string> buffers;
    /// Whether a config.json without a model_type is one of this family's; null: such are not.
    bool (*recognises)(const ConfigKeys &keys) = nullptr;
    /// Its programs read no other keys than those that are asked for, so what else is there changes nothing.
    bool other_keys_change_nothing = false;
    /// How the names of its weight files end, beside those that all families have.
    std::vector<std::string> weight_files = {};
};

/// Null where there is none.
const FamilyInfo *find_family(const std::string &name);
/// Whether the family's checkpoints have a tensor of that name that is computed, not learned.
bool is_buffer(const std::string &family, const std::string &tensor);

} // namespace patchbay
