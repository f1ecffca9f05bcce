// Numbers and letters as text, alike under every locale: a QApplication sets the user's, and then strtod, printf and
// tolower of the C library read and write "85,5" or take another i for I. Data goes through these functions only
// (tests/structure looks for the others).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// A finite number written with a point, such as "75.5", "+3" or "1e-3"; spaces around it do not matter. Nothing for
/// anything else.
std::optional<double> parse_number(std::string_view text);
/// With so many digits behind the point, as printf's %.*f writes it: "3.214".
std::string fixed_text(double value, int digits);
/// The shortest of fixed and exponential with so many significant digits, as printf's %.*g writes it: "0.05", "1e-06".
std::string short_text(double value, int digits = 6);

/// "IO, S1 and S2".
std::string listed(const std::vector<std::string> &texts);
/// The extents of an array: "[70, 15]".
std::string shape_text(std::span<const int64_t> shape);
/// A number of bytes for people, in powers of a thousand with at most three digits: "375 MB", "6.18 GB".
std::string size_text(uint64_t bytes);

/// ASCII letters only; all other bytes stay.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);
/// Space, tab, line feed, carriage return, form feed, vertical tab.
bool is_space(char character);
bool is_digit(char character);
/// Without the spaces at both ends.
std::string_view trimmed(std::string_view text);

} // namespace patchbay
