// Where heads look: from END to the names, and on repeated random tokens (previous-token, duplicate-token, induction).
#include "analysis/detail/readings.h"
#include "model/check_head.h"
#include "model/detail/hook_points.h"
#include "model/detail/weights.h"
#include "model/hooked_transformer.h"
#include "task/python_random.h"

namespace patchbay::detail {

void analyse_attention(AnalysisRun &run)
{
    require_roles(run.in.batch, "attention");
    const ModelConfig &c = run.config();
    const PromptBatch &batch = run.in.batch;
    const size_t P = size_t(batch.prompts);
    const std::pair<const char *, const std::vector<int> *> roles[] = {{"io", &batch.io_pos}, {"s1", &batch.s1_pos}, {"s2", &batch.s2_pos}};
    std::map<std::string, std::vector<float>> values;
    for (const auto &[role, positions] : roles)
        values[role].resize(size_t(c.n_layers * c.n_heads) * P);
    for (int l = 0; l < c.n_layers; ++l) {
        for (int h = 0; h < c.n_heads; ++h)
            for (size_t p = 0; p < P; ++p) {
                const std::vector<float> pattern = run.in.runs.pattern(run.clean(), l, h, int(p));
                const size_t size = size_t(batch.end[p]) + 1;
                for (const auto &[role, positions] : roles)
                    values[role][size_t(l * c.n_heads + h) * P + p] = pattern[(size - 1) * size + size_t((*positions)[p])];
            }
        run.progress(l + 1, c.n_layers);
    }
    for (const auto &[role, positions] : roles)
        run.result.arrays[std::string("attention.end_to_") + role] = {{c.n_layers, c.n_heads, int64_t(P)}, values[role]};
}

namespace {

constexpr int rows = 3, half = 15;

// Rows of 15 distinct random tokens, each repeated once: [3, 30].
std::vector<int64_t> repeated_tokens(const AnalysisRun &run)
{
    std::vector<int64_t> tokens;
    const nlohmann::json &options = run.spec.options;
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

} // namespace

void analyse_detectors(AnalysisRun &run)
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
    const Detector detectors[] = {{"previous_token", 1, 1}, {"duplicate_token", half, half}, {"induction", half, half - 1}};
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
                        const float *row = pattern.data() + ((size_t(n) * size_t(c.n_heads) + size_t(h)) * size_t(T) + size_t(i)) * size_t(T);
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

void analyse_attention_vs_contribution(AnalysisRun &run)
{
    require_roles(run.in.batch, "attention-vs-contribution");
    const ModelConfig &c = run.config();
    if (run.spec.heads.size() != 1)
        throw Error("heads", "attention-vs-contribution takes one head");
    const Head head = run.spec.heads.front();
    check_head(head, c);
    const PromptBatch &batch = run.in.batch;
    const int64_t P = batch.prompts, d = c.d_head;
    const Weights &w = run.in.model->weights();
    const auto ends = end_rows(run.in);
    const at::Tensor z = run.in.runs.z_rows(run.clean(), head.layer, ends).narrow(1, int64_t(head.head) * d, d);              // [P, d]
    const at::Tensor scale = norm_scale(gather_rows(run.clean().resid.back(), run.in.runs.layout(), ends), c);               // [P]
    const at::Tensor result = at::matmul(z, w.layers[size_t(head.layer)].W_O[head.head]) / scale.unsqueeze(1);                // [P, D]
    for (const auto &[role, tokens, positions] : {std::tuple{"io", &batch.io, &batch.io_pos}, std::tuple{"s", &batch.s, &batch.s2_pos}}) {
        const at::Tensor unembed = w.W_U.index_select(1, at::tensor(*tokens, at::kLong)).t(); // [P, D]
        run.result.arrays[std::string("contribution.") + role] = to_array((result * unembed).sum(1));
        std::vector<float> attention;
        for (int p = 0; p < P; ++p) {
            const std::vector<float> pattern = run.in.runs.pattern(run.clean(), head.layer, head.head, p);
            const size_t size = size_t(batch.end[size_t(p)]) + 1;
            float sum = pattern[(size - 1) * size + size_t((*positions)[size_t(p)])];
            // S stands twice before END; what matters is how much of END's attention goes to it.
            if (std::string(role) == "s")
                sum += pattern[(size - 1) * size + size_t(batch.s1_pos[size_t(p)])];
            attention.push_back(sum);
        }
        run.result.arrays[std::string("attention.") + role] = {{P}, attention};
    }
    run.progress(1, 1);
}

} // namespace patchbay::detail
