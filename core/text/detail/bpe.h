// Byte-pair encoding: the vocabulary, the merges, and joining one piece of text.
#pragma once

#include "base/json_field.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace patchbay::text {

class Bpe {
public:
    /// Reads "model" of a tokenizer.json. Throws Error naming what is missing or not supported.
    explicit Bpe(const JsonField &model);

    /// Appends the ids of one piece, written in the byte alphabet (as UTF-8). Characters without a token vanish, unless
    /// there is an unknown token.
    void encode(std::string_view piece, std::vector<int64_t> &ids) const;
    const std::unordered_map<std::string, int32_t> &vocabulary() const { return m_vocabulary; }

private:
    struct Merge {
        int32_t rank, id;
    };
    void read_merges(const JsonField &merges);
    void join(std::vector<int32_t> &symbols) const;
    const Merge *merge_of(int32_t left, int32_t right) const;

    std::unordered_map<std::string, int32_t> m_vocabulary;
    std::unordered_map<uint64_t, Merge> m_merges; ///< key: left id in the high half, right id in the low one
    std::vector<int32_t> m_letters;               ///< id of each character of the alphabet, -1: none
    int32_t m_unknown = -1;
    bool m_fuse_unknown = false;
    bool m_ignore_merges = false; ///< a piece that is a token stays whole, whatever the merges say
};

} // namespace patchbay::text
