// What heads do on repeated random tokens: previous-token, duplicate-token and induction attention.
#include "analysis/detail/readings.h"
#include "model/detail/hook_points.h"
#include "model/detail/weights.h"
#include "model/hooked_transformer.h"
#include "task/python_random.h"

namespace patchbay {

using namespace detail;

namespace {

constexpr int rows = 3, half = 15;

// Rows of 15 distinct random tokens, each repeated once: [3, 30].
std::vector<int64_t> repeated_tokens(const AnalysisRun &run)
{
    std::vector<int64_t> tokens;
    const nlohmann::json &options = run.analysis.options;
    if (options.is_object() && options.contains("tokens")) {
        for (const nlohmann::json &row : options.at("tokens"))
            for (const nlohmann::json &id : row)
                tokens.push_back(id.get<int64_t>());
        if (tokens.empty() || tokens.size() % (2 * half) != 0)
            throw Error("tokens", "give rows of 30 token ids, the second 15 repeating the first");
        return tokens;
    }
    const int64_t V = run.config().d_vocab;
    if (V < half)
        throw Error("detectors", "needs a vocabulary of at least 15 tokens");
    PythonRandom random(static_cast<int64_t>(run.option("seed", 0)));
    for (int r = 0; r < rows; ++r) {
        std::vector<int64_t> distinct;
        while (int(distinct.size()) < half) {
            const int64_t id = int64_t(random.below(uint32_t(V)));
            if (std::find(distinct.begin(), distinct.end(), id) == distinct.end())
                distinct.push_back(id);
        }
        for (int repeat = 0; repeat < 2; ++repeat)
            tokens.insert(tokens.end(), distinct.begin(), distinct.end());
    }
    return tokens;
}

void run_detectors(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const int T = 2 * half;
    if (c.n_ctx < T)
        throw Error("detectors", "needs a context of 30 tokens; this model has " + std::to_string(c.n_ctx));
    const std::vector<int64_t> tokens = repeated_tokens(run);
    const int N = int(tokens.size()) / T;
    const HookedTransformer transformer(run.in.model);
    struct Detector {
        const char *name;
        int first, back; ///< pattern[i, i − back] for i = first … 29
    };
    const Detector detectors[] = {
        {"previous_token", 1, 1}, {"duplicate_token", half, half}, {"induction", half, half - 1}};
    std::map<std::string, std::vector<float>> values;
    HookedTransformer::Options options;
    options.logits = false;
    for (int l = 0; l < c.n_layers; ++l)
        options.keep.push_back(block_hook(l, "attn.hook_pattern"));
    const ArrayMap cache = transformer.run({N, T, tokens}, options, run.cancel).cache;
    for (int l = 0; l < c.n_layers; ++l) {
        const std::vector<float> &pattern = cache.at(options.keep[size_t(l)]).floats(); // [N, H, T, T]
        for (int h = 0; h < c.n_heads; ++h)
            for (const Detector &d : detectors) {
                double sum = 0, first_row = 0, all = 0;
                for (int n = 0; n < N; ++n)
                    for (int i = 0; i < T; ++i) {
                        const float *row = pattern.data()
                            + ((size_t(n) * size_t(c.n_heads) + size_t(h)) * size_t(T) + size_t(i)) * size_t(T);
                        if (i >= d.first) {
                            sum += row[i - d.back];
                            first_row += n == 0 ? row[i - d.back] : 0;
                        }
                        for (int j = 0; n == 0 && j < T; ++j)
                            all += row[j];
                    }
                values[std::string("detector.") + d.name].push_back(float(sum / (double(N) * (T - d.first))));
                values[std::string("detector.tl_mul.") + d.name].push_back(float(first_row / all));
            }
    }
    for (auto &[name, numbers] : values)
        run.result.arrays[name] = {{c.n_layers, c.n_heads}, numbers};
    run.result.arrays["detector.tokens"] = {{N, T}, tokens};
    run.progress(1, 1);
}

std::string describe_detectors(const Analysis &)
{
    return "Rows of random tokens, each repeated once: mean attention of each head to the previous token, to the same "
           "token's first occurrence "
           "(duplicate token), and to the token after that (induction).";
}

} // namespace

const AnalysisInfo &declared::detectors()
{
    static const AnalysisInfo info{
        .name = "detectors",
        .title = "Head detectors",
        .tip = "Previous-token, duplicate-token and induction attention on repeated random tokens",
        .parameters = {{"seed", Parameter::Kind::Whole, "seed of the random tokens (0)", {}, false, 0},
                       {"tokens", Parameter::Kind::Numbers,
                        "rows of 30 token ids, the second 15 repeating the first, instead of random ones"}},
        .yields = {{"detector.previous_token", "Previous token", "previous-token attention", "",
                    "Attention on the pattern"},
                   {"detector.duplicate_token", "Duplicate token", "duplicate-token attention", "",
                    "Attention on the pattern"},
                   {"detector.induction", "Induction", "induction attention", "", "Attention on the pattern"},
                   {"detector.tl_mul.", "Detector, TransformerLens", "detector score of TransformerLens", "",
                    "Attention on the pattern", Quantity::Draw::Hidden}},
        .describe = describe_detectors,
        .run = run_detectors};
    return info;
}

} // namespace patchbay
