// What is done to a text before it is cut into pieces: "normalizer" of a tokenizer.json.
#pragma once

#include "base/json_field.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::text {

/// A step of normalization. Immutable.
class NormalStep {
public:
    virtual ~NormalStep() = default;
    /// Well-formed UTF-8 in and out, not empty in. at_start, where true, becomes false when what is now the first
    /// character did not begin the text.
    virtual std::string apply(const std::string &text, bool &at_start) const = 0;
};

class Normalizer {
public:
    /// Does nothing.
    Normalizer() = default;
    /// Reads "normalizer": NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Nmt, Prepend, Replace, Precompiled,
    /// BertNormalizer, ByteLevel or a Sequence of them. Throws Error naming any other.
    explicit Normalizer(const JsonField &normalizer);

    /// Well-formed UTF-8 in and out. at_start: whether the text begins the whole text, and afterwards whether its first
    /// character does. Throws Error where a pattern runs away.
    std::string apply(std::string_view text, bool &at_start) const;
    std::string apply(std::string_view text) const
    {
        bool at_start = false;
        return apply(text, at_start);
    }
    bool does_nothing() const { return m_steps.empty(); }
    /// Whether a text that begins with something can become another than when it follows something.
    bool changes_beginnings() const { return m_changes_beginnings; }
    /// Whether it writes bytes in the byte alphabet.
    bool byte_level() const { return m_byte_level; }

private:
    void read(const JsonField &normalizer);
    std::vector<std::shared_ptr<const NormalStep>> m_steps; ///< applied in this order
    bool m_changes_beginnings = false, m_byte_level = false;
};

} // namespace patchbay::text
