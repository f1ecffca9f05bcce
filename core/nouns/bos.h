// Whether texts begin with the tokenizer's token for that.
#pragma once

#include <string>
#include <string_view>

namespace patchbay {

/// Auto: as the tokenizer does it of itself (Tokenizer::beginning).
enum class Bos { Auto, Yes, No };

/// As written in specs and on the command line: "auto", "yes", "no".
std::string name(Bos bos);
/// Throws Error listing the accepted names.
Bos parse_bos(std::string_view text);

} // namespace patchbay
