// SentencePiece's "precompiled_charsmap": which short texts are replaced by which, as a tree in a double array.
#pragma once

#include "base/json_field.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::text {

class Charsmap {
public:
    /// Reads the Base64 text. Throws Error where it is none, or not such a map.
    explicit Charsmap(const JsonField &precompiled);

    /// Grapheme by grapheme where one is shorter than 6 bytes and in the map, otherwise character by character: as
    /// Hugging Face's tokenizers do it. Well-formed UTF-8 in; the text of a damaged map need not be.
    std::string apply(std::string_view text) const;

private:
    /// What stands for a text whose beginning is in the map; the shortest such beginning counts, and all of the text
    /// is replaced.
    std::optional<std::string_view> replacement(std::string_view text) const;

    std::vector<uint32_t> m_units;
    std::string m_texts; ///< each ends with a byte 0
};

} // namespace patchbay::text
