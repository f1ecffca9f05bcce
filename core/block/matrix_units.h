// What products with weights are computed in: float32, or the processor's matrix units, where it has them and the
// system lets us.
#pragma once

#include "model/config.h"
#include "nouns/precision.h"

#include <optional>
#include <string>

namespace patchbay {

/// Whether this processor multiplies bfloat16 in matrix units (AMX) and this process may use them. Asked once.
bool has_matrix_units();

/// Throws Error where this processor does not compute so.
void check_precision(std::optional<Precision> wanted);

/// Whether a model is so small that what a faster product saves is less than what it costs, and that the roundings of
/// few numbers do not cancel out.
bool is_tiny(const ModelConfig &config);

/// What is used of a model where this is wanted, or nothing particular: Split with matrix units, but Strict of a tiny
/// model, and where its split weights, kept beside those in float32, would take more than an eighth of the machine's
/// memory. widened: they are kept in 16 bits, and widened and split when they are used. Throws Error as
/// check_precision does.
Precision precision_for(const ModelConfig &config, std::optional<Precision> wanted, bool widened = false);

/// How many bfloat16 parts each number is split into; none: products are computed in float32.
std::optional<int> parts_in_matrix_units(const ModelConfig &config, Precision used, bool widened = false);
/// For people: "float32", "float32 split into 2 bfloat16 parts, 3 products, in matrix units (AMX)".
std::string arithmetic_in_words(const ModelConfig &config, Precision used, bool widened = false);

/// Weights of the matrices of all blocks.
double block_weights(const ModelConfig &config);

} // namespace patchbay
