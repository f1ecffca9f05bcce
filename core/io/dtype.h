// Number formats of stored tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

enum class DType { F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, Bool };

/// Bytes of one element.
size_t size_of(DType dtype);
bool is_floating(DType dtype);
/// As in safetensors files: "F32", "BF16", "BOOL" …
std::string name(DType dtype);
std::optional<DType> dtype_from_name(std::string_view name);
/// As people write those that weights are kept in: "float32", "float16", "bfloat16". Throws Error for another word.
std::vector<std::string> kept_dtype_words();
DType parse_kept_dtype(std::string_view word);
std::string word_of(DType kept);

/// count elements from unaligned little-endian bytes; integers become floats too.
void convert_to_float(DType dtype, const std::byte *from, size_t count, float *to);
/// The same to int64; floats are truncated.
void convert_to_int(DType dtype, const std::byte *from, size_t count, int64_t *to);
/// The nearest F16's bits; of two as near, the one that is even. What is too large becomes infinite.
uint16_t half_bits(float value);

} // namespace patchbay
