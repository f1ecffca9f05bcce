// Patching by its definition (DESIGN §3): changes at hook points and full passes of the model's own definition, one
// cell at a time.
#pragma once

#include "definition.h"

#include "spec/run_spec.h"
#include "task/prompts.h"

#include <vector>

class SlowReference {
public:
    SlowReference(std::shared_ptr<const patchbay::Model> model, const patchbay::PromptBatch &batch);

    /// The metric per prompt of the unpatched run.
    std::vector<double> baseline(bool flipped, patchbay::Metric metric = patchbay::Metric::LogitDiff) const;
    /// The spec's base run with the nodes replaced (from the source run, or ablated) at its positions; position ≥ 0:
    /// there alone.
    std::vector<double> patched(const patchbay::RunSpec &spec, const std::vector<patchbay::Node> &nodes,
                                int position = -1) const;
    /// Path patching from the senders together to the receivers together. share: how much of the way to their new value
    /// the senders go.
    std::vector<double> path(const patchbay::RunSpec &spec, const std::vector<patchbay::Node> &senders,
                             const std::vector<patchbay::Node> &receivers, double share = 1) const;
    /// What replacing the node would do if the metric were linear in it: its slope on the base run on the way
    /// there.
    std::vector<double> slope(const patchbay::RunSpec &spec, const patchbay::Node &node) const;

protected:
    using Changes = std::vector<Change>;
    using Cache = std::map<std::string, Doubles>;
    std::vector<double> measured(patchbay::Metric metric, bool flipped, const Changes &changes) const;
    /// Logits at END of each prompt, [prompts][vocabulary].
    std::vector<std::vector<double>> logits(bool flipped, const Changes &changes) const;
    Cache cache(bool flipped, const Changes &changes = {}) const;
    std::vector<std::vector<int>> positions(const patchbay::RunSpec &spec, int position) const;
    /// Rows of `to` at the positions (and head, for arrays with heads) moved this share of the way to `from`.
    void take(Doubles &to, const Doubles &from, const std::vector<std::vector<int>> &positions, int head,
              double share) const;

    Definition m_definition;
    patchbay::PromptBatch m_batch;
    patchbay::ModelConfig m_config;
};
