// What a model is: family, sizes and the choices that change its arithmetic.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace patchbay {

enum class Family { NeoX, Gpt2, Llama };
enum class Norm { LayerNorm, RmsNorm };
enum class Activation { Gelu, GeluNew, Silu, Relu };

/// Slower rotary angles for contexts longer than those of the first training (rope_scaling).
struct RotaryScaling {
    enum class Type { None, Linear, Llama3 };
    Type type = Type::None;
    double factor = 1;
    double low_freq_factor = 1, high_freq_factor = 4; ///< Llama3: turns within original_ctx below which all, above which nothing is slowed
    double original_ctx = 8192;                       ///< Llama3
};

/// Sizes and choices read from a Hugging Face config.json (names after TransformerLens' HookedTransformerConfig).
struct ModelConfig {
    Family family = Family::NeoX;
    int n_layers = 0;
    int n_heads = 0;
    int n_kv_heads = 0; ///< = n_heads unless keys and values are grouped; query head h reads KV head h / (n_heads / n_kv_heads)
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
    int rotary_dim = 0;         ///< rotated dimensions of a head; 0: learned positions (W_pos)
    double rotary_base = 10000; ///< rope_theta
    RotaryScaling rotary_scaling;
    bool tied_embedding = false;

    int kv_group() const { return n_heads / n_kv_heads; }
    bool grouped() const { return n_kv_heads != n_heads; }
};

/// Reads config.json of a model folder. Throws Error naming the file and the missing or unsupported key.
ModelConfig read_config(const std::filesystem::path &config_json);

/// Names for people and files: "gpt_neox", "gpt2", "llama".
std::string name(Family family);

/// Which of TransformerLens' weight processing steps are applied (its defaults: all four).
struct Processing {
    bool fold_ln = true;
    bool center_writing = true;
    bool center_unembed = true;
    bool fold_value_biases = true;
    bool operator==(const Processing &) const = default;
    static Processing none() { return {false, false, false, false}; }
};

} // namespace patchbay
