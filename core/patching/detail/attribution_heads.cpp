// Attention backwards: from the gradient of attn_out to those of each head's z, pattern, value, query and key.
#include "patching/detail/backward.h"

#include <cstring>

namespace patchbay::detail {

Backward::Projected Backward::projected(int l) const
{
    const BlockTraits &t = m_model.traits();
    if (!t.norms_queries() && t.clip_qkv == 0)
        return {};
    return {m_runs.projected_rows(m_base, l, m_list),
            m_zero ? at::Tensor() : m_runs.projected_rows(m_source, l, m_list)};
}

at::Tensor Backward::attention_gradient(int l, const at::Tensor &g, const Projected &before, const CancelToken &cancel)
{
    cancel.check();
    const BlockRef held = m_model.block(l);
    const Block &block = *held;
    at::Tensor gz = at::empty({m_R, m_HD}, at::kFloat), g_qkv = at::zeros({m_R, m_S}, at::kFloat);
    const at::Tensor z = block.attn_post().identity() ? at::Tensor() : m_runs.z_rows(m_base, l, m_list);
    block.write_backward(z.defined() ? z.data_ptr<float>() : nullptr, g.data_ptr<float>(), m_R, gz.data_ptr<float>());
    for (size_t i = 0; i < m_receivers.size(); ++i)
        if (m_receivers[i].layer == l && m_receivers[i].head >= 0)
            m_head_gradients[i] = at::zeros({m_R, m_config.d_head}, at::kFloat);
    HeadGradients gradients{at::zeros({m_R, m_HD}, at::kFloat), at::zeros({m_R, m_HD}, at::kFloat),
                            at::zeros({m_R, m_HD}, at::kFloat)};
    const int64_t H = m_config.n_heads;
    parallel_rows(int64_t(m_runs.layout().prompts) * H, 2, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            head_gradient(l, int(i % H), int(i / H), gz.data_ptr<float>(), gradients);
    });
    part_gradient(l, Part::Query, gradients.q, before, g_qkv);
    part_gradient(l, Part::Key, gradients.k, before, g_qkv);
    part_gradient(l, Part::Value, gradients.v, before, g_qkv);
    if (m_tell) {
        reader_gradients(l, Part::Query, gradients.q, before);
        reader_gradients(l, Part::Key, gradients.k, before);
        reader_gradients(l, Part::Value, gradients.v, before);
    }
    capture_heads(l, before);
    attn_out_effect(l, g);
    return g_qkv;
}

void Backward::attn_out_effect(int l, const at::Tensor &g)
{
    at::Tensor out = m_effects.by_site[Site::AttnOut][l];
    const bool linear = m_model.block(l)->attn_post().identity();
    if (!m_zero && linear) {
        out.copy_(m_effects.by_site[Site::Z][l].sum(0));
        return;
    }
    const at::Tensor before = m_runs.attn_out_rows(m_base, l, m_list);
    if (m_zero)
        out.copy_((g * before).sum(1).neg());
    else
        out.copy_((g * (m_runs.attn_out_rows(m_source, l, m_list) - before)).sum(1));
}

void Backward::head_gradient(int l, int h, int p, const float *gz_all, HeadGradients &out)
{
    const std::vector<int> &positions = m_effects.rows->rows(p);
    if (positions.empty())
        return;
    const BlockRef held = m_model.block(l);
    const Block &block = *held;
    const BlockTraits &t = block.traits();
    const int d = t.d_head, first = positions.front(), end = m_runs.layout().end[size_t(p)], n = end + 1 - first,
              keys = end + 1;
    const int64_t row0 = m_effects.rows->find(p, first), column = t.q_column(h);
    const int64_t qc = column, kc = t.k_column(h), vc = t.v_column(h);
    const float *base = m_base.qkv[size_t(l)].data_ptr<float>() + m_runs.layout().row(p, 0) * m_S;
    const float *source = m_source.qkv[size_t(l)].data_ptr<float>() + m_runs.layout().row(p, 0) * m_S;
    const Kernels &k = kernels();
    std::vector<float> pattern(size_t(n) * size_t(keys)), other(pattern.size()), scratch(static_cast<size_t>(keys)),
        z(size_t(n) * size_t(d)), z_other(z.size(), 0.f);
    const auto attend = [&](const float *rows, std::vector<float> &out_pattern, std::vector<float> &out_z) {
        const KeyRows run{rows + kc, rows + vc, m_S, keys};
        block.attend(h, rows + first * m_S + qc, m_S, n, first, &run, 1, out_z.data(), d, scratch.data(),
                     out_pattern.data(), keys);
    };
    attend(base, pattern, z);
    if (!m_zero)
        attend(source, other, z_other);
    std::vector<float> ds(static_cast<size_t>(keys));
    float *ez = effect(Site::Z, l, h) + row0, *ep = effect(Site::Pattern, l, h) + row0;
    float *gq = out.q.data_ptr<float>() + row0 * m_HD + column, *gk = out.k.data_ptr<float>() + row0 * m_HD + column,
          *gv = out.v.data_ptr<float>() + row0 * m_HD + column;
    for (int i = last(l) ? n - 1 : 0; i < n; ++i) {
        const float *gz = gz_all + (row0 + i) * m_HD + column;
        const float *p_row = pattern.data() + int64_t(i) * keys, *o_row = other.data() + int64_t(i) * keys;
        ez[i] = k.dot(gz, z_other.data() + int64_t(i) * d, d) - k.dot(gz, z.data() + int64_t(i) * d, d);
        const int position = first + i;
        block.pattern_gradient(position, gz, base + vc, m_S, ds.data());
        float along = 0;
        for (int j = 0; j <= position; ++j) {
            along += ds[size_t(j)] * p_row[j];
            ep[i] += ds[size_t(j)] * ((m_zero ? 0.f : o_row[j]) - p_row[j]);
            if (j >= first)
                k.axpy(p_row[j], gz, gv + int64_t(j - first) * m_HD, d);
        }
        const float *q = base + position * m_S + qc;
        block.score_gradient(h, position, q, base + kc, m_S, p_row, along, ds.data());
        for (int j = 0; j <= position; ++j) {
            k.axpy(ds[size_t(j)], base + j * m_S + kc, gq + int64_t(i) * m_HD, d);
            if (j >= first)
                k.axpy(ds[size_t(j)], q, gk + int64_t(j - first) * m_HD, d);
        }
    }
}

