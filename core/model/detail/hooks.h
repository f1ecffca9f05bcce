// What happens at hook points during one run: interventions are applied, activations are kept. For core's sources only.
#pragma once

#include "model/detail/hook_points.h"
#include "model/hooked_transformer.h"

#include <ATen/ATen.h>

#include <map>
#include <set>

namespace patchbay {

class Hooks {
public:
    /// Nothing kept, nothing changed.
    Hooks() = default;
    /// Throws Error for hook names that the model lacks, heads out of range and the like. The options must outlive
    /// this.
    Hooks(const ModelConfig &config, const HookedTransformer::Options &options, int prompts, int width);

    bool keeps(const std::string &name) const { return m_keep.contains(name); }
    bool changes(const std::string &name) const { return m_by_name.contains(name); }
    bool wants(const std::string &name) const { return keeps(name) || changes(name); }
    /// Whether some intervention at this hook of a grouped model names single query heads.
    bool changes_query_heads(const std::string &name) const;
    /// Whether some intervention at this hook does not.
    bool changes_shared_heads(const std::string &name) const;

    /// The activation after the interventions; it is kept under its name when asked for.
    at::Tensor at(const std::string &name, const at::Tensor &activation, HookAxes axes);
    /// Only the interventions: for shared and for per-query-head ones of grouped keys and values, which have other
    /// shapes.
    at::Tensor changed(const std::string &name, at::Tensor activation, HookAxes axes,
                       bool per_query_head = false) const;
    void keep(const std::string &name, const at::Tensor &activation);

    ArrayMap take_cache() { return std::move(m_cache); }

private:
    at::Tensor apply(const Intervention &change, const at::Tensor &activation, HookAxes axes) const;

    std::set<std::string> m_keep;
    std::multimap<std::string, const Intervention *> m_by_name;
    ArrayMap m_cache;
};

} // namespace patchbay
