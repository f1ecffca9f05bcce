#include "text/tokenizer.h"

#include "base/error.h"
#include "base/json_field.h"
#include "text/detail/added_tokens.h"
#include "text/detail/characters.h"
#include "text/detail/decoder.h"
#include "text/detail/normalizer.h"
#include "text/detail/post_processor.h"
#include "text/detail/pre_tokenizer.h"
#include "text/detail/token_model.h"
#include "text/detail/vocab_merges.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace patchbay {

using namespace text;

namespace {

/// ICU and Oniguruma count in 32 bits; a third leaves room for a text that grows when it is normalized.
constexpr size_t longest_text = size_t(1) << 29;

Decoder decoder_of(const JsonField &root, bool byte_level)
{
    if (const auto field = root.find("decoder"))
        return Decoder(*field);
    return Decoder(type_of_model(root.at("model")), byte_level);
}

} // namespace

struct Tokenizer::Impl {
    explicit Impl(const JsonField &root);
    void read_config(const JsonField &config);
    std::optional<int64_t> special(std::initializer_list<const char *> names) const;
    void put(int32_t id, const std::string &token);
    bool byte_level() const { return normalizer.byte_level() || (pre_tokenizer && pre_tokenizer->byte_level()); }
    bool changes_beginnings() const
    {
        return normalizer.changes_beginnings() || (pre_tokenizer && pre_tokenizer->changes_beginnings());
    }

    /// A table by id could be huge with few tokens in it.
    struct Token {
        const std::string *written; ///< in the vocabulary
        std::string bytes;          ///< what it stands for
    };

    std::string name;
    std::unique_ptr<TokenModel> model;
    Normalizer normalizer;
    std::unique_ptr<PreTokenizer> pre_tokenizer; ///< null: none
    Decoder decoder;
    std::vector<AddedToken> added;
    std::deque<std::string> added_as_found; ///< as they are written after normalization, where they are found there
    AddedTokenFinder raw, normalized;
    std::unordered_map<int64_t, Token> tokens;
    int64_t size = 0; ///< one more than the highest id
    std::optional<int64_t> bos, eos, pad;
    std::vector<int64_t> before_text; ///< what the post-processor puts there
    std::optional<bool> add_bos;      ///< what tokenizer_config.json says
    std::vector<std::string> warnings;
};

Tokenizer::Impl::Impl(const JsonField &root)
    : name(root.file()), model(TokenModel::read(root.at("model"))),
      normalizer(root.find("normalizer") ? Normalizer(*root.find("normalizer")) : Normalizer()),
      pre_tokenizer(root.find("pre_tokenizer") ? PreTokenizer::read(*root.find("pre_tokenizer")) : nullptr),
      decoder(decoder_of(root, byte_level()))
{
    if (const auto field = root.find("post_processor"))
        before_text = ids_before_text(*field);
    if (const auto field = root.find("added_tokens"))
        added = read_added_tokens(*field);

    tokens.reserve(model->vocabulary().size() + added.size());
    for (const auto &[token, id] : model->vocabulary())
        put(id, token);
    for (const AddedToken &token : added) {
        std::string &found = added_as_found.emplace_back(token.content);
        if (token.normalized) {
            found = normalizer.apply(token.content);
            normalized.add(token, found);
        } else {
            raw.add(token, found);
        }
        put(token.id, found);
    }
    bos = special({"<|begin_of_text|>", "<s>", "<bos>", "<|endoftext|>"});
    if (!before_text.empty())
        bos = before_text.front();
    eos = special({"<|end_of_text|>", "</s>", "<eos>", "<|endoftext|>"});
    pad = special({"<pad>", "[PAD]", "<|padding|>"});
}

