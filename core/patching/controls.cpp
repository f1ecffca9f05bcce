#include "patching/controls.h"

#include "base/mean.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace {

// Rounding is some 1e-5 of the metric's size; a wrong head, position or run is tens of percent.
constexpr double allowed = 5e-3;

double mean_size(const std::vector<float> &values)
{
    double sum = 0;
    for (const float value : values)
        sum += std::abs(double(value));
    return values.empty() ? 0 : sum / double(values.size());
}

/// The effect of one part's values, over the prompts that have one.
struct Part {
    double effect = NAN, off = 0;
};

Part measured(const float *values, const std::vector<float> &base, const std::vector<float> *expected,
              const Baseline &baseline)
{
    double change = 0, off = 0;
    int count = 0;
    for (size_t p = 0; p < base.size(); ++p) {
        if (std::isnan(values[p]))
            continue;
        ++count;
        change += double(values[p]) - double(base[p]);
        if (expected)
            off += std::abs(double(values[p]) - double((*expected)[p]));
    }
    if (count == 0)
        return {};
    const double size = std::max({mean_size(baseline.clean), mean_size(baseline.flipped), 1e-6});
    return {change / count / baseline.scale(), off / count / size};
}

} // namespace

std::vector<Control> controls(const RunResult &result)
{
    std::vector<Control> out;
    if (result.grids.empty())
        return out;
    const Baseline &baseline = result.baseline;
    const std::vector<float> &base = base_values(result.grids.front(), baseline);
    const std::vector<float> &source = &base == &baseline.clean ? baseline.flipped : baseline.clean;
    const auto add = [&](const char *name, const char *words, const std::vector<float> *expected) {
        const auto found = result.arrays.find(name);
        if (found == result.arrays.end() || !found->second.is_float() || base.empty()
            || found->second.floats().size() % base.size() != 0)
            return;
        const std::vector<float> &values = found->second.floats();
        Control control{name, words, {}, NAN, 0, true};
        if (expected)
            control.expected = (mean_of(*expected) - mean_of(base)) / baseline.scale();
        for (size_t first = 0; first < values.size(); first += base.size()) {
            const Part part = measured(values.data() + first, base, expected, baseline);
            if (std::isnan(part.effect))
                continue;
            if (std::isnan(control.effect) || part.off > control.off) {
                control.effect = part.effect;
                control.off = part.off;
            }
            control.ok = control.ok && part.off <= allowed;
        }
        if (!std::isnan(control.effect))
            out.push_back(control);
    };
    add(control_own, "own values", &base);
    add(control_everything, "everything", &source);
    add(control_donor, "a random donor", nullptr);
    return out;
}

bool controls_failed(const RunResult &result)
{
    const std::vector<Control> all = controls(result);
    return std::any_of(all.begin(), all.end(), [](const Control &one) { return !one.ok; });
}

std::string controls_note(const RunResult &result)
{
    const EffectUnit unit = effect_unit(result.baseline);
    std::string text;
    bool failed = false;
    for (const Control &one : controls(result)) {
        failed = failed || !one.ok;
        // What is only rounding has no sign.
        const double effect = std::abs(one.effect * unit.factor) < 0.5 * std::pow(10, -unit.digits) ? 0 : one.effect;
        text += (text.empty() ? "" : ", ") + std::string(one.words) + " " + effect_text(effect, unit)
            + (one.ok ? "" : " (must be " + effect_text(*one.expected, unit) + ")");
    }
    return text.empty() ? text : (failed ? "CONTROL FAILED: " : "Controls: ") + text + ".";
}

} // namespace patchbay
