#include "block/matrix_units.h"

#include "base/error.h"
#include "base/memory.h"
#include "block/detail/tiles.h"
#include "block/detail/traits.h"

namespace patchbay {

using detail::parts_of;

namespace {

bool has_room(const ModelConfig &config, Precision precision, bool widened)
{
    return widened || 2.0 * parts_of(precision) * block_weights(config) <= double(usable_memory() / 8);
}

} // namespace

bool has_matrix_units()
{
    return detail::matrix_unit_tiles() != nullptr;
}

void check_precision(std::optional<Precision> wanted)
{
    if (wanted && *wanted != Precision::Strict && !has_matrix_units())
        throw Error("precision",
                    name(*wanted)
                        + " is for processors that multiply bfloat16 in matrix units (AMX): this one does not");
}

double block_weights(const ModelConfig &config)
{
    return detail::BlockTraits(config, 0).row_flops() / 2 * config.n_layers;
}

bool is_tiny(const ModelConfig &config)
{
    constexpr double tiny = 1e6; // operations on a row in one block: a d_model of about 200
    return detail::BlockTraits(config, 0).row_flops() < tiny;
}

Precision precision_for(const ModelConfig &config, std::optional<Precision> wanted, bool widened)
{
    check_precision(wanted);
    if (wanted)
        return *wanted;
    return has_matrix_units() && !is_tiny(config) && has_room(config, Precision::Split, widened) ? Precision::Split
                                                                                                 : Precision::Strict;
}

std::optional<int> parts_in_matrix_units(const ModelConfig &config, Precision used, bool widened)
{
    return has_matrix_units() && has_room(config, used, widened) ? std::optional(parts_of(used)) : std::nullopt;
}

std::string arithmetic_in_words(const ModelConfig &config, Precision used, bool widened)
{
    const std::optional<int> parts = parts_in_matrix_units(config, used, widened);
    if (!parts)
        return "float32";
    if (*parts == 1)
        return "bfloat16 in matrix units (AMX)";
    return "float32 split into " + std::to_string(*parts) + " bfloat16 parts, "
        + std::to_string(*parts * (*parts + 1) / 2) + " products, in matrix units (AMX)";
}

} // namespace patchbay
