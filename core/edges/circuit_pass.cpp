#include "edges/detail/circuit_pass.h"

namespace patchbay::detail {

CircuitPass::CircuitPass(const BatchRuns &runs, const EdgeGraph &graph, const Replacements &by,
                         const CancelToken &cancel)
    : m_runs(runs), m_graph(graph), m_base(runs.run(false)), m_rows(edge_rows(runs.layout(), by.kind())),
      m_list(m_rows->list()), m_R(int64_t(m_list.size())), m_D(runs.model().config().d_model),
      m_other(at::empty({graph.writers(), m_R, m_D}, at::kFloat)), m_difference(at::empty_like(m_other)),
      m_sums(size_t(graph.layers())), m_other_sums(size_t(graph.layers()))
{
    int64_t row = 0;
    for (int p = 0; p < runs.layout().prompts; ++p) {
        m_begin.push_back(row);
        row += int64_t(m_rows->rows(p).size());
    }
    m_other[0].copy_(by.input(runs, m_list));
    // What nobody writes, and so nothing replaces: position embeddings, and the output's biases below.
    at::Tensor stream = runs.stream_rows(m_base.resid[0], m_list) - token_rows(runs, false, m_list) + m_other[0];
    for (int l = 0; l < graph.layers(); ++l) {
        cancel.check();
        const BlockRef held = runs.model().block(l);
        const at::Tensor z = by.z(runs, l, m_list).contiguous();
        for (int h = 0; h < graph.heads(); ++h)
            head_results(*held, z, h, slot(m_other, graph.first_writer(l) + h));
        Sums sums{at::empty({m_R, m_D}, at::kFloat), at::empty({m_R, m_D}, at::kFloat)};
        held->sum_heads(z.data_ptr<float>(), m_R, sums.before.data_ptr<float>());
        held->attn_post().apply(sums.before.data_ptr<float>(), sums.after.data_ptr<float>(), m_R);
        m_other_pre.push_back(stream);
        stream = stream + sums.after;
        m_other_mid.push_back(stream);
        if (!held->attn_post().identity())
            m_other_sums[size_t(l)] = sums;
        if (graph.mlps()) {
            m_other[graph.first_writer(l) + graph.heads()].copy_(by.mlp(runs, l, m_list));
            stream = stream + m_other[graph.first_writer(l) + graph.heads()];
        }
    }
    m_other_pre.push_back(stream);
    differ(0, token_rows(runs, false, m_list).data_ptr<float>());
}

int64_t CircuitPass::floats_per_row(const EdgeGraph &graph, const ModelConfig &c)
{
    // What every writer writes twice; corrections of a layer's readers, of one part of them normed; queries, keys and
    // values; the sums of the layers' heads.
    return int64_t(2 * graph.writers() + 4 * graph.heads() + (c.post_norms ? 2 * c.n_layers + 3 * graph.heads() : 0))
        * c.d_model
        + 4 * int64_t(c.n_heads) * c.d_head + 2 * int64_t(c.d_mlp);
}

bool CircuitPass::complete(int reader) const
{
    for (int w = 0; w < m_graph.sources(reader); ++w)
        if (missing(w, reader) != 0)
            return false;
    return true;
}

void CircuitPass::differ(int writer, const float *now)
{
    float *out = slot(m_difference, writer);
    const float *other = slot(m_other, writer);
    parallel_rows(m_R, 64, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin * m_D; i < end * m_D; ++i)
            out[i] = other[i] - now[i];
    });
}

void CircuitPass::start(int from, const CancelToken &cancel)
{
    m_x = m_runs.stream_rows(m_base.resid[size_t(from)], m_list);
    at::Tensor now = at::empty({m_R, m_D}, at::kFloat);
    for (int l = m_known; l < from; ++l) {
        cancel.check();
        const BlockRef held = m_runs.model().block(l);
        const at::Tensor z = m_runs.z_rows(m_base, l, m_list);
        for (int h = 0; h < m_graph.heads(); ++h) {
            head_results(*held, z, h, now.data_ptr<float>());
            differ(m_graph.first_writer(l) + h, now.data_ptr<float>());
        }
        if (!held->attn_post().identity()) {
            Sums &sums = m_sums[size_t(l)];
            sums.before = m_runs.head_sum_rows(m_base, l, m_list);
            sums.after = at::empty_like(sums.before);
            held->attn_post().apply(sums.before.data_ptr<float>(), sums.after.data_ptr<float>(), m_R);
        }
        if (m_graph.mlps())
            differ(m_graph.first_writer(l) + m_graph.heads(), m_runs.mlp_out_rows(m_base, l, m_list).data_ptr<float>());
    }
    m_known = from; // those from there on are about to become this run's
}

at::Tensor CircuitPass::project(int l, const Block &block, const CancelToken &cancel) const
{
    const int H = m_graph.heads();
    const int64_t d = block.traits().d_head, HD = H * d;
    at::Tensor qkv = at::empty({m_R, 3 * HD}, at::kFloat), normed = at::empty({m_R, m_D}, at::kFloat);
    block.attn_norm().apply(m_x.data_ptr<float>(), normed.data_ptr<float>(), m_R);
    for (const Part part : {Part::Query, Part::Key, Part::Value}) {
        cancel.check();
        const int first = m_graph.first_reader(l) + int(part) * H;
        std::vector<int> incomplete;
        for (int h = 0; h < H; ++h)
            if (!complete(first + h))
                incomplete.push_back(first + h);
        at::Tensor own; // [incomplete, R, D]
        if (!incomplete.empty()) {
            own = inputs(incomplete, m_x);
            block.attn_norm().apply(own.data_ptr<float>(), own.data_ptr<float>(), own.size(0) * m_R);
        }
        size_t next = 0;
        for (int h = 0; h < H; ++h) {
            const bool has_own = next < incomplete.size() && incomplete[next] == first + h;
            const float *input =
                has_own ? own.data_ptr<float>() + int64_t(next++) * m_R * m_D : normed.data_ptr<float>();
            block.project(input, m_D, m_R, block.column(part, h), d, qkv.data_ptr<float>() + int(part) * HD + h * d,
                          3 * HD);
        }
    }
    if (block.rotary().turns() || block.traits().norms_queries())
        parallel_rows(m_R, 64, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r) {
                float *row = qkv.data_ptr<float>() + r * 3 * HD;
                block.turn_part(Part::Query, row, H, m_list[size_t(r)].second);
                block.turn_part(Part::Key, row + HD, H, m_list[size_t(r)].second);
            }
        });
    return qkv;
}

