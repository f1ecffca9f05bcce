// GPT-J: attention and MLP in parallel behind one norm, rotary in interleaved pairs, a bias of the unembedding.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig gptj_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"n_layer", "num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"n_head", "num_attention_heads"});
    config.d_model = keys.size({"n_embd", "hidden_size"});
    config.d_mlp = keys.size_or({"n_inner"}, 4 * config.d_model);
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"n_positions", "max_position_embeddings"});
    set_d_head(keys, config, "n_head", "n_embd");
    config.eps = keys.number({"layer_norm_epsilon"}, 1e-5);
    config.activation = read_activation(keys, "activation_function", "gelu_new");
    config.parallel = true;
    config.rotary_dim = keys.stated("rotary_dim") ? keys.size_or({"rotary_dim"}, config.d_head) : 64;
    config.rotary_interleaved = true;
    config.tied_embedding = keys.flag("tie_word_embeddings", false);
    keys.refuse("rotary", false);
    keys.refuse("scale_attn_weights", false);
    return config;
}

FamilyTensors gptj_tensors(const ConfigKeys &)
{
    FamilyTensors t;
    t.prefixes = {"transformer."};
    t.stream = {
        {Weight::W_E, "wte.weight"},
        {Weight::ln_final_w, "ln_f.weight"},
        {Weight::ln_final_b, "ln_f.bias"},
    };
    t.layers = "h.";
    t.layer = {
        {Weight::ln1_w, "ln_1.weight"},
        {Weight::ln1_b, "ln_1.bias"},
        {Weight::ln2_w, "ln_1.weight"},
        {Weight::ln2_b, "ln_1.bias"},
        {Weight::W_Q, "attn.q_proj.weight", Layout::Linear},
        {Weight::W_K, "attn.k_proj.weight", Layout::Linear},
        {Weight::W_V, "attn.v_proj.weight", Layout::Linear},
        {Weight::W_O, "attn.out_proj.weight", Layout::Linear},
        {Weight::W_in, "mlp.fc_in.weight", Layout::Linear},
        {Weight::b_in, "mlp.fc_in.bias"},
        {Weight::W_out, "mlp.fc_out.weight", Layout::Linear},
        {Weight::b_out, "mlp.fc_out.bias"},
    };
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}, {Weight::b_U, "lm_head.bias"}};
    return t;
}

} // namespace

const FamilyInfo &declared::gptj()
{
    static const FamilyInfo info{
        .name = "gptj",
        .title = "GPT-J",
        .read_config = gptj_config,
        .tensors = gptj_tensors,
        .buffers = {".attn.bias", ".attn.masked_bias", ".attn.embed_positions"},
    };
    return info;
}

} // namespace patchbay
