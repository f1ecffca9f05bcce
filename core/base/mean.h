// The mean over prompts.
#pragma once

#include <numeric>
#include <span>

namespace patchbay {

/// Summed up in double; NaN of nothing.
inline double mean_of(std::span<const float> values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

} // namespace patchbay
