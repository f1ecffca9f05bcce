// The evaluation as a table for people.
#pragma once

#include "evaluation.h"

namespace patchbay::trainer {

/// Markdown: what the model scores, and one row for each head that does something.
std::string report(const Evaluation &evaluation);

} // namespace patchbay::trainer
