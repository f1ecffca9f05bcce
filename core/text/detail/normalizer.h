// Unicode normal forms, as a tokenizer.json asks for them.
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
    /// Reads "normalizer": NFC, NFD, NFKC, NFKD or a Sequence of them. Throws Error naming any other.
    explicit Normalizer(const JsonField &normalizer);

    /// Well-formed UTF-8 in and out.
    std::string apply(std::string_view text) const;
    bool does_nothing() const { return m_forms.empty(); }

private:
    enum class Form { Nfc, Nfd, Nfkc, Nfkd };
    void read(const JsonField &normalizer);
    std::vector<Form> m_forms; ///< applied in this order
};

} // namespace patchbay::text
