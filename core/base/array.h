// Plain numbers with a shape: what core hands to everybody else instead of tensors.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace patchbay {

/// A dense row-major array of float32 or int64. An empty shape is a scalar with one value.
struct Array {
    std::vector<int64_t> shape;
    std::variant<std::vector<float>, std::vector<int64_t>> values;

    bool is_float() const { return values.index() == 0; }
    /// Throw std::bad_variant_access when the array is of the other kind.
    const std::vector<float> &floats() const { return std::get<0>(values); }
    std::vector<float> &floats() { return std::get<0>(values); }
    const std::vector<int64_t> &ints() const { return std::get<1>(values); }
    /// Product of the shape.
    int64_t count() const
    {
        int64_t n = 1;
        for (const int64_t s : shape)
            n *= s;
        return n;
    }
};

/// Arrays by name, in the order of their names (so files come out the same every time).
using ArrayMap = std::map<std::string, Array>;

} // namespace patchbay
