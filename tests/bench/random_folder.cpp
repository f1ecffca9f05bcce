#include "bench/random_folder.h"

#include "base/data_dir.h"
#include "io/array_files.h"

#include <nlohmann/json.hpp>

#include <random>

namespace patchbay {

void write_random_neox(const std::filesystem::path &folder, const ModelConfig &c, uint64_t seed)
{
    std::mt19937_64 random(seed);
    ArrayMap tensors;
    const auto add = [&](const std::string &name, std::vector<int64_t> shape, float spread, float mean = 0) {
        std::normal_distribution<float> normal(mean, spread);
        Array array{std::move(shape), std::vector<float>()};
        array.floats().resize(size_t(array.count()));
        for (float &value : array.floats())
            value = normal(random);
        tensors[name] = std::move(array);
    };
    const int64_t D = c.d_model, M = c.d_mlp, V = c.d_vocab;
    add("gpt_neox.embed_in.weight", {V, D}, 0.1f);
    add("embed_out.weight", {V, D}, 0.02f);
    add("gpt_neox.final_layer_norm.weight", {D}, 0.1f, 1);
    add("gpt_neox.final_layer_norm.bias", {D}, 0.02f);
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string prefix = "gpt_neox.layers." + std::to_string(layer) + ".";
        // Queries and keys large enough that attention is neither uniform nor on one token.
        for (const auto &[name, rows, columns, spread] :
             {std::tuple{"attention.query_key_value", 3 * D, D, 0.05f}, std::tuple{"attention.dense", D, D, 0.02f},
              std::tuple{"mlp.dense_h_to_4h", M, D, 0.02f}, std::tuple{"mlp.dense_4h_to_h", D, M, 0.02f}}) {
            add(prefix + name + ".weight", {rows, columns}, spread);
            add(prefix + name + ".bias", {rows}, 0.02f);
        }
        for (const char *norm : {"input_layernorm", "post_attention_layernorm"}) {
            add(prefix + norm + ".weight", {D}, 0.1f, 1);
            add(prefix + norm + ".bias", {D}, 0.02f);
        }
    }
    make_folder(folder);
    write_arrays(folder / "model.safetensors", tensors);
    const nlohmann::json config{{"architectures", {"GPTNeoXForCausalLM"}},
                                {"model_type", "gpt_neox"},
                                {"hidden_size", D},
                                {"num_hidden_layers", c.n_layers},
                                {"num_attention_heads", c.n_heads},
                                {"intermediate_size", M},
                                {"vocab_size", V},
                                {"max_position_embeddings", c.n_ctx},
                                {"layer_norm_eps", 1e-5},
                                {"hidden_act", "gelu"},
                                {"rotary_pct", double(c.rotary_dim) / c.d_head},
                                {"rotary_emb_base", 10000},
                                {"use_parallel_residual", c.parallel},
                                {"tie_word_embeddings", false},
                                {"torch_dtype", "float32"}};
    write_file(folder / "config.json", config.dump(1));
    for (const char *file : {"tokenizer.json", "tokenizer_config.json"})
        write_file(folder / file, read_file(data_path("demo-model") / file));
}

} // namespace patchbay
