// What computed a result of which parts were computed in different places.
#pragma once

#include <string>

namespace patchbay {

/// Of two RunResult::computed_on, such as "the processor, then cuda:0"; one that is named already is not named again.
inline std::string computed_on_both(const std::string &before, const std::string &now, const std::string &between)
{
    const auto said = [](const std::string &one) { return one.empty() ? std::string("the processor") : one; };
    if (before == now || (between + said(before) + between).find(between + said(now) + between) != std::string::npos)
        return before;
    return said(before) + between + said(now);
}

} // namespace patchbay