void Tokenizer::Impl::put(int32_t id, const std::string &token)
{
    tokens[id] = {&token, decoder.meaning(token)};
    size = std::max<int64_t>(size, id + 1);
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
    if (!config.value().is_object())
        config.fail("should be an object");
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
        if (const int32_t found = model->vocabulary().find(*content); !id && found >= 0)
            id = found;
    };
    if (const auto flag = config.find("add_bos_token"); flag && flag->value().is_boolean())
        add_bos = flag->flag();
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
        std::vector<std::string> warnings;
        const nlohmann::json json = read_vocab_and_merges(file.parent_path(), warnings);
        tokenizer->m = std::make_unique<Impl>(JsonField(json, file.string() + " with merges.txt"));
        tokenizer->m->warnings = std::move(warnings);
    } else {
        const nlohmann::json json = read_json_file(file);
        tokenizer->m = std::make_unique<Impl>(JsonField(json, file.string()));
    }
    const std::filesystem::path config = file.parent_path() / "tokenizer_config.json";
    std::error_code error;
    if (std::filesystem::exists(config, error)) {
        try {
            const nlohmann::json config_json = read_json_file(config);
            tokenizer->m->read_config(JsonField(config_json, config.string()));
        } catch (const Error &cause) {
            tokenizer->m->warnings.push_back(std::string(cause.what())
                                             + "; done without it: special tokens, and whether a text begins with "
                                               "one, are as the tokenizer itself says");
        }
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
        bool at_start = outer.text.data() == input.data();
        const std::string normalized = m->normalizer.apply(outer.text, at_start);
        for (const Stretch &inner : m->normalized.split(normalized)) {
            if (inner.id >= 0) {
                ids.push_back(inner.id);
                continue;
            }
            pieces.assign(1, {std::string(inner.text), at_start && inner.text.data() == normalized.data()});
            if (m->pre_tokenizer)
                m->pre_tokenizer->apply(pieces);
            for (const Piece &piece : pieces)
                m->model->encode(piece.text, ids);
        }
    }
    return ids;
}

std::vector<int64_t> Tokenizer::continuation(std::string_view text) const
{
    if (m->changes_beginnings())
        for (const char *other : {"x", ".", "1", "\n"}) { // one that does not become a token together with the text
            const std::vector<int64_t> before = encode(other);
            std::vector<int64_t> all = encode(other + std::string(text));
            if (!before.empty() && all.size() >= before.size()
                && std::equal(before.begin(), before.end(), all.begin())) {
                all.erase(all.begin(), all.begin() + std::ptrdiff_t(before.size()));
                return all;
            }
        }
    return encode(text);
}

std::string Tokenizer::decode(std::span<const int64_t> ids) const
{
    if (m->decoder.joins()) {
        std::string joined;
        for (const int64_t id : ids)
            joined += bytes(id);
        return well_formed(joined);
    }
    std::vector<std::string> tokens;
    for (const int64_t id : ids) {
        bytes(id); // or says that there is none
        tokens.push_back(*m->tokens.at(id).written);
    }
    return m->decoder.decode(std::move(tokens));
}

const std::string &Tokenizer::bytes(int64_t id) const
{
    const auto found = m->tokens.find(id);
    if (found == m->tokens.end())
        throw Error(m->name, "has no token with id " + std::to_string(id));
    return found->second.bytes;
}

std::string Tokenizer::token(int64_t id) const
{
    return well_formed(bytes(id));
}

bool Tokenizer::contains(int64_t id) const
{
    return m->tokens.contains(id);
}

std::optional<int64_t> Tokenizer::single(std::string_view text) const
{
    const std::vector<int64_t> ids = continuation(text);
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

std::vector<int64_t> Tokenizer::beginning(Bos bos) const
{
    if (bos == Bos::No || (bos == Bos::Auto && m->add_bos == false))
        return {};
    if (!m->before_text.empty())
        return m->before_text;
    if (m->bos && (bos == Bos::Yes || m->add_bos == true))
        return {*m->bos};
    if (bos == Bos::Yes)
        throw Error(m->name, "names no token that a text begins with (BOS)");
    return {};
}

const std::vector<std::string> &Tokenizer::warnings() const
{
    return m->warnings;
}

} // namespace patchbay
