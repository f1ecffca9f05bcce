// A command line that makes no sense: exit code 2, where every other error is 1.
#pragma once

#include "base/error.h"

#include <string>
#include <utility>

namespace patchbay::cli {

class UsageError : public Error {
public:
    using Error::Error;
};

/// Calls parse(); what it throws becomes a UsageError that names the option.
template <class Parse>
auto option_value(const std::string &option, Parse parse)
{
    try {
        return parse();
    } catch (const Error &error) {
        throw UsageError(option, error.what());
    }
}

} // namespace patchbay::cli
