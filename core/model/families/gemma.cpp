// Gemma: Llama with an embedding scaled by the root of its width, norms whose weights are 1 more than what the file
// holds, heads of a size of their own, and the tanh form of gelu.
#include "model/detail/config_keys.h"
#include "model/families.h"

#include <cmath>

namespace patchbay {

namespace {

ModelConfig gemma_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"num_hidden_layers"});
    config.n_heads = keys.size_or({"num_attention_heads"}, 16);
    config.n_kv_heads = keys.stated("num_key_value_heads") ? keys.size_or({"num_key_value_heads"}, config.n_heads) : 16;
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size({"intermediate_size"});
    config.d_vocab = keys.size_or({"vocab_size"}, 256000);
    config.n_ctx = keys.size_or({"max_position_embeddings"}, 8192);
    config.d_head = keys.size_or({"head_dim"}, 256);
    config.norm = Norm::RmsNorm;
    config.eps = keys.number({"rms_norm_eps"}, 1e-6);
    config.activation = read_activation(keys, "hidden_act", "gelu_pytorch_tanh");
    keys.find({"hidden_activation"}); // says the same, and is not what is computed with
    config.gated_mlp = true;
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    read_rotary(keys, config, 1.0, 10000, "full_attention"); // later Gemmas have a part for each type of layer
    return config;
}

FamilyTensors gemma_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    t.norms_add_one = true;
    t.embedding_scale = std::sqrt(double(keys.size({"hidden_size"})));
    return t;
}

} // namespace

const FamilyInfo &declared::gemma()
{
    static const FamilyInfo info{
        .name = "gemma",
        .title = "Gemma",
        .read_config = gemma_config,
        .tensors = gemma_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
