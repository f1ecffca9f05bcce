// The model by its definition: plain loops in double precision over the weights' own names, sharing nothing with core
// but those weights and the configuration. What the plain pass and the engine are compared with.
#pragma once

#include "model/hooked_transformer.h"

#include <map>
#include <string>
#include <vector>

struct Doubles {
    std::vector<int64_t> shape;
    std::vector<double> values;
    /// Product of the extents from `axis` on.
    int64_t stride(size_t axis) const;
};
Doubles operator-(const Doubles &a, const Doubles &b);
Doubles operator*(double f, const Doubles &a);

/// A change at one hook point, as patchbay::Intervention.
struct Change {
    std::string hook;
    patchbay::Intervention::Kind kind = patchbay::Intervention::Kind::Replace;
    Doubles values;
    std::vector<int> heads;
    std::vector<std::vector<int>> positions;
    bool per_query_head = false;
};

class Definition {
public:
    explicit Definition(const patchbay::Model &model);

    struct Output {
        Doubles logits;                       ///< [P, T, V]
        std::map<std::string, Doubles> cache; ///< every hook point, per query head where ungrouped
    };
    /// ungroup: keys and values are kept, and changed, per query head.
    Output run(const patchbay::Tokens &tokens, const std::vector<Change> &changes = {}, bool ungroup = false) const;

private:
    friend class DefinitionRun;
    patchbay::ModelConfig m_config;
    std::map<std::string, Doubles> m_weights;
};
