#include "io/dtype.h"

#include "base/names.h"

#include <bit>
#include <cstring>

namespace patchbay {

namespace {

struct Known {
    DType dtype;
    const char *name;
    size_t size;
};

constexpr Known kKnown[] = {
    {DType::F64, "F64", 8},   {DType::F32, "F32", 4}, {DType::F16, "F16", 2}, {DType::BF16, "BF16", 2},
    {DType::I64, "I64", 8},   {DType::I32, "I32", 4}, {DType::I16, "I16", 2}, {DType::I8, "I8", 1},
    {DType::U64, "U64", 8},   {DType::U32, "U32", 4}, {DType::U16, "U16", 2}, {DType::U8, "U8", 1},
    {DType::Bool, "BOOL", 1},
};
static_assert(std::endian::native == std::endian::little, "weights are read as they lie on disk: little-endian");

const Known &known(DType dtype)
{
    return kKnown[static_cast<size_t>(dtype)];
}

float from_half(uint16_t half)
{
    const uint32_t sign = uint32_t(half & 0x8000u) << 16;
    const uint32_t rest = half & 0x7fffu;
    if (rest >= 0x7c00u) // infinity, NaN
        return std::bit_cast<float>(sign | 0x7f800000u | ((rest & 0x3ffu) << 13));
    if (rest < 0x400u) { // zero and subnormals: rest * 2^-24
        const float value = static_cast<float>(rest) * 0x1p-24f;
        return sign ? -value : value;
    }
    return std::bit_cast<float>(sign | ((rest << 13) + 0x38000000u));
}

template <class From, class To, class Convert>
void each(const std::byte *from, size_t count, To *to, Convert convert)
{
    for (size_t i = 0; i < count; ++i) {
        From value;
        std::memcpy(&value, from + i * sizeof(From), sizeof(From));
        to[i] = static_cast<To>(convert(value));
    }
}

template <class To>
void convert(DType dtype, const std::byte *from, size_t count, To *to)
{
    const auto same = [](auto value) { return value; };
    switch (dtype) {
    case DType::F64:
        return each<double>(from, count, to, same);
    case DType::F32:
        return each<float>(from, count, to, same);
    case DType::F16:
        return each<uint16_t>(from, count, to, from_half);
    case DType::BF16:
        return each<uint16_t>(from, count, to, [](uint16_t v) { return std::bit_cast<float>(uint32_t(v) << 16); });
    case DType::I64:
        return each<int64_t>(from, count, to, same);
    case DType::I32:
        return each<int32_t>(from, count, to, same);
    case DType::I16:
        return each<int16_t>(from, count, to, same);
    case DType::I8:
        return each<int8_t>(from, count, to, same);
    case DType::U64:
        return each<uint64_t>(from, count, to, same);
    case DType::U32:
        return each<uint32_t>(from, count, to, same);
    case DType::U16:
        return each<uint16_t>(from, count, to, same);
    case DType::U8:
        return each<uint8_t>(from, count, to, same);
    case DType::Bool:
        return each<uint8_t>(from, count, to, [](uint8_t v) { return v != 0; });
    }
}

constexpr Names<DType, 3> kKept{{{DType::F32, "float32"}, {DType::BF16, "bfloat16"}, {DType::F16, "float16"}}};

} // namespace

size_t size_of(DType dtype)
{
    return known(dtype).size;
}

bool is_floating(DType dtype)
{
    return dtype == DType::F64 || dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
}

std::string name(DType dtype)
{
    return known(dtype).name;
}

std::optional<DType> dtype_from_name(std::string_view name)
{
    for (const Known &k : kKnown)
        if (name == k.name)
            return k.dtype;
    return std::nullopt;
}

std::vector<std::string> kept_dtype_words()
{
    std::vector<std::string> words;
    for (const auto &entry : kKept)
        words.emplace_back(entry.second);
    return words;
}

DType parse_kept_dtype(std::string_view word)
{
    return parse_named(kKept, word, "a number format that weights are kept in");
}

std::string word_of(DType kept)
{
    return name_of(kKept, kept);
}

void convert_to_float(DType dtype, const std::byte *from, size_t count, float *to)
{
    if (dtype == DType::F32)
        std::memcpy(to, from, count * sizeof(float));
    else
        convert(dtype, from, count, to);
}

uint16_t half_bits(float value)
{
    const uint32_t bits = std::bit_cast<uint32_t>(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u)
        return uint16_t(sign | 0x7e00u); // NaN
    if (size >= 0x47800000u)
        return uint16_t(sign | 0x7c00u);
    if (size < 0x38800000u) // subnormal: the sum rounds at 2^-24, as this float's last place is there
        return uint16_t(sign | (std::bit_cast<uint32_t>(std::bit_cast<float>(size) + 0.5f) - 0x3f000000u));
    return uint16_t(sign | ((size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13));
}

void convert_to_int(DType dtype, const std::byte *from, size_t count, int64_t *to)
{
    convert(dtype, from, count, to);
}

} // namespace patchbay
