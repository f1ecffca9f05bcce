// What a model is: family, sizes and the choices that change its arithmetic.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

enum class Norm { LayerNorm, RmsNorm };
enum class Activation { Gelu, GeluNew, Silu, Relu };

/// Slower rotary angles for contexts longer than those of the first training (rope_scaling).
struct RotaryScaling {
    enum class Type { None, Linear, Llama3 };
    Type type = Type::None;
    double factor = 1;
    double low_freq_factor = 1,
           high_freq_factor = 4; ///< Llama3: turns within original_ctx below which all, above which nothing is slowed
    double original_ctx = 8192;  ///< Llama3
};

/// Queries and keys normed before rotary, by the model's kind of norm: each head by itself, or all heads of a row as
/// one.
enum class QkNorm { None, PerHead, WholeWidth };

/// What may differ from layer to layer.
struct LayerTraits {
    int window = 0;         ///< positions that a query sees, its own included; 0: all up to it
    bool rotary = true;     ///< false: nothing turns this layer's queries and keys
    double rotary_base = 0; ///< > 0: angles of this base, unscaled; 0: the model's
};

/// Sizes and choices read from a Hugging Face config.json (names after TransformerLens' HookedTransformerConfig).
struct ModelConfig {
    std::string family; ///< model_type of config.json: "gpt_neox", "gpt2", … (model/families has a file for each)
    int n_layers = 0;
    int n_heads = 0;
    int n_kv_heads =
        0; ///< = n_heads unless keys and values are grouped; query head h reads KV head h / (n_heads / n_kv_heads)
    int d_model = 0;
    int d_head = 0;
    int d_mlp = 0;
    int d_vocab = 0;
    int n_ctx = 0;
    Norm norm = Norm::LayerNorm;
    double eps = 1e-5;
    Activation activation = Activation::Gelu;
    bool gated_mlp = false;     ///< act(x W_gate) * (x W_in)
    bool parallel = false;      ///< attention and MLP both read resid_pre: there is no resid_mid
    int rotary_dim = 0;         ///< rotated dimensions of a head; 0: none
    double rotary_base = 10000; ///< rope_theta
    RotaryScaling rotary_scaling;
    bool rotary_interleaved = false; ///< dimension 2 i is turned with 2 i + 1, not with i + rotary_dim / 2
    bool tied_embedding = false;
    bool pre_norms = true;   ///< attention and MLP read the normed stream, else the stream itself
    bool post_norms = false; ///< what attention and MLP write is normed before it is added
    QkNorm qk_norm = QkNorm::None;
    double clip_qkv = 0;                   ///< > 0: queries, keys and values are cut off at ± this
    double attention_scale = 0;            ///< scores are this times q · k; 0: 1 / sqrt(d_head)
    double score_cap = 0;                  ///< > 0: scores s become cap * tanh(s / cap)
    bool alibi = false;                    ///< scores fall with the distance to the key, each head at its own rate
    std::vector<LayerTraits> layer_traits; ///< [n_layers]; empty: no layer is special

    /// Positions are an embedding (W_pos) of their own.
    bool learned_positions() const { return rotary_dim == 0 && !alibi; }
    LayerTraits traits_of(int layer) const
    {
        return layer_traits.empty() ? LayerTraits() : layer_traits[size_t(layer)];
    }
    int kv_group() const { return n_heads / n_kv_heads; }
    bool grouped() const { return n_kv_heads != n_heads; }
};

/// Reads config.json of a model folder. Throws Error naming the file and the missing or unsupported key.
ModelConfig read_config(const std::filesystem::path &config_json);

/// All that can be opened: "gpt2, llama, …".
std::string family_names();
/// For people: "GPT-NeoX" of "gpt_neox"; the name itself where it is no family's.
std::string family_title(const std::string &name);

/// Which of TransformerLens' weight processing steps are applied (its defaults: all four).
struct Processing {
    bool fold_ln = true;
    bool center_writing = true;
    bool center_unembed = true;
    bool fold_value_biases = true;
    bool operator==(const Processing &) const = default;
    static Processing none() { return {false, false, false, false}; }
};
/// Those of the steps that do something to a model of this kind. RMSNorm does not subtract the mean, so there writing
/// weights cannot be centred; nor where the stream itself is read, or where a post norm writes to it. Value biases
/// cannot be moved where values are clipped.
Processing applied_steps(const Processing &wanted, const ModelConfig &config);

} // namespace patchbay
