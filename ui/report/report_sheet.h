// The figures of a recipe's steps as panels of one sheet.
#pragma once

#include "export/figure_subject.h"
#include "report/report_source.h"

#include <string>
#include <vector>

namespace patchbay {

/// Every figure of the recipe in its order, one subject a panel, titled and captioned; tables only of steps that are
/// named. steps: ids, in the order wanted; empty: all. Throws Error naming a step that is unknown or has nothing to
/// draw.
std::vector<FigureSubject> recipeSubjects(const ReportSource &source, const std::vector<std::string> &steps = {});

} // namespace patchbay
