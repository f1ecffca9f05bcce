// From tokens back to text: "decoder" of a tokenizer.json.
#pragma once

#include "base/json_field.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::text {

/// Immutable; safe to use from several threads.
class Decoder {
public:
    /// Reads ByteLevel, ByteFallback, BPEDecoder, Fuse, Metaspace, Replace, Strip, WordPiece or a Sequence of them.
    /// Throws Error naming any other.
    explicit Decoder(const JsonField &decoder);
    /// What is usual for a model where the file has none: by its type, and whether it works on the byte alphabet.
    Decoder(const std::string &model_type, bool byte_level);

    /// The text of tokens, as they are written in the vocabulary. Parts that are no UTF-8 become U+FFFD.
    std::string decode(std::vector<std::string> tokens) const;
    /// The bytes that a token stands for where others come before it and behind it; need not be whole characters.
    std::string meaning(const std::string &token) const;
    /// Whether decode() is the tokens' meanings joined.
    bool joins() const;

    struct Step;

private:
    void read(const JsonField &decoder);
    std::vector<std::shared_ptr<const Step>> m_steps;
};

} // namespace patchbay::text
