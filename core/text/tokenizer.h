// Text to token ids and back, from a Hugging Face tokenizer.json, or from vocab.json and merges.txt.
#pragma once

#include "nouns/bos.h"

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
    /// BPE (byte-level, or as SentencePiece has it), Unigram, WordPiece and WordLevel. Throws Error naming the file and
    /// the component that is not known. vocab.json is read together with the merges.txt beside it, as GPT-2's; a
    /// SentencePiece model is refused. A tokenizer_config.json that cannot be read costs what it would say only.
    static std::unique_ptr<Tokenizer> load(const std::filesystem::path &file);
    /// The tokenizer of a model's folder, or such a file itself. Throws Error also when the folder has none.
    static std::unique_ptr<Tokenizer> open(const std::filesystem::path &folder_or_file);
    static std::unique_ptr<Tokenizer> from_json(const std::string &text, const std::string &name);
    ~Tokenizer();

    /// Ids of UTF-8 text; no special tokens are added, those written out in the text are recognised.
    /// Throws Error where a part of it has no token and there is none for the unknown.
    std::vector<int64_t> encode(std::string_view text) const;
    /// Ids of a text that goes on after another: without the space that some tokenizers put before a text's beginning.
    std::vector<int64_t> continuation(std::string_view text) const;
    /// The text of tokens by the file's decoder, special ones written out; U+FFFD for what is not UTF-8. Throws Error
    /// for an unknown id.
    std::string decode(std::span<const int64_t> ids) const;
    /// What a token stands for where others come before it, which need not be whole characters. Throws Error for an id
    /// that is not in the vocabulary.
    const std::string &bytes(int64_t id) const;
    /// One token alone, decoded. Throws Error for an id that is not in the vocabulary.
    std::string token(int64_t id) const;
    /// Whether an id stands for a token. Models often have more ids than their tokenizers.
    bool contains(int64_t id) const;
    /// The id of a text that is exactly one token where it goes on after another.
    std::optional<int64_t> single(std::string_view text) const;
    /// One more than the highest id.
    int64_t size() const;
    /// From tokenizer_config.json beside the file, where given; otherwise a special token with one of the usual names.
    /// pad falls back to eos, which GPT-2 and Pythia are padded with.
    std::optional<int64_t> bos_id() const;
    std::optional<int64_t> eos_id() const;
    std::optional<int64_t> pad_id() const;
    /// What a text's tokens begin with. Auto: what add_bos_token of tokenizer_config.json says, otherwise what the
    /// post-processor puts there, which for many is nothing. Yes: the post-processor's, or bos_id(); throws Error where
    /// there is neither.
    std::vector<int64_t> beginning(Bos bos) const;
    /// What could not be read beside the tokenizer, and is done without.
    const std::vector<std::string> &warnings() const;

private:
    Tokenizer();
    struct Impl;
    std::unique_ptr<Impl> m;
};

} // namespace patchbay
