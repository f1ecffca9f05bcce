// Byte-pair encoding: the vocabulary, the merges, and joining one piece of text.
#pragma once

#include "text/detail/token_model.h"

#include <unordered_map>

namespace patchbay::text {

class Bpe : public TokenModel {
public:
    /// Reads "model" of a tokenizer.json. Throws Error naming what is missing or not supported.
    explicit Bpe(const JsonField &model);

    /// Characters without a token are written as the tokens of their bytes (byte_fallback), are the unknown token, or
    /// vanish where there is none.
    void encode(std::string_view piece, std::vector<int64_t> &ids) const override;

private:
    struct Merge {
        int32_t rank, id;
    };
    void read_merges(const JsonField &merges);
    std::vector<int32_t> letters_of(std::string_view piece) const;
    void join(std::vector<int32_t> &symbols) const;
    const Merge *merge_of(int32_t left, int32_t right) const;

    std::unordered_map<uint64_t, Merge> m_merges; ///< key: left id in the high half, right id in the low one
    std::vector<int32_t> m_letters;               ///< ids of the first characters of Unicode, -1: none
    std::string m_prefix, m_suffix;               ///< of letters that do not begin a piece, of the one that ends it
    int32_t m_unknown = -1;
    bool m_fuse_unknown = false;
    bool m_ignore_merges = false; ///< a piece that is a token stays whole, whatever the merges say
    bool m_byte_fallback = false;
    ByteTokens m_bytes;
};

} // namespace patchbay::text
