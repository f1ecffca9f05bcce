#include "export.h"

#include "base/error.h"
#include "io/array_files.h"

namespace patchbay::trainer {

namespace {

/// A safetensors file of half-precision numbers: the model is part of the repository, and half the bytes serve it as
/// well.
std::string half_precision(const std::map<std::string, torch::Tensor> &parameters)
{
    nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}};
    std::string data;
    for (const auto &[name, tensor] : parameters) {
        const auto half = tensor.detach().to(torch::kHalf).contiguous();
        const size_t begin = data.size();
        data.append(static_cast<const char *>(half.data_ptr()), static_cast<size_t>(half.numel()) * 2);
        header[name] = {{"dtype", "F16"}, {"shape", half.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    std::string file;
    for (int byte = 0; byte < 8; ++byte) // the header's length, little-endian
        file += static_cast<char>(text.size() >> (8 * byte) & 0xFF);
    return file + text + data;
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
            {"torch_dtype", "float32"}}; // what to compute in; the file's own type is smaller
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
    write_file(folder / "model.safetensors", half_precision(network.parameters()));
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
        target.copy_(
            torch::from_blob(const_cast<float *>(found->second.floats().data()), tensor.sizes(), torch::kFloat));
    }
}

} // namespace patchbay::trainer
