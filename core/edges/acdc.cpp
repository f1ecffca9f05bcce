#include "edges/circuit_run.h"

#include "edges/detail/circuit_pass.h"
#include "edges/detail/edge_groups.h"

namespace patchbay {

using namespace detail;

namespace {

/// The groups of prompts with a pass over each; where there are several, one pass is there at a time.
class AcdcRuns {
public:
    AcdcRuns(Session &session, const AcdcOptions &options, const CancelToken &cancel)
        : m_in(session.internals()), m_graph(m_in.model->config()),
          m_groups(m_in, CircuitPass::floats_per_row(m_graph, m_in.model->config())),
          m_by(options.replacement, false, m_in.groups, cancel), m_metric(options.kl ? Metric::Kl : options.metric),
          m_sign(options.kl || info(m_metric).less_is_better ? 1 : -1)
    {
    }

    const EdgeGraph &graph() const { return m_graph; }
    int prompts() const { return m_in.batch.prompts; }

    /// Mean distance from the full graph's run; readers before layer `from` have all their edges.
    double distance(const EdgeMask &kept, int from, const CancelToken &cancel)
    {
        double sum = 0;
        m_groups->each(cancel, [&](int g) {
            if (!m_pass || m_group != g) {
                m_pass.reset();
                m_pass = std::make_unique<CircuitPass>((*m_groups)[g].runs, m_graph, m_by, cancel);
                m_group = g;
            }
            for (const float value : m_pass->run(kept, m_metric, cancel, from))
                sum += double(value);
        });
        return m_sign * sum / double(prompts());
    }

private:
    Session::Impl &m_in;
    const EdgeGraph m_graph;
    EdgeGroups m_groups;
    const Replacements m_by;
    const Metric m_metric;
    const int m_sign;
    std::unique_ptr<CircuitPass> m_pass;
    int m_group = -1;
};

} // namespace

EdgeMask acdc(Session &session, const AcdcOptions &options, const EdgeProgress &progress, const CancelToken &cancel)
{
    const SignalsHeldOff held = session.internals().enter();
    AcdcRuns runs(session, options, cancel);
    const EdgeGraph &graph = runs.graph();
    EdgeMask kept = graph.real();
    double before = runs.distance(kept, graph.layers(), cancel);
    const double all = double(graph.edges());
    double tried = 0;
    for (int reader = graph.logits(); reader >= 0; --reader) {
        const int node = graph.node(reader);
        bool read = node < 0;
        for (int later = 0; later < graph.readers() && !read; ++later)
            read = graph.is_edge({node, later}) && kept[graph.cell({node, later})];
        const int from = std::max(graph.reader(reader).layer, 0);
        for (int writer = graph.sources(reader) - 1; writer >= 0; --writer) {
            uint8_t &edge = kept[graph.cell({writer, reader})];
            edge = 0;
            if (read) {
                const double now = runs.distance(kept, graph.node(reader) < 0 ? graph.layers() : from, cancel);
                if (now - before < options.threshold)
                    before = now;
                else
                    edge = 1;
            }
            ++tried;
            if (progress)
                progress(tried / all);
        }
    }
    return pruned(graph, kept);
}

} // namespace patchbay
