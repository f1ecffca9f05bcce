// The tokens at which chosen heads are most active in texts, with what they look at and write there.
#pragma once

#include "analysis/detail/corpus.h"
#include "analysis/detail/readings.h"

namespace patchbay::detail {

class ActiveTokens {
public:
    /// most: how many tokens of each head are listed.
    ActiveTokens(AnalysisRun &run, const AnalysisTexts &texts, const Activity &of, int most);

    /// Whether the final stream is read; otherwise attention is all that is.
    bool needs_stream() const { return m_of.by == Activity::By::Effect; }
    void add(const PromptGroup &group);
    /// Puts arrays, the table and the attention in the listed tokens' texts into the result.
    void write();

private:
    struct OfHead {
        Head head;
        std::vector<float> values; // [texts, width]
        std::vector<ActiveToken> best;
    };
    std::string unit() const;
    void keep_best(OfHead &one, int text, const std::vector<float> &values,
                   const std::shared_ptr<const std::vector<float>> &pattern, const at::Tensor &result) const;
    void write_rows(const OfHead &one, nlohmann::json &rows) const;
    void keep_attention(const ActiveToken &token, int rank) const;
    std::string text_of(int text, int first, int last) const;

    AnalysisRun &m_run;
    const AnalysisTexts &m_texts;
    const Activity m_of;
    size_t m_top, m_width = 0;
    std::vector<OfHead> m_heads;
};

} // namespace patchbay::detail
