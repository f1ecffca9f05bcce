// END's final streams of patched runs, kept so that another metric of the same cells is read from them without patching
// again: from the same rows in the same order, and so to the last bit.
#pragma once

#include "base/array.h"
#include "spec/run_spec.h"

#include <ATen/ATen.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

namespace patchbay::detail {

/// What one pass of a wave read its metric from.
struct EndRows {
    at::Tensor normed;        // [rows, D] behind the bare final norm
    std::vector<int> plans;   ///< [rows] index among the plans of the pass
    std::vector<int> prompts; ///< [rows] of the group
};

/// One pass over some cells of a sweep on one group of prompts. Prompts of a cell without a row are as in the base run.
struct KeptPass {
    int group = 0;
    std::vector<int> cells; ///< plans of the sweep
    EndRows rows;
    size_t bytes() const { return size_t(rows.normed.numel()) * sizeof(float); }
};
using KeptPasses = std::vector<std::shared_ptr<const KeptPass>>;

/// Of the sweeps of one session; the oldest go where there is no room.
class KeptEnds {
public:
    explicit KeptEnds(size_t allowed) : m_allowed(allowed) { }

    /// Equal for specs that differ in their metric alone.
    static std::string key(const RunSpec &spec);
    bool keeps() const { return m_allowed > 0; }
    /// Nothing happens where there is no room for it, or one of its cells is there.
    void add(const std::string &key, KeptPass pass);
    /// Empty where nothing is kept.
    KeptPasses of(const std::string &key) const;

private:
    struct Sweep {
        std::string key;
        KeptPasses passes;
        size_t bytes = 0;
    };
    const size_t m_allowed;
    size_t m_bytes = 0;
    std::list<Sweep> m_sweeps; ///< the newest last
};

/// As arrays of a result file: "end.stream" [rows, D], "end.rows" [rows, 3] (pass, which of its cells, prompt of its
/// group), "end.cells" [cells of all passes, 3] (pass, group, plan).
ArrayMap to_arrays(const KeptPasses &passes);
/// The other way; empty where there are none. Throws Error naming the array that does not fit. D: d_model.
std::vector<KeptPass> passes_of(const ArrayMap &arrays, int64_t D);

} // namespace patchbay::detail
