// Values as JSON with raw arrays beside it, both ways: what has fields by its fields (fields.h), numbers in rows as raw
// arrays, specs and recipes as in their files.
#pragma once

#include "base/error.h"
#include "base/json_field.h"
#include "remote/detail/check_values.h"
#include "remote/detail/fields.h"
#include "remote/detail/raw.h"
#include "remote/frame.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace patchbay::remote {

using nlohmann::json;

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... Of>
inline constexpr bool is_a<Template<Of...>, Template> = true;

/// What crosses as it stands in files.
template <class T>
concept HasFileForm =
    std::same_as<T, RunSpec> || std::same_as<T, ModelRef> || std::same_as<T, TaskRef> || std::same_as<T, Recipe>;

/// A reply by the name of its kind.
inline constexpr std::array<const char *, std::variant_size_v<Reply>> reply_kinds{
    "run_end", "setup",    "attention", "intervals", "stabilities", "outcomes",
    "cache",   "download", "revisions", "trial",     "series",      "measures"};

/// Writes values; the arrays gather in the frame.
class Packer {
public:
    explicit Packer(Frame &frame) : m_frame(frame) { }

    template <class T>
    json pack(const T &value)
    {
        if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string> || std::integral<T>)
            return value;
        else if constexpr (std::is_same_v<T, double>)
            return packed_number(value);
        else if constexpr (std::is_enum_v<T>)
            return packed_enum(value);
        else if constexpr (std::is_same_v<T, std::filesystem::path>)
            return value.string();
        else if constexpr (std::is_same_v<T, json>)
            return packed_json(value);
        else if constexpr (std::is_same_v<T, Head>)
            return json::array({value.layer, value.head});
        else if constexpr (HasFileForm<T>)
            return json(to_json(value));
        else if constexpr (std::is_same_v<T, Array>)
            return {{"shape", raw(value.shape)},
                    {"values", std::visit([this](const auto &values) { return this->raw(values); }, value.values)},
                    {"type", value.is_float() ? "F32" : "I64"}};
        else if constexpr (is_a<T, std::vector>)
            return packed_list(value);
        else if constexpr (is_a<T, std::map>) {
            json out = json::object();
            for (const auto &[key, one] : value)
                out[key] = pack(one);
            return out;
        } else if constexpr (is_a<T, std::optional> || is_a<T, std::shared_ptr>)
            return value ? pack(*value) : json();
        else if constexpr (is_a<T, std::variant>)
            return {{"kind", reply_kinds[value.index()]},
                    {"value", std::visit([this](const auto &one) { return this->pack(one); }, value)}};
        else
            return packed_fields(value);
    }

private:
    template <class T>
    json raw(const std::vector<T> &values)
    {
        m_frame.arrays.push_back(raw_bytes(values));
        return {{"raw", m_frame.arrays.size() - 1}};
    }

    template <class T>
    json packed_list(const std::vector<T> &values)
    {
        if constexpr (std::is_enum_v<T>) {
            return raw(std::vector<uint8_t>(as_bytes(values)));
        } else if constexpr (std::is_arithmetic_v<T>) {
            return raw(values);
        } else if constexpr (is_number_rows<T>) { // one array for all of them
            std::vector<int64_t> lengths;
            typename std::vector<T>::value_type all;
            for (const T &row : values) {
                lengths.push_back(int64_t(row.size()));
                all.insert(all.end(), row.begin(), row.end());
            }
            return {{"lengths", raw(lengths)}, {"values", raw(all)}};
        } else {
            json out = json::array();
            for (const T &one : values)
                out.push_back(pack(one));
            return out;
        }
    }

    template <class T>
    json packed_fields(const T &value)
    {
        json out = json::object();
        visit_fields(value, [&](const char *key, const auto &field) { out[key] = pack(field); });
        if constexpr (std::is_same_v<T, Grid>) {
            const KnownCells known = known_cells(value);
            out["known"] = {{"cells", raw(known.cells)}, {"per_prompt", raw(known.per_prompt)}};
        }
        return out;
    }

    Frame &m_frame;
};

/// Reads them. Nothing is trusted: what does not fit throws Error naming who sent it and the place.
class Unpacker {
public:
    Unpacker(std::vector<std::string> arrays, const FrameLimits &limits)
        : m_arrays(std::move(arrays)), m_room(limits.missing_values)
    {
    }

    template <class T>
    T unpack(const JsonField &at)
    {
        T value{};
        read(at, value);
        return value;
    }

