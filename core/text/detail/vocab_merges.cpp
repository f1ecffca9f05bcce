#include "text/detail/vocab_merges.h"

#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace patchbay::text {

namespace {

using nlohmann::json;

/// Tokenizers whose vocab.json and merges.txt are used as GPT-2's are.
constexpr const char *kLikeGpt2[] = {"GPT2Tokenizer", "GPTNeoXTokenizer", "CodeGenTokenizer", "RobertaTokenizer",
                                     "PreTrainedTokenizer"};

/// The object in a file that need not be there. One that cannot be read is as none, with a warning.
json read_optional(const std::filesystem::path &path, std::vector<std::string> &warnings)
{
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
        return json::object();
    try {
        json value = read_json_file(path);
        if (value.is_object())
            return value;
        warnings.push_back(path.string() + ": should be an object; done without it");
    } catch (const Error &error) {
        warnings.push_back(std::string(error.what()) + "; done without it");
    }
    return json::object();
}

/// How Qwen2's tokenizer cuts text, after NFC.
constexpr const char *kQwen2 = "Qwen2Tokenizer";
constexpr const char *kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// The class of tokenizer that the folder's files are for; GPT-2's where none is named. Throws Error for one that cuts
/// text by a pattern which is not known here.
std::string class_of(const json &config, const std::filesystem::path &file)
{
    const auto kind = config.find("tokenizer_class");
    if (kind == config.end() || !kind->is_string())
        return kLikeGpt2[0];
    std::string name = kind->get<std::string>();
    if (name.ends_with("Fast"))
        name.resize(name.size() - 4);
    if (name != kQwen2 && std::find(std::begin(kLikeGpt2), std::end(kLikeGpt2), name) == std::end(kLikeGpt2))
        throw Error(file.string(),
                    "belongs to a " + kind->get<std::string>()
                        + ", which cuts text by a pattern of its own; transformers converts it to tokenizer.json: "
                        + "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)");
    return name;
}

/// The lines of merges.txt, but for its version line and empty ones.
json merges_of(const std::string &text)
{
    json merges = json::array();
    for (size_t at = 0; at < text.size();) {
        size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.ends_with('\r')) // never in a merge: the alphabet writes it otherwise
            line.pop_back();
        if (!line.empty() && !line.starts_with("#version"))
            merges.push_back(std::move(line));
    }
    return merges;
}

/// Gathers special tokens; the first that names a token decides.
class AddedTokens {
public:
    explicit AddedTokens(const json &vocabulary) : m_vocabulary(vocabulary) { }

    /// A token with or without an id of its own; as text or as object.
    void add(const json &token, std::optional<int64_t> id, bool special)
    {
        const auto content = special_token_content(token);
        if (!content || m_list.contains(*content))
            return;
        if (!id) {
            const auto found = m_vocabulary.find(*content);
            if (found == m_vocabulary.end() || !found->is_number_integer())
                return;
            id = found->get<int64_t>();
        }
        json entry = {{"id", *id}, {"content", *content}, {"special", special}, {"normalized", false}};
        if (token.is_object())
            for (const char *key : {"single_word", "lstrip", "rstrip", "normalized", "special"})
                if (const auto flag = token.find(key); flag != token.end() && flag->is_boolean())
                    entry[key] = *flag;
        m_list[*content] = std::move(entry);
    }

    void add_named(const json &file)
    {
        for (const char *name :
             {"bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"})
            if (const auto token = file.find(name); token != file.end())
                add(*token, std::nullopt, true);
        if (const auto more = file.find("additional_special_tokens"); more != file.end() && more->is_array())
            for (const json &token : *more)
                add(token, std::nullopt, true);
    }

    json list() const
    {
        json out = json::array();
        for (const auto &[content, entry] : m_list)
            out.push_back(entry);
        return out;
    }

private:
    const json &m_vocabulary;
    std::map<std::string, json> m_list;
};

} // namespace

std::optional<std::string> special_token_content(const json &token)
{
    if (token.is_string())
        return token.get<std::string>();
    if (token.is_array() && token.size() == 1)
        return special_token_content(token[0]);
    if (const auto content = token.is_object() ? token.find("content") : token.end();
        token.is_object() && content != token.end() && content->is_string())
        return content->get<std::string>();
    return std::nullopt;
}

json read_vocab_and_merges(const std::filesystem::path &folder, std::vector<std::string> &warnings)
{
    std::vector<std::string> known; // who reads the tokenizer says so of tokenizer_config.json
    const json config = read_optional(folder / "tokenizer_config.json", known);
    const bool qwen2 = class_of(config, folder / "vocab.json") == kQwen2;
    const json vocabulary = read_json_file(folder / "vocab.json");
    AddedTokens added(vocabulary);
    if (const auto decoder = config.find("added_tokens_decoder"); decoder != config.end() && decoder->is_object())
        for (const auto &[key, token] : decoder->items()) {
            int64_t id = 0;
            const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
            if (error == std::errc() && end == key.data() + key.size())
                added.add(token, id, false);
        }
    const json more = read_optional(folder / "added_tokens.json", warnings);
    for (const auto &[content, id] : more.items())
        if (id.is_number_integer())
            added.add(content, id.get<int64_t>(), false);
    added.add_named(config);
    added.add_named(read_optional(folder / "special_tokens_map.json", warnings));
    added.add("<|endoftext|>", std::nullopt, true); // what GPT-2's tokenizer has when no file says otherwise

    const auto prefix = config.find("add_prefix_space");
    const json byte_level = {
        {"type", "ByteLevel"},
        {"add_prefix_space", prefix != config.end() && prefix->is_boolean() && prefix->get<bool>()},
        {"use_regex", !qwen2}};
    const json cut = {{"type", "Split"}, {"pattern", {{"Regex", kQwen2Pattern}}}, {"behavior", "Isolated"}};
    return {
        {"added_tokens", added.list()},
        {"normalizer", qwen2 ? json{{"type", "NFC"}} : json()},
        {"pre_tokenizer", qwen2 ? json{{"type", "Sequence"}, {"pretokenizers", {cut, byte_level}}} : byte_level},
        {"decoder", byte_level},
        {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges_of(read_file(folder / "merges.txt"))}}}};
}

} // namespace patchbay::text
