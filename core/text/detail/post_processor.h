// What a tokenizer puts before the tokens of a text: "post_processor" of a tokenizer.json.
#pragma once

#include "base/json_field.h"

#include <cstdint>
#include <vector>

namespace patchbay::text {

/// The ids of special tokens before a single text. Reads ByteLevel (none), TemplateProcessing, BertProcessing,
/// RobertaProcessing and Sequence; what they put behind a text is not read. Throws Error naming any other.
std::vector<int64_t> ids_before_text(const JsonField &post_processor);

} // namespace patchbay::text
