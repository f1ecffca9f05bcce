// Copy scores: would this head, attending to a name, raise that name's own logit into the top five?
#include "analysis/detail/readings.h"
#include "block/detail/gemm.h"
#include "model/detail/weights.h"
#include "task/ioi_roles.h"

namespace patchbay {

using namespace detail;

namespace {

constexpr int top = 5;

// How many logits ±y + b of each row are larger than that of its own token; columns of W_U in blocks. →
// larger[sign][row]
std::array<std::vector<int>, 2> ranks(const at::Tensor &o, const Weights &w, const std::vector<int64_t> &own)
{
    const int64_t n = o.size(0), D = o.size(1);
    const float *b = w.b_U.data_ptr<float>();
    std::vector<float> own_y(static_cast<size_t>(n));
    const at::Tensor own_columns = w.unembedding(at::tensor(own, at::kLong)).t().contiguous(); // [n, D]
    const at::Tensor dots = (own_columns * o).sum(1);
    std::copy_n(dots.data_ptr<float>(), n, own_y.begin());
    std::array<std::vector<int>, 2> larger{std::vector<int>(size_t(n), 0), std::vector<int>(size_t(n), 0)};
    const at::Tensor y = at::empty({n, Weights::columns_at_once}, at::kFloat);
    w.for_columns([&](int64_t first, const at::Tensor &W) {
        const int64_t count = W.size(1);
        gemm(n, count, D, o.data_ptr<float>(), D, W.data_ptr<float>(), W.stride(0), y.data_ptr<float>(), y.size(1));
        parallel_rows(n, 8, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r) {
                const float *row = y.data_ptr<float>() + r * y.size(1);
                const int64_t token = own[size_t(r)];
                const float plus = own_y[size_t(r)] + b[token], minus = b[token] - own_y[size_t(r)];
                int above = 0, above_negated = 0;
                for (int64_t j = 0; j < count; ++j) {
                    if (first + j == token)
                        continue;
                    above += row[j] + b[first + j] > plus;
                    above_negated += b[first + j] - row[j] > minus;
                }
                larger[0][size_t(r)] += above;
                larger[1][size_t(r)] += above_negated;
            }
        });
    });
    return larger;
}

void run_copy_scores(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const Weights &w = run.in.model->weights();
    const PromptBatch &batch = run.in.batch;
    const double threshold = run.option("threshold", 75);
    std::vector<int64_t> own; // [3 P]: IO, S1, S2 of each prompt
    for (int p = 0; p < batch.prompts; ++p)
        for (const std::vector<int64_t> *tokens : {&batch.io, &batch.s, &batch.s})
            own.push_back((*tokens)[size_t(p)]);
    ByPrompt parts;
    run.each_group([&](const PromptGroup &group) {
        const PromptBatch &prompts = group.runs.batch();
        std::vector<std::pair<int, int>> rows;
        for (int p = 0; p < group.prompts(); ++p)
            for (const char *role : {ioi::io, ioi::s1, ioi::s2})
                rows.emplace_back(p, prompts.role(role)[size_t(p)]);
        parts.put("x", group, gather_rows(group.runs.run(false).resid[1], group.runs.layout(), rows).t());
    });
    const at::Tensor x = parts.at("x").t().contiguous(); // resid_post of block 0, [3 P, D]
    at::Tensor score[2] = {at::empty({c.n_layers, c.n_heads}, at::kFloat),
                           at::empty({c.n_layers, c.n_heads}, at::kFloat)};
    nlohmann::json movers = nlohmann::json::array(), negative = nlohmann::json::array();
    // Several heads at once, so that the vocabulary is gone through less often.
    const auto names = std::ptrdiff_t(own.size());
    const int heads_at_once = std::max(1, int(block_rows / std::max<std::ptrdiff_t>(1, names)));
    for (int l = 0; l < c.n_layers; ++l) {
        const LayerWeights lw = w.layer(l);
        for (int first = 0; first < c.n_heads; first += heads_at_once) {
            const int last = std::min(first + heads_at_once, c.n_heads);
            std::vector<at::Tensor> o; // [3 P, D] each
            std::vector<int64_t> tokens;
            for (int h = first; h < last; ++h) {
                const int g = h / c.kv_group();
                o.push_back(at::matmul(at::matmul(x, lw.W_V[g]) + lw.b_V[g], lw.W_O[h]));
                tokens.insert(tokens.end(), own.begin(), own.end());
            }
            const auto larger = ranks(at::cat(o), w, tokens);
            for (int h = first; h < last; ++h)
                for (int sign = 0; sign < 2; ++sign) {
                    const auto begin = larger[size_t(sign)].begin() + (h - first) * names;
                    const double share = 100.0
                        * double(std::count_if(begin, begin + names, [](int n) { return n < top; })) / double(names);
                    score[sign][l][h] = float(share);
                    if (share >= threshold)
                        (sign == 0 ? movers : negative).push_back({{"head", dotted(Head{l, h})}, {"score", share}});
                }
            run.progress(l * c.n_heads + last, c.n_layers * c.n_heads);
        }
    }
    run.result.arrays["copy.positive"] = to_array(score[0]);
    run.result.arrays["copy.negative"] = to_array(score[1]);
    run.result.summary = {{"threshold", threshold}, {"positive", movers}, {"negative", negative}};
}

std::string describe_copy_scores(const Analysis &analysis)
{
    return "Copy score of each head in the clean run: the share, in %, of names (IO, S1, S2 of every prompt) that are "
           "among the five largest "
           "logits of ±(x W_V + b_V) W_O W_U + b_U, where x is the residual stream after block 0 at that name; + for "
           "the copy score, − for the "
           "negative one. Heads copy from "
        + parameter_text(analysis, "threshold", "75") + " % on.";
}

} // namespace

const AnalysisInfo &declared::copy_scores()
{
    static const AnalysisInfo info{
        .name = "copy-scores",
        .title = "Copy scores",
        .tip = "Would each head, attending to a name, raise that name's own logit?",
        .roles = {ioi::io, ioi::s1, ioi::s2},
        .parameters =
            {{"threshold", Parameter::Kind::Number, "the copy score in % that counts as copying (75)", {}, false, 75}},
        .yields = {{"copy.positive", "Copy score", "copy score", "%", "Copy score"},
                   {"copy.negative", "Negative score", "negative copy score", "%", "Copy score"}},
        .describe = describe_copy_scores,
        .run = run_copy_scores};
    return info;
}

} // namespace patchbay
