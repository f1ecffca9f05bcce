// Matrices over the tokens of one text, kept in a result so that a view, a figure or a report draws them from it alone.
#pragma once

#include "analysis/detail/readings.h"
#include "base/head.h"

#include <string>
#include <vector>

namespace patchbay::detail {

struct TextMatrix {
    Head head;
    int text = 0;                    ///< which of the texts
    int token = -1;                  ///< of these, the one that it is about; -1: none in particular
    std::vector<std::string> tokens; ///< [n] of its rows and columns
};

/// Puts a matrix, [n, n] with rows = destinations, under a name into the result, and what it is into the summary's
/// "matrices". Names begin as a quantity that is drawn as a matrix.
void keep_matrix(AnalysisRun &run, const std::string &name, const TextMatrix &about, std::vector<float> values);

} // namespace patchbay::detail
