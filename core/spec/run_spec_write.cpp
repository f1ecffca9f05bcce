// A RunSpec written as JSON. Read: run_spec_read.cpp.
#include "spec/fields.h"

namespace patchbay {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json written(const std::string &text)
{
    return text;
}
ordered_json written(bool flag)
{
    return flag;
}
ordered_json written(int number)
{
    return number;
}
ordered_json written(int64_t number)
{
    return number;
}
ordered_json written(const std::optional<int64_t> &number)
{
    return number ? ordered_json(*number) : ordered_json();
}
ordered_json written(Direction direction)
{
    return name(direction);
}
ordered_json written(Ablation ablation)
{
    return name(ablation);
}
ordered_json written(Bos bos)
{
    return name(bos);
}
ordered_json written(Site site)
{
    return name(site);
}
ordered_json written(Head head)
{
    return dotted(head);
}
ordered_json written(const json &options)
{
    return ordered_json(options);
}

ordered_json written(const Positions &positions)
{
    if (positions.kind == Positions::Kind::List)
        return positions.list;
    return to_string(positions);
}

template <class T>
ordered_json written(const std::vector<T> &list)
{
    ordered_json out = ordered_json::array();
    for (const T &one : list)
        out.push_back(written(one));
    return out;
}

// Neighbours of the same site share an entry: [{"site": "q", "heads": ["8.1", "9.4"]}, {"site": "mlp_out", "layers":
// [1]}].
ordered_json written(const Ends &ends)
{
    if (ends.sweep)
        return {{"sweep", name(*ends.sweep)}};
    ordered_json list = ordered_json::array();
    for (const Node &node : ends.nodes) {
        const char *key = node.head < 0 ? "layers" : "heads";
        if (list.empty() || list.back()["site"] != name(node.site) || !list.back().contains(key))
            list.push_back({{"site", name(node.site)}, {key, ordered_json::array()}});
        list.back()[key].push_back(node.head < 0 ? ordered_json(node.layer)
                                                 : ordered_json(dotted({node.layer, node.head})));
    }
    return list;
}

} // namespace

ordered_json to_json(const ModelRef &model)
{
    ordered_json out;
    out["path"] = model.path;
    if (!model.commit.empty())
        out["commit"] = model.commit;
    if (!model.sha256.empty())
        out["sha256"] = model.sha256;
    out["processing"] = ordered_json::array();
    for (const ProcessingStep &step : processing_steps)
        if (model.processing.*step.on)
            out["processing"].push_back(step.name);
    if (model.dtype)
        out["dtype"] = word_of(*model.dtype);
    return out;
}

// Fields that say nothing for this kind of task are left out unless they were changed, so that nothing is lost.
ordered_json to_json(const TaskRef &task)
{
    TaskRef defaults;
    defaults.kind = task.kind;
    ordered_json all, out;
    visit_task(defaults, [&](const char *key, const auto &value, bool) { all[key] = written(value); });
    out["kind"] = task.kind;
    visit_task(task, [&](const char *key, const auto &value, bool always) {
        ordered_json one = written(value);
        if (always || one != all[key])
            out[key] = std::move(one);
    });
    if (!task.pairs.is_null())
        out["pairs"] = task.pairs;
    return out;
}

ordered_json to_json(const RunSpec &spec)
{
    ordered_json out;
    out["version"] = spec.version;
    out["method"] = method_name(spec);
    if (const Analysis *analysis = spec.as<Analysis>())
        out["analysis"] = analysis->name;
    out["model"] = to_json(spec.model);
    out["task"] = to_json(spec.task);
    std::visit(
        [&]<class M>(const M &method) {
            const RunSpec default_spec;
            const M default_method;
            ordered_json defaults;
            visit_fields(default_spec, default_method,
                         [&](const char *key, const auto &field, Written) { defaults[key] = written(field); });
            visit_fields(spec, method, [&](const char *key, const auto &field, Written when) {
                ordered_json one = written(field);
                if (when == Written::Always || one != defaults[key])
                    out[key] = std::move(one);
            });
        },
        spec.method);
    return out;
}

} // namespace patchbay
