// Unicode normal forms and lower case, as a tokenizer.json asks for them.
#pragma once

#include "base/json_field.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::text {

class Normalizer {
public:
    /// Does nothing.
    Normalizer() = default;
    /// Reads "normalizer": NFC, NFD, NFKC, NFKD, Lowercase or a Sequence of them. Throws Error naming any other.
    explicit Normalizer(const JsonField &normalizer);

    /// Well-formed UTF-8 in and out.
    std::string apply(std::string_view text) const;
    bool does_nothing() const { return m_steps.empty(); }

private:
    enum class Step { Nfc, Nfd, Nfkc, Nfkd, Lowercase };
    void read(const JsonField &normalizer);
    std::vector<Step> m_steps; ///< applied in this order
};

} // namespace patchbay::text