    template <class T>
    void read(const JsonField &at, T &out)
    {
        if constexpr (std::is_same_v<T, bool>)
            out = at.flag();
        else if constexpr (std::is_same_v<T, std::string>)
            out = at.text();
        else if constexpr (std::integral<T>)
            out = T(at.integer(std::is_signed_v<T> ? int64_t(std::numeric_limits<T>::min()) : 0,
                               sizeof(T) < 8 ? int64_t(std::numeric_limits<T>::max())
                                             : std::numeric_limits<int64_t>::max()));
        else if constexpr (std::is_same_v<T, double>)
            out = read_number(at);
        else if constexpr (std::is_enum_v<T>)
            read_enum(at, out);
        else if constexpr (std::is_same_v<T, std::filesystem::path>)
            out = at.text();
        else if constexpr (std::is_same_v<T, json>)
            out = read_json(at.value());
        else if constexpr (std::is_same_v<T, Head>)
            read_head(at, out);
        else if constexpr (HasFileForm<T>)
            read_file_form(at, out);
        else if constexpr (std::is_same_v<T, Array>)
            read_array(at, out);
        else if constexpr (is_a<T, std::vector>)
            read_list(at, out);
        else if constexpr (is_a<T, std::map>)
            for (const auto &[key, member] : at.members())
                read(member, out[key]);
        else if constexpr (is_a<T, std::optional>) {
            if (!at.value().is_null())
                read(at, out.emplace());
        } else if constexpr (is_a<T, std::shared_ptr>) {
            if (!at.value().is_null())
                out = std::make_shared<const typename T::element_type>(
                    unpack<std::remove_const_t<typename T::element_type>>(at));
        } else if constexpr (is_a<T, std::variant>)
            read_reply(at, out, std::make_index_sequence<std::variant_size_v<T>>{});
        else
            read_fields(at, out);
    }

private:
    /// Each array belongs to one value.
    std::string take(const JsonField &at);

    template <class T>
    void read_raw(const JsonField &at, std::vector<T> &out)
    {
        if (!raw_values(take(at), out))
            at.fail("is no whole number of values");
    }

    template <class T>
    void read_list(const JsonField &at, std::vector<T> &out)
    {
        if constexpr (std::is_enum_v<T>) {
            std::vector<uint8_t> bytes;
            read_raw(at, bytes);
            if (!enums_of(bytes, out))
                at.fail("holds a value that there is not");
        } else if constexpr (std::is_arithmetic_v<T>) {
            read_raw(at, out);
        } else if constexpr (is_number_rows<T>) {
            std::vector<int64_t> lengths;
            typename std::vector<T>::value_type all;
            read_raw(at.at("lengths"), lengths);
            read_raw(at.at("values"), all);
            size_t from = 0;
            for (const int64_t length : lengths) {
                if (length < 0 || uint64_t(length) > all.size() - from)
                    at.fail("is cut into other rows than it has");
                out.emplace_back(all.begin() + std::ptrdiff_t(from), all.begin() + std::ptrdiff_t(from) + length);
                from += size_t(length);
            }
            if (from != all.size())
                at.fail("is cut into other rows than it has");
        } else {
            for (const JsonField &item : at.items())
                read(item, out.emplace_back());
        }
    }

    template <class T>
    void read_fields(const JsonField &at, T &out)
    {
        visit_fields(out, [&](const char *key, auto &field) { read(at.at(key), field); });
        if constexpr (std::is_same_v<T, Grid>) {
            KnownCells known;
            read_raw(at.at("known").at("cells"), known.cells);
            read_raw(at.at("known").at("per_prompt"), known.per_prompt);
            if (const std::string wrong = restore_cells(out, known, m_room); !wrong.empty())
                at.fail(wrong);
        }
        if constexpr (requires { why_unsound(out); })
            if (const std::string wrong = why_unsound(out); !wrong.empty())
                at.fail(wrong);
    }

    template <class Variant, size_t... I>
    void read_reply(const JsonField &at, Variant &out, std::index_sequence<I...>)
    {
        const JsonField kind = at.at("kind");
        const std::string name = kind.text();
        const auto one = [&]<size_t N>(std::integral_constant<size_t, N>) {
            if (name != reply_kinds[N])
                return false;
            out = unpack<std::variant_alternative_t<N, Variant>>(at.at("value"));
            return true;
        };
        if (!(one(std::integral_constant<size_t, I>{}) || ...))
            kind.fail("is of an unknown kind");
    }

    void read_array(const JsonField &at, Array &out);

    std::vector<std::string> m_arrays;
    std::vector<bool> m_taken = std::vector<bool>(m_arrays.size());
    uint64_t m_room; ///< values that may still be made for cells that were not sent
};

} // namespace patchbay::remote
