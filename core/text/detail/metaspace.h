// SentencePiece's visible space, as its pre-tokenizer and its decoder both have it.
#pragma once

#include "base/json_field.h"

#include <string>

namespace patchbay::text {

struct Metaspace {
    enum class Prepend { Always, First, Never };
    std::string replacement = "\u2581"; ///< of a space: one character
    Prepend prepend = Prepend::Always;  ///< whether it is put before a text: each stretch, or only the whole text

    /// Throws Error naming what it is not.
    static Metaspace read(const JsonField &field);
};

} // namespace patchbay::text