at::Tensor CircuitPass::attend(int l, const Block &block, const at::Tensor &qkv) const
{
    const BlockTraits &t = block.traits();
    const int64_t H = t.n_heads, d = t.d_head, HD = H * d, S = t.qkv_width();
    at::Tensor z = at::empty({m_R, HD}, at::kFloat);
    parallel_rows(int64_t(m_begin.size()) * H, 2, [&](int64_t begin, int64_t end) {
        std::vector<float> scratch;
        for (int64_t i = begin; i < end; ++i) {
            const int p = int(i / H), h = int(i % H);
            const std::vector<int> &positions = m_rows->rows(p);
            if (positions.empty())
                continue;
            const int first = positions.front(), count = int(positions.size());
            scratch.resize(size_t(first + count));
            // Earlier keys are those of the clean run, which nothing changes before the first row.
            const float *base = m_base.qkv[size_t(l)].data_ptr<float>() + m_runs.layout().row(p, 0) * S;
            const float *own = qkv.data_ptr<float>() + m_begin[size_t(p)] * 3 * HD + h * d;
            const KeyRows keys[2] = {{base + t.k_column(h), base + t.v_column(h), S, first},
                                     {own + HD, own + 2 * HD, 3 * HD, count}};
            block.attend(h, own, 3 * HD, count, first, keys, 2, z.data_ptr<float>() + m_begin[size_t(p)] * HD + h * d,
                         HD, scratch.data());
        }
    });
    return z;
}

at::Tensor CircuitPass::mlp(const Block &block, const at::Tensor &input)
{
    at::Tensor normed = at::empty_like(input), out = at::empty_like(input);
    block.mlp_norm().apply(input.data_ptr<float>(), normed.data_ptr<float>(), m_R);
    for (int64_t r = 0; r < m_R; r += block_rows)
        block.mlp(normed.data_ptr<float>() + r * m_D, std::min(block_rows, m_R - r), out.data_ptr<float>() + r * m_D,
                  false, m_work);
    return out;
}

void CircuitPass::layer(int l, const CancelToken &cancel)
{
    const BlockRef held = m_runs.model().block(l);
    const Block &block = *held;
    const at::Tensor z = attend(l, block, project(l, block, cancel));
    at::Tensor now = at::empty({m_R, m_D}, at::kFloat), sum = at::empty({m_R, m_D}, at::kFloat);
    for (int h = 0; h < m_graph.heads(); ++h) {
        head_results(block, z, h, now.data_ptr<float>());
        differ(m_graph.first_writer(l) + h, now.data_ptr<float>());
    }
    block.sum_heads(z.data_ptr<float>(), m_R, sum.data_ptr<float>());
    if (!block.attn_post().identity()) {
        Sums &sums = m_sums[size_t(l)];
        sums.before = sum;
        sums.after = at::empty_like(sum);
        block.attn_post().apply(sum.data_ptr<float>(), sums.after.data_ptr<float>(), m_R);
        sum = sums.after;
    }
    const at::Tensor before = m_x;
    m_x = before + sum;
    if (!m_graph.mlps())
        return;
    cancel.check();
    at::Tensor input = m_graph.parallel() ? before : m_x;
    const int reader = m_graph.first_reader(l) + 3 * m_graph.heads();
    if (!complete(reader))
        input = inputs({reader}, input)[0];
    const at::Tensor written = mlp(block, input);
    differ(m_graph.first_writer(l) + m_graph.heads(), written.data_ptr<float>());
    m_x = m_x + written;
}

std::vector<float> CircuitPass::run(const EdgeMask &kept, Metric metric, const CancelToken &cancel, int from)
{
    m_kept = &kept;
    if (m_R > 0) {
        start(from, cancel);
        for (int l = from; l < m_graph.layers(); ++l) {
            cancel.check();
            layer(l, cancel);
        }
        if (!complete(m_graph.logits()))
            m_x = inputs({m_graph.logits()}, m_x)[0];
    }
    return read_out(metric);
}

std::vector<float> CircuitPass::read_out(Metric metric) const
{
    std::vector<float> values = m_runs.values(metric, false); // where no row changes
    std::vector<int> prompts;
    std::vector<float> ends;
    for (int p = 0; p < int(m_begin.size()); ++p) {
        const auto count = int64_t(m_rows->rows(p).size());
        if (count == 0)
            continue;
        const float *end = m_x.data_ptr<float>() + (m_begin[size_t(p)] + count - 1) * m_D;
        ends.insert(ends.end(), end, end + m_D);
        prompts.push_back(p);
    }
    if (prompts.empty())
        return values;
    m_runs.model().final_norm().apply(ends.data(), ends.data(), int64_t(prompts.size()));
    std::vector<float> own(prompts.size());
    m_runs.readout(metric).values(ends.data(), prompts, own.data());
    for (size_t i = 0; i < prompts.size(); ++i)
        values[size_t(prompts[i])] = own[i];
    return values;
}

} // namespace patchbay::detail
