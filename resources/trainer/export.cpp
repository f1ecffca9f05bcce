#include "export.h"

#include "base/error.h"
#include "base/sha256.h"
#include "io/array_files.h"
#include "io/safetensors.h"
#include "model/weight_differences.h"

namespace patchbay::trainer {

namespace {

/// A safetensors file of half-precision numbers: the model is part of the repository, and half the bytes serve it as
/// well.
std::string half_precision(const std::map<std::string, torch::Tensor> &parameters)
{
    std::map<std::string, TensorBytes> tensors;
    for (const auto &[name, tensor] : parameters) {
        const auto half = tensor.detach().to(torch::kHalf).contiguous();
        tensors[name] = {DType::F16,
                         half.sizes().vec(),
                         {static_cast<const char *>(half.data_ptr()), static_cast<size_t>(half.numel()) * 2}};
    }
    return safetensors_bytes(tensors, {{"format", "pt"}});
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

ArrayMap weights_now(const Network &network)
{
    ArrayMap arrays;
    for (const auto &[name, tensor] : network.parameters()) {
        const auto values = tensor.detach().to(torch::kFloat).contiguous();
        const float *first = values.data_ptr<float>();
        arrays[name] = {values.sizes().vec(), std::vector<float>(first, first + values.numel())};
    }
    return arrays;
}

void export_checkpoints(const std::filesystem::path &folder, const std::filesystem::path &model,
                        const std::map<int64_t, ArrayMap> &checkpoints, double precision)
{
    namespace fs = std::filesystem;
    const auto link = [](const fs::path &to, const fs::path &from) {
        fs::remove(from);
        fs::create_symlink(fs::relative(to, from.parent_path()), from);
    };
    ArrayMap base = read_arrays(model / "model.safetensors").arrays;
    std::vector<fs::path> files{model / "model.safetensors"};
    fs::path before = model;
    for (auto at = checkpoints.rbegin(); at != checkpoints.rend(); ++at) {
        const fs::path step = folder / ("step" + std::to_string(at->first));
        fs::create_directories(step);
        for (const char *file : {"config.json", "tokenizer.json", "tokenizer_config.json"})
            link(model / file, step / file);
        link(before, step / differences_base);
        write_differences(step / differences_file, base, at->second, precision, sha256_of_files(files));
        files.push_back(step / differences_file);
        before = step;
    }
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
