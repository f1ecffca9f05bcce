// A RunSpec written as JSON.
#include "patching/run_spec.h"

namespace patchbay {

namespace {

using nlohmann::ordered_json;

ordered_json processing_json(const Processing &processing)
{
    ordered_json steps = ordered_json::array();
    if (processing.fold_ln)
        steps.push_back("fold_ln");
    if (processing.center_writing)
        steps.push_back("center_writing");
    if (processing.center_unembed)
        steps.push_back("center_unembed");
    if (processing.fold_value_biases)
        steps.push_back("fold_value_biases");
    return steps;
}

ordered_json heads_json(const std::vector<Head> &heads)
{
    ordered_json list = ordered_json::array();
    for (const Head head : heads)
        list.push_back(dotted(head));
    return list;
}

// Neighbours of the same site share an entry: [{"site": "q", "heads": ["8.1", "9.4"]}, {"site": "mlp_out", "layers": [1]}].
ordered_json ends_json(const Ends &ends)
{
    if (ends.sweep)
        return {{"sweep", name(*ends.sweep)}};
    ordered_json list = ordered_json::array();
    for (const Node &node : ends.nodes) {
        const char *key = node.head < 0 ? "layers" : "heads";
        if (list.empty() || list.back()["site"] != name(node.site) || !list.back().contains(key))
            list.push_back({{"site", name(node.site)}, {key, ordered_json::array()}});
        if (node.head < 0)
            list.back()[key].push_back(node.layer);
        else
            list.back()[key].push_back(dotted({node.layer, node.head}));
    }
    return list;
}

ordered_json positions_json(const Positions &positions)
{
    if (positions.kind == Positions::Kind::List)
        return positions.list;
    return to_string(positions);
}

ordered_json model_json(const ModelRef &model)
{
    ordered_json out;
    out["path"] = model.path;
    if (!model.sha256.empty())
        out["sha256"] = model.sha256;
    out["processing"] = processing_json(model.processing);
    return out;
}

// Fields that say nothing for this kind of task are left out unless they were changed, so that nothing is lost.
ordered_json task_json(const TaskRef &task)
{
    const TaskRef defaults;
    const bool generated = task.kind == "ioi";
    ordered_json out;
    out["kind"] = task.kind;
    if (generated || task.prompts != defaults.prompts)
        out["prompts"] = task.prompts;
    if (generated || task.seed != defaults.seed)
        out["seed"] = task.seed;
    if (generated || task.type != defaults.type)
        out["type"] = task.type;
    if (generated || task.flip != defaults.flip)
        out["flip"] = task.flip;
    if (!task.file.empty())
        out["file"] = task.file;
    if (!task.encoding.empty())
        out["encoding"] = task.encoding;
    if (task.pad_id)
        out["pad_id"] = *task.pad_id;
    if (!task.excluded.empty())
        out["excluded"] = task.excluded;
    if (!task.pairs.is_null())
        out["pairs"] = task.pairs;
    return out;
}

} // namespace

// What the method reads is always written; anything else only where it was changed, so that no spec loses anything.
ordered_json to_json(const RunSpec &spec)
{
    const RunSpec defaults;
    const bool sweeps = spec.method == Method::ActPatch || spec.method == Method::Attribution;
    const bool path = spec.method == Method::PathPatch;
    const bool ablates = spec.method == Method::Ablate;
    const bool analysis = spec.method == Method::Analysis;
    ordered_json out;
    out["version"] = spec.version;
    out["method"] = name(spec.method);
    if (analysis || !spec.analysis.empty())
        out["analysis"] = spec.analysis;
    out["model"] = model_json(spec.model);
    out["task"] = task_json(spec.task);
    if (!(ablates || analysis) || spec.direction != defaults.direction)
        out["direction"] = name(spec.direction);
    if (ablates || spec.ablation != defaults.ablation)
        out["ablation"] = name(spec.ablation);
    out["metric"] = spec.metric;
    if (path || spec.senders != defaults.senders)
        out["senders"] = ends_json(spec.senders);
    if (path || spec.receivers != defaults.receivers)
        out["receivers"] = ends_json(spec.receivers);
    if (sweeps || spec.sites != defaults.sites) {
        out["sites"] = ordered_json::array();
        for (const Site site : spec.sites)
            out["sites"].push_back(name(site));
    }
    if (spec.shared_kv)
        out["shared_kv"] = true;
    if (ablates || !spec.heads.empty())
        out["heads"] = heads_json(spec.heads);
    if (!analysis || spec.positions != defaults.positions)
        out["positions"] = positions_json(spec.positions);
    if (path || spec.direct_includes_mlps != defaults.direct_includes_mlps)
        out["direct_includes_mlps"] = spec.direct_includes_mlps;
    if (!spec.options.is_null())
        out["options"] = spec.options;
    return out;
}

} // namespace patchbay
