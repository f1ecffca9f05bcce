// What of a config.json nobody read: keys that change nothing are listed, all others refused. And which families there
// are not.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

#include <algorithm>

namespace patchbay {

using nlohmann::json;

namespace {

/// Of configurations in general, beside those that begin with _, which transformers writes for itself: where the model
/// comes from, how it was trained, how text is sampled from it, what classifiers on top of it are like, what is
/// printed. None of them changes a forward pass without dropout.
constexpr const char *kWithoutEffect[] = {
    "architectures",
    "attention_softmax_in_fp32",
    "attn_implementation",
    "auto_map",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bias_dropout_fusion",
    "bos_token",
    "cache_implementation",
    "chunk_size_feed_forward",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eos_token",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "force_bos_token_to_be_generated",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "fp32_residual_dropout",
    "gradient_checkpointing",
    "id2label",
    "inference_runner",
    "init_std",
    "initializer_factor",
    "initializer_range",
    "is_decoder",
    "is_llama_config",
    "keys_to_ignore_at_inference",
    "label2id",
    "length_penalty",
    "masked_softmax_fusion",
    "max_batch_size",
    "max_length",
    "max_sequence_length",
    "merges_file",
    "min_length",
    "model_type",
    "n_positions",
    "n_special",
    "name_or_path",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_labels",
    "num_return_sequences",
    "offset_alibi",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_key_length",
    "pad_token",
    "pre_allocate_kv_cache",
    "predict_special_tokens",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "remove_invalid_values",
    "reorder_and_upcast_attn",
    "repetition_penalty",
    "return_dict",
    "return_dict_in_generate",
    "scale_attention_softmax_in_fp32",
    "sep_token_id",
    "seq_length",
    "skip_bias_add",
    "skip_bias_add_qkv",
    "slow_but_exact",
    "summary_activation",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class",
    "tokenizer_name",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "unk_token_id",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "use_flash_attn",
    "use_return_dict",
    "validate_runner_input",
    "vocab_file",
};

/// Ends of names: "resid_pdrop", "eos_token_id", "summary_first_dropout" …
constexpr const char *kWithoutEffectEnds[] = {"dropout",   "_pdrop",    "_dropout_prob", "_drop_prob",
                                              "layerdrop", "_token_id", "_token_index"};

bool without_effect(const std::string &key)
{
    return key.starts_with("_")
        || std::any_of(std::begin(kWithoutEffect), std::end(kWithoutEffect),
                       [&](const char *one) { return key == one; })
        || std::any_of(std::begin(kWithoutEffectEnds), std::end(kWithoutEffectEnds),
                       [&](const char *end) { return key.ends_with(end); });
}

/// Not switched on: null, false, nothing.
bool is_off(const json &value)
{
    return value.is_null() || value == false || ((value.is_array() || value.is_object()) && value.empty());
}

/// What models of the other kinds have that is not there, by the keys that tell them.
std::string missing_part(const ConfigKeys &keys)
{
    const struct {
        const char *key, *missing;
    } parts[] = {
        {"num_local_experts", "a mixture of experts: its router and its experts are missing here"},
        {"num_experts", "a mixture of experts: its router and its experts are missing here"},
        {"n_routed_experts", "a mixture of experts: its router and its experts are missing here"},
        {"moe_num_experts", "a mixture of experts: its router and its experts are missing here"},
        {"moe_intermediate_size", "a mixture of experts: its router and its experts are missing here"},
        {"kv_lora_rank", "latent attention: keys and values made from a common vector are missing here"},
        {"state_size", "state spaces: layers without attention are missing here"},
        {"ssm_cfg", "state spaces: layers without attention are missing here"},
        {"mamba_d_state", "state spaces: layers without attention are missing here"},
        {"attention_hidden_size", "recurrent layers, which are missing here"},
        {"vision_config", "pictures beside text: their encoder is missing here"},
        {"audio_config", "sound beside text: its encoder is missing here"},
    };
    for (const auto &part : parts)
        if (const json *value = keys.find({part.key}); value && !is_off(*value))
            return part.missing;
    return {};
}

} // namespace

const FamilyInfo &family_of(const ConfigKeys &keys)
{
    if (!keys.find({"model_type"})) {
        for (const FamilyInfo *family : declared::all_families())
            if (family->recognises && family->recognises(keys))
                return *family;
        throw Error(keys.file(), "lacks the key \"model_type\"");
    }
    const std::string type = keys.text("model_type", "");
    if (const FamilyInfo *family = find_family(type))
        return *family;
    const std::string missing = missing_part(keys);
    throw Error(keys.file(),
                "the model type \"" + type + "\" is not supported"
                    + (missing.empty() ? "" : " (it has " + missing + ")") + "; supported: " + family_names());
}

std::vector<std::string> ignored_keys(const ConfigKeys &keys)
{
    std::vector<std::string> out;
    for (const std::string &key : keys.unread()) {
        if (!without_effect(key) && !is_off(*keys.find({key.c_str()}))) {
            const std::string missing = missing_part(keys);
            throw Error(keys.file(),
                        "the key \"" + key + "\" is not known to the family "
                            + keys.text("model_type", "without a model_type")
                            + " and may change what the model computes"
                            + (missing.empty() ? std::string() : " (it has " + missing + ")"));
        }
        out.push_back(key);
    }
    return out;
}

} // namespace patchbay
