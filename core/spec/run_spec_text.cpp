// A RunSpec in words: titles of figures and sentences of captions.
#include "analysis/registry.h"

#include <algorithm>

namespace patchbay {

namespace {

std::string site_words(const SiteSweep &sweep)
{
    std::string words;
    for (const Site site : sweep.sites)
        words += (words.empty() ? "" : ", ") + name(site)
            + (sweep.shared_kv && info(site).grouped ? " (shared KV head)" : "");
    return words;
}

std::string capitalised(std::string text)
{
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
        text[0] = char(text[0] - 'a' + 'A');
    return text;
}

// "the mean logit difference".
std::string metric_words(const RunSpec &spec)
{
    const MetricInfo *metric = find_metric(spec.metric);
    return std::string("the mean ") + (metric ? metric->words : spec.metric.c_str());
}

std::string value_sentence(const RunSpec &spec, bool shares)
{
    const std::string change = "The value is the change of " + metric_words(spec) + " from the ";
    if (!shares) {
        const MetricInfo *metric = find_metric(spec.metric);
        return change + (base_is_flipped(spec) ? "flipped" : "clean") + " run, in "
            + (metric ? metric->unit : "its unit") + ".";
    }
    return change
        + (base_is_flipped(spec) ? "flipped run as a share of the gap between clean and flipped: 0 % nothing restored, "
                                   "100 % all of it."
                                 : "clean run as a share of the gap between clean and flipped: 0 % no harm, -100 % all "
                                   "of it lost.");
}

std::string base_words(const RunSpec &spec)
{
    return base_is_flipped(spec) ? "the flipped prompts" : "the clean prompts";
}

// " at END": nothing where it is all positions.
std::string at_words(const RunSpec &spec)
{
    const Positions positions = positions_of(spec);
    return positions.kind == Positions::Kind::All ? "" : " " + in_words(positions);
}

// Whose keys and values they are, where that can be asked.
std::string copy_words(bool keys_or_values, bool shared)
{
    if (!keys_or_values)
        return {};
    return shared ? " k and v are those of a KV head, for all query heads that share it."
                  : " k and v are one query head's own copy, also where several share a KV head.";
}

std::string copy_words(const SiteSweep &sweep)
{
    return copy_words(std::any_of(sweep.sites.begin(), sweep.sites.end(), [](Site site) { return info(site).grouped; }),
                      sweep.shared_kv);
}

std::string copy_words(const PathPatch &path)
{
    const auto grouped = [](const Ends &ends) {
        return (ends.sweep && info(*ends.sweep).grouped)
            || std::any_of(ends.nodes.begin(), ends.nodes.end(),
                           [](const Node &node) { return info(node.site).grouped; });
    };
    return copy_words(grouped(path.receivers) || grouped(path.senders), false);
}

struct Title {
    const RunSpec &spec;
    std::string operator()(const ActPatch &m) const
    {
        if (m.ablation != Ablation::None)
            return capitalised(name(m.ablation)) + " ablation of " + site_words(m) + at_words(spec);
        return "Activation patching of " + site_words(m) + at_words(spec) + ", " + in_words(m.direction);
    }
    std::string operator()(const Attribution &m) const
    {
        return "Attribution patching of " + site_words(m) + at_words(spec) + ", " + in_words(direction_of(spec))
            + " (estimate)";
    }
    std::string operator()(const PathPatch &m) const
    {
        return std::string(m.ablation == Ablation::Zero ? "Zero path patching from " : "Path patching from ")
            + in_words(m.senders) + " to " + in_words(m.receivers) + at_words(spec)
            + (m.direct_includes_mlps ? "" : ", not through MLPs") + ", " + in_words(m.direction);
    }
    std::string operator()(const Analysis &m) const
    {
        const AnalysisInfo *known = find_analysis(m.name);
        return (known ? known->title : m.name) + (m.heads.empty() ? "" : " of " + in_words(m.heads));
    }
};

struct Description {
    const RunSpec &spec;
    bool shares;
    std::string operator()(const ActPatch &m) const
    {
        const bool heads = std::all_of(m.sites.begin(), m.sites.end(), [](Site site) { return per_head(site); });
        return "The model runs on " + base_words(spec) + " with " + site_words(m) + " of one "
            + (heads ? "head" : "layer or head") + " replaced by " + replacement(m.direction, m.ablation) + ", "
            + in_words(m.positions) + "." + copy_words(m) + " " + value_sentence(spec, shares);
    }
    std::string operator()(const Attribution &m) const
    {
        return "First-order estimate: the gradient of " + metric_words(spec) + " on " + base_words(spec)
            + " with respect to " + site_words(m) + ", times its change to the other run, " + in_words(m.positions)
            + "." + copy_words(m) + " " + value_sentence(spec, shares);
    }
    std::string operator()(const PathPatch &m) const
    {
        return "The model runs on " + base_words(spec) + "; " + in_words(m.senders) + " takes "
            + replacement(m.direction, m.ablation) + " along the direct path, all other heads held fixed"
            + (m.direct_includes_mlps ? " and MLPs recomputed" : " and MLPs too") + ", into " + in_words(m.receivers)
            + ", " + in_words(m.positions) + "." + copy_words(m) + " " + value_sentence(spec, shares);
    }
    std::string operator()(const Analysis &m) const
    {
        if (const AnalysisInfo *known = find_analysis(m.name))
            return known->describe(m);
        return "Analysis " + m.name + (m.heads.empty() ? "" : " of " + in_words(m.heads))
            + " on the clean and flipped prompts.";
    }
};

} // namespace

std::string title(const RunSpec &spec)
{
    const MetricInfo *metric = find_metric(spec.metric);
    return std::visit(Title{spec}, spec.method)
        + (metric && metric->metric != Metric::LogitDiff ? std::string(": ") + metric->words : "");
}

std::string describe(const RunSpec &spec, bool shares)
{
    return std::visit(Description{spec, shares}, spec.method);
}

} // namespace patchbay
