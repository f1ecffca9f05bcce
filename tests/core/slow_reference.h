// Patching by its definition (DESIGN §3): interventions and full forward passes, one cell at a time. Slow and obvious, for comparing with.
#pragma once

#include "model/hooked_transformer.h"
#include "spec/run_spec.h"
#include "task/prompts.h"

#include <vector>

class SlowReference {
public:
    SlowReference(std::shared_ptr<const patchbay::Model> model, const patchbay::PromptBatch &batch);

    /// Logit difference per prompt of the unpatched run.
    std::vector<float> baseline(bool flipped) const;
    /// The spec's base run with the nodes replaced (from the source run, or ablated) at its positions; position ≥ 0: there alone.
    std::vector<float> patched(const patchbay::RunSpec &spec, const std::vector<patchbay::Node> &nodes, int position = -1) const;
    /// Path patching from the senders together to the receivers together.
    std::vector<float> path(const patchbay::RunSpec &spec, const std::vector<patchbay::Node> &senders, const std::vector<patchbay::Node> &receivers) const;

private:
    using Interventions = std::vector<patchbay::Intervention>;
    std::vector<float> logit_diff(bool flipped, const Interventions &interventions) const;
    patchbay::ArrayMap cache(bool flipped, const std::vector<std::string> &hooks, const Interventions &interventions = {}) const;
    std::vector<std::vector<int>> positions(const patchbay::RunSpec &spec, int position) const;
    /// Rows of `to` at the positions (and head, for arrays with heads) taken from `from`.
    void take(patchbay::Array &to, const patchbay::Array &from, const std::vector<std::vector<int>> &positions, int head) const;

    patchbay::HookedTransformer m_transformer;
    patchbay::PromptBatch m_batch;
    patchbay::ModelConfig m_config;
};
