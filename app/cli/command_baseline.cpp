// patchbay-cli baseline: how well the model does on the clean prompts and on the flipped ones.
#include "base/amounts.h"
#include "command.h"
#include "interrupt.h"
#include "io/array_files.h"
#include "workspace.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace patchbay::cli {

namespace {

struct Options {
    WorkOptions work;
    int bootstrap = 0;
};

struct Interval {
    double low = 0, high = 0;
};

// 95 % percentile intervals of the means of clean, flipped and their difference, from the same resampled prompts.
std::array<Interval, 3> bootstrap(const Baseline &baseline, int samples)
{
    const size_t prompts = baseline.clean.size();
    std::array<std::vector<double>, 3> means;
    std::mt19937_64 random(0);
    for (int sample = 0; sample < samples; ++sample) {
        double clean = 0, flipped = 0;
        for (size_t i = 0; i < prompts; ++i) {
            const size_t p = size_t(((random() >> 32) * prompts) >> 32);
            clean += double(baseline.clean[p]);
            flipped += double(baseline.flipped[p]);
        }
        means[0].push_back(clean / double(prompts));
        means[1].push_back(flipped / double(prompts));
        means[2].push_back((clean - flipped) / double(prompts));
    }
    std::array<Interval, 3> intervals;
    for (size_t i = 0; i < means.size(); ++i) {
        std::sort(means[i].begin(), means[i].end());
        const auto at = [&](double share) { return means[i][size_t(std::lround(share * double(samples - 1)))]; };
        intervals[i] = {at(0.025), at(0.975)};
    }
    return intervals;
}

void print(const Baseline &b, int samples, Console &console)
{
    nlohmann::ordered_json out = {{"prompts", b.clean.size()},          {"clean_mean", b.clean_mean},
                                  {"flipped_mean", b.flipped_mean},     {"gap", b.gap()},
                                  {"accuracy_clean", b.accuracy_clean}, {"accuracy_flipped", b.accuracy_flipped},
                                  {"rank0_clean", b.rank0_clean},       {"rank0_flipped", b.rank0_flipped}};
    std::array<std::string, 3> ranges;
    if (samples > 0) {
        const auto intervals = bootstrap(b, samples);
        const char *names[] = {"clean_mean", "flipped_mean", "gap"};
        for (size_t i = 0; i < intervals.size(); ++i) {
            out["bootstrap_95"][names[i]] = {intervals[i].low, intervals[i].high};
            ranges[i] = "  [" + number(intervals[i].low) + ", " + number(intervals[i].high) + "]";
        }
        out["bootstrap_samples"] = samples;
    }
    const std::string note = gap_note(b);
    if (!note.empty())
        out["note"] = note;
    out["clean"] = b.clean;
    out["flipped"] = b.flipped;
    console.print(out);
    const auto share = [](double value) { return number(100 * value, 1) + " %"; };
    console.say(counted(int64_t(b.clean.size()), "prompt pair") + "; logit difference IO - S at END"
                + (samples > 0 ? ", 95 % bootstrap interval" : ""));
    console.say("clean    " + number(b.clean_mean) + ranges[0] + "  IO above S in " + share(b.accuracy_clean)
                + ", IO on top in " + share(b.rank0_clean));
    console.say("flipped  " + number(b.flipped_mean) + ranges[1] + "  IO above S in " + share(b.accuracy_flipped)
                + ", IO on top in " + share(b.rank0_flipped));
    console.say("gap      " + number(b.gap()) + ranges[2]);
    if (!note.empty())
        console.say(note);
}

} // namespace

Runner add_baseline(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->work.add(app, "Write clean and flipped [prompts] to this file");
    app.add_option("--bootstrap", options->bootstrap, "Resamples for 95 % intervals of the means; 0: none")
        ->capture_default_str()
        ->check(CLI::Range(0, 10000000));
    return [options] {
        Console console(options->work.output.json, options->work.output.quiet);
        Workspace work(options->work, console);
        RunResult result;
        result.spec = work.spec();
        result.baseline = work.session().baseline(cancel_on_interrupt());
        if (options->work.output.wanted()) {
            FileMetadata metadata{{"version", program_version()}, {"model_sha256", result.spec.model.sha256}};
            if (const std::string where = work.session().computed_on(true); !where.empty())
                metadata["computed_on"] = where;
            write_arrays(options->work.output.out, to_arrays(result), metadata);
        }
        print(result.baseline, options->bootstrap, console);
        return 0;
    };
}

} // namespace patchbay::cli
