#include "analysis/detail/text_groups.h"

#include <algorithm>

namespace patchbay::detail {

TextGroups::TextGroups(const AnalysisRun &run, const std::vector<const std::vector<TokenRow> *> &all) : m_run(run)
{
    size_t longest = 1;
    for (const std::vector<TokenRow> *rows : all)
        for (const TokenRow &row : *rows)
            longest = std::max(longest, row.size());
    Resources resources = run.in.resources;
    resources.device = "cpu"; // its weights are on a device once
    m_engine = std::make_shared<const EngineModel>(run.in.model, int(longest), resources);
}

void TextGroups::each(const std::vector<TokenRow> &texts, RunExtent extent, size_t bytes_besides,
                      const std::function<void(const PromptGroup &)> &work) const
{
    const size_t row = bytes_per_row(*m_engine);
    const auto share = double(row) / double(row + bytes_besides);
    PromptGroups groups(m_engine, text_batch(texts), size_t(double(m_run.in.resources.memory_budget / 2) * share),
                        extent);
    groups.each(m_run.cancel, [&](int group) { work(groups[group]); });
}

void remember_texts(AnalysisRun &run, const AnalysisTexts &texts)
{
    run.result.summary["texts"] = texts.texts.size();
    run.result.summary["texts_sha256"] = texts.sha256;
    if (!texts.mean.empty())
        run.result.summary["mean_texts"] = texts.mean.size();
    if (!texts.function.empty())
        run.result.summary["function_tokens"] = texts.function.size();
}

} // namespace patchbay::detail
