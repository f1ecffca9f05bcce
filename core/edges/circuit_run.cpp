#include "edges/circuit_run.h"

#include "base/mean.h"
#include "edges/detail/circuit_pass.h"
#include "edges/detail/edge_groups.h"

#include <cmath>
#include <limits>

namespace patchbay {

using namespace detail;

namespace {

/// Calls work(pass, group) for every group of prompts.
void each_pass(Session &session, EdgeReplacement replacement, const CancelToken &cancel,
               const std::function<void(CircuitPass &, const PromptGroup &)> &work)
{
    Session::Impl &in = session.internals();
    const SignalsHeldOff held = in.enter();
    const EdgeGraph graph(in.model->config());
    EdgeGroups groups(in, CircuitPass::floats_per_row(graph, in.model->config()));
    const Replacements by(replacement, false, in.groups, cancel);
    groups->each(cancel, [&](int g) {
        CircuitPass pass((*groups)[g].runs, graph, by, cancel);
        work(pass, (*groups)[g]);
    });
}

} // namespace

std::vector<std::vector<float>> run_circuits(Session &session, const std::vector<EdgeMask> &circuits,
                                             EdgeReplacement replacement, Metric metric, const EdgeProgress &progress,
                                             const CancelToken &cancel)
{
    const auto P = size_t(session.batch().prompts);
    std::vector<std::vector<float>> out(circuits.size(), std::vector<float>(P));
    double done = 0;
    each_pass(session, replacement, cancel, [&](CircuitPass &pass, const PromptGroup &group) {
        for (size_t c = 0; c < circuits.size(); ++c) {
            const std::vector<float> values = pass.run(circuits[c], metric, cancel);
            std::copy(values.begin(), values.end(), out[c].begin() + group.first);
            done += double(group.prompts()) / double(P * circuits.size());
            if (progress)
                progress(std::min(done, 1.0));
        }
    });
    return out;
}

double CircuitScale::faithfulness(double mean) const
{
    return full == empty ? std::numeric_limits<double>::quiet_NaN() : (mean - empty) / (full - empty);
}

double CircuitScale::faithfulness(const std::vector<float> &per_prompt) const
{
    return faithfulness(mean_of(per_prompt));
}

CircuitScale circuit_scale(Session &session, EdgeReplacement replacement, Metric metric, const CancelToken &cancel)
{
    const Baseline &baseline = session.baseline(metric, cancel);
    if (replacement == EdgeReplacement::Patching)
        return {baseline.clean_mean, baseline.flipped_mean};
    const EdgeGraph graph(session.model().config());
    return {baseline.clean_mean,
            mean_of(run_circuits(session, {EdgeMask(graph.cells())}, replacement, metric, {}, cancel).front())};
}

CircuitCurve circuit_curve(Session &session, std::span<const float> scores, const std::vector<double> &shares,
                           EdgeReplacement replacement, Metric metric, const EdgeProgress &progress,
                           const CancelToken &cancel)
{
    const EdgeGraph graph(session.model().config());
    const CircuitScale scale = circuit_scale(session, replacement, metric, cancel);
    const EdgeOrder keeping = keeping_order(session.baseline(metric, cancel));
    CircuitCurve out;
    std::vector<EdgeMask> circuits;
    std::vector<CurvePoint *> points;
    out.by_size.resize(shares.size());
    out.by_sign.resize(shares.size());
    for (const bool by_sign : {false, true})
        for (size_t i = 0; i < shares.size(); ++i) {
            CurvePoint &point = (by_sign ? out.by_sign : out.by_size)[i];
            point.share = shares[i];
            point.asked = edges_at(graph, shares[i]);
            circuits.push_back(
                pruned(graph, top_edges(graph, scores, point.asked, by_sign ? keeping : EdgeOrder::Size)));
            point.kept = count(circuits.back());
            points.push_back(&point);
        }
    const std::vector<std::vector<float>> values =
        run_circuits(session, circuits, replacement, metric, progress, cancel);
    for (size_t i = 0; i < points.size(); ++i) {
        points[i]->mean = mean_of(values[i]);
        points[i]->faithfulness = scale.faithfulness(points[i]->mean);
    }
    const auto f = [](const std::vector<CurvePoint> &curve) {
        std::vector<double> all;
        for (const CurvePoint &point : curve)
            all.push_back(point.faithfulness);
        return all;
    };
    out.cpr = cpr(shares, f(out.by_sign));
    out.cmd = cmd(shares, f(out.by_size));
    return out;
}

} // namespace patchbay
