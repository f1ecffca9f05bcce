// Counted nouns and times as the window says them: core's words (base/amounts.h).
#pragma once

#include "base/amounts.h"

#include <QString>

namespace patchbay {

/// "1 prompt", "2 prompts".
inline QString countedText(qsizetype count, const char *noun, const char *plural = "")
{
    return QString::fromStdString(counted(count, noun, plural));
}

/// "20 s left"; empty for a negative number: not known.
inline QString timeLeftText(double seconds)
{
    return QString::fromStdString(time_left_text(seconds));
}

} // namespace patchbay