// Effects of a part, and its gradient carried back to what the part was projected to. gradient [R, H d] is overwritten.
void Backward::part_gradient(int l, Part part, at::Tensor &gradient, const Projected &before, at::Tensor &g_qkv)
{
    const BlockRef held = m_model.block(l);
    const Block &block = *held;
    const BlockTraits &t = block.traits();
    const int H = t.n_heads, d = t.d_head;
    const Site site = part == Part::Query ? Site::Q : part == Part::Key ? Site::K : Site::V;
    const bool normed = part != Part::Value && t.norms_queries();
    const Kernels &k = kernels();
    parallel_rows(m_R, 16, [&](int64_t begin, int64_t end) {
        std::vector<float> copies(normed ? size_t(m_HD) : 0);
        for (int64_t r = begin; r < end; ++r) {
            const auto [p, pos] = m_list[size_t(r)];
            const int64_t kept = m_runs.layout().row(p, pos) * m_S;
            // Queries and keys are patched as they were projected; without a norm in between, a rotation is all that
            // lies between that and the kept.
            const float *base =
                normed ? before.base.data_ptr<float>() + r * m_S : m_base.qkv[size_t(l)].data_ptr<float>() + kept;
            const float *source = normed ? (m_zero ? nullptr : before.source.data_ptr<float>() + r * m_S)
                                         : m_source.qkv[size_t(l)].data_ptr<float>() + kept;
            float *g = gradient.data_ptr<float>() + r * m_HD;
            const auto effects = [&] {
                for (int h = 0; h < H; ++h) {
                    const int64_t column = block.column(part, h);
                    effect(site, l, h)[r] =
                        (m_zero ? 0.f : k.dot(g + h * d, source + column, d)) - k.dot(g + h * d, base + column, d);
                }
            };
            if (!normed)
                effects();
            if (part != Part::Value) {
                for (int h = 0; normed && h < H; ++h)
                    std::memcpy(copies.data() + h * d, base + block.column(part, h), size_t(d) * sizeof(float));
                block.turn_part_backward(part, g, copies.data(), H, pos);
            }
            if (normed)
                effects();
            for (int h = 0; h < H; ++h)
                k.axpy(1.f, g + h * d, g_qkv.data_ptr<float>() + r * m_S + block.column(part, h), d);
            for (const auto &[i, head_gradient] : m_head_gradients)
                if (part_of(m_receivers[i].site) == part)
                    std::memcpy(head_gradient.data_ptr<float>() + r * d, g + m_receivers[i].head * d,
                                size_t(d) * sizeof(float));
        }
    });
}

void Backward::reader_gradients(int l, Part part, at::Tensor &gradient, const Projected &before)
{
    const BlockRef held = m_model.block(l);
    const Block &block = *held;
    const int64_t d = m_config.d_head;
    const at::Tensor x = m_runs.stream_rows(m_base.resid[size_t(l)], m_list);
    at::Tensor g_xn = at::empty({m_R, m_D}, at::kFloat);
    for (int h = 0; h < m_config.n_heads; ++h) {
        const int64_t column = block.column(part, h);
        block.project_backward(gradient.data_ptr<float>() + h * d, m_HD,
                               before.base.defined() ? before.base.data_ptr<float>() + column : nullptr, m_S, m_R,
                               column, d, g_xn.data_ptr<float>());
        float *out = m_readers.data_ptr<float>() + (int64_t(part) * m_config.n_heads + h) * m_R * m_D;
        parallel_rows(m_R, 64, [&](int64_t begin, int64_t end) {
            block.attn_norm().backward(x.data_ptr<float>() + begin * m_D, g_xn.data_ptr<float>() + begin * m_D,
                                       out + begin * m_D, end - begin);
        });
    }
}

void Backward::capture_heads(int l, const Projected &before)
{
    const BlockRef held = m_model.block(l);
    const Block &block = *held;
    for (size_t i = 0; i < m_receivers.size(); ++i) {
        const Node &node = m_receivers[i];
        if (node.layer != l || !m_head_gradients.count(i))
            continue;
        const int64_t d = m_config.d_head, column = block.column(part_of(node.site), node.head);
        const at::Tensor x = m_runs.stream_rows(m_base.resid[size_t(l)], m_list);
        at::Tensor g_xn = at::empty({m_R, m_D}, at::kFloat);
        m_captured[i] = at::zeros_like(x);
        block.project_backward(m_head_gradients[i].data_ptr<float>(), d,
                               before.base.defined() ? before.base.data_ptr<float>() + column : nullptr, m_S, m_R,
                               column, d, g_xn.data_ptr<float>());
        block.attn_norm().backward(x.data_ptr<float>(), g_xn.data_ptr<float>(), m_captured[i].data_ptr<float>(), m_R);
        m_head_gradients.erase(i);
    }
}

} // namespace patchbay::detail
