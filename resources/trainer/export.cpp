#include "export.h"

#include "base/error.h"
#include "io/array_files.h"

namespace patchbay::trainer {

namespace {

Array to_array(const torch::Tensor &tensor)
{
    const auto flat = tensor.detach().contiguous();
    const float *data = flat.data_ptr<float>();
    return {flat.sizes().vec(), std::vector<float>(data, data + flat.numel())};
}

nlohmann::ordered_json config_json(const NetworkConfig &c)
{
    return {{"architectures", nlohmann::ordered_json::array({"GPTNeoXForCausalLM"})},
            {"model_type", "gpt_neox"},
            {"hidden_act", "gelu"},
            {"hidden_size", c.d_model},
            {"intermediate_size", c.d_mlp},
            {"num_attention_heads", c.heads},
            {"num_hidden_layers", c.layers},
            {"vocab_size", c.d_vocab},
            {"max_position_embeddings", c.n_ctx},
            {"rotary_pct", c.rotary_pct},
            {"rotary_emb_base", static_cast<int64_t>(c.rotary_base)},
            {"layer_norm_eps", c.layer_norm_eps},
            {"use_parallel_residual", true},
            {"attention_bias", true},
            {"tie_word_embeddings", false},
            {"bos_token_id", 0},
            {"eos_token_id", 0},
            {"torch_dtype", "float32"}};
}

nlohmann::ordered_json tokenizer_config_json(const NetworkConfig &c)
{
    return {{"add_prefix_space", false},
            {"bos_token", "<|endoftext|>"},
            {"eos_token", "<|endoftext|>"},
            {"pad_token", "<|endoftext|>"},
            {"unk_token", "<|endoftext|>"},
            {"model_max_length", c.n_ctx},
            {"tokenizer_class", "GPTNeoXTokenizer"}};
}

} // namespace

void export_folder(const std::filesystem::path &folder, const Network &network, const Vocabulary &vocabulary)
{
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
        throw Error(folder.string(), failed.message());
    ArrayMap arrays;
    for (const auto &[name, tensor] : network.parameters())
        arrays[name] = to_array(tensor);
    write_arrays(folder / "model.safetensors", arrays, {{"format", "pt"}});
    write_file(folder / "config.json", config_json(network.config()).dump(2) + "\n");
    write_file(folder / "tokenizer.json", vocabulary.tokenizer_json().dump(1) + "\n");
    write_file(folder / "tokenizer_config.json", tokenizer_config_json(network.config()).dump(2) + "\n");
}

void import_weights(const std::filesystem::path &folder, Network &network)
{
    torch::NoGradGuard no_grad;
    const std::filesystem::path path = folder / "model.safetensors";
    const ArrayFile file = read_arrays(path);
    for (const auto &[name, tensor] : network.parameters()) {
        const auto found = file.arrays.find(name);
        if (found == file.arrays.end() || found->second.shape != tensor.sizes().vec())
            throw Error(path.string(), name + " is missing or has another shape than this network's");
        auto target = tensor;
        target.copy_(torch::from_blob(const_cast<float *>(found->second.floats().data()), tensor.sizes(), torch::kFloat));
    }
}

} // namespace patchbay::trainer
