#include "nouns/metric.h"

#include "base/json_field.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace patchbay {

namespace {

constexpr std::array<MetricInfo, 6> all_metrics{{
    {Metric::LogitDiff, "logit_diff", "logit difference", "logit diff", "logits",
     "logit of the answer minus logit of the wrong one, over sets the difference of their means", true, false, true,
     false, false},
    {Metric::ProbDiff, "prob_diff", "probability difference", "probability diff", "probability",
     "probability of the answers minus probability of the wrong ones", true, true, true, false, false},
    {Metric::LogProb, "log_prob", "log-probability of the answer", "log-probability", "nats",
     "logarithm of the answers' probability", true, true, true, false, false},
    {Metric::Rank, "rank", "rank of the answer", "rank", "ranks",
     "tokens that are likelier than the likeliest answer; 0: it is on top", false, true, false, false, true},
    {Metric::Kl, "kl", "KL divergence from the clean run", "KL divergence", "nats",
     "sum over the vocabulary of p log(p / q), p of the clean run", false, true, true, true, true},
    {Metric::Loss, "loss", "loss on the answer", "loss", "nats", "minus the logarithm of the answers' probability",
     true, true, true, false, true},
}};

std::string capitalised(std::string text)
{
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
        text[0] = char(text[0] - 'a' + 'A');
    return text;
}

double log_sum_exp(std::span<const double> values)
{
    const double most = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (const double value : values)
        sum += std::exp(value - most);
    return most + std::log(sum);
}

} // namespace

std::span<const MetricInfo> metrics()
{
    return all_metrics;
}

const MetricInfo &info(Metric metric)
{
    return all_metrics[size_t(metric)];
}

const MetricInfo *find_metric(std::string_view name)
{
    for (const MetricInfo &one : all_metrics)
        if (name == one.name)
            return &one;
    return nullptr;
}

std::string metric_names()
{
    std::string names;
    for (const MetricInfo &one : all_metrics)
        names += (names.empty() ? "" : ", ") + std::string(one.name);
    return names;
}

std::string unknown_metric(std::string_view name)
{
    return in_quotes(name) + " is not a metric; one of " + metric_names();
}

std::string title(const MetricInfo &metric)
{
    return capitalised(metric.short_);
}

std::string effect_label(const MetricInfo &metric)
{
    return title(metric) + " variation";
}

std::string change_label(const MetricInfo &metric)
{
    return std::string("Change of ") + metric.short_;
}

std::string estimate_label(const MetricInfo &metric)
{
    return std::string("Estimated ") + metric.short_ + " variation";
}

double metric_of_logits(Metric metric, std::span<const double> logits, std::span<const int64_t> answers,
                        std::span<const int64_t> wrongs, std::span<const double> clean)
{
    const double all = log_sum_exp(logits);
    const auto mean = [&](std::span<const int64_t> tokens) {
        double sum = 0;
        for (const int64_t token : tokens)
            sum += logits[size_t(token)];
        return sum / double(tokens.size());
    };
    const auto probability = [&](std::span<const int64_t> tokens) {
        double sum = 0;
        for (const int64_t token : tokens)
            sum += std::exp(logits[size_t(token)] - all);
        return sum;
    };
    switch (metric) {
    case Metric::LogitDiff:
        return mean(answers) - mean(wrongs);
    case Metric::ProbDiff:
        return probability(answers) - probability(wrongs);
    case Metric::LogProb:
        return std::log(probability(answers));
    case Metric::Loss:
        return -std::log(probability(answers));
    case Metric::Rank: {
        double best = logits[size_t(answers[0])];
        for (const int64_t token : answers)
            best = std::max(best, logits[size_t(token)]);
        return double(std::count_if(logits.begin(), logits.end(), [&](double logit) { return logit > best; }));
    }
    case Metric::Kl: {
        const double all_clean = log_sum_exp(clean);
        double sum = 0;
        for (size_t v = 0; v < logits.size(); ++v) {
            const double log_p = clean[v] - all_clean;
            sum += std::exp(log_p) * (log_p - (logits[v] - all));
        }
        return sum;
    }
    }
    return 0;
}

} // namespace patchbay
