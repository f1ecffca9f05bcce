// Runs of texts, group by group as the memory budget allows.
#pragma once

#include "analysis/detail/readings.h"
#include "analysis/detail/texts.h"
#include "patching/detail/prompt_groups.h"

namespace patchbay::detail {

class TextGroups {
public:
    /// all: every list of texts that will be run.
    TextGroups(const AnalysisRun &run, const std::vector<const std::vector<TokenRow> *> &all);

    const EngineModel &engine() const { return *m_engine; }
    /// Calls work with every group of these texts while its runs are there, so far as the extent says: the group's
    /// prompt i is the text first + i. bytes_besides: what the work takes for each row. Throws Cancelled.
    void each(const std::vector<TokenRow> &texts, RunExtent extent, size_t bytes_besides,
              const std::function<void(const PromptGroup &)> &work) const;

private:
    const AnalysisRun &m_run;
    std::shared_ptr<const EngineModel> m_engine;
};

/// Puts into the result's summary which token ids it was computed on ("texts_sha256"), for whoever wants the same ones
/// (option sha256), and how many.
void remember_texts(AnalysisRun &run, const AnalysisTexts &texts);

} // namespace patchbay::detail
