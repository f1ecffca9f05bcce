// Options that are decimal numbers: CLI11 would read them by the user's locale, "85,5" in one country and "85.5" in
// another.
#pragma once

#include "base/plain_text.h"

#include <CLI/CLI.hpp>

#include <limits>
#include <string>

namespace patchbay::cli {

/// An option whose number, written with a point, goes to value (double or std::optional<double>). Wrong usage outside
/// low … high.
template <class Number>
CLI::Option *add_decimal(CLI::App &app, const std::string &name, Number &value, const std::string &help,
                         double low = std::numeric_limits<double>::lowest(),
                         double high = std::numeric_limits<double>::max())
{
    const auto read = [&value, name, low, high](const std::string &text) {
        const std::optional<double> number = parse_number(text);
        if (!number)
            throw CLI::ValidationError(name, "\"" + text + "\" is not a number; write it with a point, such as 85.5");
        if (*number < low || *number > high)
            throw CLI::ValidationError(name, text + " is not between " + short_text(low) + " and " + short_text(high));
        value = *number;
    };
    return app.add_option_function<std::string>(name, read, help)->type_name("NUMBER");
}

} // namespace patchbay::cli
