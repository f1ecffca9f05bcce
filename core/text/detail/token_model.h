// What makes tokens of a piece of text: "model" of a tokenizer.json.
#pragma once

#include "text/detail/vocabulary.h"

#include <memory>
#include <vector>

namespace patchbay::text {

/// Immutable; safe to use from several threads.
class TokenModel {
public:
    virtual ~TokenModel() = default;
    /// Appends the ids of one piece of well-formed UTF-8, which is not empty. Throws Error where a part of it has no
    /// token and there is none for the unknown, unless the model passes over such parts.
    virtual void encode(std::string_view piece, std::vector<int64_t> &ids) const = 0;
    const Vocabulary &vocabulary() const { return m_vocabulary; }

    /// Reads a model: BPE, Unigram, WordPiece, WordLevel. Throws Error naming any other, or what is missing.
    static std::unique_ptr<TokenModel> read(const JsonField &model);

protected:
    Vocabulary m_vocabulary;
};

/// The type of a model, also where it is not said, which older files leave out.
std::string type_of_model(const JsonField &model);

} // namespace patchbay::text
