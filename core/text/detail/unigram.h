// Unigram: of all ways to cut a piece into tokens, the one with the highest sum of scores.
#pragma once

#include "text/detail/token_model.h"

namespace patchbay::text {

class Unigram : public TokenModel {
public:
    /// Reads "model": vocab, a list of tokens with their scores, whose ids are their places; unk_id; byte_fallback.
    explicit Unigram(const JsonField &model);

    /// A character without a token costs 10 more than the worst token, and those in a row are one unknown token, or
    /// their bytes' tokens (byte_fallback).
    void encode(std::string_view piece, std::vector<int64_t> &ids) const override;

private:
    struct Node { ///< of a tree of bytes: below it first_child, and from there each next one
        int32_t first_child = -1, next = -1;
        int32_t id = -1;
        char byte = 0;
    };
    void add_to_tree(std::string_view token, int32_t id);
    int32_t child(int32_t node, char byte) const;
    void append_unknown(std::string_view text, std::vector<int64_t> &ids) const;

    std::string m_file;
    std::vector<double> m_scores; ///< by id
    double m_unknown_score = 0;
    int32_t m_unknown = -1;
    ByteTokens m_bytes;
    std::vector<Node> m_nodes{Node()};
    std::array<int32_t, 256> m_roots; ///< children of the root: it has many
};

} // namespace patchbay::text
