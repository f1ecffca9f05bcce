// What a model is: family, sizes and the choices that change its arithmetic.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

enum class Norm { LayerNorm, RmsNorm };
/// GeluNew: the tanh form. QuickGelu: x σ(1.702 x). Relu2: the square. Solu: x softmax(x) over the row (Elhage et al.
/// 2022).
enum class Activation { Gelu, GeluNew, Silu, Relu, QuickGelu, Relu2, Solu };

/// Slower rotary angles for contexts longer than those of the first training (rope_scaling).
struct RotaryScaling {
    enum class Type { None, Linear, Llama3, Yarn, LongRope };
    Type type = Type::None;
    double factor = 1;
    double low_freq_factor = 1,
           high_freq_factor = 4; ///< Llama3, Yarn: turns within original_ctx below which all, above which nothing is
                                 ///< slowed
    double original_ctx = 8192;  ///< Llama3, Yarn, LongRope
    double amplitude = 1;        ///< what cosines and sines are multiplied by
    bool truncated = true;       ///< Yarn: the two ends of its ramp are whole pairs
    std::vector<double> short_factors, long_factors; ///< LongRope: how much each pair is slowed, in prompts of up to
                                                     ///< original_ctx positions and in longer ones; [rotary_dim / 2]
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
    bool attn_only = false;     ///< no MLP, and d_mlp is 0; parallel is set, since there is no resid_mid either
    bool mid_norm = false;      ///< what the MLP's activation gives is normed before W_out (solu_ln)
    bool final_rms = false;     ///< the final norm is an RMSNorm, whatever the blocks' are
    int rotary_dim = 0;         ///< rotated dimensions of a head; 0: none
    double rotary_base = 10000; ///< rope_theta
    RotaryScaling rotary_scaling;
    bool rotary_interleaved = false; ///< dimension 2 i is turned with 2 i + 1, not with i + rotary_dim / 2
    bool tied_embedding = false;
    bool pre_norms = true;   ///< attention and MLP read the normed stream, else the stream itself
    bool post_norms = false; ///< what attention and MLP write is normed before it is added
    QkNorm qk_norm = QkNorm::None;
    double clip_qkv = 0;        ///< > 0: queries, keys and values are cut off at ± this
    double attention_scale = 0; ///< scores are this times q · k; 0: 1 / sqrt(d_head)
    double score_cap = 0;       ///< > 0: scores s become cap * tanh(s / cap)
    double logit_cap = 0;       ///< > 0: logits l become cap * tanh(l / cap)
    bool alibi = false;         ///< scores fall with the distance to the key, each head at its own rate
    double alibi_scale = 1;     ///< of those rates
    bool alibi_bf16 = false;    ///< the rate times the key's position is rounded to bfloat16 before it is scaled
    std::vector<LayerTraits> layer_traits; ///< [n_layers]; empty: no layer is special

    /// Positions are an embedding (W_pos) of their own.
    bool learned_positions() const { return rotary_dim == 0 && !alibi; }
    bool has_mlp() const { return !attn_only; }
    Norm final_norm() const { return final_rms ? Norm::RmsNorm : norm; }
    LayerTraits traits_of(int layer) const
    {
        return layer_traits.empty() ? LayerTraits() : layer_traits[size_t(layer)];
    }
    int kv_group() const { return n_heads / n_kv_heads; }
    bool grouped() const { return n_kv_heads != n_heads; }
};

/// Reads config.json of a model folder. Throws Error naming the file and the missing or unsupported key.
ModelConfig read_config(const std::filesystem::path &config_json);

/// "gelu", "gelu_new", "silu" …
std::string name(Activation activation);

/// All that can be opened: "gpt2, llama, …".
std::string family_names();
struct FamilyName {
    std::string name;  ///< model_type of config.json
    std::string title; ///< for people
};
/// All that can be opened, by their names.
std::vector<FamilyName> families();
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
/// A wanted step that would change log-probabilities, and is therefore not taken.
struct LeftOff {
    bool Processing::*step;
    const char *name; ///< "center_writing"
    const char *why;
};
std::vector<LeftOff> left_off(const ModelConfig &config, const Processing &wanted);
/// The others.
Processing applied_steps(const Processing &wanted, const ModelConfig &config);

} // namespace patchbay
