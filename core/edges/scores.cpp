#include "edges/scores.h"

#include "base/error.h"
#include "base/names.h"
#include "block/detail/gemm.h"
#include "edges/detail/edge_groups.h"
#include "edges/detail/writers.h"
#include "patching/detail/backward.h"

#include <cmath>
#include <limits>

namespace patchbay {

using namespace detail;

namespace {

constexpr Names<EdgeMethod, 4> method_names{{{EdgeMethod::Eap, "eap"},
                                             {EdgeMethod::EapIg, "eap-ig"},
                                             {EdgeMethod::CleanCorrupted, "clean-corrupted"},
                                             {EdgeMethod::EapIgActivations, "eap-ig-activations"}}};

/// One run whose gradients are averaged with the others'.
struct GradientPass {
    enum class Over { Base, Other, Blend } over = Over::Base;
    Blend blend;
    /// EAP-IG (activations) holds the token embedding as it holds a sublayer's output. Where nothing is added to it, as
    /// a position embedding would be, the library's gradients begin only behind what reads it alone: its hooks on the
    /// first layer's queries, keys, values (and on the MLP of a parallel block) are not called in these runs.
    bool held_input = false;
};

std::vector<GradientPass> passes(const EdgeEstimate &what, const ModelConfig &c)
{
    const bool flipped = what.direction == Direction::Denoise;
    std::vector<GradientPass> out;
    switch (what.method) {
    case EdgeMethod::Eap:
        return {GradientPass()};
    case EdgeMethod::CleanCorrupted:
        return {GradientPass(), {GradientPass::Over::Other, {}}};
    case EdgeMethod::EapIg:
        for (int k = 0; k < what.steps; ++k) // from the other run's end, which is in it
            out.push_back({k == 0 ? GradientPass::Over::Other : GradientPass::Over::Blend,
                           {flipped, float(k) / float(what.steps), -1}});
        return out;
    case EdgeMethod::EapIgActivations:
        break;
    }
    for (int l = -1; l < c.n_layers; ++l)
        for (const bool mlp : {false, true})
            for (int k = 1; k <= what.steps; ++k)
                if (!mlp || (l >= 0 && c.has_mlp()))
                    out.push_back({GradientPass::Over::Blend,
                                   {flipped, float(k) / float(what.steps), l, mlp},
                                   l < 0 && !c.learned_positions()});
    return out;
}

/// Scores of a group, added up pass by pass: score(u→v) = Σ over rows of the change of u times the gradient at v.
class GroupScores {
public:
    GroupScores(const BatchRuns &runs, const EdgeGraph &graph, const Replacements &by, const CancelToken &cancel)
        : m_runs(runs), m_graph(graph), m_rows(edge_rows(runs.layout(), by.kind())),
          m_changes(WriterChanges(runs, graph, by, m_rows).all_to_first_order(cancel)),
          m_sums(size_t(runs.layout().prompts), std::vector<float>(graph.cells()))
    {
    }

    void add(const GradientPass &pass, const Terms &terms, const CancelToken &cancel)
    {
        if (m_rows->count() == 0)
            return;
        OverRun over;
        Run blended;
        if (pass.over == GradientPass::Over::Blend) {
            blended = m_runs.blended(pass.blend, cancel);
            over = {&blended, pass.blend.layer, pass.blend.mlp};
        } else if (pass.over == GradientPass::Over::Other) {
            over.run = &m_runs.run(!terms.base_flipped);
        }
        Backward backward(m_runs, terms, false, over);
        backward.tell_readers([&](int layer, const at::Tensor &gradients) {
            cancel.check();
            multiply(layer, gradients, pass.held_input && layer == 0);
        });
        backward.run(cancel);
    }

    /// [writers, readers] of one of the group's prompts.
    const std::vector<float> &of(int prompt) const { return m_sums[size_t(prompt)]; }

private:
    // gradients [readers of the layer, R, D]; serial_mlp_only: of the others nothing is counted
    void multiply(int layer, const at::Tensor &gradients, bool serial_mlp_only)
    {
        const int64_t R = m_rows->count(), D = m_changes.size(2), readers = gradients.size(0);
        const int first = m_graph.first_reader(layer), all = m_graph.readers();
        const float *changes = m_changes.data_ptr<float>(), *g = gradients.data_ptr<float>();
        at::Tensor part;
        int64_t row = 0;
        for (int p = 0; p < m_runs.layout().prompts; ++p) {
            const auto n = int64_t(m_rows->rows(p).size());
            if (n == 0)
                continue;
            // An MLP of a serial block also reads the heads of its own layer: as many writers as any reader here has.
            const int sources = m_graph.sources(first + int(readers) - 1);
            part = at::empty({sources, readers}, at::kFloat);
            gemm_bt(sources, readers, n * D, changes + row * D, R * D, g + row * D, R * D, part.data_ptr<float>(),
                    readers);
            for (int w = 0; w < sources; ++w)
                for (int r = 0; r < int(readers); ++r)
                    if (w < m_graph.sources(first + r)
                        && !(serial_mlp_only && (m_graph.parallel() || r < 3 * m_graph.heads())))
                        m_sums[size_t(p)][size_t(w) * size_t(all) + size_t(first + r)] +=
                            part.data_ptr<float>()[w * readers + r];
            row += n;
        }
    }

