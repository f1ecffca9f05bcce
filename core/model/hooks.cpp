#include "model/detail/hooks.h"

#include "base/error.h"
#include "base/plain_text.h"
#include "model/detail/tensor_array.h"

#include <algorithm>

namespace patchbay {

namespace {

void check_known(const std::vector<HookPoint> &points, const ModelConfig &config, const std::string &name)
{
    for (const HookPoint &point : points)
        if (point.name == name)
            return;
    std::string cause = "this model has no such hook point";
    if (!config.has_mlp() && (name.ends_with("hook_resid_mid") || name.find("mlp") != std::string::npos))
        cause += ": its blocks have no MLP";
    else if (config.parallel && name.ends_with("hook_resid_mid"))
        cause += ": its attention and MLP are parallel, so nothing lies between them";
    throw Error(name, cause);
}

const HookPoint &find(const std::vector<HookPoint> &points, const std::string &name)
{
    return *std::find_if(points.begin(), points.end(), [&](const HookPoint &point) { return point.name == name; });
}

void check_intervention(const Intervention &change, HookAxes axes, const ModelConfig &config, int prompts, int width)
{
    const auto fail = [&](const std::string &cause) { throw Error(change.hook, cause); };
    if (change.per_query_head && axes != HookAxes::KvHeads)
        fail("only keys and values have a copy per query head");
    const int heads = axes == HookAxes::Stream                ? 0
        : axes == HookAxes::KvHeads && !change.per_query_head ? config.n_kv_heads
                                                              : config.n_heads;
    if (!change.heads.empty() && heads == 0)
        fail("has no heads, and heads were given");
    for (const int head : change.heads)
        if (head < 0 || head >= heads)
            fail("head " + std::to_string(head) + " does not exist; there are " + std::to_string(heads));
    if (change.positions.size() > 1 && change.positions.size() != static_cast<size_t>(prompts))
        fail("positions of " + std::to_string(change.positions.size()) + " prompts were given for "
             + std::to_string(prompts));
    for (const auto &list : change.positions)
        for (const int position : list)
            if (position < 0 || position >= width)
                fail("position " + std::to_string(position) + " does not exist; the prompts have "
                     + std::to_string(width));
    const bool needs_values = change.kind == Intervention::Kind::Replace || change.kind == Intervention::Kind::Add;
    if (needs_values && (!change.values.is_float() || change.values.floats().empty()))
        fail("the intervention has no values");
}

} // namespace

Hooks::Hooks(const ModelConfig &config, const HookedTransformer::Options &options, int prompts, int width)
{
    const std::vector<HookPoint> points = hook_points(config);
    for (const std::string &name : options.keep) {
        check_known(points, config, name);
        m_keep.insert(name);
    }
    for (const Intervention &change : options.interventions) {
        check_known(points, config, change.hook);
        check_intervention(change, find(points, change.hook).axes, config, prompts, width);
        m_by_name.emplace(change.hook, &change);
    }
}

bool Hooks::changes_query_heads(const std::string &name) const
{
    const auto [begin, end] = m_by_name.equal_range(name);
    return std::any_of(begin, end, [](const auto &item) { return item.second->per_query_head; });
}

bool Hooks::changes_shared_heads(const std::string &name) const
{
    const auto [begin, end] = m_by_name.equal_range(name);
    return std::any_of(begin, end, [](const auto &item) { return !item.second->per_query_head; });
}

at::Tensor Hooks::at(const std::string &name, const at::Tensor &activation, HookAxes axes)
{
    const at::Tensor out = changed(name, activation, axes);
    keep(name, out);
    return out;
}

at::Tensor Hooks::changed(const std::string &name, at::Tensor activation, HookAxes axes, bool per_query_head) const
{
    const auto [begin, end] = m_by_name.equal_range(name);
    for (auto it = begin; it != end; ++it)
        if (it->second->per_query_head == per_query_head)
            activation = apply(*it->second, activation, axes);
    return activation;
}

void Hooks::keep(const std::string &name, const at::Tensor &activation)
{
    if (keeps(name))
        m_cache[name] = to_array(activation);
}

at::Tensor Hooks::apply(const Intervention &change, const at::Tensor &x, HookAxes axes) const
{
    at::Tensor with;
    if (change.kind == Intervention::Kind::Zero) {
        with = at::zeros_like(x);
    } else if (change.kind == Intervention::Kind::Mean) {
        with = x.mean(0, true);
    } else {
        with = to_tensor(change.values);
        // A norm that runs once per head (split inputs) takes the values of the shared one for each.
        if (with.dim() + 1 == x.dim())
            with = with.unsqueeze(2);
        const bool fits = with.dim() == x.dim() && with.size(0) == x.size(0) && with.size(-1) == x.size(-1)
            && with.size(1) == x.size(1) && (x.dim() < 4 || with.size(2) == x.size(2) || with.size(2) == 1);
        if (!fits)
            throw Error(change.hook,
                        "the values have the shape " + shape_text(change.values.shape) + ", the activation has "
                            + shape_text(x.sizes()));
        if (change.kind == Intervention::Kind::Add)
            with = x + with;
    }
    if (change.heads.empty() && change.positions.empty())
        return with.expand(x.sizes());

    const int64_t head_axis = axes == HookAxes::Pattern ? 1 : 2, position_axis = axes == HookAxes::Pattern ? 2 : 1;
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    at::Tensor chosen = at::ones({1}, at::kBool); // broadcasts to x
    if (!change.heads.empty()) {
        at::Tensor heads = at::zeros({x.size(head_axis)}, at::kBool);
        for (const int head : change.heads)
            heads[head] = true;
        auto heads_shape = shape;
        heads_shape[size_t(head_axis)] = x.size(head_axis);
        chosen = heads.view(heads_shape);
    }
    if (!change.positions.empty()) {
        at::Tensor positions = at::zeros({x.size(0), x.size(position_axis)}, at::kBool);
        for (int64_t prompt = 0; prompt < x.size(0); ++prompt)
            for (const int position : change.positions[change.positions.size() == 1 ? 0 : size_t(prompt)])
                positions[prompt][position] = true;
        auto positions_shape = shape;
        positions_shape[0] = x.size(0);
        positions_shape[size_t(position_axis)] = x.size(position_axis);
        chosen = chosen & positions.view(positions_shape);
    }
    return at::where(chosen, with, x);
}

} // namespace patchbay
