// Text files of other programs: found to be UTF-8 or UTF-16 by their first bytes, decoded from anything else on request
// only.
#pragma once

#include <string>

namespace patchbay {

/// The text as UTF-8, without a byte order mark. A mark decides the encoding (UTF-8, UTF-16, UTF-32); without one the
/// bytes are read in the named encoding (a name that ICU knows, such as latin1, windows-1252, UTF-16LE); empty: they
/// must be UTF-8. Nothing is ever replaced: throws Error naming the file, line and byte that cannot be read, or an
/// encoding that is not known.
std::string decode_text(std::string bytes, const std::string &encoding, const std::string &file);

} // namespace patchbay
