#include "nouns/metric.h"

#include "base/json_field.h"

#include <array>

namespace patchbay {

namespace {

constexpr std::array<MetricInfo, 1> metric_table{
    {{"logit_diff", "logit difference", "Logit diff variation", "Estimated logit diff variation"}}};

} // namespace

std::span<const MetricInfo> metrics()
{
    return metric_table;
}

const MetricInfo *find_metric(std::string_view name)
{
    for (const MetricInfo &one : metric_table)
        if (name == one.name)
            return &one;
    return nullptr;
}

std::string unknown_metric(std::string_view name)
{
    std::string known;
    for (const MetricInfo &one : metric_table)
        known += (known.empty() ? "" : ", ") + std::string(one.name);
    return in_quotes(name) + " is not a metric; one of " + known;
}

} // namespace patchbay
