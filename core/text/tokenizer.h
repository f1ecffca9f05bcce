// Text to token ids and back, from a Hugging Face tokenizer.json, or from vocab.json and merges.txt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// The file that the tokenizer of a model's folder is read from: tokenizer.json, else vocab.json (with merges.txt),
/// else a SentencePiece model. Empty when there is none.
std::filesystem::path tokenizer_file(const std::filesystem::path &folder);

/// Immutable; safe to use from several threads.
class Tokenizer {
public:
    /// Byte-level BPE with the components of GPT-2, GPT-NeoX and SmolLM2 / Llama-3 files. Throws Error naming the file
    /// and the unsupported component. vocab.json is read together with the merges.txt beside it, as GPT-2's; a
    /// SentencePiece model is refused.
    static std::unique_ptr<Tokenizer> load(const std::filesystem::path &file);
    /// The tokenizer of a model's folder, or such a file itself. Throws Error also when the folder has none.
    static std::unique_ptr<Tokenizer> open(const std::filesystem::path &folder_or_file);
    static std::unique_ptr<Tokenizer> from_json(const std::string &text, const std::string &name);
    ~Tokenizer();

    /// Ids of UTF-8 text; no special tokens are added, those written out in the text are recognised.
    std::vector<int64_t> encode(std::string_view text) const;
    /// The bytes of all tokens joined, then read as UTF-8 with U+FFFD for what is ill-formed. Throws Error for an
    /// unknown id.
    std::string decode(std::span<const int64_t> ids) const;
    /// What a token stands for, which need not be whole characters. Throws Error for an id that is not in the
    /// vocabulary.
    const std::string &bytes(int64_t id) const;
    /// One token alone, decoded. Throws Error for an id that is not in the vocabulary.
    std::string token(int64_t id) const;
    /// Whether an id stands for a token. Models often have more ids than their tokenizers.
    bool contains(int64_t id) const;
    /// The id of a text that is exactly one token.
    std::optional<int64_t> single(std::string_view text) const;
    /// One more than the highest id.
    int64_t size() const;
    /// From tokenizer_config.json beside the file, where given; otherwise a special token with one of the usual names.
    /// pad falls back to eos, which GPT-2 and Pythia are padded with.
    std::optional<int64_t> bos_id() const;
    std::optional<int64_t> eos_id() const;
    std::optional<int64_t> pad_id() const;

private:
    Tokenizer();
    struct Impl;
    std::unique_ptr<Impl> m;
};

} // namespace patchbay
