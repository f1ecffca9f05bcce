// The way back from differences to weights. For core's sources only.
#pragma once

#include "base/array.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace patchbay {

/// A matrix's step in each row and the multiples of it, or all values where there are no steps.
struct Difference {
    std::vector<int64_t> shape;
    std::vector<float> steps;   ///< [rows], or empty
    std::vector<int8_t> counts; ///< [elements], or empty
    std::vector<float> values;  ///< [elements], or empty
};

struct Differences {
    std::map<std::string, Difference> tensors;
    std::string base_sha256;
};
/// Throws Error naming the file.
Differences read_differences(const std::filesystem::path &file);

/// The bits of the tensor's F16 weights; base: those of the base, not read where the tensor is whole.
std::vector<uint16_t> weights_of(const Difference &difference, const std::vector<float> &base);

} // namespace patchbay
