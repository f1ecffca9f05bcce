#include "base/plain_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace patchbay {

namespace {

std::string written(double value, std::chars_format format, int digits)
{
    std::array<char, 512> text; // the largest double has 309 digits before the point
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value, format, digits);
    return {text.data(), result.ptr};
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

} // namespace

std::optional<double> parse_number(std::string_view text)
{
    text = trimmed(text);
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-'))
            return std::nullopt;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

std::string fixed_text(double value, int digits)
{
    return written(value, std::chars_format::fixed, digits);
}

std::string short_text(double value, int digits)
{
    return written(value, std::chars_format::general, digits);
}

std::string listed(const std::vector<std::string> &texts)
{
    std::string list;
    for (size_t i = 0; i < texts.size(); ++i)
        list += (i == 0 ? "" : i + 1 == texts.size() ? " and " : ", ") + texts[i];
    return list;
}

std::string shape_text(std::span<const int64_t> shape)
{
    std::string text = "[";
    for (const int64_t extent : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
}

std::string size_text(uint64_t bytes)
{
    constexpr const char *units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    double amount = double(bytes);
    size_t unit = 0;
    for (; amount >= 999.5; amount /= 1000) // would be written as 1000
        ++unit;
    return fixed_text(amount, unit == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2) + " " + units[unit];
}

std::string lower_case(std::string_view text)
{
    std::string out(text);
    for (char &c : out)
        c = lower(c);
    return out;
}

std::string upper_case(std::string_view text)
{
    std::string out(text);
    for (char &c : out)
        c = upper(c);
    return out;
}

bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

} // namespace patchbay
