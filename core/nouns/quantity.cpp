#include "nouns/quantity.h"

#include "analysis/registry.h"
#include "nouns/direction.h"
#include "nouns/metric.h"
#include "nouns/role.h"
#include "nouns/site.h"

#include <array>

namespace patchbay {

namespace {

bool strip(std::string_view &text, std::string_view prefix)
{
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

// "denoise.", "zero." …: what a grid's name begins with, and whether its numbers are estimates in logits.
bool strip_sweep(std::string_view &text, bool &estimate)
{
    std::string_view rest = text;
    estimate = strip(rest, "attribution.");
    if (!estimate && strip(rest, "attr.")) { // as the fixtures name it: attr.denoise.z
        estimate = true;
        strip(rest, "denoise.") || strip(rest, "noise.");
    }
    bool sweep = estimate;
    for (const Direction direction : {Direction::Denoise, Direction::Noise})
        sweep = sweep || strip(rest, name(direction) + ".");
    for (const Ablation ablation : {Ablation::Zero, Ablation::Mean, Ablation::Resample})
        sweep = sweep || strip(rest, name(ablation) + ".");
    if (sweep)
        text = rest;
    return sweep;
}

Quantity sweep_quantity(std::string_view name)
{
    if (name == "path")
        return {"path", "Path", "path effect", "%", effect_label(metrics().front())};
    std::string_view rest = name;
    bool estimate = false;
    if (!strip_sweep(rest, estimate) || rest.ends_with(".per_prompt"))
        return {};
    const bool by_position = rest.ends_with(".by_pos");
    if (by_position)
        rest.remove_suffix(7);
    const bool shared = rest.ends_with("_grouped");
    if (shared)
        rest.remove_suffix(8);
    for (const SiteInfo &site : sites())
        if (rest == site.name) {
            Quantity out;
            out.name = name;
            out.title = std::string(site.title) + (shared ? ", shared" : "") + (by_position ? " by position" : "");
            out.words =
                std::string(site.name) + (shared ? " (shared KV head)" : "") + (estimate ? " estimate" : " effect");
            out.unit = estimate ? "logits" : "%";
            out.colour_label = estimate ? estimate_label(metrics().front()) : effect_label(metrics().front());
            return out;
        }
    return {};
}

Quantity of_role(const Quantity &any, std::string_view name)
{
    const std::string role = role_title(name.substr(any.name.size() - 1));
    Quantity out = any;
    out.name = name;
    for (std::string *text : {&out.title, &out.words})
        if (const size_t star = text->find('*'); star != std::string::npos)
            text->replace(star, 1, role);
    return out;
}

} // namespace

Quantity quantity_named(std::string_view name)
{
    if (Quantity sweep = sweep_quantity(name); sweep.known())
        return sweep;
    const Quantity *family = nullptr; // of a name that ends in a dot
    for (const AnalysisInfo *analysis : analyses())
        for (const Quantity &one : analysis->yields) {
            if (name == one.name)
                return one;
            if (one.name.ends_with('*') && name.starts_with(one.name.substr(0, one.name.size() - 1)))
                return of_role(one, name);
            if (one.name.ends_with('.') && name.starts_with(one.name))
                family = &one;
        }
    if (!family)
        return {};
    Quantity out = *family;
    out.name = name;
    return out;
}

} // namespace patchbay
