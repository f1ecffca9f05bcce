// Edges and circuits by their definition (DEFINITIONS §1): changes of what single readers read, and full passes of the
// model's own definition.
#pragma once

#include "slow_reference.h"

#include "edges/circuit.h"
#include "edges/replacement.h"

class SlowEdges : public SlowReference {
public:
    SlowEdges(std::shared_ptr<const patchbay::Model> model, const patchbay::PromptBatch &batch);

    /// The metric per prompt of the base run in which one edge alone is changed: its writer's output goes this share of
    /// the way to its replacement.
    std::vector<double> edge(patchbay::Edge edge, bool base_flipped, patchbay::EdgeReplacement replacement,
                             patchbay::Metric metric, double share = 1) const;
    /// Of the circuit's run on the clean prompts.
    std::vector<double> circuit(const patchbay::EdgeMask &kept, patchbay::EdgeReplacement replacement,
                                patchbay::Metric metric) const;

private:
    /// What replaces a hook's values [P, T, …].
    Doubles replaced(const std::string &hook, bool base_flipped, patchbay::EdgeReplacement replacement) const;
    std::string hook_of(const patchbay::EdgeWriter &writer) const;
    /// How attn_out of a layer changes when these heads' results go that share of the way, in the run of the changes.
    Doubles heads_change(int layer, const std::vector<int> &heads, const Changes &changes, bool base_flipped,
                         const Doubles &replacement, double share) const;
    /// A change of the stream [P, T, D], added to what one reader reads.
    Change at_reader(int reader, const Doubles &change) const;

    patchbay::EdgeGraph m_graph;
};
