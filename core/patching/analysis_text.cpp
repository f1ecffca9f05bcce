#include "patching/analysis_text.h"

#include "base/check_index.h"
#include "base/plain_text.h"

#include <map>

namespace patchbay {

namespace {

// A parameter of the analysis as text, or what holds when the spec does not give it.
std::string parameter(const RunSpec &spec, const char *key, const std::string &otherwise)
{
    if (!spec.options.is_object() || !spec.options.contains(key))
        return otherwise;
    const nlohmann::json &value = spec.options.at(key);
    if (value.is_string())
        return value.get<std::string>();
    if (!value.is_number())
        return otherwise;
    return short_text(value.get<double>());
}

bool set(const RunSpec &spec, const char *key)
{
    return spec.options.is_object() && spec.options.contains(key) && spec.options.at(key) == true;
}

std::string heads_or(const RunSpec &spec, const char *otherwise)
{
    return spec.heads.empty() ? otherwise : in_words(spec.heads);
}

// Heads in the options may be anything a file holds: only what reads as a list of heads is told.
std::string name_movers(const RunSpec &spec)
{
    std::vector<Head> heads;
    try {
        if (spec.options.is_object() && spec.options.contains("name_movers"))
            for (const nlohmann::json &head : spec.options.at("name_movers"))
                heads.push_back(parse_head(head.get<std::string>()));
    } catch (const std::exception &) {
        heads.clear();
    }
    return heads.empty() ? "the name movers" : "the name movers " + in_words(heads);
}

std::string describe_dla(const RunSpec &)
{
    return "Direct logit attribution in the clean run, in logits: each head's output at END, divided by the final norm's scale there, dotted with "
           "W_U[IO] − W_U[S]; mean over prompts.";
}

std::string describe_copy_scores(const RunSpec &spec)
{
    return "Copy score of each head in the clean run: the share, in %, of names (IO, S1, S2 of every prompt) that are among the five largest logits of "
           "±(x W_V + b_V) W_O W_U + b_U, where x is the residual stream after block 0 at that name; + for the copy score, − for the negative one. "
           "Heads copy from "
           + parameter(spec, "threshold", "75") + " % on.";
}

std::string describe_ablation(const RunSpec &spec)
{
    const std::string mode = parameter(spec, "mode", "zero");
    const std::string value = mode == "zero" ? "zero" : mode == "mean" ? "its mean over the clean prompts" : "its value in the flipped run";
    return "The model runs on the clean prompts with z of " + heads_or(spec, "the named heads") + " replaced together by " + value
           + ", at all positions. Gain: how much another head's direct logit attribution grows by that, in logits, mean over prompts; heads that gain are "
             "backup heads.";
}

std::string describe_s_inhibition(const RunSpec &spec)
{
    return "S-inhibition test on the clean prompts, noising: z of one candidate" + (spec.heads.empty() ? std::string() : " (" + in_words(spec.heads) + ")")
           + " at END takes its value in the flipped run along the direct path, all other heads held fixed and MLPs recomputed, into the queries of "
           + name_movers(spec)
           + " at END. Given are the candidate's attention END→S2, the change of the mean logit difference (in logits) and of the name movers' attention "
             "from END to S1 and IO.";
}

std::string describe_attention(const RunSpec &)
{
    return "Attention from END to IO, S1 and S2 in the clean run, mean over prompts.";
}

std::string describe_patterns(const RunSpec &spec)
{
    const bool given = spec.options.is_object() && spec.options.contains("prompt") && spec.options.at("prompt").is_number_integer();
    const int64_t prompt = given ? spec.options.at("prompt").get<int64_t>() : 0;
    return "Attention of " + heads_or(spec, "the named heads") + (set(spec, "flipped") ? " in the flipped run" : " in the clean run") + " on " + prompt_name(prompt)
           + "; rows are destinations, columns sources."
           + (set(spec, "value_weighted") ? " Attention is weighted by the length of what is moved, |v W_O| of each source, relative to the longest." : "");
}

std::string describe_contribution(const RunSpec &spec)
{
    return "One point a prompt, clean run: attention of " + heads_or(spec, "the head")
           + " from END to a name (S: S1 and S2 together), and the head's output at END, divided by the final norm's scale there, dotted with that name's "
             "unembedding, in logits.";
}

std::string describe_detectors(const RunSpec &)
{
    return "Rows of random tokens, each repeated once: mean attention of each head to the previous token, to the same token's first occurrence (duplicate "
           "token), and to the token after that (induction).";
}

std::string describe_lens(const RunSpec &)
{
    return "Logit lens of the clean run: the residual stream after each layer through the final norm and the unembedding; logit of IO minus logit of S at "
           "END, mean over prompts.";
}

std::string describe_roles(const RunSpec &)
{
    return "Roles of heads: every label needs all of its marks, and the numbers are those that earned it. Direct effect and effect through the name movers' "
           "queries are path patching of z (noising, all positions, MLPs recomputed), in % of the clean–flipped gap of the mean logit difference: negative "
           "is helpful. Attention is from END in the clean run, mean over prompts.";
}

struct Words {
    const char *title;
    std::string (*describe)(const RunSpec &);
};

const Words *words(const std::string &analysis)
{
    static const std::map<std::string, Words> known{
        {"dla", {"Direct logit attribution", describe_dla}},
        {"copy-scores", {"Copy scores", describe_copy_scores}},
        {"ablate", {"Ablation", describe_ablation}},
        {"s2i", {"S-inhibition test", describe_s_inhibition}},
        {"attention", {"Attention from END", describe_attention}},
        {"attention-patterns", {"Attention", describe_patterns}},
        {"attention-vs-contribution", {"Attention against contribution", describe_contribution}},
        {"detectors", {"Head detectors", describe_detectors}},
        {"logit-lens", {"Logit lens", describe_lens}},
        {"roles", {"Head roles", describe_roles}},
    };
    const auto found = known.find(analysis);
    return found == known.end() ? nullptr : &found->second;
}

} // namespace

std::string in_words(const std::vector<Head> &heads)
{
    std::string text;
    for (size_t i = 0; i < heads.size(); ++i)
        text += (i == 0 ? "" : i + 1 == heads.size() ? " and " : ", ") + label(heads[i]);
    return text;
}

std::string analysis_title(const RunSpec &spec)
{
    const Words *known = words(spec.analysis);
    return (known ? known->title : spec.analysis) + (spec.heads.empty() ? "" : " of " + in_words(spec.heads));
}

std::string analysis_description(const RunSpec &spec)
{
    if (const Words *known = words(spec.analysis))
        return known->describe(spec);
    return "Analysis " + spec.analysis + (spec.heads.empty() ? "" : " of " + in_words(spec.heads)) + " on the clean and flipped prompts.";
}

} // namespace patchbay
