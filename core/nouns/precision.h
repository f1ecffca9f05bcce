// How exactly the engine multiplies with weights.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay {

/// Of products with weights. Where the processor has matrix units for bfloat16 (AMX), each number is the sum of one or
/// more of them, and the products of these sums are taken as far as they count, added up in float32:
/// Strict: three parts, six products, as good as float32; without matrix units float32 itself.
/// Split: two parts, three products: 2^-16 of the largest product is what a product may be off.
/// Bf16: one part, one product: what training in bfloat16 computes with.
enum class Precision { Strict, Split, Bf16 };

/// As written on the command line and in results: "strict", "split", "bf16".
std::string name(Precision precision);
/// Throws Error listing the accepted names.
Precision parse_precision(std::string_view text);
/// The same, or "auto" for none: what the processor does best of those whose results are as good as exact.
std::optional<Precision> parse_precision_or_auto(std::string_view text);

} // namespace patchbay
