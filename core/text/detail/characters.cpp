#include "text/detail/characters.h"

#include <unicode/unistr.h>

namespace patchbay::text {

std::string well_formed(std::string_view bytes)
{
    std::string result;
    icu::UnicodeString::fromUTF8(icu::StringPiece(bytes.data(), static_cast<int32_t>(bytes.size())))
        .toUTF8String(result);
    return result;
}

} // namespace patchbay::text
