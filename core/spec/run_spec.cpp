#include "spec/run_spec.h"

#include "base/error.h"

namespace patchbay {

std::string method_name(const RunSpec &spec)
{
    constexpr const char *names[] = {"act_patch", "path_patch", "attribution", "analysis"};
    static_assert(std::size(names) == std::variant_size_v<Method>);
    return names[spec.method.index()];
}

// Senders whose new value is zero are still patched into the base run of the direction; an ablation instead of a
// direction is of the clean run.
bool base_is_flipped(const RunSpec &spec)
{
    if (const PathPatch *path = spec.as<PathPatch>())
        return path->direction == Direction::Denoise;
    return ablation_of(spec) == Ablation::None && direction_of(spec) == Direction::Denoise;
}

Metric metric_of(const RunSpec &spec)
{
    if (const MetricInfo *metric = find_metric(spec.metric))
        return metric->metric;
    throw Error("metric", unknown_metric(spec.metric));
}

Direction direction_of(const RunSpec &spec)
{
    return std::visit(
        [](const auto &method) {
            if constexpr (requires { method.direction; })
                return method.direction;
            else
                return Direction::Noise;
        },
        spec.method);
}

Ablation ablation_of(const RunSpec &spec)
{
    return std::visit(
        [](const auto &method) {
            if constexpr (requires { method.ablation; })
                return method.ablation;
            else
                return Ablation::None;
        },
        spec.method);
}

Positions positions_of(const RunSpec &spec)
{
    return std::visit(
        [](const auto &method) {
            if constexpr (requires { method.positions; })
                return method.positions;
            else
                return Positions{};
        },
        spec.method);
}

std::string grid_name(const RunSpec &spec, Site site)
{
    const Ablation ablation = ablation_of(spec);
    std::string text = spec.is<Attribution>() ? "attribution"
        : ablation == Ablation::None          ? name(direction_of(spec))
                                              : name(ablation);
    text += "." + name(site);
    if (const SiteSweep *sweep = spec.sweep(); sweep && sweep->shared_kv && info(site).grouped)
        text += "_grouped";
    if (positions_of(spec).kind == Positions::Kind::Each)
        text += ".by_pos";
    return text;
}

} // namespace patchbay
