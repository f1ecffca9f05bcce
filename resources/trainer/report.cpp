#include "report.h"

#include <cstdio>

namespace patchbay::trainer {

namespace {

template <typename... Args>
std::string format(const char *text, Args... args)
{
    char line[512];
    std::snprintf(line, sizeof line, text, args...);
    return line;
}

bool worth_a_row(const HeadFigures &f)
{
    return f.denoise > 0.02 || f.denoise < -0.02 || f.direct < -0.02 || f.direct > 0.02 || f.to_queries < -0.02
        || f.s2_s1 > 0.3;
}

} // namespace

std::string report(const Evaluation &e)
{
    std::string out =
        format("%lld prompts with held-out name pairs and fillers: accuracy %.1f %%, answer ranked first %.1f %%, "
               "mean logit difference %+.2f clean, %+.2f flipped.\n\n",
               static_cast<long long>(e.prompts), 100 * e.accuracy, 100 * e.rank0, e.clean, e.flipped);
    out += "| head | denoising z | direct (noising) | through movers' q (noising) | END→IO | END→S1 | END→S2 | S2→S1 | "
           "copy % | negative copy % |\n"
           "|---|---|---|---|---|---|---|---|---|---|\n";
    for (const HeadFigures &f : e.heads) {
        if (worth_a_row(f))
            out +=
                format("| L%lldH%lld | %+.1f %% | %+.1f %% | %+.1f %% | %.2f | %.2f | %.2f | %.2f | %.0f | %.0f |\n",
                       static_cast<long long>(f.layer), static_cast<long long>(f.head), 100 * f.denoise, 100 * f.direct,
                       100 * f.to_queries, f.end_io, f.end_s1, f.end_s2, f.s2_s1, f.copy, f.negative_copy);
    }
    out += "\nName movers:";
    for (const size_t i : e.name_movers)
        out += format(" L%lldH%lld", static_cast<long long>(e.heads[i].layer), static_cast<long long>(e.heads[i].head));
    out += e.name_movers.empty() ? " none\n" : "\n";
    for (const std::string &line : shortcomings(e))
        out += "Not met: " + line + "\n";
    return out;
}

} // namespace patchbay::trainer
