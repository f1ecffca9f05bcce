// Patterns of tokenizer.json are written for Oniguruma (Ruby's syntax); ICU reads a dialect that differs in places.
#pragma once

#include "base/json_field.h"

#include <string>

namespace patchbay::text {

/// The pattern in `field` as ICU finds the same with it. Throws Error naming what has no counterpart.
std::string icu_regex(const JsonField &field);

} // namespace patchbay::text
