#include "text/tokenizer.h"

#include "base/error.h"
#include "base/json_field.h"
#include "text/detail/added_tokens.h"
#include "text/detail/bpe.h"
#include "text/detail/byte_alphabet.h"
#include "text/detail/normalizer.h"
#include "text/detail/pre_tokenizer.h"
#include "text/detail/vocab_merges.h"

#include <unicode/unistr.h>

#include <algorithm>
#include <unordered_map>

namespace patchbay {

using namespace text;

namespace {

/// UTF-8 with each maximal ill-formed part replaced by U+FFFD.
std::string well_formed(std::string_view bytes)
{
    std::string result;
    icu::UnicodeString::fromUTF8(icu::StringPiece(bytes.data(), static_cast<int32_t>(bytes.size())))
        .toUTF8String(result);
    return result;
}

/// ICU and Oniguruma count in 32 bits; a third leaves room for a text that grows when it is normalized.
constexpr size_t longest_text = size_t(1) << 29;

/// Post-processors add special tokens, which encode() never does: known ones can be passed over.
void check_post_processor(const JsonField &field)
{
    const std::string type = field.at("type").text();
    if (type == "Sequence") {
        for (const JsonField &part : field.at("processors").items())
            check_post_processor(part);
    } else if (type != "ByteLevel" && type != "TemplateProcessing" && type != "RobertaProcessing"
               && type != "BertProcessing") {
        field.at("type").fail(in_quotes(type) + " is not supported (only ByteLevel, TemplateProcessing, Sequence)");
    }
}

void check_decoder(const JsonField &field)
{
    const std::string type = field.at("type").text();
    if (type == "Sequence") {
        for (const JsonField &part : field.at("decoders").items())
            check_decoder(part);
    } else if (type != "ByteLevel") {
        field.at("type").fail(in_quotes(type) + " is not supported (only ByteLevel)");
    }
}

} // namespace

struct Tokenizer::Impl {
    explicit Impl(const JsonField &root);
    void read_config(const JsonField &config);
    std::optional<int64_t> special(std::initializer_list<const char *> names) const;