    const BatchRuns &m_runs;
    const EdgeGraph m_graph;
    const std::shared_ptr<const RowMap> m_rows;
    const at::Tensor m_changes; ///< [writers, R, D]
    std::vector<std::vector<float>> m_sums;
};

} // namespace

std::string name(EdgeMethod method)
{
    return name_of(method_names, method);
}

EdgeMethod parse_edge_method(std::string_view text)
{
    return parse_named(method_names, text, "a way to estimate edges");
}

std::string title(EdgeMethod method)
{
    switch (method) {
    case EdgeMethod::Eap:
        break;
    case EdgeMethod::EapIg:
        return "EAP-IG (inputs)";
    case EdgeMethod::CleanCorrupted:
        return "EAP, clean and flipped gradients";
    case EdgeMethod::EapIgActivations:
        return "EAP-IG (activations)";
    }
    return "EAP";
}

void check_estimate(const EdgeEstimate &what)
{
    const MetricInfo &metric = info(what.metric);
    const bool flipped = what.direction == Direction::Denoise;
    if (!metric.slope)
        throw Error("metric", std::string("the ") + metric.words + " has no gradient, and so no estimates of edges");
    if (what.method == EdgeMethod::Eap && !has_estimates(what.metric, flipped))
        throw Error("metric",
                    std::string("the ") + metric.words
                        + " is least in the clean run: its gradient there is 0. Take eap-ig, denoising, or another "
                          "metric");
    if (what.steps < 1)
        throw Error("steps", "integrated gradients need at least 1");
    if (what.replacement != EdgeReplacement::Patching && what.method != EdgeMethod::Eap)
        throw Error("ablate",
                    title(what.method) + " goes from one run to the other; with " + name(what.replacement)
                        + " there is eap alone");
    if (what.replacement != EdgeReplacement::Patching && flipped)
        throw Error("direction", "with " + name(what.replacement) + " edges of the clean run are changed: noise alone");
}

EdgeScores edge_scores(Session &session, const EdgeEstimate &what, const EdgeProgress &progress,
                       const CancelToken &cancel)
{
    check_estimate(what);
    Session::Impl &in = session.internals();
    const SignalsHeldOff held = in.enter();
    const ModelConfig &c = in.model->config();
    const EdgeGraph graph(c);
    const size_t cells = graph.cells(), P = size_t(in.batch.prompts);
    EdgeScores out;
    out.mean.assign(cells, 0);
    out.standard_error.assign(cells, std::numeric_limits<float>::quiet_NaN());
    if (cells * P * sizeof(float) <= in.resources.memory_budget / 8)
        out.per_prompt.assign(cells * P, 0);
    std::vector<double> sums(cells), squares(cells);
    const std::vector<GradientPass> all = passes(what, c);
    // Of each row: the changes of all writers, the gradients of a layer's readers, and the run in between.
    const int64_t floats = int64_t(graph.writers() + 3 * graph.heads() + 1) * c.d_model
        + int64_t(BatchRuns::bytes_per_row(c) / sizeof(float)) / 2;
    EdgeGroups groups(in, floats);
    const bool flipped = what.direction == Direction::Denoise;
    const Replacements by(what.replacement, flipped, in.groups, cancel);
    const Terms terms{flipped, what.replacement != EdgeReplacement::Patching, what.metric};
    size_t done = 0;
    groups->each(cancel, [&](int g) {
        const PromptGroup &group = (*groups)[g];
        GroupScores scores(group.runs, graph, by, cancel);
        for (const GradientPass &pass : all) {
            scores.add(pass, terms, cancel);
            if (progress)
                progress(double(++done) / double(all.size() * size_t(groups->count())));
        }
        for (int p = 0; p < group.prompts(); ++p) {
            const std::vector<float> &own = scores.of(p);
            for (size_t i = 0; i < cells; ++i) {
                const float value = own[i] / float(all.size());
                sums[i] += double(value);
                squares[i] += double(value) * double(value);
                if (!out.per_prompt.empty())
                    out.per_prompt[i * P + size_t(group.first + p)] = value;
            }
        }
    });
    for (size_t i = 0; i < cells; ++i) {
        const double mean = sums[i] / double(P);
        out.mean[i] = float(mean);
        if (P > 1)
            out.standard_error[i] =
                float(std::sqrt(std::max(squares[i] / double(P) - mean * mean, 0.0) / double(P - 1)));
    }
    return out;
}

EdgeOrder keeping_order(const Baseline &baseline, Direction direction)
{
    return (baseline.gap() < 0) == (direction == Direction::Noise) ? EdgeOrder::Highest : EdgeOrder::Lowest;
}

std::vector<float> of_files(std::vector<float> scores, EdgeOrder keeping)
{
    if (keeping == EdgeOrder::Lowest)
        for (float &score : scores)
            score = score == 0 ? 0 : -score;
    return scores;
}

} // namespace patchbay
