// What a model family is: which keys its config.json has and which tensors its checkpoints hold. Data alone, without
// LibTorch: config.cpp and read_weights.cpp carry it out. For core's sources only.
#pragma once

#include "model/config.h"

#include <string>
#include <vector>

namespace patchbay {

class ConfigKeys;

/// A tensor of Weights or LayerWeights, by its name there (model/detail/weights.h says what its shape is).
/// W_qkv, b_qkv: queries, keys and values in one.
enum class Weight {
    W_E,
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
    b_in,
    W_out,
    b_out
};

/// How it lies in the file.
enum class Layout {
    Plain,        ///< as here, heads side by side: vectors, embeddings, matrices [in, out]; of qkv, part after part
    Linear,       ///< a matrix [out, in], as torch.nn.Linear has it; of qkv, part after part
    PlainByHead,  ///< qkv alone: as Plain, but [head, (q, k, v), d_head] instead of parts
    LinearByHead, ///< qkv alone: as Linear, but [head, (q, k, v), d_head] instead of parts
    ForAllHeads,  ///< QK-norm alone: [d_head], the same for every head
};

struct FamilyTensor {
    Weight weight;
    std::string name; ///< in the list's own place: below the prefix, below a layer, or alone
    Layout layout = Layout::Plain;
};

/// Biases that are named nowhere are zeros; so the list depends on the configuration alone.
struct FamilyTensors {
    std::string prefix;               ///< of everything but the head; may be absent from the file
    std::vector<FamilyTensor> stream; ///< embeddings and final norm; W_E first
    std::string layers;               ///< "layers." for "layers.0.", "layers.1.", …
    std::vector<FamilyTensor> layer;
    std::vector<FamilyTensor> head; ///< unembedding; its matrix is not looked at where the embedding is tied
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
};

/// Null where there is none.
const FamilyInfo *find_family(const std::string &name);
/// Whether the family's checkpoints have a tensor of that name that is computed, not learned.
bool is_buffer(const std::string &family, const std::string &tensor);

} // namespace patchbay
