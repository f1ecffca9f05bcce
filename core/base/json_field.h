// A value in a JSON file that knows its file and place, so that every complaint about it names both.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// Reads and parses a JSON text. Throws Error naming the file and the line where it stops being JSON.
nlohmann::json parse_json(std::string_view text, const std::string &file);
/// The same from disk. Throws Error also where the file cannot be read.
nlohmann::json read_json_file(const std::filesystem::path &path);
/// A text from a file for use in a message: cut when long, control characters and ill-formed bytes replaced.
std::string in_quotes(std::string_view text);

/// A text that may be missing: empty where the object, or what should be one, has none under this key.
std::string text_or_empty(const nlohmann::json &object, const char *key);

/// A borrowed value: the document must outlive it. All functions throw Error("file", "place: what is wrong").
class JsonField {
public:
    JsonField(const nlohmann::json &value, std::string file, std::string place = {})
        : m_value(&value), m_file(std::move(file)), m_place(std::move(place))
    {
    }

    const nlohmann::json &value() const { return *m_value; }
    const std::string &file() const { return m_file; }
    const std::string &place() const { return m_place; }

    /// The member of an object. Throws when it is missing.
    JsonField at(const std::string &key) const;
    /// The member of an object; nothing where it is missing or null.
    std::optional<JsonField> find(const std::string &key) const;
    /// All elements of an array.
    std::vector<JsonField> items() const;
    /// All members of an object, with their names.
    std::vector<std::pair<std::string, JsonField>> members() const;

    std::string text() const;
    bool flag() const;
    /// An integer between low and high.
    int64_t integer(int64_t low, int64_t high) const;
    std::vector<std::string> texts() const;

    [[noreturn]] void fail(const std::string &cause) const;

private:
    const nlohmann::json *m_value;
    std::string m_file, m_place;
};

} // namespace patchbay