    std::string name;
    Bpe bpe;
    Normalizer normalizer;
    std::unique_ptr<PreTokenizer> pre_tokenizer;
    std::vector<AddedToken> added;
    AddedTokenFinder raw, normalized;
    std::unordered_map<int64_t, std::string>
        bytes;        ///< by id: what the token stands for. A table could be huge with few tokens in it
    int64_t size = 0; ///< one more than the highest id
    std::optional<int64_t> bos, eos, pad;
};

Tokenizer::Impl::Impl(const JsonField &root) : name(root.file()), bpe(root.at("model"))
{
    if (const auto field = root.find("normalizer"))
        normalizer = Normalizer(*field);
    pre_tokenizer = PreTokenizer::read(root.at("pre_tokenizer"));
    if (!pre_tokenizer->byte_level())
        root.at("pre_tokenizer").fail("has no ByteLevel (only byte-level BPE is supported)");
    if (const auto field = root.find("post_processor"))
        check_post_processor(*field);
    // Without one, Hugging Face's tokenizers join tokens with spaces between; what they stand for is the same.
    if (const auto field = root.find("decoder"))
        check_decoder(*field);
    if (const auto field = root.find("added_tokens"))
        added = read_added_tokens(*field);

    const auto put = [this](int32_t id, const std::string &token) {
        bytes[id] = from_alphabet(token);
        size = std::max<int64_t>(size, id + 1);
    };
    bytes.reserve(bpe.vocabulary().size() + added.size());
    for (const auto &[token, id] : bpe.vocabulary())
        put(id, token);
    for (const AddedToken &token : added) {
        put(token.id, token.content);
        if (token.normalized)
            normalized.add(token, normalizer.apply(token.content));
        else
            raw.add(token, token.content);
    }
    bos = special({"<|begin_of_text|>", "<s>", "<bos>", "<|endoftext|>"});
    eos = special({"<|end_of_text|>", "</s>", "<eos>", "<|endoftext|>"});
    pad = special({"<pad>", "[PAD]", "<|padding|>"});
}

std::optional<int64_t> Tokenizer::Impl::special(std::initializer_list<const char *> names) const
{
    for (const char *wanted : names)
        for (const AddedToken &token : added)
            if (token.special && token.content == wanted)
                return token.id;
    return std::nullopt;
}

void Tokenizer::Impl::read_config(const JsonField &config)
{
    const auto read = [&](const char *key, std::optional<int64_t> &id) {
        const auto field = config.find(key);
        if (!field)
            return;
        const auto content = special_token_content(field->value());
        if (!content) // ids do not depend on it
            return;
        id.reset();
        for (const AddedToken &token : added)
            if (token.content == *content)
                id = token.id;
        if (const auto found = bpe.vocabulary().find(*content); !id && found != bpe.vocabulary().end())
            id = found->second;
    };
    read("bos_token", bos);
    read("eos_token", eos);
    pad = eos; // what was guessed from names gives way to what the file says, or leaves out
    read("pad_token", pad);
}

Tokenizer::Tokenizer() = default;
Tokenizer::~Tokenizer() = default;

std::filesystem::path tokenizer_file(const std::filesystem::path &folder)
{
    std::error_code ignored;
    for (const char *name : {"tokenizer.json", "vocab.json", "tokenizer.model", "spiece.model"})
        if (std::filesystem::exists(folder / name, ignored)
            && (name != std::string("vocab.json") || std::filesystem::exists(folder / "merges.txt", ignored)))
            return folder / name;
    return {};
}

std::unique_ptr<Tokenizer> Tokenizer::open(const std::filesystem::path &place)
{
    std::error_code ignored;
    if (!std::filesystem::is_directory(place, ignored))
        return load(place);
    const std::filesystem::path file = tokenizer_file(place);
    if (file.empty())
        throw Error(place.string(), "has no tokenizer: neither tokenizer.json nor vocab.json with merges.txt is there");
    return load(file);
}

std::unique_ptr<Tokenizer> Tokenizer::load(const std::filesystem::path &file)
{
    if (file.extension() == ".model")
        throw Error(file.string(),
                    "is a SentencePiece model, which is not read; transformers converts it to tokenizer.json: "
                    "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)");
    std::unique_ptr<Tokenizer> tokenizer(new Tokenizer);
    if (file.filename() == "vocab.json") {
        const nlohmann::json json = read_vocab_and_merges(file.parent_path());
        tokenizer->m = std::make_unique<Impl>(JsonField(json, file.string() + " with merges.txt"));
    } else {
        const nlohmann::json json = read_json_file(file);
        tokenizer->m = std::make_unique<Impl>(JsonField(json, file.string()));
    }
    const std::filesystem::path config = file.parent_path() / "tokenizer_config.json";
    std::error_code error;
    if (std::filesystem::exists(config, error)) {
        const nlohmann::json config_json = read_json_file(config);
        tokenizer->m->read_config(JsonField(config_json, config.string()));
    }
    return tokenizer;
}

std::unique_ptr<Tokenizer> Tokenizer::from_json(const std::string &text, const std::string &name)
{
    std::unique_ptr<Tokenizer> tokenizer(new Tokenizer);
    const nlohmann::json json = parse_json(text, name);
    tokenizer->m = std::make_unique<Impl>(JsonField(json, name));
    return tokenizer;
}

std::vector<int64_t> Tokenizer::encode(std::string_view text) const
{
    if (text.size() > longest_text)
        throw Error(m->name, "a text of " + std::to_string(text.size()) + " bytes is too long to tokenize");
    const std::string input = well_formed(text);
    std::vector<int64_t> ids;
    Pieces pieces;
    for (const Stretch &outer : m->raw.split(input)) {
        if (outer.id >= 0) {
            ids.push_back(outer.id);
            continue;
        }
        const std::string normalized =
            m->normalizer.does_nothing() ? std::string(outer.text) : m->normalizer.apply(outer.text);
        for (const Stretch &inner : m->normalized.split(normalized)) {
            if (inner.id >= 0) {
                ids.push_back(inner.id);
                continue;
            }
            pieces.assign(1, std::string(inner.text));
            m->pre_tokenizer->apply(pieces);
            for (const std::string &piece : pieces)
                m->bpe.encode(piece, ids);
        }
    }
    return ids;
}

std::string Tokenizer::decode(std::span<const int64_t> ids) const
{
    std::string joined;
    for (const int64_t id : ids)
        joined += bytes(id);
    return well_formed(joined);
}

const std::string &Tokenizer::bytes(int64_t id) const
{
    const auto found = m->bytes.find(id);
    if (found == m->bytes.end())
        throw Error(m->name, "has no token with id " + std::to_string(id));
    return found->second;
}

std::string Tokenizer::token(int64_t id) const
{
    return decode({&id, 1});
}

bool Tokenizer::contains(int64_t id) const
{
    return m->bytes.count(id) > 0;
}

std::optional<int64_t> Tokenizer::single(std::string_view text) const
{
    const std::vector<int64_t> ids = encode(text);
    return ids.size() == 1 ? std::optional(ids[0]) : std::nullopt;
}

int64_t Tokenizer::size() const
{
    return m->size;
}

std::optional<int64_t> Tokenizer::bos_id() const
{
    return m->bos;
}

std::optional<int64_t> Tokenizer::eos_id() const
{
    return m->eos;
}

std::optional<int64_t> Tokenizer::pad_id() const
{
    return m->pad ? m->pad : m->eos;
}

} // namespace patchbay
