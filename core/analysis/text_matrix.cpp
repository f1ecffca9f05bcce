#include "analysis/detail/text_matrix.h"

namespace patchbay::detail {

void keep_matrix(AnalysisRun &run, const std::string &name, const TextMatrix &about, std::vector<float> values)
{
    const auto n = int64_t(about.tokens.size());
    run.result.arrays[name] = {{n, n}, std::move(values)};
    nlohmann::json entry{{"array", name}, {"head", dotted(about.head)}, {"text", about.text}, {"tokens", about.tokens}};
    if (about.token >= 0)
        entry["token"] = about.token;
    run.result.summary["matrices"]["views"].push_back(std::move(entry));
}

} // namespace patchbay::detail
