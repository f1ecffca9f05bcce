// What the analyses read from a session's cached runs.
#pragma once

#include "analysis/analyses.h"
#include "analysis/registry.h"
#include "base/cancel.h"
#include "patching/detail/session_impl.h"

#include <functional>
#include <map>
#include <string>

namespace patchbay {
class KnownRuns;
}

namespace patchbay::detail {

/// One analysis on its way: what it reads, and the result it writes into.
struct AnalysisRun {
    Session &session;
    Session::Impl &in;
    const RunSpec &spec;
    const Analysis &analysis; ///< spec's method
    RunResult &result;
    const RunObserver &observer;
    KnownRuns &known; ///< other runs that it needs
    const CancelToken &cancel;

    const ModelConfig &config() const { return in.model->config(); }
    /// Calls read for every group of prompts while its runs are there. Throws Cancelled.
    void each_group(const std::function<void(const PromptGroup &)> &read) const
    {
        in.groups.each(cancel, [&](int g) { read(in.groups[g]); });
    }
    /// Steps done, of how many; throws Cancelled.
    void progress(int done, int total) const
    {
        cancel.check();
        if (observer.tell)
            observer.tell(Progress{done, total, {}});
    }
    /// analysis.options[key], or the default. Throws Error naming the option when it has the wrong type.
    double option(const char *key, double otherwise) const;
    /// The same for a choice that is off unless it is set.
    bool flag(const char *key) const;
};

/// Arrays whose last axis is the prompts, from those of groups in any order.
class ByPrompt {
public:
    /// part [..., the group's prompts].
    void put(const std::string &name, const PromptGroup &group, const at::Tensor &part)
    {
        m_parts[name][group.first] = part;
    }
    /// [..., prompts]
    at::Tensor at(const std::string &name) const;
    /// The same, as a result holds it.
    Array array(const std::string &name) const;

private:
    std::map<std::string, std::map<int, at::Tensor>> m_parts; ///< by the first prompt
};

/// W_U[:, io] − W_U[:, s] of each prompt, [prompts, D], without the final norm's weight.
at::Tensor logit_direction(const Model &model, const PromptBatch &batch);
/// sqrt(var + eps) of the rows of x [n, D] (RMSNorm: of x itself), as ln_final.hook_scale holds it → [n].
at::Tensor norm_scale(const at::Tensor &x, const ModelConfig &config);
/// (prompt, END) of every prompt.
std::vector<std::pair<int, int>> end_rows(const BatchLayout &layout);
/// Rows of a packed stream [rows, D].
at::Tensor gather_rows(const at::Tensor &stream, const BatchLayout &layout,
                       const std::vector<std::pair<int, int>> &rows);
/// z at END of every head of a layer ([P, H d]) → attribution [L, H, P]: z W_O · direction / scale.
at::Tensor head_attribution(const Model &model, const PromptBatch &batch,
                            const std::function<at::Tensor(int)> &z_at_end, const at::Tensor &scale);
/// A float array with the tensor's shape and values.
Array to_array(const at::Tensor &tensor);
/// The tensor of a float array, sharing its memory.
at::Tensor from_array(const Array &array);
/// Throws NothingToDo naming those of the roles that an analysis needs which the prompts do not have.
void require_roles(const PromptBatch &batch, const AnalysisInfo &analysis);

} // namespace patchbay::detail
