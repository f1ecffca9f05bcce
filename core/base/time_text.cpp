#include "base/time_text.h"

#include <chrono>
#include <ctime>

namespace patchbay {

std::string time_text()
{
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm local{};
    ::localtime_r(&now, &local);
    const auto padded = [](int value) { return (value < 10 ? "0" : "") + std::to_string(value); };
    return std::to_string(1900 + local.tm_year) + "-" + padded(local.tm_mon + 1) + "-" + padded(local.tm_mday) + "T"
        + padded(local.tm_hour) + ":" + padded(local.tm_min) + ":" + padded(local.tm_sec);
}

} // namespace patchbay
