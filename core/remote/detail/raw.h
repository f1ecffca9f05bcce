// Numbers as they cross: rows as raw little-endian bytes, single ones as JSON, choices by their names or numbers.
#pragma once

#include "base/json_field.h"
#include "requests/request.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace patchbay::remote {

/// Of vectors: rows of numbers.
template <class T>
inline constexpr bool is_number_rows = false;
template <class T>
inline constexpr bool is_number_rows<std::vector<T>> = std::is_arithmetic_v<T>;

/// To little-endian bytes, or from them.
template <class T>
void swap_where_big_endian(std::string &bytes)
{
    if constexpr (std::endian::native == std::endian::big)
        for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T))
            std::reverse(bytes.begin() + std::ptrdiff_t(i), bytes.begin() + std::ptrdiff_t(i + sizeof(T)));
}

template <class T>
std::string raw_bytes(const std::vector<T> &values)
{
    std::string bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
    swap_where_big_endian<T>(bytes);
    return bytes;
}

/// False where they are no whole number of values.
template <class T>
bool raw_values(std::string bytes, std::vector<T> &out)
{
    if (bytes.size() % sizeof(T) != 0)
        return false;
    swap_where_big_endian<T>(bytes);
    out.resize(bytes.size() / sizeof(T));
    if (!out.empty())
        std::memcpy(out.data(), bytes.data(), bytes.size());
    return true;
}

/// The last of a choice that crosses as its number.
template <class Enum>
inline constexpr Enum last_of{};
template <>
inline constexpr CellState last_of<CellState> = CellState::Exact;
template <>
inline constexpr AttentionKind last_of<AttentionKind> = AttentionKind::ValueWeighted;
template <>
inline constexpr StepState last_of<StepState> = StepState::Failed;
template <>
inline constexpr SeriesState last_of<SeriesState> = SeriesState::Gap;
template <>
inline constexpr Norm last_of<Norm> = Norm::RmsNorm;
template <>
inline constexpr Activation last_of<Activation> = Activation::Solu;
template <>
inline constexpr QkNorm last_of<QkNorm> = QkNorm::WholeWidth;
template <>
inline constexpr RotaryScaling::Type last_of<RotaryScaling::Type> = RotaryScaling::Type::LongRope;

template <class Enum>
nlohmann::json packed_enum(Enum value)
{
    static_assert(last_of<Enum> != Enum{}, "say which is the last, or how it is called");
    return int(value);
}
template <class Enum>
void read_enum(const JsonField &at, Enum &out)
{
    out = Enum(at.integer(0, int64_t(last_of<Enum>)));
}
// Those that files call by a name, too.
nlohmann::json packed_enum(Site value);
nlohmann::json packed_enum(Direction value);
nlohmann::json packed_enum(Metric value);
nlohmann::json packed_enum(Bos value);
void read_enum(const JsonField &at, Site &out);
void read_enum(const JsonField &at, Direction &out);
void read_enum(const JsonField &at, Metric &out);
void read_enum(const JsonField &at, Bos &out);

template <class Enum>
std::vector<uint8_t> as_bytes(const std::vector<Enum> &values)
{
    std::vector<uint8_t> bytes;
    for (const Enum value : values)
        bytes.push_back(uint8_t(value));
    return bytes;
}
/// False where one of them is none.
template <class Enum>
bool enums_of(const std::vector<uint8_t> &bytes, std::vector<Enum> &out)
{
    for (const uint8_t byte : bytes) {
        if (byte > uint8_t(last_of<Enum>))
            return false;
        out.push_back(Enum(byte));
    }
    return true;
}

/// A number that JSON cannot hold is "nan", "inf" or "-inf".
nlohmann::json packed_number(double value);
double read_number(const JsonField &at);
/// The same wherever such a number stands in what is JSON already: {"number": "nan"}.
nlohmann::json packed_json(const nlohmann::json &value);
nlohmann::json read_json(const nlohmann::json &value);

void read_head(const JsonField &at, Head &out);
void read_file_form(const JsonField &at, RunSpec &out);
void read_file_form(const JsonField &at, ModelRef &out);
void read_file_form(const JsonField &at, TaskRef &out);
void read_file_form(const JsonField &at, Recipe &out);

/// Parses, unless arrays and objects stand in each other deeper than anything that is sent: reading would need a stack
/// as deep. Throws Error naming who sent it.
nlohmann::json parse_message(const std::string &text, const std::string &from);

} // namespace patchbay::remote
