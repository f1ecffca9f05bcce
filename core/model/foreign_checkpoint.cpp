#include "model/detail/foreign_checkpoint.h"

#include "base/error.h"
#include "base/json_field.h"
#include "model/config.h"

#include <algorithm>
#include <vector>

namespace patchbay {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::string kUnquantised = "open the checkpoint that it was made from, in F32, F16 or BF16";
const std::string kGguf = "is a quantised or converted model in llama.cpp's format GGUF, which is not read; "
    + kUnquantised + ", as a Hugging Face folder";

/// How a method of quantisation is called.
std::string title_of(const std::string &method)
{
    const std::pair<const char *, const char *> titles[] = {
        {"gptq", "GPTQ"}, {"awq", "AWQ"},        {"bitsandbytes", "bitsandbytes"},
        {"fp8", "FP8"},   {"fbgemm_fp8", "FP8"}, {"mxfp4", "MXFP4"}};
    for (const auto &[name, title] : titles)
        if (method == name)
            return title;
    return method;
}

std::string quantised(const std::string &method)
{
    return "is quantised (" + method + "), and quantised weights are not read; " + kUnquantised;
}

/// The files of a folder by name, sorted; folders too when asked for.
std::vector<std::string> names_in(const fs::path &folder, bool folders)
{
    std::error_code ignored;
    std::vector<std::string> names;
    for (const auto &entry : fs::directory_iterator(folder, ignored))
        if (entry.is_directory(ignored) == folders)
            names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::string some_of(const std::vector<std::string> &names)
{
    std::string list;
    for (size_t i = 0; i < std::min<size_t>(names.size(), 3); ++i)
        list += (i > 0 ? ", " : "") + names[i];
    return list + (names.size() > 3 ? ", …" : "");
}

/// Throws Error where the folder holds a LoRA or another adapter of peft.
void refuse_adapter(const fs::path &folder)
{
    std::error_code ignored;
    const fs::path file = folder / "adapter_config.json";
    if (!fs::exists(file, ignored))
        return;
    const json config = read_json_file(file);
    const std::string base = config.is_object() && config.contains("base_model_name_or_path")
            && config["base_model_name_or_path"].is_string()
        ? " of " + in_quotes(config["base_model_name_or_path"].get<std::string>())
        : "";
    throw Error(folder.string(),
                "holds an adapter (LoRA)" + base
                    + ", not a model; with peft, merge it into its model (merge_and_unload), save that "
                      "(save_pretrained) and open it");
}

/// What weights of another program a file is, and what to do; empty: none known.
std::string other_weights(const std::string &file)
{
    const std::string convert = "which is not read; load it with transformers and save it again (save_pretrained)";
    if (file.ends_with(".gguf"))
        return kGguf;
    if (file == "tf_model.h5" || file.ends_with(".h5") || file.ends_with(".keras") || file == "saved_model.pb"
        || file.ends_with(".ckpt.index"))
        return "holds weights of TensorFlow or Keras (" + file + "), " + convert
            + ": from_pretrained(FOLDER, from_tf=True), transformers 4";
    if (file.ends_with(".msgpack"))
        return "holds weights of Flax (" + file + "), " + convert
            + ": from_pretrained(FOLDER, from_flax=True), transformers 4";
    if (file.starts_with("consolidated.") && file.ends_with(".pth"))
        return "holds Llama's weights as Meta first published them (" + file
            + "); convert them with transformers' convert_llama_weights_to_hf.py";
    if (file.ends_with(".onnx") || file.ends_with(".ot") || file.ends_with(".mlmodel"))
        return "holds weights of another program (" + file
            + "); open the folder with model.safetensors or pytorch_model.bin that they were made from";
    if (file.starts_with("model-00") && file.ends_with(".safetensors"))
        return "holds a part of a model (" + file
            + ") but not model.safetensors.index.json, which says where each tensor is: download that too";
    if (file.starts_with("pytorch_model-00") && file.ends_with(".bin"))
        return "holds a part of a model (" + file
            + ") but not pytorch_model.bin.index.json, which says where each tensor is: download that too";
    if (file.ends_with(".incomplete"))
        return "holds a download that did not finish (" + file + "): download it again";
    if (file.starts_with("optimizer.") || file.starts_with("scheduler.") || file.starts_with("rng_state")
        || file.starts_with("training_args."))
        return {}; // a trainer's own
    if (file.ends_with(".pt") || file.ends_with(".pth") || file.ends_with(".ckpt"))
        return "holds weights under a name of their own (" + file
            + "); load the model that they belong to and save it with save_pretrained";
    return {};
}

bool is_encoder(const std::string &type)
{
    for (const char *known :
         {"bert", "roberta", "distilbert", "mpnet", "xlm-roberta", "albert", "electra", "deberta", "deberta-v2",
          "camembert", "nomic_bert", "modernbert", "longformer", "mobilebert", "new", "esm"})
        if (type == known)
            return true;
    return false;
}

bool is_encoder_decoder(const std::string &type)
{
    for (const char *known : {"t5", "mt5", "umt5", "longt5", "bart", "mbart", "pegasus", "marian", "whisper",
                              "blenderbot", "led", "m2m_100", "prophetnet"})
        if (type == known)
            return true;
    return false;
}

} // namespace

void refuse_model_file(const fs::path &file)
{
    const std::string name = file.filename().string(),
                      folder = file.parent_path().empty() ? "." : file.parent_path().string();
    if (name.ends_with(".gguf"))
        throw Error(file.string(), kGguf);
    if (name.ends_with(".safetensors") || name.ends_with(".bin") || name == "config.json")
        throw Error(file.string(), "is a file of a model, not its folder: give " + folder);
    throw Error(file.string(), "is not a folder; give the folder with config.json and the weights");
}

void refuse_folder_without_config(const fs::path &folder)
{
    refuse_adapter(folder);
    std::error_code ignored;
    std::vector<std::string> cached, models;
    for (const std::string &name : names_in(folder, true)) {
        if (name.starts_with("models--"))
            cached.push_back(name);
        if (fs::exists(folder / name / "config.json", ignored))
            models.push_back(name);
    }
    if (!cached.empty())
        throw Error(folder.string(),
                    "is the root of a Hugging Face cache, not a model; open a model's folder in it: "
                        + some_of(cached));
    if (const fs::path hub = folder / "hub"; fs::is_directory(hub, ignored))
        for (const std::string &name : names_in(hub, true))
            if (name.starts_with("models--"))
                throw Error(
                    folder.string(),
                    "is the root of a Hugging Face cache, not a model; open a model's folder in it, such as hub/"
                        + name);
    for (const std::string &file : names_in(folder, false))
        if (const std::string cause = other_weights(file);
            file.ends_with(".gguf") || (!cause.empty() && file.starts_with("consolidated.")))
            throw Error(file.ends_with(".gguf") ? (folder / file).string() : folder.string(), cause);
    if (!models.empty())
        throw Error(folder.string(), "has no config.json, but folders in it do; open one of them: " + some_of(models));
}

void refuse_foreign_weights(const fs::path &folder)
{
    refuse_adapter(folder);
    for (const std::string &file : names_in(folder, false))
        if (const std::string cause = other_weights(file); !cause.empty())
            throw Error(file.ends_with(".gguf") ? (folder / file).string() : folder.string(), cause);
}

void refuse_foreign_config(const json &config, const fs::path &file)
{
    const auto text = [](const json &object, const char *key) {
        const auto found = object.find(key);
        return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const std::string folder = file.parent_path().string();
    if (const auto found = config.find("quantization_config"); found != config.end() && found->is_object()) {
        std::string method = text(*found, "quant_method");
        if (method.empty())
            method = found->contains("load_in_4bit") || found->contains("load_in_8bit") ? "bitsandbytes"
                                                                                        : "of an unnamed kind";
        throw Error(folder, quantised(title_of(method)));
    }
    if (const auto found = config.find("quantization"); found != config.end() && found->is_object())
        throw Error(folder, quantised("MLX"));

    const std::string type = text(config, "model_type");
    std::error_code ignored;
    if (fs::exists(file.parent_path() / "modules.json", ignored)
        || fs::exists(file.parent_path() / "config_sentence_transformers.json", ignored))
        throw Error(folder,
                    "is a sentence encoder (sentence-transformers), which predicts no next token; Patchbay opens "
                    "decoder language models: "
                        + family_names());
    if (is_encoder(type))
        throw Error(file.string(),
                    "the model type " + in_quotes(type)
                        + " is an encoder, which predicts no next token; Patchbay opens decoder language models: "
                        + family_names());
    const auto both = config.find("is_encoder_decoder");
    if (is_encoder_decoder(type) || (both != config.end() && both->is_boolean() && both->get<bool>()))
        throw Error(file.string(),
                    "the model type " + in_quotes(type)
                        + " is an encoder and a decoder, which is not supported; Patchbay opens decoders alone: "
                        + family_names());
    const auto architectures = config.find("architectures");
    if (architectures == config.end() || !architectures->is_array() || architectures->empty()
        || !architectures->front().is_string())
        return;
    const std::string architecture = architectures->front().get<std::string>();
    for (const char *task :
         {"ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice"})
        if (architecture.ends_with(task))
            throw Error(file.string(),
                        architecture
                            + " is a classifier: it has no unembedding, so there are no logits of tokens to compare");
}

void refuse_foreign_tensor(const std::string &tensor, const std::string &file)
{
    const auto refuse = [&](const std::string &cause) { throw Error(file, cause + " (tensor " + tensor + ")"); };
    if (tensor.starts_with("v_head."))
        refuse("has a value head, as trl's AutoModelForCausalLMWithValueHead saves it, for which there is no place; "
               "save the language model alone: "
               "model.pretrained_model.save_pretrained(FOLDER)");
    if (tensor.find(".lora_A.") != std::string::npos || tensor.find(".lora_B.") != std::string::npos)
        refuse("holds the matrices of an adapter (LoRA) apart from the model's; merge them with peft "
               "(merge_and_unload) and save the model");
    if (tensor == "score.weight" || tensor == "classifier.weight")
        refuse("has a classification head, for which there is no place");
    for (const char *end : {".qweight", ".qzeros"})
        if (tensor.ends_with(end))
            refuse(quantised("GPTQ or AWQ"));
    if (tensor.ends_with(".SCB") || tensor.find(".quant_state.bitsandbytes") != std::string::npos)
        refuse(quantised("bitsandbytes"));
    for (const char *end : {".weight_scale", ".weight_scale_inv", ".weight_packed", ".input_scale"})
        if (tensor.ends_with(end))
            refuse(quantised("FP8 or another compressed format"));
}

} // namespace patchbay
