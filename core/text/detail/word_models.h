// Tokens of whole words: WordPiece, the longest beginnings one after the other, and WordLevel, a word or nothing.
#pragma once

#include "text/detail/token_model.h"

namespace patchbay::text {

class WordPiece : public TokenModel {
public:
    explicit WordPiece(const JsonField &model);
    /// A piece that cannot be cut to its end, or is too long, is the unknown token.
    void encode(std::string_view piece, std::vector<int64_t> &ids) const override;

private:
    std::string m_prefix; ///< of tokens that go on with a word
    int32_t m_unknown = -1;
    int64_t m_most_characters = 100;
};

class WordLevel : public TokenModel {
public:
    explicit WordLevel(const JsonField &model);
    void encode(std::string_view piece, std::vector<int64_t> &ids) const override;

private:
    std::string m_file;
    int32_t m_unknown = -1; ///< there may be none
};

} // namespace patchbay::text
