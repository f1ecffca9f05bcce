#include "base/amounts.h"

#include "base/plain_text.h"

#include <cmath>

namespace patchbay {

namespace {
constexpr double minute = 60, hour = 3600;
constexpr double still_seconds = 90; // up to here the seconds say more than the minutes
} // namespace

std::string noun_for(int64_t count, std::string_view noun, std::string_view plural)
{
    if (count == 1)
        return std::string(noun);
    return plural.empty() ? std::string(noun) + "s" : std::string(plural);
}

std::string counted(int64_t count, std::string_view noun, std::string_view plural)
{
    return std::to_string(count) + " " + noun_for(count, noun, plural);
}

std::string duration_text(double seconds)
{
    if (seconds < minute)
        return fixed_text(seconds, seconds < 10 ? 1 : 0) + " s";
    const long whole = std::lround(seconds), rest = whole % 60;
    return std::to_string(whole / 60) + " min " + (rest < 10 ? "0" : "") + std::to_string(rest) + " s";
}

std::string time_left_text(double seconds)
{
    if (seconds < 0)
        return {};
    if (seconds < 1)
        return "less than a second left";
    if (seconds < still_seconds)
        return std::to_string(std::lround(std::ceil(seconds))) + " s left";
    const long minutes = std::lround(std::ceil(seconds / minute));
    if (seconds < hour)
        return std::to_string(minutes) + " min left";
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min left";
}

} // namespace patchbay
