#include "base/json_field.h"

#include "base/error.h"
#include "io/array_files.h"

#include <algorithm>

namespace patchbay {

using nlohmann::json;

json parse_json(std::string_view text, const std::string &file)
{
    try {
        return json::parse(text);
    } catch (const json::exception &error) {
        // "[json.exception.parse_error.101] parse error at line 3, column 7: …": the bracket is of no use to a reader.
        std::string cause = error.what();
        if (const size_t bracket = cause.find("] "); cause.starts_with('[') && bracket != std::string::npos)
            cause.erase(0, bracket + 2);
        throw Error(file, "is not valid JSON: " + cause);
    }
}

json read_json_file(const std::filesystem::path &path)
{
    return parse_json(read_file(path), path.string());
}

std::string in_quotes(std::string_view text)
{
    constexpr size_t longest = 60;
    std::string cut(text.substr(0, longest));
    // A character that was cut in two must not end up in a message.
    while (text.size() > longest && !cut.empty() && (static_cast<unsigned char>(cut.back()) & 0x80))
        cut.pop_back();
    // dump() escapes controls and quotes; "replace" takes care of what is not UTF-8.
    std::string result = json(cut).dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() > longest)
        result.insert(result.size() - 1, "…");
    return result;
}

std::string text_or_empty(const nlohmann::json &object, const char *key)
{
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

JsonField JsonField::at(const std::string &key) const
{
    if (!m_value->is_object())
        fail("should be an object");
    const auto found = m_value->find(key);
    if (found == m_value->end())
        throw Error(m_file, (m_place.empty() ? key : m_place + "." + key) + ": missing");
    return {*found, m_file, m_place.empty() ? key : m_place + "." + key};
}

std::optional<JsonField> JsonField::find(const std::string &key) const
{
    if (!m_value->is_object())
        fail("should be an object");
    const auto found = m_value->find(key);
    if (found == m_value->end() || found->is_null())
        return std::nullopt;
    return at(key);
}

std::vector<JsonField> JsonField::items() const
{
    if (!m_value->is_array())
        fail("should be an array");
    std::vector<JsonField> result;
    result.reserve(m_value->size());
    for (const json &element : *m_value)
        result.emplace_back(element, m_file, m_place + "[" + std::to_string(result.size()) + "]");
    return result;
}

std::vector<std::pair<std::string, JsonField>> JsonField::members() const
{
    if (!m_value->is_object())
        fail("should be an object");
    std::vector<std::pair<std::string, JsonField>> result;
    for (const auto &[key, element] : m_value->items())
        result.emplace_back(key, JsonField(element, m_file, m_place.empty() ? key : m_place + "." + key));
    return result;
}

std::string JsonField::text() const
{
    if (!m_value->is_string())
        fail("should be a text");
    return m_value->get<std::string>();
}

bool JsonField::flag() const
{
    if (!m_value->is_boolean())
        fail("should be true or false");
    return m_value->get<bool>();
}

int64_t JsonField::integer(int64_t low, int64_t high) const
{
    const bool fits = m_value->is_number_integer()
        && !(m_value->is_number_unsigned()
             && m_value->get<uint64_t>() > static_cast<uint64_t>(std::max<int64_t>(high, 0)));
    const int64_t number = fits ? m_value->get<int64_t>() : 0;
    if (!fits || number < low || number > high)
        fail("should be an integer from " + std::to_string(low) + " to " + std::to_string(high));
    return number;
}

std::vector<std::string> JsonField::texts() const
{
    std::vector<std::string> result;
    for (const JsonField &item : items())
        result.push_back(item.text());
    return result;
}

void JsonField::fail(const std::string &cause) const
{
    throw Error(m_file, m_place.empty() ? cause : m_place + ": " + cause);
}

} // namespace patchbay
